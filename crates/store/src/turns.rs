//! How long the parts of turns took.

use crate::{StoreError, Transaction};
use domain::{
    CampaignId, ConversationId,
    turn_times::{TurnSummary, TurnTimes},
};
use sqlx::PgConnection;

/// A campaign's turns are summed up over its last ones.
const LAST_TURNS: i64 = 1_000;

struct Row {
    at_ms: i32,
    endpointing_ms: Option<i32>,
    transcription_ms: Option<i32>,
    first_words_ms: Option<i32>,
    first_sound_ms: Option<i32>,
    response_ms: Option<i32>,
    silence_ms: Option<i32>,
}

impl From<Row> for TurnTimes {
    fn from(row: Row) -> Self {
        let millis = |stored: Option<i32>| stored.and_then(|stored| u32::try_from(stored).ok());
        Self {
            at_ms: u32::try_from(row.at_ms).unwrap_or(0),
            endpointing_ms: millis(row.endpointing_ms),
            transcription_ms: millis(row.transcription_ms),
            first_words_ms: millis(row.first_words_ms),
            first_sound_ms: millis(row.first_sound_ms),
            response_ms: millis(row.response_ms),
            silence_ms: millis(row.silence_ms),
        }
    }
}

/// Keeps a turn.
///
/// # Errors
/// The database's.
pub async fn add(
    conn: &mut PgConnection,
    campaign: CampaignId,
    conversation: ConversationId,
    turn: &TurnTimes,
) -> Result<(), StoreError> {
    let millis = |told: Option<u32>| told.map(|told| i32::try_from(told).unwrap_or(i32::MAX));
    sqlx::query!(
        "INSERT INTO turns (conversation_id, at_ms, campaign_id, endpointing_ms, transcription_ms, first_words_ms,
                            first_sound_ms, response_ms, silence_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        conversation.0,
        i32::try_from(turn.at_ms).unwrap_or(i32::MAX),
        campaign.0,
        millis(turn.endpointing_ms),
        millis(turn.transcription_ms),
        millis(turn.first_words_ms),
        millis(turn.first_sound_ms),
        millis(turn.response_ms),
        millis(turn.silence_ms),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The turns of a conversation, in their order.
///
/// # Errors
/// The database's.
pub async fn of_conversation(
    transaction: &mut Transaction,
    conversation: ConversationId,
) -> Result<Vec<TurnTimes>, StoreError> {
    let turns = sqlx::query_as!(
        Row,
        "SELECT at_ms, endpointing_ms, transcription_ms, first_words_ms, first_sound_ms, response_ms, silence_ms
         FROM turns WHERE conversation_id = $1 ORDER BY at_ms",
        conversation.0
    );
    let turns = turns.fetch_all(&mut **transaction).await?;
    Ok(turns.into_iter().map(TurnTimes::from).collect())
}

/// A campaign's last turns, summed up.
///
/// # Errors
/// The database's.
pub async fn summary(conn: &mut PgConnection, campaign: CampaignId) -> Result<TurnSummary, StoreError> {
    let turns = sqlx::query_as!(
        Row,
        "SELECT at_ms, endpointing_ms, transcription_ms, first_words_ms, first_sound_ms, response_ms, silence_ms
         FROM turns WHERE campaign_id = $1 ORDER BY conversation_id DESC LIMIT $2",
        campaign.0,
        LAST_TURNS
    );
    let turns: Vec<TurnTimes> = turns.fetch_all(conn).await?.into_iter().map(TurnTimes::from).collect();
    Ok(TurnSummary::of(&turns))
}
