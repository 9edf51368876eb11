//! Leads, their variables, and the queue of those that wait for a call.

use crate::{StoreError, from_sql, to_sql};
use domain::{
    CampaignId, LeadId, Personal, PhoneNumber, UnixMillis,
    lead::LeadStatus,
    views::{LeadFilter, LeadRow},
};
use sqlx::{PgConnection, types::Json};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// How many leads one page of a search reads at most. A search reads leads newest first; a page may then be short and
/// still have a next one, but no search holds the database up, however large the campaign.
const SEARCH_REACH: i64 = 50_000;

/// Why a lead on the do-not-call list is not called, as its row says.
pub const ON_DO_NOT_CALL_LIST: &str = "The number is on the do-not-call list.";

/// A lead to be written.
#[derive(Clone, Debug)]
pub struct LeadToAdd {
    pub id: LeadId,
    pub phone_number: PhoneNumber,
    pub name: Personal,
    pub email: Personal,
    /// Script variables beyond name, e-mail address and number.
    pub variables: BTreeMap<String, String>,
    /// Every time zone the number could be in.
    pub zones: Vec<String>,
}

/// Adds leads to a campaign and queues them; one whose number is on the do-not-call list is added with that status and
/// not queued; one whose number the campaign has already is left out. Answers with the ids that were added.
///
/// # Errors
/// The database's; a foreign key if there is no such campaign.
pub async fn add(
    transaction: &mut PgConnection,
    campaign: CampaignId,
    leads: &[LeadToAdd],
    at: UnixMillis,
) -> Result<HashSet<LeadId>, StoreError> {
    // Everybody inserts in the order of the unique key, so that two imports cannot wait for each other.
    let mut ordered: Vec<&LeadToAdd> = leads.iter().collect();
    ordered.sort_by(|a, b| a.phone_number.cmp(&b.phone_number));
    let column =
        |of: fn(&LeadToAdd) -> &str| -> Vec<String> { ordered.iter().map(|lead| of(lead).to_owned()).collect() };
    let ids: Vec<Uuid> = ordered.iter().map(|lead| lead.id.0).collect();
    let added = sqlx::query!(
        "INSERT INTO leads (id, phone_number, name, email, status, error_reason, campaign_id, created_at)
         SELECT new.id, new.phone_number, new.name, new.email,
                CASE WHEN do_not_call.phone_number IS NULL THEN 'pending' ELSE 'do_not_call' END,
                CASE WHEN do_not_call.phone_number IS NULL THEN NULL ELSE $6 END,
                $1, $7
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
              AS new (id, phone_number, name, email, position)
              LEFT JOIN do_not_call ON do_not_call.phone_number = new.phone_number
         ORDER BY position
         ON CONFLICT ON CONSTRAINT leads_once_per_campaign DO NOTHING
         RETURNING id, status",
        campaign.0,
        &ids,
        &column(|lead| lead.phone_number.e164()),
        &column(|lead| lead.name.reveal()),
        &column(|lead| lead.email.reveal()),
        ON_DO_NOT_CALL_LIST,
        to_sql(at),
    )
    .fetch_all(&mut *transaction)
    .await?;
    let queued: HashSet<LeadId> = added
        .iter()
        .filter(|row| row.status == LeadStatus::Pending.as_str())
        .map(|row| LeadId(row.id))
        .collect();
    let added: HashSet<LeadId> = added.into_iter().map(|row| LeadId(row.id)).collect();
    ordered.retain(|lead| added.contains(&lead.id));
    add_variables(transaction, campaign, &ordered).await?;
    ordered.retain(|lead| queued.contains(&lead.id));
    let ids: Vec<Uuid> = ordered.iter().map(|lead| lead.id.0).collect();
    // An array of arrays must be rectangular in PostgreSQL, so zones travel joined.
    let zones: Vec<String> = ordered.iter().map(|lead| lead.zones.join("|")).collect();
    sqlx::query!(
        "INSERT INTO lead_queue (lead_id, campaign_id, due_at, zones)
         SELECT id, $1, $2, string_to_array(zones, '|') FROM unnest($3::uuid[], $4::text[]) AS new (id, zones)",
        campaign.0,
        to_sql(at),
        &ids,
        &zones,
    )
    .execute(transaction)
    .await?;
    Ok(added)
}

