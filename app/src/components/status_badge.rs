//! Status as an icon and a word, always both.

use super::{Icon, Tone};
use domain::{
    agent_state::AgentState,
    campaign::CampaignStatus,
    conversation::{ConversationStatus, Disposition},
    lead::LeadStatus,
};
use leptos::prelude::*;

/// How a status looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub tone: Tone,
    pub icon: &'static str,
    pub label: &'static str,
}

/// A status that knows how it looks.
pub trait HasLook {
    fn look(&self) -> Look;
}

impl HasLook for Look {
    fn look(&self) -> Look {
        *self
    }
}

impl HasLook for Disposition {
    fn look(&self) -> Look {
        let (tone, icon) = match self {
            Self::Completed => (Tone::Live, "circle-check"),
            Self::CallBack => (Tone::Ringing, "calendar-clock"),
            Self::OptedOut => (Tone::Warning, "ban"),
            Self::HungUp => (Tone::Warning, "phone-off"),
            Self::Silent => (Tone::Neutral, "volume-x"),
            Self::EndedBySupervisor => (Tone::Human, "user-round"),
            Self::Transferred => (Tone::Human, "phone-forwarded"),
            Self::TimeLimit => (Tone::Warning, "timer"),
            Self::Voicemail | Self::VoicemailLeft => (Tone::Neutral, "voicemail"),
            Self::PhoneMenu => (Tone::Neutral, "list-checks"),
            Self::FaxOrNoise => (Tone::Neutral, "activity"),
            Self::NoAnswer => (Tone::Neutral, "phone-missed"),
            Self::Busy => (Tone::Neutral, "hourglass"),
            Self::Rejected => (Tone::Neutral, "x"),
            Self::Unreachable => (Tone::Failed, "wifi-off"),
            Self::Failed => (Tone::Failed, "circle-alert"),
            Self::Lost => (Tone::Failed, "circle-help"),
            Self::Cancelled => (Tone::Neutral, "circle-x"),
        };
        Look {
            tone,
            icon,
            label: self.label(),
        }
    }
}

impl HasLook for ConversationStatus {
    fn look(&self) -> Look {
        let (tone, icon) = match self {
            Self::Dialing => (Tone::Ringing, "phone-outgoing"),
            Self::Ringing => (Tone::Ringing, "bell-ring"),
            Self::Live => (Tone::Live, "phone-call"),
            Self::Ended(disposition) => return disposition.look(),
        };
        Look {
            tone,
            icon,
            label: self.label(),
        }
    }
}

impl HasLook for AgentState {
    fn look(&self) -> Look {
        let (tone, icon, label) = match self {
            Self::Waiting => (Tone::Neutral, "hourglass", "Waiting"),
            Self::Listening => (Tone::Ringing, "ear", "Listening"),
            Self::Thinking => (Tone::Warning, "loader-circle", "Thinking"),
            Self::Speaking => (Tone::Live, "volume-2", "Speaking"),
            Self::Ended => (Tone::Neutral, "phone-off", "Ended"),
        };
        Look { tone, icon, label }
    }
}

impl HasLook for CampaignStatus {
    fn look(&self) -> Look {
        let (tone, icon, label) = match self {
            Self::Draft => (Tone::Neutral, "pencil", "Draft"),
            Self::Running => (Tone::Live, "circle-play", "Running"),
            Self::Paused => (Tone::Warning, "circle-pause", "Paused"),
            Self::Stopped => (Tone::Neutral, "circle-stop", "Stopped"),
            Self::Completed => (Tone::Accent, "circle-check", "Completed"),
        };
        Look { tone, icon, label }
    }
}

impl HasLook for LeadStatus {
    fn look(&self) -> Look {
        let (tone, icon) = match self {
            Self::Pending => (Tone::Neutral, "clock"),
            Self::Calling => (Tone::Ringing, "phone-call"),
            Self::Done => (Tone::Live, "circle-check"),
            Self::Failed => (Tone::Failed, "circle-x"),
            Self::DoNotCall => (Tone::Warning, "ban"),
        };
        Look {
            tone,
            icon,
            label: self.label(),
        }
    }
}

/// A status: give it any of the domain's, or a [`Look`] of your own.
#[component]
pub fn StatusBadge<S>(
    /// A signal or memo of it; `Signal::stored(…)` for one that does not change.
    status: S,
    /// Without its ground, for dense tables.
    #[prop(optional)]
    plain: bool,
) -> impl IntoView
where
    S: Get + Send + Sync + 'static,
    S::Value: HasLook,
{
    let look = Memo::new(move |_| status.get().look());
    view! {
        <span class=move || format!("badge {}{}", look.get().tone.class(), if plain { " plain" } else { "" })>
            <Icon name=Signal::derive(move || look.get().icon) />
            <span>{move || look.get().label}</span>
        </span>
    }
}
