//! Conversations without a runtime: events go in, and a small stand-in for the driver answers the effects.

mod aloud;
mod any_order;
mod colleague;
mod disclosure;
mod inbound;
mod notice;
mod supervision;
mod table;
mod tools;
mod who_answered;

use super::*;
use crate::call::{SaidAloud, TakenOver};
use domain::{
    conversation::{ConversationStatus, Speaker},
    results::FieldKind,
};
use std::collections::VecDeque;
use supervision::{supervisor, voice_of};
use table::{Table, rules, words};
use telephony::{FarEnd, NotAnswered};
use voice::line_sound::LineSound;

#[test]
fn a_whole_conversation() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Ringing);
    table.tell(Event::Answered);
    table.person_says("Hello?", 400);
    table.pass(2_500);
    assert_eq!(table.reply, None, "the opening answers the first hello");
    table.person_says("Yes, I have a minute.", 1_000);
    table.model_says(vec![
        words("Great. Do you "),
        words("like tea?"),
        ReplyNews::Result {
            field: "interested".to_owned(),
            value: true.into(),
        },
        ReplyNews::Result {
            field: "invented".to_owned(),
            value: true.into(),
        },
    ]);
    table.pass(2_500);
    table.person_says("I do.", 500);
    table.model_says(vec![words("Thank you. Goodbye."), ReplyNews::EndCall]);
    table.pass(4_000);
    assert_eq!(table.ends(), [(Disposition::Completed, None)]);
    assert_eq!(
        table.lines(Speaker::Agent),
        [
            "Hello, this is the AI assistant of Tea Company.",
            "Do you have a minute?",
            "Great.",
            "Do you like tea?",
            "Thank you.",
            "Goodbye."
        ]
    );
    assert_eq!(
        table.lines(Speaker::Person),
        ["Hello?", "Yes, I have a minute.", "I do."]
    );
    assert_eq!(table.flow.results().fields.keys().collect::<Vec<_>>(), ["interested"]);
    assert!(table.effects.contains(&Effect::SetStage(ConversationStatus::Ringing)));
    assert!(table.effects.contains(&Effect::SetStage(ConversationStatus::Live)));
}

#[test]
fn what_became_of_a_dial() {
    for (why, disposition) in [
        (NotAnswered::NoAnswer { sip_code: None }, Disposition::NoAnswer),
        (NotAnswered::Busy { sip_code: None }, Disposition::Busy),
        (NotAnswered::Rejected { sip_code: None }, Disposition::Rejected),
        (
            NotAnswered::Unreachable { sip_code: Some(404) },
            Disposition::Unreachable,
        ),
    ] {
        let mut table = Table::new(VoicemailPolicy::HangUp);
        table.tell(Event::Ringing);
        table.tell(Event::NotAnswered(why));
        assert_eq!(table.disposition(), Some(disposition));
    }
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Stop);
    assert_eq!(table.disposition(), Some(Disposition::NoAnswer));
}

#[test]
fn a_barge_in_silences_the_agent_and_keeps_only_what_was_said() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    table.model_says(vec![words("One two three. Four five six.")]);
    table.pass(300);
    table.tell(Event::SpeechStarted);
    assert!(table.row.is_empty());
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"One"));
    assert!(table.written.last().is_some_and(|said| said.interrupted));
    table.pass(500);
    table.tell(Event::SpeechEnded);
    let before = table.reply;
    table.tell(Event::Heard(HeardWords {
        text: "Wait, what does it cost?".into(),
        start_ms: 0,
        end_ms: 0,
    }));
    assert!(table.reply.is_some() && table.reply != before);
    assert_eq!(
        table
            .flow
            .prompt()
            .lines
            .iter()
            .rev()
            .nth(1)
            .map(|line| line.text.reveal()),
        Some("One")
    );
}

#[test]
fn news_of_a_cancelled_answer_are_not_spoken() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    let stale = table.reply.expect("asked");
    table.tell(Event::SpeechStarted);
    table.tell(Event::Reply(stale, words("Too late. Really.")));
    table.tell(Event::Reply(stale, ReplyNews::Done));
    assert!(table.row.is_empty());
}

#[test]
fn who_is_calling_is_said_again_if_a_hello_cut_it_off() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.person_says("Hello, this is Ada.", 1_400);
    table.pass(400);
    table.person_says("Hello?", 400);
    assert_eq!(table.reply, None);
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent),
        [
            "Hello,",
            "Hello, this is the AI assistant of Tea Company.",
            "Do you have a minute?"
        ]
    );
}

