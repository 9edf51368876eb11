//! The scenarios as text: what a browser posts, and what stands in the controls.

use crate::{
    api::rehearsals::StartRehearsal,
    components::form::{AreaField, ErrorSummary, SelectField, SubmitButton, TextField, action_error},
};
use domain::{
    CampaignId, FieldError, UserError,
    rehearsal::{EXAMPLES, Expectation, MOST_TIMES, Scenario, WhoAnswers},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The controls of one scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioForm {
    /// Without a name there is no scenario.
    #[serde(default)]
    pub name: String,
    /// A word of [`WhoAnswers`].
    #[serde(default)]
    pub who: String,
    #[serde(default)]
    pub times: String,
    /// A sentence on each line.
    #[serde(default)]
    pub expect: String,
}

impl From<&Scenario> for ScenarioForm {
    fn from(scenario: &Scenario) -> Self {
        let expect: Vec<String> = scenario.expect.iter().map(Expectation::to_string).collect();
        Self {
            name: scenario.name.clone(),
            who: scenario.who.as_str().to_owned(),
            times: scenario.times.to_string(),
            expect: expect.join("\n"),
        }
    }
}

/// What was typed, as scenarios. Those without a name are left out.
///
/// # Errors
/// One entry for each control that is wrong.
pub fn scenarios(forms: &[ScenarioForm]) -> Result<Vec<Scenario>, UserError> {
    let mut wrong = Vec::new();
    let mut scenarios = Vec::new();
    for (index, form) in forms.iter().enumerate() {
        if form.name.trim().is_empty() {
            continue;
        }
        let mut tell = |field: &str, message: String| {
            wrong.push(FieldError {
                field: format!("scenarios[{index}][{field}]"),
                message,
            });
        };
        let who = form.who.parse::<WhoAnswers>();
        let times = form.times.trim().parse::<u8>();
        let expect: Result<Vec<Expectation>, UserError> = form
            .expect
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::parse)
            .collect();
        match (who, times, expect) {
            (Ok(who), Ok(times), Ok(expect)) => scenarios.push(Scenario {
                name: form.name.trim().to_owned(),
                who,
                times,
                expect,
            }),
            (who, times, expect) => {
                if let Err(error) = who {
                    tell("who", error.message);
                }
                if times.is_err() {
                    tell("times", format!("Choose 0 to {MOST_TIMES}."));
                }
                if let Err(error) = expect {
                    tell("expect", error.message);
                }
            }
        }
    }
    UserError::fields(wrong).map_or(Ok(scenarios), Err)
}

/// How often a scenario is played, in words.
fn times_in_words(times: u8) -> String {
    match times {
        0 => "Not this time".to_owned(),
        1 => "Once".to_owned(),
        2 => "Twice".to_owned(),
        times => format!("{times} times"),
    }
}

/// The scenarios, and the button that plays them.
#[component]
pub(super) fn ScenariosForm(
    campaign: CampaignId,
    scenarios: Vec<Scenario>,
    unfolded: bool,
    /// A rehearsal is going on.
    open: Memo<bool>,
    refresh: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let action = ServerAction::<StartRehearsal>::new();
    let error = action_error(action);
    Effect::new(move |_| {
        if let Some(Ok(())) = action.value().get() {
            refresh();
        }
    });
    let unfolded = unfolded || error.with_untracked(Option::is_some);
    let mut forms: Vec<ScenarioForm> = scenarios.iter().map(ScenarioForm::from).collect();
    // Room for one more.
    forms.push(ScenarioForm {
        who: WhoAnswers::Interested.as_str().to_owned(),
        times: "1".to_owned(),
        ..ScenarioForm::default()
    });
    let rows = forms
        .into_iter()
        .enumerate()
        .map(|(index, form)| view! { <ScenarioFields index=index form=form error=error /> })
        .collect_view();
    let busy = Signal::derive(move || action.pending().get() || open.get());
    view! {
        <ActionForm action=action attr:class="stack">
            <input type="hidden" name="campaign" value=campaign.to_string() />
            <ErrorSummary error=error />
            <div class="row">
                <SubmitButton label="Rehearse" pending=busy />
                <span class="muted" role="status">
                    {move || open.get().then_some("A rehearsal is going on.")}
                </span>
            </div>
            <details class="card" open=unfolded>
                <summary>"Scenarios"</summary>
                <div class="form">
                    <p>
                        "Who answers, how often, and what is expected of the call, one sentence on each line. A scenario without a name is left out."
                    </p>
                    {rows}
                    <details class="script">
                        <summary>"What can be expected"</summary>
                        <ul>
                            {EXAMPLES.map(|example| view! { <li class="mono">{example}</li> }).collect_view()}
                        </ul>
                    </details>
                </div>
            </details>
        </ActionForm>
    }
    .into_any()
}

#[component]
fn ScenarioFields(index: usize, form: ScenarioForm, error: Signal<Option<UserError>>) -> impl IntoView {
    let field = |part: &str| format!("scenarios[{index}][{part}]");
    let legend = if form.name.is_empty() {
        "Another scenario".to_owned()
    } else {
        form.name.clone()
    };
    let who = WhoAnswers::ALL
        .map(|who| (who.as_str().to_owned(), who.label().to_owned()))
        .to_vec();
    let times = (0..=MOST_TIMES)
        .map(|times| (times.to_string(), times_in_words(times)))
        .collect();
    let expect = RwSignal::new(form.expect);
    view! {
        <fieldset class="form-section">
            <legend>{legend}</legend>
            <div class="field-row">
                <TextField field=field("name") label="Name" value=form.name maxlength=80 autocomplete="off" error=error />
                <SelectField field=field("who") label="Who answers" options=who value=form.who error=error />
                <SelectField field=field("times") label="How often" options=times value=form.times error=error />
            </div>
            <AreaField field=field("expect") label="What is expected" bind=expect rows=3 maxlength=4_000 error=error />
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::campaign::CampaignContent;

    #[test]
    fn what_stands_in_the_form_is_what_was_stored() {
        let stored = Scenario::template(&CampaignContent::template());
        let mut forms: Vec<ScenarioForm> = stored.iter().map(ScenarioForm::from).collect();
        forms.push(ScenarioForm::default());
        assert_eq!(scenarios(&forms), Ok(stored));
    }

    #[test]
    fn what_is_wrong_is_told_beside_its_control() {
        let forms = [
            ScenarioForm::default(),
            ScenarioForm {
                name: "Late".to_owned(),
                who: "somebody".to_owned(),
                times: "often".to_owned(),
                expect: "call-back is booked\n\nis fine".to_owned(),
            },
        ];
        let error = scenarios(&forms).expect_err("all of it is wrong");
        let fields: Vec<&str> = error.fields.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(
            fields,
            ["scenarios[1][who]", "scenarios[1][times]", "scenarios[1][expect]"]
        );
        assert!(error.fields[2].message.contains("“is fine”"));
    }
}
