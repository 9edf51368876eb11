//! Hearing a call and speaking in it.
//!
//! A WebSocket to the server says first where the sound is ([`SoundNews`]). In a room on LiveKit it is joined there
//! ([`crate::call_room`]), and the WebSocket stays beside it for the keys. Else it comes over the WebSocket itself and is
//! played through Web Audio:
//!
//! The server sends stereo frames of 20 ms, 16 kHz, 16 bit, interleaved, agent left and person right. Each becomes a
//! small buffer that is scheduled right after the one before it, a moment ahead of time so that an uneven network is
//! not heard. Up go the frames of the microphone, while it is open.

mod speaker;

use crate::{
    call_room::{Ear, Mouth, RoomSays},
    microphone::{Lent, Microphone},
};
use domain::{
    ConversationId,
    call_sound::{MICROPHONE_OFF, MICROPHONE_ON, SoundNews},
};
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use speaker::Speaker;
use std::{rc::Rc, time::Duration};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// Bytes of the microphone that may wait to be sent: a quarter of a second.
const MOST_UNSENT: u32 = 8_000;
/// How long after the end of a room the WebSocket may still say why.
const REASON_COMES_WITHIN: Duration = Duration::from_secs(2);
/// The code with which the server closes when it refuses; its reason is a sentence to show.
const REFUSED: u16 = 1_008;

/// Where listening stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    #[default]
    Off,
    Connecting,
    On,
    /// It is there, but the browser plays nothing before somebody presses something.
    Blocked,
    /// It ended or never began, and why.
    Stopped(String),
}

impl Hearing {
    /// True if the call's sound is there.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self, Self::On | Self::Blocked)
    }
}

/// Where the microphone stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaking {
    #[default]
    Off,
    /// The browser asks, or connects.
    Asking,
    On,
    /// There is none, and why.
    Refused(&'static str),
}

/// Where the sound is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The server has not said it yet.
    Unknown,
    Socket,
    Room,
}

/// Listening to one call; ends when the owner that made it goes.
#[derive(Clone, Copy)]
pub struct Listener {
    path: StoredValue<String>,
    hearing: RwSignal<Hearing>,
    speaking: RwSignal<Speaking>,
    line: StoredValue<Option<SendWrapper<Line>>>,
    /// Lent, and not in use yet.
    lent: StoredValue<Option<SendWrapper<Lent>>>,
    microphone: StoredValue<Option<SendWrapper<Voice>>>,
    ear: StoredValue<Option<SendWrapper<Ear>>>,
    way: StoredValue<Way>,
    /// The way where the server does not say it.
    usual_way: Way,
    /// Counts connections: what was begun for an older one is of no use any more.
    turn: StoredValue<u32>,
    on_text: StoredValue<Box<dyn Fn(String) + Send + Sync>>,
}

/// The microphone in use. Dropping it closes it.
enum Voice {
    /// Held for the end that it makes by being dropped.
    Socket {
        _microphone: Microphone,
    },
    Room {
        mouth: Mouth,
        _lent: Lent,
    },
}

impl Listener {
    /// Prepares to listen to `id`. Nothing is fetched before [`Listener::start`].
    #[must_use]
    pub fn new(id: ConversationId) -> Self {
        let listener = Self::with(format!("/listen/{id}"), Way::Unknown);
        listener.on_text.set_value(Box::new(move |text| listener.take(&text)));
        listener
    }

    /// The same for a path whose sound always comes over the WebSocket; `on_text` gets what it says in words.
    pub(crate) fn at(path: String, on_text: impl Fn(String) + Copy + Send + Sync + 'static) -> Self {
        let listener = Self::with(path, Way::Socket);
        listener.on_text.set_value(Box::new(on_text));
        listener
    }

    fn with(path: String, usual_way: Way) -> Self {
        let listener = Self {
            path: StoredValue::new(path),
            hearing: RwSignal::new(Hearing::Off),
            speaking: RwSignal::new(Speaking::Off),
            line: StoredValue::new(None),
            lent: StoredValue::new(None),
            microphone: StoredValue::new(None),
            ear: StoredValue::new(None),
            way: StoredValue::new(usual_way),
            usual_way,
            turn: StoredValue::new(0),
            on_text: StoredValue::new(Box::new(|_| {})),
        };
        on_cleanup(move || listener.hang_up());
        listener
    }

    /// Where it stands.
    #[must_use]
    pub fn hearing(self) -> Signal<Hearing> {
        self.hearing.into()
    }

