//! Asks the language model, in a task that ends when it is dropped.

use super::mouth::{Aloud, Made};
use crate::flow::{Event, ReplyId, ReplyNews};
use domain::results::Drawn;
use futures::{FutureExt, StreamExt};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use telephony::FRAME_MILLIS;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use voice::ports::{LanguageModel, Prompt, ReplyPart, ResultsQuestion};

/// The first words of an answer must be there within this time, by the wall clock.
const FIRST_WORDS: Duration = Duration::from_secs(10);
/// The same for each piece after it.
const NEXT_WORDS: Duration = Duration::from_secs(8);
/// Pieces of one answer; a model that never ends is cut.
const MOST_PARTS: usize = 4_000;
/// An answer that the model says itself is cut after so many frames (90 s).
const MOST_FRAMES: usize = 90 * 1_000 / FRAME_MILLIS as usize;
/// How long drawing the results may take, by the wall clock.
const RESULTS: Duration = Duration::from_secs(5);

/// At most one question to the model at a time.
pub(super) struct Thinker {
    model: Arc<dyn LanguageModel>,
    inbox: mpsc::UnboundedSender<Event>,
    current: Option<AbortOnDropHandle<()>>,
    /// The sound of the current answer, if the model makes it itself.
    made: Option<mpsc::UnboundedReceiver<Made>>,
}

impl Thinker {
    pub(super) fn new(model: Arc<dyn LanguageModel>, inbox: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            model,
            inbox,
            current: None,
            made: None,
        }
    }

    pub(super) fn start(&mut self, id: ReplyId, prompt: Prompt) {
        let model = Arc::clone(&self.model);
        let inbox = self.inbox.clone();
        let (sound, made) = mpsc::unbounded_channel();
        self.made = Some(made);
        self.current = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let tell = |news| inbox.send(Event::Reply(id, news)).is_ok();
            // An adapter that panics must not leave the call waiting for its answer.
            let outcome = AssertUnwindSafe(answer(&*model, prompt, tell, &sound))
                .catch_unwind()
                .await;
            let (last, end) = if matches!(outcome, Ok(Some(()))) {
                (ReplyNews::Done, Made::Complete)
            } else {
                (ReplyNews::Failed, Made::Failed)
            };
            // Few answers are played by their own sound.
            let _ = sound.send(end);
            // Nobody listens any more: the call is over.
            let _ = inbox.send(Event::Reply(id, last));
        })));
    }

    pub(super) fn cancel(&mut self) {
        self.current = None;
        self.made = None;
    }

    /// The sound of the current answer, which the model makes itself; once for each.
    pub(super) fn aloud(&mut self) -> Option<Aloud> {
        let made = self.made.take()?;
        Some(Aloud {
            made,
            model: Arc::clone(&self.model),
        })
    }

    /// Facts and summary, or why there are none.
    pub(super) async fn results(&self, question: ResultsQuestion) -> Result<Drawn, String> {
        let drawing = AssertUnwindSafe(self.model.results(question)).catch_unwind();
        match tokio::time::timeout(RESULTS, drawing).await {
            Ok(Ok(Ok(drawn))) => Ok(drawn),
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the results could not be drawn");
                Err(format!("The language model did not draw them: {error}."))
            }
            Ok(Err(_)) => {
                tracing::error!("drawing the results broke down");
                Err("Drawing them broke down.".to_owned())
            }
            Err(_) => {
                tracing::warn!("the results were not there in time");
                Err("The language model was too slow.".to_owned())
            }
        }
    }
}

async fn answer(
    model: &dyn LanguageModel,
    prompt: Prompt,
    tell: impl Fn(ReplyNews) -> bool,
    sound: &mpsc::UnboundedSender<Made>,
) -> Option<()> {
    let mut parts = match tokio::time::timeout(FIRST_WORDS, model.reply(prompt)).await {
        Ok(Ok(parts)) => parts,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the language model did not answer");
            return None;
        }
        Err(_) => {
            tracing::warn!("the language model did not answer in time");
            return None;
        }
    };
    let mut patience = FIRST_WORDS;
    let (mut others, mut frames, mut aloud) = (0, 0, false);
    while others < MOST_PARTS && frames < MOST_FRAMES {
        let news = match tokio::time::timeout(patience, parts.next()).await {
            Ok(None) => return Some(()),
            Ok(Some(Ok(part))) => match part {
                ReplyPart::Sound(frame) => {
                    frames += 1;
                    patience = NEXT_WORDS;
                    // If nobody plays it any more, nobody misses it.
                    let _ = sound.send(Made::Sound(frame.into()));
                    continue;
                }
                ReplyPart::Aloud => {
                    aloud = true;
                    ReplyNews::Aloud
                }
                ReplyPart::Words(words) => {
                    if aloud {
                        let _ = sound.send(Made::Words(words.clone()));
                    }
                    ReplyNews::Words(words)
                }
                ReplyPart::Result { field, value } => ReplyNews::Result { field, value },
                ReplyPart::CallBack { when, at } => ReplyNews::CallBack { when, at },
                ReplyPart::Tool(tool) => ReplyNews::Tool(tool),
                ReplyPart::DoNotCall => ReplyNews::DoNotCall,
                ReplyPart::EndCall => ReplyNews::EndCall,
            },
            Ok(Some(Err(error))) => {
                tracing::warn!(%error, "the answer broke off");
                return None;
            }
            Err(_) => {
                tracing::warn!("the answer broke off: nothing in time");
                return None;
            }
        };
        if !tell(news) {
            return None;
        }
        others += 1;
        patience = NEXT_WORDS;
    }
    Some(())
}
