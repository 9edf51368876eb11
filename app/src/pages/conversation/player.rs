use crate::components::duration_text;
use domain::views::RecordingView;
use leptos::{html, prelude::*};
use std::fmt::Write;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Height of the drawing, in its own units; the agent's half is above the middle, the person's below.
const HEIGHT: f64 = 100.0;
const MIDDLE: f64 = HEIGHT / 2.0;

/// The recording: the browser's own controls, and the loudness of both sides to find a place in it.
#[component]
pub(in crate::pages) fn Player(
    recording: RecordingView,
    audio: NodeRef<html::Audio>,
    /// Seconds into the recording, while it plays.
    position: RwSignal<Option<f64>>,
    /// From where on it was recorded, if not from the answer on.
    begins: &'static str,
) -> impl IntoView {
    // Durations are far below 2^53 ms, where f64 is exact.
    let length = (recording.duration_ms as f64 / 1_000.0).max(0.001);
    let width = recording.peaks.len().max(1);
    let agent = side(recording.peaks.iter().map(|(agent, _)| *agent), -1.0);
    let person = side(recording.peaks.iter().map(|(_, person)| *person), 1.0);
    let seek = move |event: leptos::ev::MouseEvent| {
        let Some(bar) = event
            .current_target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
        else {
            return;
        };
        let share = f64::from(event.offset_x()) / f64::from(bar.offset_width().max(1));
        if let Some(audio) = audio.get_untracked() {
            audio.set_current_time(share.clamp(0.0, 1.0) * length);
            position.set(Some(audio.current_time()));
        }
    };
    let needle = move || format!("{:.2}", position.get().unwrap_or(0.0) / length * width as f64);
    let needle_end = needle;
    let says = format!(
        "Loudness of both sides over {}: the agent above the line, the person below. The player beneath plays it.",
        duration_text(recording.duration_ms / 1_000)
    );
    view! {
        <section class="card player">
            <h2>"Recording"</h2>
            <div class="waveform" on:click=seek>
                <svg viewBox=format!("0 0 {width} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=says>
                    <path class="agent" d=agent></path>
                    <path class="person" d=person></path>
                    <line class="middle" x1="0" x2=width.to_string() y1=MIDDLE.to_string() y2=MIDDLE.to_string()></line>
                    <line class="needle" x1=needle x2=needle_end y1="0" y2=HEIGHT.to_string()></line>
                </svg>
            </div>
            <div class="row waveform-legend small">
                <span class="agent">"Agent"</span>
                <span class="person">"Person"</span>
            </div>
            <audio
                node_ref=audio
                controls
                preload="metadata"
                src=recording.url
                on:timeupdate=move |_| {
                    if let Some(audio) = audio.get_untracked() {
                        position.set(Some(audio.current_time()));
                    }
                }
            ></audio>
            {(!begins.is_empty()).then(|| view! { <p class="muted small">{begins}</p> })}
        </section>
    }
    .into_any()
}

/// The outline of one side's loudness, away from the middle in `direction`.
fn side(peaks: impl Iterator<Item = u8>, direction: f64) -> String {
    let mut path = format!("M0 {MIDDLE}");
    for (at, peak) in peaks.enumerate() {
        let y = MIDDLE + direction * f64::from(peak.min(100)) / 100.0 * MIDDLE;
        // Writing to a String cannot fail.
        let _ = write!(path, "V{y:.1}H{}", at + 1);
    }
    let _ = write!(path, "V{MIDDLE}Z");
    path
}

#[cfg(test)]
mod tests {
    use super::side;

    #[test]
    fn loudness_is_drawn_from_the_middle() {
        assert_eq!(side([0, 100].into_iter(), -1.0), "M0 50V50.0H1V0.0H2V50Z");
        assert_eq!(side([50].into_iter(), 1.0), "M0 50V75.0H1V50Z");
    }
}
