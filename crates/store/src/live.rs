//! What dashboards and call monitors begin with: snapshots that the event log continues without a gap.
//!
//! Every event commits together with the rows it tells of. So a snapshot that reads the rows and the newest event id in
//! one REPEATABLE READ transaction holds exactly what the events up to that id tell. It is handed out when all of it is
//! on disk ([`crate::events::to_disk`]).

use crate::{
    Store, StoreError, Transaction, conversations, conversations::phone_number, event_log, events, from_sql, settings,
    to_sql,
};
use domain::{
    CampaignId, ConversationId, LeadId, Personal, UnixMillis,
    agent_state::AgentState,
    budget::BudgetWait,
    campaign::CampaignContent,
    conversation::{ConversationStatus, Speaker},
    live::{CampaignProgress, LiveCall, LiveState, RATE_MINUTES, RECENT_OUTCOMES, RecentOutcome, Tiles},
    monitor::MonitorState,
    script,
};
use sqlx::{PgConnection, types::Json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const DAY_MILLIS: i64 = 86_400_000;

impl Store {
    /// Begins a transaction that sees one moment of the database and changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_snapshot(&self) -> Result<Transaction, StoreError> {
        Ok(self
            .pool
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?)
    }
}

/// The dashboard's state at one moment.
///
/// # Errors
/// The database's.
pub async fn dashboard(store: &Store, now: UnixMillis) -> Result<LiveState, StoreError> {
    let mut snapshot = store.begin_snapshot().await?;
    // An event from a clock that is ahead has moved time on, here as in a state that folds it.
    let now = now.max(event_log::latest(&mut snapshot).await?);
    let state = LiveState {
        cursor: event_log::newest(&mut snapshot).await?,
        tiles: tiles(&mut snapshot, now).await?,
        calls: calls(&mut snapshot).await?,
        campaigns: campaigns(&mut snapshot).await?,
        recent: recent(&mut snapshot).await?,
        dialling_paused: settings::dialling_paused(&mut snapshot).await?,
    };
    snapshot.commit().await?;
    events::to_disk(&mut *store.connection().await?).await?;
    Ok(state)
}

async fn tiles(conn: &mut PgConnection, now: UnixMillis) -> Result<Tiles, StoreError> {
    let day = now.0.div_euclid(DAY_MILLIS);
    let (from, until) = (UnixMillis(day * DAY_MILLIS), UnixMillis((day + 1) * DAY_MILLIS));
    let mut tiles = Tiles {
        day,
        minute: now.minute(),
        started_per_minute: VecDeque::from(vec![0; RATE_MINUTES]),
        ..Tiles::default()
    };
    let ended = sqlx::query!(
        r#"SELECT inbound_calls.id IS NOT NULL AS "inbound!", conversations.status, count(*) AS "calls!"
           FROM conversations LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           WHERE call_end_time >= $1 AND call_end_time < $2 GROUP BY 1, 2"#,
        to_sql(from),
        to_sql(until),
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in ended {
        if let Some(disposition) = conversations::disposition(&row.status) {
            let calls = u64::try_from(row.calls).unwrap_or(0);
            tiles.count(conversations::direction(row.inbound), disposition, calls);
        }
    }
    let refused = sqlx::query_scalar!(
        r#"SELECT count(*) AS "refused!" FROM attempts
           WHERE reason <> 'allowed' AND decided_at >= $1 AND decided_at < $2"#,
        to_sql(from),
        to_sql(until),
    )
    .fetch_one(&mut *conn)
    .await?;
    tiles.refused = u64::try_from(refused).unwrap_or(0);
    let first_minute = now.minute() - i64::try_from(RATE_MINUTES).unwrap_or(0) + 1;
    // Ids are UUIDv7: a bound on the id finds the calls of half an hour without an index on their time.
    let started = sqlx::query!(
        r#"SELECT floor(extract(epoch FROM created_at) / 60)::bigint AS "minute!", count(*) AS "calls!"
           FROM conversations
           WHERE id >= $1 AND created_at >= $2
             AND NOT EXISTS (SELECT FROM inbound_calls WHERE inbound_calls.id = conversations.id)
           GROUP BY 1"#,
        first_id_of(UnixMillis((first_minute - 60) * 60_000)),
        to_sql(UnixMillis(first_minute * 60_000)),
    )
    .fetch_all(conn)
    .await?;
    for row in started {
        let index = usize::try_from(row.minute - first_minute).unwrap_or(0);
        if let Some(count) = tiles.started_per_minute.get_mut(index) {
            *count += u32::try_from(row.calls).unwrap_or(0);
        }
    }
    Ok(tiles)
}

/// The smallest UUIDv7 of a time.
fn first_id_of(at: UnixMillis) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.0).unwrap_or(0), &[0; 10]).into_uuid()
}

