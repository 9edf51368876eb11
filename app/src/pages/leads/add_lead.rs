use crate::{
    api::leads::AddLead as AddLeadCall,
    components::{
        Toasts,
        form::{ErrorSummary, SubmitButton, TextField, action_error},
    },
};
use domain::CampaignId;
use leptos::{html, prelude::*};

/// A form for one lead, with a control for each variable that the campaign's texts use.
#[component]
pub(super) fn AddLead(
    campaign: CampaignId,
    variables: Vec<String>,
    country: String,
    on_added: impl Fn() + Send + Sync + 'static,
) -> impl IntoView {
    let action = ServerAction::<AddLeadCall>::new();
    let error = action_error(action);
    let form = NodeRef::<html::Form>::new();
    let toasts = Toasts::of_app();
    Effect::new(move |_| {
        if let Some(Ok(_)) = action.value().get() {
            toasts.done("The lead was added.");
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
            on_added();
        }
    });
    // Errors name the fields of the lead; the controls bear the names that the server function reads.
    let fields = variables
        .into_iter()
        .map(|variable| {
            view! {
                <TextField
                    field=format!("variables[{variable}]")
                    name=format!("lead[variables][{variable}]")
                    label=variable
                    maxlength=1_000
                    autocomplete="off"
                    error=error
                />
            }
        })
        .collect_view();
    let opened = error.with_untracked(Option::is_some);
    view! {
        <details class="card add-lead" open=opened>
            <summary>"Add a lead"</summary>
            <ActionForm action=action node_ref=form attr:class="form">
                <ErrorSummary error=error />
                <input type="hidden" name="campaign" value=campaign.to_string() />
                <div class="field-row">
                    <TextField
                        field="phone_number"
                        name="lead[phone_number]"
                        label="Phone number"
                        kind="tel"
                        required=true
                        maxlength=40
                        autocomplete="off"
                        hint=format!("With its country code, or as it is written in {country}")
                        error=error
                    />
                    <TextField
                        field="name"
                        name="lead[name]"
                        label="Name"
                        maxlength=200
                        autocomplete="off"
                        error=error
                    />
                    <TextField
                        field="email"
                        name="lead[email]"
                        label="E-mail address"
                        kind="email"
                        autocomplete="off"
                        error=error
                    />
                    {fields}
                </div>
                <div class="actions">
                    <SubmitButton label="Add the lead" pending=action.pending() />
                </div>
            </ActionForm>
        </details>
    }
    .into_any()
}
