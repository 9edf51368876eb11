//! What a person takes the agent's words for.

/// What the agent wants to know, or does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// “Do you have a minute?”
    AMinute,
    YesNo,
    /// “Would you like …?”
    AnOffer,
    When,
    /// “When would be a better time to call?”
    BetterTime,
    Number,
    /// One of these.
    OneOf(Vec<String>),
    /// Why something is as it is.
    Reason,
    /// How they came to know of something.
    Source,
    /// What they think of something.
    Opinion,
    /// Anything else.
    Open,
    /// “Are you still there?”
    StillThere,
    /// “Could you say that again?”
    Again,
    Goodbye,
    /// No question at all.
    Nothing,
}

/// Reads the last question of what was heard.
pub(crate) fn asked(heard: &str) -> Asked {
    let lower = heard.to_lowercase().replace('’', "'");
    let has = |needles: &[&str]| needles.iter().any(|needle| lower.contains(needle));
    if has(&["goodbye", "bye.", "have a nice day", "good bye"]) {
        return Asked::Goodbye;
    }
    let Some(question) = last_question(&lower) else {
        return Asked::Nothing;
    };
    let asks = |needles: &[&str]| needles.iter().any(|needle| question.contains(needle));
    if asks(&["still there", "can you hear me"]) {
        return Asked::StillThere;
    }
    if asks(&["say that again", "repeat that", "pardon"]) {
        return Asked::Again;
    }
    if asks(&["a minute", "a moment", "good time", "bad time", "time to talk"]) {
        return Asked::AMinute;
    }
    if asks(&[
        "better time",
        "call you back",
        "call back",
        "when should we call",
        "when may we call",
    ]) {
        return Asked::BetterTime;
    }
    if let Some(choices) = choices(heard) {
        return Asked::OneOf(choices);
    }
    if asks(&[
        "which day",
        "what day",
        "when",
        "what time",
        "what date",
        "which time",
        "which date",
        "preferred day",
        "preferred time",
        "preferred date",
        "best day",
        "best time",
    ]) {
        return Asked::When;
    }
    if asks(&[
        "how many",
        "how much",
        "how old",
        "how often",
        "what number",
        "on a scale",
        "from one to",
        "number",
    ]) {
        return Asked::Number;
    }
    if asks(&["why", "reason", "because"]) {
        return Asked::Reason;
    }
    if asks(&["how did you hear", "hear about", "find us", "learn about", "know about"]) {
        return Asked::Source;
    }
    if asks(&[
        "think of",
        "think about",
        "happy",
        "satisfied",
        "opinion",
        "feedback",
        "how do you",
        "how was",
    ]) && asks(&["what", "how"])
    {
        return Asked::Opinion;
    }
    if asks(&["what ", "which ", "who ", "whom ", "where ", "how "]) {
        return Asked::Open;
    }
    if asks(&[
        "do you want",
        "would you like",
        "would you want",
        "are you interested",
        "may we",
        "may i",
        "shall we",
        "can we",
        "should we",
    ]) {
        return Asked::AnOffer;
    }
    Asked::YesNo
}

fn last_question(lower: &str) -> Option<&str> {
    let end = lower.rfind('?')?;
    let start = lower[..end].rfind(['.', '!', '?']).map_or(0, |at| at + 1);
    Some(lower[start..end].trim())
}

/// “Is it red, green or blue?” gives red, green and blue; “a day or so” gives nothing.
fn choices(heard: &str) -> Option<Vec<String>> {
    let end = heard.rfind('?')?;
    let start = heard[..end].rfind(['.', '!', '?', ':']).map_or(0, |at| at + 1);
    let question = &heard[start..end];
    let (before, last) = question.rsplit_once(" or ")?;
    if last.split_whitespace().count() > 4 || last.trim() == "not" || last.trim() == "so" {
        return None;
    }
    let mut choices: Vec<String> = before.split(',').map(|choice| choice.trim().to_owned()).collect();
    // The first choice stands at the end of the words that ask.
    if let Some(first) = choices.first_mut() {
        let words: Vec<&str> = first.split_whitespace().collect();
        let asking = [
            "is", "it", "prefer", "like", "rather", "be", "want", "choose", "a", "the", "you",
        ];
        let from = words
            .iter()
            .rposition(|word| asking.contains(&word.to_lowercase().as_str()))
            .map_or(0, |at| at + 1);
        *first = words[from.min(words.len())..].join(" ");
    }
    choices.push(last.trim().trim_start_matches(',').trim().to_owned());
    choices.retain(|choice| !choice.is_empty());
    (choices.len() >= 2).then_some(choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_what_is_asked() {
        for (heard, expected) in [
            (
                "Hello Ada, this is the AI assistant of Example. Do you have a minute?",
                Asked::AMinute,
            ),
            ("Do you want an appointment?", Asked::AnOffer),
            ("Do you own a car?", Asked::YesNo),
            ("What day or time may I note for the visit?", Asked::When),
            ("What number may I note for the budget?", Asked::Number),
            ("What may I note for the reason why you left?", Asked::Reason),
            ("How did you hear about us?", Asked::Source),
            ("What is your address?", Asked::Open),
            ("Thank you. Which day suits you?", Asked::When),
            ("When would be a better time to call you?", Asked::BetterTime),
            ("What is your preferred day for a visit?", Asked::When),
            ("How many cars do you own?", Asked::Number),
            ("Are you still there?", Asked::StillThere),
            ("What do you think of it?", Asked::Opinion),
            ("We will call. Goodbye.", Asked::Goodbye),
            ("One moment please.", Asked::Nothing),
            ("", Asked::Nothing),
        ] {
            assert_eq!(asked(heard), expected, "{heard}");
        }
        assert_eq!(
            asked("Which plan do you have: Basic, Family or Pro Max?"),
            Asked::OneOf(vec!["Basic".to_owned(), "Family".to_owned(), "Pro Max".to_owned()])
        );
        assert_eq!(
            asked("Would you prefer tea or coffee?"),
            Asked::OneOf(vec!["tea".to_owned(), "coffee".to_owned()])
        );
    }
}
