//! Campaigns: write, save, copy, delete, start and stop.

mod checks;

use crate::{
    Caller, Operations,
    failure::{internal, missing},
    input, page_cursor,
};
use domain::{
    CampaignId, ErrorKind, UserError,
    access::Permission,
    agent_tools::LookUp,
    campaign::{CampaignCommand, CampaignContent, CampaignStatus},
    campaign_merge::{Merged, merge},
    language,
    live::Happening,
    new_id,
    paging::Page,
    prompt, script,
    views::{CampaignRow, CampaignView, SaveOutcome, ScriptPreview},
};
use std::collections::{BTreeMap, BTreeSet};
use store::{audit, campaigns, costs, events, leads, result_jobs, settings, turns};

const CAMPAIGN: &str = "campaign";
/// Stands in a previewed prompt for what is only known when a call begins.
const CLOCK_IN_PREVIEW: &str =
    "(Here stands what time it is where the person lives, and when they can be called back.)";

/// A page of campaigns, newest first.
///
/// # Errors
/// The caller may not read, or the cursor is none of ours.
pub async fn list(
    ops: &Operations,
    caller: &Caller,
    status: Option<CampaignStatus>,
    after: Option<String>,
) -> Result<Page<CampaignRow>, UserError> {
    caller.may(Permission::Read)?;
    let before = page_cursor::decode::<CampaignId>(after.as_deref())?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let rows = campaigns::list(&mut conn, status, before, page_cursor::LIMIT)
        .await
        .map_err(internal)?;
    Ok(page_cursor::page(
        rows.into_iter().map(|row| (row.progress.campaign_id, row)).collect(),
    ))
}

/// One campaign with its numbers and what the caller can do with it now.
///
/// # Errors
/// The caller may not read, or there is no such campaign.
pub async fn get(ops: &Operations, caller: &Caller, id: CampaignId) -> Result<CampaignView, UserError> {
    caller.may(Permission::Read)?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let row = campaigns::row(&mut conn, id).await.map_err(missing(CAMPAIGN))?;
    let revision = campaigns::latest(&mut conn, id).await.map_err(missing(CAMPAIGN))?;
    let has_history = campaigns::has_history(&mut conn, id).await.map_err(internal)?;
    let outcomes = campaigns::outcomes(&mut conn, id).await.map_err(internal)?;
    let refusals = campaigns::refusals(&mut conn, id).await.map_err(internal)?;
    let turns = turns::summary(&mut conn, id).await.map_err(internal)?;
    let prices = settings::prices(&mut conn).await.map_err(internal)?.unwrap_or_default();
    let (day, _) = costs::day_of(&mut conn, &prices.zone, ops.clock.now())
        .await
        .map_err(internal)?;
    let costs = costs::sums(&mut conn, id, day).await.map_err(internal)?;
    let (results_pending, results_failed) = result_jobs::counts(&mut conn, id).await.map_err(internal)?;
    let known = campaigns::variables(&mut conn, id).await.map_err(internal)?;
    let missing_variables = checks::lacking(&revision.content, &known, row.progress.leads);
    let commands = if caller.may(Permission::EditCampaigns).is_ok() {
        row.progress.status.commands()
    } else {
        Vec::new()
    };
    Ok(CampaignView {
        row,
        content: revision.content,
        revision: revision.number,
        commands,
        has_history,
        outcomes,
        refusals,
        missing_variables,
        turns,
        results_pending,
        results_failed,
        costs,
    })
}

/// Writes a new campaign. It is a draft: nobody is called.
///
/// # Errors
/// The caller may not, or a field is wrong.
pub async fn create(ops: &Operations, caller: &Caller, content: CampaignContent) -> Result<CampaignId, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let content = checked(ops, content)?;
    checks::engine_is_connected(&content, &ops.installation)?;
    insert(ops, caller, &content, "created campaign").await
}

