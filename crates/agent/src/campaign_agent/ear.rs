//! The agent's ear: finds turns in somebody's sound and has each turned into text, in a task of its own.

use crate::{
    endpointing::silence_that_ends,
    flow::{Event, HeardWords},
    turns::{Sounding, Turn, TurnDetector},
};
use domain::Personal;
use futures::FutureExt;
use std::{collections::VecDeque, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use telephony::{FRAME_MILLIS, Frame};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use voice::{
    activity::{VoiceActivity, is_humming},
    ports::{SpeechToText, Utterance},
};

/// Sound before the first voiced frame that the recogniser gets too, milliseconds: soft first letters.
const PRE_ROLL_MS: u32 = 300;
/// Frames that are kept for it: the onset itself is over when it is recognised as one.
const PRE_ROLL_FRAMES: usize = ((PRE_ROLL_MS + crate::turns::ONSET_MS + 60) / FRAME_MILLIS) as usize;
/// A recogniser is asked so often in a turn, before its end, what was said: each time anew for the whole of it.
const MOST_LOOKS: u32 = 6;
/// Opening a recogniser, and its last words, may take this long, by the wall clock.
const RECOGNISER: Duration = Duration::from_secs(8);
/// After the end of a call, the last words are waited for no longer than this, by the wall clock.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Whom an ear hears.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    Person,
    /// A supervisor's voice, by its identity.
    Supervisor(Arc<str>),
}

impl Whom {
    fn started(&self) -> Event {
        match self {
            Self::Person => Event::SpeechStarted,
            Self::Supervisor(identity) => Event::SupervisorSpeaks(Arc::clone(identity)),
        }
    }

    /// The text of a turn, `None` if it could not be recognised.
    fn heard(&self, text: Option<Personal>, start_ms: u32, end_ms: u32) -> Event {
        let recognised = text.is_some();
        let words = HeardWords {
            text: text.unwrap_or_default(),
            start_ms,
            end_ms,
        };
        match self {
            Self::Person if recognised => Event::Heard(words),
            Self::Person => Event::NotHeard,
            Self::Supervisor(identity) => Event::SupervisorHeard(Arc::clone(identity), words),
        }
    }
}

struct Recognising {
    start_ms: u32,
    sound: mpsc::UnboundedSender<Sound>,
    /// Told once, before the sender of sound is dropped.
    end_ms: tokio::sync::watch::Sender<u32>,
}

/// What a recogniser's task is told. That the turn is over, it learns from the end of it.
enum Sound {
    Frame(Frame),
    /// They may have finished; their last sound was at this room time.
    Paused(u32),
    WentOn,
}

/// Listens.
pub(super) struct Ear {
    whom: Whom,
    speech_to_text: Arc<dyn SpeechToText>,
    language: String,
    activity: VoiceActivity,
    turns: TurnDetector,
    pre_roll: VecDeque<Frame>,
    current: Option<Recognising>,
    /// The last sound before the pause that may be the end of the turn, room time.
    paused_at: Option<u32>,
    /// How often it may still be looked at what was said so far, in this turn.
    looks_left: u32,
    /// Tasks that still owe a text.
    tasks: Vec<AbortOnDropHandle<()>>,
    inbox: mpsc::UnboundedSender<Event>,
}

impl Ear {
    pub(super) fn new(
        whom: Whom,
        speech_to_text: Arc<dyn SpeechToText>,
        language: String,
        inbox: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self {
            whom,
            speech_to_text,
            language,
            activity: VoiceActivity::new(),
            turns: TurnDetector::default(),
            pre_roll: VecDeque::with_capacity(PRE_ROLL_FRAMES + 1),
            current: None,
            paused_at: None,
            looks_left: 0,
            tasks: Vec::new(),
            inbox,
        }
    }

    /// Their sound of the tick that ends at `now_ms`.
    pub(super) fn hear(&mut self, frame: &Frame, now_ms: u32, events: &mut VecDeque<Event>) {
        let person = matches!(self.whom, Whom::Person);
        let sounding = match self.activity.hear(frame).speaking {
            false => Sounding::Silent,
            true if is_humming(frame) => Sounding::Humming,
            true => Sounding::Speaking,
        };
        self.tell(Sound::Frame(frame.clone()));
        self.pre_roll.push_back(frame.clone());
        if self.pre_roll.len() > PRE_ROLL_FRAMES {
            self.pre_roll.pop_front();
        }
        match self.turns.hear(sounding, now_ms) {
            Some(Turn::Started { since_ms }) => {
                events.push_back(self.whom.started());
                self.start(since_ms);
            }
            Some(Turn::Paused { until_ms }) if person && self.looks_left > 0 => {
                self.looks_left -= 1;
                self.paused_at = Some(until_ms);
                self.tell(Sound::Paused(until_ms));
            }
            Some(Turn::WentOn) if person => {
                self.paused_at = None;
                self.tell(Sound::WentOn);
                events.push_back(Event::WentOn);
            }
            Some(Turn::Ended { until_ms }) => {
                self.end_turn(until_ms);
                if person {
                    events.push_back(Event::SpeechEnded);
                }
            }
            Some(Turn::Paused { .. } | Turn::WentOn) | None => {}
        }
    }

