//! How quick the agent was: turn by turn for a conversation, summed up for a campaign.

use crate::components::duration_text;
use domain::turn_times::{TurnSummary, TurnTimes};
use leptos::prelude::*;

/// A bar as long as this is full, milliseconds: who waits longer wonders whether somebody is there.
const FULL_BAR_MS: u32 = 3_000;

/// The turns of a conversation, with what each pause was made of. Nothing if there were none.
#[component]
pub(super) fn TurnTimeline(turns: Vec<TurnTimes>) -> impl IntoView {
    if turns.is_empty() {
        return ().into_any();
    }
    let heads = TurnTimes::PARTS
        .map(|(name, _)| view! { <th scope="col" class="number">{name}</th> })
        .collect_view();
    let rows = turns
        .into_iter()
        .map(|turn| view! { <Turn turn=turn /> })
        .collect_view();
    view! {
        <section class="card stack tight">
            <h2>"How quick the agent was"</h2>
            <p class="muted">
                "In milliseconds. A response runs from the person's last sound to the agent's first. What was known or thought before the person had finished for certain counts as nothing."
            </p>
            <div class="table-frame" tabindex="0" role="region" aria-label="Turns of this conversation">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"At"</th>
                            {heads}
                            <th scope="col">"Response"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Turn(turn: TurnTimes) -> impl IntoView {
    let cells = TurnTimes::PARTS
        .map(|(_, part)| {
            let text = part(&turn).map_or_else(|| "–".to_owned(), |millis| millis.to_string());
            view! { <td class="number">{text}</td> }
        })
        .collect_view();
    let bar = turn.response_ms.map(|millis| {
        let value = millis.min(FULL_BAR_MS).to_string();
        view! {
            <progress aria-label=format!("Response after {millis} milliseconds") max=FULL_BAR_MS.to_string() value=value></progress>
        }
    });
    view! {
        <tr>
            <td>{duration_text(u64::from(turn.at_ms / 1_000))}</td>
            {cells}
            <td>{bar}</td>
        </tr>
    }
}

/// A campaign's last turns: what half of them and what most of them took.
#[component]
pub(super) fn TurnFigures(#[prop(into)] summary: Signal<TurnSummary>) -> impl IntoView {
    move || {
        let summary = summary.get();
        if summary.turns == 0 {
            return ().into_any();
        }
        let rows = TurnTimes::PARTS
            .iter()
            .zip(summary.parts)
            .filter_map(|((name, _), part)| part.map(|(half, most)| (*name, half, most)))
            .map(|(name, half, most)| {
                view! {
                    <dt>{name}</dt>
                    <dd>{format!("{half} ms, 95 of 100 within {most} ms")}</dd>
                }
            })
            .collect_view();
        view! {
            <section class="card stack tight">
                <h2>"How quick the agent is"</h2>
                <p class="muted">{format!("Medians of the last {} turns.", summary.turns)}</p>
                <dl class="facts">{rows}</dl>
            </section>
        }
        .into_any()
    }
}
