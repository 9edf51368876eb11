//! What the call used, and what that cost.

use crate::components::{duration_text, grouped};
use domain::cost::{CallCost, CostParts, money_text};
use leptos::prelude::*;

#[component]
pub(super) fn Cost(cost: CallCost) -> impl IntoView {
    let parts = cost.parts();
    let CallCost { usage, prices } = cost;
    let currency = prices.map(|prices| prices.currency).unwrap_or_default();
    let of = |part: fn(&CostParts) -> u64| {
        parts
            .as_ref()
            .map(|parts| format!(" · {}", money_text(&currency, part(parts))))
            .unwrap_or_default()
    };
    let reckoned = if usage.estimated { " (estimated in part)" } else { "" };
    let total = match (&parts, usage.is_nothing()) {
        (_, true) if usage.partial => "It is not known what was used.".to_owned(),
        (_, true) => "Nothing was used that costs anything.".to_owned(),
        (Some(parts), false) => format!("{} in all{reckoned}", money_text(&currency, parts.total())),
        (None, false) => "It is not known what it cost: no prices were set when it ended.".to_owned(),
    };
    let rows = [
        (
            "Language model",
            format!(
                "{} tokens in, {} out{reckoned}{}",
                grouped(usage.input_tokens),
                grouped(usage.output_tokens),
                of(|parts| parts.language)
            ),
        ),
        (
            "Speech",
            format!("{} characters{}", grouped(usage.characters), of(|parts| parts.speech)),
        ),
        (
            "Recognition",
            format!(
                "{} of sound{}",
                duration_text(usage.recognised_ms.div_ceil(1_000)),
                of(|parts| parts.recognition)
            ),
        ),
        (
            "Telephone",
            format!(
                "{} begun{}",
                match usage.telephone_seconds.div_ceil(60) {
                    1 => "1 minute".to_owned(),
                    minutes => format!("{} minutes", grouped(minutes)),
                },
                of(|parts| parts.telephone)
            ),
        ),
    ]
    .map(|(name, words)| {
        view! {
            <dt>{name}</dt>
            <dd>{words}</dd>
        }
    });
    view! {
        <section class="card stack tight">
            <h2>"Cost"</h2>
            <p>{total}</p>
            {usage
                .partial
                .then(|| {
                    view! {
                        <p class="muted">
                            "More was used than is counted here: a process that held the call before died, or a model that \
                             hears and speaks by itself held it, which is paid by other units."
                        </p>
                    }
                })}
            {(!usage.is_nothing()).then(|| view! { <dl class="facts">{rows}</dl> })}
        </section>
    }
    .into_any()
}
