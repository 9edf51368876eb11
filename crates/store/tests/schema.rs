//! The schema lets in the words of the program and no others, has the columns of the design, and says what each table
//! is for.

use domain::{
    access::Role,
    calling_hours::GateReason,
    campaign::CampaignStatus,
    conversation::{ConversationStatus, Disposition, Speaker},
    import::ImportStatus,
    lead::LeadStatus,
    rehearsal::RehearsalStatus,
};
use std::collections::BTreeSet;
use store::PgPool;

/// The words that the check constraints of a column let in.
async fn allowed(pool: &PgPool, table: &str, column: &str) -> BTreeSet<String> {
    let sql = "SELECT word[1]
               FROM pg_constraint, regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''::text', 'g') AS word
               WHERE contype = 'c' AND conrelid = $1::text::regclass
                 AND conkey = ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = $2)]";
    let words: Vec<String> = sqlx::query_scalar(sql)
        .bind(table)
        .bind(column)
        .fetch_all(pool)
        .await
        .expect("constraints");
    words.into_iter().collect()
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_status_is_checked_against_the_words_of_the_program(pool: PgPool) {
    fn words<T>(all: impl IntoIterator<Item = T>, word: fn(T) -> &'static str) -> BTreeSet<String> {
        all.into_iter().map(|one| word(one).to_owned()).collect()
    }
    let stages = [
        ConversationStatus::Dialing,
        ConversationStatus::Ringing,
        ConversationStatus::Live,
    ];
    let ended = Disposition::ALL.into_iter().map(ConversationStatus::Ended);
    let conversation = words(stages.into_iter().chain(ended), ConversationStatus::as_str);
    for (table, column, expected) in [
        ("users", "role", words(Role::ALL, Role::as_str)),
        (
            "campaigns",
            "status",
            words(CampaignStatus::ALL, CampaignStatus::as_str),
        ),
        ("leads", "status", words(LeadStatus::ALL, LeadStatus::as_str)),
        ("imports", "status", words(ImportStatus::ALL, ImportStatus::as_str)),
        (
            "rehearsals",
            "status",
            words(RehearsalStatus::ALL, RehearsalStatus::as_str),
        ),
        ("conversations", "status", conversation),
        ("attempts", "reason", words(GateReason::ALL, GateReason::as_str)),
        ("attempts", "disposition", words(Disposition::ALL, Disposition::as_str)),
        ("transcript_segments", "speaker", words(Speaker::ALL, Speaker::as_str)),
    ] {
        assert_eq!(allowed(&pool, table, column).await, expected, "{table}.{column}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn campaigns_leads_and_conversations_have_the_columns_of_the_design(pool: PgPool) {
    for (table, expected) in [
        ("campaigns", "id name status script created_at updated_at"),
        (
            "leads",
            "id phone_number name email status error_reason campaign_id created_at",
        ),
        (
            "conversations",
            "id lead_id campaign_id status call_start_time call_end_time duration results created_at",
        ),
    ] {
        let columns: String = sqlx::query_scalar(
            "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns
             WHERE table_name = $1",
        )
        .bind(table)
        .fetch_one(&pool)
        .await
        .expect("columns");
        assert_eq!(columns, expected, "{table}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_table_says_what_it_is_for(pool: PgPool) {
    let silent: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> '_sqlx_migrations'
           AND obj_description(oid, 'pg_class') IS NULL",
    )
    .fetch_all(&pool)
    .await
    .expect("tables");
    assert!(silent.is_empty(), "without a comment: {silent:?}");
}
