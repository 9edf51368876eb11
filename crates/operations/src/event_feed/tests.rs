#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use domain::{
    CampaignId, LeadId, Personal, UnixMillis,
    calling_hours::GateReason,
    conversation::{Disposition, Speaker, TranscriptSegment},
    live::{Happening, LiveBatch, RecentOutcome},
};
use std::{pin::pin, time::Duration};
use store::{PgPool, events};
use tokio::time::timeout;
use uuid::Uuid;

fn refused(number: u128) -> Happening {
    Happening::LeadRefused {
        campaign_id: CampaignId(Uuid::from_u128(1)),
        lead_id: LeadId(Uuid::from_u128(number)),
        reason: GateReason::DoNotCall,
    }
}

fn said(call: ConversationId, position: u32) -> Happening {
    Happening::SentenceSpoken {
        conversation_id: call,
        campaign_id: CampaignId(Uuid::from_u128(1)),
        segment: TranscriptSegment {
            position,
            speaker: Speaker::Agent,
            text: "Good morning.".into(),
            start_ms: 0,
            end_ms: 900,
            interrupted: false,
            at: UnixMillis(1),
        },
    }
}

fn ended(call: ConversationId) -> Happening {
    Happening::CallEnded {
        outcome: RecentOutcome {
            conversation_id: call,
            campaign_id: CampaignId(Uuid::from_u128(1)),
            campaign_name: "Spring".to_owned(),
            lead_id: LeadId(Uuid::from_u128(2)),
            lead_name: "Ada".into(),
            direction: domain::Direction::Outbound,
            disposition: Disposition::Completed,
            ended_at: UnixMillis(1),
            duration_seconds: 1,
        },
    }
}

