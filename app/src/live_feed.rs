//! The event stream in the browser: follows a topic, resumes where it left off, and hands over what came in one batch
//! for each frame that the screen paints.

use domain::{ConversationId, live::LiveBatch};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use serde::Deserialize;
use std::{cell::RefCell, rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent};

/// How many messages may wait for a frame. A window in the background paints none, so beyond this they are taken at once.
const MOST_WAITING: usize = 200;
/// A window in the background catches up this often.
const BACKGROUND_PACE: Duration = Duration::from_secs(1);
/// How long to wait before a stream that the server refused is opened again, and after how many times the page should
/// ask anew (perhaps nobody is signed in any more).
const OPEN_AGAIN_AFTER: Duration = Duration::from_secs(2);
const REFUSALS_UNTIL_RELOAD: u32 = 3;

/// What to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Dashboard,
    Conversation(ConversationId),
    Import(domain::ImportId),
}

impl Topic {
    fn address(self, after: i64) -> String {
        match self {
            Self::Dashboard => format!("/events?topic=dashboard&after={after}"),
            Self::Conversation(id) => format!("/events?topic=conversation:{id}&after={after}"),
            Self::Import(id) => format!("/events?topic=import:{id}&after={after}"),
        }
    }
}

/// Whether news is arriving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FeedStatus {
    /// Not open yet: the server's HTML is what there is.
    #[default]
    Opening,
    Following,
    /// The stream broke; the browser is trying again and will get what it missed.
    Reconnecting,
}

/// A message of the stream. `reset` means: too much was missed, fetch the state again.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    reset: bool,
    #[serde(flatten)]
    batch: LiveBatch,
}

/// Follows `topic` from event `after` on, as long as the calling owner lives. Call it in an effect or a component; on the
/// server nothing happens. `on_news` gets all batches that arrived since the last frame, in order; `on_reset` is called
/// when the state must be fetched again, and nothing is delivered after it.
pub fn follow(
    topic: Topic,
    after: i64,
    on_news: impl FnMut(Vec<LiveBatch>) + Send + Sync + 'static,
    on_reset: impl FnMut() + Send + Sync + 'static,
) -> ReadSignal<FeedStatus> {
    let (status, set_status) = signal(FeedStatus::Opening);
    let handlers: Handlers = (Box::new(on_news), Box::new(on_reset));
    let handlers = StoredValue::new(Some(handlers));
    Effect::new(move || {
        let Some((on_news, on_reset)) = handlers.try_update_value(Option::take).flatten() else {
            return;
        };
        let feed = Rc::new(Feed {
            topic,
            set_status,
            state: RefCell::new(State {
                after,
                waiting: Vec::new(),
                scheduled: false,
                refusals: 0,
                source: None,
            }),
            on_news: RefCell::new(on_news),
            on_reset: RefCell::new(on_reset),
        });
        feed.open();
        let feed = SendWrapper::new(feed);
        on_cleanup(move || feed.close());
    });
    status
}

type OnNews = Box<dyn FnMut(Vec<LiveBatch>) + Send + Sync>;
type OnReset = Box<dyn FnMut() + Send + Sync>;
/// They can move between threads, as the server drops a page on another thread than it began on.
type Handlers = (OnNews, OnReset);

struct Feed {
    topic: Topic,
    set_status: WriteSignal<FeedStatus>,
    state: RefCell<State>,
    on_news: RefCell<OnNews>,
    on_reset: RefCell<OnReset>,
}

struct State {
    /// The last event that was handed over.
    after: i64,
    /// Messages as they came.
    waiting: Vec<String>,
    /// A frame or a timer will hand them over.
    scheduled: bool,
    /// How often in a row the server refused the stream.
    refusals: u32,
    /// The open stream; `None` once closed for good.
    source: Option<OpenSource>,
}

