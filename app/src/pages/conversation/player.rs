use super::playback::{Playback, Stretch, holes, stretches};
use crate::components::{Notice, Tone, duration_text};
use domain::views::RecordingView;
use leptos::prelude::*;
use std::fmt::Write;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Size of the drawing, in its own units; the agent's half is above the middle, the person's below.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;
const MIDDLE: f64 = HEIGHT / 2.0;

/// The recording: the browser's own controls, and the loudness of both sides to find a place in it.
#[component]
pub(in crate::pages) fn Player(
    /// In their order; at least one.
    parts: Vec<RecordingView>,
    playback: Playback,
    /// From where on it was recorded, if not from the answer on.
    begins: &'static str,
) -> impl IntoView {
    let stretches = stretches(&parts);
    let length = stretches.last().map_or(0.0, |last| last.to).max(0.001);
    let holes = holes(&stretches);
    let drawn = |direction: f64, side: fn(&(u8, u8)) -> u8| {
        let all = parts.iter().zip(&stretches);
        all.map(|(part, stretch)| outline(part.peaks.iter().map(side), direction, *stretch, length))
            .collect::<String>()
    };
    let agent = drawn(-1.0, |(agent, _)| *agent);
    let person = drawn(1.0, |(_, person)| *person);
    let seek = move |event: leptos::ev::MouseEvent| {
        let Some(bar) = event
            .current_target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
        else {
            return;
        };
        let share = f64::from(event.offset_x()) / f64::from(bar.offset_width().max(1));
        playback.seek(share.clamp(0.0, 1.0) * length, false);
    };
    let position = playback.position;
    let needle = move || format!("{:.2}", position.get().unwrap_or(0.0) / length * WIDTH);
    let needle_end = needle;
    let says = format!(
        "Loudness of both sides over {}: the agent above the line, the person below. The player beneath plays it.",
        time(length)
    );
    let missing = holes
        .iter()
        .map(|hole| {
            let (x, width) = (hole.from / length * WIDTH, (hole.to - hole.from) / length * WIDTH);
            view! { <rect class="missing" x=format!("{x:.2}") width=format!("{width:.2}") y="0" height=HEIGHT.to_string()></rect> }
        })
        .collect_view();
    let urls: Vec<String> = parts.into_iter().map(|part| part.url).collect();
    let links = (urls.len() > 1).then(|| view! { <Parts urls=urls.clone() stretches=stretches playback=playback /> });
    view! {
        <section class="card player">
            <h2>"Recording"</h2>
            {missing_in_words(&holes).map(|words| view! { <Notice tone=Tone::Warning>{words}</Notice> })}
            <div class="waveform" on:click=seek>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=says>
                    {missing}
                    <path class="agent" d=agent></path>
                    <path class="person" d=person></path>
                    <line class="middle" x1="0" x2=WIDTH.to_string() y1=MIDDLE.to_string() y2=MIDDLE.to_string()></line>
                    <line class="needle" x1=needle x2=needle_end y1="0" y2=HEIGHT.to_string()></line>
                </svg>
            </div>
            <div class="row waveform-legend small">
                <span class="agent">"Agent"</span>
                <span class="person">"Person"</span>
            </div>
            <audio
                node_ref=playback.audio
                controls
                preload="metadata"
                src=move || urls.get(playback.part.get()).cloned()
                on:loadedmetadata=move |_| playback.loaded()
                on:timeupdate=move |_| playback.moved()
                on:ended=move |_| playback.ended()
            ></audio>
            {links}
            {(!begins.is_empty()).then(|| view! { <p class="muted small">{begins}</p> })}
        </section>
    }
    .into_any()
}

/// The files of a recording that has more than one; they are played one after the other.
#[component]
fn Parts(urls: Vec<String>, stretches: Vec<Stretch>, playback: Playback) -> impl IntoView {
    let parts = urls
        .into_iter()
        .zip(stretches)
        .enumerate()
        .map(|(number, (url, stretch))| {
            view! {
                <li>
                    <a
                        href=url
                        class="button small"
                        aria-current=move || (playback.part.get() == number).then_some("true")
                        on:click=move |press| {
                            press.prevent_default();
                            playback.seek(stretch.from, true);
                        }
                    >
                        {format!("Part {}: {} – {}", number + 1, time(stretch.from), time(stretch.to))}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="row parts">{parts}</ol> }
}

/// Why stretches are missing.
fn missing_in_words(holes: &[Stretch]) -> Option<String> {
    let times: Vec<String> = holes
        .iter()
        .map(|hole| format!("from {} to {}", time(hole.from), time(hole.to)))
        .collect();
    (!times.is_empty()).then(|| {
        format!(
            "There is no recording {}: the process that held the call was lost, and another went on with it.",
            times.join(" and ")
        )
    })
}

fn time(seconds: f64) -> String {
    // Positive, and no call lasts long enough to lose anything.
    duration_text(seconds as u64)
}

/// The outline of one side's loudness in a stretch of the call, away from the middle in `direction`.
fn outline(peaks: impl ExactSizeIterator<Item = u8>, direction: f64, stretch: Stretch, length: f64) -> String {
    let from = stretch.from / length * WIDTH;
    let step = (stretch.to - stretch.from) / length * WIDTH / peaks.len().max(1) as f64;
    let mut path = format!("M{from:.1} {MIDDLE}");
    for (at, peak) in peaks.enumerate() {
        let y = MIDDLE + direction * f64::from(peak.min(100)) / 100.0 * MIDDLE;
        // Writing to a String cannot fail.
        let _ = write!(path, "V{y:.1}H{:.1}", from + step * (at + 1) as f64);
    }
    let _ = write!(path, "V{MIDDLE}Z");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_drawn_from_the_middle_where_it_lies_in_the_call() {
        let whole = Stretch { from: 0.0, to: 10.0 };
        assert_eq!(
            outline([0, 100].into_iter(), -1.0, whole, 10.0),
            "M0.0 50V50.0H500.0V0.0H1000.0V50Z"
        );
        let second = Stretch { from: 5.0, to: 10.0 };
        assert_eq!(
            outline([50].into_iter(), 1.0, second, 10.0),
            "M500.0 50V75.0H1000.0V50Z"
        );
    }

    #[test]
    fn a_missing_stretch_is_told_in_words() {
        assert_eq!(missing_in_words(&[]), None);
        let words = missing_in_words(&[Stretch { from: 42.0, to: 51.5 }]).expect("something is missing");
        assert!(words.contains("from 0:42 to 0:51"), "{words}");
    }
}
