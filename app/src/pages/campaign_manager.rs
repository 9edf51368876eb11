//! Managing campaigns: the list of them, and the editor of one.

use crate::{
    components::{PageHeader, Problem},
    pages::{address::id_of_page, campaign_editor::EditorLoader, campaigns::CampaignList},
};
use domain::{CampaignId, UserError};
use leptos::prelude::*;

/// What is being managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Managing {
    /// All campaigns.
    All,
    /// A campaign that does not exist yet.
    New,
    /// The campaign whose id is in the address.
    One,
}

/// The list of campaigns, or the editor of one.
#[component]
pub fn CampaignManager(managing: Managing) -> impl IntoView {
    match managing {
        Managing::All => view! { <CampaignList /> }.into_any(),
        Managing::New => view! {
            <PageHeader title="New campaign" back=("/campaigns".to_owned(), "Campaigns".to_owned()) />
            <EditorLoader id=None />
        }
        .into_any(),
        Managing::One => {
            let id = id_of_page::<CampaignId>();
            (move || match id.get() {
                Some(id) => view! { <EditorLoader id=Some(id) /> }.into_any(),
                None => view! { <Problem error=UserError::not_found("campaign").into() /> }.into_any(),
            })
            .into_any()
        }
    }
}
