//! People who call back, and calls of ours that meet them on the way.

use super::*;
use voice::line_sound::LineSound;

fn table(opening: &str) -> Table {
    let mut table = Table::new(VoicemailPolicy::LeaveMessage);
    table.flow = ConversationFlow::new(FlowRules {
        direction: Direction::Inbound,
        opening: opening.into(),
        recording: RecordingRule::Announce,
        ..rules(VoicemailPolicy::LeaveMessage)
    });
    table
}

#[test]
fn who_calls_back_hears_at_once_who_answers_and_why() {
    let mut table = table("Hello, this is the AI assistant of Tea Company. Do you have a minute?");
    table.tell(Event::Ringing);
    table.tell(Event::Answered);
    assert!(!table.row.is_empty(), "nobody waits for a first word");
    table.pass(6_000);
    let expected = [
        "Hello, this is the AI assistant of Tea Company.",
        "Thank you for calling back, we tried to reach you.",
        "This call is recorded.",
        "Do you have a minute?",
    ];
    assert_eq!(table.lines(Speaker::Agent), expected);
    table.person_says("Please don't call me again.", 1_000);
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
}

#[test]
fn a_hello_into_the_first_sentence_costs_no_thanks() {
    let mut table = table("Hello, this is the AI assistant of Tea Company. Do you have a minute?");
    table.tell(Event::Answered);
    table.pass(200);
    table.person_says("Hello?", 400);
    table.pass(7_000);
    let lines = table.lines(Speaker::Agent);
    let said = |wanted: &str| lines.iter().filter(|line| line.contains(wanted)).count();
    assert_eq!(said("AI assistant of Tea Company."), 1, "{lines:?}");
    assert_eq!(said("calling back"), 1, "{lines:?}");
    assert_eq!(lines.last(), Some(&"Do you have a minute?"));
}

#[test]
fn who_calls_is_never_taken_for_a_machine() {
    let mut table = table("This is the AI assistant of Tea Company.");
    table.tell(Event::Answered);
    table.pass(3_500);
    table.person_says("Please leave a message after the beep, is what you said.", 2_000);
    table.tell(Event::Line(LineSound::Beep));
    assert_eq!(table.disposition(), None);
    assert!(table.reply.is_some());
}

#[test]
fn who_gives_up_before_the_answer_was_not_answered() {
    let mut table = table("This is the AI assistant of Tea Company.");
    table.tell(Event::Ringing);
    table.tell(Event::NotAnswered(NotAnswered::NoAnswer { sip_code: None }));
    assert_eq!(table.disposition(), Some(Disposition::NoAnswer));
    assert!(table.ends()[0].1.as_deref().is_some_and(|why| why.contains("hung up")));
}

#[test]
fn a_call_that_nobody_has_answered_gives_way_and_one_that_goes_on_does_not() {
    let mut ringing = Table::new(VoicemailPolicy::HangUp);
    ringing.tell(Event::Ringing);
    ringing.tell(Event::GiveWay);
    assert_eq!(ringing.disposition(), Some(Disposition::NoAnswer));
    let mut talking = Table::talking();
    talking.tell(Event::GiveWay);
    talking.pass(200);
    assert_eq!(talking.disposition(), None);
}
