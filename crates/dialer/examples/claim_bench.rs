//! How many leads a second are claimed and completed, with the gate inside the claiming transaction.
//!
//! usage: DATABASE_URL=… claim_bench LEADS [BATCH] [CONSUMERS]
//!
//! Makes a database of its own on that server, fills it, claims and completes everything as workers do (each consumer is
//! one; calls that end while its last transaction is being written share the next, with their attempts, events and the
//! leads' next steps), prints one line of JSON, and drops the database.

use dialer::{IanaClock, endings::Endings, gate::Gate};
use domain::{
    CampaignId, Chance, LeadId, Personal, UnixMillis, UserId, WorkerId,
    calling_hours::{DAY, WeeklyHours},
    campaign::{CampaignContent, CampaignStatus},
    conversation::Disposition,
    new_id,
    results::ConversationResults,
};
use sqlx::{Connection, Executor, PgConnection, postgres::PgConnectOptions};
use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::{
    Store,
    calls::{Ended, EndedBy, Ending},
    campaigns,
    claims::{self, AskAgain, ClaimRequest},
    leads, workers,
};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Campaigns that share the leads, as in an installation at work.
const CAMPAIGNS: usize = 4;
/// Tuesday 2026-11-24, 12:00 UTC: within calling hours in Berlin.
const NOON: UnixMillis = UnixMillis(1_795_521_600_000);
const DATABASE: &str = "ringside_claim_bench";

/// Ids need not be secret here.
struct Counting(AtomicU64);

impl Chance for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let length = bytes.len();
        bytes[length - number.len()..].copy_from_slice(&number);
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default: Option<usize>| -> Result<usize, Failure> {
        match arguments.next() {
            Some(text) => Ok(text.parse()?),
            None => default.ok_or_else(|| "usage: DATABASE_URL=… claim_bench LEADS [BATCH] [CONSUMERS]".into()),
        }
    };
    let count = argument(None)?;
    let (batch, consumers) = (argument(Some(50))?, argument(Some(4))?);
    let server: PgConnectOptions = std::env::var("DATABASE_URL")?.parse()?;
    let mut admin = PgConnection::connect_with(&server).await?;
    admin
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"
        ))))
        .await?;
    admin
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "CREATE DATABASE {DATABASE}"
        ))))
        .await?;
    let store = Store::connect(server.database(DATABASE), u32::try_from(consumers)? + 2).await?;
    store.migrate().await?;
    let chance = Arc::new(Counting(AtomicU64::new(1)));
    let campaigns = fill(&store, &chance, count).await?;

    let done = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for consumer in 0..consumers {
        let (store, chance, done) = (store.clone(), Arc::clone(&chance), Arc::clone(&done));
        let mut mine = campaigns.clone();
        mine.rotate_left(consumer % CAMPAIGNS);
        tasks.spawn(async move { consume(&store, &chance, &mine, u32::try_from(batch)?, &done).await });
    }
    while let Some(finished) = tasks.join_next().await {
        finished??;
    }
    let seconds = began.elapsed().as_secs_f64();
    let leads = done.load(Ordering::Relaxed);
    store.pool().close().await;
    admin
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "DROP DATABASE {DATABASE} WITH (FORCE)"
        ))))
        .await?;
    if leads != count {
        return Err(format!("{leads} of {count} leads were completed").into());
    }
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 leads")]
    let result = serde_json::json!({ "leads": leads, "seconds": seconds, "leads_per_second": leads as f64 / seconds });
    writeln!(std::io::stdout(), "{result}")?;
    Ok(())
}

async fn fill(store: &Store, chance: &Counting, count: usize) -> Result<Vec<CampaignId>, Failure> {
    let mut transaction = store.begin().await?;
    let user = UserId(new_id(NOON, chance));
    sqlx::query(
        "INSERT INTO users (id, email, name, role, created_at) VALUES ($1, 'b@example.com', 'B', 'manager', now())",
    )
    .bind(user.0)
    .execute(&mut *transaction)
    .await?;
    let mut ids = Vec::new();
    for campaign in 0..CAMPAIGNS {
        let id = CampaignId(new_id(NOON, chance));
        let content = CampaignContent {
            name: format!("Bench {campaign}"),
            hours: WeeklyHours::every_day(0, DAY),
            // Without a brake: it is the claiming that is measured.
            max_concurrent_calls: u16::MAX,
            calls_per_ten_seconds: u16::MAX,
            ..CampaignContent::template()
        };
        campaigns::insert(&mut transaction, id, &content, user, NOON).await?;
        campaigns::set_status(&mut transaction, id, CampaignStatus::Running, NOON).await?;
        let share: Vec<usize> = (0..count).filter(|index| index % CAMPAIGNS == campaign).collect();
        for chunk in share.chunks(1_000) {
            let mut new = Vec::new();
            for index in chunk {
                new.push(leads::LeadToAdd {
                    id: LeadId(new_id(NOON, chance)),
                    phone_number: format!("+49301{index:07}").parse()?,
                    name: Personal::new(format!("Lead {index}")),
                    email: Personal::default(),
                    variables: Default::default(),
                    zones: vec!["Europe/Berlin".to_owned()],
                });
            }
            leads::add(&mut transaction, id, &new, NOON).await?;
        }
        ids.push(id);
    }
    transaction.commit().await?;
    Ok(ids)
}

async fn consume(
    store: &Store,
    chance: &Arc<Counting>,
    campaigns: &[CampaignId],
    batch: u32,
    done: &AtomicUsize,
) -> Result<(), Failure> {
    let worker_id = WorkerId(Uuid::from_bytes(*new_id(NOON, &**chance).as_bytes()));
    let mut conn = store.connection().await?;
    workers::report(&mut conn, worker_id, NOON).await?;
    drop(conn);
    let ends = Endings::start(store.clone());
    let mut idle = 0;
    for turn in 0.. {
        let request = ClaimRequest {
            campaign_id: campaigns[turn % campaigns.len()],
            worker_id,
            at: NOON,
            most: batch,
            global_concurrency: u32::MAX,
            lease: Duration::from_secs(60),
            charges: domain::budget::Charges::default(),
            look_ahead: Duration::from_millis(400),
        };
        let mut gate = Gate::new(&IanaClock, NOON);
        let claimed = claims::claim(
            store,
            &request,
            |content, lead| gate.judge(&content.hours, lead),
            || new_id(NOON, &**chance),
        )
        .await?;
        if claimed.calls.is_empty() {
            idle += 1;
            match claimed.ask_again {
                AskAgain::After(span) => tokio::time::sleep(span).await,
                _ if idle >= campaigns.len() => return Ok(()),
                _ => {}
            }
            continue;
        }
        idle = 0;
        let endings = claimed.calls.iter().map(|call| Ending {
            call_back_at: None,
            conversation_id: call.conversation_id,
            by: EndedBy::Holder(worker_id),
            disposition: Disposition::Completed,
            results: ConversationResults::default(),
            not_drawn: None,
            usage: domain::cost::Usage::default(),
            charged_by_minute: false,
            duration: Some(Duration::from_secs(60)),
            recordings: Vec::new(),
            not_again_before: Duration::ZERO,
            at: NOON,
        });
        // Each call ends by itself.
        let ended = futures::future::try_join_all(endings.map(|ending| {
            let ends = ends.clone();
            async move { ends.end(&ending).await }
        }));
        let ended = ended.await?;
        if ended.contains(&Ended::NotOurs) {
            return Err("a call was taken away".into());
        }
        done.fetch_add(ended.len(), Ordering::Relaxed);
    }
    Ok(())
}
