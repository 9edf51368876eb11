use super::{
    draft::Draft,
    form::{CampaignForm, KINDS},
};
use domain::{
    calling_hours::Weekday,
    campaign::{CampaignContent, Engine},
    conversation::Disposition,
    recording::RecordingRule,
};
use leptos::prelude::*;
use serde_json::{Map, Value};

/// What two people changed differently, and both versions of it.
#[derive(Clone, PartialEq)]
pub(super) struct Clash {
    pub(super) saved_by: String,
    /// Names as in [`CampaignContent`].
    pub(super) fields: Vec<String>,
    pub(super) mine: CampaignForm,
    pub(super) theirs: CampaignForm,
}

/// Names of the fields in which two contents differ.
#[must_use]
pub(super) fn differing(one: &CampaignContent, other: &CampaignContent) -> Vec<String> {
    let (one, other) = (fields_of(one), fields_of(other));
    one.into_iter()
        .filter(|(field, value)| other.get(field) != Some(value))
        .map(|(field, _)| field)
        .collect()
}

fn fields_of(content: &CampaignContent) -> Map<String, Value> {
    match serde_json::to_value(content) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// The words for a field on the screen.
#[must_use]
pub(super) fn label(field: &str) -> &'static str {
    match field {
        "name" => "Name",
        "script" => "Script",
        "opening" => "First sentence",
        "voicemail_message" => "Voicemail message",
        "voicemail_policy" => "When a machine answers",
        "result_fields" => "Result fields",
        "hours" => "Calling hours",
        "max_concurrent_calls" => "Calls at the same time",
        "calls_per_ten_seconds" => "New calls per second",
        "retries" => "Retries",
        "ring_seconds" => "Ring time",
        "max_call_seconds" => "Longest call",
        "default_country" => "Country",
        "recording" => "Recording",
        "recording_announcement" => "Announcement",
        "recording_days" => "Keep recordings",
        "daily_budget" => "Budget a day",
        "answer_call_backs" => "Call-backs",
        "engine" => "Who holds the conversation",
        "language" => "Language",
        "tools" => "What the agent may do",
        _ => "Another field",
    }
}

/// Labels, as an enumeration in a sentence.
#[must_use]
pub(super) fn labels(fields: &[String]) -> String {
    fields.iter().map(|field| label(field)).collect::<Vec<_>>().join(", ")
}

/// A field's value as a person reads it.
fn shown(form: &CampaignForm, field: &str) -> String {
    match field {
        "name" => form.name.clone(),
        "script" => form.script.clone(),
        "opening" => form.opening.clone(),
        "voicemail_message" => form.voicemail_message.clone(),
        "voicemail_policy" if form.voicemail_policy == "leave_message" => "Leave the message".to_owned(),
        "voicemail_policy" => "Hang up".to_owned(),
        "max_concurrent_calls" => form.max_concurrent_calls.clone(),
        "calls_per_ten_seconds" => format!("{}/s", form.calls_per_second),
        "ring_seconds" => format!("{} s", form.ring_seconds),
        "max_call_seconds" => format!("{} s", form.max_call_seconds),
        "default_country" => form.default_country.clone(),
        "recording" => RecordingRule::ALL
            .into_iter()
            .find(|rule| rule.as_str() == form.recording)
            .unwrap_or_default()
            .label()
            .to_owned(),
        "recording_announcement" => form.recording_announcement.clone(),
        "recording_days" if form.recording_days.trim().is_empty() => "As the installation says".to_owned(),
        "recording_days" => format!("{} days", form.recording_days),
        "daily_budget" if form.daily_budget.trim().is_empty() => "No limit".to_owned(),
        "daily_budget" => form.daily_budget.clone(),
        "answer_call_backs" if form.answer_call_backs.is_some() => "The agent answers".to_owned(),
        "answer_call_backs" => "Nobody answers".to_owned(),
        "engine" => Engine::ALL
            .into_iter()
            .find(|engine| engine.as_str() == form.engine)
            .unwrap_or_default()
            .label()
            .to_owned(),
        "language" => form.language.clone(),
        "tools" => [
            (form.transfer_to.as_str(), "Put people through to"),
            (form.press_keys.as_ref().map_or("", |_| "yes"), "Press keys"),
            (form.look_up_url.as_str(), "Look things up at"),
            (form.look_up_about.as_str(), "What it knows"),
        ]
        .into_iter()
        .filter(|(value, _)| !value.is_empty())
        .map(|(value, name)| format!("{name}: {value}"))
        .collect::<Vec<_>>()
        .join("\n"),
        "result_fields" => form
            .result_fields
            .iter()
            .map(|field| {
                let kind = KINDS
                    .iter()
                    .find(|(word, _)| *word == field.kind)
                    .map_or("Text", |(_, words)| words);
                format!("{} ({kind}): {}", field.name, field.description)
            })
            .collect::<Vec<_>>()
            .join("\n"),
        "hours" => form
            .hours
            .iter()
            .zip(Weekday::ALL)
            .map(|(day, weekday)| match day.open {
                Some(_) => format!("{}: {} to {}", weekday.label(), day.from, day.to),
                None => format!("{}: closed", weekday.label()),
            })
            .collect::<Vec<_>>()
            .join("\n"),
        "retries" => form
            .retries
            .iter()
            .filter(|retry| !matches!(retry.times.as_str(), "" | "0"))
            .map(|retry| {
                let after = retry.after_label();
                format!("{after}: {} times, after {} {}", retry.times, retry.delay, retry.unit)
            })
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

impl super::form::RetryForm {
    /// The words for the outcome that this retry follows.
    pub(super) fn after_label(&self) -> &'static str {
        Disposition::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == self.after)
            .map_or("Outcome", Disposition::label)
    }
}

/// Both versions of each field that clashes, with a choice. The chosen one is put into the form, where it can be
/// edited further; the other stays here until the campaign is saved.
#[component]
pub(super) fn ClashPanel(clash: Clash, draft: Draft) -> impl IntoView {
    let rows = clash
        .fields
        .iter()
        .map(|field| {
            let (mine, theirs) = (shown(&clash.mine, field), shown(&clash.theirs, field));
            let group = format!("clash-{field}");
            let pick = |form: &CampaignForm| {
                let (form, field) = (form.clone(), field.clone());
                move |_| draft.take(form.clone(), |candidate| candidate == field)
            };
            view! {
                <fieldset class="clash">
                    <legend>{label(field)}</legend>
                    <label class="clash-side">
                        <span>
                            <input type="radio" name=group.clone() checked=true on:change=pick(&clash.mine) />
                            " Yours"
                        </span>
                        <pre>{mine}</pre>
                    </label>
                    <label class="clash-side">
                        <span>
                            <input type="radio" name=group on:change=pick(&clash.theirs) />
                            {format!(" From {}", clash.saved_by)}
                        </span>
                        <pre>{theirs}</pre>
                    </label>
                </fieldset>
            }
        })
        .collect_view();
    let saved_by = clash.saved_by.clone();
    view! {
        <section class="clash-panel" role="alert" tabindex="-1">
            <h2>{format!("{saved_by} saved other values while you were editing")}</h2>
            <p>
                "Nothing was saved yet, and everything you typed is still here. Choose a version of each field, then save \
                 again. All other changes of theirs are already in the form."
            </p>
            {rows}
        </section>
    }
}
