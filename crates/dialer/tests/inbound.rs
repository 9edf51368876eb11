//! Calls that come in, on a real database: who gets them, what they do to a lead, and whole workers that answer.

#[path = "support/claims.rs"]
mod requests;
#[path = "support/stage.rs"]
mod stage;

use dialer::{Dialer, DialerConfig};
use domain::{
    CampaignId, ConversationId, Personal, UnixMillis, WorkerId,
    campaign::{CampaignContent, CampaignStatus},
    conversation::Disposition,
    inbound::{TurnedAway, decide},
    new_id,
    retry::RetryRule,
};
use requests::{MORNING, chance_of_this_process, claim, clock, ending, request};
use stage::{AlwaysNoon, Play, SmallNetwork, TestChance, WallClock};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use store::{
    PgPool, Store, calls,
    calls::EndedBy,
    campaigns,
    claims::ClaimRequest,
    inbound::{self, NewCall, TakeRequest, Taken},
    leases,
};
use telephony::Arrival;
use tokio_util::sync::CancellationToken;

/// A campaign that tries again four hours after nobody answered.
fn patient() -> CampaignContent {
    CampaignContent {
        retries: vec![
            RetryRule {
                after: Disposition::NoAnswer,
                times: 3,
                delay_minutes: 240,
            },
            RetryRule {
                after: Disposition::CallBack,
                times: 1,
                delay_minutes: 60,
            },
        ],
        ..stage::content("Patient")
    }
}

/// A campaign whose one lead did not answer.
async fn tried(pool: &PgPool, worker: WorkerId, content: &CampaignContent) -> CampaignId {
    let campaign = stage::campaign(pool, &clock(), content, 0, 1).await;
    let call = dialled(pool, campaign, worker).await;
    let store = Store::from_pool(pool.clone());
    let unanswered = ending(call, EndedBy::Holder(worker), Disposition::NoAnswer);
    calls::end(&store, &unanswered).await.expect("ended");
    campaign
}

/// A call to the campaign's lead that is ringing.
async fn dialled(pool: &PgPool, campaign: CampaignId, worker: WorkerId) -> ConversationId {
    let claimed = claim(pool, &request(campaign, worker)).await;
    let call = claimed.calls[0].conversation_id;
    let store = Store::from_pool(pool.clone());
    let mut conn = store.connection().await.expect("a connection");
    assert!(
        calls::about_to_dial(&mut conn, call, worker, MORNING)
            .await
            .expect("written")
    );
    call
}

async fn arrive(pool: &PgPool, room: &str, number: Option<&str>) -> (ConversationId, bool) {
    let id = ConversationId(new_id(MORNING, chance_of_this_process()));
    let call = NewCall {
        id,
        room: room.into(),
        caller: "sip_1".into(),
        phone_number: number.map(|number| number.parse().expect("a number")),
        at: MORNING,
    };
    let store = Store::from_pool(pool.clone());
    (id, inbound::arrive(&store, &call).await.expect("written"))
}

/// The lead calls.
async fn lead_calls(pool: &PgPool) -> ConversationId {
    arrive(pool, "ringside-inbound_1", Some(stage::number(0).e164()))
        .await
        .0
}

async fn take_among(pool: &PgPool, id: ConversationId, worker_id: WorkerId, global_concurrency: u32) -> Taken {
    let wanted = TakeRequest {
        id,
        worker_id,
        at: MORNING,
        global_concurrency,
        lease: Duration::from_secs(30),
    };
    let store = Store::from_pool(pool.clone());
    inbound::take(&store, &wanted, |known, last| decide(known, last, MORNING))
        .await
        .expect("asked")
}

async fn take(pool: &PgPool, id: ConversationId, worker: WorkerId) -> Taken {
    take_among(pool, id, worker, 100).await
}

async fn end(pool: &PgPool, call: ConversationId, worker: WorkerId, disposition: Disposition) {
    let store = Store::from_pool(pool.clone());
    let ending = ending(call, EndedBy::Holder(worker), disposition);
    let ended = calls::end(&store, &ending).await.expect("ended");
    assert_ne!(ended, calls::Ended::NotOurs);
}

/// (status, when it is due in minutes after the morning, calls made).
async fn lead(pool: &PgPool) -> (String, Option<i64>, Option<i32>) {
    sqlx::query_as(
        "SELECT leads.status, (extract(epoch FROM due_at)::bigint - $1 / 1000) / 60, attempts
         FROM leads LEFT JOIN lead_queue ON lead_id = id",
    )
    .bind(MORNING.0)
    .fetch_one(pool)
    .await
    .expect("one lead")
}

