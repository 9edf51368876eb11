//! Whole calls with a scripted room and scripted voices, on paused time: each takes milliseconds.

mod aloud;
pub(super) mod stage;

use super::*;
use domain::{
    agent_tools::{AgentTools, LookUp},
    call_command::CallCommand,
    conversation::{ConversationStatus, Speaker},
    live::Glimpse,
    recording::{ANNOUNCEMENT, RecordingRule},
    results::{Drawn, Evidence, Learned},
};
use stage::{Act, OPENING, OPENING_FRAMES, PANIC, Recorded, Scenario, lines, play, said};
use std::sync::atomic::Ordering;
use voice::ports::{ReplyPart, ToolUse, VoiceError};

#[tokio::test(start_paused = true)]
async fn a_conversation_with_results() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Ring,
            Act::Answer,
            Act::Quiet(10),
            Act::Speak(30),
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Quiet(20),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Hello?", "Yes, I like tea."],
        answers: vec![Ok(vec![
            said("Great. "),
            ReplyPart::Result {
                field: "interested".to_owned(),
                value: true.into(),
            },
            said("Goodbye."),
            ReplyPart::EndCall,
        ])],
        results: Ok(Drawn {
            summary: Some("They like\0 tea.".to_owned()),
            summary_lines: vec![2, 9],
            ..Drawn::default()
        }),
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Completed);
    assert_eq!(end.results.summary.as_deref(), Some("They like tea."));
    assert_eq!(end.results.fields.get("interested"), Some(&true.into()));
    let evidence = Evidence {
        learned: Learned::DuringCall,
        lines: vec![2],
    };
    assert_eq!(end.results.evidence.get("interested"), Some(&evidence));
    assert_eq!((end.results.summary_lines, end.not_drawn), (vec![2], None));
    let third = witness.sentences.lock().expect("unpoisoned")[2].text.clone();
    assert_eq!(third.reveal(), "Yes, I like tea.");
    assert_eq!(lines(&witness, Speaker::Agent), [OPENING, "Great.", "Goodbye."]);
    assert_eq!(lines(&witness, Speaker::Person), ["Hello?", "Yes, I like tea."]);
    let stages = witness.stages.lock().expect("unpoisoned").clone();
    assert_eq!(stages, [ConversationStatus::Ringing, ConversationStatus::Live]);
    let glimpses = witness.glimpses.lock().expect("unpoisoned");
    assert!(
        glimpses
            .iter()
            .any(|glimpse| matches!(glimpse, Glimpse::Levels { person, .. } if *person > 0))
    );
    assert!(
        glimpses
            .iter()
            .any(|glimpse| matches!(glimpse, Glimpse::PartialText { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_barge_in_stops_the_frames_at_once() {
    let (end, witness) = play(Scenario {
        acts: vec![Act::Answer, Act::UntilAgentSpoke(90), Act::Speak(50), Act::HangUp],
        heard: vec!["Wait a minute"],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::HungUp);
    let ticks = witness.ticks.lock().expect("unpoisoned").clone();
    let began = ticks.iter().position(|tick| tick.0).expect("the person spoke");
    let last = ticks.iter().rposition(|tick| tick.1).expect("the agent spoke");
    let onset = (crate::turns::ONSET_MS / FRAME_MILLIS) as usize;
    assert!(
        last < began + onset + 5,
        "silent {} ticks after the person began",
        last - began
    );
    let sentences = witness.sentences.lock().expect("unpoisoned");
    let cut = sentences
        .iter()
        .find(|said| said.speaker == Speaker::Agent)
        .expect("a part");
    assert!(cut.interrupted && OPENING.starts_with(cut.text.reveal()) && cut.text.reveal().len() < OPENING.len());
    // The last words of a person who hangs up are kept.
    assert!(sentences.iter().any(|said| said.text.reveal() == "Wait a minute"));
}

#[tokio::test(start_paused = true)]
async fn stop_calling_me_works_with_a_model_that_never_answers() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Stop calling me."],
        model_hangs: true,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::OptedOut);
    assert!(witness.opted_out.load(Ordering::Relaxed));
    assert!(
        end.not_drawn.is_some(),
        "the results could not be drawn, and it is said"
    );
    let ticks = witness.ticks.lock().expect("unpoisoned");
    let person_done = ticks.iter().rposition(|tick| tick.0).expect("spoke");
    // 600 ms until the turn is over, 150 ms for the text, two seconds for the goodbye.
    assert!(ticks.len() - person_done < (600 + 150 + 2_000) / 20 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_model_fails_the_call_politely() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Tell me more."],
        model_hangs: true,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert!(end.results.reason.is_some());
    let said = lines(&witness, Speaker::Agent);
    assert_eq!(said[1..2], ["Sorry, one moment please."]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_room_is_lost() {
    let (end, _) = play(Scenario {
        acts: vec![Act::Answer, Act::Quiet(50), Act::Die],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Lost);
}

#[tokio::test(start_paused = true)]
async fn nobody_speaks() {
    let (end, witness) = play(Scenario::default()).await;
    assert_eq!(end.disposition, Disposition::Silent);
    assert_eq!(
        lines(&witness, Speaker::Agent).len(),
        5,
        "opening, two questions, two sentences of goodbye"
    );
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_and_a_stop_end_calls() {
    let (end, witness) = play(Scenario {
        commands: vec![
            (3_000, CallCommand::Say("Just a test.".into())),
            (2_000, CallCommand::Whisper("Be brief.".into())),
            (500, CallCommand::End),
        ],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::EndedBySupervisor);
    assert!(lines(&witness, Speaker::Agent).contains(&"Just a test.".to_owned()));
    assert_eq!(lines(&witness, Speaker::Supervisor), ["Be brief."]);

    let (end, _) = play(Scenario {
        stop_after_ms: Some(4_000),
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert!(end.duration < Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn a_scribe_that_stumbles_loses_nothing_and_one_that_fails_ends_the_call() {
    let acts = vec![Act::Ring, Act::Answer, Act::Quiet(200), Act::HangUp];
    let (end, witness) = play(Scenario {
        acts: acts.clone(),
        failing_writes: 3,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::HungUp);
    assert_eq!(lines(&witness, Speaker::Agent), [OPENING]);
    assert_eq!(end.results.reason, None);

    let (end, _) = play(Scenario {
        failing_writes: u32::MAX,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert!(end.results.reason.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_call_back_wish_outlives_a_failed_extraction() {
    let (end, _) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Call me tomorrow."],
        answers: vec![Ok(vec![
            ReplyPart::CallBack {
                when: "tomorrow".to_owned(),
                at: None,
            },
            said("I will. Goodbye."),
            ReplyPart::EndCall,
        ])],
        results: Err(VoiceError::Unavailable("down".to_owned())),
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::CallBack);
    assert_eq!(end.results.call_back.as_deref(), Some("tomorrow"));
    assert!(end.not_drawn.is_some_and(|why| why.contains("down")));
    assert_eq!(end.results.summary, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_looked_up_is_said_and_a_service_that_panics_is_none() {
    let ask = |question: &str| ReplyPart::Tool(ToolUse::LookUp(question.into()));
    for (question, said) in [("The weather?", "It rains."), ("The way?", crate::flow::FOUND_NOTHING)] {
        let (_, witness) = play(Scenario {
            acts: vec![
                Act::Answer,
                Act::UntilAgentSpoke(OPENING_FRAMES),
                Act::Speak(60),
                Act::Quiet(100_000),
            ],
            heard: vec!["What is the weather like?"],
            answers: vec![Ok(vec![ask(question)])],
            tools: AgentTools {
                look_up: Some(LookUp {
                    url: "https://weather.example.com/".to_owned(),
                    about: "The weather.".to_owned(),
                }),
                ..AgentTools::default()
            },
            ..Scenario::default()
        })
        .await;
        let lines = lines(&witness, Speaker::Agent);
        assert!(said.starts_with(&lines[1]), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_without_sound_has_said_nothing() {
    let (end, witness) = play(Scenario {
        mute: true,
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Failed);
    assert_eq!(lines(&witness, Speaker::Agent), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_panics_does_not_silence_the_call() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Speak(60),
            Act::Quiet(150),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec![PANIC, "Yes."],
        answers: vec![Ok(vec![said("Goodbye."), ReplyPart::EndCall])],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Completed);
    assert_eq!(
        lines(&witness, Speaker::Agent)[1..],
        ["Sorry, could you say that again?", "Goodbye."]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_recorded_before_it_was_announced_and_everything_after() {
    for (recording, frames_before) in [
        (RecordingRule::Always, 0),
        (
            RecordingRule::Announce,
            OPENING_FRAMES as usize + ANNOUNCEMENT.len() * 3,
        ),
        (RecordingRule::Beep, OPENING_FRAMES as usize + 20),
        (RecordingRule::Never, usize::MAX),
    ] {
        let (_, witness) = play(Scenario {
            recording,
            ..Scenario::default()
        })
        .await;
        let (ticks, recorded) = (
            witness.ticks.lock().expect("unpoisoned").clone(),
            witness.recorded.lock().expect("unpoisoned").clone(),
        );
        let Some(Recorded::LeftOut(before)) = recorded.first().copied() else {
            assert!(
                recording == RecordingRule::Never && recorded.is_empty(),
                "{recording:?}"
            );
            continue;
        };
        let spoken = |ticks: &[(bool, bool)]| ticks.iter().filter(|(_, agent)| *agent).count();
        assert_eq!(spoken(&ticks[..before]), frames_before, "{recording:?}");
        assert_eq!(recorded.len() - 1, ticks.len() - before, "no tick after it is missing");
        let heard = recorded[1..]
            .iter()
            .filter(|tick| **tick == Recorded::Tick { agent_speaks: true });
        assert_eq!(heard.count(), spoken(&ticks[before..]));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_to_be_left_alone_while_they_are_handed_over_is_heard() {
    let (end, witness) = play(Scenario {
        acts: vec![
            Act::Answer,
            Act::UntilAgentSpoke(OPENING_FRAMES),
            Act::Quiet(100),
            Act::Speak(60),
            Act::Quiet(100_000),
        ],
        heard: vec!["Stop calling me."],
        commands: vec![
            (3_000, CallCommand::Press('4')),
            (100, CallCommand::Press('#')),
            (900, CallCommand::Transfer("+14155550199".into())),
        ],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::OptedOut);
    assert!(witness.opted_out.load(Ordering::Relaxed));
    assert!(end.duration < Duration::from_secs(15), "at once: {:?}", end.duration);
    assert_eq!(*witness.keys.lock().expect("unpoisoned"), "4#");
    assert_eq!(lines(&witness, Speaker::Act), ["Mia pressed 4#"]);
}