async fn calls(conn: &mut PgConnection) -> Result<BTreeMap<ConversationId, LiveCall>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT conversations.id AS "id!", conversations.campaign_id AS "campaign_id!",
                  conversations.lead_id AS "lead_id!", campaigns.name AS "campaign_name!", leads.name AS "lead_name!",
                  leads.phone_number AS "phone_number!", inbound_calls.id IS NOT NULL AS "inbound!",
                  conversations.status AS "status!",
                  conversations.created_at AS "created_at!", call_start_time, line.speaker AS "speaker?", line.text AS "text?"
           FROM conversations
           JOIN campaigns ON campaigns.id = conversations.campaign_id
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN LATERAL (
               SELECT speaker, text FROM transcript_segments
               WHERE conversation_id = conversations.id ORDER BY position DESC LIMIT 1
           ) AS line ON true
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           WHERE call_end_time IS NULL"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let last_line = match (row.speaker, row.text) {
                (Some(speaker), Some(text)) => Some((speaker_of(&speaker)?, Personal::from(text))),
                _ => None,
            };
            let call = LiveCall {
                conversation_id: ConversationId(row.id),
                campaign_id: CampaignId(row.campaign_id),
                lead_id: LeadId(row.lead_id),
                campaign_name: row.campaign_name,
                lead_name: row.lead_name.into(),
                phone_number: phone_number(&row.phone_number)?.masked(),
                direction: conversations::direction(row.inbound),
                status: conversations::status(&row.status)?,
                started_at: from_sql(row.created_at),
                answered_at: row.call_start_time.map(from_sql),
                agent_state: AgentState::Waiting,
                last_line,
            };
            Ok((call.conversation_id, call))
        })
        .collect()
}

fn speaker_of(stored: &str) -> Result<Speaker, StoreError> {
    stored.parse().map_err(|cause| StoreError::corrupt("speaker", cause))
}

async fn campaigns(conn: &mut PgConnection) -> Result<BTreeMap<CampaignId, CampaignProgress>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!", campaigns.status AS "status!", lead_counts.status AS "lead_status?",
                  leads AS "leads?",
                  (SELECT jsonb_build_object('standing', standing, 'until', (extract(epoch FROM until) * 1000)::bigint)
                   FROM budget_waits
                   WHERE budget_waits.campaign_id = campaigns.id AND campaigns.status = 'running'
                     AND (until IS NULL OR until > now()))
                      AS "budget_wait: Json<BudgetWait>"
           FROM campaigns LEFT JOIN lead_counts ON campaign_id = id
           WHERE campaigns.status IN ('running', 'paused')"#
    )
    .fetch_all(conn)
    .await?;
    let mut campaigns = BTreeMap::new();
    for row in rows {
        let campaign_id = CampaignId(row.id);
        let progress = campaigns.entry(campaign_id).or_insert(CampaignProgress {
            campaign_id,
            name: row.name,
            status: row
                .status
                .parse()
                .map_err(|cause| StoreError::corrupt("campaign status", cause))?,
            leads: 0,
            pending: 0,
            calling: 0,
            done: 0,
            failed: 0,
            do_not_call: 0,
            budget_wait: row.budget_wait.map(|wait| wait.0),
        });
        let leads = u64::try_from(row.leads.unwrap_or(0)).unwrap_or(0);
        progress.leads += leads;
        match row.lead_status.as_deref() {
            Some("pending") => progress.pending = leads,
            Some("calling") => progress.calling = leads,
            Some("done") => progress.done = leads,
            Some("failed") => progress.failed = leads,
            Some("do_not_call") => progress.do_not_call = leads,
            _ => {}
        }
    }
    Ok(campaigns)
}

