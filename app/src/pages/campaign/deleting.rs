use crate::{
    api::campaigns::DeleteCampaign,
    components::{
        Dialog,
        form::{CommandButton, ErrorSummary, action_error},
    },
};
use domain::{CampaignId, views::CampaignView};
use leptos::prelude::*;

/// Deletes a campaign after one more question; there only as long as nobody was called.
#[component]
pub(super) fn DeleteCampaignButton(id: CampaignId, name: String, now: RwSignal<CampaignView>) -> impl IntoView {
    let asking = RwSignal::new(false);
    let action = ServerAction::<DeleteCampaign>::new();
    let error = action_error(action);
    let untouched = Memo::new(move |_| now.with(|now| !now.has_history));
    let question =
        format!("“{name}” and its leads will be gone for good. Nobody was called yet, so no history is lost.");
    view! {
        <button type="button" class="button danger" hidden=move || !untouched.get() on:click=move |_| asking.set(true)>
            "Delete"
        </button>
        <Dialog open=asking title="Delete this campaign?">
            <p>{question.clone()}</p>
            <ErrorSummary error=error />
            <div class="row">
                <CommandButton
                    action=action
                    label="Delete the campaign"
                    inputs=vec![("id", id.to_string())]
                    class="button danger"
                />
                <button type="button" class="button" on:click=move |_| asking.set(false)>
                    "Keep it"
                </button>
            </div>
        </Dialog>
    }
}
