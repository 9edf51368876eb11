//! What is checked before anybody is called.

use domain::{
    UserError,
    campaign::{CampaignContent, Engine, VoicemailPolicy},
    live::CampaignProgress,
    script,
    views::InstallationView,
};
use std::collections::{BTreeMap, BTreeSet};

/// The variables that a call of this campaign may speak.
pub(super) fn used(content: &CampaignContent) -> BTreeSet<String> {
    let mut used = script::variables(&content.opening);
    used.extend(script::variables(&content.script));
    if content.voicemail_policy == VoicemailPolicy::LeaveMessage {
        used.extend(script::variables(&content.voicemail_message));
    }
    used
}

/// The used variables that some of `leads` leads lack, and how many lack each. `known` tells how many have it.
pub(super) fn lacking(content: &CampaignContent, known: &BTreeMap<String, u64>, leads: u64) -> Vec<(String, u64)> {
    used(content)
        .into_iter()
        .filter_map(|name| {
            let lack = leads.saturating_sub(known.get(&name).copied().unwrap_or(0));
            (lack > 0).then_some((name, lack))
        })
        .collect()
}

/// Checks that what the campaign says and wants is right, and that every variable means something.
pub(super) fn can_run(content: &CampaignContent, known: &BTreeMap<String, u64>) -> Result<(), UserError> {
    content.validate()?;
    variables_are_known(content, known)
}

/// Checks that the server has what the campaign wants its conversations to be held by.
pub(super) fn engine_is_connected(content: &CampaignContent, installation: &InstallationView) -> Result<(), UserError> {
    if content.engine == Engine::Realtime && !installation.speech_to_speech {
        return Err(UserError::field(
            "engine",
            "No model that hears and speaks by itself is connected to this server. Choose the three services, or have \
             OPENAI_REALTIME_MODEL set on the server.",
        ));
    }
    Ok(())
}

/// Checks that somebody can be called. A paused campaign goes on without: it then completes by itself.
pub(super) fn somebody_to_call(progress: &CampaignProgress) -> Result<(), UserError> {
    if progress.leads == 0 {
        return Err(UserError::conflict(
            "There is nobody to call yet. Import a list or add a lead, then start.",
        ));
    }
    if progress.pending == 0 && progress.calling == 0 {
        return Err(UserError::conflict(
            "Nobody on the list is left to call: they were called already, or are on the do-not-call list. Import a list or add a lead, then start.",
        ));
    }
    Ok(())
}

/// Checks that every variable means something. A name that every lead could have may be empty for all; a variable that
/// no lead has is a slip of the pen.
pub(super) fn variables_are_known(content: &CampaignContent, known: &BTreeMap<String, u64>) -> Result<(), UserError> {
    let unknown: Vec<String> = used(content)
        .into_iter()
        .filter(|name| !known.contains_key(name) && !script::BUILT_IN.contains(&name.as_str()))
        .map(|name| format!("{{{{{name}}}}}"))
        .collect();
    match unknown.as_slice() {
        [] => Ok(()),
        [only] => Err(UserError::field(
            "script",
            format!(
                "No lead has a value for {only}. Correct its spelling, take it out, or import a list with such a column."
            ),
        )),
        several => Err(UserError::field(
            "script",
            format!(
                "No lead has values for {}. Correct their spelling, take them out, or import a list with such columns.",
                several.join(", ")
            ),
        )),
    }
}
