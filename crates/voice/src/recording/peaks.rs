//! The outline of a recording, drawn while it is made: when the slices become too many, two become one.

use super::MOST_PEAKS;
use telephony::Frame;

/// Ticks of a slice at first: a tenth of a second.
const FIRST_SLICE_TICKS: u32 = 5;

pub(super) struct Peaks {
    slices: Vec<(u8, u8)>,
    slice_ticks: u32,
    current: (u8, u8),
    ticks: u32,
}

impl Peaks {
    pub(super) fn new() -> Self {
        Self {
            slices: Vec::with_capacity(MOST_PEAKS),
            slice_ticks: FIRST_SLICE_TICKS,
            current: (0, 0),
            ticks: 0,
        }
    }

    pub(super) fn add(&mut self, agent: &Frame, person: &Frame) {
        self.current.0 = self.current.0.max(peak(agent));
        self.current.1 = self.current.1.max(peak(person));
        self.ticks += 1;
        if self.ticks < self.slice_ticks {
            return;
        }
        self.close_slice();
        if self.slices.len() == MOST_PEAKS {
            self.slices = self
                .slices
                .chunks(2)
                .map(|two| two.iter().fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1))))
                .collect();
            self.slice_ticks *= 2;
        }
    }

    fn close_slice(&mut self) {
        self.slices.push(self.current);
        self.current = (0, 0);
        self.ticks = 0;
    }

    pub(super) fn finish(mut self) -> Vec<(u8, u8)> {
        if self.ticks > 0 {
            self.close_slice();
        }
        self.slices
    }
}

/// The loudest sample, 0 to 100.
fn peak(frame: &Frame) -> u8 {
    u8::try_from(u32::from(frame.peak()) * 100 / 32_768).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use telephony::FRAME_SAMPLES;

    #[test]
    fn a_long_call_keeps_its_outline() {
        let (quiet, loud) = (Frame::silence(), Frame::new([-32_768; FRAME_SAMPLES]));
        let mut peaks = Peaks::new();
        let ticks = 30_000; // ten minutes
        for tick in 0..ticks {
            peaks.add(if tick < ticks / 2 { &loud } else { &quiet }, &quiet);
        }
        let slices = peaks.finish();
        assert!(
            (MOST_PEAKS / 2..=MOST_PEAKS).contains(&slices.len()),
            "{}",
            slices.len()
        );
        assert!(slices.iter().all(|slice| slice.1 == 0));
        let loud = slices.iter().filter(|slice| slice.0 == 100).count();
        assert!(loud.abs_diff(slices.len() / 2) <= 1);
    }
}
