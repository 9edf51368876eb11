use super::*;
use crate::{
    clip::Clip,
    person::phrases,
    studio::{Studio, StudioConfig},
    voice_of::{MACHINE, PEOPLE, SpeakerVoice, agent},
};
use telephony::FRAME_SAMPLES;

fn heard(book: &Arc<PhraseBook>, frames: impl IntoIterator<Item = Frame>) -> String {
    let mut ear = book.recogniser();
    for frame in frames {
        ear.hear(&frame);
    }
    ear.finish()
}

fn with_silence(clip: &Clip) -> Vec<Frame> {
    let silence = || std::iter::repeat_n(Frame::silence(), 25);
    silence().chain(clip.frames.iter().cloned()).chain(silence()).collect()
}

fn samples(frames: &[Frame]) -> Vec<i16> {
    frames.iter().flat_map(|frame| frame.samples().to_vec()).collect()
}

fn frames(samples: &[i16]) -> Vec<Frame> {
    samples.chunks(FRAME_SAMPLES).map(Frame::from_slice).collect()
}

fn noise(seed: u32, loud: i32) -> impl FnMut() -> i16 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::try_from((i32::try_from(state >> 16).unwrap_or(0) - 32_768) * loud / 32_768).unwrap_or(0)
    }
}

/// A studio that has rendered everything that people say, in speech and in tones.
async fn studios() -> &'static [Arc<Studio>] {
    static STUDIOS: tokio::sync::OnceCell<Vec<Arc<Studio>>> = tokio::sync::OnceCell::const_new();
    STUDIOS.get_or_init(prepared_studios).await
}

async fn prepared_studios() -> Vec<Arc<Studio>> {
    let folder = std::env::temp_dir().join("ringside-test-voices");
    let mut studios = Vec::new();
    for tones_only in [false, true] {
        let studio = Studio::new(StudioConfig {
            cache: Some(folder.clone()),
            tones_only,
        });
        studio.prepare().await.expect("rendered");
        studios.push(studio);
    }
    studios
}

async fn all_clips(studio: &Studio, voices: &[SpeakerVoice]) -> Vec<Arc<Clip>> {
    let mut clips = Vec::new();
    for voice in voices.iter().copied() {
        for text in phrases::stock() {
            clips.push(studio.render(voice, text).await.expect("rendered"));
        }
    }
    for text in phrases::GREETINGS_OF_MACHINES {
        clips.push(studio.render(MACHINE, text).await.expect("rendered"));
    }
    clips
}

#[tokio::test]
async fn every_phrase_is_recognised_by_its_sound_and_none_is_taken_for_another() {
    for studio in studios().await {
        let mut wrong = Vec::new();
        for clip in all_clips(studio, &PEOPLE).await {
            let heard = heard(studio.phrase_book(), with_silence(&clip));
            if heard != *clip.text {
                wrong.push((clip.text.clone(), heard));
            }
        }
        assert!(wrong.is_empty(), "speech: {}, {wrong:#?}", studio.speaks());
    }
}

#[tokio::test]
async fn a_phrase_is_recognised_quieter_with_noise_and_even_between_frames() {
    let studio = &studios().await[0];
    let clips = all_clips(studio, &PEOPLE[1..2]).await;
    for (between, most_missed) in [(0, 0.02), (90, 0.1)] {
        let mut missed = Vec::new();
        for clip in &clips {
            let mut hiss = noise(11, 30);
            let sound: Vec<i16> = std::iter::repeat_n(0, between)
                .chain(samples(&with_silence(clip)))
                .map(|sample| sample / 2 + hiss())
                .collect();
            let heard = heard(studio.phrase_book(), frames(&sound));
            if heard != *clip.text {
                missed.push((clip.text.clone(), heard));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred clips")]
        let share = missed.len() as f32 / clips.len() as f32;
        assert!(
            share <= most_missed,
            "{between}: {} of {}: {missed:#?}",
            missed.len(),
            clips.len()
        );
    }
}

#[tokio::test]
async fn every_phrase_sounds_like_speech_to_the_agent() {
    for studio in studios().await {
        for clip in all_clips(studio, &PEOPLE).await {
            let mut activity = voice::activity::VoiceActivity::new();
            let voiced = with_silence(&clip)
                .iter()
                .filter(|frame| activity.hear(frame).speaking)
                .count();
            // The agent takes 160 ms of voice for the beginning of a turn.
            assert!(
                voiced >= 10,
                "{} ({voiced} frames, speech: {})",
                clip.text,
                studio.speaks()
            );
        }
    }
}

#[tokio::test]
async fn half_a_sentence_gives_half_its_words() {
    let studio = &studios().await[0];
    let text = "Hello Ada, this is the AI assistant of Example Company. Do you have a minute?";
    let clip = studio.render(agent("en-US"), text).await.expect("rendered");
    let words: Vec<&str> = text.split(' ').collect();
    let mut before = 0;
    for part in 1..=4 {
        let cut = clip.frames.len() * part / 5;
        let silence = std::iter::repeat_n(Frame::silence(), 40);
        let heard = heard(studio.phrase_book(), clip.frames[..cut].iter().cloned().chain(silence));
        let count = heard.split_whitespace().count();
        assert_eq!(words[..count].join(" "), heard);
        assert!(count > before && count < words.len(), "{part}: {heard}");
        before = count;
    }
}

#[tokio::test]
async fn words_come_while_they_are_spoken_and_sentences_follow_each_other() {
    let studio = &studios().await[0];
    let one = studio
        .render(PEOPLE[1], "Yes, I would like that.")
        .await
        .expect("rendered");
    let two = studio.render(PEOPLE[1], "Friday is fine.").await.expect("rendered");
    let mut ear = studio.phrase_book().recogniser();
    let mut partial = Vec::new();
    for frame in with_silence(&one).into_iter().chain(with_silence(&two)) {
        partial.extend(ear.hear(&frame).map(str::to_owned));
    }
    assert_eq!(ear.finish(), "Yes, I would like that. Friday is fine.");
    assert!(partial.len() >= 5, "{partial:?}");
}

#[tokio::test]
async fn noise_and_unknown_speech_give_nothing() {
    let studio = &studios().await[0];
    for loud in [200, 2_000, 20_000] {
        let mut hiss = noise(3, loud);
        let sound: Vec<i16> = (0..16_000 * 20).map(|_| hiss()).collect();
        assert_eq!(heard(studio.phrase_book(), frames(&sound)), "");
    }
    let elsewhere = Studio::new(StudioConfig::default());
    for text in [
        "The quick brown fox jumps over the lazy dog, and then it sleeps in the sun for an hour.",
        "Nobody in this room has ever said these particular words before.",
    ] {
        let clip = elsewhere.render(PEOPLE[0], text).await.expect("rendered");
        let heard = heard(studio.phrase_book(), with_silence(&clip));
        assert!(heard.split_whitespace().count() <= 1, "{heard}");
    }
}