    /// This is what they said until they paused. False if they have gone on since.
    pub(super) fn understood(&mut self, words: &HeardWords) -> bool {
        let still_silent = self.paused_at == Some(words.end_ms);
        if still_silent {
            self.turns.end_after(silence_that_ends(words.text.reveal()));
        }
        still_silent
    }

    fn tell(&self, sound: Sound) {
        if let Some(current) = &self.current {
            // A recogniser that has given up needs no sound.
            let _ = current.sound.send(sound);
        }
    }

    fn start(&mut self, start_ms: u32) {
        self.looks_left = MOST_LOOKS;
        self.tasks.retain(|task| !task.is_finished());
        let (sound, received) = mpsc::unbounded_channel();
        for frame in self.pre_roll.drain(..) {
            let _ = sound.send(Sound::Frame(frame));
        }
        let (end_ms, mut ended) = tokio::sync::watch::channel(start_ms);
        self.current = Some(Recognising {
            start_ms,
            sound,
            end_ms,
        });
        let recognising = Recogniser {
            speech_to_text: Arc::clone(&self.speech_to_text),
            language: self.language.clone(),
            start_ms,
            heard: Vec::new(),
            so_far: Personal::default(),
            inbox: matches!(self.whom, Whom::Person).then(|| self.inbox.clone()),
        }
        .recognise(received);
        let (inbox, whom) = (self.inbox.clone(), self.whom.clone());
        self.tasks.push(AbortOnDropHandle::new(tokio::spawn(async move {
            // An adapter that panics must not leave the call waiting for its text.
            let text = AssertUnwindSafe(recognising).catch_unwind().await.ok().flatten();
            // The turn has to end before its text can be missing.
            while ended.changed().await.is_ok() {}
            let end_ms = *ended.borrow();
            // Nobody listens any more: the call is over.
            let _ = inbox.send(whom.heard(text, start_ms, end_ms));
        })));
    }

    /// No more sound comes from them; a turn that was going on is over.
    pub(super) fn close(&mut self, until_ms: u32) {
        self.end_turn(until_ms);
    }

    /// Some text is still to come.
    pub(super) fn owes_words(&self) -> bool {
        self.tasks.iter().any(|task| !task.is_finished())
    }

    fn end_turn(&mut self, until_ms: u32) {
        self.paused_at = None;
        if let Some(current) = self.current.take() {
            current.end_ms.send_replace(until_ms.max(current.start_ms));
        }
    }

    /// The call is over: no more sound comes. Waits for the last words, which arrive in the inbox.
    pub(super) async fn last_words(&mut self, now_ms: u32) {
        self.end_turn(now_ms);
        let tasks = std::mem::take(&mut self.tasks);
        let all = futures::future::join_all(tasks);
        if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
            tracing::warn!("the last words of a call were not recognised in time");
        }
    }
}

/// Recognises one turn.
struct Recogniser {
    speech_to_text: Arc<dyn SpeechToText>,
    language: String,
    start_ms: u32,
    /// The whole turn, in case they go on after a pause: what was begun for the pause has come to its end.
    heard: Vec<Frame>,
    so_far: Personal,
    /// Who is told the unfinished text.
    inbox: Option<mpsc::UnboundedSender<Event>>,
}

impl Recogniser {
    /// The text of the turn; `None` if it could not be recognised. The turn is over when no more sound can come.
    async fn recognise(mut self, mut sound: mpsc::UnboundedReceiver<Sound>) -> Option<Personal> {
        let mut utterance = Some(self.open().await?);
        while let Some(told) = sound.recv().await {
            match told {
                Sound::Frame(frame) => {
                    if let Some(utterance) = &mut utterance {
                        self.hear(utterance, &frame);
                    }
                    self.keep(frame);
                }
                Sound::Paused(until_ms) => {
                    let Some(paused) = utterance.take() else { continue };
                    match self.until_they_go_on(paused, until_ms, &mut sound).await {
                        AfterPause::WentOn => {
                            let mut again = self.open().await?;
                            for frame in std::mem::take(&mut self.heard) {
                                self.hear(&mut again, &frame);
                                self.heard.push(frame);
                            }
                            utterance = Some(again);
                        }
                        AfterPause::Ended(text) => return self.text(text),
                    }
                }
                Sound::WentOn => {}
            }
        }
        let text = finish(utterance?).await;
        self.text(text)
    }

