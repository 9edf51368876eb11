//! What people say that does not depend on what they hear.

pub(crate) const HELLO: [&str; 5] = ["Hello?", "Yes, hello?", "Hello, who is this?", "Good day.", "Hi, yes?"];
pub(crate) const GO_AHEAD: [&str; 4] = [
    "Yes, I have a minute.",
    "Sure, go ahead.",
    "Yes, what is it about?",
    "Okay, but make it quick.",
];
pub(crate) const YES: [&str; 5] = [
    "Yes.",
    "Yes, please.",
    "Yes, I would like that.",
    "Sure, why not.",
    "Yes, that is right.",
];
pub(crate) const NO: [&str; 4] = ["No.", "No, not really.", "No, I don't think so.", "No, thank you."];
pub(crate) const ALL_RIGHT: [&str; 4] = ["Okay.", "All right.", "I see.", "Good."];
pub(crate) const TEXT_ANSWERS: [&str; 4] = [
    "A friend told me about it.",
    "I am quite happy with it.",
    "Mostly because it saves time.",
    "I would have to look that up.",
];
pub(crate) const BAD_TIME: [&str; 3] = [
    "Sorry, this is a bad time. Can you call me back tomorrow at ten?",
    "I am in a meeting right now. Please call me back on Monday morning.",
    "I am driving. Call me back this evening, please.",
];
pub(crate) const CALL_BACK: [&str; 3] = [
    "That sounds interesting, but please call me back on Thursday afternoon.",
    "I have to ask my wife first. Could you call me back next week?",
    "Not today. Please call back on Friday at three.",
];
pub(crate) const BETTER_TIME: [&str; 3] = [
    "Tomorrow at ten.",
    "Thursday afternoon would be good.",
    "Friday at three.",
];
pub(crate) const ROBOT: [&str; 3] = [
    "Wait, is this a robot?",
    "Am I talking to a machine?",
    "Hold on, are you a real person?",
];
pub(crate) const HESITATION: [&str; 3] = [
    "Hm, a machine. Well, go ahead.",
    "Well, all right. Ask your questions.",
    "I am not sure about this. But okay, let's try.",
];
pub(crate) const DECLINE: [&str; 3] = [
    "No thanks, I am not interested.",
    "I don't want to talk to a machine. I am not interested.",
    "No, I am not interested.",
];
pub(crate) const QUESTIONS: [&str; 5] = [
    "How long does it take?",
    "What does it cost?",
    "Where did you get my number?",
    "Who are you calling for?",
    "What is this about, exactly?",
];
pub(crate) const STOP: [&str; 4] = [
    "Stop calling me. Take me off your list.",
    "Please stop calling me!",
    "I told you not to call me again.",
    "Take my number off your list, and don't call me again.",
];
pub(crate) const GOODBYE: [&str; 4] = ["Goodbye.", "Bye.", "Thank you, goodbye.", "Thanks, bye."];
pub(crate) const HAVE_TO_GO: [&str; 2] = ["I really have to go. Bye.", "Sorry, I have no time now. Goodbye."];
pub(crate) const STILL_HERE: [&str; 2] = ["Yes, I am still here.", "I am here."];
pub(crate) const ARE_YOU_THERE: [&str; 2] = ["Hello? Are you there?", "Is anybody there?"];
pub(crate) const BACKCHANNEL: [&str; 2] = ["Uh-huh.", "Okay."];
pub(crate) const DAYS: [&str; 6] = [
    "Monday would be good.",
    "Tuesday morning.",
    "Wednesday suits me.",
    "Thursday afternoon, please.",
    "Friday is fine.",
    "Tomorrow at eleven.",
];
pub(crate) const NUMBERS: [&str; 6] = ["Two.", "Three.", "Five, I think.", "About ten.", "Twelve.", "One."];

/// What answering machines say.
pub(crate) const GREETINGS_OF_MACHINES: [&str; 3] = [
    "Hello, you have reached my voicemail. I can't come to the phone right now. Please leave a message after the beep.",
    "The person you are calling is not available. Please leave your name and number after the tone.",
    "Hi, I am not here right now. Leave a message after the beep and I will call you back.",
];

const STOCK: [&[&str]; 21] = [
    &HELLO,
    &GO_AHEAD,
    &YES,
    &NO,
    &ALL_RIGHT,
    &TEXT_ANSWERS,
    &BAD_TIME,
    &CALL_BACK,
    &BETTER_TIME,
    &ROBOT,
    &HESITATION,
    &DECLINE,
    &QUESTIONS,
    &STOP,
    &GOODBYE,
    &HAVE_TO_GO,
    &STILL_HERE,
    &ARE_YOU_THERE,
    &BACKCHANNEL,
    &DAYS,
    &NUMBERS,
];

/// All that people say from stock.
pub(crate) fn stock() -> impl Iterator<Item = &'static str> {
    STOCK.into_iter().flatten().copied()
}

/// True if a sentence is one that people or machines say from stock: no person's data can be in it.
pub(crate) fn is_stock(text: &str) -> bool {
    stock().chain(GREETINGS_OF_MACHINES).any(|phrase| phrase == text)
}