    /// Begins to listen. Must come from a click, or the browser keeps the sound off.
    pub fn start(self) {
        self.hang_up();
        self.way.set_value(self.usual_way);
        self.hearing.set(Hearing::Connecting);
        match Line::open(self) {
            Ok(line) => self.line.set_value(Some(SendWrapper::new(line))),
            Err(_) => {
                let why = "This browser cannot play the call.".to_owned();
                self.hearing.set(Hearing::Stopped(why));
            }
        }
    }

    /// Plays what the browser has held back. Must come from a click.
    pub fn turn_on(self) {
        self.ear.with_value(|ear| ear.as_ref().map(|ear| ear.play()));
    }

    /// Stops listening, and speaking.
    pub fn stop(self) {
        self.hang_up();
        self.hearing.set(Hearing::Off);
        self.speaking.set(Speaking::Off);
    }

    /// Where the microphone stands.
    #[must_use]
    pub fn speaking(self) -> Signal<Speaking> {
        self.speaking.into()
    }

    /// Opens the microphone, and listens too. Must come from a click, or the browser asks nobody.
    pub fn speak(self) {
        if matches!(self.speaking.get_untracked(), Speaking::On | Speaking::Asking) {
            return;
        }
        if matches!(self.hearing.get_untracked(), Hearing::Off | Hearing::Stopped(_)) {
            self.start();
        }
        self.speaking.set(Speaking::Asking);
        leptos::task::spawn_local(async move {
            let lent = Lent::ask().await;
            if !self.still_asks() {
                return;
            }
            match lent {
                Ok(lent) => {
                    self.lent.set_value(Some(SendWrapper::new(lent)));
                    self.use_lent();
                }
                Err(why) => self.speaking.set(Speaking::Refused(why)),
            }
        });
    }

    /// Somebody who has changed their mind meanwhile is not listened to.
    fn still_asks(self) -> bool {
        self.speaking.try_get_untracked() == Some(Speaking::Asking)
    }

    /// Brings a microphone that was lent to where the sound is, once both are known.
    fn use_lent(self) {
        match self.way.get_value() {
            Way::Unknown => {}
            Way::Room => {
                // The server answers with a key.
                if self.lent.with_value(Option::is_some) {
                    self.say(MICROPHONE_ON);
                }
            }
            Way::Socket => {
                let Some(lent) = self.lent.try_update_value(Option::take).flatten() else {
                    return;
                };
                leptos::task::spawn_local(async move {
                    let opened = Microphone::open(lent.take(), move |frame| {
                        // The page may be gone while a frame is still on its way.
                        let _ = self
                            .line
                            .try_with_value(|line| line.as_ref().map(|line| line.send(frame)));
                    });
                    let opened = opened.await.map(|microphone| Voice::Socket {
                        _microphone: microphone,
                    });
                    self.opened(opened);
                });
            }
        }
    }

    fn opened(self, voice: Result<Voice, &'static str>) {
        if !self.still_asks() {
            return;
        }
        match voice {
            Ok(voice) => {
                self.microphone.set_value(Some(SendWrapper::new(voice)));
                self.speaking.set(Speaking::On);
            }
            Err(why) => {
                self.say(MICROPHONE_OFF);
                self.speaking.set(Speaking::Refused(why));
            }
        }
    }

    /// Lets others than the agent hear the microphone, as far as the call allows it.
    pub(crate) fn let_everybody_hear(self) {
        self.microphone.with_value(|voice| {
            if let Some(Voice::Room { mouth, .. }) = voice.as_deref() {
                mouth.to_everybody();
            }
        });
    }

    /// Takes what the server says of where the sound is.
    fn take(self, text: &str) {
        match serde_json::from_str(text) {
            Ok(SoundNews::Here) => {
                self.way.set_value(Way::Socket);
                self.hearing.set(Hearing::On);
                self.use_lent();
            }
            Ok(SoundNews::Listen(key)) => {
                self.way.set_value(Way::Room);
                let turn = self.turn.get_value();
                leptos::task::spawn_local(async move {
                    let joined = Ear::join(&key, move |says| self.room_says(turn, says)).await;
                    if self.turn.try_get_value() != Some(turn) {
                        return;
                    }
                    match joined {
                        Ok(ear) => {
                            self.ear.set_value(Some(SendWrapper::new(ear)));
                            self.use_lent();
                        }
                        Err(_) => self.lost(
                            "The call’s sound could not be reached. Your network may not let it through; try again, or ask your administrator.",
                        ),
                    }
                });
            }
            Ok(SoundNews::Speak(key)) => {
                let Some(lent) = self.lent.try_update_value(Option::take).flatten() else {
                    return;
                };
                leptos::task::spawn_local(async move {
                    let lent = lent.take();
                    let stream = lent.stream().clone();
                    let joined = Mouth::join(&key, &stream, move |_| self.be_silent()).await;
                    self.opened(match joined {
                        Ok(mouth) => Ok(Voice::Room { mouth, _lent: lent }),
                        Err(_) => Err("The microphone could not be brought into the call. Try again."),
                    });
                });
            }
            // A server that is newer than this page says more than it knows.
            Err(_) => {}
        }
    }

