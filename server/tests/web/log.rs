//! The log of a whole campaign, and what must not be in it.

use crate::installation::Installation;
use domain::{campaign::CampaignCommand, views::NewLead};
use operations::{campaigns, leads};
use server::composition;
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use store::PgPool;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn holds_no_numbers_and_no_names(pool: PgPool) {
    let captured = Captured::default();
    let targets = "debug,hyper=info,sqlx=debug"
        .parse::<tracing_subscriber::filter::Targets>()
        .expect("a filter");
    let layer = tracing_subscriber::fmt::layer().json().with_writer(captured.clone());
    tracing_subscriber::registry()
        .with(targets)
        .with(layer)
        .try_init()
        .expect("no other test has a log");

    let installation = Installation::start_with(pool, &[("RINGSIDE_REHEARSAL_SPEED", "50")]).await;
    let cookie = installation.administrator().await;
    let caller = installation.caller(&cookie).await;
    let campaign = installation.campaign(&caller).await;
    let people: Vec<(String, String)> = (0..8)
        .map(|person| {
            (
                format!("Zebedee{person} Quixworth"),
                format!("+1212555{:04}", 130 + person),
            )
        })
        .collect();
    for (name, number) in &people {
        let lead = NewLead {
            name: name.clone(),
            phone_number: number.clone(),
            email: format!("zebedee{number}@quixworth.example"),
            variables: [("first_name".to_owned(), "Zebedee".to_owned())].into(),
        };
        leads::add(&installation.ops, &caller, campaign, lead)
            .await
            .expect("a valid lead");
    }
    campaigns::command(&installation.ops, &caller, campaign, CampaignCommand::Start)
        .await
        .expect("it can start");
    let stop = CancellationToken::new();
    let dialer = composition::dialer(&installation.configuration, &installation.ops, &installation.adapters);
    let dialling = tokio::spawn(dialer.run(stop.clone()));
    let _ = installation.get("/campaigns?search=Quixworth", Some(&cookie)).await;
    let _ = installation
        .get(
            &format!("/campaigns/{campaign}/leads?search=%2B12125550131"),
            Some(&cookie),
        )
        .await;

    let mut ended: i64 = 0;
    for _ in 0..600 {
        ended = sqlx::query_scalar("SELECT count(*) FROM conversations WHERE call_end_time IS NOT NULL")
            .fetch_one(installation.ops.store.pool())
            .await
            .expect("the database is there");
        if ended >= 6 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(60), dialling).await;
    assert!(ended >= 6, "only {ended} calls ended in a minute");

    let log = String::from_utf8(captured.0.lock().expect("nobody panics with it").clone()).expect("text");
    assert!(
        log.contains("worker starts") && log.lines().count() > 20,
        "the log was not captured: {log}"
    );
    for line in log.lines() {
        for (name, number) in &people {
            let digits = number.trim_start_matches('+');
            for personal in [
                digits,
                &digits[3..],
                name.as_str(),
                "Quixworth",
                "Zebedee",
                "quixworth.example",
            ] {
                assert!(!line.contains(personal), "personal data in the log: {line}");
            }
        }
        for secret in [cookie.as_str(), crate::installation::PASSWORD] {
            assert!(!line.contains(secret), "a secret in the log: {line}");
        }
    }
}
