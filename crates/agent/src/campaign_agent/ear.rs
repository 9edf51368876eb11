//! The agent's ear: finds turns in somebody's sound and has each turned into text, in a task of its own.

use crate::{
    flow::{Event, HeardWords},
    turns::{Turn, TurnDetector},
};
use domain::Personal;
use futures::FutureExt;
use std::{collections::VecDeque, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use telephony::{FRAME_MILLIS, Frame};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use voice::{activity::VoiceActivity, ports::SpeechToText};

/// Sound before the first voiced frame that the recogniser gets too, milliseconds: soft first letters.
const PRE_ROLL_MS: u32 = 300;
/// Frames that are kept for it: the onset itself is over when it is recognised as one.
const PRE_ROLL_FRAMES: usize = ((PRE_ROLL_MS + crate::turns::ONSET_MS + 60) / FRAME_MILLIS) as usize;
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
    frames: mpsc::UnboundedSender<Frame>,
    /// Told once, before the sender of frames is dropped.
    end_ms: tokio::sync::watch::Sender<u32>,
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
            tasks: Vec::new(),
            inbox,
        }
    }

    /// Their sound of the tick that ends at `now_ms`.
    pub(super) fn hear(&mut self, frame: &Frame, now_ms: u32, events: &mut VecDeque<Event>) {
        let person = matches!(self.whom, Whom::Person);
        let speaking = self.activity.hear(frame).speaking;
        if let Some(current) = &self.current {
            // A recogniser that has given up needs no sound.
            let _ = current.frames.send(frame.clone());
        }
        self.pre_roll.push_back(frame.clone());
        if self.pre_roll.len() > PRE_ROLL_FRAMES {
            self.pre_roll.pop_front();
        }
        match self.turns.hear(speaking, now_ms) {
            Some(Turn::Started { since_ms }) => {
                events.push_back(self.whom.started());
                self.start(since_ms);
            }
            Some(Turn::Ended { until_ms }) => {
                self.end_turn(until_ms);
                if person {
                    events.push_back(Event::SpeechEnded);
                }
            }
            None => {}
        }
    }

    fn start(&mut self, start_ms: u32) {
        self.tasks.retain(|task| !task.is_finished());
        let (frames, received) = mpsc::unbounded_channel();
        for frame in self.pre_roll.drain(..) {
            let _ = frames.send(frame);
        }
        let (end_ms, mut ended) = tokio::sync::watch::channel(start_ms);
        self.current = Some(Recognising {
            start_ms,
            frames,
            end_ms,
        });
        let recognising = recognise(
            Arc::clone(&self.speech_to_text),
            self.language.clone(),
            received,
            matches!(self.whom, Whom::Person).then(|| self.inbox.clone()),
        );
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

/// The text of one turn; `None` if it could not be recognised. The turn is over when no more frames can come. `inbox` is
/// told the unfinished text.
async fn recognise(
    speech_to_text: Arc<dyn SpeechToText>,
    language: String,
    mut frames: mpsc::UnboundedReceiver<Frame>,
    inbox: Option<mpsc::UnboundedSender<Event>>,
) -> Option<Personal> {
    let opened = tokio::time::timeout(RECOGNISER, speech_to_text.open(&language)).await;
    let mut utterance = match opened {
        Ok(Ok(utterance)) => utterance,
        failed => {
            match failed {
                Ok(Err(error)) => tracing::warn!(%error, "speech cannot be recognised"),
                _ => tracing::warn!("speech cannot be recognised: no answer in time"),
            }
            return None;
        }
    };
    let mut so_far = Personal::default();
    while let Some(frame) = frames.recv().await {
        if let Some(text) = utterance.hear(&frame) {
            so_far = text.clone();
            if let Some(inbox) = &inbox {
                let _ = inbox.send(Event::Partial(text));
            }
        }
    }
    match tokio::time::timeout(RECOGNISER, utterance.finish()).await {
        Ok(Ok(text)) => Some(text),
        failed => {
            match failed {
                Ok(Err(error)) => tracing::warn!(%error, "speech was not recognised to its end"),
                _ => tracing::warn!("speech was not recognised to its end in time"),
            }
            // What was understood until then is better than nothing.
            (!so_far.is_empty()).then_some(so_far)
        }
    }
}
