//! The jitter buffer: puts packets back in order and says, every 20 ms, what is to be heard next.
//!
//! It keeps two clocks apart. *Transit* is the time of arrival minus the RTP time of a packet; its lowest value of the
//! last seconds is what the network takes at best, and follows a sender whose clock runs faster or slower than ours.
//! What packets take beyond that is the jitter; the delay that is kept is a high percentile of it. A packet is due when
//! best transit plus delay have passed since its RTP time. The delay is changed in pauses for free, and while somebody
//! speaks by leaving out or stretching single frames.
//!
//! Pure: time is an argument, sound is not decoded here.

use crate::FRAME_TICKS;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

/// RTP time of a millisecond.
const TICKS_MS: i64 = 48;
/// The delay is never less; pulling in steps of 20 ms adds up to as much.
const LEAST_DELAY_MS: i64 = 20;
const MOST_DELAY_MS: i64 = 400;
/// The delay until something is known about the network.
const FIRST_DELAY_MS: i64 = 40;
/// Packets whose jitter is remembered.
const REMEMBERED: usize = 250;
/// The lowest transit is looked for in this many pieces of that length.
const PIECES: usize = 5;
const PIECE: Duration = Duration::from_secs(2);
/// Frames that are made up in a row. Opus fades out by then.
const MOST_CONCEALED: u32 = 4;
/// A sender whose clock jumped, or a network that held back everything for this long, starts anew.
const RESTART_MS: i64 = 2_000;
/// Later than planned by this much: catch up at once.
const JUMP_MS: i64 = 300;
/// Later or earlier than planned by this much: leave out or stretch a frame.
const TOLERANCE_MS: i64 = 25;
/// Frames between two such changes.
const BETWEEN_CHANGES: u32 = 8;
/// Most sound that waits.
const MOST_WAITING_MS: i64 = 1_500;

/// A packet as it came.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// Extended sequence number.
    pub(crate) seq: u64,
    /// Extended RTP time, 1/48,000 s.
    pub(crate) time: u64,
    /// Length of its sound, 1/48,000 s.
    pub(crate) ticks: u64,
    pub(crate) payload: Arc<[u8]>,
}

impl Packet {
    /// Opus says with one or two bytes that there is nothing to hear (discontinuous transmission).
    fn is_silence(&self) -> bool {
        self.payload.len() <= 2
    }
}

/// What is to be heard next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Decode this.
    Sound(Arc<[u8]>),
    /// A packet is missing, but the next one is there: it may hold a copy (in-band forward error correction).
    Recover(Arc<[u8]>),
    /// Something is missing, or a frame is to be stretched: make something up.
    Conceal,
    /// Decode this and do not play it, then ask again: there is too much.
    LeaveOut(Arc<[u8]>),
    /// Nobody speaks.
    Silence,
}

/// What has happened in a stream since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    pub received: u64,
    /// Came after their time.
    pub late: u64,
    /// Frames that were made up.
    pub concealed: u64,
    /// Frames that were rebuilt from the packet after them.
    pub recovered: u64,
    /// Frames that were left out to catch up.
    pub left_out: u64,
    /// What is kept back at present, in milliseconds.
    pub delay_ms: u32,
}

#[derive(Debug)]
pub(crate) struct JitterBuffer {
    epoch: Instant,
    waiting: BTreeMap<u64, Packet>,
    /// RTP time of what is to be heard next.
    due: Option<u64>,
    last_seq: u64,
    /// Whether what was heard last was sound.
    sounding: bool,
    /// Frames made up in a row.
    made_up: u32,
    since_change: u32,
    transit: Transit,
    stats: JitterStats,
}