    /// They may have finished: draws the text, and waits until it is certain that they have, or have not.
    async fn until_they_go_on(
        &mut self,
        utterance: Box<dyn Utterance>,
        until_ms: u32,
        sound: &mut mpsc::UnboundedReceiver<Sound>,
    ) -> AfterPause {
        let mut finishing = std::pin::pin!(finish(utterance));
        let mut drawn = None;
        loop {
            let told = tokio::select! {
                text = &mut finishing, if drawn.is_none() => {
                    if let (Some(text), Some(inbox)) = (&text, &self.inbox) {
                        // Nobody listens any more: the call is over.
                        let _ = inbox.send(Event::MayHaveSaid(HeardWords {
                            text: text.clone(),
                            start_ms: self.start_ms,
                            end_ms: until_ms,
                        }));
                    }
                    drawn = Some(text);
                    continue;
                }
                told = sound.recv() => told,
            };
            match told {
                Some(Sound::WentOn) => return AfterPause::WentOn,
                Some(Sound::Frame(frame)) => self.keep(frame),
                Some(Sound::Paused(_)) => {}
                None => {
                    return AfterPause::Ended(match drawn {
                        Some(text) => text,
                        None => finishing.await,
                    });
                }
            }
        }
    }

    /// Only of whom it is guessed that they have finished, sound may be needed again.
    fn keep(&mut self, frame: Frame) {
        if self.inbox.is_some() {
            self.heard.push(frame);
        }
    }

    async fn open(&self) -> Option<Box<dyn Utterance>> {
        match tokio::time::timeout(RECOGNISER, self.speech_to_text.open(&self.language)).await {
            Ok(Ok(utterance)) => Some(utterance),
            Ok(Err(error)) => {
                tracing::warn!(%error, "speech cannot be recognised");
                None
            }
            Err(_) => {
                tracing::warn!("speech cannot be recognised: no answer in time");
                None
            }
        }
    }

    fn hear(&mut self, utterance: &mut Box<dyn Utterance>, frame: &Frame) {
        if let Some(text) = utterance.hear(frame) {
            self.so_far = text.clone();
            if let Some(inbox) = &self.inbox {
                let _ = inbox.send(Event::Partial(text));
            }
        }
    }

    /// What was understood until then is better than nothing.
    fn text(self, drawn: Option<Personal>) -> Option<Personal> {
        drawn.or_else(|| (!self.so_far.is_empty()).then_some(self.so_far))
    }
}

/// How a pause ended.
enum AfterPause {
    WentOn,
    /// With the turn, whose text is this, if it could be recognised.
    Ended(Option<Personal>),
}

async fn finish(utterance: Box<dyn Utterance>) -> Option<Personal> {
    match tokio::time::timeout(RECOGNISER, utterance.finish()).await {
        Ok(Ok(text)) => Some(text),
        Ok(Err(error)) => {
            tracing::warn!(%error, "speech was not recognised to its end");
            None
        }
        Err(_) => {
            tracing::warn!("speech was not recognised to its end in time");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::stage::voice, *};
    use async_trait::async_trait;
    use voice::ports::VoiceError;

    /// Understands how long somebody spoke, and needs 100 ms for it.
    struct Counting;

    struct Counted(u32);

    #[async_trait]
    impl SpeechToText for Counting {
        async fn open(&self, _language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
            Ok(Box::new(Counted(0)))
        }
    }

    #[async_trait]
    impl Utterance for Counted {
        fn hear(&mut self, frame: &Frame) -> Option<Personal> {
            self.0 += u32::from(frame.peak() > 0);
            None
        }

        async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(format!("{} frames.", self.0).into())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_looked_into_and_what_follows_is_heard_with_what_was_before() {
        let (inbox, mut news) = mpsc::unbounded_channel();
        let mut ear = Ear::new(Whom::Person, Arc::new(Counting), "en".to_owned(), inbox);
        let (mut now, mut told, mut looks) = (0, VecDeque::new(), 0);
        for (speaks, ticks) in [(false, 20), (true, 40), (false, 20), (true, 40), (false, 100)] {
            for tick in 0..ticks {
                now += FRAME_MILLIS;
                tokio::time::sleep(Duration::from_millis(u64::from(FRAME_MILLIS))).await;
                let frame = if speaks { voice(tick) } else { Frame::silence() };
                ear.hear(&frame, now, &mut told);
                while let Ok(event) = news.try_recv() {
                    if let Event::MayHaveSaid(words) = &event {
                        looks += 1;
                        assert!(ear.understood(words), "it is still silent");
                        assert_eq!(words.text.reveal(), format!("{} frames.", 40 * looks));
                    }
                    told.push_back(event);
                }
            }
        }
        let names: Vec<&str> = told
            .iter()
            .map(|event| match event {
                Event::SpeechStarted => "started",
                Event::MayHaveSaid(_) => "paused",
                Event::WentOn => "went on",
                Event::SpeechEnded => "ended",
                Event::Heard(words) => {
                    assert_eq!(words.text.reveal(), "80 frames.");
                    "heard"
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(names, ["started", "paused", "went on", "paused", "ended", "heard"]);
    }
}
