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

/// Who the agent calls for, from the script: “Example Company”.
pub(super) fn on_behalf_of(script: &str) -> Option<String> {
    let purpose = purpose(script)?;
    let (_, rest) = purpose.split_once("on behalf of ")?;
    let who = rest.split(" about ").next()?.split(" to ").next()?;
    Some(who.trim_end_matches('.').to_owned())
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
    let bare = spoken.trim_end_matches(['?', '.', '!', ' ', ':']).to_owned();
    let asks = spoken.ends_with('?') || begins_with(&bare, &QUESTION_WORDS);
    match &field.kind {
        FieldKind::Choice(choices) => {
            let (last, first) = choices
                .split_last()
                .map_or(("", &choices[..]), |(last, first)| (last.as_str(), first));
            format!("{}: {} or {last}?", first_letter_large(&bare), first.join(", "))
        }
        _ if asks => format!("{}?", first_letter_large(&bare)),
        FieldKind::YesNo => yes_or_no(&bare),
        _ if begins_with(&bare, &THINGS_OF_THEIRS) => format!("What is your {}?", first_letter_small(&bare)),
        FieldKind::When => format!("What day or time may I note for {}?", with_article(&bare)),
        FieldKind::Date => format!("What date may I note for {}?", with_article(&bare)),
        FieldKind::Number => format!("What number may I note for {}?", with_article(&bare)),
        FieldKind::Text => format!("What may I note for {}?", with_article(&bare)),
    }
}

const QUESTION_WORDS: [&str; 22] = [
    "how", "what", "which", "when", "where", "who", "whom", "why", "do", "does", "did", "is", "are", "was", "were",
    "have", "would", "will", "can", "could", "should", "may",
];

/// What a person has one of.
const THINGS_OF_THEIRS: [&str; 20] = [
    "preferred",
    "best",
    "favourite",
    "favorite",
    "current",
    "usual",
    "new",
    "email",
    "e-mail",
    "phone",
    "postal",
    "address",
    "name",
    "age",
    "budget",
    "zip",
    "postcode",
    "company",
    "employer",
    "job",
];

/// “Whether you want a visit” and “wants a visit” become “Do you want a visit?”.
fn yes_or_no(bare: &str) -> String {
    let lower = first_letter_small(bare);
    let said = ["whether ", "if ", "true if ", "yes if "]
        .iter()
        .find_map(|start| lower.strip_prefix(start))
        .unwrap_or(&lower);
    if let Some(rest) = said.strip_prefix("you ") {
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        return match verb {
            "are" | "were" | "would" | "will" | "can" | "could" | "should" | "did" => {
                format!("{} you {rest}?", first_letter_large(verb))
            }
            _ => format!("{}?", format!("Do you {verb} {rest}").trim_end()),
        };
    }
    let (first, rest) = said.split_once(' ').unwrap_or((said, ""));
    match first {
        "is" => format!("Are you {rest}?"),
        "has" | "wants" | "needs" | "owns" | "uses" | "likes" | "agrees" | "lives" | "works" | "plans" | "prefers" => {
            format!("{}?", format!("Do you {} {rest}", said_to_you(first)).trim_end())
        }
        "interested" | "willing" | "ready" | "available" | "satisfied" | "happy" | "able" => format!("Are you {said}?"),
        _ => format!("{}, yes or no?", first_letter_large(said)),
    }
}

fn with_article(bare: &str) -> String {
    let lower = first_letter_small(bare);
    if begins_with(&lower, &["the", "a", "an", "your", "any", "all", "why", "how"]) {
        lower
    } else {
        format!("the {lower}")
    }
}

fn begins_with(text: &str, words: &[&str]) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    words.contains(&first.as_str())
}

pub(super) fn first_letter_large(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// But “USB stick” and “I” stay as they are.
fn first_letter_small(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() && second.is_alphabetic() => {
            first.to_lowercase().collect::<String>() + letters.as_str()
        }
        _ => text.to_owned(),
    }
}

/// A verb about one person as it is said to them: “wants” is “want”.
fn said_to_you(verb: &str) -> String {
    match verb {
        "is" => "are".to_owned(),
        "was" => "were".to_owned(),
        "has" => "have".to_owned(),
        "does" => "do".to_owned(),
        "goes" => "go".to_owned(),
        _ if verb.ends_with("ss") || verb.len() < 4 => verb.to_owned(),
        _ => match verb.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None => ["ches", "shes", "sses", "xes"]
                .iter()
                .any(|end| verb.ends_with(end))
                .then(|| verb.strip_suffix("es"))
                .flatten()
                .or_else(|| verb.strip_suffix('s'))
                .unwrap_or(verb)
                .to_owned(),
        },
    }
}

