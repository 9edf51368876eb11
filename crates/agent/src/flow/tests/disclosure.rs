//! Nothing is answered before the person has heard who is calling, and that it is an AI.

use super::*;

const OBJECTION: &str = "Yes, yes, I know all about this, and now you listen to me for once.";

impl Table {
    fn asked_the_model(&self) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::StartReply(_)))
    }

    fn openings_begun(&self) -> usize {
        let begun = |effect: &&Effect| matches!(effect, Effect::Speak(sentence) if sentence.text.reveal().starts_with("Hello, this is"));
        self.effects.iter().filter(begun).count()
    }
}

#[test]
fn who_talks_over_the_opening_hears_it_again_before_anything_else() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.sentence_ms = 2_500;
    table.tell(Event::Answered);
    table.pass(300);
    table.person_says(OBJECTION, 3_000);
    assert!(!table.asked_the_model(), "they have not heard who is calling");
    table.pass(6_000);
    assert_eq!(table.openings_begun(), 2);
    assert!(
        table
            .lines(Speaker::Agent)
            .contains(&"Hello, this is the AI assistant of Tea Company.")
    );
    table.person_says("What do you want?", 800);
    assert!(table.asked_the_model());
}

#[test]
fn who_cannot_be_told_is_not_spoken_with() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.sentence_ms = 2_500;
    table.tell(Event::Answered);
    for _ in 0..10 {
        table.pass(300);
        table.person_says(OBJECTION, 3_000);
    }
    table.pass(6_000);
    assert!(!table.asked_the_model());
    let (disposition, reason) = table.ends().remove(0);
    assert_eq!(disposition, Disposition::Failed);
    assert!(reason.is_some_and(|reason| reason.contains("could not be told who is calling")));
}

#[test]
fn an_opening_that_could_not_be_made_is_tried_again_before_an_answer() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.pass(60);
    while let Some((sentence, _)) = table.row.pop_front() {
        table.tell(Event::SentenceFailed(sentence.id));
    }
    table.person_says("Hello, who is there, please?", 800);
    assert!(!table.asked_the_model());
    table.pass(3_000);
    assert!(
        table
            .lines(Speaker::Agent)
            .contains(&"Hello, this is the AI assistant of Tea Company.")
    );
}
