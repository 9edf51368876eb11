//! What we say: frames in, packets out.

use crate::{FRAME_SAMPLES, FRAME_TICKS, RoomError, SAMPLE_RATE_HZ, room::Command};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Speech needs no more at this rate.
const BITRATE: i32 = 24_000;
/// What encoding costs most of: 5 of 10 is a third of the default's work, and not to be told apart on a telephone.
const COMPLEXITY: i32 = 5;
/// How much loss the copies of the packet before are made for, in per cent.
const EXPECTED_LOSS: i32 = 10;
/// Frames of digital silence that are still encoded, so that a sound dies away.
const HANGOVER_FRAMES: u32 = 10;
/// While silent, one packet in so many frames shows that we are there: 400 ms, as Opus's own discontinuous transmission.
const ALIVE_FRAMES: u32 = 20;
/// A caller who was held up by more than this goes on at the present time.
const HELD_UP: Duration = Duration::from_millis(60);

/// A packet on its way out.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingSound {
    pub(crate) track: u64,
    /// RTP time.
    pub(crate) time: u64,
    /// Loudness in dBov, 0 to -127 (RFC 6464).
    pub(crate) level: i8,
    pub(crate) payload: Arc<[u8]>,
    pub(crate) at: Instant,
}

/// A track of ours. Dropping it takes it back.
pub struct LocalAudioTrack {
    sid: String,
    track: u64,
    encoding: Mutex<Encoding>,
    sounds: mpsc::Sender<OutgoingSound>,
    commands: mpsc::UnboundedSender<Command>,
}

impl LocalAudioTrack {
    pub(crate) fn new(
        sid: String,
        track: u64,
        sounds: mpsc::Sender<OutgoingSound>,
        commands: mpsc::UnboundedSender<Command>,
    ) -> Result<Self, RoomError> {
        Ok(Self {
            sid,
            track,
            encoding: Mutex::new(Encoding::new()?),
            sounds,
            commands,
        })
    }

    /// LiveKit's name of the track, `TR_…`; a new connection gives it another one.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Sends 20 ms. Never blocks; paced by the caller. What cannot be sent in time is left out.
    pub fn send(&self, frame: &[i16; FRAME_SAMPLES]) {
        let now = Instant::now();
        let encoded = self
            .encoding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .encode(frame, now);
        if let Some((time, payload)) = encoded {
            let sound = OutgoingSound {
                track: self.track,
                time,
                level: level(frame),
                payload,
                at: now,
            };
            // Full: the connection is being made anew, or the machine is too slow. Old sound is worth nothing.
            let _ = self.sounds.try_send(sound);
        }
    }

    /// Tells everybody that nothing will come, or that something will again.
    pub fn mute(&self, muted: bool) {
        let _ = self.commands.send(Command::Mute {
            track: self.track,
            muted,
        });
    }
}

impl Drop for LocalAudioTrack {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Unpublish { track: self.track });
    }
}

struct Encoding {
    encoder: opus::Encoder,
    clock: RtpClock,
    silent_frames: u32,
}

impl Encoding {
    fn new() -> Result<Self, opus::Error> {
        let mut encoder = opus::Encoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono, opus::Application::Voip)?;
        encoder.set_bitrate(opus::Bitrate::Bits(BITRATE))?;
        encoder.set_complexity(COMPLEXITY)?;
        encoder.set_inband_fec(true)?;
        encoder.set_packet_loss_perc(EXPECTED_LOSS)?;
        Ok(Self {
            encoder,
            clock: RtpClock::default(),
            silent_frames: 0,
        })
    }

    fn encode(&mut self, frame: &[i16; FRAME_SAMPLES], now: Instant) -> Option<(u64, Arc<[u8]>)> {
        let time = self.clock.next(now);
        if frame.iter().all(|sample| *sample == 0) {
            self.silent_frames = self.silent_frames.saturating_add(1);
            let beyond = self.silent_frames.saturating_sub(HANGOVER_FRAMES);
            if !beyond.is_multiple_of(ALIVE_FRAMES) {
                return None;
            }
        } else {
            self.silent_frames = 0;
        }
        let mut packet = [0; 400];
        let length = self.encoder.encode(frame, &mut packet).ok()?;
        Some((time, Arc::from(&packet[..length])))
    }
}

/// RTP time of each frame: in the steps of the frames, and with the wall clock if the caller was held up.
#[derive(Debug, Default)]
struct RtpClock {
    start: Option<Instant>,
    next: u64,
}

impl RtpClock {
    fn next(&mut self, now: Instant) -> u64 {
        let start = *self.start.get_or_insert(now);
        let elapsed = now.saturating_duration_since(start);
        let planned = Duration::from_micros(self.next * 1_000 / 48);
        if elapsed > planned + HELD_UP {
            self.next = u64::try_from(elapsed.as_millis()).unwrap_or(0) * 48 / FRAME_TICKS * FRAME_TICKS;
        }
        let time = self.next;
        self.next += FRAME_TICKS;
        time
    }
}

/// Loudness of a frame in dBov, 0 (as loud as can be) to -127 (RFC 6464).
fn level(frame: &[i16; FRAME_SAMPLES]) -> i8 {
    let energy: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / FRAME_SAMPLES as f64;
    let loudness = 10.0 * (energy / f64::from(i16::MAX).powi(2)).log10();
    #[expect(clippy::cast_possible_truncation, reason = "between -127 and 0")]
    let level = loudness.clamp(-127.0, 0.0) as i8;
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine() -> [i16; FRAME_SAMPLES] {
        std::array::from_fn(|n| (8_000.0 * (n as f64 * 0.2).sin()) as i16)
    }

    #[test]
    fn silence_is_sent_only_to_show_that_we_are_there() {
        let mut encoding = Encoding::new().expect("Opus");
        let start = Instant::now();
        let at = |frame: u32| start + Duration::from_millis(20) * frame;
        assert!(encoding.encode(&sine(), at(0)).is_some());
        let sent = (1..=110)
            .filter(|frame| encoding.encode(&[0; FRAME_SAMPLES], at(*frame)).is_some())
            .count();
        assert_eq!(sent, 10 + 5);
        let (time, _) = encoding.encode(&sine(), at(111)).expect("a packet");
        assert_eq!(time, 111 * FRAME_TICKS, "time goes on while nothing is sent");
    }

    #[test]
    fn a_caller_who_was_held_up_goes_on_at_the_present_time() {
        let mut clock = RtpClock::default();
        let start = Instant::now();
        assert_eq!(clock.next(start), 0);
        assert_eq!(
            clock.next(start + Duration::from_millis(70)),
            FRAME_TICKS,
            "a little late is only jitter"
        );
        assert_eq!(clock.next(start + Duration::from_millis(2_000)), 100 * FRAME_TICKS);
    }

    #[test]
    fn loudness_is_told_in_dbov() {
        assert_eq!(level(&[0; FRAME_SAMPLES]), -127);
        assert_eq!(level(&[i16::MAX; FRAME_SAMPLES]), 0);
        assert!((-18..-14).contains(&level(&sine())), "{}", level(&sine()));
    }
}
