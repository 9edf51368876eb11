//! The agent's voice: sentences wait in a row, the sound of the next is made while the current one plays, and each tick
//! plays one frame.

use crate::{
    flow::{Event, Sentence, SentenceId},
    transcript_saver::TranscriptSaver,
};
use domain::Personal;
use futures::StreamExt;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use telephony::{FRAME_MILLIS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;
use voice::ports::{LanguageModel, TextToSpeech};

/// Sentences whose sound is made at the same time: the one that plays and the next.
const AHEAD: usize = 2;
/// The first sound of a sentence must be there within this time, by the wall clock.
const FIRST_SOUND: Duration = Duration::from_secs(8);
/// The same for each sound after it.
const NEXT_SOUND: Duration = Duration::from_secs(5);
/// So much of a sentence's sound waits to be played at most, frames (5 s); the voice service waits meanwhile. Most
/// sentences are shorter: how long they are, and so what of them was said aloud, is known from their beginning.
const MOST_WAITING_FRAMES: usize = 5 * 1_000 / FRAME_MILLIS as usize;
/// No sentence sounds longer than this, frames (90 s).
const LONGEST_SENTENCE_FRAMES: usize = 90 * 1_000 / FRAME_MILLIS as usize;

/// The beep, milliseconds and hertz.
const BEEP_MS: u32 = 400;
const BEEP_HZ: f32 = 1_400.0;

/// A frame that waits to be played. Its place is free again when it was played or forgotten.
pub(super) struct Waiting {
    frame: Frame,
    _place: Option<OwnedSemaphorePermit>,
}

/// Needs no place.
impl From<Frame> for Waiting {
    fn from(frame: Frame) -> Self {
        Self { frame, _place: None }
    }
}

pub(super) enum Made {
    Sound(Waiting),
    /// What the sound that follows says, if it was not known before.
    Words(String),
    Complete,
    Failed,
}

/// Sound on its way.
struct Making {
    made: mpsc::UnboundedReceiver<Made>,
    _task: Option<AbortOnDropHandle<()>>,
}

/// An answer that the model says itself.
pub(super) struct Aloud {
    pub(super) made: mpsc::UnboundedReceiver<Made>,
    pub(super) model: Arc<dyn LanguageModel>,
}

/// How much of such an answer was heard; the model is told when no more of it is played.
struct Heard {
    model: Arc<dyn LanguageModel>,
    millis: u32,
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.model.was_heard(self.millis);
    }
}

struct Line {
    saver: TranscriptSaver,
    text: Personal,
    /// Frames that wait to be played.
    frames: VecDeque<Waiting>,
    making: Option<Making>,
    complete: bool,
    failed: bool,
    heard: Option<Heard>,
}

impl Line {
    /// Takes over what was made since the last tick.
    fn collect(&mut self) {
        let Some(making) = &mut self.making else { return };
        loop {
            match making.made.try_recv() {
                Ok(Made::Words(words)) => self.saver.more(&words),
                Ok(Made::Sound(waiting)) => {
                    self.saver.received(&waiting.frame);
                    self.frames.push_back(waiting);
                }
                Ok(Made::Complete) => {
                    self.complete = true;
                    self.saver.complete();
                }
                Ok(Made::Failed) | Err(mpsc::error::TryRecvError::Disconnected) => {
                    self.failed = !self.complete;
                }
                Err(mpsc::error::TryRecvError::Empty) => return,
            }
            if self.complete || self.failed {
                self.making = None;
                return;
            }
        }
    }
}

/// Speaks.
pub(super) struct Mouth {
    text_to_speech: Arc<dyn TextToSpeech>,
    language: String,
    lines: VecDeque<Line>,
    /// A sentence that will be said soon.
    prepared: Option<(Personal, Making)>,
    /// The end of a voice that was stopped: it fades within a frame, for a wave that breaks off clicks.
    fading: Option<Frame>,
}

impl Mouth {
    pub(super) fn new(text_to_speech: Arc<dyn TextToSpeech>, language: String) -> Self {
        Self {
            text_to_speech,
            language,
            lines: VecDeque::new(),
            prepared: None,
            fading: None,
        }
    }

    /// Makes the sound of a sentence that will be said soon. All of it: a voice service cannot be kept waiting for as long
    /// as a phone rings.
    pub(super) fn prepare(&mut self, text: Personal) {
        let making = self.making(&text, LONGEST_SENTENCE_FRAMES);
        self.prepared = Some((text, making));
    }

    /// Puts a sentence at the end of the row.
    pub(super) fn add(&mut self, sentence: Sentence) {
        let prepared = self.prepared.take_if(|(text, _)| *text == sentence.text);
        self.lines.push_back(Line {
            saver: TranscriptSaver::new(sentence.id, sentence.text.clone()),
            text: sentence.text,
            frames: VecDeque::new(),
            making: prepared.map(|(_, making)| making),
            complete: false,
            failed: false,
            heard: None,
        });
        self.make_ahead();
    }

