#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::testing::{self, NOW, count};
use domain::{UnixMillis, access::Role};
use futures::TryStreamExt;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use std::{net::SocketAddr, ops::Range, path::Path};
use store::{PgPool, recordings::Part};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;
use vault::{Kept, Key, KeyRing, ObjectStoreSettings, SALT_BYTES};

const BUCKET: &str = "calls";
const SECRET: &str = "a secret of the store";

/// A server that speaks S3, with its buckets in a folder.
async fn store_at(address: SocketAddr, root: &Path) -> (SocketAddr, AbortOnDropHandle<()>) {
    std::fs::create_dir_all(root.join(BUCKET)).unwrap();
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single("ringside", SECRET));
    let service = service.build();
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let service = service.clone();
            connections.spawn(async move {
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(socket), service)
                    .await;
            });
        }
    });
    (address, AbortOnDropHandle::new(serving))
}

fn somewhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn settings(address: SocketAddr, secret: &str) -> ObjectStoreSettings {
    ObjectStoreSettings {
        bucket: BUCKET.to_owned(),
        prefix: "eu/ringside".to_owned(),
        endpoint: Some(format!("http://{address}")),
        region: "us-east-1".to_owned(),
        credentials: Some(("ringside".to_owned(), secret.to_owned())),
    }
}

fn archive(folder: &TempDir) -> Archive {
    Archive::new(folder.path(), KeyRing::new(Some(Key::new(&[1; 32])), Vec::new())).unwrap()
}

/// Conversations that have ended, of a campaign of their own.
async fn conversations(ops: &Operations, pool: &PgPool, count: u128) -> Vec<ConversationId> {
    let manager = testing::person(pool, Role::Manager, "mia").await;
    let campaign = testing::campaign(ops, &manager).await;
    let mut ids = Vec::new();
    for number in 1..=count {
        let id = ConversationId(Uuid::from_u128(number << 64));
        sqlx::query(
            "WITH lead AS (
                 INSERT INTO leads (id, phone_number, status, campaign_id, created_at)
                 VALUES ($1, $4, 'done', $2, now()) RETURNING id
             )
             INSERT INTO conversations (id, lead_id, campaign_id, status, call_end_time, created_at)
             SELECT $3, id, $2, 'completed', now(), now() FROM lead",
        )
        .bind(Uuid::from_u128(number))
        .bind(campaign.0)
        .bind(id.0)
        .bind(format!("+4420794600{number:02}"))
        .execute(pool)
        .await
        .unwrap();
        ids.push(id);
    }
    ids
}

/// Half a megabyte, in pieces.
fn pieces() -> Vec<Vec<u8>> {
    (0_u8..100).map(|number| vec![number; 5_000]).collect()
}

/// A recording that was made `at`, on the disk and in the database.
async fn record(pool: &PgPool, archive: &Archive, id: ConversationId, at: UnixMillis) -> Kept {
    record_part(pool, archive, first_part(id), at).await
}

fn first_part(conversation_id: ConversationId) -> Part {
    Part {
        conversation_id,
        starts_ms: 0,
    }
}

async fn record_part(pool: &PgPool, archive: &Archive, part: Part, at: UnixMillis) -> Kept {
    let name = match part.starts_ms {
        0 => part.conversation_id.to_string(),
        starts_ms => format!("{}.{starts_ms}", part.conversation_id),
    };
    let mut file = archive.create(&name, &[9; SALT_BYTES]).unwrap();
    let pieces = pieces();
    for (number, piece) in pieces.iter().enumerate() {
        file.add(piece, number + 1 == pieces.len()).unwrap();
    }
    let lengths = vault::Pieces(vec![5_000; pieces.len()]);
    let kept = Kept {
        file_name: file.file_name().to_owned(),
        bytes: lengths.total(),
        stored: false,
        lock: archive.current_key_id().map(|key_id| vault::Lock {
            key_id,
            pieces: lengths.clone(),
        }),
    };
    sqlx::query(
        "INSERT INTO recordings (conversation_id, file_name, bytes, duration_ms, peaks, key_id, pieces, created_at, starts_ms)
         VALUES ($1, $2, $3, 100000, '[[1,2]]', $4, $5, to_timestamp($6 / 1000.0), $7)",
    )
    .bind(part.conversation_id.0)
    .bind(&kept.file_name)
    .bind(i64::try_from(kept.bytes).unwrap())
    .bind(archive.current_key_id())
    .bind(lengths.to_bytes())
    .bind(at.0)
    .bind(i64::try_from(part.starts_ms).unwrap())
    .execute(pool)
    .await
    .unwrap();
    kept
}

