//! From a campaign and a lead to what one call needs to know.

use crate::appointment;
use agent::call::CallBrief;
use domain::{
    AttemptId, ConversationId, Direction, Personal, PhoneNumber, UnixMillis, campaign::CampaignContent, prompt, script,
};
use std::{collections::BTreeMap, time::Duration};
use store::claims::ClaimedCall;

/// The language of calls; campaigns do not choose one yet.
pub(crate) const LANGUAGE: &str = "en-US";
/// What the language model is told of a call that came in, below the script.
const CALLED_BACK: &str = "This call came in: the person is calling you back, because you tried to reach them before. They \
     have been thanked for it.";

/// Fills the lead's data into the campaign's texts.
pub(crate) fn of(content: &CampaignContent, claimed: &ClaimedCall, now: UnixMillis) -> CallBrief {
    let lead = &claimed.lead;
    let values = script::lead_values(
        lead.name.reveal(),
        lead.email.reveal(),
        lead.phone_number.e164(),
        &lead.variables,
    );
    let clock = appointment::clock_in_words(&lead.zones, &content.hours, now);
    let brief = filled_in(
        content,
        &values,
        claimed.conversation_id,
        claimed.attempt_id,
        lead.phone_number.clone(),
    );
    let brief = CallBrief { clock, ..brief };
    match claimed.direction {
        Direction::Outbound => brief,
        Direction::Inbound => CallBrief {
            direction: Direction::Inbound,
            script: format!("{}\n\n{CALLED_BACK}", brief.script.reveal()).into(),
            ..brief
        },
    }
}

/// The script of a call that is over, as it was told to the language model.
pub(crate) fn script_of(
    content: &CampaignContent,
    name: &Personal,
    email: &Personal,
    number: &str,
    variables: &BTreeMap<String, String>,
) -> Personal {
    let values = script::lead_values(name.reveal(), email.reveal(), number, variables);
    filled(&content.script, &values)
}

/// A text that cannot be parsed was never saved; if it was, it is said as it stands.
fn filled(text: &str, values: &BTreeMap<String, String>) -> Personal {
    Personal::from(script::render(text, values).unwrap_or_else(|_| text.to_owned()))
}

/// Fills `values` into the campaign's texts.
pub(crate) fn filled_in(
    content: &CampaignContent,
    values: &BTreeMap<String, String>,
    conversation_id: ConversationId,
    attempt_id: AttemptId,
    number: PhoneNumber,
) -> CallBrief {
    let filled = |text: &str| filled(text, values);
    CallBrief {
        conversation_id,
        attempt_id,
        number,
        direction: Direction::Outbound,
        script: script::render(&content.script, &prompt::as_data(values))
            .unwrap_or_else(|_| content.script.clone())
            .into(),
        opening: filled(&content.opening),
        voicemail_message: filled(&content.voicemail_message),
        voicemail_policy: content.voicemail_policy,
        recording: content.recording,
        recording_announcement: Personal::from(content.recording_announcement.clone()),
        result_fields: content.result_fields.clone(),
        language: content.language.clone(),
        tools: content.tools.clone(),
        clock: None,
        day: None,
        ringing_timeout: Duration::from_secs(u64::from(content.ring_seconds)),
        longest_call: Duration::from_secs(u64::from(content.max_call_seconds)),
    }
}
