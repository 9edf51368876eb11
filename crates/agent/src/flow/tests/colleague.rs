//! Colleagues who are called in, keys, and a transfer that takes its time.

use super::{
    supervision::{BEN, MIA, heard, lets_hear, says, since, supervisor, voice_of},
    *,
};
use domain::call_command::{CallFloor, Colleague, NotReached};
use std::sync::Arc;

pub(super) fn phone() -> Arc<str> {
    "supervisor-phone-1".into()
}

fn number() -> domain::PhoneNumber {
    "+14155550123".parse().expect("a number")
}

fn shown(table: &Table) -> Option<&Colleague> {
    table.effects.iter().rev().find_map(|effect| match effect {
        Effect::SetColleague(stage) => Some(stage),
        _ => None,
    })
}

fn phone_is_heard(effects: &[Effect]) -> Option<bool> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::LetPersonHear { identity, hear } if *identity == phone() => Some(*hear),
        _ => None,
    })
}

/// The agent and the person talk, Mia has a microphone, and a colleague's phone rings.
fn ringing() -> Table {
    let mut table = Table::talking();
    table.tell(Event::SupervisorJoined(voice_of(MIA)));
    table.tell(Event::CallColleague(number(), supervisor(MIA)));
    assert!(table.effects.contains(&Effect::CallColleague(number())));
    table.tell(Event::ColleagueCalled(Ok(phone())));
    table
}

fn briefed() -> Table {
    let mut table = ringing();
    table.tell(Event::SupervisorJoined(phone()));
    assert_eq!(shown(&table), Some(&Colleague::Briefed(supervisor(MIA))));
    table
}

fn connected() -> Table {
    let mut table = briefed();
    table.tell(Event::ConnectColleague(supervisor(MIA)));
    table
}

#[test]
fn while_a_colleague_is_called_and_briefed_the_agent_looks_after_the_person() {
    let mut table = ringing();
    assert_eq!(shown(&table), Some(&Colleague::Ringing(supervisor(MIA))));
    table.person_says("What does it cost?", 500);
    table.model_says(vec![words("Four euros.")]);
    table.pass(1_500);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Four euros."));
    table.tell(Event::SupervisorJoined(phone()));
    assert_eq!(phone_is_heard(&table.effects), Some(false));
    // What the two say to each other is nobody else's: not written down, no advice to the agent.
    let before = table.written.len();
    says(&mut table, MIA, "He is a difficult one.");
    table.tell(Event::SupervisorSpeaks(phone()));
    table.tell(Event::SupervisorHeard(phone(), heard("I will talk to him.")));
    assert_eq!(table.written.len(), before);
    let told = |text: &str| {
        table
            .flow
            .prompt()
            .lines
            .iter()
            .any(|line| line.text.reveal().contains(text))
    };
    assert!(!told("difficult") && !told("talk to him"));
    table.person_says("And when does it come?", 500);
    table.model_says(vec![words("Tomorrow.")]);
    table.pass(1_500);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Tomorrow."));
}

#[test]
fn a_connected_colleague_speaks_and_the_agent_is_silent() {
    let mut table = briefed();
    table.person_says("Go on.", 500);
    table.model_says(vec![words("It is a long story. ")]);
    table.pass(200);
    since(&mut table);
    table.tell(Event::ConnectColleague(supervisor(MIA)));
    let effects = since(&mut table);
    assert!(effects.contains(&Effect::StopSpeaking), "{effects:?}");
    assert!(effects.contains(&Effect::SetFloor(CallFloor::Colleague(supervisor(MIA)))));
    assert_eq!(phone_is_heard(&effects), Some(true));
    assert_eq!(lets_hear(&effects, MIA), Some(false));
    table.tell(Event::SupervisorSpeaks(phone()));
    table.pass(800);
    table.tell(Event::SupervisorHeard(phone(), heard("This is Ben. How can I help?")));
    table.person_says("Finally a human.", 500);
    table.pass(20_000);
    let spoke = |effect: &Effect| matches!(effect, Effect::Speak(_) | Effect::StartReply(_));
    assert!(!table.effects.iter().any(spoke), "silent for as long as it takes");
    assert_eq!(table.lines(Speaker::Colleague), ["This is Ben. How can I help?"]);
    assert_eq!(table.lines(Speaker::Person).last(), Some(&"Finally a human."));
    // Nobody takes the person away from the colleague by accident.
    since(&mut table);
    table.tell(Event::TakeOver(supervisor(BEN)));
    assert!(since(&mut table).is_empty());
    table.tell(Event::Left(FarEnd::HungUp));
    assert_eq!(table.disposition(), Some(Disposition::Transferred));
    assert!(
        table.ends()[0]
            .1
            .as_deref()
            .is_some_and(|reason| reason.contains("colleague"))
    );
}

#[test]
fn whoever_does_not_come_is_told_and_the_agent_goes_on() {
    let why = [
        NotReached::Busy,
        NotReached::NoAnswer,
        NotReached::Unreachable,
        NotReached::Rejected,
    ];
    for why in why {
        let mut table = ringing();
        table.tell(Event::ColleagueNotReached(phone(), why));
        assert_eq!(shown(&table), Some(&Colleague::NotReached(why)));
        assert_eq!(table.lines(Speaker::Act).last(), Some(&why.sentence()));
        table.person_says("Hello?", 500);
        table.model_says(vec![words("I am here.")]);
        table.pass(1_500);
        assert_eq!(table.lines(Speaker::Agent).last(), Some(&"I am here."));
        assert_eq!(table.disposition(), None);
        // Another try is another call.
        since(&mut table);
        table.tell(Event::CallColleague(number(), supervisor(MIA)));
        assert!(since(&mut table).contains(&Effect::CallColleague(number())));
    }
    let mut table = Table::talking();
    table.tell(Event::CallColleague(number(), supervisor(MIA)));
    table.tell(Event::ColleagueCalled(Err(NotReached::NotDialled)));
    assert_eq!(shown(&table), Some(&Colleague::NotReached(NotReached::NotDialled)));
}

