//! Hearing a call and speaking in it: sound over a WebSocket, played through Web Audio.
//!
//! The server sends stereo frames of 20 ms, 16 kHz, 16 bit, interleaved, agent left and person right. Each becomes a
//! small buffer that is scheduled right after the one before it, a moment ahead of time so that an uneven network is
//! not heard. Up go the frames of the microphone, while it is open.

use crate::microphone::Microphone;
use domain::ConversationId;
use js_sys::{ArrayBuffer, DataView};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{AudioContext, AudioContextOptions, BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

const SAMPLES_PER_SECOND: f32 = 16_000.0;
/// Seconds that sound is held back so that late frames still come in time.
const LEAD: f64 = 0.15;
/// Seconds of sound that may wait; what comes beyond it is dropped, or listening would fall ever further behind.
const MOST_WAITING: f64 = 0.6;
/// Bytes of the microphone that may wait to be sent: a quarter of a second.
const MOST_UNSENT: u32 = 8_000;
/// The code with which the server closes when it refuses; its reason is a sentence to show.
const REFUSED: u16 = 1_008;

/// Where listening stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    #[default]
    Off,
    Connecting,
    On,
    /// It ended or never began, and why.
    Stopped(String),
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

/// Listening to one call; ends when the owner that made it goes.
#[derive(Clone, Copy)]
pub struct Listener {
    path: StoredValue<String>,
    hearing: RwSignal<Hearing>,
    speaking: RwSignal<Speaking>,
    line: StoredValue<Option<SendWrapper<Line>>>,
    microphone: StoredValue<Option<SendWrapper<Microphone>>>,
    on_text: StoredValue<Box<dyn Fn(String) + Send + Sync>>,
}

impl Listener {
    /// Prepares to listen to `id`. Nothing is fetched before [`Listener::start`].
    #[must_use]
    pub fn new(id: ConversationId) -> Self {
        Self::at(format!("/listen/{id}"), |_| {})
    }

    /// The same for any path that speaks the same way; `on_text` gets what it says in words.
    pub(crate) fn at(path: String, on_text: impl Fn(String) + Copy + Send + Sync + 'static) -> Self {
        let listener = Self {
            path: StoredValue::new(path),
            hearing: RwSignal::new(Hearing::Off),
            speaking: RwSignal::new(Speaking::Off),
            line: StoredValue::new(None),
            microphone: StoredValue::new(None),
            on_text: StoredValue::new(Box::new(on_text)),
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
        self.hearing.set(Hearing::Connecting);
        match Line::open(self) {
            Ok(line) => self.line.set_value(Some(SendWrapper::new(line))),
            Err(_) => {
                let why = "This browser cannot play the call.".to_owned();
                self.hearing.set(Hearing::Stopped(why));
            }
        }
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
            let opened = Microphone::open(move |frame| {
                // The page may be gone while a frame is still on its way.
                let _ = self
                    .line
                    .try_with_value(|line| line.as_ref().map(|line| line.send(frame)));
            })
            .await;
            // Somebody who has changed their mind meanwhile is not listened to.
            if self.speaking.try_get_untracked() != Some(Speaking::Asking) {
                return;
            }
            match opened {
                Ok(microphone) => {
                    self.microphone.set_value(Some(SendWrapper::new(microphone)));
                    self.speaking.set(Speaking::On);
                }
                Err(why) => self.speaking.set(Speaking::Refused(why)),
            }
        });
    }

    /// Ends a connection that is of no use without a microphone; why there is none stays to be read.
    pub(crate) fn hang_up_but_say_why(self) {
        self.hang_up();
        self.hearing.set(Hearing::Off);
    }

    /// Closes the microphone and goes on listening.
    pub fn be_silent(self) {
        self.drop_microphone();
        self.speaking.set(Speaking::Off);
        self.line
            .with_value(|line| line.as_ref().map(|line| line.say("mic-off")));
    }

    fn drop_microphone(self) {
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
        self.drop_microphone();
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
            let _ = hearing.try_set(Hearing::On);
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
            let was_on = hearing.try_get_untracked() == Some(Hearing::On);
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

/// Plays frames one after the other without a gap.
struct Speaker {
    context: AudioContext,
    /// When, by the context's clock, the next frame begins.
    next: RefCell<f64>,
}

impl Speaker {
    fn new() -> Result<Self, JsValue> {
        let options = AudioContextOptions::new();
        // At the call's own rate nothing is resampled frame by frame, which would click at every seam.
        options.set_sample_rate(SAMPLES_PER_SECOND);
        let context = AudioContext::new_with_context_options(&options).or_else(|_| AudioContext::new())?;
        let _ = context.resume()?;
        Ok(Self {
            context,
            next: RefCell::new(0.0),
        })
    }

    fn play(&self, bytes: &ArrayBuffer) -> Result<(), JsValue> {
        let frames = bytes.byte_length() / 4;
        let now = self.context.current_time();
        let mut next = self.next.borrow_mut();
        if frames == 0 || *next > now + MOST_WAITING {
            return Ok(());
        }
        if *next < now {
            *next = now + LEAD;
        }
        let view = DataView::new(bytes, 0, bytes.byte_length() as usize);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for frame in 0..frames as usize {
            left.push(f32::from(view.get_int16_endian(frame * 4, true)) / 32_768.0);
            right.push(f32::from(view.get_int16_endian(frame * 4 + 2, true)) / 32_768.0);
        }
        let buffer = self.context.create_buffer(2, frames, SAMPLES_PER_SECOND)?;
        buffer.copy_to_channel(&left, 0)?;
        buffer.copy_to_channel(&right, 1)?;
        let source = self.context.create_buffer_source()?;
        source.set_buffer(Some(&buffer));
        source.connect_with_audio_node(&self.context.destination())?;
        source.start_with_when(*next)?;
        *next += f64::from(frames) / f64::from(SAMPLES_PER_SECOND);
        Ok(())
    }
}
