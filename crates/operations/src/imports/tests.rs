use super::*;
use crate::testing::{campaign, count, operations, person};
use domain::{ErrorKind, access::Role, views::LeadFilter};
use futures::TryStreamExt;
use proptest::prelude::*;
use std::fmt::Write;
use store::PgPool;

async fn upload(ops: &Operations, manager: &Caller, id: CampaignId, bytes: &[u8]) -> Result<ImportId, UserError> {
    let mut upload = begin(ops, manager, id, "people.csv".to_owned(), None).await?;
    for piece in bytes.chunks(10_007) {
        upload.push(piece).await?;
    }
    upload.finish().await
}

/// Uploads, confirms the guess, reads to the end.
async fn import(ops: &Operations, manager: &Caller, id: CampaignId, bytes: &[u8]) -> ImportView {
    let import = upload(ops, manager, id, bytes).await.expect("a list");
    let found = view(ops, manager, import).await.expect("read");
    start(ops, manager, import, found.mapping, found.default_country)
        .await
        .expect("started");
    while job::run_next(ops, &CancellationToken::new())
        .await
        .expect("the database works")
    {}
    view(ops, manager, import).await.expect("read")
}

async fn reasons(ops: &Operations, manager: &Caller, import: ImportId) -> Vec<(u64, String)> {
    let page = refusals(ops, manager, import, None).await.expect("a page");
    page.rows.into_iter().map(|row| (row.line, row.reason)).collect()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_list_becomes_leads_and_refusals(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    crate::do_not_call::add(&ops, &manager, "+14155552674".to_owned(), String::new())
        .await
        .expect("listed");
    let text = "First name;Last name;Phone;Plan\r\n\
        Anna Maria;van der Berg;415 555 2671;gold\r\n\
        \r\n\
        \"Two\r\nlines\";X;+1 415 555 2672;\r\n\
        Ada;L;415-555-2671;silver\r\n\
        Bob;;12;\r\n\
        ;;;\r\n\
        Cid;C;415 555 2673\r\n\
        Dan;D;415 555 2674;;\r\n\
        Eve;E;415 555 2675;a;b\r\n\
        \"Fay;F;415 555 2676;gold\r\n\
        Gus;G;415 555 2677 x3;gold";
    let done = import(&ops, &manager, id, text.as_bytes()).await;
    assert_eq!(
        (done.encoding.as_str(), done.delimiter.as_str()),
        ("UTF-8", "semicolon")
    );
    assert_eq!(
        (done.progress.status, done.progress.added, done.progress.refused),
        (ImportStatus::Completed, 4, 6)
    );
    assert_eq!(done.progress.bytes_read, done.progress.bytes_total);
    let reasons = reasons(&ops, &manager, done.progress.import_id).await;
    assert_eq!(
        reasons.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [6, 7, 8, 11, 12, 13]
    );
    for ((_, reason), part) in
        reasons
            .iter()
            .zip(["line 2", "too short", "empty", "5 cells", "quotation mark", "extension"])
    {
        assert!(reason.contains(part), "{reason}");
    }
    let leads = crate::leads::list(&ops, &manager, id, LeadFilter::default())
        .await
        .expect("a page")
        .rows;
    assert!(leads.iter().any(|lead| lead.name.reveal() == "Anna Maria van der Berg"));
    assert!(leads.iter().any(|lead| lead.name.reveal() == "Two lines X"));
    assert_eq!(
        count(&pool, "SELECT count(*) FROM lead_queue").await,
        3,
        "one is on the do-not-call list"
    );
    assert_eq!(count(&pool, "SELECT count(*) FROM import_chunks").await, 0);
    let first_name: String =
        sqlx::query_scalar("SELECT variables ->> 'first_name' FROM lead_variables WHERE variables ->> 'plan' = 'gold'")
            .fetch_one(&pool)
            .await
            .expect("variables");
    assert_eq!(first_name, "Anna Maria");

    let file: Vec<Bytes> = refusals_csv(&ops, &manager, done.progress.import_id)
        .await
        .expect("a file")
        .try_collect()
        .await
        .expect("whole");
    let file = String::from_utf8(file.concat()).expect("UTF-8");
    assert_eq!(file.lines().count(), 7);
    let again = import(&ops, &manager, id, file.as_bytes()).await;
    assert_eq!(
        (again.progress.added, again.progress.refused),
        (0, 6),
        "the download can be imported again"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn encodings_of_spreadsheets(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let text = "Name\tTelefon\nJürgen Groß\t+49 30 901820\n";
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    for bytes in [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        utf16,
        latin,
    ] {
        let id = campaign(&ops, &manager).await;
        let done = import(&ops, &manager, id, &bytes).await;
        assert_eq!(
            (done.progress.added, done.progress.refused),
            (1, 0),
            "{}",
            done.encoding
        );
        let leads = crate::leads::list(&ops, &manager, id, LeadFilter::default())
            .await
            .expect("a page")
            .rows;
        assert_eq!(leads[0].name.reveal(), "Jürgen Groß");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_no_list_is_refused_and_leaves_nothing(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    for bytes in [&b""[..], b"\n\n", b"PK\x03\x04....", b"%PDF-1.7", &[0; 50]] {
        assert_eq!(
            upload(&ops, &manager, id, bytes).await.expect_err("no list").kind,
            ErrorKind::Invalid
        );
    }
    let mut large = begin(&ops, &manager, id, "x".to_owned(), None).await.expect("begun");
    let piece = vec![b'x'; 20 << 20];
    for _ in 0..5 {
        large.push(&piece).await.expect("still small enough");
    }
    assert_eq!(large.push(b"x").await.expect_err("too large").kind, ErrorKind::TooLarge);
    drop(large);
    assert_eq!(count(&pool, "SELECT count(*) FROM imports").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM import_chunks").await, 0);
    let viewer = person(&pool, Role::Viewer, "Vic").await;
    assert_eq!(
        begin(&ops, &viewer, id, "x".to_owned(), None)
            .await
            .expect_err("may not")
            .kind,
        ErrorKind::Forbidden
    );
    let nowhere = begin(&ops, &manager, id, "x".to_owned(), Some("ZZ".to_owned()))
        .await
        .expect_err("no country");
    assert_eq!(nowhere.fields[0].field, "default_country");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_number_becomes_one_lead_however_often_and_however_it_is_written(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let other = campaign(&ops, &manager).await;
    crate::leads::add(
        &ops,
        &manager,
        id,
        domain::views::NewLead {
            phone_number: "+1 415 555 2679".to_owned(),
            ..Default::default()
        },
    )
    .await
    .expect("a lead");
    // The first and the last repetition are in different batches and in different pieces of the file.
    let mut text = "name,phone\nFirst,(415) 555-2671\nAgain,1 415.555.2671\nThere,415-555-2679\n".to_owned();
    for row in 0..5_000 {
        let _ = writeln!(text, "Person {row},+1415{:07}", 3_000_000 + row);
    }
    text.push_str("Late,0014155552671\nLater,'+1 415 555 2671\n");
    let done = import(&ops, &manager, id, text.as_bytes()).await;
    assert_eq!((done.progress.added, done.progress.refused), (5_001, 4));
    let told = reasons(&ops, &manager, done.progress.import_id).await;
    assert_eq!(
        told.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [3, 4, 5_005, 5_006]
    );
    for ((_, reason), part) in told.iter().zip([
        "stands on line 2",
        "in the campaign already",
        "earlier in this file",
        "line 5005",
    ]) {
        assert!(reason.contains(part), "{reason} lacks “{part}”");
    }
    let name: String = sqlx::query_scalar("SELECT name FROM leads WHERE phone_number = '+14155552671'")
        .fetch_one(&pool)
        .await
        .expect("one lead");
    assert_eq!(name, "First");
    // Another campaign may call the same people.
    let elsewhere = import(&ops, &manager, other, text.as_bytes()).await;
    assert_eq!((elsewhere.progress.added, elsewhere.progress.refused), (5_002, 3));
}

fn people(rows: usize) -> String {
    let mut text = String::from("name,phone,plan\n");
    for row in 0..rows {
        let number = match row % 1_000 {
            7 => "12".to_owned(),
            8 => format!("+1415{:07}", 2_000_000 + row - 1),
            _ => format!("+1415{:07}", 2_000_000 + row),
        };
        let _ = writeln!(text, "Person {row},{number},{}", row % 5);
    }
    text
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_hundred_thousand_rows_and_none_vanishes(pool: PgPool) {
    const ROWS: u64 = 100_000;
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let done = import(&ops, &manager, id, people(100_000).as_bytes()).await;
    assert_eq!(done.progress.status, ImportStatus::Completed);
    assert_eq!(done.progress.added + done.progress.refused, ROWS);
    assert_eq!(
        done.progress.refused, 100,
        "100 are too short; the number on line 8 of each thousand was free, for 7 is none"
    );
    assert_eq!(count(&pool, "SELECT count(*) FROM leads").await, 99_900);
    assert_eq!(count(&pool, "SELECT count(*) FROM lead_queue").await, 99_900);
    assert_eq!(count(&pool, "SELECT count(*) FROM import_refusals").await, 100);
    assert_eq!(
        count(&pool, "SELECT leads FROM variable_counts WHERE name = 'plan'").await,
        99_900
    );
    let moved = count(&pool, "SELECT count(*) FROM events WHERE kind = 'import_moved'").await;
    assert!((30..400).contains(&moved), "{moved} events move the bar");
    let view = crate::campaigns::get(&ops, &manager, id).await.expect("read");
    assert_eq!(view.row.progress.pending, 99_900);
}

/// Takes the import that waits. The database may still be busy with what the dead reader had sent, and holds the row.
async fn work_through(ops: &Operations, stop: &CancellationToken) {
    for _ in 0..500 {
        if job::run_next(ops, stop).await.expect("the database works") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nobody could take the import");
}

#[sqlx::test(migrations = "../../migrations")]
async fn goes_on_after_a_crash_and_stops_when_told(pool: PgPool) {
    let ops = operations(&pool);
    let manager = person(&pool, Role::Manager, "Mia").await;
    let id = campaign(&ops, &manager).await;
    let import = upload(&ops, &manager, id, people(9_000).as_bytes())
        .await
        .expect("a list");
    let found = view(&ops, &manager, import).await.expect("read");
    assert!(
        start(&ops, &manager, import, Vec::new(), "US".to_owned())
            .await
            .is_err()
    );
    start(&ops, &manager, import, found.mapping.clone(), "US".to_owned())
        .await
        .expect("started");
    assert_eq!(
        start(&ops, &manager, import, found.mapping, "US".to_owned())
            .await
            .expect_err("twice")
            .kind,
        ErrorKind::Conflict
    );

    // A reader that dies after some batches: it is dropped in the middle, as a crash would drop it.
    let dying = {
        let ops = ops.clone();
        // The refused start above may still be rolling back and hold the row: then there is nothing to take yet.
        tokio::spawn(async move { work_through(&ops, &CancellationToken::new()).await })
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while count(&pool, "SELECT rows_read FROM imports").await < 2_000 {
        assert!(std::time::Instant::now() < patience, "the import is not read");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    dying.abort();
    let _ = dying.await;
    assert_eq!(
        job::run_next(&ops, &CancellationToken::new()).await.ok(),
        Some(false),
        "its lease still holds"
    );
    sqlx::query("UPDATE imports SET leased_until = now() - interval '1 s'")
        .execute(&pool)
        .await
        .expect("run out");
    // One that is told to stop gives the import back.
    let stopped = CancellationToken::new();
    stopped.cancel();
    work_through(&ops, &stopped).await;
    assert_eq!(
        view(&ops, &manager, import).await.expect("read").progress.status,
        ImportStatus::Running
    );
    work_through(&ops, &CancellationToken::new()).await;
    let done = view(&ops, &manager, import).await.expect("read").progress;
    assert_eq!(
        (done.status, done.added, done.refused),
        (ImportStatus::Completed, 8_991, 9)
    );

    let second = upload(&ops, &manager, id, people(9_000).as_bytes())
        .await
        .expect("a list");
    let found = view(&ops, &manager, second).await.expect("read");
    start(&ops, &manager, second, found.mapping, "US".to_owned())
        .await
        .expect("started");
    cancel(&ops, &manager, second).await.expect("cancelled");
    assert_eq!(
        cancel(&ops, &manager, second).await.expect_err("twice").kind,
        ErrorKind::Conflict
    );
    assert_eq!(job::run_next(&ops, &CancellationToken::new()).await.ok(), Some(false));
    assert_eq!(list(&ops, &manager, id).await.expect("read").len(), 2);
    assert_eq!(count(&pool, "SELECT count(*) FROM import_chunks").await, 0);
}

/// All rows of a file, read in pieces of this many bytes; `None` if it is no list.
fn decide_all(bytes: &[u8], piece: usize) -> Option<Vec<reading::DecidedRow>> {
    let mut guess = text::EncodingGuess::default();
    guess.push(bytes);
    let encoding = guess.finish().ok()?;
    let beginning = text::TextDecoder::new(encoding).decode(bytes, true);
    let found = columns::look(&beginning, true, "US").ok()?;
    let work = imports::ImportWork {
        id: ImportId(uuid::Uuid::nil()),
        campaign: CampaignId(uuid::Uuid::nil()),
        encoding: encoding.name().to_owned(),
        delimiter: found.delimiter,
        headers: imports::Headers {
            names: found.headers,
            rows_above: found.rows_above,
        },
        mapping: found.mapping,
        default_country: "US".to_owned(),
        bytes_total: 0,
        rows_read: 0,
    };
    let mut reading = reading::ImportReading::new(&work);
    let mut rows: Vec<_> = bytes.chunks(piece).flat_map(|part| reading.read(Some(part))).collect();
    rows.extend(reading.read(None));
    Some(rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_the_bytes_rows_are_numbered_without_gap_and_pieces_do_not_matter(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "(name|phone|[0-9+ ()-]{0,12}|[,;\t\"\r\n\0é\u{feff}]){0,40}".prop_map(String::into_bytes),
        ],
        piece in 1_usize..50,
    ) {
        let whole = decide_all(&bytes, bytes.len().max(1));
        let cut = decide_all(&bytes, piece);
        prop_assert_eq!(whole.is_some(), cut.is_some());
        if let (Some(whole), Some(cut)) = (whole, cut) {
            let numbers: Vec<u64> = whole.iter().map(|row| row.row).collect();
            prop_assert_eq!(numbers, (1..=u64::try_from(whole.len()).unwrap_or(0)).collect::<Vec<_>>());
            let shown = |rows: &[reading::DecidedRow]| rows.iter().map(|row| (row.line, row.cells.clone(), row.decision.is_ok())).collect::<Vec<_>>();
            prop_assert_eq!(shown(&whole), shown(&cut));
        }
    }

    #[test]
    fn every_written_row_is_decided_once(rows in prop::collection::vec(("[a-z\"\n,; é]{0,8}", "[0-9+ ()x-]{0,14}"), 1..40)) {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(["name", "phone"]).expect("memory can be written");
        for (name, phone) in &rows {
            writer.write_record([name, phone]).expect("memory can be written");
        }
        let bytes = writer.into_inner().expect("memory can be flushed");
        let decided = decide_all(&bytes, 13).expect("a list");
        prop_assert_eq!(decided.len(), rows.len());
        let mut line = 2;
        for (row, (name, phone)) in decided.iter().zip(&rows) {
            prop_assert_eq!(row.line, line);
            prop_assert_eq!(&row.cells, &[name.clone(), phone.clone()]);
            line += 1 + u64::try_from(name.matches('\n').count()).unwrap_or(0);
        }
    }
}
