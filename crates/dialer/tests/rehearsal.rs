//! Rehearsals, played by the simulated people of the rehearsal crate. Everybody speaks in tones; where time is paused, a
//! call takes a fraction of a second and always goes the same way.

#[path = "support/stage.rs"]
mod stage;

use dialer::rehearsal::{Cast, Played, Rehearsal, Rehearser};
use domain::{
    CampaignId, Clock, RehearsalId,
    campaign::{CampaignContent, Engine},
    conversation::Disposition,
    new_id,
    rehearsal::{RehearsalStatus, RehearsedCall, Scenario, WhoAnswers, changes, with_sample},
};
use rehearsal::{Odds, RehearsalConfig, RehearsalNetwork, Studio, StudioConfig};
use stage::{TestChance, WallClock, campaign, content, count};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use store::{PgPool, Store, rehearsal_sounds, rehearsals, rehearsals::NewRehearsal};
use telephony::TelephoneNetwork;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vault::{Archive, KeyRing};
use voice::ports::Voices;

struct Tones {
    studio: Arc<Studio>,
    speed: f32,
}

impl Tones {
    fn at(speed: f32) -> Arc<Self> {
        let studio = Studio::new(StudioConfig {
            cache: None,
            tones_only: true,
        });
        Arc::new(Self { studio, speed })
    }
}

impl Cast for Tones {
    fn network(&self, who: WhoAnswers) -> Result<Arc<dyn TelephoneNetwork>, String> {
        let outcome = who.as_str().to_owned().try_into().map_err(|_| "nobody".to_owned())?;
        let config = RehearsalConfig {
            seed: 5,
            speed: self.speed,
            odds: Odds::only(outcome),
            ..RehearsalConfig::default()
        };
        let network = RehearsalNetwork::new(config, Arc::clone(&self.studio), Arc::new(WallClock));
        Ok(Arc::new(network.map_err(|error| error.to_string())?))
    }

    fn voices(&self) -> Voices {
        rehearsal::voices(&self.studio, self.speed)
    }
}

fn scenario(name: &str, who: WhoAnswers, times: u8, expect: &[&str]) -> Scenario {
    Scenario {
        name: name.to_owned(),
        who,
        times,
        expect: expect.iter().map(|text| text.parse().expect("understood")).collect(),
    }
}

/// Plays `scenarios` with `content`; the calls in their order.
async fn play(content: CampaignContent, scenarios: Vec<Scenario>, stop: CancellationToken) -> Vec<RehearsedCall> {
    let rehearsal = Rehearsal {
        content: with_sample(&content, &BTreeMap::new()),
        scenarios,
        cast: Tones::at(1.0),
        clock: Arc::new(WallClock),
        chance: Arc::new(TestChance::default()),
        archive: None,
        stop,
    };
    let (tell, mut told) = mpsc::channel(100);
    rehearsal.play(tell).await.expect("played");
    let mut played: Vec<Played> = Vec::new();
    while let Some(call) = told.recv().await {
        played.push(call);
    }
    played.sort_by_key(|played| played.position);
    played.into_iter().map(|played| played.call).collect()
}

fn told(calls: &[RehearsedCall]) -> String {
    let verdicts = calls.iter().flat_map(|call| {
        call.verdicts
            .iter()
            .map(move |verdict| format!("{} {}: {verdict:?}\n", call.scenario, call.repetition))
    });
    verdicts.collect()
}

#[tokio::test(start_paused = true)]
async fn the_template_passes_with_what_suits_every_campaign() {
    let content = CampaignContent::template();
    let scenarios = Scenario::template(&content);
    let calls = play(content, scenarios, CancellationToken::new()).await;
    assert_eq!(calls.len(), 9);
    assert!(calls.iter().all(RehearsedCall::passed), "{}", told(&calls));
    let stop: Vec<_> = calls
        .iter()
        .filter(|call| call.who == WhoAnswers::StopCalling)
        .collect();
    assert!(
        stop.iter()
            .all(|call| call.story.opted_out && !call.story.lines.is_empty())
    );
    assert!(
        calls[0].story.lines[0].text.reveal().contains("Ada"),
        "the invented person"
    );
}

#[tokio::test(start_paused = true)]
async fn a_script_that_promises_a_price_fails_and_the_comparison_says_so() {
    let scenarios = || {
        vec![scenario(
            "Never promises a price",
            WhoAnswers::Interested,
            2,
            &["agent never says “price”", "agent says “AI”"],
        )]
    };
    let good = CampaignContent::template();
    let bad = CampaignContent {
        opening: "Hello {{first_name}}, we have the best price of all for you. Do you have a minute?".to_owned(),
        ..good.clone()
    };
    let before = play(good, scenarios(), CancellationToken::new()).await;
    let now = play(bad, scenarios(), CancellationToken::new()).await;
    assert!(before.iter().all(RehearsedCall::passed), "{}", told(&before));
    for call in &now {
        let verdicts: Vec<bool> = call.verdicts.iter().map(|verdict| verdict.passed).collect();
        assert_eq!(verdicts, [false, false], "{}", told(&now));
        assert!(call.verdicts[0].because.contains("best price of all"));
    }
    let changed = changes(&before, &now);
    assert_eq!(changed.len(), 2);
    assert!(changed.iter().all(|change| change.passes == Some(false)));
}

