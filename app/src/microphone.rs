//! The browser's microphone, as frames for the server.

use js_sys::{ArrayBuffer, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AudioContext, AudioContextOptions, AudioWorkletNode, DomException, MediaStream, MediaStreamConstraints,
    MediaStreamTrack, MediaTrackConstraints, MessageEvent,
};

/// Cuts the sound into frames; in `public/`, fetched when the first microphone is opened.
const WORKLET: &str = "/microphone.js";
const SAMPLES_PER_SECOND: f32 = 16_000.0;

/// Why there is no microphone, in a sentence that says what to do.
pub type Refused = &'static str;

/// What the browser lends of the microphone. Dropping it gives it back, and the browser's sign for it goes out.
pub(crate) struct Lent(MediaStream);

impl Lent {
    /// Asks for the microphone.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn ask() -> Result<Self, Refused> {
        ask().await.map(Self)
    }

    pub(crate) fn stream(&self) -> &MediaStream {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        for track in self.0.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
    }
}

/// An open microphone. Dropping it closes it.
pub struct Microphone {
    _lent: Lent,
    context: AudioContext,
    node: AudioWorkletNode,
    _on_frame: Closure<dyn FnMut(MessageEvent)>,
}

impl Microphone {
    /// Hands each 20 ms of it on: 320 samples of 16 kHz, signed 16 bit, little-endian.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn open(lent: Lent, mut on_frame: impl FnMut(&ArrayBuffer) + 'static) -> Result<Self, Refused> {
        let opened = Self::listen_to(lent, move |message: MessageEvent| {
            if let Ok(frame) = message.data().dyn_into::<ArrayBuffer>() {
                on_frame(&frame);
            }
        });
        opened
            .await
            .map_err(|_| "This browser cannot use the microphone. Update it, or use another.")
    }

    async fn listen_to(lent: Lent, on_frame: impl FnMut(MessageEvent) + 'static) -> Result<Self, JsValue> {
        let stream = lent.stream();
        let options = AudioContextOptions::new();
        options.set_sample_rate(SAMPLES_PER_SECOND);
        // Where a browser keeps the microphone's own rate, the worklet brings it to ours.
        let ours = AudioContext::new_with_context_options(&options).and_then(|context| {
            context
                .create_media_stream_source(stream)
                .map(|source| (context, source))
        });
        let (context, source) = match ours {
            Ok(both) => both,
            Err(_) => {
                let context = AudioContext::new()?;
                let source = context.create_media_stream_source(stream)?;
                (context, source)
            }
        };
        JsFuture::from(context.resume()?).await?;
        JsFuture::from(context.audio_worklet()?.add_module(WORKLET)?).await?;
        let node = AudioWorkletNode::new(&context, "microphone")?;
        let on_frame = Closure::<dyn FnMut(MessageEvent)>::new(on_frame);
        node.port()?.set_onmessage(Some(on_frame.as_ref().unchecked_ref()));
        source.connect_with_audio_node(&node)?;
        Ok(Self {
            _lent: lent,
            context,
            node,
            _on_frame: on_frame,
        })
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        if let Ok(port) = self.node.port() {
            port.set_onmessage(None);
        }
        let _ = self.context.close();
    }
}

async fn ask() -> Result<MediaStream, Refused> {
    // Browsers have no such thing on pages without https; reading it must not be an error.
    let devices = Reflect::get(&window().navigator(), &"mediaDevices".into())
        .ok()
        .and_then(|devices| devices.dyn_into::<web_sys::MediaDevices>().ok())
        .ok_or("The browser lends its microphone only to pages that come over https. Ask your administrator for it.")?;
    let wanted = MediaTrackConstraints::new();
    wanted.set_echo_cancellation(&true.into());
    wanted.set_noise_suppression(&true.into());
    wanted.set_auto_gain_control(&true.into());
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&wanted);
    let asked = devices
        .get_user_media_with_constraints(&constraints)
        .map_err(|error| reason(&error))?;
    JsFuture::from(asked)
        .await
        .map(JsCast::unchecked_into)
        .map_err(|error| reason(&error))
}

fn reason(error: &JsValue) -> Refused {
    match error.dyn_ref::<DomException>().map(DomException::name).as_deref() {
        Some("NotAllowedError" | "SecurityError") => {
            "The microphone is blocked for this site. Allow it beside the address in your browser, then try again."
        }
        Some("NotFoundError" | "OverconstrainedError") => "There is no microphone. Connect one, then try again.",
        Some("NotReadableError") => "Another program is using the microphone. Close it, then try again.",
        _ => "The microphone could not be opened. Try again.",
    }
}
