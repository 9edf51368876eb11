use super::*;
use crate::{
    do_not_call,
    testing::{campaign, content, count, event_kinds, operations, person},
};
use domain::{
    LeadId,
    access::Role,
    campaign::Engine,
    views::{LeadFilter, NewLead},
};
use std::sync::Arc;
use store::PgPool;

async fn lead(ops: &Operations, manager: &Caller, id: CampaignId, number: &str) -> LeadId {
    let lead = NewLead {
        name: "Ada Lovelace".to_owned(),
        phone_number: number.to_owned(),
        ..NewLead::default()
    };
    crate::leads::add(ops, manager, id, lead).await.expect("a lead")
}

#[sqlx::test(migrations = "../../migrations")]
async fn is_written_read_listed_and_copied(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let viewer = person(&pool, Role::Viewer, "Vic").await;
    let error = create(&ops, &viewer, content("x"))
        .await
        .expect_err("viewers write nothing");
    assert_eq!(error.kind, ErrorKind::Forbidden);
    let id = create(&ops, &manager, content("  Spring ")).await.expect("created");
    lead(&ops, &manager, id, "+14155552671").await;
    let view = get(&ops, &viewer, id).await.expect("read");
    assert_eq!(
        (view.row.progress.name.as_str(), view.revision, view.has_history),
        ("Spring", 1, false)
    );
    assert_eq!((view.row.progress.leads, view.row.progress.pending), (1, 1));
    assert!(view.commands.is_empty(), "a viewer commands nothing");
    assert_eq!(
        get(&ops, &manager, id).await.expect("read").commands,
        [CampaignCommand::Start]
    );

    let copy = duplicate(&ops, &manager, id).await.expect("copied");
    let copied = get(&ops, &manager, copy).await.expect("read");
    assert_eq!(copied.content.name, "Spring (copy)");
    assert_eq!(
        (copied.row.progress.leads, copied.row.progress.status),
        (0, CampaignStatus::Draft)
    );

    for number in 0..60 {
        create(&ops, &manager, content(&format!("Campaign {number}")))
            .await
            .expect("created");
    }
    let first = list(&ops, &viewer, None, None).await.expect("a page");
    assert_eq!(first.rows.len(), 50);
    assert_eq!(first.rows[0].progress.name, "Campaign 59");
    let second = list(&ops, &viewer, None, first.next).await.expect("a page");
    assert_eq!((second.rows.len(), second.next), (12, None));
    let running = list(&ops, &viewer, Some(CampaignStatus::Running), None)
        .await
        .expect("a page");
    assert!(running.rows.is_empty());
    assert_eq!(
        list(&ops, &viewer, None, Some("x\0".to_owned()))
            .await
            .expect_err("no cursor")
            .kind,
        ErrorKind::Invalid
    );
    assert_eq!(
        get(&ops, &viewer, CampaignId(uuid::Uuid::nil()))
            .await
            .expect_err("none")
            .kind,
        ErrorKind::NotFound
    );
    assert_eq!(
        count(
            &pool,
            "SELECT count(*) FROM audit_log WHERE action = 'created campaign'"
        )
        .await,
        61
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn bad_content_is_refused_with_its_fields(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let mut wrong = content("a\0b");
    assert_eq!(
        create(&ops, &manager, wrong.clone()).await.expect_err("NUL").kind,
        ErrorKind::Invalid
    );
    wrong.name = String::new();
    wrong.ring_seconds = 3;
    assert_eq!(
        create(&ops, &manager, wrong)
            .await
            .expect_err("two fields")
            .fields
            .len(),
        2
    );
    let nowhere = CampaignContent {
        default_country: "XX".to_owned(),
        ..content("x")
    };
    assert_eq!(
        create(&ops, &manager, nowhere).await.expect_err("no country").fields[0].field,
        "default_country"
    );
    assert_eq!(count(&pool, "SELECT count(*) FROM campaigns").await, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_model_that_speaks_itself_is_chosen_only_where_one_is_connected(pool: PgPool) {
    let mut ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let wanted = CampaignContent {
        engine: Engine::Realtime,
        ..content("x")
    };
    let refused = |error: UserError| {
        assert_eq!(error.fields[0].field, "engine");
        assert!(error.fields[0].message.contains("OPENAI_REALTIME_MODEL"), "{error:?}");
    };
    refused(create(&ops, &manager, wanted.clone()).await.expect_err("none"));
    ops.installation = Arc::new(domain::views::InstallationView {
        speech_to_speech: true,
        ..Default::default()
    });
    let id = create(&ops, &manager, wanted.clone()).await.expect("connected");
    lead(&ops, &manager, id, "415 555 2671").await;
    assert_eq!(
        get(&ops, &manager, id).await.expect("there").content.engine,
        Engine::Realtime
    );
    // The server was set up otherwise since.
    ops.installation = Arc::default();
    refused(
        command(&ops, &manager, id, CampaignCommand::Start)
            .await
            .expect_err("none"),
    );
    let renamed = CampaignContent {
        name: "y".to_owned(),
        ..wanted.clone()
    };
    refused(save(&ops, &manager, id, 1, renamed).await.expect_err("none"));
    let pipeline = CampaignContent {
        engine: Engine::Pipeline,
        ..wanted
    };
    save(&ops, &manager, id, 1, pipeline).await.expect("that needs none");
    command(&ops, &manager, id, CampaignCommand::Start).await.expect("runs");
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_editors_lose_nothing(pool: PgPool) {
    let ops = operations(&pool);
    let (mia, max) = (
        person(&pool, Role::Manager, "Mia").await,
        person(&pool, Role::Manager, "Max").await,
    );
    let id = campaign(&ops, &mia).await;
    let base = content("Spring");

    let hers = CampaignContent {
        script: "Hers".to_owned(),
        ..base.clone()
    };
    assert_eq!(
        save(&ops, &mia, id, 1, hers).await,
        Ok(SaveOutcome::Saved { revision: 2 })
    );
    let his = CampaignContent {
        ring_seconds: 20,
        ..base.clone()
    };
    let Ok(SaveOutcome::Merged {
        revision,
        saved_by,
        content: both,
    }) = save(&ops, &max, id, 1, his.clone()).await
    else {
        panic!("a merge was expected")
    };
    assert_eq!(
        (revision, saved_by.as_str(), both.script.as_str(), both.ring_seconds),
        (3, "Mia", "Hers", 20)
    );

    let clash = CampaignContent {
        script: "His".to_owned(),
        ..base.clone()
    };
    let Ok(SaveOutcome::Conflict {
        revision,
        conflicts,
        theirs,
        ..
    }) = save(&ops, &max, id, 1, clash.clone()).await
    else {
        panic!("a conflict was expected")
    };
    assert_eq!(
        (revision, conflicts.len(), conflicts[0].field.as_str()),
        (3, 1, "script")
    );
    assert_eq!(theirs.script, "Hers");
    let chosen = CampaignContent {
        script: "His".to_owned(),
        ..*both
    };
    assert_eq!(
        save(&ops, &max, id, 3, chosen.clone()).await,
        Ok(SaveOutcome::Saved { revision: 4 })
    );
    assert_eq!(
        save(&ops, &max, id, 4, chosen).await,
        Ok(SaveOutcome::Saved { revision: 4 }),
        "nothing changed"
    );
    assert_eq!(
        save(&ops, &max, id, 99, clash).await.expect_err("no such base").kind,
        ErrorKind::Conflict
    );
    let invalid = CampaignContent {
        name: String::new(),
        ..base
    };
    assert_eq!(
        save(&ops, &max, id, 4, invalid).await.expect_err("no name").kind,
        ErrorKind::Invalid
    );
    assert_eq!(event_kinds(&pool).await, ["campaign_changed"; 4]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn saving_at_the_same_moment_keeps_both(pool: PgPool) {
    let ops = operations(&pool);
    let mia = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &mia).await;
    let saves = (0..6_u16).map(|editor| {
        let (ops, mia) = (ops.clone(), mia.clone());
        let mut mine = content("Spring");
        match editor {
            0 => mine.ring_seconds = 20,
            1 => mine.max_call_seconds = 100,
            2 => mine.max_concurrent_calls = 3,
            3 => mine.opening = "Hi".to_owned(),
            4 => mine.script = "Talk".to_owned(),
            _ => mine.default_country = "DE".to_owned(),
        }
        tokio::spawn(async move { save(&ops, &mia, id, 1, mine).await })
    });
    for outcome in futures::future::join_all(saves).await {
        outcome.expect("no panic").expect("saved or merged");
    }
    let all = get(&ops, &mia, id).await.expect("read");
    let found = all.content;
    assert_eq!(all.revision, 7);
    assert_eq!(
        (found.ring_seconds, found.max_call_seconds, found.max_concurrent_calls),
        (20, 100, 3)
    );
    assert_eq!(
        (
            found.opening.as_str(),
            found.script.as_str(),
            found.default_country.as_str()
        ),
        ("Hi", "Talk", "DE")
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn starts_only_if_somebody_can_be_called_and_every_variable_means_something(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let start = || command(&ops, &manager, id, CampaignCommand::Start);
    assert!(start().await.expect_err("nobody").message.contains("nobody to call"));
    lead(&ops, &manager, id, "415 555 2671").await;
    let mut text = content("Spring");
    text.script = "Ask {{first_name}} about {{plan}} and {{colour}}.".to_owned();
    save(&ops, &manager, id, 1, text.clone()).await.expect("saved");
    let error = start().await.expect_err("unknown variables");
    assert!(
        error.message.contains("{{plan}}") && error.message.contains("{{colour}}"),
        "{error}"
    );
    let rich = NewLead {
        name: "Alan".to_owned(),
        phone_number: "415 555 2672".to_owned(),
        variables: [
            ("plan".to_owned(), "gold".to_owned()),
            ("colour".to_owned(), "red".to_owned()),
        ]
        .into(),
        ..NewLead::default()
    };
    crate::leads::add(&ops, &manager, id, rich).await.expect("a lead");
    let view = get(&ops, &manager, id).await.expect("read");
    assert_eq!(
        view.missing_variables,
        [("colour".to_owned(), 1), ("plan".to_owned(), 1)]
    );
    assert_eq!(start().await, Ok(CampaignStatus::Running));
    assert_eq!(start().await.expect_err("it runs").kind, ErrorKind::Conflict);
    // What nobody could start with cannot come in while it runs either.
    text.script = "Ask {{first_name}} about {{plan}} and {{color}}.".to_owned();
    let error = save(&ops, &manager, id, 2, text.clone())
        .await
        .expect_err("a slip of the pen");
    assert!(error.message.contains("{{color}}"), "{error}");
    assert_eq!(get(&ops, &manager, id).await.expect("read").revision, 2);
    assert_eq!(
        command(&ops, &manager, id, CampaignCommand::Pause).await,
        Ok(CampaignStatus::Paused)
    );
    assert_eq!(
        command(&ops, &manager, id, CampaignCommand::Resume).await,
        Ok(CampaignStatus::Running)
    );
    assert_eq!(
        command(&ops, &manager, id, CampaignCommand::Stop).await,
        Ok(CampaignStatus::Stopped)
    );

    sqlx::query("UPDATE campaigns SET status = 'completed'")
        .execute(&pool)
        .await
        .expect("completed");
    assert_eq!(
        start().await,
        Ok(CampaignStatus::Running),
        "a completed campaign with waiting leads starts again"
    );
    sqlx::query("UPDATE campaigns SET status = 'completed'")
        .execute(&pool)
        .await
        .expect("completed");
    sqlx::query("UPDATE leads SET status = 'done'")
        .execute(&pool)
        .await
        .expect("done");
    assert!(start().await.expect_err("all done").message.contains("called already"));
    sqlx::query("UPDATE campaigns SET status = 'paused'")
        .execute(&pool)
        .await
        .expect("paused");
    assert_eq!(
        command(&ops, &manager, id, CampaignCommand::Resume).await,
        Ok(CampaignStatus::Running),
        "it goes on, and the dialer completes it"
    );
    assert!(event_kinds(&pool).await.iter().all(|kind| kind == "campaign_changed"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn is_deleted_only_without_history(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let lead_id = lead(&ops, &manager, id, "415 555 2671").await;
    command(&ops, &manager, id, CampaignCommand::Start)
        .await
        .expect("started");
    assert!(
        delete(&ops, &manager, id)
            .await
            .expect_err("it runs")
            .message
            .contains("Stop")
    );
    command(&ops, &manager, id, CampaignCommand::Stop)
        .await
        .expect("stopped");
    sqlx::query(
        "INSERT INTO attempts (id, lead_id, campaign_id, number, revision, reason, because, decided_at, worker_id)
         VALUES ($1, $2, $3, 1, 1, 'outside_calling_hours', '{}', now(), $1)",
    )
    .bind(uuid::Uuid::from_u128(1))
    .bind(lead_id.0)
    .bind(id.0)
    .execute(&pool)
    .await
    .expect("an attempt");
    let view = get(&ops, &manager, id).await.expect("read");
    assert!(view.has_history);
    assert_eq!(view.refusals.len(), 1);
    assert_eq!(
        delete(&ops, &manager, id).await.expect_err("history").kind,
        ErrorKind::Conflict
    );
    sqlx::query("DELETE FROM attempts")
        .execute(&pool)
        .await
        .expect("forgotten");
    assert_eq!(delete(&ops, &manager, id).await, Ok(()));
    assert_eq!(count(&pool, "SELECT count(*) FROM leads").await, 0);
    assert_eq!(
        event_kinds(&pool).await.last().map(String::as_str),
        Some("campaign_deleted")
    );
    assert_eq!(
        delete(&ops, &manager, id).await.expect_err("gone").kind,
        ErrorKind::NotFound
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_preview_speaks_as_the_first_lead_hears_it(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let mut text = content("Spring");
    text.opening = "Hello {{first_name}}, {{plan}}?".to_owned();
    let nobody = preview(&ops, &manager, None, text.clone()).await.expect("a preview");
    assert_eq!(
        (nobody.lead_name.reveal(), nobody.opening.reveal()),
        ("Ada Example", "Hello Ada,?")
    );
    let id = campaign(&ops, &manager).await;
    let first = NewLead {
        name: "Grace Hopper".to_owned(),
        phone_number: "415 555 2671".to_owned(),
        variables: [("plan".to_owned(), "gold".to_owned())].into(),
        ..NewLead::default()
    };
    crate::leads::add(&ops, &manager, id, first).await.expect("a lead");
    lead(&ops, &manager, id, "415 555 2672").await;
    let shown = preview(&ops, &manager, Some(id), text.clone())
        .await
        .expect("a preview");
    assert_eq!(shown.opening.reveal(), "Hello Grace, gold?");
    assert!(shown.known_variables.contains(&"plan".to_owned()));
    assert_eq!(
        shown.used_variables,
        [("first_name".to_owned(), 0, 2), ("plan".to_owned(), 1, 2)]
    );
    text.opening = "Hello {{first_name".to_owned();
    let error = preview(&ops, &manager, Some(id), text).await.expect_err("unclosed");
    assert_eq!(error.fields[0].field, "opening");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_number_that_nobody_may_call_leaves_every_queue(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Administrator, "Mia").await;
    let (one, two) = (campaign(&ops, &manager).await, campaign(&ops, &manager).await);
    lead(&ops, &manager, one, "415 555 2671").await;
    lead(&ops, &manager, two, "415 555 2671").await;
    let before = event_kinds(&pool).await.len();
    do_not_call::add(&ops, &manager, "+1 (415) 555-2671".to_owned(), String::new())
        .await
        .expect("added");
    assert_eq!(count(&pool, "SELECT count(*) FROM lead_queue").await, 0);
    assert_eq!(event_kinds(&pool).await.len(), before + 2);
    let filter = LeadFilter {
        status: Some(domain::lead::LeadStatus::DoNotCall),
        ..LeadFilter::default()
    };
    assert_eq!(
        crate::leads::list(&ops, &manager, one, filter)
            .await
            .expect("a page")
            .rows
            .len(),
        1
    );
    assert!(command(&ops, &manager, one, CampaignCommand::Start).await.is_err());
}
