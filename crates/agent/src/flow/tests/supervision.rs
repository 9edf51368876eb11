//! Supervisors who speak.

use super::*;
use domain::{
    UserId,
    call_command::{CallFloor, CallSupervisor, voice_identity},
};
use std::sync::Arc;
use uuid::Uuid;
use voice::ports::ContextRole;

pub(super) const MIA: u128 = 1;
pub(super) const BEN: u128 = 2;

pub(super) fn supervisor(who: u128) -> CallSupervisor {
    CallSupervisor {
        id: UserId(Uuid::from_u128(who)),
        name: if who == MIA { "Mia" } else { "Ben" }.into(),
    }
}

pub(super) fn voice_of(who: u128) -> Arc<str> {
    voice_identity(supervisor(who).id, Uuid::nil()).into()
}

pub(super) fn heard(text: &str) -> HeardWords {
    HeardWords {
        text: text.into(),
        start_ms: 0,
        end_ms: 0,
    }
}

/// What was done since the last look.
pub(super) fn since(table: &mut Table) -> Vec<Effect> {
    std::mem::take(&mut table.effects)
}

pub(super) fn says(table: &mut Table, who: u128, text: &str) {
    table.tell(Event::SupervisorSpeaks(voice_of(who)));
    table.pass(800);
    table.tell(Event::SupervisorHeard(voice_of(who), heard(text)));
}

pub(super) fn lets_hear(effects: &[Effect], who: u128) -> Option<bool> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::LetPersonHear { identity, hear } if *identity == voice_of(who) => Some(*hear),
        _ => None,
    })
}

/// The agent is in the middle of an answer, and Mia takes over.
fn taken_over() -> Table {
    let mut table = Table::talking();
    table.tell(Event::SupervisorJoined(voice_of(MIA)));
    table.person_says("What does it cost?", 500);
    table.model_says(vec![words("Well, that depends on many things. ")]);
    table.pass(300);
    since(&mut table);
    table.tell(Event::TakeOver(supervisor(MIA)));
    table
}

#[test]
fn whoever_takes_over_silences_the_agent_in_the_same_moment() {
    let mut table = taken_over();
    let effects = since(&mut table);
    assert!(effects.contains(&Effect::StopSpeaking), "{effects:?}");
    assert!(effects.contains(&Effect::SetFloor(CallFloor::Supervisor(supervisor(MIA)))));
    assert_eq!(lets_hear(&effects, MIA), Some(true));
    says(&mut table, MIA, "I am Mia. It is four euros.");
    table.person_says("That is fine.", 500);
    table.person_says("Are you there?", 500);
    table.pass(20_000);
    let effects = since(&mut table);
    let spoke = |effect: &Effect| matches!(effect, Effect::Speak(_) | Effect::StartReply(_));
    assert!(
        !effects.iter().any(spoke),
        "silent for as long as it takes: {effects:?}"
    );
    assert_eq!(table.lines(Speaker::SupervisorAloud), ["I am Mia. It is four euros."]);
    assert_eq!(table.lines(Speaker::Person).last(), Some(&"Are you there?"));
}

#[test]
fn the_agent_that_gets_the_call_back_knows_what_was_said() {
    let mut table = taken_over();
    says(&mut table, MIA, "It is four euros.");
    table.person_says("And when does it come?", 500);
    since(&mut table);
    table.tell(Event::ReturnToAgent(supervisor(BEN).id));
    assert!(since(&mut table).is_empty(), "it was not Ben's to give back");
    table.tell(Event::ReturnToAgent(supervisor(MIA).id));
    let effects = since(&mut table);
    assert!(effects.contains(&Effect::SetFloor(CallFloor::Agent)));
    assert_eq!(lets_hear(&effects, MIA), Some(false));
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::StartReply(_))),
        "{effects:?}"
    );
    let lines = table.flow.prompt().lines;
    let aloud = lines.iter().find(|line| line.role == ContextRole::SupervisorAloud);
    assert_eq!(aloud.expect("it is there").text.reveal(), "Mia: It is four euros.");
    table.model_says(vec![words("It comes tomorrow.")]);
    table.pass(1_500);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"It comes tomorrow."));
}

#[test]
fn nobody_is_answered_twice_after_a_supervisor_had_the_last_word() {
    let mut table = taken_over();
    says(&mut table, MIA, "Do you like green tea?");
    table.tell(Event::ReturnToAgent(supervisor(MIA).id));
    table.pass(2_000);
    assert!(
        !since(&mut table)
            .iter()
            .any(|effect| matches!(effect, Effect::StartReply(_)))
    );
    table.person_says("I do.", 500);
    table.pass(100);
    assert!(
        since(&mut table)
            .iter()
            .any(|effect| matches!(effect, Effect::StartReply(_)))
    );
}

#[test]
fn a_lost_supervisor_hands_the_call_back_after_a_grace_time() {
    let mut table = taken_over();
    table.person_says("Hello?", 500);
    table.tell(Event::SupervisorLeft(voice_of(MIA)));
    table.pass(SUPERVISOR_GRACE_MS - 1_000);
    table.tell(Event::SupervisorJoined(voice_of(MIA)));
    table.pass(SUPERVISOR_GRACE_MS * 2);
    assert!(
        !since(&mut table).contains(&Effect::SetFloor(CallFloor::Agent)),
        "she came back in time"
    );
    table.tell(Event::SupervisorLeft(voice_of(MIA)));
    table.pass(SUPERVISOR_GRACE_MS + 2_000);
    let effects = since(&mut table);
    assert!(effects.contains(&Effect::SetFloor(CallFloor::Agent)));
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::StartReply(_))),
        "what was asked is answered"
    );
    assert_eq!(
        table.lines(Speaker::Agent).last(),
        Some(&"Sorry for the interruption, I am back with you.")
    );
}

