//! Answers that the model says itself.

use super::*;
use telephony::FRAME_SAMPLES;

const WORDS: [&str; 2] = ["Once upon a time there was a king ", "who slept badly."];
const FRAMES: u32 = 150;

fn story() -> Vec<ReplyPart> {
    let sound = || ReplyPart::Sound(Frame::new([5_000; FRAME_SAMPLES]));
    let mut parts = vec![ReplyPart::Aloud, said(WORDS[0])];
    parts.extend((0..FRAMES / 2).map(|_| sound()));
    parts.push(said(WORDS[1]));
    parts.extend((0..FRAMES / 2).map(|_| sound()));
    parts
}

fn asks(after: Vec<Act>) -> Vec<Act> {
    let mut acts = vec![
        Act::Answer,
        Act::UntilAgentSpoke(OPENING_FRAMES),
        Act::Quiet(20),
        Act::Speak(60),
    ];
    acts.extend(after);
    acts
}

#[tokio::test(start_paused = true)]
async fn are_played_in_its_own_sound_and_written_down_in_its_own_words() {
    let mut answer = story();
    answer.push(ReplyPart::EndCall);
    let (end, witness) = play(Scenario {
        acts: asks(vec![Act::Quiet(100_000)]),
        heard: vec!["Tell me a story."],
        answers: vec![Ok(answer)],
        // Nobody else could have said it.
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Completed);
    assert_eq!(lines(&witness, Speaker::Agent), [OPENING, WORDS.concat().as_str()]);
    assert_eq!(witness.agent_frames.load(Ordering::Relaxed), OPENING_FRAMES + FRAMES);
    assert_eq!(*witness.heard.lock().expect("unpoisoned"), [FRAMES * FRAME_MILLIS]);
}

#[tokio::test(start_paused = true)]
async fn are_cut_in_the_next_tick_and_the_model_is_told_how_much_was_heard() {
    let (end, witness) = play(Scenario {
        acts: asks(vec![
            Act::UntilAgentSpoke(OPENING_FRAMES + 60),
            Act::Speak(50),
            Act::HangUp,
        ]),
        heard: vec!["Tell me a story.", "Which king was that?"],
        answers: vec![Ok(story())],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::HungUp);
    let said = lines(&witness, Speaker::Agent).pop().expect("a part");
    assert!(
        WORDS.concat().starts_with(&said) && said.starts_with("Once") && said.len() < WORDS.concat().len(),
        "{said}"
    );
    // The last frame fades the voice out.
    let played = witness.agent_frames.load(Ordering::Relaxed) - OPENING_FRAMES - 1;
    assert_eq!(*witness.heard.lock().expect("unpoisoned"), [played * FRAME_MILLIS]);
    assert!((60..80).contains(&played), "{played}");
}

#[tokio::test(start_paused = true)]
async fn without_a_sound_are_not_said() {
    let (end, witness) = play(Scenario {
        acts: asks(vec![Act::Quiet(100_000)]),
        heard: vec!["Tell me a story."],
        answers: vec![Ok(vec![ReplyPart::Aloud, said("Mute."), ReplyPart::EndCall])],
        ..Scenario::default()
    })
    .await;
    assert_eq!(end.disposition, Disposition::Completed);
    assert_eq!(lines(&witness, Speaker::Agent), [OPENING]);
}
