//! How far something has come, and how loud somebody is.

use leptos::prelude::*;

/// Thousands apart: 12,345.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A bar with its numbers in words.
#[component]
pub fn ProgressBar(
    /// What is counted: “leads called”.
    #[prop(into)]
    label: String,
    #[prop(into)] value: Signal<u64>,
    /// The whole; 0 while it is not known yet.
    #[prop(into)]
    max: Signal<u64>,
) -> impl IntoView {
    let words = move || match (value.get(), max.get()) {
        (value, 0) => grouped(value),
        (value, max) => format!(
            "{} of {} ({} %)",
            grouped(value),
            grouped(max),
            value.min(max) * 100 / max
        ),
    };
    view! {
        <div class="progress">
            <div class="words">
                <span>{label.clone()}</span>
                <span class="muted">{words}</span>
            </div>
            <progress
                aria-label=label
                max=move || max.get().max(1).to_string()
                // Without a value the bar says that it does not know.
                value=move || (max.get() > 0).then(|| value.get().min(max.get()).to_string())
            ></progress>
        </div>
    }
}

/// A level between 0 and 100, with the name of whose it is.
#[component]
pub fn Meter(
    #[prop(into)] label: String,
    #[prop(into)] level: Signal<u8>,
    /// `agent` for the agent's colour.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <div class=format!("meter {class}")>
            <span aria-hidden="true">{label.clone()}</span>
            <svg
                role="meter"
                aria-label=label
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || level.get().to_string()
                preserveAspectRatio="none"
                viewBox="0 0 100 8"
            >
                <rect height="8" width=move || level.get().min(100).to_string()></rect>
            </svg>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
