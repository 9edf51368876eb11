//! 20 ms of a tone.

use telephony::{FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// The frame of a tone that began `since_ms` ago. `loud` is the largest sample.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a short tone, well within 16 bits"
)]
pub(super) fn tone(hertz: f32, loud: f32, since_ms: u32) -> Frame {
    let start = since_ms * SAMPLE_RATE_HZ / 1_000;
    Frame::new(std::array::from_fn::<i16, FRAME_SAMPLES, _>(|index| {
        let seconds = (start as f32 + index as f32) / SAMPLE_RATE_HZ as f32;
        ((std::f32::consts::TAU * hertz * seconds).sin() * loud) as i16
    }))
}
