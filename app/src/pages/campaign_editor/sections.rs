use super::{
    draft::{DayDraft, Draft, ResultFieldDraft, RetryDraft},
    form::{KINDS, UNITS},
};
use crate::components::form::{CheckField, FieldMessage, SelectField, TextField, keep_typed_select};
use domain::{
    UserError, calling_hours::Weekday, campaign::Engine, conversation::Disposition, recording::RecordingRule,
};
use leptos::{html, prelude::*};

/// Which facts each call should bring back.
#[component]
pub(super) fn ResultFieldsSection(draft: Draft, error: Signal<Option<UserError>>) -> impl IntoView {
    let fields = draft.result_fields;
    let index_of = move |key: u32| {
        fields
            .with(|fields| fields.iter().position(|field| field.key == key))
            .unwrap_or(0)
    };
    view! {
        <fieldset class="card form-section" id="field-result-fields" tabindex="-1">
            <legend>"What to find out"</legend>
            <p class="hint">
                "After each call the agent fills in these fields with what the person said, and leaves out what it did not \
                 learn."
            </p>
            <FieldMessage field="result_fields" id="field-result-fields" error=error />
            <div class="result-fields">
                <For each=move || fields.get() key=|field| field.key let:field>
                    <ResultFieldRow
                        field=field
                        index=Signal::derive(move || index_of(field.key))
                        count=Signal::derive(move || fields.with(Vec::len))
                        remove=move || fields.update(|fields| fields.retain(|other| other.key != field.key))
                        shift=move |forward: bool| {
                            fields
                                .update(|fields| {
                                    if let Some(at) = fields.iter().position(|other| other.key == field.key) {
                                        let to = if forward { at + 1 } else { at.wrapping_sub(1) };
                                        if to < fields.len() {
                                            fields.swap(at, to);
                                        }
                                    }
                                })
                        }
                    />
                </For>
            </div>
            <button type="button" class="button" on:click=move |_| draft.add_result_field()>
                "Add a field"
            </button>
        </fieldset>
    }
    .into_any()
}

#[component]
fn ResultFieldRow(
    field: ResultFieldDraft,
    index: Signal<usize>,
    count: Signal<usize>,
    remove: impl Fn() + Copy + Send + 'static,
    shift: impl Fn(bool) + Copy + Send + 'static,
) -> impl IntoView {
    let kind_node = NodeRef::<html::Select>::new();
    keep_typed_select(kind_node, field.kind);
    let kind_now = field.kind.get_untracked();
    let id = move |part: &str| format!("result-field-{}-{part}", field.key);
    let name = move |part: &'static str| move || format!("form[result_fields][{}][{part}]", index.get());
    let says = move |verb: &'static str| {
        move || {
            let name = field.name.get();
            if name.is_empty() {
                format!("{verb} field {}", index.get() + 1)
            } else {
                format!("{verb} {name}")
            }
        }
    };
    let input =
        move |part: &'static str, words: &'static str, signal: RwSignal<String>, class: &'static str, length: u32| {
            let node = NodeRef::<html::Input>::new();
            crate::components::form::keep_typed(node, signal);
            view! {
                <div class=class>
                    <label for=id(part)>{words}</label>
                    <input
                        id=id(part)
                        name=name(part)
                        node_ref=node
                        value=signal.get_untracked()
                        maxlength=length
                        autocomplete="off"
                        on:input=move |event| signal.set(event_target_value(&event))
                    />
                </div>
            }
        };
    view! {
        <div class="result-field" role="group" aria-label=move || format!("Result field {}", index.get() + 1)>
            {input("name", "Name", field.name, "field", 60)}
            <div class="field">
                <label for=id("kind")>"Type"</label>
                <select
                    id=id("kind")
                    name=name("kind")
                    node_ref=kind_node
                    on:change=move |event| field.kind.set(event_target_value(&event))
                >
                    {KINDS
                        .into_iter()
                        .map(|(word, words)| view! { <option value=word selected=word == kind_now>{words}</option> })
                        .collect_view()}
                </select>
            </div>
            {input("description", "What it means", field.description, "field field-wide", 500)}
            <div class="result-field-buttons">
                <button
                    type="button"
                    class="button small"
                    aria-label=says("Move up")
                    disabled=move || index.get() == 0
                    on:click=move |_| shift(false)
                >
                    "↑"
                </button>
                <button
                    type="button"
                    class="button small"
                    aria-label=says("Move down")
                    disabled=move || { index.get() + 1 >= count.get() }
                    on:click=move |_| shift(true)
                >
                    "↓"
                </button>
                <button type="button" class="button small" aria-label=says("Remove") on:click=move |_| remove()>
                    "Remove"
                </button>
            </div>
            <div class="result-field-choices" hidden=move || field.kind.with(|kind| kind != "choice")>
                {input("choices", "Choices, separated by commas", field.choices, "field field-wide", 2_000)}
            </div>
        </div>
    }
    .into_any()
}

