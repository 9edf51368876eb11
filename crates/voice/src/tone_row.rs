//! Tones of machines and networks, one after the other: fax, busy, ringing, and the three tones before an announcement.
//!
//! What tells them from voices is their pitch, their purity and above all their rhythm. Everything here asks for more
//! than one of the three.

use crate::spectrum::Heard;
use std::collections::VecDeque;
use telephony::FRAME_MILLIS;

/// Mean loudness of a sample below which a line is silent: -47 dB of full scale.
pub(crate) const AUDIBLE: f32 = 150.0;
/// A sound this many times softer than the tone before it is the end of the tone.
const FADED: f32 = 4.0;
/// Share of the energy in the two strongest tones, and in the one of a single tone.
const PURE: f32 = 0.78;
const SINGLE: f32 = 0.75;
/// A tone keeps its pitch so well, hertz. Two tones that beat seem to move.
const KEEPS_HZ: f32 = 16.0;
const BEATS_HZ: f32 = 50.0;
/// A tone may be disturbed for so long, milliseconds: that of a fax turns its phase every 450 ms.
const DISTURBED_MS: u32 = 60;
/// Any other sound that lasts so long ends what is looked for, milliseconds.
const OTHER_MS: u32 = 120;
/// What is shorter was no tone, milliseconds.
const SHORTEST_MS: u32 = 80;
/// No voice keeps one pure tone for so long, milliseconds.
const NO_VOICE_MS: u32 = 160;
/// Pitches that networks use for ringing and busy, hertz.
const PROGRESS_HZ: std::ops::RangeInclusive<f32> = 335.0..=660.0;
const RINGING_HZ: std::ops::RangeInclusive<f32> = 380.0..=495.0;
/// The answering tone of a fax or modem, and how long it must last to be one.
const FAX_ANSWERS_HZ: std::ops::RangeInclusive<f32> = 2_080.0..=2_120.0;
const FAX_ANSWERS_MS: u32 = 900;
/// The tone of a fax that calls: half a second every three and a half.
const FAX_CALLS_HZ: std::ops::RangeInclusive<f32> = 1_065.0..=1_135.0;
const FAX_CALLS_MS: std::ops::RangeInclusive<u32> = 340..=700;
const FAX_CALLS_EVERY_MS: std::ops::RangeInclusive<u32> = 2_400..=4_500;
/// The three tones before an announcement of the network, each a third of a second or a little less.
const SPECIAL_HZ: [std::ops::RangeInclusive<f32>; 3] = [880.0..=1_020.0, 1_330.0..=1_470.0, 1_730.0..=1_830.0];
const SPECIAL_MS: std::ops::RangeInclusive<u32> = 140..=500;
const SPECIAL_GAP_MS: u32 = 140;
/// Busy: three tones of one length with pauses of one length between them, milliseconds.
const BUSY_MS: std::ops::RangeInclusive<u32> = 140..=650;
const BUSY_UNLIKE_MS: u32 = 80;
/// Ringing: a long tone before any other, or a shorter one that comes again, milliseconds.
const RINGS_LONG_MS: u32 = 900;
const RINGS_AGAIN_MS: u32 = 340;
const RINGS_EVERY_MS: std::ops::RangeInclusive<u32> = 1_700..=5_500;
const MOST_BURSTS: usize = 8;

/// A row of tones that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Fax,
    SpecialInformation,
    Busy,
    Ringing,
}

/// One tone, or two at once.
#[derive(Clone, Copy, Debug)]
struct Burst {
    hertz: f32,
    second_hertz: f32,
    /// Time for which it was a single tone, milliseconds.
    single_ms: u32,
    loudness: f32,
    /// The best share of the two: its pitches are those of that moment, for at the edges of a tone they are blurred.
    purity: f32,
    from_ms: u32,
    until_ms: u32,
}

impl Burst {
    fn lasted(&self) -> u32 {
        self.until_ms - self.from_ms
    }

