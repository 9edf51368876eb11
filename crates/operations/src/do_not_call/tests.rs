use super::*;
use crate::testing::{count, operations, person};
use domain::{ErrorKind, access::Role};
use store::PgPool;

#[sqlx::test(migrations = "../../migrations")]
async fn numbers_come_and_go_with_a_reason(pool: PgPool) {
    let ops = operations(&pool);
    let (sue, ann) = (
        person(&pool, Role::Supervisor, "Sue").await,
        person(&pool, Role::Administrator, "Ann").await,
    );
    let number = || "+1 (415) 555-2671".to_owned();
    add(&ops, &sue, number(), "wrote a letter".to_owned())
        .await
        .expect("added");
    add(&ops, &sue, number(), "again".to_owned()).await.expect("no error");
    let page = list(&ops, &sue, None, None).await.expect("a page");
    assert_eq!(page.rows.len(), 1);
    assert_eq!(
        (page.rows[0].reason.as_str(), page.rows[0].added_by.as_deref()),
        ("wrote a letter", Some("Sue"))
    );
    for (text, found) in [("415 555", 1), ("+1415", 1), ("999", 0), ("abc", 0)] {
        let rows = list(&ops, &sue, Some(text.to_owned()), None)
            .await
            .expect("a page")
            .rows;
        assert_eq!(rows.len(), found, "{text}");
    }
    assert_eq!(
        remove(&ops, &sue, number(), "x".to_owned())
            .await
            .expect_err("may not")
            .kind,
        ErrorKind::Forbidden
    );
    assert_eq!(
        remove(&ops, &ann, number(), " ".to_owned())
            .await
            .expect_err("why?")
            .fields[0]
            .field,
        "reason"
    );
    remove(&ops, &ann, number(), "a slip".to_owned())
        .await
        .expect("removed");
    assert_eq!(
        remove(&ops, &ann, number(), "x".to_owned())
            .await
            .expect_err("gone")
            .kind,
        ErrorKind::NotFound
    );
    assert_eq!(
        count(&pool, "SELECT count(*) FROM audit_log WHERE subject LIKE '%555%'").await,
        0,
        "numbers are masked"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn only_whole_international_numbers_are_taken(pool: PgPool) {
    let ops = operations(&pool);
    let sue = person(&pool, Role::Supervisor, "Sue").await;
    for wrong in ["", "415 555 2671", "abc", "+1\0", "+999123456789012345"] {
        let error = add(&ops, &sue, wrong.to_owned(), String::new())
            .await
            .expect_err("no number");
        assert_eq!(
            (error.kind, error.fields[0].field.as_str()),
            (ErrorKind::Invalid, "number"),
            "{wrong}"
        );
    }
    for forged in ["x", "WzEsIlx1MDAwMCJd", "WzEsImEiXQ"] {
        assert_eq!(
            list(&ops, &sue, None, Some(forged.to_owned()))
                .await
                .expect_err("no cursor")
                .kind,
            ErrorKind::Invalid
        );
    }
    for number in 0..70 {
        add(&ops, &sue, format!("+1415555{:04}", 2_000 + number), String::new())
            .await
            .expect("added");
    }
    let first = list(&ops, &sue, None, None).await.expect("a page");
    let second = list(&ops, &sue, None, first.next).await.expect("a page");
    assert_eq!((first.rows.len(), second.rows.len(), second.next), (50, 20, None));
}
