//! From a campaign's script and fields to sentences that can be said to a person.

use domain::results::{FieldKind, ResultField};

/// The longest purpose that is read out, characters.
const LONGEST_PURPOSE: usize = 220;
/// The longest question, characters.
const LONGEST_QUESTION: usize = 200;

/// Why we call, from the first sentence of the script: “You are calling Ada on behalf of Example about their yearly
/// service.” becomes “I am calling on behalf of Example about your yearly service.” `None` if it does not say.
pub(super) fn purpose(script: &str) -> Option<String> {
    let sentence = script
        .split_inclusive(['.', '\n'])
        .map(str::trim)
        .find(|part| part.len() > 12)?;
    let lower = sentence.to_lowercase();
    let start = [" on behalf of ", " about ", " to ask ", " because ", " for "]
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min()?;
    if !lower.starts_with("you are calling") && !lower.starts_with("you call") && !lower.starts_with("call ") {
        return None;
    }
    // Lower case has the same length for all but a few letters of other languages.
    let rest = sentence.get(start..)?.trim().trim_end_matches(['.', '\n']);
    let spoken = to_the_person(rest);
    (spoken.chars().count() <= LONGEST_PURPOSE).then(|| format!("I am calling {spoken}."))
}

/// The question that asks for a field.
pub(super) fn question(field: &ResultField) -> String {
    let description = field.description.trim();
    let description = if description.is_empty() {
        field.name.replace('_', " ")
    } else {
        description.chars().take(LONGEST_QUESTION).collect()
    };
    let spoken = to_the_person(&description);
    let is_question = spoken.ends_with('?');
    let bare = spoken.trim_end_matches(['?', '.', '!', ' ']).to_owned();
    match &field.kind {
        FieldKind::Choice(choices) => {
            let (last, first) = choices
                .split_last()
                .map_or(("", &choices[..]), |(last, first)| (last.as_str(), first));
            format!("{bare}: {} or {last}?", first.join(", "))
        }
        _ if is_question => spoken,
        FieldKind::YesNo => format!("Is this right: {bare}?"),
        FieldKind::When => format!("When is it, {bare}?"),
        FieldKind::Number => format!("What number is it, {bare}?"),
        FieldKind::Text => format!("What can you tell me about this: {bare}?"),
    }
}

/// Turns words about a person into words to them.
fn to_the_person(text: &str) -> String {
    const TURNS: [(&str, &str); 22] = [
        ("does the person", "do you"),
        ("is the person", "are you"),
        ("has the person", "have you"),
        ("was the person", "were you"),
        ("the person's", "your"),
        ("the person’s", "your"),
        ("the person wants", "you want"),
        ("the person is", "you are"),
        ("the person has", "you have"),
        ("the person", "you"),
        ("does the customer", "do you"),
        ("is the customer", "are you"),
        ("the customer", "you"),
        ("do they", "do you"),
        ("are they", "are you"),
        ("have they", "have you"),
        ("they", "you"),
        ("them", "you"),
        ("their", "your"),
        ("theirs", "yours"),
        ("does the lead", "do you"),
        ("the lead", "you"),
    ];
    let mut spoken = format!(" {text} ");
    for (from, to) in TURNS {
        spoken = replace_words(&spoken, from, to);
    }
    let spoken = spoken.trim();
    // The first letter was large, if it was.
    match (text.chars().next(), spoken.chars().next()) {
        (Some(before), Some(after)) if before.is_uppercase() && after.is_lowercase() => {
            after.to_uppercase().collect::<String>() + &spoken[after.len_utf8()..]
        }
        _ => spoken.to_owned(),
    }
}

/// Replaces whole words, whatever their case.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ends_word = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        let here = rest
            .get(..from.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(from) && ends_word(rest[from.len()..].chars().next()));
        if here && ends_word(out.chars().last()) {
            out.push_str(to);
            rest = &rest[from.len()..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_to_the_person_instead_of_about_them() {
        let questions: Vec<String> = ResultField::template().iter().map(question).collect();
        assert_eq!(questions, ["Do you want an appointment?", "Which day suits you?"]);
        let field = ResultField {
            name: "plan".to_owned(),
            kind: FieldKind::Choice(vec!["Basic".to_owned(), "Pro".to_owned()]),
            description: "Which plan do they have?".to_owned(),
        };
        assert_eq!(question(&field), "Which plan do you have: Basic or Pro?");
    }

    #[test]
    fn says_why_it_calls_if_the_script_does() {
        let script =
            "You are calling Ada on behalf of Example Company about their yearly service appointment.\n\nFind…";
        assert_eq!(
            purpose(script).as_deref(),
            Some("I am calling on behalf of Example Company about your yearly service appointment.")
        );
        assert_eq!(purpose("Be nice."), None);
        assert_eq!(purpose(""), None);
        assert_eq!(purpose("Ça alors, où est-il ? Ünïcödé – ẞ about İ."), None);
    }
}