    /// Puts an answer that the model says itself at the end of the row. Without a sound it fails like any sentence.
    pub(super) fn aloud(&mut self, id: SentenceId, aloud: Option<Aloud>) {
        let (made, model) = aloud.map(|aloud| (aloud.made, aloud.model)).unzip();
        self.lines.push_back(Line {
            saver: TranscriptSaver::new(id, Personal::default()),
            text: Personal::default(),
            frames: VecDeque::new(),
            failed: made.is_none(),
            making: made.map(|made| Making { made, _task: None }),
            complete: false,
            heard: model.map(|model| Heard { model, millis: 0 }),
        });
    }

    /// Puts a beep at the end of the row.
    pub(super) fn beep(&mut self, id: SentenceId) {
        let mut line = Line {
            saver: TranscriptSaver::new(id, Personal::default()),
            text: Personal::default(),
            frames: tone().map(Waiting::from).collect(),
            making: None,
            complete: true,
            failed: false,
            heard: None,
        };
        for waiting in &line.frames {
            line.saver.received(&waiting.frame);
        }
        line.saver.complete();
        self.lines.push_back(line);
    }

    fn make_ahead(&mut self) {
        for at in 0..self.lines.len().min(AHEAD) {
            let line = &self.lines[at];
            if line.making.is_none() && !line.complete && !line.failed {
                let making = self.making(&line.text, MOST_WAITING_FRAMES);
                self.lines[at].making = Some(making);
            }
        }
    }

    fn making(&self, text: &Personal, places: usize) -> Making {
        let (sender, receiver) = mpsc::unbounded_channel();
        let making = make(
            Arc::clone(&self.text_to_speech),
            text.clone(),
            self.language.clone(),
            Arc::new(Semaphore::new(places)),
            sender,
        );
        Making {
            made: receiver,
            _task: Some(AbortOnDropHandle::new(tokio::spawn(making))),
        }
    }

    /// The frame for the tick that ends at `now_ms`, if there is something to say, and what happened.
    pub(super) fn tick(&mut self, now_ms: u32, events: &mut VecDeque<Event>) -> Option<Frame> {
        let mut spoken = self.fading.take();
        if spoken.is_some() {
            return spoken;
        }
        while let Some(line) = self.lines.front_mut() {
            line.collect();
            if let Some(Waiting { frame, .. }) = line.frames.pop_front() {
                if line.saver.played(now_ms) {
                    events.push_back(Event::SentenceBegan(line.saver.id()));
                }
                if let Some(heard) = &mut line.heard {
                    heard.millis += FRAME_MILLIS;
                }
                spoken = Some(frame);
            }
            if !line.frames.is_empty() || (!line.complete && !line.failed) {
                break;
            }
            // With its last frame a sentence is over, so that the next begins in the next tick.
            let line = self.lines.pop_front().expect("the front was just looked at");
            let id = line.saver.id();
            // A sentence without any sound was not said.
            if line.failed || !line.saver.has_begun() {
                if line.saver.has_begun() {
                    events.push_back(Event::SentenceSpoken(line.saver.cut(now_ms)));
                }
                events.push_back(Event::SentenceFailed(id));
            } else {
                events.push_back(Event::SentenceSpoken(line.saver.finish(now_ms)));
            }
            self.make_ahead();
            if spoken.is_some() {
                break;
            }
        }
        spoken
    }

    /// Falls silent and forgets what waits. What was said of the current sentence is told.
    pub(super) fn stop(&mut self, now_ms: u32) -> Option<Event> {
        let current = self.lines.pop_front();
        self.lines.clear();
        let begun = current.filter(|line| line.saver.has_begun())?;
        self.fading = begun.frames.front().map(|waiting| fade_out(&waiting.frame));
        Some(Event::SentenceSpoken(begun.saver.cut(now_ms)))
    }

    /// The words of the current sentence that are out already.
    pub(super) fn said_so_far(&self) -> Option<Personal> {
        self.lines
            .front()
            .filter(|line| line.saver.has_begun())
            .map(|line| line.saver.said_so_far())
    }
}

/// What tells a person that they are recorded from now on, 1,400 Hz for [`BEEP_MS`], loud enough to be heard and no more.
fn tone() -> impl Iterator<Item = Frame> {
    (0..BEEP_MS / FRAME_MILLIS).map(|tick| {
        Frame::new(std::array::from_fn(|at| {
            let samples = tick as usize * FRAME_SAMPLES + at;
            let seconds = samples as f32 / SAMPLE_RATE_HZ as f32;
            ((std::f32::consts::TAU * BEEP_HZ * seconds).sin() * 8_000.0) as i16
        }))
    })
}

fn fade_out(frame: &Frame) -> Frame {
    const LENGTH: i32 = FRAME_SAMPLES as i32;
    let mut left = LENGTH;
    Frame::new(frame.samples().map(|sample| {
        left -= 1;
        // Quieter than it was, so it fits.
        (i32::from(sample) * left / LENGTH) as i16
    }))
}

