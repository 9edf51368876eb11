//! What people say that does not depend on what they hear.

pub(crate) const HELLO: [&str; 6] = [
    "Hello?",
    "Yes, hello?",
    "Hello, who is this?",
    "Good day.",
    "Hi, yes?",
    "Hello, speaking.",
];
pub(crate) const GO_AHEAD: [&str; 5] = [
    "Yes, I have a minute.",
    "Sure, go ahead.",
    "Yes, what is it about?",
    "Okay, but make it quick.",
    "A minute, yes. Go ahead.",
];
pub(crate) const YES: [&str; 4] = ["Yes.", "Yes, that is right.", "Yes, I think so.", "Yes, of course."];
pub(crate) const NO: [&str; 3] = ["No.", "No, not really.", "No, I don't think so."];
pub(crate) const YES_TO_AN_OFFER: [&str; 4] = [
    "Yes, please.",
    "Yes, I would like that.",
    "Sure, why not.",
    "Yes, that would be good.",
];
pub(crate) const NO_TO_AN_OFFER: [&str; 3] = [
    "No, thank you.",
    "No, not at the moment.",
    "No, I don't need that right now.",
];
pub(crate) const ALL_RIGHT: [&str; 4] = ["Okay.", "All right.", "I see.", "Good."];
pub(crate) const REASONS: [&str; 3] = [
    "Mostly because it saves time.",
    "It was simply too expensive.",
    "To be honest, it is a habit.",
];
pub(crate) const SOURCES: [&str; 3] = [
    "A friend told me about it.",
    "I read about it in the paper.",
    "My neighbour has had it for years.",
];
pub(crate) const OPINIONS: [&str; 3] = [
    "I am quite happy with it.",
    "It could be faster, but it works.",
    "It is good, most of the time.",
];
pub(crate) const DOES_NOT_KNOW: [&str; 3] = [
    "I would have to look that up.",
    "I could not say, offhand.",
    "I don't know that by heart.",
];
pub(crate) const BAD_TIME: [&str; 5] = [
    "Sorry, this is a bad time. Can you call me back tomorrow at ten?",
    "I am in a meeting right now. Please call me back on Monday morning.",
    "I am driving. Call me back this evening, please.",
    "I am at work. Could you try again tomorrow afternoon?",
    "My children are waiting. Please call me again on Wednesday at five.",
];
pub(crate) const CALL_BACK: [&str; 5] = [
    "That sounds interesting, but please call me back on Thursday afternoon.",
    "I have to ask my wife first. Could you call me back next week?",
    "Not today. Please call back on Friday at three.",
    "Perhaps. I don't have my calendar here. Call me again tomorrow at four.",
    "I would rather talk about that on Tuesday evening. Please call me back.",
];
pub(crate) const BETTER_TIME: [&str; 4] = [
    "Tomorrow at ten.",
    "Thursday afternoon would be good.",
    "Friday at three.",
    "Monday morning is best.",
];
pub(crate) const ROBOT: [&str; 4] = [
    "Wait, is this a robot?",
    "Am I talking to a machine?",
    "Hold on, are you a real person?",
    "You sound like a computer. Are you a machine?",
];
pub(crate) const HESITATION: [&str; 4] = [
    "Hm, a machine. Well, go ahead.",
    "Well, all right. Ask your questions.",
    "I am not sure about this. But okay, let's try.",
    "Strange times. Fine, go on.",
];
pub(crate) const DECLINE: [&str; 4] = [
    "No thanks, I am not interested.",
    "I don't want to talk to a machine. I am not interested.",
    "No, I am not interested.",
    "Sorry, not interested. I only talk to people.",
];
/// Before they know what it is about.
pub(crate) const FIRST_QUESTIONS: [&str; 3] = [
    "How long does it take?",
    "What is this about, exactly?",
    "Who are you calling for?",
];
/// Once they know.
pub(crate) const LATER_QUESTIONS: [&str; 3] = [
    "What does it cost?",
    "Where did you get my number?",
    "Is there anything I have to pay for?",
];
pub(crate) const STOP: [&str; 5] = [
    "Stop calling me. Take me off your list.",
    "Please stop calling me!",
    "I told you not to call me again.",
    "Take my number off your list, and don't call me again.",
    "No more calls, please. Delete my number.",
];
pub(crate) const GOODBYE: [&str; 5] = [
    "Goodbye.",
    "Bye.",
    "Thank you, goodbye.",
    "Thanks, bye.",
    "You too. Bye.",
];
pub(crate) const HAVE_TO_GO: [&str; 2] = ["I really have to go. Bye.", "Sorry, I have no time now. Goodbye."];
pub(crate) const STILL_HERE: [&str; 2] = ["Yes, I am still here.", "I am here."];
pub(crate) const ARE_YOU_THERE: [&str; 2] = ["Hello? Are you there?", "Is anybody there?"];
pub(crate) const BACKCHANNEL: [&str; 2] = ["Uh-huh.", "Okay."];
pub(crate) const DAYS: [&str; 7] = [
    "Monday would be good.",
    "Tuesday morning.",
    "Wednesday suits me.",
    "Thursday afternoon, please.",
    "Friday is fine.",
    "Tomorrow at eleven.",
    "On Tuesday, at nine.",
];
pub(crate) const NUMBERS: [&str; 6] = ["Two.", "Three.", "Five, I think.", "About ten.", "Twelve.", "One."];