    /// Mostly: where one tone follows another, both are in the window for a moment.
    fn is_single(&self) -> bool {
        self.single_ms * 10 >= self.lasted() * 6
    }

    fn is_progress(&self) -> bool {
        PROGRESS_HZ.contains(&self.hertz) && (self.is_single() || PROGRESS_HZ.contains(&self.second_hertz))
    }

    /// Of two tones, chance decides which is the stronger.
    fn lower_hertz(&self) -> f32 {
        if self.is_single() {
            self.hertz
        } else {
            self.hertz.min(self.second_hertz)
        }
    }

    fn is_ringing(&self) -> bool {
        RINGING_HZ.contains(&self.lower_hertz()) && self.is_progress()
    }

    fn is_at(&self, pitches: &std::ops::RangeInclusive<f32>) -> bool {
        self.is_single() && pitches.contains(&self.hertz)
    }

    fn goes_on(&self, heard: &Heard) -> bool {
        let within = if self.is_progress() { BEATS_HZ } else { KEEPS_HZ };
        (self.hertz - heard.hertz).abs() <= within
            || (!self.is_single() && (self.second_hertz - heard.hertz).abs() <= KEEPS_HZ)
    }
}

/// Follows one side of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToneRow {
    now_ms: u32,
    current: Option<Burst>,
    disturbed_ms: u32,
    other_ms: u32,
    bursts: VecDeque<Burst>,
}

impl ToneRow {
    /// The next 20 ms.
    pub(crate) fn hear(&mut self, heard: &Heard) -> Option<Row> {
        self.now_ms += FRAME_MILLIS;
        // In the noise of a line a pause is not silent, only much softer than the tones.
        let latest = self.current.as_ref().or(self.bursts.back());
        let faded = latest.map_or(AUDIBLE, |burst| (burst.loudness / FADED).max(AUDIBLE));
        if heard.loudness < faded {
            self.other_ms = 0;
            return self.end_burst();
        }
        if heard.share_of_two < PURE {
            return self.other_sound();
        }
        self.other_ms = 0;
        let single_ms = if heard.share >= SINGLE { FRAME_MILLIS } else { 0 };
        match &mut self.current {
            Some(burst) if burst.goes_on(heard) => {
                self.disturbed_ms = 0;
                burst.until_ms = self.now_ms;
                burst.loudness = burst.loudness.max(heard.loudness);
                burst.single_ms += single_ms;
                if heard.share_of_two > burst.purity {
                    (burst.purity, burst.hertz, burst.second_hertz) =
                        (heard.share_of_two, heard.hertz, heard.second_hertz);
                }
            }
            _ => {
                let ended = self.end_burst();
                self.current = Some(Burst {
                    hertz: heard.hertz,
                    second_hertz: heard.second_hertz,
                    single_ms,
                    loudness: heard.loudness,
                    purity: heard.share_of_two,
                    from_ms: self.now_ms - FRAME_MILLIS,
                    until_ms: self.now_ms,
                });
                if ended.is_some() {
                    return ended;
                }
            }
        }
        self.judge_current()
    }

    /// A tone is sounding that no voice makes.
    pub(crate) fn is_tone(&self) -> bool {
        self.current
            .is_some_and(|burst| burst.lasted() >= NO_VOICE_MS && (burst.is_single() || burst.is_progress()))
    }

    fn other_sound(&mut self) -> Option<Row> {
        self.disturbed_ms += FRAME_MILLIS;
        self.other_ms += FRAME_MILLIS;
        let ended = if self.disturbed_ms > DISTURBED_MS {
            self.end_burst()
        } else {
            None
        };
        if self.other_ms >= OTHER_MS {
            self.bursts.clear();
        }
        ended
    }

    fn end_burst(&mut self) -> Option<Row> {
        self.disturbed_ms = 0;
        let burst = self.current.take().filter(|burst| burst.lasted() >= SHORTEST_MS)?;
        if self.bursts.len() == MOST_BURSTS {
            self.bursts.pop_front();
        }
        self.bursts.push_back(burst);
        self.judge_ended(&burst)
    }

