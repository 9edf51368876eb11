use super::form::{CampaignForm, DayForm, ResultFieldForm, RetryForm};
use leptos::prelude::*;

/// What stands in the editor's controls, as signals.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) script: RwSignal<String>,
    pub(super) opening: RwSignal<String>,
    pub(super) voicemail_message: RwSignal<String>,
    pub(super) voicemail_policy: RwSignal<String>,
    pub(super) result_fields: RwSignal<Vec<ResultFieldDraft>>,
    pub(super) hours: RwSignal<Vec<DayDraft>>,
    pub(super) max_concurrent_calls: RwSignal<String>,
    pub(super) calls_per_second: RwSignal<String>,
    pub(super) retries: RwSignal<Vec<RetryDraft>>,
    pub(super) ring_seconds: RwSignal<String>,
    pub(super) max_call_seconds: RwSignal<String>,
    pub(super) default_country: RwSignal<String>,
    pub(super) recording: RwSignal<String>,
    pub(super) recording_announcement: RwSignal<String>,
    pub(super) recording_days: RwSignal<String>,
    pub(super) daily_budget: RwSignal<String>,
    pub(super) answer_call_backs: RwSignal<bool>,
    pub(super) engine: RwSignal<String>,
    pub(super) language: RwSignal<String>,
    pub(super) transfer_to: RwSignal<String>,
    pub(super) press_keys: RwSignal<bool>,
    pub(super) look_up_url: RwSignal<String>,
    pub(super) look_up_about: RwSignal<String>,
    /// Key of the next result field that is added.
    next_key: RwSignal<u32>,
}

#[derive(Clone, Copy)]
pub(super) struct ResultFieldDraft {
    /// Stays with the field when it moves, so that its controls move instead of being made anew.
    pub(super) key: u32,
    pub(super) name: RwSignal<String>,
    pub(super) kind: RwSignal<String>,
    pub(super) choices: RwSignal<String>,
    pub(super) description: RwSignal<String>,
}

#[derive(Clone, Copy)]
pub(super) struct DayDraft {
    pub(super) open: RwSignal<bool>,
    pub(super) from: RwSignal<String>,
    pub(super) to: RwSignal<String>,
}

#[derive(Clone, Copy)]
pub(super) struct RetryDraft {
    pub(super) after: StoredValue<String>,
    pub(super) times: RwSignal<String>,
    pub(super) delay: RwSignal<String>,
    pub(super) unit: RwSignal<String>,
}

impl Draft {
    pub(super) fn new(form: CampaignForm) -> Self {
        let draft = Self {
            name: RwSignal::new(form.name),
            script: RwSignal::new(form.script),
            opening: RwSignal::new(form.opening),
            voicemail_message: RwSignal::new(form.voicemail_message),
            voicemail_policy: RwSignal::new(form.voicemail_policy),
            result_fields: RwSignal::new(Vec::new()),
            hours: RwSignal::new(days(form.hours)),
            max_concurrent_calls: RwSignal::new(form.max_concurrent_calls),
            calls_per_second: RwSignal::new(form.calls_per_second),
            retries: RwSignal::new(retries(form.retries)),
            ring_seconds: RwSignal::new(form.ring_seconds),
            max_call_seconds: RwSignal::new(form.max_call_seconds),
            default_country: RwSignal::new(form.default_country),
            recording: RwSignal::new(form.recording),
            recording_announcement: RwSignal::new(form.recording_announcement),
            recording_days: RwSignal::new(form.recording_days),
            daily_budget: RwSignal::new(form.daily_budget),
            answer_call_backs: RwSignal::new(form.answer_call_backs.is_some()),
            engine: RwSignal::new(form.engine),
            language: RwSignal::new(form.language),
            transfer_to: RwSignal::new(form.transfer_to),
            press_keys: RwSignal::new(form.press_keys.is_some()),
            look_up_url: RwSignal::new(form.look_up_url),
            look_up_about: RwSignal::new(form.look_up_about),
            next_key: RwSignal::new(0),
        };
        draft.set_result_fields(form.result_fields);
        draft
    }