/// Copies what is written about a campaign, not its people, into a new draft.
///
/// # Errors
/// The caller may not, or there is no such campaign.
pub async fn duplicate(ops: &Operations, caller: &Caller, id: CampaignId) -> Result<CampaignId, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let mut content = {
        let mut conn = ops.store.connection().await.map_err(internal)?;
        campaigns::latest(&mut conn, id)
            .await
            .map_err(missing(CAMPAIGN))?
            .content
    };
    const SUFFIX: &str = " (copy)";
    let kept: String = content.name.chars().take(120 - SUFFIX.len()).collect();
    content.name = format!("{}{SUFFIX}", kept.trim_end());
    insert(ops, caller, &content, "duplicated campaign").await
}

async fn insert(
    ops: &Operations,
    caller: &Caller,
    content: &CampaignContent,
    action: &str,
) -> Result<CampaignId, UserError> {
    let now = ops.clock.now();
    let id = CampaignId(new_id(now, &*ops.chance));
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    campaigns::insert(&mut transaction, id, content, caller.user_id(), now)
        .await
        .map_err(internal)?;
    audit::record(&mut transaction, now, Some(caller.user_id()), action, &content.name)
        .await
        .map_err(internal)?;
    campaigns::announce(&mut transaction, now, &[id])
        .await
        .map_err(internal)?;
    commit(transaction).await?;
    Ok(id)
}

/// Saves what was edited from revision `base_revision`. If somebody saved meanwhile, both sides' changes are put
/// together; where both changed the same field, nothing is saved and the answer tells which.
///
/// # Errors
/// The caller may not, a field is wrong, there is no such campaign or revision, or the campaign runs and no lead has a
/// value for a variable.
pub async fn save(
    ops: &Operations,
    caller: &Caller,
    id: CampaignId,
    base_revision: i64,
    content: CampaignContent,
) -> Result<SaveOutcome, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let mine = checked(ops, content)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let status = campaigns::lock(&mut transaction, id).await.map_err(missing(CAMPAIGN))?;
    let latest = campaigns::latest(&mut transaction, id)
        .await
        .map_err(missing(CAMPAIGN))?;
    let saved_by = latest.saved_by.unwrap_or_else(|| "Somebody".to_owned());
    let (content, merged) = if base_revision == latest.number {
        (mine, false)
    } else {
        let base = campaigns::content_at(&mut transaction, id, base_revision)
            .await
            .map_err(|error| match error {
                store::StoreError::Missing => {
                    UserError::conflict("It is unknown which version you edited. Reload the page and edit again.")
                }
                other => internal(other),
            })?;
        match merge(&base, &mine, &latest.content) {
            Merged::Clean(content) => (*content, true),
            Merged::Conflicts(conflicts) => {
                return Ok(SaveOutcome::Conflict {
                    revision: latest.number,
                    saved_by,
                    conflicts,
                    theirs: Box::new(latest.content),
                });
            }
        }
    };
    // Two changes that are right each alone can be wrong together.
    content.validate()?;
    checks::engine_is_connected(&content, &ops.installation)?;
    let mut revision = latest.number;
    if content != latest.content {
        if status == CampaignStatus::Running {
            // The next call speaks it: what starting checks must hold from one revision to the next.
            let known = campaigns::variables(&mut transaction, id).await.map_err(internal)?;
            checks::variables_are_known(&content, &known)?;
        }
        revision += 1;
        campaigns::save_revision(&mut transaction, id, revision, &content, caller.user_id(), now)
            .await
            .map_err(internal)?;
        audit::record(
            &mut transaction,
            now,
            Some(caller.user_id()),
            "edited campaign",
            &content.name,
        )
        .await
        .map_err(internal)?;
        campaigns::announce(&mut transaction, now, &[id])
            .await
            .map_err(internal)?;
        commit(transaction).await?;
    }
    Ok(if merged {
        SaveOutcome::Merged {
            revision,
            saved_by,
            content: Box::new(content),
        }
    } else {
        SaveOutcome::Saved { revision }
    })
}