async fn heard(archive: &Archive, kept: &Kept, part: Range<u64>) -> Result<Vec<u8>, VaultError> {
    let parts: Vec<bytes::Bytes> = archive.read(kept.clone(), part).try_collect().await?;
    Ok(parts.concat())
}

fn stop() -> CancellationToken {
    CancellationToken::new()
}

const STORED: &str = "SELECT count(*) FROM recordings WHERE stored_at IS NOT NULL";

#[sqlx::test(migrations = "../../migrations")]
async fn a_recording_waits_for_the_store_moves_there_and_is_heard_from_there(pool: PgPool) {
    let ops = testing::operations(&pool);
    let calls = conversations(&ops, &pool, 2).await;
    let (folder, bucket) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (address, store) = store_at(somewhere(), bucket.path()).await;
    let archive = archive(&folder).with_store(&settings(address, SECRET)).unwrap();
    let kept = record(&pool, &archive, calls[0], UnixMillis(NOW)).await;
    // A call that is going on: its file is nobody's but the recorder's.
    let running = archive.create(&calls[1].to_string(), &[8; SALT_BYTES]).unwrap();

    // The store is away: nothing is lost.
    drop(store);
    tokio::task::yield_now().await;
    let trouble = look(&ops, &archive, None, &stop()).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Archive(VaultError::Store(_))), "{trouble}");
    assert_eq!(count(&pool, STORED).await, 0);
    assert_eq!(heard(&archive, &kept, 0..3).await.unwrap(), [0, 0, 0]);

    // It is back, but does not know us.
    let (_, store) = store_at(address, bucket.path()).await;
    let stranger = Archive::new(folder.path(), KeyRing::default()).unwrap();
    let stranger = stranger.with_store(&settings(address, "guessed")).unwrap();
    look(&ops, &stranger, None, &stop()).await.unwrap_err();
    assert_eq!(count(&pool, STORED).await, 0);

    look(&ops, &archive, None, &stop()).await.unwrap();
    assert_eq!(count(&pool, STORED).await, 1);
    assert_eq!(archive.names_here().unwrap(), [running.file_name()]);
    let object = bucket.path().join(BUCKET).join("eu/ringside").join(&kept.file_name);
    assert!(std::fs::metadata(&object).unwrap().len() > kept.bytes);
    let kept = Kept { stored: true, ..kept };
    let part = heard(&archive, &kept, 12_345..300_001).await.unwrap();
    assert!(part == pieces().concat()[12_345..300_001]);
    assert_eq!(
        heard(&archive, &kept, kept.bytes - 2..kept.bytes).await.unwrap(),
        [99, 99]
    );
    let without = Archive::new(folder.path(), KeyRing::default()).unwrap();
    assert!(matches!(heard(&without, &kept, 0..3).await, Err(VaultError::NoStore)));
    // Another look finds nothing to do.
    look(&ops, &archive, None, &stop()).await.unwrap();
    drop(store);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_process_that_died_between_two_steps_is_gone_on_with(pool: PgPool) {
    let ops = testing::operations(&pool);
    let calls = conversations(&ops, &pool, 2).await;
    let (folder, bucket) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (address, _store) = store_at(somewhere(), bucket.path()).await;
    let archive = archive(&folder).with_store(&settings(address, SECRET)).unwrap();
    // In the store, but not written down; written down, but still here.
    let first = record(&pool, &archive, calls[0], UnixMillis(NOW)).await;
    archive.copy_to_store(&first.file_name).await.unwrap();
    let second = record(&pool, &archive, calls[1], UnixMillis(NOW)).await;
    archive.copy_to_store(&second.file_name).await.unwrap();
    let mut conn = ops.store.connection().await.unwrap();
    assert!(
        recordings::mark_stored(&mut conn, first_part(calls[1]), UnixMillis(NOW))
            .await
            .unwrap()
    );
    look(&ops, &archive, None, &stop()).await.unwrap();
    assert_eq!(count(&pool, STORED).await, 2);
    assert!(archive.names_here().unwrap().is_empty());
    for kept in [first, second] {
        let kept = Kept { stored: true, ..kept };
        assert!(heard(&archive, &kept, 0..kept.bytes).await.unwrap() == pieces().concat());
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn without_a_store_recordings_stay_where_they_are(pool: PgPool) {
    let ops = testing::operations(&pool);
    let calls = conversations(&ops, &pool, 1).await;
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(&folder);
    let kept = record(&pool, &archive, calls[0], UnixMillis(NOW)).await;
    std::fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
    std::fs::write(folder.path().join("somebody.ogg"), "not ours either").unwrap();
    look(&ops, &archive, None, &stop()).await.unwrap();
    assert_eq!(count(&pool, STORED).await, 0);
    assert_eq!(heard(&archive, &kept, 0..2).await.unwrap(), [0, 0]);
    assert!(folder.path().join("notes.txt").exists() && folder.path().join("somebody.ogg").exists());
}

const DAY: i64 = 86_400_000;
const DELETED: &str = "SELECT count(*) FROM recordings WHERE deleted_at IS NOT NULL";

async fn keep_for(pool: &PgPool, days: &str) {
    sqlx::query("UPDATE campaign_revisions SET content = jsonb_set(content, '{recording_days}', $1::jsonb)")
        .bind(days)
        .execute(pool)
        .await
        .unwrap();
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_was_kept_long_enough_is_really_gone_and_the_page_says_so(pool: PgPool) {
    let ops = testing::operations(&pool);
    let calls = conversations(&ops, &pool, 3).await;
    let (folder, bucket) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (address, _store) = store_at(somewhere(), bucket.path()).await;
    let local = archive(&folder);
    let stored = local.clone().with_store(&settings(address, SECRET)).unwrap();
    record(&pool, &stored, calls[0], UnixMillis(NOW - 40 * DAY)).await;
    look(&ops, &stored, None, &stop()).await.unwrap();
    let object = bucket
        .path()
        .join(BUCKET)
        .join("eu/ringside")
        .join(format!("{}.sealed", calls[0]));
    assert!(object.exists());
    let here = record(&pool, &local, calls[1], UnixMillis(NOW - 31 * DAY)).await;
    let young = record(&pool, &local, calls[2], UnixMillis(NOW - 29 * DAY)).await;

    // For good, and long enough.
    look(&ops, &local, None, &stop()).await.unwrap();
    keep_for(&pool, "100").await;
    look(&ops, &local, Some(50), &stop()).await.unwrap();
    assert_eq!(count(&pool, DELETED).await, 0);
    // The store is not configured here: what lies there is not taken for deleted.
    keep_for(&pool, "30").await;
    look(&ops, &local, Some(50), &stop()).await.unwrap_err();
    assert_eq!(count(&pool, DELETED).await, 1, "the one that lies here");
    assert!(object.exists());
    look(&ops, &stored, Some(50), &stop()).await.unwrap();
    assert_eq!(count(&pool, DELETED).await, 2);
    assert!(!object.exists());
    assert!(matches!(heard(&local, &here, 0..1).await, Err(VaultError::Missing)));
    // The young one went to the store meanwhile.
    let young = Kept { stored: true, ..young };
    assert_eq!(heard(&stored, &young, 0..1).await.unwrap(), [0]);

    let supervisor = testing::person(&pool, Role::Supervisor, "sue").await;
    let view = crate::conversations::get(&ops, &supervisor, calls[1]).await.unwrap();
    assert!(!view.row.has_recording);
    let recording = view.recordings.into_iter().next().unwrap();
    assert!(recording.deleted_at.is_some_and(|at| at.0 >= NOW) && recording.peaks.is_empty());
    let gone = crate::conversations::recording(&ops, &supervisor, calls[1], 0).await;
    assert_eq!(gone.unwrap_err().kind, domain::ErrorKind::NotFound);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_recording_of_another_machine_is_left_to_it_for_a_day(pool: PgPool) {
    let ops = testing::operations(&pool);
    let calls = conversations(&ops, &pool, 1).await;
    let (elsewhere, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (theirs, ours) = (archive(&elsewhere), archive(&folder));
    record(&pool, &theirs, calls[0], UnixMillis(NOW - 10 * DAY)).await;
    look(&ops, &ours, Some(10), &stop()).await.unwrap();
    assert_eq!(count(&pool, DELETED).await, 0);
    look(&ops, &ours, Some(8), &stop()).await.unwrap();
    assert_eq!(count(&pool, DELETED).await, 1);
    // It was only switched off.
    assert_eq!(theirs.names_here().unwrap().len(), 1);
    look(&ops, &theirs, Some(8), &stop()).await.unwrap();
    assert!(theirs.names_here().unwrap().is_empty());
    // Whoever was about to put it into the store is told not to.
    let mut conn = ops.store.connection().await.unwrap();
    assert!(
        !recordings::mark_stored(&mut conn, first_part(calls[0]), UnixMillis(NOW))
            .await
            .unwrap()
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_part_of_a_recording_moves_to_the_store_and_is_deleted_in_time(pool: PgPool) {
    let ops = testing::operations(&pool);
    let calls = conversations(&ops, &pool, 1).await;
    let (folder, bucket) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (address, _store) = store_at(somewhere(), bucket.path()).await;
    let here = archive(&folder);
    let there = here.clone().with_store(&settings(address, SECRET)).unwrap();
    let second = Part {
        starts_ms: 61_540,
        ..first_part(calls[0])
    };
    for days in [0, 10] {
        let at = UnixMillis(NOW - days * DAY);
        sqlx::query("DELETE FROM recordings").execute(&pool).await.unwrap();
        let first = record(&pool, &here, calls[0], at).await;
        let later = record_part(&pool, &here, second, at).await;
        assert_ne!(first.file_name, later.file_name);
        look(&ops, if days == 0 { &there } else { &here }, Some(8), &stop())
            .await
            .unwrap();
        assert!(here.names_here().unwrap().is_empty(), "both moved or deleted");
        let (stored, deleted) = if days == 0 { (2, 0) } else { (0, 2) };
        assert_eq!(
            (count(&pool, STORED).await, count(&pool, DELETED).await),
            (stored, deleted)
        );
        if days == 0 {
            let kept = Kept { stored: true, ..later };
            assert!(!heard(&there, &kept, 0..kept.bytes).await.unwrap().is_empty());
        }
    }
    // What lies in the store is deleted from there, part by part.
    sqlx::query("UPDATE recordings SET deleted_at = NULL, stored_at = now()")
        .execute(&pool)
        .await
        .unwrap();
    look(&ops, &there, Some(8), &stop()).await.unwrap();
    assert_eq!(count(&pool, DELETED).await, 2);
    let left = std::fs::read_dir(bucket.path().join(BUCKET).join("eu/ringside")).unwrap();
    assert_eq!(left.count(), 0);
}