/// The stream and what it calls, which must live as long as it.
struct OpenSource {
    source: EventSource,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl Drop for OpenSource {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

impl Feed {
    fn open(self: &Rc<Self>) {
        let after = self.state.borrow().after;
        // It fails only for an address that is none, and ours is.
        let Ok(source) = EventSource::new(&self.topic.address(after)) else {
            return;
        };
        let feed = Rc::clone(self);
        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| {
            feed.state.borrow_mut().refusals = 0;
            feed.say(FeedStatus::Following);
        });
        let feed = Rc::clone(self);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            if let Some(text) = message.data().as_string() {
                feed.receive(text);
            }
        });
        let feed = Rc::clone(self);
        let on_error = Closure::<dyn FnMut(Event)>::new(move |_| feed.broke());
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        self.state.borrow_mut().source = Some(OpenSource {
            source,
            _on_open: on_open,
            _on_message: on_message,
            _on_error: on_error,
        });
    }

    fn close(&self) {
        // Taken out first: dropping the closures may drop this feed's last other owner.
        let source = self.state.borrow_mut().source.take();
        drop(source);
    }

    fn say(&self, status: FeedStatus) {
        // The page may just be leaving.
        let _ = self.set_status.try_set(status);
    }

    fn receive(self: &Rc<Self>, text: String) {
        let (schedule, overfull) = {
            let mut state = self.state.borrow_mut();
            state.waiting.push(text);
            let schedule = !state.scheduled;
            state.scheduled = true;
            (schedule, state.waiting.len() > MOST_WAITING)
        };
        if overfull {
            self.hand_over();
        } else if schedule {
            let feed = Rc::clone(self);
            if document().hidden() {
                set_timeout(move || feed.hand_over(), BACKGROUND_PACE);
            } else {
                request_animation_frame(move || feed.hand_over());
            }
        }
    }

    fn hand_over(&self) {
        let waiting = {
            let mut state = self.state.borrow_mut();
            state.scheduled = false;
            if state.source.is_none() {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        let mut batches = Vec::with_capacity(waiting.len());
        for text in waiting {
            match serde_json::from_str::<Message>(&text) {
                Ok(Message { reset: false, batch }) => batches.push(batch),
                // A message from a newer server than this page: only a fresh state helps.
                Ok(Message { reset: true, .. }) | Err(_) => {
                    self.close();
                    self.say(FeedStatus::Reconnecting);
                    (self.on_reset.borrow_mut())();
                    return;
                }
            }
        }
        let newest = batches
            .iter()
            .flat_map(|batch| &batch.events)
            .map(|event| event.id)
            .max();
        if let Some(newest) = newest {
            let mut state = self.state.borrow_mut();
            state.after = state.after.max(newest);
        }
        if !batches.is_empty() {
            (self.on_news.borrow_mut())(batches);
        }
    }

    /// The connection ended. The browser connects again by itself, except when the server answered with an error.
    fn broke(self: &Rc<Self>) {
        self.say(FeedStatus::Reconnecting);
        let refused = {
            let mut state = self.state.borrow_mut();
            let Some(open) = &state.source else { return };
            let refused = open.source.ready_state() == EventSource::CLOSED;
            state.refusals += u32::from(refused);
            refused
        };
        if !refused {
            return;
        }
        let feed = Rc::clone(self);
        let refusals = self.state.borrow().refusals;
        set_timeout(
            move || {
                if feed.state.borrow().source.is_none() {
                    return;
                }
                if refusals >= REFUSALS_UNTIL_RELOAD {
                    feed.close();
                    (feed.on_reset.borrow_mut())();
                } else {
                    feed.open();
                }
            },
            OPEN_AGAIN_AFTER * refusals.min(5),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_and_a_batch_are_told_apart() {
        let reset: Message = serde_json::from_str(r#"{"reset":true}"#).expect("parses");
        assert!(reset.reset);
        let batch: Message = serde_json::from_str(
            r#"{"events":[{"id":7,"at":1,"kind":"dialling_paused","paused":true}],"glimpses":[]}"#,
        )
        .expect("parses");
        assert!(!batch.reset);
        assert_eq!(batch.batch.events[0].id, 7);
    }
}