/// Deletes a campaign for which nobody was ever called, with its leads.
///
/// # Errors
/// The caller may not, there is no such campaign, it runs, or it has history.
pub async fn delete(ops: &Operations, caller: &Caller, id: CampaignId) -> Result<(), UserError> {
    caller.may(Permission::EditCampaigns)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let status = campaigns::lock(&mut transaction, id).await.map_err(missing(CAMPAIGN))?;
    let has_history = || {
        UserError::conflict(
            "Calls were made for this campaign, so it stays as their record. Stop it if nobody is to be called any more.",
        )
    };
    if campaigns::has_history(&mut transaction, id).await.map_err(internal)? {
        return Err(has_history());
    }
    if matches!(status, CampaignStatus::Running | CampaignStatus::Paused) {
        return Err(UserError::conflict("Stop the campaign first, then delete it."));
    }
    let name = campaigns::progress(&mut transaction, id)
        .await
        .map_err(missing(CAMPAIGN))?
        .name;
    campaigns::delete(&mut transaction, id)
        .await
        .map_err(|error| match error {
            store::StoreError::Constraint(_) => has_history(),
            other => missing(CAMPAIGN)(other),
        })?;
    audit::record(&mut transaction, now, Some(caller.user_id()), "deleted campaign", &name)
        .await
        .map_err(internal)?;
    events::append(&mut transaction, now, &[Happening::CampaignDeleted { campaign_id: id }])
        .await
        .map_err(internal)?;
    commit(transaction).await
}

/// Starts, pauses, resumes or stops a campaign. Before anybody is called, the script's variables and the leads are
/// checked.
///
/// # Errors
/// The caller may not, there is no such campaign, its state does not allow it, or a check fails.
pub async fn command(
    ops: &Operations,
    caller: &Caller,
    id: CampaignId,
    command: CampaignCommand,
) -> Result<CampaignStatus, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let now = ops.clock.now();
    let mut transaction = ops.store.begin().await.map_err(internal)?;
    let status = campaigns::lock(&mut transaction, id).await.map_err(missing(CAMPAIGN))?;
    let next = status.after(command)?;
    let progress = campaigns::progress(&mut transaction, id)
        .await
        .map_err(missing(CAMPAIGN))?;
    if next == CampaignStatus::Running {
        let content = campaigns::latest(&mut transaction, id)
            .await
            .map_err(missing(CAMPAIGN))?
            .content;
        let known = campaigns::variables(&mut transaction, id).await.map_err(internal)?;
        if command == CampaignCommand::Start {
            checks::somebody_to_call(&progress)?;
        }
        checks::can_run(&content, &known)?;
        checks::engine_is_connected(&content, &ops.installation)?;
    }
    campaigns::set_status(&mut transaction, id, next, now)
        .await
        .map_err(internal)?;
    let action = match command {
        CampaignCommand::Start => "started campaign",
        CampaignCommand::Pause => "paused campaign",
        CampaignCommand::Resume => "resumed campaign",
        CampaignCommand::Stop => "stopped campaign",
    };
    audit::record(&mut transaction, now, Some(caller.user_id()), action, &progress.name)
        .await
        .map_err(internal)?;
    campaigns::announce(&mut transaction, now, &[id])
        .await
        .map_err(internal)?;
    commit(transaction).await?;
    Ok(next)
}