    /// All texts as they stand; tracks every control.
    pub(super) fn form(self) -> CampaignForm {
        CampaignForm {
            name: self.name.get(),
            script: self.script.get(),
            opening: self.opening.get(),
            voicemail_message: self.voicemail_message.get(),
            voicemail_policy: self.voicemail_policy.get(),
            result_fields: self
                .result_fields
                .get()
                .into_iter()
                .map(|field| ResultFieldForm {
                    name: field.name.get(),
                    kind: field.kind.get(),
                    choices: field.choices.get(),
                    description: field.description.get(),
                })
                .collect(),
            hours: self
                .hours
                .get()
                .into_iter()
                .map(|day| DayForm {
                    open: day.open.get().then(|| "true".to_owned()),
                    from: day.from.get(),
                    to: day.to.get(),
                })
                .collect(),
            max_concurrent_calls: self.max_concurrent_calls.get(),
            calls_per_second: self.calls_per_second.get(),
            retries: self
                .retries
                .get()
                .into_iter()
                .map(|retry| RetryForm {
                    after: retry.after.get_value(),
                    times: retry.times.get(),
                    delay: retry.delay.get(),
                    unit: retry.unit.get(),
                })
                .collect(),
            ring_seconds: self.ring_seconds.get(),
            max_call_seconds: self.max_call_seconds.get(),
            default_country: self.default_country.get(),
            recording: self.recording.get(),
            recording_announcement: self.recording_announcement.get(),
            recording_days: self.recording_days.get(),
            daily_budget: self.daily_budget.get(),
            answer_call_backs: self.answer_call_backs.get().then(|| "true".to_owned()),
            engine: self.engine.get(),
            language: self.language.get(),
            transfer_to: self.transfer_to.get(),
            press_keys: self.press_keys.get().then(|| "true".to_owned()),
            look_up_url: self.look_up_url.get(),
            look_up_about: self.look_up_about.get(),
        }
    }

    /// Puts the texts of `form` into all controls whose field is in `fields` (names as in `CampaignContent`).
    pub(super) fn take(self, form: CampaignForm, fields: impl Fn(&str) -> bool) {
        for (field, signal, text) in [
            ("name", self.name, form.name),
            ("script", self.script, form.script),
            ("opening", self.opening, form.opening),
            ("voicemail_message", self.voicemail_message, form.voicemail_message),
            ("voicemail_policy", self.voicemail_policy, form.voicemail_policy),
            (
                "max_concurrent_calls",
                self.max_concurrent_calls,
                form.max_concurrent_calls,
            ),
            ("calls_per_ten_seconds", self.calls_per_second, form.calls_per_second),
            ("ring_seconds", self.ring_seconds, form.ring_seconds),
            ("max_call_seconds", self.max_call_seconds, form.max_call_seconds),
            ("default_country", self.default_country, form.default_country),
            ("recording", self.recording, form.recording),
            (
                "recording_announcement",
                self.recording_announcement,
                form.recording_announcement,
            ),
            ("recording_days", self.recording_days, form.recording_days),
            ("engine", self.engine, form.engine),
            ("language", self.language, form.language),
            ("tools", self.transfer_to, form.transfer_to),
            ("tools", self.look_up_url, form.look_up_url),
            ("tools", self.look_up_about, form.look_up_about),
            ("daily_budget", self.daily_budget, form.daily_budget),
        ] {
            if fields(field) {
                signal.set(text);
            }
        }
        if fields("answer_call_backs") {
            self.answer_call_backs.set(form.answer_call_backs.is_some());
        }
        if fields("tools") {
            self.press_keys.set(form.press_keys.is_some());
        }
        if fields("result_fields") {
            self.set_result_fields(form.result_fields);
        }
        if fields("hours") {
            self.hours.set(days(form.hours));
        }
        if fields("retries") {
            self.retries.set(retries(form.retries));
        }
    }

    pub(super) fn set_result_fields(self, fields: Vec<ResultFieldForm>) {
        let fields = fields.into_iter().map(|field| self.result_field(field)).collect();
        self.result_fields.set(fields);
    }

    /// Adds an empty result field at the end.
    pub(super) fn add_result_field(self) {
        let field = self.result_field(ResultFieldForm {
            kind: "text".to_owned(),
            ..ResultFieldForm::default()
        });
        self.result_fields.update(|fields| fields.push(field));
    }

    fn result_field(self, field: ResultFieldForm) -> ResultFieldDraft {
        let key = self.next_key.get_untracked();
        self.next_key.set(key + 1);
        ResultFieldDraft {
            key,
            name: RwSignal::new(field.name),
            kind: RwSignal::new(field.kind),
            choices: RwSignal::new(field.choices),
            description: RwSignal::new(field.description),
        }
    }
}

fn days(days: Vec<DayForm>) -> Vec<DayDraft> {
    days.into_iter()
        .map(|day| DayDraft {
            open: RwSignal::new(day.open.is_some()),
            from: RwSignal::new(day.from),
            to: RwSignal::new(day.to),
        })
        .collect()
}

fn retries(retries: Vec<RetryForm>) -> Vec<RetryDraft> {
    retries
        .into_iter()
        .map(|retry| RetryDraft {
            after: StoredValue::new(retry.after),
            times: RwSignal::new(retry.times),
            delay: RwSignal::new(retry.delay),
            unit: RwSignal::new(retry.unit),
        })
        .collect()
}
