//! Numbers that nobody may call.

use crate::{
    api::do_not_call::{AddDoNotCall, RemoveDoNotCall, list_do_not_call},
    components::{
        Column, DataTable, Dialog, EmptyState, LinkButton, Loaded, Moment, PageHeader, Pager, Toasts,
        form::{ErrorSummary, SubmitButton, TextField, action_error},
    },
    pages::address::asked,
    session::may,
};
use domain::{access::Permission, paging::Page, views::DoNotCallRow};
use leptos::{html, prelude::*};
use leptos_router::{components::Form, hooks::use_query_map};

const COLUMNS: &[Column] = &[
    Column::Text("Number"),
    Column::Text("Why"),
    Column::Text("Added by"),
    Column::Text("When"),
    Column::Hidden("Actions"),
];

/// Numbers that nobody may call.
#[component]
pub fn DoNotCall() -> impl IntoView {
    let query = use_query_map();
    let asked_for = Memo::new(move |_| query.with(|query| (asked(query, "search"), asked(query, "after"))));
    let version = RwSignal::new(0_u32);
    let page = Resource::new(
        move || (asked_for.get(), version.get()),
        |((search, after), _)| list_do_not_call(search, after),
    );
    let removing = RwSignal::new(None::<String>);
    let changed = move || version.update(|version| *version += 1);
    view! {
        <PageHeader title="Do not call" />
        <p class="muted">
            "Nobody calls these numbers, in any campaign. A person who asks for it during a call is added at once."
        </p>
        {may(Permission::AddDoNotCall).then(|| view! { <AddNumber on_added=changed /> })}
        {move || {
            let search = asked_for.get().0.unwrap_or_default();
            view! {
                <Form method="GET" action="/do-not-call" attr:class="search" attr:role="search">
                    <label class="visually-hidden" for="number-search">
                        "Number"
                    </label>
                    <input
                        id="number-search"
                        type="search"
                        name="search"
                        placeholder="Number"
                        maxlength="40"
                        value=search
                    />
                    <button type="submit" class="button">
                        "Search"
                    </button>
                </Form>
            }
        }}
        <Loaded
            resource=page
            view=move |page| {
                let searched = asked_for.get_untracked().0.is_some();
                view! { <NumberTable page=page searched=searched removing=removing /> }.into_any()
            }
        />
        {may(Permission::RemoveDoNotCall).then(|| view! { <RemoveDialog removing=removing on_removed=changed /> })}
    }
    .into_any()
}

#[component]
fn AddNumber(on_added: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    let action = ServerAction::<AddDoNotCall>::new();
    let error = action_error(action);
    let form = NodeRef::<html::Form>::new();
    let toasts = Toasts::of_app();
    Effect::new(move |_| {
        if let Some(Ok(())) = action.value().get() {
            toasts.done("The number is on the list.");
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
            on_added();
        }
    });
    let opened = error.with_untracked(Option::is_some);
    view! {
        <details class="card" open=opened>
            <summary>"Add a number"</summary>
            <ActionForm action=action node_ref=form attr:class="form">
                <ErrorSummary error=error />
                <div class="field-row">
                    <TextField
                        field="number"
                        label="Phone number"
                        kind="tel"
                        required=true
                        maxlength=40
                        autocomplete="off"
                        hint="With its country code, for example +14155550123"
                        error=error
                    />
                    <TextField field="reason" label="Why" required=true maxlength=500 autocomplete="off" error=error />
                </div>
                <div class="actions">
                    <SubmitButton label="Add the number" pending=action.pending() />
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}

#[component]
fn NumberTable(page: Page<DoNotCallRow>, searched: bool, removing: RwSignal<Option<String>>) -> impl IntoView {
    if page.rows.is_empty() {
        let sentence = if searched {
            "No number on the list fits."
        } else {
            "The list is empty."
        };
        return view! {
            <section class="card">
                <EmptyState icon="ban" sentence=sentence>
                    {searched.then(|| view! { <LinkButton href="/do-not-call">"Show all"</LinkButton> })}
                </EmptyState>
            </section>
        }
        .into_any();
    }
    let removable = may(Permission::RemoveDoNotCall);
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            let number = row.phone_number.clone();
            let says = format!("Remove {number}");
            view! {
                <tr role="row">
                    <th role="rowheader" scope="row" class="lead nowrap">{row.phone_number}</th>
                    <td role="cell" class="wrap">{row.reason}</td>
                    <td role="cell" class="wrap">{row.added_by.unwrap_or_else(|| "during a call".to_owned())}</td>
                    <td role="cell" class="muted">
                        <Moment at=row.added_at />
                    </td>
                    {removable
                        .then(|| {
                            view! {
                                <td role="cell" class="aside">
                                    <button
                                        type="button"
                                        class="button small"
                                        aria-label=says
                                        on:click=move |_| removing.set(Some(number.clone()))
                                    >
                                        "Remove"
                                    </button>
                                </td>
                            }
                        })}
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card flush">
            <DataTable label="Numbers that nobody may call" columns=COLUMNS>
                {rows}
            </DataTable>
            <Pager next=page.next />
        </section>
    }
    .into_any()
}

#[component]
fn RemoveDialog(removing: RwSignal<Option<String>>, on_removed: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    let open = RwSignal::new(false);
    let action = ServerAction::<RemoveDoNotCall>::new();
    let toasts = Toasts::of_app();
    Effect::new(move |_| {
        if removing.with(Option::is_some) {
            action.value().set(None);
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            removing.set(None);
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(())) = action.value().get() {
            open.set(false);
            toasts.done("The number may be called again.");
            on_removed();
        }
    });
    let error = action_error(action);
    view! {
        <Dialog open=open title="Take this number off the list?">
            <ActionForm action=action attr:class="form">
                <p>
                    <strong>{move || removing.get().unwrap_or_default()}</strong>
                    " may be called again by every campaign. Your reason is kept in the audit log."
                </p>
                <ErrorSummary error=error />
                <input type="hidden" name="number" value=move || removing.get().unwrap_or_default() />
                <TextField
                    field="reason"
                    id="remove-reason"
                    label="Why"
                    required=true
                    maxlength=500
                    autocomplete="off"
                    error=error
                />
                <div class="actions">
                    <SubmitButton label="Take it off the list" pending=action.pending() class="button danger" />
                </div>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}
