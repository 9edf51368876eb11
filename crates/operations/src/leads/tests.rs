use super::*;
use crate::testing::{campaign, count, event_kinds, operations, person};
use domain::{ErrorKind, access::Role, lead::LeadStatus};
use store::PgPool;

fn lead(name: &str, number: &str) -> NewLead {
    NewLead {
        name: name.to_owned(),
        phone_number: number.to_owned(),
        ..NewLead::default()
    }
}

fn search(text: &str) -> LeadFilter {
    LeadFilter {
        search: Some(text.to_owned()),
        ..LeadFilter::default()
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn is_added_queued_and_found(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let ada = NewLead {
        email: "ada@example.com".to_owned(),
        variables: [("plan".to_owned(), "gold".to_owned())].into(),
        ..lead(" Ada Lovelace ", "(208) 555-2671")
    };
    add(&ops, &manager, id, ada).await.expect("added");
    let zones: Vec<String> = sqlx::query_scalar("SELECT zones FROM lead_queue")
        .fetch_one(&pool)
        .await
        .expect("queued");
    assert_eq!(zones, ["America/Denver", "America/Los_Angeles"]);
    add(&ops, &manager, id, lead("Grace 100%", "+49 30 901820"))
        .await
        .expect("added");
    for (text, found) in [
        ("lovelace", 1),
        ("901820", 1),
        ("208 555 2671", 1),
        ("ada@", 1),
        ("%", 1),
        ("_", 0),
        ("nobody", 0),
        ("  ", 2),
    ] {
        let rows = list(&ops, &manager, id, search(text)).await.expect("a page").rows;
        assert_eq!(rows.len(), found, "{text}");
    }
    let page = list(&ops, &manager, id, LeadFilter::default()).await.expect("a page");
    assert_eq!(page.rows[1].name.reveal(), "Ada Lovelace");
    assert!(page.rows[0].due_at.is_some());
    assert_eq!(event_kinds(&pool).await.len(), 3);
    assert_eq!(
        count(&pool, "SELECT leads FROM variable_counts WHERE name = 'plan'").await,
        1
    );
    assert_eq!(
        count(&pool, "SELECT leads FROM variable_counts WHERE name = 'first_name'").await,
        2
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn wrong_leads_are_refused_field_by_field(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let fields = |error: UserError| error.fields.into_iter().map(|wrong| wrong.field).collect::<Vec<_>>();
    let all_wrong = NewLead {
        email: "nonsense".to_owned(),
        variables: [("a b".to_owned(), "x".to_owned())].into(),
        ..lead(&"x".repeat(201), "12")
    };
    let error = add(&ops, &manager, id, all_wrong).await.expect_err("all wrong");
    assert_eq!(fields(error), ["name", "email", "variables", "phone_number"]);
    assert_eq!(
        fields(
            add(&ops, &manager, id, lead("a\0", "415 555 2671"))
                .await
                .expect_err("NUL")
        ),
        ["name"]
    );
    assert!(list(&ops, &manager, id, search("a\0")).await.is_err());
    add(&ops, &manager, id, lead("Ada", "415 555 2671"))
        .await
        .expect("added");
    let again = add(&ops, &manager, id, lead("Ada", "+1 415-555-2671"))
        .await
        .expect_err("twice");
    assert_eq!(fields(again), ["phone_number"]);
    let nowhere = domain::CampaignId(uuid::Uuid::nil());
    assert_eq!(
        add(&ops, &manager, nowhere, lead("Ada", "1"))
            .await
            .expect_err("none")
            .kind,
        ErrorKind::NotFound
    );
    assert_eq!(
        list(&ops, &manager, nowhere, LeadFilter::default())
            .await
            .expect_err("none")
            .kind,
        ErrorKind::NotFound
    );
    let supervisor = person(&pool, Role::Supervisor, "Sue").await;
    assert_eq!(
        add(&ops, &supervisor, id, lead("x", "1"))
            .await
            .expect_err("may not")
            .kind,
        ErrorKind::Forbidden
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_on_the_do_not_call_list_is_queued(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    crate::do_not_call::add(&ops, &manager, "+14155552671".to_owned(), "asked".to_owned())
        .await
        .expect("listed");
    add(&ops, &manager, id, lead("Ada", "415 555 2671"))
        .await
        .expect("added");
    let rows = list(&ops, &manager, id, LeadFilter::default())
        .await
        .expect("a page")
        .rows;
    assert_eq!((rows[0].status, rows[0].due_at), (LeadStatus::DoNotCall, None));
    assert!(rows[0].error_reason.is_some());
    assert_eq!(count(&pool, "SELECT count(*) FROM lead_queue").await, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn pages_of_a_list_hold_every_lead_once(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    for number in 0..120 {
        add(
            &ops,
            &manager,
            id,
            lead("Ada", &format!("415 555 {:04}", 2_000 + number)),
        )
        .await
        .expect("added");
    }
    let (mut after, mut seen) = (None, std::collections::BTreeSet::new());
    for _ in 0..3 {
        let page = list(
            &ops,
            &manager,
            id,
            LeadFilter {
                after,
                ..LeadFilter::default()
            },
        )
        .await
        .expect("a page");
        seen.extend(page.rows.into_iter().map(|row| row.lead_id));
        after = page.next;
    }
    assert_eq!((seen.len(), after), (120, None));
}