#[test]
fn a_hello_into_the_first_sentence_does_not_cut_it_and_whoever_goes_on_does() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.pass(500);
    table.person_says("Hello?", 900);
    table.pass(3_000);
    assert_eq!(table.reply, None, "the opening is the answer");
    let opening = [
        "Hello, this is the AI assistant of Tea Company.",
        "Do you have a minute?",
    ];
    assert_eq!(table.lines(Speaker::Agent), opening);

    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.pass(200);
    table.person_says("Hello, who is that, and where did you get my number?", 2_000);
    assert!(table.effects.contains(&Effect::StopSpeaking));
    assert!(table.reply.is_some());
}

fn may_have_said(table: &mut Table, text: &str, start_ms: u32) {
    table.tell(Event::MayHaveSaid(HeardWords {
        text: text.into(),
        start_ms,
        end_ms: table.now,
    }));
}

#[test]
fn an_answer_is_begun_ahead_and_said_when_it_is_certain() {
    let mut table = Table::talking();
    let start_ms = table.now;
    table.tell(Event::SpeechStarted);
    table.pass(800);
    may_have_said(&mut table, "Tell me more.", start_ms);
    let last = table.flow.prompt().lines.pop().expect("a line");
    assert_eq!(last.text.reveal(), "Tell me more.");
    let ahead = table.reply.expect("asked ahead");
    table.tell(Event::Reply(ahead, words("Gladly. It is ")));
    table.tell(Event::Reply(
        ahead,
        ReplyNews::Result {
            field: "interested".to_owned(),
            value: true.into(),
        },
    ));
    table.pass(200);
    assert!(
        table.row.is_empty() && table.flow.results().fields.is_empty(),
        "nothing is certain yet"
    );
    table.tell(Event::SpeechEnded);
    table.tell(Event::Heard(HeardWords {
        text: "Tell me more.".into(),
        start_ms,
        end_ms: table.now,
    }));
    assert_eq!(table.reply, Some(ahead), "the same answer");
    assert_eq!(
        table.row.front().map(|(sentence, _)| sentence.text.reveal()),
        Some("Gladly.")
    );
    assert_eq!(table.flow.results().fields.len(), 1);
    table.tell(Event::Reply(ahead, words("green tea.")));
    table.tell(Event::Reply(ahead, ReplyNews::Done));
    table.pass(3_000);
    assert_eq!(table.lines(Speaker::Agent)[2..], ["Gladly.", "It is green tea."]);
    assert_eq!(table.lines(Speaker::Person), ["Tell me more."]);
}

#[test]
fn what_was_thought_ahead_is_thrown_away_if_they_go_on() {
    let mut table = Table::talking();
    let start_ms = table.now;
    table.tell(Event::SpeechStarted);
    table.pass(800);
    may_have_said(&mut table, "I want it.", start_ms);
    let ahead = table.reply.expect("asked ahead");
    table.tell(Event::Reply(ahead, words("Wonderful.")));
    table.tell(Event::Reply(ahead, ReplyNews::EndCall));
    table.tell(Event::Reply(ahead, ReplyNews::Done));
    table.tell(Event::WentOn);
    assert_eq!(table.reply, None, "cancelled");
    table.pass(400);
    table.tell(Event::SpeechEnded);
    table.tell(Event::Heard(HeardWords {
        text: "I want it. To stop, I mean the noise.".into(),
        start_ms,
        end_ms: table.now,
    }));
    assert!(table.row.is_empty());
    assert!(table.reply.is_some_and(|reply| reply != ahead), "asked anew");
    assert_eq!(table.ends(), []);
}

#[test]
fn nothing_is_thought_ahead_of_an_open_sentence_or_while_the_agent_speaks() {
    let mut table = Table::talking();
    table.tell(Event::SpeechStarted);
    let start_ms = table.now;
    may_have_said(&mut table, "I would like it, but", start_ms);
    assert_eq!(table.reply, None);
    for word in ["One.", "Two.", "Three.", "Four."] {
        may_have_said(&mut table, word, start_ms);
        table.tell(Event::WentOn);
    }
    let asked = table
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::StartReply(_)));
    assert_eq!(asked.count(), 3, "it is not asked for ever");
}

#[test]
fn who_only_listens_does_not_take_the_floor() {
    let mut table = Table::talking();
    table.person_says("Tell me more.", 500);
    table.model_says(vec![words("It is green tea from the hills. You will like it.")]);
    table.pass(300);
    table.person_says("Mhm.", 300);
    assert_eq!(table.reply.map(|reply| reply.0), Some(1), "nobody was asked again");
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent)[2..],
        ["It", "It is green tea from the hills.", "You will like it."]
    );
}

