//! What somebody else says: packets in, frames out.

use crate::{
    FRAME_SAMPLES, SAMPLE_RATE_HZ,
    jitter::{JitterBuffer, JitterStats, Next, Packet},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The longest packet that Opus allows: 120 ms (RFC 6716, section 3.2.5).
const MOST_PACKET_SAMPLES: usize = 1_920;

/// Where the room's task puts packets and the track takes them from.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<InboxState>,
}

#[derive(Debug)]
struct InboxState {
    buffer: JitterBuffer,
    last_packet: Instant,
}

impl Inbox {
    pub(crate) fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(InboxState {
                buffer: JitterBuffer::new(now),
                last_packet: now,
            }),
        })
    }

    pub(crate) fn put(&self, seq: u64, time: u64, payload: Arc<[u8]>, now: Instant) {
        // A packet that is not Opus says nothing of its length and is of no use.
        let Ok(samples) = opus::packet::get_nb_samples(&payload, 48_000) else {
            return;
        };
        let mut state = self.lock();
        state.last_packet = now;
        state.buffer.insert(
            Packet {
                seq,
                time,
                ticks: samples as u64,
                payload,
            },
            now,
        );
    }

    /// A new connection numbers and times its packets anew.
    pub(crate) fn restart(&self, now: Instant) {
        self.lock().buffer = JitterBuffer::new(now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, InboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A track of somebody else's, to be pulled in the listener's own rhythm. It lasts beyond the track: then it is silent.
pub struct RemoteAudioTrack {
    sid: String,
    participant: String,
    inbox: Arc<Inbox>,
    decoder: opus::Decoder,
    decoded: VecDeque<i16>,
    kind: PlayoutKind,
}

/// 20 ms of what is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playout {
    pub samples: [i16; FRAME_SAMPLES],
    pub kind: PlayoutKind,
}

/// Where a frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayoutKind {
    /// As it was sent.
    Sound,
    /// Rebuilt from the packet after it.
    Recovered,
    /// Made up, because something is missing or late.
    Concealed,
    /// Nothing is being sent.
    Silence,
}

impl RemoteAudioTrack {
    pub(crate) fn new(sid: String, participant: String, inbox: Arc<Inbox>) -> Result<Self, opus::Error> {
        Ok(Self {
            sid,
            participant,
            inbox,
            decoder: opus::Decoder::new(SAMPLE_RATE_HZ, opus::Channels::Mono)?,
            decoded: VecDeque::with_capacity(MOST_PACKET_SAMPLES + FRAME_SAMPLES),
            kind: PlayoutKind::Silence,
        })
    }

    /// LiveKit's name of the track, `TR_…`.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Identity of whoever publishes it.
    #[must_use]
    pub fn participant(&self) -> &str {
        &self.participant
    }

    /// The next 20 ms. Never blocks; to be called every 20 ms.
    pub fn pull(&mut self) -> Playout {
        self.pull_at(Instant::now())
    }

    pub(crate) fn pull_at(&mut self, now: Instant) -> Playout {
        while self.decoded.len() < FRAME_SAMPLES {
            let next = self.inbox.lock().buffer.next(now);
            self.add(&next);
        }
        let mut samples = [0; FRAME_SAMPLES];
        for (to, from) in samples.iter_mut().zip(self.decoded.drain(..FRAME_SAMPLES)) {
            *to = from;
        }
        Playout {
            samples,
            kind: self.kind,
        }
    }

    /// How long ago the last packet came; since the track was subscribed to, if none has.
    #[must_use]
    pub fn silent_for(&self) -> Duration {
        self.inbox.lock().last_packet.elapsed()
    }

    /// What happened to the packets so far.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        self.inbox.lock().buffer.stats()
    }

    fn add(&mut self, next: &Next) {
        let mut sound = [0; MOST_PACKET_SAMPLES];
        let (decoded, kind) = match next {
            Next::Silence => (Ok(FRAME_SAMPLES), PlayoutKind::Silence),
            Next::Sound(payload) => (self.decoder.decode(payload, &mut sound, false), PlayoutKind::Sound),
            Next::LeaveOut(payload) => {
                // The decoder has to hear it to go on from there.
                let _ = self.decoder.decode(payload, &mut sound, false);
                return;
            }
            Next::Recover(payload) => (
                self.decoder.decode(payload, &mut sound[..FRAME_SAMPLES], true),
                PlayoutKind::Recovered,
            ),
            Next::Conceal => (
                self.decoder.decode(&[], &mut sound[..FRAME_SAMPLES], false),
                PlayoutKind::Concealed,
            ),
        };
        self.kind = kind;
        // What cannot be decoded is as good as lost, and its time must pass all the same.
        let samples = decoded.ok().filter(|samples| *samples > 0).unwrap_or(FRAME_SAMPLES);
        self.decoded.extend(&sound[..samples.min(MOST_PACKET_SAMPLES)]);
    }
}

impl std::fmt::Debug for RemoteAudioTrack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteAudioTrack")
            .field("sid", &self.sid)
            .finish_non_exhaustive()
    }
}