    fn room_says(self, turn: u32, says: RoomSays) {
        if self.turn.try_get_value() != Some(turn) {
            return;
        }
        match says {
            RoomSays::Playing => self.hearing.set(Hearing::On),
            RoomSays::Blocked => self.hearing.set(Hearing::Blocked),
            RoomSays::Ended => {
                drop(self.ear.try_update_value(Option::take).flatten());
                // Whoever is put out of the room is told why over the WebSocket, whose end may come after the room's.
                let unexplained = move || {
                    if self.turn.try_get_value() == Some(turn) {
                        self.lost("The sound has ended: the call is over, or the connection broke.");
                    }
                };
                set_timeout(unexplained, REASON_COMES_WITHIN);
            }
        }
    }

    fn lost(self, why: &str) {
        self.hang_up();
        self.ended(why.to_owned());
    }

    /// Ends a connection that is of no use without a microphone; why there is none stays to be read.
    pub(crate) fn hang_up_but_say_why(self) {
        self.hang_up();
        self.hearing.set(Hearing::Off);
    }

    /// Closes the microphone and goes on listening.
    pub fn be_silent(self) {
        self.drop_microphone();
        let _ = self.speaking.try_set(Speaking::Off);
        self.say(MICROPHONE_OFF);
    }

    fn say(self, text: &str) {
        let _ = self
            .line
            .try_with_value(|line| line.as_ref().map(|line| line.say(text)));
    }

    fn drop_microphone(self) {
        drop(self.lent.try_update_value(Option::take).flatten());
        drop(self.microphone.try_update_value(Option::take).flatten());
    }

    fn ended(self, why: String) {
        let _ = self.hearing.try_set(Hearing::Stopped(why));
        self.drop_microphone();
        let _ = self.speaking.try_update(|speaking| {
            if matches!(speaking, Speaking::On | Speaking::Asking) {
                *speaking = Speaking::Off;
            }
        });
    }

    fn hang_up(self) {
        let _ = self.turn.try_update_value(|turn| *turn += 1);
        self.drop_microphone();
        drop(self.ear.try_update_value(Option::take).flatten());
        let line = self.line.try_update_value(Option::take).flatten();
        drop(line);
    }
}

/// An open connection and its loudspeaker. Dropping it closes both.
struct Line {
    socket: WebSocket,
    speaker: Rc<Speaker>,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Line {
    fn open(listener: Listener) -> Result<Self, JsValue> {
        let hearing = listener.hearing;
        let location = window().location();
        let scheme = if location.protocol()? == "https:" { "wss" } else { "ws" };
        let speaker = Rc::new(Speaker::new()?);
        let path = listener.path.get_value();
        let socket = WebSocket::new(&format!("{scheme}://{}{path}", location.host()?))?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| {
            if listener.usual_way == Way::Socket {
                let _ = hearing.try_set(Hearing::On);
            }
        });
        let heard = Rc::clone(&speaker);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            if let Ok(bytes) = message.data().dyn_into::<ArrayBuffer>() {
                // A frame that cannot be played is a gap of 20 ms; the next one comes right after it.
                let _ = heard.play(&bytes);
            } else if let Some(text) = message.data().as_string() {
                let _ = listener.on_text.try_with_value(|on_text| on_text(text));
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |close: CloseEvent| {
            let was_on = hearing
                .try_get_untracked()
                .is_some_and(|hearing| hearing.is_connected());
            let _ = listener.turn.try_update_value(|turn| *turn += 1);
            drop(listener.ear.try_update_value(Option::take).flatten());
            listener.ended(if close.code() == REFUSED && !close.reason().is_empty() {
                close.reason()
            } else if was_on {
                "The sound has ended: the call is over, or the connection broke.".to_owned()
            } else {
                "The sound could not be reached. The call may be over; try again.".to_owned()
            });
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            socket,
            speaker,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }
}

impl Line {
    /// Sends a frame of the microphone; what a slow network cannot take is dropped.
    fn send(&self, frame: &ArrayBuffer) {
        if self.socket.ready_state() == WebSocket::OPEN && self.socket.buffered_amount() < MOST_UNSENT {
            let _ = self.socket.send_with_array_buffer(frame);
        }
    }

    fn say(&self, text: &str) {
        if self.socket.ready_state() == WebSocket::OPEN {
            let _ = self.socket.send_with_str(text);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing what is closed already is no matter.
        let _ = self.socket.close();
        let _ = self.speaker.context.close();
    }
}