#[tokio::test(start_paused = true)]
async fn the_same_people_come_again() {
    let scenarios = || vec![scenario("Curious", WhoAnswers::Curious, 2, &[])];
    let content = CampaignContent::template();
    let one = play(content.clone(), scenarios(), CancellationToken::new()).await;
    // Beside others they are the same still.
    let mut more = vec![scenario("Busy", WhoAnswers::Busy, 1, &["ends as busy"])];
    more.extend(scenarios());
    let two = play(content, more, CancellationToken::new()).await;
    assert!(two[0].passed() && two[0].story.lines.is_empty());
    let words = |call: &RehearsedCall| -> Vec<String> {
        call.story
            .lines
            .iter()
            .map(|line| line.text.reveal().to_owned())
            .collect()
    };
    assert_eq!(words(&one[0]), words(&two[1]));
    assert_eq!(words(&one[1]), words(&two[2]));
    assert_ne!(words(&one[0]), words(&one[1]), "two people, not one twice");
    assert_eq!(changes(&one, &two), []);
}

#[tokio::test(start_paused = true)]
async fn who_stops_it_is_told_nothing_more() {
    let stop = CancellationToken::new();
    stop.cancel();
    let scenarios = vec![scenario("Interested", WhoAnswers::Interested, 5, &[])];
    assert_eq!(play(CampaignContent::template(), scenarios, stop).await, []);
}

struct Nobody;

impl Cast for Nobody {
    fn network(&self, _: WhoAnswers) -> Result<Arc<dyn TelephoneNetwork>, String> {
        Err("Nobody is there.".to_owned())
    }
    fn voices(&self) -> Voices {
        stage::voices()
    }
}

#[tokio::test]
async fn what_is_not_connected_is_not_rehearsed_with_something_else() {
    let rehearsal = Rehearsal {
        content: CampaignContent {
            engine: Engine::Realtime,
            ..CampaignContent::template()
        },
        scenarios: Vec::new(),
        cast: Arc::new(Nobody),
        clock: Arc::new(WallClock),
        chance: Arc::new(TestChance::default()),
        archive: None,
        stop: CancellationToken::new(),
    };
    let error = rehearsal.play(mpsc::channel(1).0).await.expect_err("none is connected");
    assert!(error.to_string().contains("hears and speaks by itself"), "{error}");
}

struct Installation {
    pool: PgPool,
    store: Store,
    campaign: CampaignId,
    folder: PathBuf,
    chance: TestChance,
}

impl Installation {
    async fn new(pool: PgPool) -> Self {
        let chance = TestChance::default();
        let campaign = campaign(&pool, &WallClock, &content("Rehearsed"), 0, 3).await;
        let folder = std::env::temp_dir().join(format!("ringside-rehearsal-{}", new_id(WallClock.now(), &chance)));
        std::fs::create_dir_all(&folder).expect("made");
        Self {
            store: Store::from_pool(pool.clone()),
            pool,
            campaign,
            folder,
            chance,
        }
    }

    fn archive(&self) -> Archive {
        Archive::new(&self.folder, KeyRing::new(None, Vec::new())).expect("the folder is there")
    }

    fn rehearser(&self, cast: Arc<dyn Cast>) -> Rehearser {
        Rehearser {
            store: self.store.clone(),
            clock: Arc::new(WallClock),
            chance: Arc::new(TestChance::default()),
            archive: self.archive(),
            cast,
        }
    }

    async fn ask(&self, scenarios: &[Scenario]) -> RehearsalId {
        let id = RehearsalId(new_id(WallClock.now(), &self.chance));
        let mut conn = self.store.connection().await.expect("connects");
        let started_by = sqlx::query_scalar("SELECT id FROM users LIMIT 1")
            .fetch_one(&self.pool)
            .await
            .expect("a user");
        let new = NewRehearsal {
            id,
            campaign_id: self.campaign,
            revision: 1,
            scenarios,
            started_by: domain::UserId(started_by),
            at: WallClock.now(),
        };
        rehearsals::insert(&mut conn, &new).await.expect("inserted");
        id
    }

