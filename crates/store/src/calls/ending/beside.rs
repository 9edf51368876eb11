//! What is written beside a conversation when it ends: its recordings, what it cost, and results that are still to be drawn.

use super::End;
use crate::{StoreError, costs::EndedCalls, result_jobs::FIRST_TRY, seconds, to_sql, whole};
use domain::{ConversationId, cost::Usage};
use sqlx::{PgConnection, types::Json};
use std::collections::HashMap;

pub(super) async fn write_recordings(conn: &mut PgConnection, ends: &[End<'_>]) -> Result<(), StoreError> {
    for end in ends {
        for recording in &end.ending.recordings {
            sqlx::query!(
                "INSERT INTO recordings
                 (conversation_id, file_name, bytes, duration_ms, peaks, key_id, pieces, created_at, starts_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                end.ending.conversation_id.0,
                recording.file_name,
                whole(recording.bytes),
                whole(recording.duration_ms),
                Json(&recording.peaks) as Json<&Vec<(u8, u8)>>,
                recording.lock.as_ref().map(|lock| lock.key_id.as_str()),
                recording.lock.as_ref().map(|lock| lock.pieces.as_slice()),
                to_sql(end.ending.at),
                whole(recording.starts_ms),
            )
            .execute(&mut *conn)
            .await?;
        }
    }
    Ok(())
}

/// What the calls cost.
pub(super) async fn write_costs(
    conn: &mut PgConnection,
    ends: &[End<'_>],
    seconds: &HashMap<ConversationId, u32>,
) -> Result<(), StoreError> {
    let mut costs = EndedCalls::default();
    for End { ending, call, .. } in ends {
        let written = seconds.get(&ending.conversation_id).copied().unwrap_or(0);
        // A second that has begun was on the telephone, too.
        let lasted = ending.duration.map_or(u64::from(written), |duration| {
            duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
        });
        let usage = Usage {
            telephone_seconds: if ending.charged_by_minute { lasted } else { 0 },
            ..ending.usage
        };
        costs.add(ending.conversation_id, call.campaign_id, ending.at, usage);
    }
    costs.write(conn).await
}

/// Results that are still to be drawn.
pub(super) async fn leave_for_later(conn: &mut PgConnection, ends: &[End<'_>]) -> Result<(), StoreError> {
    for end in ends {
        let Some(reason) = &end.ending.not_drawn else { continue };
        sqlx::query!(
            "INSERT INTO result_jobs (conversation_id, campaign_id, status, due_at, reason)
             SELECT $1, $2, 'pending', now() + make_interval(secs => $3), $4
             WHERE EXISTS (SELECT FROM transcript_segments WHERE conversation_id = $1 AND speaker = 'person')",
            end.ending.conversation_id.0,
            end.call.campaign_id.0,
            seconds(FIRST_TRY),
            reason,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