/// The texts of `content` as the first lead of campaign `id` would hear them; as an invented lead if there is none yet.
///
/// # Errors
/// The caller may not read, a text cannot be parsed, or there is no such campaign.
pub async fn preview(
    ops: &Operations,
    caller: &Caller,
    id: Option<CampaignId>,
    content: CampaignContent,
) -> Result<ScriptPreview, UserError> {
    caller.may(Permission::Read)?;
    let (mut sample, mut known, mut leads_in_all) = (None, BTreeMap::new(), 0);
    if let Some(id) = id {
        let mut conn = ops.store.connection().await.map_err(internal)?;
        leads_in_all = campaigns::progress(&mut conn, id)
            .await
            .map_err(missing(CAMPAIGN))?
            .leads;
        sample = leads::first(&mut conn, id).await.map_err(internal)?;
        known = campaigns::variables(&mut conn, id).await.map_err(internal)?;
    }
    let (name, values) = sample.map_or_else(
        || {
            let name = "Ada Example";
            let values = script::lead_values(name, "ada@example.com", "+14155550123", &BTreeMap::new());
            (name.into(), values)
        },
        |lead| {
            let values = script::lead_values(
                lead.name.reveal(),
                lead.email.reveal(),
                lead.phone_number.e164(),
                &lead.variables,
            );
            (lead.name, values)
        },
    );
    let render = |field: &str, text: &str| {
        if text.chars().count() > 20_000 {
            return Err(UserError::field(field, "Shorten the text to 20,000 characters."));
        }
        script::render(text, &values)
            .map(Into::into)
            .map_err(|error| UserError::field(field, error.to_string()))
    };
    let used_variables = checks::used(&content)
        .into_iter()
        .map(|name| {
            let having = known.get(&name).copied().unwrap_or(0).min(leads_in_all);
            (name, leads_in_all - having, leads_in_all)
        })
        .collect();
    let told = script::render(&content.script, &prompt::as_data(&values)).unwrap_or_default();
    let language = language::name_of(&content.language);
    Ok(ScriptPreview {
        prompt: prompt::composed(&told, language, Some(CLOCK_IN_PREVIEW)).into(),
        lead_name: name,
        opening: render("opening", &content.opening)?,
        script: render("script", &content.script)?,
        voicemail_message: render("voicemail_message", &content.voicemail_message)?,
        known_variables: script::BUILT_IN
            .into_iter()
            .map(str::to_owned)
            .chain(known.into_keys())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        used_variables,
    })
}

/// What the agent of campaign `id` needs for a conversation with the caller themselves: the saved content, its texts filled
/// with the sample of [`preview`]. Written down in the audit log; nobody is called.
///
/// # Errors
/// The caller may not edit campaigns, a text cannot be parsed, or there is no such campaign.
pub async fn try_out(ops: &Operations, caller: &Caller, id: CampaignId) -> Result<CampaignContent, UserError> {
    caller.may(Permission::EditCampaigns)?;
    let saved = get(ops, caller, id).await?.content;
    let texts = preview(ops, caller, Some(id), saved.clone()).await?;
    let mut conn = ops.store.connection().await.map_err(internal)?;
    let action = "talked to the agent of campaign";
    audit::record(&mut conn, ops.clock.now(), Some(caller.user_id()), action, &saved.name)
        .await
        .map_err(internal)?;
    Ok(CampaignContent {
        script: texts.script.reveal().to_owned(),
        opening: texts.opening.reveal().to_owned(),
        ..saved
    })
}

fn checked(ops: &Operations, mut content: CampaignContent) -> Result<CampaignContent, UserError> {
    content.name = content.name.trim().to_owned();
    content.validate()?;
    if !crate::phone_input::is_country(&content.default_country) {
        return Err(UserError::field("default_country", "Choose a country from the list."));
    }
    if let Some(host) = content.tools.look_up.as_ref().and_then(LookUp::host)
        && !ops.installation.look_up_hosts.contains(&host)
    {
        return Err(UserError::field(
            "look_up_url",
            format!(
                "Ask whoever runs this installation to allow {host} (RINGSIDE_LOOK_UP_HOSTS), or choose a host that is."
            ),
        ));
    }
    let as_json = serde_json::to_value(&content).map_err(|_| UserError::unavailable())?;
    if input::holds_nul(&as_json) {
        return Err(UserError::new(
            ErrorKind::Invalid,
            "The text contains a character that cannot be stored (NUL). Remove it and save again.",
        ));
    }
    Ok(content)
}

async fn commit(transaction: store::Transaction) -> Result<(), UserError> {
    transaction.commit().await.map_err(|error| internal(error.into()))
}

#[cfg(test)]
mod tests;