#[test]
fn a_yes_to_a_question_that_was_cut_is_an_answer() {
    let mut table = Table::talking();
    table.person_says("Tell me more.", 500);
    table.model_says(vec![words("Do you like green tea?")]);
    table.pass(300);
    table.person_says("Yes.", 300);
    assert_eq!(table.reply.map(|reply| reply.0), Some(2));
}

#[test]
fn noise_does_not_end_what_the_agent_was_saying() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.pass(1_300);
    table.person_says("", 400);
    table.pass(3_000);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Do you have a minute?"));
}

#[test]
fn a_request_not_to_be_called_again_is_honoured_without_a_model() {
    let mut table = Table::talking();
    table.person_says("Please stop calling me.", 900);
    assert_eq!(table.reply, None);
    table.pass(OPT_OUT_END_MS);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
    let opted_out = table.index(|effect| *effect == Effect::OptOut);
    assert!(opted_out < table.index(|effect| *effect == Effect::HangUp));
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Goodbye."));
}

#[test]
fn the_key_9_and_last_words_opt_out_too() {
    let mut table = Table::talking();
    table.tell(Event::Dtmf('9'));
    table.pass(OPT_OUT_END_MS);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));

    let mut flow = ConversationFlow::new(rules(VoicemailPolicy::HangUp));
    let heard = |text: &str| {
        Event::Heard(HeardWords {
            text: text.into(),
            start_ms: 0,
            end_ms: 0,
        })
    };
    flow.handle(Event::Answered, 0);
    flow.handle(Event::Left(FarEnd::HungUp), 500);
    assert!(
        flow.handle(heard("take me off your list"), 500)
            .contains(&Effect::OptOut)
    );
    let end = Effect::End {
        disposition: Disposition::OptedOut,
        reason: None,
    };
    assert_eq!(flow.handle(Event::Settled, 500), [end]);
}

#[test]
fn a_request_in_the_middle_of_a_long_turn_counts_once_it_stands() {
    let mut table = Table::talking();
    table.tell(Event::SpeechStarted);
    table.tell(Event::Partial("take me off your list and".into()));
    table.pass(500);
    assert!(!table.effects.contains(&Effect::OptOut));
    table.pass(300);
    assert!(table.effects.contains(&Effect::OptOut));
}

#[test]
fn silence_is_asked_about_twice_and_ends_the_call() {
    let mut table = Table::talking();
    table.pass(30_000);
    assert_eq!(table.ends(), [(Disposition::Silent, None)]);
    let asked = table.lines(Speaker::Agent);
    assert_eq!(
        asked.iter().filter(|line| **line == "Hello, can you hear me?").count(),
        2
    );

    let mut table = Table::talking();
    table.person_says("Hm, well.", 500);
    table.model_says(vec![words("Yes?")]);
    table.pass(30_000);
    assert_eq!(table.disposition(), Some(Disposition::Completed));
    let asked = table.lines(Speaker::Agent);
    assert_eq!(asked.iter().filter(|line| **line == "Are you still there?").count(), 2);
}

#[test]
fn a_supervisor_whispers_speaks_and_ends() {
    let mut table = Table::talking();
    table.tell(Event::Whisper("Offer a discount.".into()));
    assert_eq!(table.lines(Speaker::Supervisor), ["Offer a discount."]);
    table.person_says("Go on.", 500);
    table.model_says(vec![words("Well, you see this is long.")]);
    table.pass(200);
    table.tell(Event::Say("We give ten percent.".into()));
    table.pass(1_200);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"We give ten percent."));
    table.tell(Event::EndBySupervisor);
    table.pass(2_500);
    assert_eq!(table.disposition(), Some(Disposition::EndedBySupervisor));
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Goodbye."));
}

#[test]
fn the_longest_time_ends_with_a_sentence() {
    let mut table = Table::talking();
    let mut turns = 0;
    while table.disposition().is_none() {
        turns += 1;
        assert!(turns < 1_000, "it ends");
        table.person_says("And then I went on.", 2_000);
        if table.reply.is_some() && table.disposition().is_none() {
            table.model_says(vec![words("I see.")]);
        }
        table.pass(1_500);
    }
    assert_eq!(table.disposition(), Some(Disposition::TimeLimit));
    assert!(table.now <= 130_000);
}