    /// What can be told while the latest tone is still sounding.
    fn judge_current(&self) -> Option<Row> {
        let burst = self.current.as_ref()?;
        let just = |millis: u32| burst.lasted() >= millis && burst.lasted() < millis + FRAME_MILLIS;
        if just(FAX_ANSWERS_MS) && burst.is_at(&FAX_ANSWERS_HZ) {
            return Some(Row::Fax);
        }
        if just(*SPECIAL_MS.start()) && self.is_special(burst) {
            return Some(Row::SpecialInformation);
        }
        if just(RINGS_LONG_MS) && burst.is_ringing() && self.bursts.is_empty() {
            return Some(Row::Ringing);
        }
        (just(RINGS_AGAIN_MS) && self.rings_again(burst)).then_some(Row::Ringing)
    }

    fn judge_ended(&self, burst: &Burst) -> Option<Row> {
        let earlier = || self.bursts.iter().rev().skip(1);
        let is_call = |burst: &Burst| burst.is_at(&FAX_CALLS_HZ) && FAX_CALLS_MS.contains(&burst.lasted());
        if is_call(burst) {
            let before = earlier().find(|before| is_call(before));
            if before.is_some_and(|before| FAX_CALLS_EVERY_MS.contains(&(burst.from_ms - before.from_ms))) {
                return Some(Row::Fax);
            }
        }
        if self.is_busy() {
            return Some(Row::Busy);
        }
        // From its end on the next one is waited for.
        let long = burst.lasted() >= RINGS_LONG_MS && burst.is_ringing();
        (long && (self.bursts.len() == 1 || earlier().any(Burst::is_ringing))).then_some(Row::Ringing)
    }

    fn is_special(&self, third: &Burst) -> bool {
        let mut before = self.bursts.iter().rev();
        let (Some(second), Some(first)) = (before.next(), before.next()) else {
            return false;
        };
        let close = |one: &Burst, next: &Burst| next.from_ms.saturating_sub(one.until_ms) <= SPECIAL_GAP_MS;
        let long_enough = |burst: &Burst| SPECIAL_MS.contains(&burst.lasted());
        first.is_at(&SPECIAL_HZ[0])
            && second.is_at(&SPECIAL_HZ[1])
            && third.is_at(&SPECIAL_HZ[2])
            && long_enough(first)
            && long_enough(second)
            && close(first, second)
            && close(second, third)
    }

    fn is_busy(&self) -> bool {
        let mut latest = self.bursts.iter().rev();
        let (Some(third), Some(second), Some(first)) = (latest.next(), latest.next(), latest.next()) else {
            return false;
        };
        let gaps = [second.from_ms - first.until_ms, third.from_ms - second.until_ms];
        let alike = |one: u32, other: u32| one.abs_diff(other) <= BUSY_UNLIKE_MS;
        [first, second, third].iter().all(|burst| {
            burst.is_progress()
                && BUSY_MS.contains(&burst.lasted())
                && alike(burst.lasted(), first.lasted())
                && (burst.lower_hertz() - first.lower_hertz()).abs() <= BEATS_HZ
        }) && gaps
            .iter()
            .all(|gap| BUSY_MS.contains(gap) && *gap * 2 >= first.lasted() && *gap <= first.lasted() * 2)
            && alike(gaps[0], gaps[1])
    }

    fn rings_again(&self, burst: &Burst) -> bool {
        burst.is_ringing()
            && self.bursts.iter().any(|before| {
                before.is_ringing()
                    && before.lasted() >= RINGS_AGAIN_MS
                    && (before.lower_hertz() - burst.lower_hertz()).abs() <= BEATS_HZ
                    && RINGS_EVERY_MS.contains(&(burst.from_ms - before.until_ms))
            })
    }
}