async fn add_variables(
    transaction: &mut PgConnection,
    campaign: CampaignId,
    leads: &[&LeadToAdd],
) -> Result<(), StoreError> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    let mut ids = Vec::new();
    let mut variables = Vec::new();
    for lead in leads {
        let values = domain::script::lead_values(
            lead.name.reveal(),
            lead.email.reveal(),
            lead.phone_number.e164(),
            &lead.variables,
        );
        for (name, value) in values {
            if !value.trim().is_empty() {
                *counts.entry(name).or_default() += 1;
            }
        }
        if !lead.variables.is_empty() {
            ids.push(lead.id.0);
            variables.push(Json(&lead.variables));
        }
    }
    if !ids.is_empty() {
        sqlx::query!(
            "INSERT INTO lead_variables (lead_id, variables) SELECT * FROM unnest($1::uuid[], $2::jsonb[])",
            &ids,
            &variables as &[Json<&BTreeMap<String, String>>],
        )
        .execute(&mut *transaction)
        .await?;
    }
    if !counts.is_empty() {
        let (names, numbers): (Vec<String>, Vec<i64>) = counts.into_iter().unzip();
        sqlx::query!(
            "INSERT INTO variable_counts (campaign_id, name, leads)
             SELECT $1, name, leads FROM unnest($2::text[], $3::bigint[]) AS new (name, leads) ORDER BY name
             ON CONFLICT (campaign_id, name) DO UPDATE SET leads = variable_counts.leads + excluded.leads",
            campaign.0,
            &names,
            &numbers,
        )
        .execute(transaction)
        .await?;
    }
    Ok(())
}

/// What a page of leads is asked for.
#[derive(Clone, Debug)]
pub struct LeadQuery {
    pub campaign: CampaignId,
    pub filter: LeadFilter,
    /// Leads made before this one only.
    pub before: Option<LeadId>,
    /// A whole number, if that is what is searched for.
    pub number: Option<PhoneNumber>,
    pub limit: i64,
}

struct Row {
    id: Uuid,
    name: String,
    phone_number: String,
    email: String,
    status: String,
    error_reason: Option<String>,
    due_at: Option<time::OffsetDateTime>,
    attempts: i64,
    created_at: time::OffsetDateTime,
}

impl TryFrom<Row> for LeadRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            lead_id: LeadId(row.id),
            name: row.name.into(),
            phone_number: row.phone_number,
            email: row.email.into(),
            status: row
                .status
                .parse()
                .map_err(|error| StoreError::corrupt("lead status", error))?,
            error_reason: row.error_reason,
            due_at: row.due_at.map(from_sql),
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            created_at: from_sql(row.created_at),
        })
    }
}