#[test]
fn a_broken_model_is_asked_twice() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    let first = table.reply.expect("asked");
    table.tell(Event::Reply(first, ReplyNews::Failed));
    let second = table.reply.expect("asked again");
    assert_ne!(first, second);
    table.pass(1_200);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Sorry, one moment please."));
    table.tell(Event::Reply(second, ReplyNews::Failed));
    table.pass(4_000);
    let ends = table.ends();
    assert_eq!(ends.len(), 1);
    assert_eq!(ends[0].0, Disposition::Failed);
    assert!(ends[0].1.is_some());
}

#[test]
fn an_endless_answer_is_cut() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    let id = table.reply.expect("asked");
    for _ in 0..1_000 {
        table.tell(Event::Reply(id, words("And on it goes. ")));
    }
    assert_eq!(table.row.len(), 12);
    assert_eq!(table.reply, None, "cancelled");
}

#[test]
fn a_question_into_the_goodbye_takes_the_conversation_up_again() {
    for (text, goes_on) in [("Okay, bye bye.", false), ("Wait, one question.", true)] {
        let mut table = Table::talking();
        table.person_says("No, that is all.", 500);
        table.model_says(vec![words("Thank you for your time. Goodbye."), ReplyNews::EndCall]);
        table.pass(300);
        table.person_says(text, 700);
        assert_eq!(table.disposition().is_none(), goes_on, "{text}");
    }
}

#[test]
fn a_call_that_cannot_be_written_down_ends() {
    let mut table = Table::talking();
    table.tell(Event::ScribeFailed);
    table.pass(4_200);
    assert_eq!(table.disposition(), Some(Disposition::Failed));
}

#[test]
fn the_person_hangs_up() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    table.model_says(vec![words("This is a long sentence.")]);
    table.pass(200);
    table.tell(Event::Left(FarEnd::HungUp));
    assert_eq!(table.disposition(), Some(Disposition::HungUp));
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"This"));
    let end = table.effects.len() - 1;
    assert!(matches!(table.effects[end], Effect::End { .. }));
}

#[test]
fn a_noise_in_the_pause_between_two_sentences_loses_neither() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.pass(1_300);
    let (first, began) = table.row.pop_front().expect("the opening is being said");
    table.row.clear();
    // The voice was cut after the last word of the first sentence.
    let effects = table.flow.handle(Event::SpeechStarted, table.now);
    assert!(effects.contains(&Effect::StopSpeaking));
    let text = first.text.reveal().to_owned();
    let spoken = table.spoken(first.id, text, began.expect("it began"), false);
    table.tell(spoken.expect("told"));
    table.pass(300);
    table.tell(Event::SpeechEnded);
    table.tell(Event::Heard(HeardWords {
        text: "".into(),
        start_ms: 0,
        end_ms: 0,
    }));
    table.pass(1_500);
    assert_eq!(
        table.lines(Speaker::Agent),
        [
            "Hello, this is the AI assistant of Tea Company.",
            "Do you have a minute?"
        ]
    );
}

#[test]
fn a_short_answer_into_the_question_of_the_opening_is_an_answer() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.tell(Event::Answered);
    table.pass(2_300);
    table.person_says("Yes.", 400);
    assert!(table.reply.is_some(), "who is calling has been said");
}

#[test]
fn somebody_who_asks_not_to_be_called_is_let_finish() {
    let mut table = Table::talking();
    table.tell(Event::SpeechStarted);
    table.tell(Event::Partial("take me off your list and".into()));
    table.pass(1_000);
    assert!(table.effects.contains(&Effect::OptOut));
    assert!(table.row.is_empty(), "nobody is talked over");
    table.tell(Event::SpeechEnded);
    assert_eq!(table.row.len(), 2, "two sentences of goodbye");
    table.pass(OPT_OUT_END_MS);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));

    let mut table = Table::talking();
    table.tell(Event::SpeechStarted);
    table.tell(Event::Partial("take me off your list and".into()));
    table.pass(700 + 2 * OPT_OUT_END_MS + 40);
    assert_eq!(
        table.disposition(),
        Some(Disposition::OptedOut),
        "nor waited for for ever"
    );
}

