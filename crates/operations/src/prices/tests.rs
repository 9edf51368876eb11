#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::testing::{count, operations, person};
use domain::{ErrorKind, access::Role};
use store::PgPool;

fn typed() -> PricesForm {
    PricesForm {
        currency: "eur".to_owned(),
        input_tokens: "0.15".to_owned(),
        output_tokens: ".6".to_owned(),
        characters: "15".to_owned(),
        recognition_minute: "0.006".to_owned(),
        telephone_minute: "0.013".to_owned(),
        zone: " Europe/Berlin ".to_owned(),
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_administrator_sets_them_and_it_is_written_down_once(pool: PgPool) {
    let ops = operations(&pool);
    let ada = person(&pool, Role::Administrator, "ada").await;
    let manager = person(&pool, Role::Manager, "mia").await;
    assert!(!get(&ops, &ada).await.unwrap().are_set);
    assert_eq!(get(&ops, &manager).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(
        set(&ops, &manager, typed()).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    set(&ops, &ada, typed()).await.unwrap();
    set(&ops, &ada, typed()).await.unwrap();
    let view = get(&ops, &ada).await.unwrap();
    assert!(view.are_set);
    assert_eq!(
        (view.form.currency.as_str(), view.form.output_tokens.as_str()),
        ("EUR", "0.60")
    );
    assert_eq!(view.form.zone, "Europe/Berlin");
    let audited = count(
        &pool,
        "SELECT count(*) FROM audit_log WHERE action = 'set prices' AND subject LIKE 'EUR: 0.15%'",
    );
    assert_eq!(audited.await, 1);
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_wrong_field_is_named_and_nothing_is_saved(pool: PgPool) {
    let ops = operations(&pool);
    let ada = person(&pool, Role::Administrator, "ada").await;
    let wrong = PricesForm {
        currency: "euro".to_owned(),
        input_tokens: "0,15".to_owned(),
        output_tokens: "-1".to_owned(),
        characters: String::new(),
        zone: "Mars/Olympus".to_owned(),
        ..typed()
    };
    let error = set(&ops, &ada, wrong).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let fields: Vec<&str> = error.fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(
        fields,
        ["currency", "zone", "input_tokens", "output_tokens", "characters"]
    );
    assert!(!get(&ops, &ada).await.unwrap().are_set);
}