#[sqlx::test(migrations = "../../migrations")]
async fn one_of_many_workers_gets_a_call_however_often_it_is_told_of(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    tried(&pool, worker, &patient()).await;
    let (id, new) = arrive(&pool, "ringside-inbound_1", Some(stage::number(0).e164())).await;
    assert!(new);
    assert!(
        !arrive(&pool, "ringside-inbound_1", None).await.1,
        "the same room again"
    );
    let mut takers = Vec::new();
    for _ in 0..6 {
        let worker = stage::worker(&pool).await;
        let pool = pool.clone();
        takers.push(tokio::spawn(async move { take(&pool, id, worker).await }));
    }
    let mut got = 0;
    for taker in takers {
        match taker.await.expect("no panic") {
            Taken::Call(taken) => {
                got += 1;
                assert_eq!(taken.call.conversation_id, id);
                assert_eq!(taken.call.lead.zones, ["Europe/Berlin"]);
            }
            Taken::Gone => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(got, 1);
    // A late repetition changes nothing, also after the end.
    assert!(!arrive(&pool, "ringside-inbound_1", None).await.1);
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 1);
    let inbound =
        "SELECT count(*) FROM conversations JOIN inbound_calls USING (id) WHERE conversations.status = 'ringing'";
    assert_eq!(stage::count(&pool, inbound).await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_is_dialled_while_they_are_on_the_line_or_after_they_had_the_conversation(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    let campaign = tried(&pool, worker, &patient()).await;
    assert_eq!(lead(&pool).await, ("pending".to_owned(), Some(240), Some(1)));
    let id = lead_calls(&pool).await;
    assert!(matches!(take(&pool, id, worker).await, Taken::Call(_)));
    assert_eq!(lead(&pool).await, ("calling".to_owned(), None, None));
    let later = ClaimRequest {
        at: UnixMillis(MORNING.0 + 300 * 60_000),
        ..request(campaign, worker)
    };
    assert!(claim(&pool, &later).await.calls.is_empty());
    end(&pool, id, worker, Disposition::Completed).await;
    assert_eq!(lead(&pool).await, ("done".to_owned(), None, None));
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 0);
    assert!(claim(&pool, &later).await.calls.is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_that_came_to_nothing_leaves_the_lead_where_it_was(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    tried(&pool, worker, &patient()).await;
    for (room, disposition) in [("a", Disposition::NoAnswer), ("b", Disposition::Lost)] {
        let (id, _) = arrive(&pool, room, Some(stage::number(0).e164())).await;
        assert!(matches!(take(&pool, id, worker).await, Taken::Call(_)));
        end(&pool, id, worker, disposition).await;
        assert_eq!(
            lead(&pool).await,
            ("pending".to_owned(), Some(240), Some(1)),
            "{disposition:?}"
        );
    }
    // What we missed is no try of ours: there are two left after the next one.
    let (id, _) = arrive(&pool, "c", Some(stage::number(0).e164())).await;
    take(&pool, id, worker).await;
    end(&pool, id, worker, Disposition::CallBack).await;
    assert_eq!(lead(&pool).await, ("pending".to_owned(), Some(60), Some(1)));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_number_on_the_list_is_answered_and_never_dialled_because_of_it(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    tried(&pool, worker, &patient()).await;
    let store = Store::from_pool(pool.clone());
    let mut transaction = store.begin().await.expect("a transaction");
    store::do_not_call::add(&mut transaction, &stage::number(0), "asked", None, None, MORNING)
        .await
        .expect("added");
    transaction.commit().await.expect("committed");
    let id = lead_calls(&pool).await;
    assert!(matches!(take(&pool, id, worker).await, Taken::Call(_)));
    end(&pool, id, worker, Disposition::CallBack).await;
    assert_eq!(lead(&pool).await, ("do_not_call".to_owned(), None, None));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_of_ours_to_the_same_person_gives_way_once(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    let campaign = stage::campaign(&pool, &clock(), &patient(), 0, 1).await;
    let ringing = dialled(&pool, campaign, worker).await;
    let id = lead_calls(&pool).await;
    assert!(matches!(take(&pool, id, worker).await, Taken::Later));
    assert!(matches!(take(&pool, id, worker).await, Taken::Later));
    let commands = "SELECT count(*) FROM call_commands";
    assert_eq!(stage::count(&pool, commands).await, 1);
    end(&pool, ringing, worker, Disposition::NoAnswer).await;
    assert!(matches!(take(&pool, id, worker).await, Taken::Call(_)));

    // Somebody who is talking with an agent has no need of a second one.
    let store = Store::from_pool(pool.clone());
    let live = domain::conversation::ConversationStatus::Live;
    calls::stage(&store, id, live, MORNING).await.expect("answered");
    let (second, _) = arrive(&pool, "another line", Some(stage::number(0).e164())).await;
    let told = take(&pool, second, worker).await;
    assert!(matches!(told, Taken::TurnedAway(TurnedAway::OnAnotherLine)), "{told:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn callers_take_lines_from_the_same_limits_and_before_anybody_is_dialled(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    let narrow = CampaignContent {
        max_concurrent_calls: 1,
        ..patient()
    };
    tried(&pool, worker, &narrow).await;
    let busy = stage::campaign(&pool, &clock(), &stage::content("Busy"), 10, 5).await;
    let one = ClaimRequest {
        global_concurrency: 1,
        ..request(busy, worker)
    };
    let held = claim(&pool, &one).await.calls;
    assert_eq!(held.len(), 1);
    let id = lead_calls(&pool).await;
    assert!(matches!(take_among(&pool, id, worker, 1).await, Taken::Later));
    end(&pool, held[0].conversation_id, worker, Disposition::Busy).await;
    assert!(claim(&pool, &one).await.calls.is_empty(), "the line is the caller's");
    assert!(matches!(take_among(&pool, id, worker, 1).await, Taken::Call(_)));
    assert!(claim(&pool, &one).await.calls.is_empty());
    end(&pool, id, worker, Disposition::Completed).await;
    assert_eq!(claim(&pool, &one).await.calls.len(), 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn who_is_not_known_is_turned_away_and_who_waits_too_long_is_let_go(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    let campaign = tried(&pool, worker, &patient()).await;
    let store = Store::from_pool(pool.clone());
    let mut expected = Vec::new();
    for (room, number, why) in [
        ("withheld", None, TurnedAway::NumberWithheld),
        ("stranger", Some("+14155550123"), TurnedAway::NotTried),
    ] {
        let (id, _) = arrive(&pool, room, number).await;
        let told = take(&pool, id, worker).await;
        assert!(matches!(told, Taken::TurnedAway(reason) if reason == why), "{told:?}");
        expected.push(why.label().to_owned());
    }
    let mut transaction = store.begin().await.expect("a transaction");
    campaigns::set_status(&mut transaction, campaign, CampaignStatus::Stopped, MORNING)
        .await
        .expect("stopped");
    transaction.commit().await.expect("committed");
    let id = lead_calls(&pool).await;
    let told = take(&pool, id, worker).await;
    assert!(matches!(told, Taken::TurnedAway(TurnedAway::CampaignOver)), "{told:?}");
    expected.push(TurnedAway::CampaignOver.label().to_owned());

    let mut conn = store.connection().await.expect("a connection");
    arrive(&pool, "impatient", Some("+14155550123")).await;
    let gone = inbound::hung_up(&mut conn, &Personal::new("impatient"), MORNING).await;
    assert!(gone.expect("written"));
    let again = inbound::hung_up(&mut conn, &Personal::new("impatient"), MORNING).await;
    assert!(!again.expect("written"));
    let (patient, _) = arrive(&pool, "patient", Some("+14155550123")).await;
    let after = |seconds: i64| UnixMillis(MORNING.0 + seconds * 1_000);
    assert!(inbound::give_up(&mut conn, after(44)).await.expect("looked").is_empty());
    let given_up = inbound::give_up(&mut conn, after(46)).await.expect("looked");
    assert_eq!(given_up.iter().map(|call| call.id).collect::<Vec<_>>(), [patient]);
    expected.extend(["Hung up while it rang".to_owned(), "No line was free".to_owned()]);
    // Nobody told the three who were turned away that they are: their rooms are closed.
    assert_eq!(inbound::give_up(&mut conn, after(106)).await.expect("looked").len(), 3);
    assert!(
        inbound::give_up(&mut conn, after(200))
            .await
            .expect("looked")
            .is_empty()
    );

    let mut shown: Vec<String> = inbound::unanswered(&mut conn, 20)
        .await
        .expect("listed")
        .into_iter()
        .map(|row| row.reason)
        .collect();
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected);
    assert_eq!(inbound::delete_old(&mut conn, after(1)).await.expect("deleted"), 5);
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 0);
}

/// Two workers on a network with callers.
async fn answered_by_two(pool: &PgPool, network: SmallNetwork, done: &'static str) -> Arc<SmallNetwork> {
    let network = Arc::new(network);
    let stop = CancellationToken::new();
    let mut workers = Vec::new();
    for _ in 0..2 {
        let mut config = DialerConfig::new(stage::worker(pool).await, 100, None);
        config.leases.search = Duration::from_millis(100);
        let dialer = Dialer::new(
            config,
            Store::from_pool(pool.clone()),
            Arc::clone(&network) as Arc<dyn telephony::TelephoneNetwork>,
            stage::voices(),
            Arc::new(WallClock),
            Arc::new(TestChance::default()),
            Arc::new(AlwaysNoon),
        );
        workers.push(tokio::spawn(dialer.run(stop.clone())));
    }
    let patience = Instant::now() + Duration::from_secs(40);
    while stage::count(pool, done).await < 1 {
        assert!(Instant::now() < patience, "{done} does not come true");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    stop.cancel();
    for worker in workers {
        worker.await.expect("ends");
    }
    network
}

fn network(name: &str) -> SmallNetwork {
    let path = std::env::temp_dir().join(format!("ringside-inbound-{}-{name}.ledger", std::process::id()));
    let _ = std::fs::remove_file(&path);
    SmallNetwork::new(path, Duration::from_millis(2), |_| Play::NoAnswer)
}

fn caller(room: &str, number: Option<&str>) -> Arrival {
    Arrival {
        room: room.into(),
        caller: "sip_1".into(),
        number: number.map(|number| number.parse().expect("a number")),
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn workers_dial_somebody_who_does_not_answer_and_talk_with_them_when_they_call(pool: PgPool) {
    let campaign = stage::campaign(&pool, &WallClock, &patient(), 0, 1).await;
    let network = network("answers");
    let callers = Arc::clone(&network.callers);
    let number = stage::number(0);
    let calling = pool.clone();
    tokio::spawn(async move {
        // As soon as it was in vain, they call, and so does a stranger.
        while stage::count(
            &calling,
            "SELECT count(*) FROM conversations WHERE status = 'no_answer'",
        )
        .await
            == 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut callers = callers.lock().expect("unpoisoned");
        callers.push(caller("theirs", Some(number.e164())));
        callers.push(caller("a stranger's", None));
    });
    let done = "SELECT count(*) FROM leads WHERE status = 'done'
                AND EXISTS (SELECT FROM inbound_calls WHERE status = 'turned_away' AND ended_at IS NOT NULL)";
    let network = answered_by_two(&pool, network, done).await;
    assert_eq!(network.answered.load(Ordering::SeqCst), 2, "each call once");
    let said: Vec<(String, String)> = sqlx::query_as(
        "SELECT speaker, text FROM transcript_segments JOIN inbound_calls ON inbound_calls.id = conversation_id
         WHERE campaign_id = $1 ORDER BY position",
    )
    .bind(campaign.0)
    .fetch_all(&pool)
    .await
    .expect("a transcript");
    assert_eq!(said[0].0, "agent");
    assert!(said[0].1.contains("AI assistant"), "{said:?}");
    assert!(said.iter().any(|(_, text)| text.contains("calling back")), "{said:?}");
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 0);
    // The progress of calls that we make is not told by calls that we did not.
    let dialled = "SELECT count(*) FROM attempts WHERE disposition IS NOT NULL";
    assert_eq!(stage::count(&pool, dialled).await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_caller_whose_worker_died_is_let_go_and_waits_for_their_turn_as_before(pool: PgPool) {
    let worker = stage::worker(&pool).await;
    let campaign = tried(&pool, worker, &patient()).await;
    let id = lead_calls(&pool).await;
    assert!(matches!(take(&pool, id, worker).await, Taken::Call(_)));
    let store = Store::from_pool(pool.clone());
    // Or its lead's turn would come at once: the campaign's morning is long past.
    let mut transaction = store.begin().await.expect("a transaction");
    campaigns::set_status(&mut transaction, campaign, CampaignStatus::Paused, MORNING)
        .await
        .expect("paused");
    transaction.commit().await.expect("committed");
    let mut conn = store.connection().await.expect("a connection");
    leases::give_up(&mut conn, id, worker).await.expect("written");
    drop(conn);
    let lost = "SELECT count(*) FROM conversations JOIN inbound_calls USING (id) WHERE conversations.status = 'lost'";
    let network = answered_by_two(&pool, network("lost"), lost).await;
    assert!(network.ended_as_orphans.load(Ordering::SeqCst) >= 1);
    assert_eq!(network.answered.load(Ordering::SeqCst), 0);
    assert_eq!(lead(&pool).await, ("pending".to_owned(), Some(240), Some(1)));
}
