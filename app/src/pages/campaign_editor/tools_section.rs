use super::draft::Draft;
use crate::components::form::{CheckField, TextField};
use domain::{
    UserError,
    agent_tools::{LONGEST_ABOUT, LONGEST_URL},
};
use leptos::prelude::*;

/// What the agent may do besides talking.
#[component]
pub(super) fn ToolsSection(draft: Draft, error: Signal<Option<UserError>>) -> impl IntoView {
    view! {
        <fieldset class="card form-section">
            <legend>"What the agent may do"</legend>
            <p class="hint">
                "It can always note results and call-backs, end the call, and put a number on the do-not-call list. What \
                 is not allowed here it cannot do, whatever the script or the person says."
            </p>
            <TextField
                field="transfer_to"
                name="form[transfer_to]"
                label="Put people through to"
                kind="tel"
                bind=draft.transfer_to
                autocomplete="off"
                maxlength=40
                hint="A number with its country code, such as +14155550123, for people who want to talk to a human. Empty: \
                      nobody is put through."
                error=error
            />
            <CheckField
                field="press_keys"
                name="form[press_keys]"
                label="It may press keys, and finds its way through phone menus"
                bind=draft.press_keys
            />
            <TextField
                field="look_up_url"
                name="form[look_up_url]"
                label="Look things up at"
                kind="url"
                bind=draft.look_up_url
                autocomplete="off"
                maxlength=u32::try_from(LONGEST_URL).unwrap_or(u32::MAX)
                hint="Address of a service of yours: it gets {\"question\": \"…\"} by POST and answers with text or JSON. \
                      Whoever runs this installation decides which hosts are allowed. Empty: nothing is looked up."
                error=error
            />
            <TextField
                field="look_up_about"
                name="form[look_up_about]"
                label="What it knows"
                bind=draft.look_up_about
                autocomplete="off"
                maxlength=u32::try_from(LONGEST_ABOUT).unwrap_or(u32::MAX)
                hint="For the agent, for example: free appointments of the next two weeks, by day."
                error=error
            />
        </fieldset>
    }
    .into_any()
}
