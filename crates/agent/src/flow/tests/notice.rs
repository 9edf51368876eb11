//! Nothing is recorded before the person was told.

use super::*;

const ANNOUNCED: &str = "This call is recorded.";

fn table(recording: RecordingRule) -> Table {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.flow = ConversationFlow::new(FlowRules {
        recording,
        ..rules(VoicemailPolicy::HangUp)
    });
    table
}

fn is_recorded(table: &Table) -> bool {
    table.effects.contains(&Effect::BeginRecording)
}

#[test]
fn without_a_rule_the_recording_begins_with_the_answer() {
    let mut table = table(RecordingRule::Always);
    table.tell(Event::Ringing);
    assert!(!is_recorded(&table));
    table.tell(Event::Answered);
    assert!(is_recorded(&table));
    table.pass(5_000);
    assert_eq!(table.lines(Speaker::Agent).len(), 2, "nothing is announced");
}

#[test]
fn the_announcement_follows_the_name_and_the_recording_follows_its_end() {
    let mut table = table(RecordingRule::Announce);
    table.tell(Event::Answered);
    while table.lines(Speaker::Agent).len() < 2 {
        assert!(!is_recorded(&table) && table.now < 10_000);
        table.tick();
    }
    assert_eq!(table.lines(Speaker::Agent)[1], ANNOUNCED);
    assert!(is_recorded(&table));
    table.pass(2_000);
    assert_eq!(table.lines(Speaker::Agent)[2], "Do you have a minute?");
    let begun = table.effects.iter().filter(|effect| **effect == Effect::BeginRecording);
    assert_eq!(begun.count(), 1);
}

#[test]
fn whoever_talks_over_it_is_told_again_and_not_recorded_before() {
    let mut table = table(RecordingRule::Announce);
    table.tell(Event::Answered);
    // Into the middle of the announcement.
    table.pass(1_600);
    table.person_says("Who are you and what do you want from me?", 1_500);
    assert!(!is_recorded(&table));
    table.model_says(vec![words("I call about tea."), ReplyNews::Done]);
    table.pass(1_500);
    assert!(is_recorded(&table), "{:?}", table.lines(Speaker::Agent));
    table.pass(1_500);
    let lines = table.lines(Speaker::Agent);
    let told = lines.iter().position(|line| *line == ANNOUNCED).expect("told at last");
    assert_eq!(lines[told + 1], "I call about tea.");
}

#[test]
fn whoever_never_listens_is_never_recorded() {
    let mut table = table(RecordingRule::Announce);
    table.tell(Event::Answered);
    table.pass(1_600);
    for _ in 0..8 {
        table.person_says("I talk all the time and do not listen to you.", 1_500);
        table.pass(300);
    }
    table.model_says(vec![words("All right."), ReplyNews::Done]);
    table.pass(3_000);
    assert!(!is_recorded(&table));
    assert!(table.lines(Speaker::Agent).contains(&"All right."));
}

#[test]
fn a_voice_that_fails_has_announced_nothing() {
    let mut table = table(RecordingRule::Announce);
    table.tell(Event::Answered);
    table.pass(1_600);
    let (sentence, _) = table.row.pop_front().expect("the announcement is being said");
    assert_eq!(sentence.text.reveal(), ANNOUNCED);
    table.tell(Event::SentenceFailed(sentence.id));
    table.pass(3_000);
    assert!(!is_recorded(&table));
}

#[test]
fn a_beep_does_too() {
    let mut table = table(RecordingRule::Beep);
    table.tell(Event::Answered);
    while !is_recorded(&table) {
        assert!(table.now < 10_000);
        table.tick();
    }
    assert!(table.effects.iter().any(|effect| matches!(effect, Effect::Beep(_))));
    assert_eq!(
        table.lines(Speaker::Agent).len(),
        1,
        "who is calling was said before, and a beep is no sentence"
    );
}

#[test]
fn machines_are_not_told() {
    let mut table = table(RecordingRule::Announce);
    table.tell(Event::Answered);
    table.person_says(
        "You have reached the mailbox of Ada. Please leave a message after the tone.",
        4_000,
    );
    table.pass(3_000);
    assert!(!is_recorded(&table) && table.lines(Speaker::Agent).is_empty());

    let mut table = self::table(RecordingRule::Never);
    table.tell(Event::Answered);
    table.pass(6_000);
    assert!(!is_recorded(&table) && table.lines(Speaker::Agent).len() == 2);
}

#[test]
fn in_a_call_that_is_taken_over_what_was_told_holds_and_what_was_not_is_owed() {
    let taken_over = |rule, recording_began| {
        let mut table = table(rule);
        table.take_over(&TakenOver {
            said: Vec::new(),
            since_answer_ms: 4_000,
            opted_out: false,
            recording_began,
        });
        table
    };
    for rule in [RecordingRule::Announce, RecordingRule::Beep, RecordingRule::Always] {
        let mut table = taken_over(rule, true);
        assert!(is_recorded(&table), "{rule:?}: from the first moment");
        table.pass(6_000);
        assert!(
            !table.lines(Speaker::Agent).contains(&ANNOUNCED),
            "{rule:?}: nobody is told twice"
        );
        assert!(
            !table.effects.iter().any(|effect| matches!(effect, Effect::Beep(_))),
            "{rule:?}"
        );
    }
    let mut table = taken_over(RecordingRule::Announce, false);
    assert!(!is_recorded(&table));
    table.pass(6_000);
    assert!(is_recorded(&table) && table.lines(Speaker::Agent).contains(&ANNOUNCED));
    assert!(is_recorded(&taken_over(RecordingRule::Always, false)));
    let mut table = taken_over(RecordingRule::Never, false);
    table.pass(6_000);
    assert!(!is_recorded(&table));
}
