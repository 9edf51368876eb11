//! Answers that the model says itself follow the same rules as those that are said for it.

use super::{
    table::{ALOUD, Table, words},
    *,
};

/// In the middle of such an answer.
fn speaking(text: &str) -> Table {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    table.model_says(vec![ReplyNews::Aloud, words(text)]);
    table.pass(300);
    table
}

fn hears(table: &mut Table, text: &str) {
    table.tell(Event::SpeechStarted);
    table.pass(300);
    table.tell(Event::SpeechEnded);
    table.tell(Event::Heard(HeardWords {
        text: text.into(),
        start_ms: table.now - 300,
        end_ms: table.now,
    }));
}

fn spoken_for_it(table: &Table) -> usize {
    table
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Speak(_)))
        .count()
}

#[test]
fn it_is_one_sentence_that_nobody_else_says() {
    let mut table = speaking("We do services. Would you like one?");
    let before = spoken_for_it(&table);
    table.pass(2_000);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&ALOUD));
    assert_eq!(spoken_for_it(&table), before);
    let count = table
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::SpeakAloud(_)))
        .count();
    assert_eq!(count, 1);
}

#[test]
fn what_noise_or_a_hum_cut_off_is_left_to_the_model() {
    for heard in ["", "Mhm."] {
        let mut table = speaking("We do services once a year.");
        let (asked, before) = (table.reply, spoken_for_it(&table));
        hears(&mut table, heard);
        assert!(table.row.is_empty(), "it fell silent");
        assert!(table.reply.is_some() && table.reply != asked, "{heard}");
        assert_eq!(spoken_for_it(&table), before, "no other voice repeats it");
    }
}

#[test]
fn it_is_cut_where_any_answer_is() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    let id = table.reply.expect("asked");
    table.tell(Event::Reply(id, ReplyNews::Aloud));
    for _ in 0..200 {
        table.tell(Event::Reply(id, words("and so on and on, ")));
    }
    assert_eq!(table.reply, None, "it was cancelled");
    let mut table = speaking("We do services.");
    hears(&mut table, "Stop calling me.");
    assert!(table.effects.contains(&Effect::OptOut));
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
}

#[test]
fn a_supervisor_silences_it() {
    let mut table = speaking("We do services once a year, and");
    table.tell(Event::SupervisorJoined(voice_of(7)));
    table.tell(Event::TakeOver(supervisor(7)));
    assert!(table.row.is_empty());
    let asked = table.reply;
    table.person_says("And then?", 400);
    assert_eq!(table.reply, asked, "what they say is written down, and not answered");
    assert_eq!(table.lines(Speaker::Person).last(), Some(&"And then?"));
    table.tell(Event::ReturnToAgent(supervisor(7).id));
    assert!(
        table.reply.is_some() && table.reply != asked,
        "the model goes on with what was said"
    );
}

#[test]
fn words_before_its_own_voice_are_said_for_it() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    table.model_says(vec![words("Well"), ReplyNews::Aloud, words("we do.")]);
    table.pass(2_500);
    assert_eq!(table.lines(Speaker::Agent)[2..], ["Well", ALOUD]);
}
