//! One number, large, and how it moved.

use super::Icon;
use leptos::prelude::*;

/// A number with its name; what stands beside it (a sparkline) are the children.
#[component]
pub fn Tile(
    #[prop(into)] label: String,
    icon: &'static str,
    #[prop(into)] value: Signal<String>,
    /// What the number counts, if its name does not say it.
    #[prop(optional, into)]
    hint: Option<String>,
    #[prop(optional)] class: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let name = label.clone();
    view! {
        <div class=format!("tile {class}") role="group" aria-label=name>
            <span class="label">
                <Icon name=icon />
                {label}
            </span>
            <div class="beside">
                <span class="value">{move || value.get()}</span>
                {children.map(|children| children())}
            </div>
            {hint.map(|hint| view! { <span class="hint">{hint}</span> })}
        </div>
    }
}

/// A line through the last values, oldest first; a screen reader gets them as words.
#[component]
pub fn Sparkline(
    #[prop(into)] values: Signal<Vec<u32>>,
    /// What the values are: “Calls started in each of the last 30 minutes”.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let line = Memo::new(move |_| values.with(|values| points(values)));
    let area = move || format!("0,32 {} 96,32", line.get());
    let words = move || {
        values.with(|values| {
            let (latest, most) = (values.last().unwrap_or(&0), values.iter().max().unwrap_or(&0));
            format!("{label}: {latest} now, at most {most}")
        })
    };
    view! {
        <svg class="sparkline" role="img" aria-label=words viewBox="0 0 96 32" preserveAspectRatio="none">
            <polygon points=area></polygon>
            <polyline points=move || line.get()></polyline>
        </svg>
    }
}

/// The points of a line over a ground of 96 x 32.
fn points(values: &[u32]) -> String {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let steps = values.len().saturating_sub(1).max(1);
    values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            // Counts per minute are far below 2^53; whole tenths of a pixel are enough.
            let x = index as f64 * 96.0 / steps as f64;
            let y = 31.0 - f64::from(*value) * 30.0 / f64::from(most);
            format!("{x:.1},{y:.1}")
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::points;

    #[test]
    fn the_largest_value_touches_the_top_and_nothing_lies_at_the_bottom() {
        assert_eq!(points(&[0, 2, 4]), "0.0,31.0 48.0,16.0 96.0,1.0");
        assert_eq!(points(&[0, 0]), "0.0,31.0 96.0,31.0");
        assert_eq!(points(&[]), "");
    }
}
