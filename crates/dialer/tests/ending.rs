//! The ends of calls, on a real database: one each, whole, and whatever else happens at the same moment.

#[path = "support/claims.rs"]
mod requests;
#[path = "support/stage.rs"]
mod stage;

use dialer::endings::Endings;
use domain::{UnixMillis, conversation::Disposition, live::Happening};
use requests::{MORNING, claim, clock, ending, request};
use std::time::Duration;
use store::{
    PgPool, Store,
    calls::{self, Ended, EndedBy, NewRecording},
    campaigns,
    claims::{self, ClaimRequest},
    event_log, leases,
};

#[sqlx::test(migrations = "../../migrations")]
async fn who_named_a_time_is_called_then_whatever_the_rule_says(pool: PgPool) {
    let content = domain::campaign::CampaignContent {
        retries: Vec::new(),
        ..stage::content("Later")
    };
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 1).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let (by, mut now) = (EndedBy::Holder(worker), MORNING);
    // Again and again, but not for ever.
    for time in 1..=6 {
        let at = ClaimRequest {
            at: now,
            ..request(campaign, worker)
        };
        let calls = claim(&pool, &at).await.calls;
        assert_eq!(calls.len(), 1, "call {time}");
        let due = UnixMillis(now.0 + 3_600_000);
        let named = calls::Ending {
            call_back_at: Some(due),
            at: now,
            ..ending(calls[0].conversation_id, by, Disposition::CallBack)
        };
        let ended = calls::end(&store, &named).await.expect("ended");
        let Ended::Ended { lead_status, .. } = ended else {
            panic!("{ended:?}");
        };
        if time == 6 {
            assert_eq!(lead_status, domain::lead::LeadStatus::Done);
            break;
        }
        assert_eq!(lead_status, domain::lead::LeadStatus::Pending);
        now = UnixMillis(due.0 - 1_000);
        let early = ClaimRequest {
            at: now,
            ..request(campaign, worker)
        };
        assert!(claim(&pool, &early).await.calls.is_empty(), "an hour has not passed");
        now = due;
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_is_retried_as_the_campaign_says_and_the_campaign_then_completes(pool: PgPool) {
    let content = domain::campaign::CampaignContent {
        retries: vec![domain::retry::RetryRule {
            after: Disposition::Busy,
            times: 1,
            delay_minutes: 30,
        }],
        ..stage::content("Retry")
    };
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 1).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let first = claim(&pool, &request(campaign, worker)).await;
    let by = EndedBy::Holder(worker);
    let busy = ending(first.calls[0].conversation_id, by, Disposition::Busy);
    let ended = calls::end(&store, &busy).await.expect("ended");
    assert!(
        matches!(
            ended,
            Ended::Ended {
                campaign_completed: false,
                ..
            }
        ),
        "{ended:?}"
    );
    assert_eq!(
        calls::end(&store, &busy).await.expect("asked"),
        Ended::NotOurs,
        "a call ends once"
    );
    assert!(
        claim(&pool, &request(campaign, worker)).await.calls.is_empty(),
        "half an hour has not passed"
    );
    let later = ClaimRequest {
        at: UnixMillis(MORNING.0 + 30 * 60_000),
        ..request(campaign, worker)
    };
    let second = claim(&pool, &later).await;
    assert_eq!(second.calls[0].lead.zones, ["Europe/Berlin"]);
    assert_eq!(second.calls[0].lead.calls_made, 1);
    let busy = ending(second.calls[0].conversation_id, by, Disposition::Busy);
    let ended = calls::end(&store, &busy).await.expect("ended");
    assert_eq!(
        ended,
        Ended::Ended {
            campaign_id: campaign,
            lead_status: domain::lead::LeadStatus::Failed,
            campaign_completed: true
        }
    );
    let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM events ORDER BY id")
        .fetch_all(&pool)
        .await
        .expect("events");
    let one = ["call_started", "campaign_changed", "call_ended", "campaign_changed"];
    let completed = ["campaign_changed"];
    assert_eq!(kinds, [one.as_slice(), &one, &completed].concat());
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM leads WHERE error_reason = 'Busy'").await,
        1
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_last_calls_that_end_at_once_complete_the_campaign_once(pool: PgPool) {
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    for round in 0..10 {
        let campaign = stage::campaign(&pool, &clock(), &stage::content("Pair"), round * 10, 2).await;
        let claimed = claim(&pool, &request(campaign, worker)).await;
        let end = |index: usize| {
            let done = ending(
                claimed.calls[index].conversation_id,
                EndedBy::Holder(worker),
                Disposition::Completed,
            );
            let store = store.clone();
            async move { calls::end(&store, &done).await.expect("ended") }
        };
        let (one, other) = tokio::join!(end(0), end(1));
        let by_a_call = [one, other]
            .into_iter()
            .filter(|ended| {
                matches!(
                    ended,
                    Ended::Ended {
                        campaign_completed: true,
                        ..
                    }
                )
            })
            .count();
        assert_eq!(by_a_call, 1);
        assert!(!claims::complete(&store, campaign, MORNING).await.expect("looked"));
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn who_opts_out_is_called_by_no_campaign(pool: PgPool) {
    let one = stage::campaign(&pool, &clock(), &stage::content("One"), 0, 1).await;
    let _other = stage::campaign(&pool, &clock(), &stage::content("Other"), 0, 2).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let claimed = claim(&pool, &request(one, worker)).await;
    let call = &claimed.calls[0];
    calls::opted_out(&store, call.conversation_id, &call.lead.phone_number, MORNING)
        .await
        .expect("on the list");
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM lead_queue").await, 1);
    let end = ending(call.conversation_id, EndedBy::Holder(worker), Disposition::OptedOut);
    calls::end(&store, &end).await.expect("ended");
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM leads WHERE status = 'do_not_call'").await,
        2
    );
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM do_not_call").await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_lost_lease_is_lost_for_good(pool: PgPool) {
    let campaign = stage::campaign(&pool, &clock(), &stage::content("Lost"), 0, 2).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let short = ClaimRequest {
        lease: Duration::from_millis(50),
        ..request(campaign, worker)
    };
    let claimed = claim(&pool, &short).await;
    let [first, second] = [claimed.calls[0].conversation_id, claimed.calls[1].conversation_id];
    let mut conn = store.connection().await.expect("a connection");
    assert!(
        calls::about_to_dial(&mut conn, first, worker, MORNING)
            .await
            .expect("asked")
    );
    assert!(
        !calls::about_to_dial(&mut conn, first, worker, MORNING)
            .await
            .expect("asked"),
        "nobody dials an attempt twice"
    );
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert!(
        !calls::about_to_dial(&mut conn, second, worker, MORNING)
            .await
            .expect("asked")
    );
    let expired = leases::expired(&mut conn, 10).await.expect("read");
    let dialled: Vec<_> = expired
        .iter()
        .map(|lease| (lease.conversation_id, lease.may_be_dialled))
        .collect();
    assert!(
        dialled.contains(&(first, true)) && dialled.contains(&(second, false)),
        "{dialled:?}"
    );
    // Whoever decided on what is no longer so decides nothing.
    let stale = ending(first, EndedBy::Finder { may_be_dialled: false }, Disposition::Cancelled);
    assert_eq!(calls::end(&store, &stale).await.expect("asked"), Ended::NotOurs);
    let lost = ending(first, EndedBy::Finder { may_be_dialled: true }, Disposition::Lost);
    assert!(matches!(
        calls::end(&store, &lost).await.expect("ended"),
        Ended::Ended { .. }
    ));
    let back = ending(
        second,
        EndedBy::Finder { may_be_dialled: false },
        Disposition::Cancelled,
    );
    assert!(matches!(
        calls::end(&store, &back).await.expect("ended"),
        Ended::Ended { .. }
    ));
    let held = leases::renew(&mut conn, worker, &[first, second], Duration::from_secs(5))
        .await
        .expect("asked");
    assert!(held.is_empty());
    assert_eq!(
        stage::count(&pool, "SELECT attempts::bigint FROM lead_queue").await,
        0,
        "no call was made"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn calls_that_end_together_end_as_they_would_alone(pool: PgPool) {
    let content = domain::campaign::CampaignContent {
        retries: vec![domain::retry::RetryRule {
            after: Disposition::Busy,
            times: 1,
            delay_minutes: 30,
        }],
        ..stage::content("Together")
    };
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 5).await;
    let store = Store::from_pool(pool.clone());
    let (worker, other) = (stage::worker(&pool).await, stage::worker(&pool).await);
    let calls = claim(&pool, &request(campaign, worker)).await.calls;
    let end = |index: usize, by, disposition| ending(calls[index].conversation_id, by, disposition);
    let by = EndedBy::Holder(worker);
    let mut endings = vec![
        end(0, by, Disposition::Completed),
        end(1, by, Disposition::Busy),
        end(2, by, Disposition::OptedOut),
        end(3, EndedBy::Holder(other), Disposition::Completed),
        end(0, by, Disposition::Failed),
        end(4, EndedBy::Finder { may_be_dialled: false }, Disposition::Cancelled),
    ];
    endings[0].recordings.push(NewRecording {
        starts_ms: 0,
        file_name: "call.ogg".to_owned(),
        bytes: 9,
        lock: None,
        duration_ms: 7_000,
        peaks: vec![(1, 2)],
    });
    endings[1].duration = None;
    endings[1].at = UnixMillis(MORNING.0 + 5);
    let ended = calls::end_all(&store, &endings).await.expect("ended");
    let statuses: Vec<Option<&str>> = ended
        .iter()
        .map(|ended| match ended {
            Ended::Ended { lead_status, .. } => Some(lead_status.as_str()),
            Ended::NotOurs => None,
        })
        .collect();
    assert_eq!(
        statuses,
        [Some("done"), Some("pending"), Some("do_not_call"), None, None, None]
    );
    let stored: Vec<(String, Option<i32>, bool)> = sqlx::query_as(
        "SELECT status, duration, EXISTS (SELECT FROM recordings WHERE conversation_id = id) FROM conversations
         ORDER BY status",
    )
    .fetch_all(&pool)
    .await
    .expect("conversations");
    let row = |status: &str, duration, recorded| (status.to_owned(), duration, recorded);
    assert_eq!(
        stored,
        [
            row("busy", Some(0), false),
            row("completed", Some(7), true),
            row("dialing", None, false),
            row("dialing", None, false),
            row("opted_out", Some(7), false),
        ]
    );
    let waiting: Vec<(i64, i32, Vec<String>)> =
        sqlx::query_as("SELECT (extract(epoch FROM due_at) * 1000)::bigint, attempts, zones FROM lead_queue")
            .fetch_all(&pool)
            .await
            .expect("the queue");
    let again = MORNING.0 + 5 + 30 * 60_000;
    assert_eq!(waiting, [(again, 1, vec!["Europe/Berlin".to_owned()])]);
    let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM events ORDER BY id")
        .fetch_all(&pool)
        .await
        .expect("events");
    let started = ["call_started"; 5].into_iter().chain(["campaign_changed"]);
    let expected = started.chain(["call_ended"; 3]).chain(["campaign_changed"]);
    assert!(kinds.iter().map(String::as_str).eq(expected), "{kinds:?}");
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 2);
    assert_eq!(
        stage::count(&pool, "SELECT leads FROM lead_counts WHERE status = 'calling'").await,
        2
    );
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM do_not_call").await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_end_that_cannot_be_written_keeps_no_other_from_being_written(pool: PgPool) {
    let campaign = stage::campaign(&pool, &clock(), &stage::content("Recorded"), 0, 3).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let calls = claim(&pool, &request(campaign, worker)).await.calls;
    let ends = Endings::start(store);
    let end = async |index: usize, file_name: &str| {
        let mut end = ending(
            calls[index].conversation_id,
            EndedBy::Holder(worker),
            Disposition::Completed,
        );
        end.recordings.push(NewRecording {
            starts_ms: 0,
            file_name: file_name.to_owned(),
            bytes: 9,
            lock: None,
            duration_ms: 7_000,
            peaks: Vec::new(),
        });
        ends.end(&end).await
    };
    // A database holds no such text.
    let (one, wrong, other) = tokio::join!(end(0, "1.ogg"), end(1, "\0"), end(2, "3.ogg"));
    assert!(wrong.is_err(), "{wrong:?}");
    assert!(matches!(one, Ok(Ended::Ended { .. })) && matches!(other, Ok(Ended::Ended { .. })));
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM leases").await, 1);
    assert!(matches!(
        end(1, "2.ogg").await,
        Ok(Ended::Ended {
            campaign_completed: true,
            ..
        })
    ));
}

/// Otherwise a dashboard that folds events shows another name than one that is loaded.
#[sqlx::test(migrations = "../../migrations")]
async fn a_campaign_renamed_while_a_call_ends_has_its_new_name_in_the_event(pool: PgPool) {
    let content = stage::content("Before");
    let campaign = stage::campaign(&pool, &clock(), &content, 0, 2).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let calls = claim(&pool, &request(campaign, worker)).await.calls;
    // Holds the end up after it has read what it depends on.
    let mut obstacle = pool.begin().await.expect("a transaction");
    sqlx::query("SELECT FROM lead_counts FOR UPDATE")
        .execute(&mut *obstacle)
        .await
        .expect("locked");
    let end = ending(
        calls[0].conversation_id,
        EndedBy::Holder(worker),
        Disposition::Completed,
    );
    let ends = tokio::spawn({
        let store = store.clone();
        async move { calls::end(&store, &end).await }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while stage::count(&pool, waits).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let renamed = domain::campaign::CampaignContent {
        name: "After".to_owned(),
        ..content
    };
    let mia: uuid::Uuid = sqlx::query_scalar("SELECT id FROM users")
        .fetch_one(&pool)
        .await
        .expect("mia");
    let mut rename = store.begin().await.expect("a transaction");
    campaigns::save_revision(&mut rename, campaign, 2, &renamed, domain::UserId(mia), MORNING)
        .await
        .expect("renamed");
    campaigns::announce(&mut rename, MORNING, &[campaign])
        .await
        .expect("told");
    rename.commit().await.expect("committed");
    obstacle.rollback().await.expect("out of the way");
    assert!(matches!(ends.await.expect("ran"), Ok(Ended::Ended { .. })));
    let mut conn = store.connection().await.expect("a connection");
    let log = event_log::read(&mut conn, event_log::Which::All, 0, i64::MAX, 100)
        .await
        .expect("the log");
    let told = log.events.into_iter().find_map(|event| match event.happened {
        Happening::CallEnded { outcome } => Some(outcome.campaign_name),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("After"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_sentence_that_is_written_again_stands_there_once(pool: PgPool) {
    let campaign = stage::campaign(&pool, &clock(), &stage::content("Said"), 0, 1).await;
    let (store, worker) = (Store::from_pool(pool.clone()), stage::worker(&pool).await);
    let call = claim(&pool, &request(campaign, worker)).await.calls[0].conversation_id;
    let said = domain::conversation::TranscriptSegment {
        position: 0,
        speaker: domain::conversation::Speaker::Agent,
        text: "Hello.".into(),
        start_ms: 0,
        end_ms: 700,
        interrupted: false,
        at: MORNING,
    };
    // The answer to the first try was lost.
    for _ in 0..2 {
        calls::sentence(&store, campaign, call, said.clone())
            .await
            .expect("written");
    }
    assert_eq!(stage::count(&pool, "SELECT count(*) FROM transcript_segments").await, 1);
    assert_eq!(
        stage::count(&pool, "SELECT count(*) FROM events WHERE kind = 'sentence_spoken'").await,
        1
    );
}
