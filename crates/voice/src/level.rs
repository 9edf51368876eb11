//! How loud a frame is, for level meters.

use telephony::Frame;

/// Loudness, 0 (silence, below -60 dB of full scale) to 100 (full scale).
#[must_use]
pub fn of(frame: &Frame) -> u8 {
    let samples = frame.samples();
    let energy: f32 = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a frame has a few hundred samples")]
    let rms = (energy / samples.len() as f32).sqrt() / 32_768.0;
    if rms <= 0.0 {
        return 0;
    }
    let decibels = 20.0 * rms.log10();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100 before"
    )]
    let level = ((decibels + 60.0) / 60.0 * 100.0).round().clamp(0.0, 100.0) as u8;
    level
}