/// Turns words about a person into words to them.
fn to_the_person(text: &str) -> String {
    /// One person, whose verbs end in “s”.
    const ONE: [&str; 3] = ["the person", "the customer", "the lead"];
    const TURNS: [(&str, &str); 4] = [("they", "you"), ("them", "you"), ("their", "your"), ("theirs", "yours")];
    let mut spoken = format!(" {text} ");
    for one in ONE {
        for apostrophe in ['\'', '’'] {
            spoken = replace_words(&spoken, &format!("{one}{apostrophe}s"), "your");
        }
        for (verb, yours) in [("does", "do"), ("is", "are"), ("has", "have"), ("was", "were")] {
            spoken = replace_words(&spoken, &format!("{verb} {one}"), &format!("{yours} you"));
        }
        while let Some(at) = find_words(&spoken, one) {
            let (before, rest) = (&spoken[..at], &spoken[at + one.len()..]);
            let verb = rest
                .strip_prefix(' ')
                .and_then(|rest| rest.split(|letter: char| !letter.is_alphabetic()).next())
                .filter(|verb| !verb.is_empty());
            spoken = match verb {
                Some(verb) => format!("{before}you {}{}", said_to_you(verb), &rest[1 + verb.len()..]),
                None => format!("{before}you{rest}"),
            };
        }
    }
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

/// Where these whole words stand, whatever their case.
fn find_words(text: &str, words: &str) -> Option<usize> {
    let ends_word = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    text.char_indices().map(|(at, _)| at).find(|at| {
        text.get(*at..at + words.len())
            .is_some_and(|here| here.eq_ignore_ascii_case(words))
            && ends_word(text[..*at].chars().last())
            && ends_word(text[at + words.len()..].chars().next())
    })
}

/// Replaces whole words, whatever their case. `to` must not contain `from`.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    let mut replaced = text.to_owned();
    while let Some(at) = find_words(&replaced, from) {
        replaced.replace_range(at..at + from.len(), to);
    }
    replaced
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
    fn makes_questions_of_what_people_write_about_a_field() {
        let ask = |kind: &FieldKind, description: &str| {
            question(&ResultField {
                name: "field_name".to_owned(),
                kind: kind.clone(),
                description: description.to_owned(),
            })
        };
        for (description, asked) in [
            (
                "Whether the person wants an appointment.",
                "Do you want an appointment?",
            ),
            ("True if the customer is happy with it", "Are you happy with it?"),
            ("Does the lead's company own cars?", "Does your company own cars?"),
            ("Wants a visit", "Do you want a visit?"),
            ("interested in the offer", "Are you interested in the offer?"),
            ("would they buy again", "Would you buy again?"),
            ("Homeowner", "Homeowner, yes or no?"),
            ("", "Field name, yes or no?"),
        ] {
            assert_eq!(ask(&FieldKind::YesNo, description), asked);
        }
        for (kind, description, asked) in [
            (
                FieldKind::When,
                "End of the contract",
                "What day or time may I note for the end of the contract?",
            ),
            (
                FieldKind::When,
                "Preferred day for a visit",
                "What is your preferred day for a visit?",
            ),
            (FieldKind::Text, "email", "What is your email?"),
            (FieldKind::When, "When should we come", "When should we come?"),
            (
                FieldKind::Number,
                "Rooms in the house",
                "What number may I note for the rooms in the house?",
            ),
            (
                FieldKind::Number,
                "how many people live there",
                "How many people live there?",
            ),
            (FieldKind::Text, "Their reason", "What may I note for your reason?"),
            (FieldKind::Text, "USB stick", "What may I note for the USB stick?"),
        ] {
            assert_eq!(ask(&kind, description), asked);
        }
    }

    #[test]
    fn says_why_it_calls_if_the_script_does() {
        let script =
            "You are calling Ada on behalf of Example Company about their yearly service appointment.\n\nFind…";
        assert_eq!(
            purpose(script).as_deref(),
            Some("I am calling on behalf of Example Company about your yearly service appointment.")
        );
        assert_eq!(on_behalf_of(script).as_deref(), Some("Example Company"));
        assert_eq!(purpose("Be nice."), None);
        assert_eq!(purpose(""), None);
        assert_eq!(purpose("Ça alors, où est-il ? Ünïcödé – ẞ about İ."), None);
    }
}