#[test]
fn a_colleague_who_goes_or_is_sent_away_leaves_the_person_with_the_agent() {
    for event in [
        Event::SupervisorLeft(phone()),
        Event::DismissColleague(supervisor(MIA)),
        Event::PersonCannotHear(phone()),
    ] {
        let mut table = connected();
        table.person_says("Are you there?", 500);
        since(&mut table);
        let puts_out = !matches!(event, Event::SupervisorLeft(_));
        table.tell(event);
        let effects = since(&mut table);
        assert_eq!(effects.contains(&Effect::PutOut(phone())), puts_out, "{effects:?}");
        assert!(effects.contains(&Effect::SetFloor(CallFloor::Agent)));
        table.pass(1_500);
        assert_eq!(
            table.lines(Speaker::Agent).last(),
            Some(&"Sorry for the interruption, I am back with you.")
        );
    }
    // Before they were connected nothing is said about it.
    let mut table = briefed();
    since(&mut table);
    table.tell(Event::DismissColleague(supervisor(BEN)));
    let effects = since(&mut table);
    assert!(effects.contains(&Effect::PutOut(phone())));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Speak(_))));
}

#[test]
fn whoever_is_sent_away_while_the_network_still_names_them_does_not_come() {
    let mut table = Table::talking();
    table.tell(Event::CallColleague(number(), supervisor(MIA)));
    table.tell(Event::DismissColleague(supervisor(MIA)));
    table.tell(Event::ColleagueCalled(Ok(phone())));
    assert!(table.effects.contains(&Effect::PutOut(phone())));
    // Nor does somebody whom a worker called that died.
    let mut table = Table::talking();
    table.tell(Event::SupervisorJoined(phone()));
    assert!(table.effects.contains(&Effect::PutOut(phone())));
    assert_eq!(phone_is_heard(&table.effects), Some(false));
}

#[test]
fn whoever_has_the_floor_gives_it_back_when_the_colleague_comes() {
    let mut table = ringing();
    table.tell(Event::TakeOver(supervisor(MIA)));
    since(&mut table);
    table.tell(Event::SupervisorJoined(phone()));
    let effects = since(&mut table);
    assert!(effects.contains(&Effect::SetFloor(CallFloor::Agent)));
    assert_eq!(lets_hear(&effects, MIA), Some(false));
    // One who took over keeps the call if the colleague is not waited for any more.
    let mut table = ringing();
    table.tell(Event::TakeOver(supervisor(MIA)));
    since(&mut table);
    table.tell(Event::DismissColleague(supervisor(MIA)));
    assert!(!since(&mut table).contains(&Effect::SetFloor(CallFloor::Agent)));
}

#[test]
fn a_request_not_to_be_called_again_and_the_longest_time_hold_with_a_colleague_too() {
    let mut table = connected();
    table.person_says("Stop calling me!", 500);
    assert!(table.effects.contains(&Effect::OptOut) && table.effects.contains(&Effect::PutOut(phone())));
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
    let mut table = connected();
    table.pass(125_000);
    assert_eq!(table.disposition(), Some(Disposition::TimeLimit));
}

#[test]
fn a_transfer_that_takes_its_time_keeps_nobody_from_being_heard() {
    let mut table = Table::talking();
    table.tell(Event::Transfer(number()));
    since(&mut table);
    table.person_says("Who is it?", 500);
    table.pass(10_000);
    let spoke = |effect: &Effect| matches!(effect, Effect::Speak(_) | Effect::StartReply(_));
    assert!(!table.effects.iter().any(spoke), "the person is on their way");
    assert_eq!(table.lines(Speaker::Person).last(), Some(&"Who is it?"));
    table.person_says("Take me off your list.", 500);
    assert!(table.effects.contains(&Effect::OptOut), "at once");
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));

    // A network that never answers has not handed anybody over.
    let mut table = Table::talking();
    table.person_says("I want to speak with somebody.", 500);
    table.tell(Event::Transfer(number()));
    table.pass(46_500);
    assert_eq!(
        table.lines(Speaker::Agent).last(),
        Some(&"Sorry, I could not put you through.")
    );
    assert_eq!(table.disposition(), None);
}

#[test]
fn keys_are_pressed_at_once_and_written_down_together() {
    let mut table = Table::talking();
    for key in ['4', '2', '#'] {
        table.tell(Event::Press(key, supervisor(MIA)));
        assert_eq!(table.effects.last(), Some(&Effect::Press(key)));
        table.tell(Event::Pressed(key, true));
        table.pass(400);
    }
    assert!(table.lines(Speaker::Act).is_empty());
    table.pass(2_000);
    assert_eq!(table.lines(Speaker::Act), ["Mia pressed 42#"]);
    table.tell(Event::Press('1', supervisor(BEN)));
    table.tell(Event::Pressed('1', false));
    assert_eq!(
        table.lines(Speaker::Act).last(),
        Some(&"The key 1 could not be pressed.")
    );
    table.tell(Event::Press('7', supervisor(BEN)));
    table.tell(Event::Pressed('7', true));
    table.tell(Event::Left(FarEnd::HungUp));
    assert_eq!(
        table.lines(Speaker::Act).last(),
        Some(&"Ben pressed 7"),
        "not lost with the call"
    );
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Press('1', supervisor(MIA)));
    assert!(table.effects.is_empty(), "nobody has answered yet");
}