#[test]
fn a_request_whose_text_was_never_finished_counts_at_the_end() {
    let mut flow = ConversationFlow::new(rules(VoicemailPolicy::HangUp));
    flow.handle(Event::Answered, 0);
    flow.handle(Event::SpeechStarted, 500);
    flow.handle(Event::Partial("stop calling me".into()), 900);
    flow.handle(Event::Left(FarEnd::HungUp), 1_000);
    let effects = flow.handle(Event::Settled, 1_000);
    assert_eq!(effects.first(), Some(&Effect::OptOut));
    let end = Effect::End {
        disposition: Disposition::OptedOut,
        reason: None,
    };
    assert_eq!(effects.last(), Some(&end));
}

#[test]
fn a_voice_that_fails_again_and_again_ends_the_call() {
    let mut table = Table::talking();
    let mut answers = 0;
    while table.disposition().is_none() {
        answers += 1;
        assert!(answers < 10, "it ends although the model answers");
        table.person_says("Hello? Are you there?", 500);
        table.model_says(vec![words("Yes.")]);
        if let Some((sentence, _)) = table.row.pop_front() {
            table.tell(Event::SentenceFailed(sentence.id));
        }
    }
    assert_eq!(table.disposition(), Some(Disposition::Failed));
}

#[test]
fn a_network_that_takes_the_answer_back_ends_the_call() {
    let mut table = Table::talking();
    table.tell(Event::NotAnswered(NotAnswered::NoAnswer { sip_code: None }));
    assert_eq!(table.disposition(), Some(Disposition::Lost));
}

#[test]
fn nothing_to_say_interrupts_nothing() {
    let mut table = Table::talking();
    table.person_says("Go on.", 500);
    table.model_says(vec![words("One two three.")]);
    table.pass(200);
    table.tell(Event::Say(" … ".into()));
    table.pass(1_500);
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"One two three."));
}

#[test]
fn the_agent_waits_for_a_goodbye() {
    for (text, disposition) in [("Bye.", Some(Disposition::Completed)), ("Wait, one question.", None)] {
        let mut table = Table::talking();
        table.person_says("No, that is all.", 500);
        table.model_says(vec![words("Goodbye."), ReplyNews::EndCall]);
        table.pass(1_600);
        assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Goodbye."));
        assert_eq!(table.disposition(), None, "it is still there");
        table.person_says(text, 400);
        assert_eq!(table.disposition(), disposition, "{text}");
    }
}

fn said_before(speaker: Speaker, text: &str) -> SaidAloud {
    SaidAloud {
        speaker,
        text: text.into(),
        start_ms: 0,
        end_ms: 900,
        interrupted: false,
    }
}

#[test]
fn a_call_that_is_taken_over_is_bridged_and_goes_on() {
    let earlier = |said| TakenOver {
        said,
        since_answer_ms: 30_000,
        opted_out: false,
        recording_began: true,
    };
    // The person has asked something: they get an answer.
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.take_over(&earlier(vec![
        said_before(Speaker::Agent, "Do you like tea?"),
        said_before(Speaker::Person, "What does it cost?"),
        said_before(Speaker::Supervisor, "Five dollars."),
    ]));
    table.model_says(vec![words("It is five dollars."), ReplyNews::Done]);
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent),
        ["Sorry, we were cut off for a moment.", "It is five dollars."]
    );
    let prompt: Vec<String> = table
        .flow
        .prompt()
        .lines
        .iter()
        .map(|line| line.text.reveal().to_owned())
        .collect();
    assert_eq!(prompt[..3], ["Do you like tea?", "What does it cost?", "Five dollars."]);
    assert!(table.flow.person_spoke());
    // The agent was speaking: it says the last sentence again.
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.take_over(&earlier(vec![said_before(Speaker::Agent, "I see. Do you like tea?")]));
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent),
        ["Sorry, we were cut off for a moment.", "Do you like tea?"]
    );
    // Nothing was said: the person must first hear who is calling.
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.take_over(&earlier(Vec::new()));
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent)[0],
        "Hello, this is the AI assistant of Tea Company."
    );
    // The time since the answer counts.
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.take_over(&TakenOver {
        since_answer_ms: 112_000,
        ..earlier(Vec::new())
    });
    table.pass(9_000);
    assert_eq!(table.disposition(), Some(Disposition::TimeLimit));
}

#[test]
fn whoever_asked_to_stop_before_the_worker_died_hears_only_goodbye() {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.take_over(&TakenOver {
        said: vec![said_before(Speaker::Person, "Stop calling me.")],
        since_answer_ms: 5_000,
        opted_out: true,
        recording_began: true,
    });
    table.pass(5_000);
    assert_eq!(table.lines(Speaker::Agent), ["We won't call again.", "Goodbye."]);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
}