#[test]
fn a_take_over_without_a_microphone_does_not_last() {
    let mut table = Table::talking();
    table.tell(Event::TakeOver(supervisor(MIA)));
    table.pass(SUPERVISOR_GRACE_MS + 100);
    assert!(table.effects.contains(&Effect::SetFloor(CallFloor::Agent)));
}

#[test]
fn one_supervisor_has_the_floor_and_the_other_does_not_disturb() {
    let mut table = taken_over();
    table.tell(Event::SupervisorJoined(voice_of(BEN)));
    assert_eq!(lets_hear(&since(&mut table), BEN), Some(false));
    table.tell(Event::TakeOver(supervisor(BEN)));
    table.tell(Event::BargeIn(supervisor(BEN)));
    assert!(since(&mut table).is_empty(), "Mia has it");
    says(&mut table, BEN, "Offer her ten percent.");
    assert_eq!(
        table.lines(Speaker::Supervisor),
        ["Offer her ten percent."],
        "a whisper to the agent"
    );
    table.tell(Event::SupervisorLeft(voice_of(BEN)));
    table.pass(SUPERVISOR_GRACE_MS * 2);
    assert!(!table.effects.contains(&Effect::SetFloor(CallFloor::Agent)));
}

#[test]
fn who_barges_in_speaks_beside_the_agent() {
    let mut table = taken_over();
    table.tell(Event::ReturnToAgent(supervisor(MIA).id));
    table.tell(Event::BargeIn(supervisor(MIA)));
    since(&mut table);
    table.person_says("Go on.", 500);
    table.model_says(vec![words("It is four euros.")]);
    table.pass(200);
    table.tell(Event::SupervisorSpeaks(voice_of(MIA)));
    assert!(since(&mut table).contains(&Effect::StopSpeaking), "the agent gives way");
    table.pass(8_000);
    assert!(
        !since(&mut table)
            .iter()
            .any(|effect| matches!(effect, Effect::Speak(_))),
        "and waits"
    );
    table.tell(Event::SupervisorHeard(voice_of(MIA), heard("Three, for you.")));
    table.person_says("Deal.", 500);
    table.model_says(vec![words("Then three it is.")]);
    table.pass(1_500);
    assert_eq!(table.lines(Speaker::SupervisorAloud), ["Three, for you."]);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Then three it is."));
}

#[test]
fn a_request_not_to_be_called_again_holds_whoever_speaks() {
    let mut table = taken_over();
    table.person_says("Stop calling me!", 500);
    assert!(table.effects.contains(&Effect::OptOut));
    assert!(table.effects.contains(&Effect::SetFloor(CallFloor::Agent)));
    table.tell(Event::TakeOver(supervisor(MIA)));
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Goodbye."));
}

#[test]
fn the_longest_time_holds_whoever_speaks() {
    let mut table = taken_over();
    table.pass(125_000);
    assert_eq!(table.disposition(), Some(Disposition::TimeLimit));
    assert!(table.now <= 131_000);
}

#[test]
fn nobody_takes_over_what_has_not_been_answered_or_is_ending() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::TakeOver(supervisor(MIA)));
    assert!(table.effects.is_empty());
    let mut table = Table::talking();
    table.tell(Event::EndBySupervisor);
    since(&mut table);
    table.tell(Event::TakeOver(supervisor(MIA)));
    assert!(since(&mut table).is_empty());
}

#[test]
fn who_is_calling_is_said_before_the_agent_goes_on() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::SupervisorJoined(voice_of(MIA)));
    table.tell(Event::Answered);
    table.tell(Event::TakeOver(supervisor(MIA)));
    says(&mut table, MIA, "Good morning!");
    table.tell(Event::ReturnToAgent(supervisor(MIA).id));
    table.pass(3_000);
    assert!(table.lines(Speaker::Agent)[0].starts_with("Hello, this is the AI assistant"));
}

#[test]
fn a_transfer_ends_the_call_and_a_failed_one_goes_on() {
    let number: domain::PhoneNumber = "+14155550123".parse().expect("a number");
    let mut table = taken_over();
    table.tell(Event::Transfer(number.clone()));
    assert!(table.effects.contains(&Effect::Transfer(number)));
    table.tell(Event::Transferred(false));
    table.pass(1_500);
    assert_eq!(
        table.lines(Speaker::Agent).last(),
        Some(&"Sorry, I could not put you through.")
    );
    assert_eq!(table.disposition(), None);
    table.tell(Event::Transferred(true));
    assert_eq!(table.disposition(), Some(Disposition::Transferred));
    assert!(table.ends()[0].1.is_some());
}

#[test]
fn whoever_took_over_ends_without_the_agent_saying_a_word() {
    let mut table = taken_over();
    let before = table.lines(Speaker::Agent).len();
    table.tell(Event::EndBySupervisor);
    assert_eq!(table.disposition(), Some(Disposition::EndedBySupervisor));
    assert_eq!(table.lines(Speaker::Agent).len(), before);
}
