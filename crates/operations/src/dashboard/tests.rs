#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::{campaigns, leads, settings, testing};
use domain::{
    CampaignId, Chance, Clock, ConversationId, UnixMillis, WorkerId,
    access::Role,
    calling_hours::{GateEvidence, GateReason},
    campaign::{CampaignCommand, CampaignContent},
    conversation::{ConversationStatus, Disposition, Speaker, TranscriptSegment},
    inbound::decide,
    lead::LeadStatus,
    new_id,
    results::ConversationResults,
    views::NewLead,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::{
    PgPool,
    calls::{self, EndedBy, Ending},
    claims::{self, ClaimRequest, Turn, Verdict},
    event_log::{self, Which},
    inbound::{self, NewCall, TakeRequest, Taken},
    workers,
};

/// Runs fast and unevenly, so that a short test crosses many minutes and midnight.
struct HurriedClock(AtomicI64);

impl Clock for HurriedClock {
    fn now(&self) -> UnixMillis {
        let now = self.0.load(Ordering::Relaxed);
        UnixMillis(self.0.fetch_add(1 + now % 7 * 800, Ordering::Relaxed))
    }
}

/// Ten minutes to midnight, UTC.
const EVENING: i64 = 1_772_582_400_000 - 600_000;

/// Random numbers below `limit`.
fn below(ops: &Operations, limit: usize) -> usize {
    let mut bytes = [0; 4];
    ops.chance.fill(&mut bytes);
    u32::from_le_bytes(bytes) as usize % limit
}

fn verdict(chance: &dyn Chance, at: UnixMillis) -> Verdict {
    let mut byte = [0];
    chance.fill(&mut byte);
    let (reason, turn) = match byte[0] % 8 {
        0 => (
            GateReason::DoNotCall,
            Turn::Never(LeadStatus::DoNotCall, "On the do-not-call list".to_owned()),
        ),
        1 => (
            GateReason::OutsideCallingHours,
            Turn::Later(at.plus(Duration::from_secs(30))),
        ),
        _ => (GateReason::Allowed, Turn::Call),
    };
    Verdict {
        reason,
        evidence: GateEvidence::default(),
        turn,
    }
}

/// A worker that has calls do what calls do.
async fn work(ops: Operations, campaigns: Vec<CampaignId>, steps: usize) {
    let worker = WorkerId(new_id(ops.clock.now(), &*ops.chance));
    let mut conn = ops.store.connection().await.unwrap();
    workers::report(&mut conn, worker, ops.clock.now()).await.unwrap();
    drop(conn);
    let mut held: Vec<(ConversationId, CampaignId, u32)> = Vec::new();
    for _ in 0..steps {
        let at = ops.clock.now();
        let chosen = below(&ops, held.len().max(1));
        match (below(&ops, 8), held.get_mut(chosen)) {
            (0 | 1, _) | (_, None) => {
                let campaign_id = campaigns[below(&ops, campaigns.len())];
                let request = ClaimRequest {
                    campaign_id,
                    worker_id: worker,
                    at,
                    most: 3,
                    global_concurrency: 100,
                    lease: Duration::from_secs(600),
                    charges: domain::budget::Charges::default(),
                    look_ahead: Duration::from_secs(3_600),
                };
                let chance = ops.chance.clone();
                let claimed = claims::claim(
                    &ops.store,
                    &request,
                    |_, _| verdict(&*chance, at),
                    || new_id(at, &*chance),
                );
                let calls = claimed.await.unwrap().calls;
                let mut conn = ops.store.connection().await.unwrap();
                for call in &calls {
                    calls::about_to_dial(&mut conn, call.conversation_id, worker, at)
                        .await
                        .unwrap();
                }
                held.extend(calls.iter().map(|call| (call.conversation_id, campaign_id, 0)));
            }
            (2, Some((id, ..))) => calls::stage(&ops.store, *id, ConversationStatus::Ringing, at)
                .await
                .unwrap(),
            (3 | 4, Some((id, ..))) => calls::stage(&ops.store, *id, ConversationStatus::Live, at)
                .await
                .unwrap(),
            (5 | 6, Some((id, campaign, position))) => {
                let segment = TranscriptSegment {
                    position: *position,
                    speaker: [Speaker::Agent, Speaker::Person][chosen % 2],
                    text: format!("Sentence {position}.").into(),
                    start_ms: 0,
                    end_ms: 1,
                    interrupted: false,
                    at,
                };
                *position += 1;
                calls::sentence(&ops.store, *campaign, *id, segment).await.unwrap();
            }
            (_, Some((id, ..))) => {
                let ending = Ending {
                    call_back_at: None,
                    conversation_id: *id,
                    by: EndedBy::Holder(worker),
                    disposition: Disposition::ALL[below(&ops, Disposition::ALL.len())],
                    results: ConversationResults::default(),
                    not_drawn: None,
                    usage: domain::cost::Usage::default(),
                    charged_by_minute: false,
                    duration: Some(Duration::from_secs(40)),
                    recordings: Vec::new(),
                    not_again_before: Duration::ZERO,
                    at,
                };
                calls::end(&ops.store, &ending).await.unwrap();
                let (ended, ..) = held.remove(chosen);
                if below(&ops, 3) == 0 {
                    let call = call_back(&ops, worker, ended).await;
                    held.extend(call.map(|(call, campaign)| (call, campaign, 0)));
                }
            }
        }
    }
}

/// The person of a call that has ended calls us; the call that the worker got of it.
async fn call_back(ops: &Operations, worker: WorkerId, ended: ConversationId) -> Option<(ConversationId, CampaignId)> {
    let number: String = sqlx::query_scalar(
        "SELECT phone_number FROM leads JOIN conversations ON lead_id = leads.id WHERE conversations.id = $1",
    )
    .bind(ended.0)
    .fetch_one(ops.store.pool())
    .await
    .unwrap();
    let at = ops.clock.now();
    let id = ConversationId(new_id(at, &*ops.chance));
    let call = NewCall {
        id,
        room: id.to_string().into(),
        caller: "sip_1".into(),
        phone_number: Some(number.parse().unwrap()),
        at,
    };
    inbound::arrive(&ops.store, &call).await.unwrap();
    let request = TakeRequest {
        id,
        worker_id: worker,
        at,
        global_concurrency: 100,
        lease: Duration::from_secs(600),
    };
    let taken = inbound::take(&ops.store, &request, |known, last| decide(known, last, at));
    match taken.await.unwrap() {
        Taken::Call(taken) => Some((id, taken.campaign_id)),
        _ => None,
    }
}

/// Managers who add people, rename, pause, resume and hold everything.
async fn manage(ops: Operations, manager: Caller, campaigns: Vec<CampaignId>, steps: usize) {
    for step in 0..steps {
        let campaign = campaigns[below(&ops, campaigns.len())];
        // What the state of the moment does not allow is refused, and must then change nothing.
        match below(&ops, 6) {
            0 => {
                let paused = below(&ops, 4) == 0;
                settings::set_dialling_paused(&ops, &manager, paused).await.unwrap();
            }
            1 => {
                let view = campaigns::get(&ops, &manager, campaign).await.unwrap();
                let renamed = CampaignContent {
                    name: format!("Campaign {step}"),
                    ..view.content
                };
                let _ = campaigns::save(&ops, &manager, campaign, view.revision, renamed).await;
            }
            2 => {
                let command = CampaignCommand::ALL[below(&ops, 4)];
                let _ = campaigns::command(&ops, &manager, campaign, command).await;
            }
            3 => {
                let _ = campaigns::command(&ops, &manager, campaign, CampaignCommand::Resume).await;
            }
            _ => person(&ops, &manager, campaign, 500 + step).await,
        }
    }
}

async fn person(ops: &Operations, manager: &Caller, campaign: CampaignId, number: usize) {
    let lead = NewLead {
        name: format!("Person {number}"),
        phone_number: format!("+44 20 7946 {number:04}"),
        email: String::new(),
        variables: BTreeMap::new(),
    };
    // The other manager may have added the same person.
    let _ = leads::add(ops, manager, campaign, lead).await;
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_snapshot_and_the_events_after_it_make_a_later_snapshot(pool: PgPool) {
    let ops = Operations {
        clock: Arc::new(HurriedClock(AtomicI64::new(EVENING))),
        ..testing::operations(&pool)
    };
    let manager = testing::person(&pool, Role::Manager, "mia").await;
    let mut ids = Vec::new();
    for name in ["Spring", "Autumn"] {
        let content = CampaignContent {
            calls_per_ten_seconds: 500,
            max_concurrent_calls: 500,
            ..testing::content(name)
        };
        let id = campaigns::create(&ops, &manager, content).await.unwrap();
        for number in 0..60 {
            person(&ops, &manager, id, number).await;
        }
        campaigns::command(&ops, &manager, id, CampaignCommand::Start)
            .await
            .unwrap();
        ids.push(id);
    }
    let others = [
        tokio::spawn(work(ops.clone(), ids.clone(), 150)),
        tokio::spawn(work(ops.clone(), ids.clone(), 150)),
        tokio::spawn(work(ops.clone(), ids.clone(), 150)),
        tokio::spawn(manage(ops.clone(), manager.clone(), ids.clone(), 80)),
        tokio::spawn(manage(ops.clone(), manager.clone(), ids, 80)),
    ];
    let mut snapshots = vec![state(&ops, &manager).await.unwrap()];
    while others.iter().any(|other| !other.is_finished()) {
        snapshots.push(state(&ops, &manager).await.unwrap());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for other in others {
        other.await.unwrap();
    }
    let mut last = state(&ops, &manager).await.unwrap();
    let now = ops.clock.now();
    last.tiles.advance(now);
    assert!(
        snapshots.len() > 20 && last.cursor > 300,
        "{} snapshots, {} events",
        snapshots.len(),
        last.cursor
    );
    // At one time or another: by chance everything may be stopped at the end, and midnight empties the tiles.
    for (what, seen) in [
        ("calls", (|state| !state.calls.is_empty()) as fn(&LiveState) -> bool),
        ("ended calls", |state| state.tiles.ended > 0 && !state.recent.is_empty()),
        ("refused leads", |state| state.tiles.refused > 0),
    ] {
        assert!(snapshots.iter().any(seen), "no snapshot shows {what}");
    }
    assert!(snapshots[0].tiles.day < last.tiles.day, "midnight has passed");
    let mut conn = ops.store.connection().await.unwrap();
    for (number, mut folded) in snapshots.into_iter().enumerate() {
        let cursor = folded.cursor;
        let rest = event_log::read(&mut conn, Which::All, cursor, i64::MAX, 100_000)
            .await
            .unwrap();
        rest.events.iter().for_each(|event| folded.apply(event));
        folded.tiles.advance(now);
        assert_eq!(
            folded.tiles, last.tiles,
            "tiles from snapshot {number}, made at event {cursor}"
        );
        assert_eq!(
            folded.calls, last.calls,
            "calls from snapshot {number}, made at event {cursor}"
        );
        assert_eq!(
            folded.campaigns, last.campaigns,
            "campaigns from snapshot {number}, made at event {cursor}"
        );
        assert_eq!(
            folded.recent, last.recent,
            "outcomes from snapshot {number}, made at event {cursor}"
        );
        assert_eq!(folded, last);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_empty_installation_has_an_empty_dashboard(pool: PgPool) {
    let ops = testing::operations(&pool);
    let viewer = testing::person(&pool, Role::Viewer, "vic").await;
    let state = state(&ops, &viewer).await.unwrap();
    assert_eq!(state.cursor, 0);
    assert_eq!(state.tiles.started_per_minute.len(), domain::live::RATE_MINUTES);
    assert!(state.calls.is_empty() && state.campaigns.is_empty() && state.recent.is_empty());
}