/// When people may be called.
#[component]
pub(super) fn HoursSection(draft: Draft, error: Signal<Option<UserError>>) -> impl IntoView {
    let rows = move || {
        draft
            .hours
            .get()
            .into_iter()
            .zip(Weekday::ALL)
            .enumerate()
            .map(|(index, (day, weekday))| view! { <DayRow index=index day=day weekday=weekday /> })
            .collect_view()
    };
    view! {
        <fieldset class="card form-section" id="field-hours" tabindex="-1">
            <legend>"When to call"</legend>
            <p class="hint">
                "By the clock of the person who is called. Whatever is set here, nobody is called before 8:00 or after 21:00."
            </p>
            <FieldMessage field="hours" id="field-hours" error=error />
            <div class="hours">{rows}</div>
        </fieldset>
    }
    .into_any()
}

#[component]
fn DayRow(index: usize, day: DayDraft, weekday: Weekday) -> impl IntoView {
    let label = weekday.label();
    let id = format!("hours-{index}");
    let time = |part: &'static str, words: &str, signal: RwSignal<String>| {
        view! {
            <TextField
                field=format!("hours-{index}-{part}")
                name=format!("form[hours][{index}][{part}]")
                label=format!("{label} {words}")
                label_hidden=true
                kind="time"
                bind=signal
                class="field-time"
            />
        }
    };
    view! {
        <div class="hours-day" class:closed=move || !day.open.get()>
            <span class="field-check">
                <input
                    type="checkbox"
                    id=id.clone()
                    name=format!("form[hours][{index}][open]")
                    value="true"
                    checked=day.open.get_untracked()
                    prop:checked=move || day.open.get()
                    on:change=move |event| day.open.set(event_target_checked(&event))
                />
                <label for=id>{label}</label>
            </span>
            {time("from", "from", day.from)}
            <span class="muted">"to"</span>
            {time("to", "to", day.to)}
        </div>
    }
}

/// What becomes of recordings.
#[component]
pub(super) fn RecordingSection(draft: Draft, error: Signal<Option<UserError>>) -> impl IntoView {
    let rules = RecordingRule::ALL
        .into_iter()
        .map(|rule| (rule.as_str().to_owned(), rule.label().to_owned()))
        .collect();
    let announces = move || draft.recording.with(|rule| rule == RecordingRule::Announce.as_str());
    view! {
        <fieldset class="card form-section">
            <legend>"Recordings"</legend>
            <p class="hint">
                "Many places allow a recording only if the person knows of it. With an announcement or a beep, nothing is \
                 recorded before it was heard to its end."
            </p>
            <SelectField
                field="recording"
                name="form[recording]"
                label="Recording"
                options=rules
                bind=draft.recording
                error=error
            />
            <div class:quieted=move || !announces()>
                <TextField
                    field="recording_announcement"
                    name="form[recording_announcement]"
                    label="Announcement"
                    bind=draft.recording_announcement
                    maxlength=300
                    autocomplete="off"
                    hint="Spoken after the first sentence, and again if the person talks over it."
                    error=error
                />
            </div>
            <div class="field-grid">
                <TextField
                    field="recording_days"
                    name="form[recording_days]"
                    label="Delete after, days"
                    kind="number"
                    min="1"
                    max="3650"
                    step="1"
                    bind=draft.recording_days
                    hint="1 to 3,650. Empty: as the installation says, which never keeps them longer than its own limit."
                    error=error
                />
            </div>
        </fieldset>
    }
    .into_any()
}

/// Which models hold the conversations.
#[component]
pub(super) fn EngineSection(draft: Draft, error: Signal<Option<UserError>>) -> impl IntoView {
    let engines = Engine::ALL
        .into_iter()
        .map(|engine| (engine.as_str().to_owned(), engine.label().to_owned()))
        .collect();
    view! {
        <fieldset class="card form-section">
            <legend>"Models"</legend>
            <p class="hint">
                "Whoever holds the conversation, the first sentence, the end of a call and a wish not to be called again follow \
                 the same rules. If a model that hears and speaks by itself fails in the middle of a call, the three services \
                 go on with it."
            </p>
            <SelectField
                field="engine"
                name="form[engine]"
                label="Who holds the conversation"
                options=engines
                bind=draft.engine
                hint="The settings page shows which services are connected."
                error=error
            />
        </fieldset>
    }
    .into_any()
}

