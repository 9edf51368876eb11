//! Points in time and spans of time.

use domain::UnixMillis;
use js_sys::{Date, Intl, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// What time it is, by the server's clock, moving on every second in the browser. Provided by the frame.
#[derive(Clone, Copy)]
pub struct Now(pub Signal<UnixMillis>);

/// Year, month, day, hour, minute, second of `at` in UTC.
fn civil(at: UnixMillis) -> (i64, i64, i64, i64, i64, i64) {
    let seconds = at.0.div_euclid(1_000);
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's days-to-civil: years begin in March, so the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        year,
        month,
        day,
        second_of_day / 3_600,
        second_of_day / 60 % 60,
        second_of_day % 60,
    )
}

/// `at` as machines write it, in UTC.
#[must_use]
pub fn iso_text(at: UnixMillis) -> String {
    let (year, month, day, hour, minute, second) = civil(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `at` as people read it, in UTC.
#[must_use]
pub fn utc_text(at: UnixMillis) -> String {
    let (year, month, day, hour, minute, _) = civil(at);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// `at` as the viewer writes times, in their zone. Only in the browser.
fn local_text(at: UnixMillis) -> String {
    let options = Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    let format = Intl::DateTimeFormat::new(&js_sys::Array::new(), &options).format();
    // Milliseconds since 1970 are exact in a double for the next 285,000 years.
    format
        .call1(&JsValue::UNDEFINED, &Date::new(&JsValue::from_f64(at.0 as f64)))
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| utc_text(at))
}

/// A point in time: UTC in the server's HTML, the viewer's own zone and manner once the browser has taken over.
#[component]
pub fn Moment(at: UnixMillis) -> impl IntoView {
    let text = RwSignal::new(utc_text(at));
    Effect::new(move || text.set(local_text(at)));
    view! {
        <time datetime=iso_text(at) class="nowrap">
            {move || text.get()}
        </time>
    }
}

/// Minutes and seconds, with hours when there are any: 0:07, 12:45, 1:02:03.
#[must_use]
pub fn duration_text(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How long something took.
#[component]
pub fn Duration(seconds: u64) -> impl IntoView {
    view! { <span class="nowrap">{duration_text(seconds)}</span> }
}

/// How long a call has been going on, counting; stands still while `running` is false.
#[component]
pub fn CallTimer(
    /// When it began to count: the answer, or the first ring.
    #[prop(into)]
    since: Signal<UnixMillis>,
    #[prop(optional, into, default = Signal::stored(true))] running: Signal<bool>,
) -> impl IntoView {
    let now = use_context::<Now>().map(|now| now.0);
    let seconds = Memo::new(move |before: Option<&u64>| match (now, running.get(), before) {
        (_, false, Some(before)) => *before,
        (Some(now), _, _) => now.get().since(since.get()).as_secs(),
        (None, _, _) => 0,
    });
    view! { <span class="timer nowrap">{move || duration_text(seconds.get())}</span> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_before_1970() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1_000, "1969-12-31T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(iso_text(UnixMillis(at)), text);
        }
        assert_eq!(utc_text(UnixMillis(1_709_251_199_000)), "2024-02-29 23:59 UTC");
    }

    #[test]
    fn spans_read_like_a_clock() {
        assert_eq!([7, 765, 3_723].map(duration_text), ["0:07", "12:45", "1:02:03"]);
    }
}
