//! Badges and notices.

use super::Exhibit;
use crate::{
    components::{HasLook, Notice, Problem, StatusBadge, Tone, once_taken_over},
    error::AppError,
};
use domain::{
    UserError,
    agent_state::AgentState,
    campaign::CampaignStatus,
    conversation::{ConversationStatus, Disposition},
    lead::LeadStatus,
};
use leptos::prelude::*;

#[component]
fn Badges<S: HasLook + Copy + Send + Sync + 'static>(of: Vec<S>, #[prop(optional)] plain: bool) -> impl IntoView {
    view! {
        <div class="row">
            {of.into_iter().map(|status| view! { <StatusBadge status=Signal::stored(status.look()) plain=plain /> }).collect_view()}
        </div>
    }
}

#[component]
pub(super) fn Statuses() -> impl IntoView {
    let in_browser = RwSignal::new(false);
    once_taken_over(move || in_browser.set(true));
    let agent = vec![
        AgentState::Waiting,
        AgentState::Listening,
        AgentState::Thinking,
        AgentState::Speaking,
        AgentState::Ended,
    ];
    view! {
        <Exhibit title="StatusBadge">
            <h3>"Calls"</h3>
            <Badges of=vec![ConversationStatus::Dialing, ConversationStatus::Ringing, ConversationStatus::Live] />
            <Badges of=Disposition::ALL.to_vec() />
            <h3>"Agent"</h3>
            <Badges of=agent.clone() />
            <Badges of=agent plain=true />
            <h3>"Campaigns"</h3>
            <Badges of=CampaignStatus::ALL.to_vec() />
            <h3>"Leads"</h3>
            <Badges of=LeadStatus::ALL.to_vec() />
        </Exhibit>
        <Exhibit title="Notice">
            {Tone::ALL
                .into_iter()
                .map(|tone| {
                    view! { <Notice tone=tone>"A sentence that says what is the matter, and what to do about it."</Notice> }
                })
                .collect_view()}
        </Exhibit>
        <Exhibit title="Problem">
            // On the server it would set the status of this page's answer.
            <Show when=move || in_browser.get()>
                <Problem error=AppError(UserError::conflict("Somebody else has changed it. Reload the page.")) />
            </Show>
        </Exhibit>
    }
    .into_any()
}