/// Whether the agent answers people who call back.
#[component]
pub(super) fn CallBackSection(draft: Draft) -> impl IntoView {
    view! {
        <fieldset class="card form-section">
            <legend>"Call-backs"</legend>
            <p class="hint">
                "People who could not be reached see your number and call it. If this campaign was the last to try them, \
                 within 30 days, its agent answers: it says who it is, thanks them for calling back, and goes on with the \
                 script. Whoever had that conversation is not called any more. Stopped campaigns answer nobody."
            </p>
            <CheckField
                field="answer_call_backs"
                name="form[answer_call_backs]"
                label="The agent answers people who call back"
                bind=draft.answer_call_backs
            />
        </fieldset>
    }
    .into_any()
}

/// How fast, how often again.
#[component]
pub(super) fn PaceSection(draft: Draft, error: Signal<Option<UserError>>) -> impl IntoView {
    let retries = move || {
        draft
            .retries
            .get()
            .into_iter()
            .enumerate()
            .map(|(index, retry)| view! { <RetryRow index=index retry=retry /> })
            .collect_view()
    };
    view! {
        <fieldset class="card form-section">
            <legend>"Pace"</legend>
            <div class="field-grid">
                <TextField
                    field="max_concurrent_calls"
                    name="form[max_concurrent_calls]"
                    label="Calls at the same time"
                    kind="number"
                    min="1"
                    max="500"
                    step="1"
                    bind=draft.max_concurrent_calls
                    hint="1 to 500"
                    error=error
                />
                <TextField
                    field="calls_per_ten_seconds"
                    name="form[calls_per_second]"
                    label="New calls per second"
                    inputmode="decimal"
                    bind=draft.calls_per_second
                    hint="0.1 to 50, for example 1.5"
                    error=error
                />
                <TextField
                    field="ring_seconds"
                    name="form[ring_seconds]"
                    label="Let it ring, seconds"
                    kind="number"
                    min="15"
                    max="75"
                    step="1"
                    bind=draft.ring_seconds
                    hint="15 to 75"
                    error=error
                />
                <TextField
                    field="max_call_seconds"
                    name="form[max_call_seconds]"
                    label="Longest call, seconds"
                    kind="number"
                    min="30"
                    max="3600"
                    step="1"
                    bind=draft.max_call_seconds
                    hint="30 to 3,600"
                    error=error
                />
                <TextField
                    field="daily_budget"
                    name="form[daily_budget]"
                    label="Budget a day"
                    inputmode="decimal"
                    bind=draft.daily_budget
                    maxlength=20
                    hint="In the currency of the prices in the settings. No call starts that could pass it. Empty: no limit."
                    error=error
                />
            </div>
        </fieldset>
        <fieldset class="card form-section" id="field-retries" tabindex="-1">
            <legend>"Calling again"</legend>
            <p class="hint">"How many further tries after each outcome, and how long to wait. 0 means none."</p>
            <FieldMessage field="retries" id="field-retries" error=error />
            <div class="retries">{retries}</div>
        </fieldset>
    }
    .into_any()
}

#[component]
fn RetryRow(index: usize, retry: RetryDraft) -> impl IntoView {
    let after = retry.after.get_value();
    let label = Disposition::ALL
        .into_iter()
        .find(|outcome| outcome.as_str() == after)
        .map_or("Outcome", Disposition::label);
    let units = UNITS
        .into_iter()
        .map(|(unit, _)| (unit.to_owned(), unit.to_owned()))
        .collect();
    view! {
        <div class="retry" role="group" aria-label=label>
            <input type="hidden" name=format!("form[retries][{index}][after]") value=after />
            <span class="retry-label">{label}</span>
            <TextField
                field=format!("retry-{index}-times")
                name=format!("form[retries][{index}][times]")
                label=format!("{label}: further tries")
                label_hidden=true
                kind="number"
                min="0"
                max="10"
                step="1"
                bind=retry.times
                class="field-short"
            />
            <span class="muted">"more, after"</span>
            <TextField
                field=format!("retry-{index}-delay")
                name=format!("form[retries][{index}][delay]")
                label=format!("{label}: wait")
                label_hidden=true
                kind="number"
                min="1"
                max="20160"
                step="1"
                bind=retry.delay
                class="field-short"
            />
            <SelectField
                field=format!("retry-{index}-unit")
                name=format!("form[retries][{index}][unit]")
                label=format!("{label}: unit of the wait")
                label_hidden=true
                options=units
                bind=retry.unit
                class="field-unit"
            />
        </div>
    }
}
