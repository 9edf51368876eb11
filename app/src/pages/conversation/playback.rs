//! Playing a recording that may consist of several files, one for each worker that held the call, by the call's own time.

use domain::views::RecordingView;
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlAudioElement;

/// A stretch shorter than this is no hole, seconds: it is the moment between two files.
const SHORTEST_HOLE: f64 = 0.5;

/// Where a file lies in the call, seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Plays on. That may be refused, or broken off as the page is left; the controls show it.
fn play_on(audio: &HtmlAudioElement) {
    if let Ok(playing) = audio.play() {
        spawn_local(async move {
            let _ = JsFuture::from(playing).await;
        });
    }
}

/// Where the parts lie in the call.
pub(super) fn stretches(parts: &[RecordingView]) -> Vec<Stretch> {
    // Milliseconds of a call are far below 2^53, where f64 is exact.
    let seconds = |millis: u64| millis as f64 / 1_000.0;
    let stretch = |part: &RecordingView| Stretch {
        from: seconds(part.starts_ms),
        to: seconds(part.starts_ms + part.duration_ms),
    };
    parts.iter().map(stretch).collect()
}

/// What is missing before and between them.
pub(super) fn holes(stretches: &[Stretch]) -> Vec<Stretch> {
    let mut until = 0.0;
    let mut holes = Vec::new();
    for stretch in stretches {
        if stretch.from - until > SHORTEST_HOLE {
            holes.push(Stretch {
                from: until,
                to: stretch.from,
            });
        }
        until = stretch.to;
    }
    holes
}

/// The part that is heard at this moment of the call, or else the next one, and where in it.
fn place(stretches: &[Stretch], at: f64) -> (usize, f64) {
    let part = stretches.iter().position(|stretch| at < stretch.to);
    let part = part.unwrap_or(stretches.len().saturating_sub(1));
    let within = stretches.get(part).map_or(0.0, |stretch| (at - stretch.from).max(0.0));
    (part, within)
}

/// The player's state.
#[derive(Clone, Copy)]
pub(in crate::pages) struct Playback {
    pub(super) audio: NodeRef<html::Audio>,
    /// Which part the player has.
    pub(super) part: RwSignal<usize>,
    /// Seconds into the call, while it plays.
    pub(super) position: RwSignal<Option<f64>>,
    stretches: StoredValue<Vec<Stretch>>,
    /// Where to go on in a part that is being loaded, and whether to play.
    wanted: StoredValue<Option<(f64, bool)>>,
}

impl Playback {
    pub(in crate::pages) fn new(parts: &[RecordingView]) -> Self {
        Self {
            audio: NodeRef::new(),
            part: RwSignal::new(0),
            position: RwSignal::new(None),
            stretches: StoredValue::new(stretches(parts)),
            wanted: StoredValue::new(None),
        }
    }

    /// Goes to a moment of the call, seconds.
    pub(super) fn seek(self, at: f64, play: bool) {
        let (part, within) = self.stretches.with_value(|stretches| place(stretches, at));
        self.go_to(part, within, play);
        self.position.set(Some(at));
    }

    fn go_to(self, part: usize, within: f64, play: bool) {
        if part == self.part.get_untracked() {
            self.jump(within, play);
        } else {
            self.wanted.set_value(Some((within, play)));
            self.part.set(part);
        }
    }

    fn jump(self, within: f64, play: bool) {
        if let Some(audio) = self.audio.get_untracked() {
            audio.set_current_time(within);
            if play {
                play_on(&audio);
            }
        }
    }

    /// The player knows the part that it was given.
    pub(super) fn loaded(self) {
        if let Some((within, play)) = self.wanted.try_update_value(Option::take).flatten() {
            self.jump(within, play);
        }
    }

    /// The player has moved on.
    pub(super) fn moved(self) {
        let part = self.part.get_untracked();
        let from = self
            .stretches
            .with_value(|all| all.get(part).map(|stretch| stretch.from));
        if let (Some(audio), Some(from), true) = (
            self.audio.get_untracked(),
            from,
            self.wanted.with_value(Option::is_none),
        ) {
            self.position.set(Some(from + audio.current_time()));
        }
    }

    /// The part is over: the next one follows.
    pub(super) fn ended(self) {
        let next = self.part.get_untracked() + 1;
        if self.stretches.with_value(|stretches| next < stretches.len()) {
            self.go_to(next, 0.0, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [Stretch; 2] = [Stretch { from: 0.0, to: 42.0 }, Stretch { from: 51.5, to: 90.0 }];

    #[test]
    fn a_moment_of_the_call_is_found_in_its_part() {
        assert_eq!(place(&PARTS, 10.0), (0, 10.0));
        assert_eq!(place(&PARTS, 60.5), (1, 9.0));
        assert_eq!(place(&PARTS, 45.0), (1, 0.0), "in a hole, what follows it");
        assert_eq!(place(&PARTS, 95.0), (1, 43.5), "after the end, the end");
        assert_eq!(place(&[], 3.0), (0, 0.0));
    }

    #[test]
    fn what_is_missing_is_told() {
        assert_eq!(holes(&PARTS), [Stretch { from: 42.0, to: 51.5 }]);
        assert_eq!(
            holes(&PARTS[1..]),
            [Stretch { from: 0.0, to: 51.5 }],
            "the first is elsewhere"
        );
        let together = [Stretch { from: 0.0, to: 42.0 }, Stretch { from: 42.3, to: 50.0 }];
        assert!(holes(&together).is_empty() && holes(&[]).is_empty());
    }
}