async fn make(
    text_to_speech: Arc<dyn TextToSpeech>,
    text: Personal,
    language: String,
    places: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<Made>,
) {
    let outcome = make_sound(&*text_to_speech, &text, &language, &places, &sender).await;
    // Nobody listens any more: the sentence was dropped.
    let _ = sender.send(if outcome.is_some() {
        Made::Complete
    } else {
        Made::Failed
    });
}

async fn make_sound(
    text_to_speech: &dyn TextToSpeech,
    text: &Personal,
    language: &str,
    places: &Arc<Semaphore>,
    sender: &mpsc::UnboundedSender<Made>,
) -> Option<()> {
    let opened = tokio::time::timeout(FIRST_SOUND, text_to_speech.speak(text, language)).await;
    let mut sound = match opened {
        Ok(Ok(sound)) => sound,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a sentence cannot be spoken");
            return None;
        }
        Err(_) => {
            tracing::warn!("a sentence cannot be spoken: no answer in time");
            return None;
        }
    };
    let mut patience = FIRST_SOUND;
    for _ in 0..LONGEST_SENTENCE_FRAMES {
        match tokio::time::timeout(patience, sound.next()).await {
            Ok(Some(Ok(frame))) => {
                // Never closed.
                let _place = Arc::clone(places).acquire_owned().await.ok();
                let _ = sender.send(Made::Sound(Waiting { frame, _place }));
            }
            Ok(None) => return Some(()),
            Ok(Some(Err(error))) => {
                tracing::warn!(%error, "the voice broke off");
                return None;
            }
            Err(_) => {
                tracing::warn!("the voice broke off: no sound in time");
                return None;
            }
        }
        patience = NEXT_SOUND;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream::{self, BoxStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use voice::ports::VoiceError;

    /// As loud as can be, without end.
    struct Loud;

    #[async_trait::async_trait]
    impl TextToSpeech for Loud {
        async fn speak(
            &self,
            _: &Personal,
            _: &str,
        ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
            Ok(stream::repeat_with(|| Ok(Frame::new([i16::MIN; FRAME_SAMPLES])))
                .take(100)
                .boxed())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_beep_is_played_whole_between_sentences() {
        let mut mouth = Mouth::new(Arc::new(Loud), "en".to_owned());
        mouth.beep(SentenceId(1));
        let mut events = VecDeque::new();
        let played: Vec<Frame> = (1..=30).map_while(|tick| mouth.tick(tick * 20, &mut events)).collect();
        assert_eq!(played.len() as u32 * FRAME_MILLIS, BEEP_MS);
        let mut detector = voice::beep::BeepDetector::new();
        assert!(played.iter().any(|frame| detector.hear(frame)), "it is a beep");
        assert!(matches!(&events[0], Event::SentenceBegan(SentenceId(1))));
        assert!(matches!(&events[1], Event::SentenceSpoken(spoken) if !spoken.interrupted && spoken.text.is_empty()));
    }

    /// Speaks for a minute, and counts what was asked of it.
    struct Endless(Arc<AtomicUsize>);

    #[async_trait::async_trait]
    impl TextToSpeech for Endless {
        async fn speak(
            &self,
            _: &Personal,
            _: &str,
        ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
            let asked = Arc::clone(&self.0);
            Ok(stream::repeat_with(move || {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(Frame::new([1_000; FRAME_SAMPLES]))
            })
            .take(3_000)
            .boxed())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_long_sentence_only_a_part_waits_and_all_of_it_is_played() {
        let asked = Arc::new(AtomicUsize::new(0));
        let mut mouth = Mouth::new(Arc::new(Endless(Arc::clone(&asked))), "en".to_owned());
        mouth.add(Sentence {
            id: SentenceId(1),
            text: "And so on.".into(),
        });
        let mut events = VecDeque::new();
        let mut played = 0;
        while !events.iter().any(|event| matches!(event, Event::SentenceSpoken(_))) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let frame = mouth.tick(played as u32 * FRAME_MILLIS, &mut events);
            assert!(frame.is_some(), "a gap after {played} frames");
            played += 1;
            // One more is in the hand of whoever waits for a place.
            assert!(asked.load(Ordering::Relaxed) <= played + MOST_WAITING_FRAMES + 1);
        }
        assert_eq!(played, 3_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_that_is_stopped_fades_within_a_frame() {
        let mut mouth = Mouth::new(Arc::new(Loud), "en".to_owned());
        assert!(mouth.stop(0).is_none());
        mouth.add(Sentence {
            id: SentenceId(1),
            text: "Hello.".into(),
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut events = VecDeque::new();
        assert!(mouth.tick(20, &mut events).is_some());
        assert!(matches!(mouth.stop(40), Some(Event::SentenceSpoken(_))));
        let last = mouth.tick(40, &mut events).expect("it fades");
        let samples = last.samples();
        assert!(samples[0] < -32_000 && samples.is_sorted() && samples[FRAME_SAMPLES - 1] == 0);
        assert_eq!(mouth.tick(60, &mut events), None);
    }
}
