//! The facts that a campaign wants from each call.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What kind of value a result field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "choices")]
pub enum FieldKind {
    Text,
    Number,
    YesNo,
    /// One of these words.
    Choice(Vec<String>),
    /// A day or a time, as the person said it.
    When,
}

/// One fact that a call should bring back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultField {
    /// Key in the results JSON: lower-case letters, digits and underscores.
    pub name: String,
    pub kind: FieldKind,
    /// What it means, for the agent and for the reader.
    pub description: String,
}

impl ResultField {
    /// The fields of a new campaign.
    #[must_use]
    pub fn template() -> Vec<Self> {
        let field = |name: &str, kind, description: &str| Self {
            name: name.to_owned(),
            kind,
            description: description.to_owned(),
        };
        vec![
            field("interested", FieldKind::YesNo, "Does the person want an appointment?"),
            field("preferred_day", FieldKind::When, "Which day suits them?"),
        ]
    }

    /// # Errors
    /// A sentence that says which field is wrong and what to do.
    pub fn validate_all(fields: &[Self]) -> Result<(), String> {
        if fields.len() > 50 {
            return Err("Keep to 50 result fields.".to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        for field in fields {
            let name = &field.name;
            let shown: String = name.chars().take(40).collect();
            let well_formed = !name.is_empty()
                && name.len() <= 60
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !well_formed {
                return Err(format!(
                    "Name the result field “{shown}” with lower-case letters, digits and underscores only, at most 60."
                ));
            }
            if !seen.insert(name) {
                return Err(format!("There are two result fields named “{name}”. Rename one."));
            }
            if let FieldKind::Choice(choices) = &field.kind
                && (choices.len() < 2 || choices.iter().any(|choice| choice.trim().is_empty()))
            {
                return Err(format!(
                    "Give the result field “{name}” at least two choices, none of them empty."
                ));
            }
            if field.description.chars().count() > 500 {
                return Err(format!(
                    "Shorten the description of the result field “{name}” to 500 characters."
                ));
            }
            if let FieldKind::Choice(choices) = &field.kind
                && (choices.len() > 50 || choices.iter().any(|choice| choice.chars().count() > 100))
            {
                return Err(format!(
                    "Keep the result field “{name}” to 50 choices of at most 100 characters each."
                ));
            }
        }
        Ok(())
    }

    /// True if `value` is of this field's kind.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        match (&self.kind, value) {
            (FieldKind::Text | FieldKind::When, Value::String(_))
            | (FieldKind::Number, Value::Number(_))
            | (FieldKind::YesNo, Value::Bool(_)) => true,
            (FieldKind::Choice(choices), Value::String(text)) => choices.contains(text),
            _ => false,
        }
    }
}

/// A value as a person reads and writes it.
#[must_use]
pub fn in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What a conversation brought back: the `results` column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConversationResults {
    /// One value for each of the campaign's fields that became known; never a guess.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// One or two sentences on what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// When the person wants to be called back, as they said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back: Option<String>,
    /// The day and hour that they named, by their own clock, as `2026-11-30T10:00`; set by a tool, never drawn afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back_at: Option<String>,
    /// Why the call ended as it did, if the disposition alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ConversationResults {
    /// Keeps only values that the campaign asked for and that are of the right kind.
    #[must_use]
    pub fn restricted_to(mut self, wanted: &[ResultField]) -> Self {
        self.fields
            .retain(|name, value| wanted.iter().any(|field| &field.name == name && field.accepts(value)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_bounded_and_told_by_name() {
        let field = |name: &str, kind, description: &str| ResultField {
            name: name.to_owned(),
            kind,
            description: description.to_owned(),
        };
        let told = |field| ResultField::validate_all(&[field]).expect_err("wrong");
        assert!(told(field(&"X".repeat(100_000), FieldKind::Text, "")).len() < 200);
        assert!(told(field("day", FieldKind::Text, &"x".repeat(501))).contains("“day” to 500"));
        let choices = |count: usize| FieldKind::Choice(vec!["yes".to_owned(); count]);
        assert!(told(field("day", choices(1), "")).contains("at least two"));
        assert!(told(field("day", choices(51), "")).contains("to 50 choices"));
        assert_eq!(ResultField::validate_all(&ResultField::template()), Ok(()));
    }

    #[test]
    fn values_of_the_wrong_kind_are_dropped() {
        let results = ConversationResults {
            fields: [
                ("interested".to_owned(), Value::from("maybe")),
                ("preferred_day".to_owned(), Value::from("Friday")),
                ("invented".to_owned(), Value::from(1)),
            ]
            .into(),
            ..ConversationResults::default()
        };
        let kept = results.restricted_to(&ResultField::template());
        assert_eq!(kept.fields.keys().collect::<Vec<_>>(), ["preferred_day"]);
    }
}