/// What answering machines say.
pub(crate) const GREETINGS_OF_MACHINES: [&str; 3] = [
    "Hello, you have reached my voicemail. I can't come to the phone right now. Please leave a message after the beep.",
    "The person you are calling is not available. Please leave your name and number after the tone.",
    "Hi, I am not here right now. Leave a message after the beep and I will call you back.",
];

/// What phone menus say.
pub(crate) const PHONE_MENUS: [&str; 3] = [
    "Thank you for calling Example Company. For sales, press one. For service, press two. To hear this again, press nine.",
    "Welcome. Please choose from the following options. If you have a question about a bill, press one. For anything else, press two.",
    "Good day. For appointments, press one. For opening hours, press two. For everything else, press zero.",
];
pub(crate) const NO_KEY_PRESSED: &str = "No key was pressed. Goodbye.";

/// What call assistants say.
pub(crate) const SCREENING_PROMPTS: [&str; 3] = [
    "Hi. The person you are calling uses a screening service, and will see what you say. Please say your name and why you are calling.",
    "Hello. If you record your name and reason for calling, I will see if this person is available.",
    "Hi, this call is being screened. Please state your name and the purpose of your call.",
];
pub(crate) const SCREENING_WAIT: [&str; 2] = ["Thank you. Please stay on the line.", "Thanks. One moment, please."];
pub(crate) const SCREENING_NO: &str = "Sorry, this person is not available right now. Goodbye.";

const STOCK: &[&[&str]] = &[
    &HELLO,
    &GO_AHEAD,
    &YES,
    &NO,
    &YES_TO_AN_OFFER,
    &NO_TO_AN_OFFER,
    &ALL_RIGHT,
    &REASONS,
    &SOURCES,
    &OPINIONS,
    &DOES_NOT_KNOW,
    &BAD_TIME,
    &CALL_BACK,
    &BETTER_TIME,
    &ROBOT,
    &HESITATION,
    &DECLINE,
    &FIRST_QUESTIONS,
    &LATER_QUESTIONS,
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
    STOCK.iter().copied().flatten().copied()
}

/// All that machines say from stock.
pub(crate) fn stock_of_machines() -> impl Iterator<Item = &'static str> {
    GREETINGS_OF_MACHINES
        .into_iter()
        .chain(PHONE_MENUS)
        .chain(SCREENING_PROMPTS)
        .chain(SCREENING_WAIT)
        .chain([NO_KEY_PRESSED, SCREENING_NO])
}

/// True if a sentence is one that people or machines say from stock: no person's data can be in it.
pub(crate) fn is_stock(text: &str) -> bool {
    stock().chain(stock_of_machines()).any(|phrase| phrase == text)
}