    async fn newest(&self) -> domain::rehearsal::RehearsalRow {
        let mut conn = self.store.connection().await.expect("connects");
        let rows = rehearsals::list(&mut conn, self.campaign).await.expect("listed");
        rows.into_iter().next().expect("one")
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_waits_in_the_database_is_played_written_down_and_can_be_heard(pool: PgPool) {
    let installation = Installation::new(pool).await;
    let stop = CancellationToken::new();
    let rehearser = installation.rehearser(Tones::at(20.0));
    assert!(!rehearser.play_next(&stop).await.expect("works"), "nothing waits");
    let scenarios = [
        scenario("Busy", WhoAnswers::Busy, 1, &["ends as busy"]),
        scenario("Hangs up", WhoAnswers::HangsUp, 1, &["ends as completed"]),
        scenario("Another time", WhoAnswers::Interested, 0, &[]),
    ];
    let id = installation.ask(&scenarios).await;
    assert!(rehearser.play_next(&stop).await.expect("works"));
    let row = installation.newest().await;
    assert_eq!(
        (row.status, row.calls_total, row.calls_done, row.calls_passed),
        (RehearsalStatus::Completed, 2, 2, 1)
    );
    assert!(!row.passed());
    let mut conn = installation.store.connection().await.expect("connects");
    let calls = rehearsals::calls(&mut conn, id).await.expect("read");
    assert_eq!(calls[0].story.disposition, Disposition::Busy);
    assert_eq!(calls[1].story.disposition, Disposition::HungUp, "{}", told(&calls));
    let kept = rehearsals::newest_scenarios(&mut conn, installation.campaign).await;
    assert_eq!(kept.expect("read").as_deref(), Some(&scenarios[..]));
    // Who hung up was heard; nobody was where it was busy.
    let sounds = rehearsal_sounds::of(&mut conn, id).await.expect("read");
    assert_eq!(sounds.keys().collect::<Vec<_>>(), [&calls[1].id]);
    assert!(sounds[&calls[1].id].peaks.iter().any(|(agent, _)| *agent > 20));
    let file = rehearsal_sounds::file(&mut conn, calls[1].id)
        .await
        .expect("read")
        .expect("heard");
    let bytes = std::fs::metadata(installation.folder.join(&file.file_name)).expect("the file");
    assert_eq!(bytes.len(), file.bytes);
    // Nobody was called, and nothing counts.
    for table in ["conversations", "attempts", "recordings", "events"] {
        let sql = match table {
            "conversations" => "SELECT count(*) FROM conversations",
            "attempts" => "SELECT count(*) FROM attempts",
            "recordings" => "SELECT count(*) FROM recordings",
            _ => "SELECT count(*) FROM events",
        };
        assert_eq!(count(&installation.pool, sql).await, 0, "{table}");
    }
    let pending = "SELECT count(*) FROM leads WHERE status = 'pending'";
    assert_eq!(count(&installation.pool, pending).await, 3);
}

#[sqlx::test(migrations = "../../migrations")]
async fn one_that_is_cancelled_or_cannot_be_played_says_so(pool: PgPool) {
    let installation = Installation::new(pool).await;
    let stop = CancellationToken::new();
    let scenarios = [scenario("Interested", WhoAnswers::Interested, 5, &[])];
    installation.ask(&scenarios).await;
    assert!(
        installation
            .rehearser(Arc::new(Nobody))
            .play_next(&stop)
            .await
            .expect("works")
    );
    let row = installation.newest().await;
    assert_eq!(
        (row.status, row.failure.as_deref()),
        (RehearsalStatus::Failed, Some("Nobody is there."))
    );

    let id = installation.ask(&scenarios).await;
    let rehearser = installation.rehearser(Tones::at(1.0));
    let cancel = async {
        // It has begun by then, and people take longer than that to talk.
        while installation.newest().await.status == RehearsalStatus::Waiting {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let mut conn = installation.store.connection().await.expect("connects");
        let ended = rehearsals::end(&mut conn, id, RehearsalStatus::Cancelled, None).await;
        assert!(ended.expect("works"));
    };
    let (played, ()) = tokio::join!(rehearser.play_next(&stop), cancel);
    assert!(played.expect("works"));
    let row = installation.newest().await;
    assert_eq!((row.status, row.calls_done), (RehearsalStatus::Cancelled, 0));
    assert_eq!(installation.archive().names_here().expect("read"), Vec::<String>::new());
}

#[sqlx::test(migrations = "../../migrations")]
async fn one_at_a_time_and_only_the_newest_are_kept(pool: PgPool) {
    let installation = Installation::new(pool).await;
    let scenarios = [scenario("Busy", WhoAnswers::Busy, 1, &[])];
    for _ in 0..23 {
        let id = installation.ask(&scenarios).await;
        let mut conn = installation.store.connection().await.expect("connects");
        let again = NewRehearsal {
            id: RehearsalId(new_id(WallClock.now(), &installation.chance)),
            campaign_id: installation.campaign,
            revision: 1,
            scenarios: &scenarios,
            started_by: domain::UserId(uuid::Uuid::nil()),
            at: WallClock.now(),
        };
        let refused = rehearsals::insert(&mut conn, &again).await.expect_err("one is open");
        assert!(refused.is_constraint(rehearsals::ONE_AT_A_TIME), "{refused}");
        let ended = rehearsals::end(&mut conn, id, RehearsalStatus::Completed, None).await;
        assert!(ended.expect("works"));
    }
    assert_eq!(count(&installation.pool, "SELECT count(*) FROM rehearsals").await, 20);
}
