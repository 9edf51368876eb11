//! Hearing a call: sound from the server over a WebSocket, played through Web Audio.
//!
//! The server sends stereo frames of 20 ms, 16 kHz, 16 bit, interleaved, agent left and person right. Each becomes a
//! small buffer that is scheduled right after the one before it, a moment ahead of time so that an uneven network is
//! not heard.

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

/// Where listening stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    #[default]
    Off,
    Connecting,
    On,
    /// It ended or never began, and why.
    Stopped(&'static str),
}

/// Listening to one call; ends when the owner that made it goes.
#[derive(Clone, Copy)]
pub struct Listener {
    id: ConversationId,
    hearing: RwSignal<Hearing>,
    line: StoredValue<Option<SendWrapper<Line>>>,
}

impl Listener {
    /// Prepares to listen to `id`. Nothing is fetched before [`Listener::start`].
    #[must_use]
    pub fn new(id: ConversationId) -> Self {
        let listener = Self {
            id,
            hearing: RwSignal::new(Hearing::Off),
            line: StoredValue::new(None),
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
        match Line::open(self.id, self.hearing) {
            Ok(line) => self.line.set_value(Some(SendWrapper::new(line))),
            Err(_) => self.hearing.set(Hearing::Stopped("This browser cannot play the call.")),
        }
    }

    /// Stops listening.
    pub fn stop(self) {
        self.hang_up();
        self.hearing.set(Hearing::Off);
    }

    fn hang_up(self) {
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
    fn open(id: ConversationId, hearing: RwSignal<Hearing>) -> Result<Self, JsValue> {
        let location = window().location();
        let scheme = if location.protocol()? == "https:" { "wss" } else { "ws" };
        let speaker = Rc::new(Speaker::new()?);
        let socket = WebSocket::new(&format!("{scheme}://{}/listen/{id}", location.host()?))?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| {
            let _ = hearing.try_set(Hearing::On);
        });
        let heard = Rc::clone(&speaker);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            if let Ok(bytes) = message.data().dyn_into::<ArrayBuffer>() {
                // A frame that cannot be played is a gap of 20 ms; the next one comes right after it.
                let _ = heard.play(&bytes);
            }
        });
        let on_close = Closure::<dyn FnMut(CloseEvent)>::new(move |_| {
            let _ = hearing.try_update(|hearing| {
                *hearing = Hearing::Stopped(if *hearing == Hearing::On {
                    "The sound has ended: the call is over, or the connection broke."
                } else {
                    "The sound could not be reached. The call may be over; try again."
                });
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
