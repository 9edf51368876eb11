//! Two people editing one campaign: a three-way merge, so that neither loses anything.

use crate::campaign::CampaignContent;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One field that both sides changed, in different ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergeConflict {
    /// Name of the field, as in [`CampaignContent`].
    pub field: String,
    /// The value that was saved meanwhile.
    pub theirs: Value,
    /// The value that was typed here.
    pub mine: Value,
}

/// What became of an attempt to save over somebody else's revision.
#[derive(Clone, Debug, PartialEq)]
pub enum Merged {
    /// Both sides' changes, put together.
    Clean(Box<CampaignContent>),
    /// These fields need a person's choice. Nothing was saved.
    Conflicts(Vec<MergeConflict>),
}

/// Merges `mine` with `theirs`, both made from `base`. Fields are compared whole: two edits inside one script conflict.
#[must_use]
pub fn merge(base: &CampaignContent, mine: &CampaignContent, theirs: &CampaignContent) -> Merged {
    let (base, mine, mut merged) = (fields_of(base), fields_of(mine), fields_of(theirs));
    let mut conflicts = Vec::new();
    for (field, my_value) in mine {
        let base_value = base.get(&field);
        let their_value = merged.get(&field);
        if Some(&my_value) == base_value || Some(&my_value) == their_value {
            continue;
        }
        if their_value == base_value {
            merged.insert(field, my_value);
        } else {
            conflicts.push(MergeConflict {
                field,
                theirs: their_value.cloned().unwrap_or_default(),
                mine: my_value,
            });
        }
    }
    if conflicts.is_empty() {
        let content = serde_json::from_value(Value::Object(merged));
        Merged::Clean(Box::new(
            content.expect("every field was taken from a CampaignContent, so the whole is one"),
        ))
    } else {
        Merged::Conflicts(conflicts)
    }
}

fn fields_of(content: &CampaignContent) -> Map<String, Value> {
    match serde_json::to_value(content) {
        Ok(Value::Object(fields)) => fields,
        _ => unreachable!("CampaignContent is a struct with string keys, which always serialises to an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_fields_merge_and_equal_fields_conflict() {
        let base = CampaignContent::template();
        let theirs = CampaignContent {
            name: "Theirs".to_owned(),
            ..base.clone()
        };
        let mine = CampaignContent {
            ring_seconds: 20,
            ..base.clone()
        };
        let Merged::Clean(both) = merge(&base, &mine, &theirs) else {
            panic!("no conflict expected")
        };
        assert_eq!((both.name.as_str(), both.ring_seconds), ("Theirs", 20));

        let mine = CampaignContent {
            name: "Mine".to_owned(),
            ..base.clone()
        };
        let Merged::Conflicts(conflicts) = merge(&base, &mine, &theirs) else {
            panic!("conflict expected")
        };
        assert_eq!(
            conflicts,
            [MergeConflict {
                field: "name".to_owned(),
                theirs: "Theirs".into(),
                mine: "Mine".into()
            }]
        );
    }
}
