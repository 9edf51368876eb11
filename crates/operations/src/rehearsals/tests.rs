#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::{
    campaigns,
    testing::{self, NOW, content, count},
};
use domain::{
    ErrorKind, UnixMillis,
    access::Role,
    campaign::CampaignContent,
    conversation::Disposition,
    rehearsal::{CallStory, RehearsedCall, WhoAnswers, check},
    results::ConversationResults,
};
use std::time::Duration;
use store::{PgPool, calls::NewRecording};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vault::{Archive, KeyRing};

fn scenarios() -> Vec<Scenario> {
    vec![Scenario {
        name: " Answers ".to_owned(),
        who: WhoAnswers::Interested,
        times: 1,
        expect: vec!["ends as completed".parse().unwrap()],
    }]
}

/// Plays what was asked for, as the dialer's job would: one call, which ended so.
async fn played(ops: &Operations, number: u128, disposition: Disposition) -> ConversationId {
    let mut conn = ops.store.connection().await.unwrap();
    let work = rehearsals::take(&mut conn, Duration::from_secs(30))
        .await
        .unwrap()
        .unwrap();
    let story = CallStory {
        disposition,
        results: ConversationResults::default(),
        duration_ms: 1_000,
        opted_out: false,
        lines: Vec::new(),
    };
    let scenario = &work.scenarios[0];
    let call = RehearsedCall {
        id: ConversationId(Uuid::from_u128(number)),
        scenario: scenario.name.clone(),
        who: scenario.who,
        repetition: 1,
        verdicts: scenario.expect.iter().map(|expected| check(expected, &story)).collect(),
        story,
    };
    assert!(rehearsals::add_call(&mut conn, work.id, 0, &call).await.unwrap());
    let sound = NewRecording {
        starts_ms: 0,
        file_name: format!("{}.ogg", call.id),
        bytes: 4,
        lock: None,
        duration_ms: 1_000,
        peaks: vec![(1, 2)],
    };
    rehearsal_sounds::insert(&mut conn, work.id, call.id, &sound, false, UnixMillis(NOW))
        .await
        .unwrap();
    assert!(
        rehearsals::end(&mut conn, work.id, RehearsalStatus::Completed, None)
            .await
            .unwrap()
    );
    call.id
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_rehearsal_is_asked_for_played_and_compared_with_the_one_before(pool: PgPool) {
    let ops = testing::operations(&pool);
    let manager = testing::person(&pool, Role::Manager, "mia").await;
    let campaign = testing::campaign(&ops, &manager).await;
    let empty = view(&ops, &manager, campaign, None).await.unwrap();
    assert!(empty.runs.is_empty() && empty.shown.is_none());
    assert_eq!(
        empty.scenarios,
        Scenario::template(&content("Spring")),
        "what suits all"
    );

    let first = start(&ops, &manager, campaign, scenarios()).await.unwrap();
    let again = start(&ops, &manager, campaign, scenarios()).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Conflict);
    let heard = played(&ops, 1, Disposition::Completed).await;
    let changed = CampaignContent {
        opening: "Another one.".to_owned(),
        ..content("Spring")
    };
    campaigns::save(&ops, &manager, campaign, 1, changed).await.unwrap();
    let second = start(&ops, &manager, campaign, scenarios()).await.unwrap();
    played(&ops, 2, Disposition::HungUp).await;

    let now = view(&ops, &manager, campaign, None).await.unwrap();
    assert_eq!(now.runs.iter().map(|run| run.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!((now.runs[0].revision, now.runs[1].revision, now.revision), (2, 1, 2));
    assert_eq!(now.runs[0].started_by.as_deref(), Some("mia"));
    assert_eq!(now.scenarios[0].name, "Answers");
    let shown = now.shown.unwrap();
    assert_eq!(shown.before.map(|before| before.id), Some(first));
    assert_eq!(shown.changes.len(), 1);
    assert_eq!(shown.changes[0].passes, Some(false));
    assert!(!shown.row.passed() && now.runs[1].passed());

    let earlier = view(&ops, &manager, campaign, Some(first))
        .await
        .unwrap()
        .shown
        .unwrap();
    assert_eq!((earlier.before, earlier.changes), (None, Vec::new()));
    let url = earlier.calls[0].recording.as_ref().map(|sound| sound.url.clone());
    assert_eq!(url, Some(format!("/rehearsals/{heard}.ogg")));
    assert_eq!(sound(&ops, &manager, heard).await.unwrap().bytes, 4);
    let foreign = view(&ops, &manager, campaign, Some(RehearsalId(Uuid::nil()))).await;
    assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
    assert!(
        testing::event_kinds(&pool)
            .await
            .iter()
            .all(|kind| kind != "call_started")
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn only_managers_may_and_what_is_wrong_is_told(pool: PgPool) {
    let ops = testing::operations(&pool);
    let manager = testing::person(&pool, Role::Manager, "mia").await;
    let supervisor = testing::person(&pool, Role::Supervisor, "sam").await;
    let campaign = testing::campaign(&ops, &manager).await;
    let refused = [
        view(&ops, &supervisor, campaign, None).await.unwrap_err(),
        start(&ops, &supervisor, campaign, scenarios()).await.unwrap_err(),
        cancel(&ops, &supervisor, RehearsalId(Uuid::nil())).await.unwrap_err(),
        sound(&ops, &supervisor, ConversationId(Uuid::nil())).await.unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind == ErrorKind::Forbidden));
    let nothing = start(&ops, &manager, campaign, Vec::new()).await.unwrap_err();
    assert_eq!(nothing.fields[0].field, "scenarios");

    let id = start(&ops, &manager, campaign, scenarios()).await.unwrap();
    assert_eq!(cancel(&ops, &manager, id).await.unwrap(), campaign);
    assert_eq!(cancel(&ops, &manager, id).await.unwrap_err().kind, ErrorKind::Conflict);
    let audited = "SELECT count(*) FROM audit_log WHERE action LIKE '%rehears%'";
    assert_eq!(count(&pool, audited).await, 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn sounds_go_with_their_rehearsal_and_when_their_time_is_over(pool: PgPool) {
    let ops = testing::operations(&pool);
    let manager = testing::person(&pool, Role::Manager, "mia").await;
    let folder = TempDir::new().unwrap();
    let archive = Archive::new(folder.path(), KeyRing::new(None, Vec::new())).unwrap();
    let campaign = testing::campaign(&ops, &manager).await;
    start(&ops, &manager, campaign, scenarios()).await.unwrap();
    let call = played(&ops, 1, Disposition::Completed).await;
    let file = folder.path().join(format!("{call}.ogg"));
    std::fs::write(&file, "OggS").unwrap();
    let stop = CancellationToken::new();
    crate::recordings::look(&ops, &archive, None, &stop).await.unwrap();
    assert!(file.exists(), "kept as long as its rehearsal");
    // A day later nothing is kept longer than a day.
    sqlx::query("UPDATE rehearsal_sounds SET created_at = created_at - interval '25 hours'")
        .execute(&pool)
        .await
        .unwrap();
    crate::recordings::look(&ops, &archive, Some(1), &stop).await.unwrap();
    assert!(!file.exists());
    assert_eq!(sound(&ops, &manager, call).await.unwrap_err().kind, ErrorKind::NotFound);

    start(&ops, &manager, campaign, scenarios()).await.unwrap();
    let call = played(&ops, 2, Disposition::Completed).await;
    let file = folder.path().join(format!("{call}.ogg"));
    std::fs::write(&file, "OggS").unwrap();
    campaigns::delete(&ops, &manager, campaign).await.unwrap();
    crate::recordings::look(&ops, &archive, None, &stop).await.unwrap();
    assert!(!file.exists(), "nobody can hear it any more");
    assert_eq!(count(&pool, "SELECT count(*) FROM rehearsal_sounds").await, 0);
}