async fn tell(pool: &PgPool, happenings: &[Happening]) {
    let mut transaction = Store::from_pool(pool.clone()).begin().await.unwrap();
    events::append(&mut transaction, UnixMillis(1_000), happenings)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

async fn glimpse(pool: &PgPool, glimpses: &[Glimpse]) {
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(events::GLIMPSE_CHANNEL)
        .bind(serde_json::to_string(glimpses).unwrap())
        .execute(pool)
        .await
        .unwrap();
}

async fn newest(pool: &PgPool) -> i64 {
    let mut conn = Store::from_pool(pool.clone()).connection().await.unwrap();
    event_log::newest(&mut conn).await.unwrap()
}

async fn feed(pool: &PgPool) -> EventFeed {
    EventFeed::start(Store::from_pool(pool.clone()), CancellationToken::new())
        .await
        .unwrap()
}

async fn next(stream: &mut (impl Stream<Item = FeedMessage> + Unpin)) -> FeedMessage {
    timeout(Duration::from_secs(10), stream.next())
        .await
        .expect("a message comes")
        .expect("the stream goes on")
}

fn batch(message: &FeedMessage) -> LiveBatch {
    serde_json::from_str(&message.data).unwrap()
}

/// Reads until the event with this id came; all ids in their order.
async fn ids_until(stream: &mut (impl Stream<Item = FeedMessage> + Unpin), last: i64) -> Vec<i64> {
    let mut ids = Vec::new();
    while ids.last() != Some(&last) {
        let message = next(stream).await;
        let batch = batch(&message);
        if let Some(event) = batch.events.last() {
            assert_eq!(message.id, Some(event.id));
        }
        ids.extend(batch.events.iter().map(|event| event.id));
    }
    ids
}

#[sqlx::test(migrations = "../../migrations")]
async fn events_come_at_once_each_to_its_topic(pool: PgPool) {
    let feed = feed(&pool).await;
    let (call, other) = (ConversationId(Uuid::from_u128(7)), ConversationId(Uuid::from_u128(8)));
    let mut dashboard = pin!(feed.subscribe(Topic::Dashboard, None));
    let mut monitor = pin!(feed.subscribe(Topic::Conversation(call), None));
    // The reader may not listen yet; the poll finds the first one all the same.
    tell(&pool, &[refused(1), said(other, 0), said(call, 0)]).await;
    let last = newest(&pool).await;
    assert_eq!(ids_until(&mut dashboard, last).await, [last - 2, last - 1, last]);
    assert_eq!(ids_until(&mut monitor, last).await, [last]);
    // From now on it listens: far sooner than the poll.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for position in 1..4 {
        tell(&pool, &[said(call, position)]).await;
        timeout(Duration::from_millis(700), monitor.next())
            .await
            .expect("NOTIFY wakes the reader");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_viewer_resumes_from_the_ring_and_from_the_log(pool: PgPool) {
    let call = ConversationId(Uuid::from_u128(7));
    for number in 0..30 {
        tell(&pool, &[refused(number), said(call, u32::try_from(number).unwrap())]).await;
    }
    let before_start = newest(&pool).await;
    let feed = feed(&pool).await;
    let mut live = pin!(feed.subscribe(Topic::Dashboard, None));
    for number in 30..60 {
        tell(&pool, &[refused(number), said(call, u32::try_from(number).unwrap())]).await;
    }
    let last = newest(&pool).await;
    let all = ids_until(&mut live, last).await;
    assert_eq!(all.len(), 60);
    assert!(all.is_sorted());
    for after in [0, 1, 17, before_start - 1, before_start, before_start + 1, last - 1] {
        let mut resumed = pin!(feed.subscribe(Topic::Dashboard, Some(after)));
        let ids = ids_until(&mut resumed, last).await;
        let expected: Vec<i64> = (1..=last).filter(|id| *id > after).collect();
        assert_eq!(ids, expected, "after {after}");
        let mut resumed = pin!(feed.subscribe(Topic::Conversation(call), Some(after)));
        let ids = ids_until(&mut resumed, last).await;
        assert_eq!(
            ids,
            expected.iter().copied().filter(|id| id % 2 == 0).collect::<Vec<_>>()
        );
    }
    // A snapshot that is ahead of the feed is served what comes.
    let mut ahead = pin!(feed.subscribe(Topic::Dashboard, Some(last + 5)));
    tell(&pool, &[refused(99)]).await;
    assert_eq!(batch(&next(&mut ahead).await).events.len(), 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn whoever_resumes_while_events_come_misses_none_and_gets_none_twice(pool: PgPool) {
    let feed = feed(&pool).await;
    let mut first = pin!(feed.subscribe(Topic::Dashboard, Some(0)));
    let writer = tokio::spawn({
        let pool = pool.clone();
        async move {
            for number in 0..200 {
                tell(&pool, &[refused(number)]).await;
            }
        }
    });
    let mut after = 0;
    while after < 150 {
        let mut resumed = pin!(feed.subscribe(Topic::Dashboard, Some(after)));
        let message = next(&mut resumed).await;
        for event in batch(&message).events {
            assert_eq!(event.id, after + 1);
            after = event.id;
        }
    }
    writer.await.unwrap();
    assert_eq!(ids_until(&mut first, 200).await, (1..=200).collect::<Vec<_>>());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_gap_that_cannot_be_filled_asks_for_the_state_anew(pool: PgPool) {
    tell(&pool, &[refused(1), refused(2), refused(3)]).await;
    sqlx::query("DELETE FROM events WHERE id <= 2")
        .execute(&pool)
        .await
        .unwrap();
    let feed = feed(&pool).await;
    let all: Vec<FeedMessage> = timeout(
        Duration::from_secs(10),
        feed.subscribe(Topic::Dashboard, Some(1)).collect(),
    )
    .await
    .expect("the stream ends after a reset");
    assert_eq!(all, [messages::reset()]);
    assert_eq!(&*all[0].data, r#"{"reset":true}"#);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_thousand_viewers_share_one_message(pool: PgPool) {
    let feed = feed(&pool).await;
    let mut viewers: Vec<_> = (0..1_000)
        .map(|_| feed.subscribe(Topic::Dashboard, None).boxed())
        .collect();
    tell(&pool, &[refused(1)]).await;
    let mut messages = Vec::new();
    for viewer in &mut viewers {
        messages.push(next(viewer).await);
    }
    assert!(
        messages
            .iter()
            .all(|message| Arc::ptr_eq(&message.data, &messages[0].data))
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_viewer_that_falls_behind_asks_for_the_state_anew(pool: PgPool) {
    let feed = feed(&pool).await;
    let slow = feed.subscribe(Topic::Dashboard, None);
    {
        let mut state = feed.shared.state();
        for id in 1..=i64::try_from(MOST_BEHIND).unwrap() + 10 {
            let message = FeedMessage {
                id: Some(id),
                data: "{}".into(),
            };
            state.viewers.get_mut(&Topic::Dashboard).unwrap().send(message).unwrap();
        }
    }
    let all: Vec<FeedMessage> = timeout(Duration::from_secs(10), slow.collect()).await.expect("it ends");
    assert_eq!(all, [messages::reset()]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn glimpses_are_joined_and_only_agents_reach_the_dashboard(pool: PgPool) {
    let feed = feed(&pool).await;
    let call = ConversationId(Uuid::from_u128(7));
    let mut dashboard = pin!(feed.subscribe(Topic::Dashboard, None));
    let mut monitor = pin!(feed.subscribe(Topic::Conversation(call), None));
    // The feed is known to listen when an announcement gets through.
    tell(&pool, &[said(call, 0)]).await;
    next(&mut dashboard).await;
    next(&mut monitor).await;
    tokio::time::sleep(Duration::from_millis(300)).await;

    let agent = |state| Glimpse::AgentState {
        conversation_id: call,
        state,
    };
    let level = |agent| Glimpse::Levels {
        conversation_id: call,
        agent,
        person: 3,
    };
    let partial = |text: &str| Glimpse::PartialText {
        conversation_id: call,
        speaker: Speaker::Person,
        text: Personal::from(text),
    };
    let mut transaction = pool.begin().await.unwrap();
    for glimpses in [
        vec![agent(AgentState::Thinking), level(1), partial("Y")],
        vec![agent(AgentState::Speaking), level(2), partial("Yes")],
    ] {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(events::GLIMPSE_CHANNEL)
            .bind(serde_json::to_string(&glimpses).unwrap())
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    let seen = next(&mut monitor).await;
    assert_eq!(seen.id, None);
    let seen = batch(&seen).glimpses;
    assert_eq!(seen.len(), 3);
    for newest in [agent(AgentState::Speaking), level(2), partial("Yes")] {
        assert!(seen.contains(&newest));
    }
    assert_eq!(
        batch(&next(&mut dashboard).await).glimpses,
        [agent(AgentState::Speaking)]
    );
    // A newcomer is told what the agent does.
    let mut newcomer = pin!(feed.subscribe(Topic::Dashboard, Some(newest(&pool).await)));
    assert_eq!(
        batch(&next(&mut newcomer).await).glimpses,
        [agent(AgentState::Speaking)]
    );
    // What cannot be understood harms nobody.
    glimpse(&pool, &[]).await;
    sqlx::query("SELECT pg_notify('ringside_glimpses', '[{\"kind\":\"unheard_of\"}]')")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO events (at, kind, happened) VALUES (now(), 'new', '{\"kind\":\"unheard_of\"}')")
        .execute(&pool)
        .await
        .unwrap();
    tell(&pool, &[ended(call)]).await;
    assert!(matches!(
        batch(&next(&mut monitor).await).events[0].happened,
        Happening::CallEnded { .. }
    ));
    assert!(feed.shared.state().agents.is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_stopped_feed_ends_its_streams(pool: PgPool) {
    let stop = CancellationToken::new();
    let feed = EventFeed::start(Store::from_pool(pool), stop.clone()).await.unwrap();
    let before = feed.subscribe(Topic::Dashboard, None);
    stop.cancel();
    let rest: Vec<FeedMessage> = timeout(Duration::from_secs(10), before.collect())
        .await
        .expect("it ends");
    assert!(rest.is_empty());
    let after: Vec<FeedMessage> = timeout(
        Duration::from_secs(10),
        feed.subscribe(Topic::Dashboard, Some(0)).collect(),
    )
    .await
    .expect("it ends");
    assert!(after.is_empty());
}