/// A page of a campaign's leads, newest first, and where a search goes on if it gave up before the page was full.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, query: &LeadQuery) -> Result<(Vec<LeadRow>, Option<LeadId>), StoreError> {
    // Ranges of one value and an order by what is the same in every row: only the index that begins with the campaign
    // has that order. Asked for the newest ids of an old campaign, PostgreSQL would else often walk backwards through the
    // primary key, past all leads of younger campaigns.
    let status = query.filter.status.map(LeadStatus::as_str);
    let before = query.before.map(|id| id.0);
    let Some(search) = query.filter.search.as_deref() else {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT leads.id, name, phone_number, email, status, error_reason, due_at AS "due_at?", leads.created_at,
                      (SELECT count(*) FROM attempts WHERE lead_id = leads.id AND reason = 'allowed') AS "attempts!"
               FROM leads LEFT JOIN lead_queue ON lead_queue.lead_id = leads.id
               WHERE leads.campaign_id >= $1 AND leads.campaign_id <= $1
                 AND ($2::text IS NULL OR (leads.campaign_id = $1 AND status >= $2 AND status <= $2))
                 AND ($3::uuid IS NULL OR leads.id < $3)
               ORDER BY leads.campaign_id, CASE WHEN $2 IS NULL THEN NULL ELSE status END, leads.id DESC LIMIT $4"#,
            query.campaign.0,
            status,
            before,
            query.limit,
        )
        .fetch_all(conn)
        .await?;
        return Ok((rows.into_iter().map(LeadRow::try_from).collect::<Result<_, _>>()?, None));
    };
    if let Some(number) = &query.number {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT leads.id, name, phone_number, email, status, error_reason, due_at AS "due_at?", leads.created_at,
                      (SELECT count(*) FROM attempts WHERE lead_id = leads.id AND reason = 'allowed') AS "attempts!"
               FROM leads LEFT JOIN lead_queue ON lead_queue.lead_id = leads.id
               WHERE leads.campaign_id = $1 AND phone_number = $2 AND ($3::text IS NULL OR status = $3)"#,
            query.campaign.0,
            number.e164(),
            status,
        )
        .fetch_all(&mut *conn)
        .await?;
        if !rows.is_empty() {
            return Ok((rows.into_iter().map(LeadRow::try_from).collect::<Result<_, _>>()?, None));
        }
    }
    let digits: String = search.chars().filter(char::is_ascii_digit).collect();
    let numeric = digits.len() >= 3
        && search
            .chars()
            .all(|sign| sign.is_ascii_digit() || " +()-./".contains(sign));
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT found.id AS "id!", name AS "name!", phone_number AS "phone_number!", email AS "email!",
                  status AS "status!", error_reason, due_at AS "due_at?", found.created_at AS "created_at!",
                  (SELECT count(*) FROM attempts WHERE lead_id = found.id AND reason = 'allowed') AS "attempts!"
           FROM (SELECT * FROM (
                     SELECT * FROM leads
                     WHERE campaign_id >= $1 AND campaign_id <= $1
                       AND ($2::text IS NULL OR (campaign_id = $1 AND status >= $2 AND status <= $2))
                       AND ($3::uuid IS NULL OR id < $3)
                     ORDER BY campaign_id, CASE WHEN $2 IS NULL THEN NULL ELSE status END, id DESC LIMIT $4) AS reached
                 WHERE position(lower($5) IN lower(name)) > 0 OR position(lower($5) IN lower(email)) > 0
                    OR ($6::text IS NOT NULL AND position($6 IN phone_number) > 0)
                 ORDER BY id DESC LIMIT $7) AS found
                LEFT JOIN lead_queue ON lead_queue.lead_id = found.id
           ORDER BY found.id DESC"#,
        query.campaign.0,
        status,
        before,
        SEARCH_REACH,
        search,
        numeric.then_some(digits),
        query.limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let full = i64::try_from(rows.len()).is_ok_and(|found| found >= query.limit);
    let goes_on = if full {
        None
    } else {
        sqlx::query_scalar!(
            "SELECT id FROM leads
             WHERE campaign_id >= $1 AND campaign_id <= $1
               AND ($2::text IS NULL OR (campaign_id = $1 AND status >= $2 AND status <= $2))
               AND ($3::uuid IS NULL OR id < $3)
             ORDER BY campaign_id, CASE WHEN $2 IS NULL THEN NULL ELSE status END, id DESC OFFSET $4 LIMIT 1",
            query.campaign.0,
            status,
            before,
            SEARCH_REACH - 1,
        )
        .fetch_optional(conn)
        .await?
    };
    Ok((
        rows.into_iter().map(LeadRow::try_from).collect::<Result<_, _>>()?,
        goes_on.map(LeadId),
    ))
}

/// What a script preview needs of a lead.
#[derive(Clone, Debug)]
pub struct LeadSample {
    pub name: Personal,
    pub email: Personal,
    pub phone_number: PhoneNumber,
    pub variables: BTreeMap<String, String>,
}

/// The campaign's first lead; `None` if it has none.
///
/// # Errors
/// The database's.
pub async fn first(conn: &mut PgConnection, campaign: CampaignId) -> Result<Option<LeadSample>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT name, email, phone_number, variables AS "variables?: Json<BTreeMap<String, String>>"
           FROM leads LEFT JOIN lead_variables ON lead_id = id WHERE campaign_id = $1 ORDER BY id LIMIT 1"#,
        campaign.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(LeadSample {
            name: row.name.into(),
            email: row.email.into(),
            phone_number: row
                .phone_number
                .parse()
                .map_err(|error| StoreError::corrupt("phone number", error))?,
            variables: row.variables.map(|variables| variables.0).unwrap_or_default(),
        })
    })
    .transpose()
}