async fn recent(conn: &mut PgConnection) -> Result<VecDeque<RecentOutcome>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT conversations.id, conversations.campaign_id, campaigns.name AS campaign_name, conversations.lead_id,
                  leads.name AS lead_name, inbound_calls.id IS NOT NULL AS "inbound!", conversations.status, call_end_time AS "call_end_time!", duration
           FROM conversations
           JOIN campaigns ON campaigns.id = conversations.campaign_id
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           WHERE call_end_time IS NOT NULL ORDER BY call_end_time DESC, conversations.id DESC LIMIT $1"#,
        i64::try_from(RECENT_OUTCOMES).unwrap_or(i64::MAX),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RecentOutcome {
                conversation_id: ConversationId(row.id),
                campaign_id: CampaignId(row.campaign_id),
                campaign_name: row.campaign_name,
                lead_id: LeadId(row.lead_id),
                lead_name: row.lead_name.into(),
                direction: conversations::direction(row.inbound),
                disposition: conversations::disposition(&row.status)
                    .ok_or_else(|| StoreError::corrupt("disposition", &row.status))?,
                ended_at: from_sql(row.call_end_time),
                duration_seconds: conversations::seconds(row.duration),
            })
        })
        .collect()
}

/// One call as its monitor begins with it; also after its end.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such conversation, else the database's.
pub async fn monitor(store: &Store, id: ConversationId) -> Result<MonitorState, StoreError> {
    let mut snapshot = store.begin_snapshot().await?;
    let row = sqlx::query!(
        r#"SELECT conversations.campaign_id AS "campaign_id!", conversations.lead_id AS "lead_id!",
                  campaigns.name AS "campaign_name!", leads.name AS "lead_name!", leads.email AS "email!",
                  leads.phone_number AS "phone_number!", inbound_calls.id IS NOT NULL AS "inbound!",
                  conversations.status AS "status!",
                  conversations.created_at AS "created_at!", call_start_time,
                  lead_variables.variables AS "variables?: Json<BTreeMap<String, String>>",
                  (SELECT content FROM campaign_revisions
                   WHERE campaign_id = conversations.campaign_id
                     AND revision = coalesce(attempts.revision, inbound_calls.revision, revision)
                   ORDER BY revision DESC LIMIT 1) AS "content?: Json<serde_json::Value>"
           FROM conversations
           JOIN campaigns ON campaigns.id = conversations.campaign_id
           JOIN leads ON leads.id = conversations.lead_id
           LEFT JOIN lead_variables ON lead_variables.lead_id = leads.id
           LEFT JOIN attempts ON attempts.conversation_id = conversations.id
           LEFT JOIN inbound_calls ON inbound_calls.id = conversations.id
           WHERE conversations.id = $1"#,
        id.0
    )
    .fetch_one(&mut *snapshot)
    .await?;
    let segments = conversations::segments(&mut snapshot, id).await?;
    let number = phone_number(&row.phone_number)?;
    let status = conversations::status(&row.status)?;
    // The number stays masked here, so it is no fact of the monitor.
    let used = row
        .content
        .map_or_else(BTreeSet::new, |content| variables_used(content.0));
    let values = script::lead_values(
        &row.lead_name,
        &row.email,
        &number.masked(),
        &row.variables.map(|variables| variables.0).unwrap_or_default(),
    );
    let lead_facts = used
        .into_iter()
        .filter_map(|name| {
            let value = values.get(&name).filter(|value| !value.trim().is_empty())?;
            Some((name, Personal::new(value.as_str())))
        })
        .collect();
    let state = MonitorState {
        cursor: event_log::newest(&mut snapshot).await?,
        call: LiveCall {
            conversation_id: id,
            campaign_id: CampaignId(row.campaign_id),
            lead_id: LeadId(row.lead_id),
            campaign_name: row.campaign_name,
            lead_name: row.lead_name.into(),
            phone_number: number.masked(),
            direction: conversations::direction(row.inbound),
            status,
            started_at: from_sql(row.created_at),
            answered_at: row.call_start_time.map(from_sql),
            agent_state: match status {
                ConversationStatus::Ended(_) => AgentState::Ended,
                _ => AgentState::Waiting,
            },
            last_line: segments.last().map(|last| (last.speaker, last.text.clone())),
        },
        lead_facts,
        segments,
        // A floor that a supervisor holds is told every second.
        floor: domain::call_command::CallFloor::Agent,
        colleague: domain::call_command::Colleague::Nobody,
        partial_agent: Personal::default(),
        partial_person: Personal::default(),
        level_agent: 0,
        level_person: 0,
    };
    snapshot.commit().await?;
    events::to_disk(&mut *store.connection().await?).await?;
    Ok(state)
}

/// The variables in all texts of a campaign; none if they cannot be read.
fn variables_used(content: serde_json::Value) -> BTreeSet<String> {
    serde_json::from_value::<CampaignContent>(content)
        .map(|content| {
            [content.opening, content.script, content.voicemail_message]
                .iter()
                .flat_map(|text| script::variables(text))
                .collect()
        })
        .unwrap_or_default()
}