impl JitterBuffer {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            waiting: BTreeMap::new(),
            due: None,
            last_seq: 0,
            sounding: false,
            made_up: 0,
            since_change: 0,
            transit: Transit::default(),
            stats: JitterStats::default(),
        }
    }

    pub(crate) fn stats(&self) -> JitterStats {
        JitterStats {
            delay_ms: u32::try_from(self.transit.delay_ms()).unwrap_or(0),
            ..self.stats
        }
    }

    pub(crate) fn insert(&mut self, packet: Packet, now: Instant) {
        self.stats.received += 1;
        let transit = self.ticks(now) - to_signed(packet.time);
        if self
            .transit
            .best()
            .is_some_and(|best| (transit - best).abs() > RESTART_MS * TICKS_MS)
        {
            self.waiting.clear();
            self.due = None;
            self.transit = Transit::default();
        }
        self.transit.observe(transit, now.saturating_duration_since(self.epoch));
        if self.due.is_some_and(|due| packet.time < due) {
            self.stats.late += 1;
            return;
        }
        self.waiting.insert(packet.time, packet);
        while self.waited_ms() > MOST_WAITING_MS {
            self.waiting.pop_first();
        }
    }

    /// To be asked whenever the sound of the last answer has been used up.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        self.since_change += 1;
        let Some(head) = self.waiting.first_key_value().map(|(_, head)| head.clone()) else {
            return self.nothing_there();
        };
        let clock = self.clock(now);
        let time = to_signed(head.time);
        let Some(due) = self.due else {
            return if clock >= time { self.play(head) } else { Next::Silence };
        };
        let behind_ms = (clock - to_signed(due)) / TICKS_MS;
        if behind_ms > JUMP_MS {
            return self.jump(clock);
        }
        if head.time <= due {
            return self.in_time(head, behind_ms);
        }
        let missing = head.seq.saturating_sub(self.last_seq + 1);
        if missing == 0 || self.made_up >= MOST_CONCEALED || !self.sounding {
            // A pause of the sender, or a loss too long to be covered up: what comes next has its own time.
            return if clock >= time { self.play(head) } else { self.quiet() };
        }
        if head.time - due <= head.ticks {
            self.due = Some(head.time);
            self.last_seq = head.seq - 1;
            self.stats.recovered += 1;
            return Next::Recover(head.payload);
        }
        self.due = Some(due + FRAME_TICKS);
        self.conceal()
    }

    fn in_time(&mut self, head: Packet, behind_ms: i64) -> Next {
        let may_change = self.since_change > BETWEEN_CHANGES;
        if behind_ms > TOLERANCE_MS && may_change && self.waiting.len() > 1 {
            self.since_change = 0;
            self.stats.left_out += 1;
            return match self.play(head) {
                Next::Sound(payload) => Next::LeaveOut(payload),
                other => other,
            };
        }
        if behind_ms < -TOLERANCE_MS && may_change {
            self.since_change = 0;
            return if self.sounding { self.conceal() } else { Next::Silence };
        }
        self.play(head)
    }

    /// Far behind: what should have been heard already is left out.
    fn jump(&mut self, clock: i64) -> Next {
        let before = self.waiting.len();
        self.waiting.retain(|time, _| to_signed(*time) >= clock);
        self.stats.left_out += (before - self.waiting.len()) as u64;
        self.due = None;
        self.sounding = false;
        self.made_up = 0;
        Next::Silence
    }

    fn play(&mut self, head: Packet) -> Next {
        self.waiting.pop_first();
        self.due = Some(head.time + head.ticks);
        self.last_seq = head.seq;
        self.sounding = !head.is_silence();
        self.made_up = 0;
        Next::Sound(head.payload)
    }

    fn nothing_there(&mut self) -> Next {
        if self.sounding && self.made_up < MOST_CONCEALED {
            self.conceal()
        } else {
            self.quiet()
        }
    }

    fn conceal(&mut self) -> Next {
        self.made_up += 1;
        self.stats.concealed += 1;
        Next::Conceal
    }

    fn quiet(&mut self) -> Next {
        self.sounding = false;
        Next::Silence
    }

    /// RTP time that should be heard now.
    fn clock(&self, now: Instant) -> i64 {
        self.ticks(now) - self.transit.best().unwrap_or(0) - self.transit.delay_ms() * TICKS_MS
    }

    /// Our own time in 1/48,000 s.
    fn ticks(&self, now: Instant) -> i64 {
        let micros = i64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(i64::MAX);
        micros.saturating_mul(TICKS_MS) / 1_000
    }

    fn waited_ms(&self) -> i64 {
        match (self.waiting.first_key_value(), self.waiting.last_key_value()) {
            (Some((first, _)), Some((last, _))) => to_signed(last - first) / TICKS_MS,
            _ => 0,
        }
    }
}

fn to_signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// What packets take from sender to us, against an arbitrary zero. All in 1/48,000 s.
#[derive(Debug, Default)]
struct Transit {
    /// Lowest transit of each piece of time, newest last, with the number of the piece.
    lowest: VecDeque<(u128, i64)>,
    /// What packets took beyond the best.
    jitter: VecDeque<i64>,
    delay_ms: Option<i64>,
    seen: u64,
}

impl Transit {
    fn observe(&mut self, transit: i64, at: Duration) {
        self.seen += 1;
        let piece = at.as_millis() / PIECE.as_millis();
        match self.lowest.back_mut() {
            Some((last, lowest)) if *last == piece => *lowest = transit.min(*lowest),
            _ => self.lowest.push_back((piece, transit)),
        }
        if self.lowest.len() > PIECES {
            self.lowest.pop_front();
        }
        let best = self.best().unwrap_or(transit);
        self.jitter.push_back(transit - best);
        if self.jitter.len() > REMEMBERED {
            self.jitter.pop_front();
        }
        // The percentile moves slowly; every eighth packet is soon enough.
        if self.jitter.len() >= 25 && (self.jitter.len() < REMEMBERED || self.seen.is_multiple_of(8)) {
            self.delay_ms = Some(self.percentile_ms().clamp(LEAST_DELAY_MS, MOST_DELAY_MS));
        }
    }

    fn best(&self) -> Option<i64> {
        self.lowest.iter().map(|(_, lowest)| *lowest).min()
    }

    fn delay_ms(&self) -> i64 {
        self.delay_ms.unwrap_or(FIRST_DELAY_MS)
    }

    fn percentile_ms(&self) -> i64 {
        let mut sorted: Vec<i64> = self.jitter.iter().copied().collect();
        let rank = (sorted.len() * 97 / 100).min(sorted.len() - 1);
        let (_, value, _) = sorted.select_nth_unstable(rank);
        *value / TICKS_MS + 5
    }
}

#[cfg(test)]
mod tests;
