//! The loudspeaker for sound that comes over the WebSocket.

use js_sys::{ArrayBuffer, DataView};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use web_sys::{AudioContext, AudioContextOptions};

const SAMPLES_PER_SECOND: f32 = 16_000.0;
/// Seconds that sound is held back so that late frames still come in time.
const LEAD: f64 = 0.15;
/// Seconds of sound that may wait; what comes beyond it is dropped, or listening would fall ever further behind.
const MOST_WAITING: f64 = 0.6;

/// Plays frames one after the other without a gap.
pub(super) struct Speaker {
    pub(super) context: AudioContext,
    /// When, by the context's clock, the next frame begins.
    next: RefCell<f64>,
}

impl Speaker {
    pub(super) fn new() -> Result<Self, JsValue> {
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

    pub(super) fn play(&self, bytes: &ArrayBuffer) -> Result<(), JsValue> {
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
