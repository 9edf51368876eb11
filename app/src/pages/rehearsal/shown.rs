//! One rehearsal: how it went, and what became different.

use super::{calls::CallTable, look};
use crate::{
    api::rehearsals::CancelRehearsal,
    components::{
        Moment, Notice, ProgressBar, StatusBadge, Tone,
        form::{CommandButton, ErrorSummary, action_error},
    },
    pages::address::counted,
};
use domain::rehearsal::{Change, RehearsalRow, RehearsalStatus, RehearsalView};
use leptos::prelude::*;

#[component]
pub(super) fn Shown(
    rehearsal: RehearsalView,
    /// Of the campaign now.
    revision: i64,
    refresh: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let RehearsalView {
        row,
        calls,
        before,
        changes,
    } = rehearsal;
    let cancel = ServerAction::<CancelRehearsal>::new();
    let error = action_error(cancel);
    Effect::new(move |_| {
        if cancel.value().with(Option::is_some) {
            refresh();
        }
    });
    let badge = Signal::stored(look(&row));
    let (done, total) = (u64::from(row.calls_done), u64::from(row.calls_total));
    let open = row.status.is_open();
    let id = row.id.to_string();
    view! {
        <section class="card stack tight">
            <h2>"Rehearsal of " <Moment at=row.created_at /></h2>
            <p class="row">
                <StatusBadge status=badge />
                <span role="status">{result(&row)}</span>
            </p>
            <ErrorSummary error=error />
            {row.failure.clone().map(|failure| view! { <Notice tone=Tone::Warning>{failure}</Notice> })}
            {(row.revision != revision)
                .then(|| {
                    view! {
                        <p class="muted">
                            {format!("It rehearsed revision {}. The campaign is at revision {revision} now.", row.revision)}
                        </p>
                    }
                })}
            {open
                .then(|| {
                    view! {
                        <ProgressBar label="Calls made" value=done max=total />
                        <div class="row">
                            <CommandButton action=cancel label="Cancel the rehearsal" inputs=vec![("id", id)] />
                        </div>
                    }
                })}
            {before
                .filter(|_| row.status == RehearsalStatus::Completed)
                .map(|before| view! { <Comparison before=before changes=changes /> })}
        </section>
        {(!calls.is_empty()).then(|| view! { <CallTable calls=calls /> })}
    }
    .into_any()
}

/// How it went, in a sentence.
fn result(row: &RehearsalRow) -> String {
    let total = counted(u64::from(row.calls_total), "call", "calls");
    match row.status {
        RehearsalStatus::Waiting => format!("It is about to begin: {total}."),
        RehearsalStatus::Running => format!("{} of {total} are over.", row.calls_done),
        _ => format!("{} of {total} went as expected.", row.calls_passed),
    }
}

#[component]
fn Comparison(before: RehearsalRow, changes: Vec<Change>) -> impl IntoView {
    let count = match changes.len() {
        0 => "No outcome changed".to_owned(),
        several => format!(
            "{} changed",
            counted(u64::try_from(several).unwrap_or(0), "outcome", "outcomes")
        ),
    };
    let lines = changes
        .into_iter()
        .map(|change| {
            let word = match change.passes {
                Some(true) => "passes now",
                Some(false) => "fails now",
                None => "differs",
            };
            view! {
                <li>
                    <strong>
                        {format!("{} ({}) {word}. ", change.scenario, change.repetition)}
                    </strong>
                    {change.what.join(" ")}
                </li>
            }
        })
        .collect_view();
    view! {
        <h3>{count}</h3>
        <p class="muted">
            "Compared with the rehearsal of " <Moment at=before.created_at />
            {format!(", which rehearsed revision {}.", before.revision)}
        </p>
        <ul>{lines}</ul>
    }
    .into_any()
}
