//! Hearing a recording over HTTP.

use crate::installation::Installation;
use domain::{ConversationId, access::Role, new_id};
use http::{Method, StatusCode, header};
use sqlx::types::Uuid;
use store::PgPool;
use vault::{Kept, Pieces, SALT_BYTES};

/// 40 pieces of a kilobyte and more.
pub(crate) fn pieces() -> Vec<Vec<u8>> {
    (0_u8..40)
        .map(|number| vec![number; 1_000 + usize::from(number)])
        .collect()
}

/// Writes the recording of a call that never was, as a worker does it.
pub(crate) async fn recorded(installation: &Installation, pool: &PgPool, cookie: &str) -> (ConversationId, Kept) {
    let caller = installation.caller(cookie).await;
    let campaign = installation.campaign(&caller).await;
    let ops = &installation.ops;
    let id = ConversationId(new_id(ops.clock.now(), &*ops.chance));
    sqlx::query(
        "WITH lead AS (
             INSERT INTO leads (id, phone_number, status, campaign_id, created_at)
             VALUES ($1, '+14155550123', 'done', $3, now()) RETURNING id
         )
         INSERT INTO conversations (id, lead_id, campaign_id, status, call_end_time, created_at)
         SELECT $2, id, $3, 'completed', now(), now() FROM lead",
    )
    .bind(Uuid::from_u128(1))
    .bind(id.0)
    .bind(campaign.0)
    .execute(pool)
    .await
    .expect("a conversation");
    let mut salt = [0; SALT_BYTES];
    ops.chance.fill(&mut salt);
    let archive = &installation.adapters.archive;
    let mut file = archive.create(&id.to_string(), &salt).expect("a file");
    let (pieces, mut lengths) = (pieces(), Vec::new());
    for (number, piece) in pieces.iter().enumerate() {
        file.add(piece, number + 1 == pieces.len()).expect("written");
        lengths.push(u32::try_from(piece.len()).expect("short"));
    }
    let lengths = Pieces(lengths);
    let kept = Kept {
        file_name: file.file_name().to_owned(),
        bytes: lengths.total(),
        lock: archive.current_key_id().map(|key_id| vault::Lock {
            key_id,
            pieces: lengths.clone(),
        }),
        stored: false,
    };
    sqlx::query(
        "INSERT INTO recordings (conversation_id, file_name, bytes, duration_ms, peaks, key_id, pieces, created_at)
         VALUES ($1, $2, $3, 40000, '[[1,2]]', $4, $5, now())",
    )
    .bind(id.0)
    .bind(&kept.file_name)
    .bind(i64::try_from(kept.bytes).expect("short"))
    .bind(kept.lock.as_ref().map(|lock| lock.key_id.clone()))
    .bind(kept.lock.as_ref().map(|lock| lock.pieces.to_bytes()))
    .execute(pool)
    .await
    .expect("a recording");
    (id, kept)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_locked_recording_is_played_and_sought_in(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let administrator = installation.administrator().await;
    let caller = installation.caller(&administrator).await;
    let viewer = installation.somebody(&caller, Role::Viewer).await;
    let (id, kept) = recorded(&installation, &pool, &administrator).await;
    let (path, whole) = (format!("/recordings/{id}.ogg"), pieces().concat());
    let file = installation.configuration.recordings.dir.join(&kept.file_name);
    assert!(
        kept.lock.is_some(),
        "with the embedded database there is a key without anybody's doing"
    );
    let on_disk = std::fs::read(&file).expect("there");
    assert!(
        !on_disk.windows(64).any(|part| part == [7; 64]),
        "nothing of it can be read on the disk"
    );

    let answer = installation.get(&path, Some(&administrator)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "audio/ogg");
    assert_eq!(answer.headers()[header::ACCEPT_RANGES], "bytes");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "private, no-cache");
    assert_eq!(answer.content_length(), Some(whole.len() as u64));
    let tag = answer.headers()[header::ETAG].to_str().expect("text").to_owned();
    assert!(answer.bytes().await.expect("sent") == whole);

    let ask = async |name: header::HeaderName, value: &str| {
        let request = installation.request(Method::GET, &path, Some(&administrator));
        request
            .header(header::RANGE, "bytes=20000-20999")
            .header(name, value)
            .send()
            .await
            .expect("an answer")
    };
    let part = ask(header::IF_RANGE, &tag).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    let words = format!("bytes 20000-20999/{}", whole.len());
    assert_eq!(part.headers()[header::CONTENT_RANGE], words.as_str());
    assert!(part.bytes().await.expect("sent") == whole[20_000..21_000]);
    assert_eq!(ask(header::IF_RANGE, "\"another\"").await.status(), StatusCode::OK);
    assert_eq!(
        ask(header::IF_NONE_MATCH, &tag).await.status(),
        StatusCode::NOT_MODIFIED
    );
    let behind = installation.request(Method::GET, &path, Some(&administrator));
    let behind = behind
        .header(header::RANGE, "bytes=90000-")
        .send()
        .await
        .expect("an answer");
    assert_eq!(behind.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        installation.get(&path, Some(&viewer)).await.status(),
        StatusCode::FORBIDDEN
    );

    // Changed on the disk: what is whole is played, the rest is refused.
    let mut changed = on_disk;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&file, changed).expect("written");
    let answer = installation.get(&path, Some(&administrator)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().await.expect("sent").contains("damaged"));
    std::fs::remove_file(&file).expect("there");
    assert_eq!(
        installation.get(&path, Some(&administrator)).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn without_the_key_it_is_said_what_is_missing(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let administrator = installation.administrator().await;
    let (id, _) = recorded(&installation, &pool, &administrator).await;
    let dir = installation.configuration.recordings.dir.to_string_lossy().into_owned();
    let other = Installation::start_with(pool.clone(), &[("RINGSIDE_RECORDINGS_DIR", &dir)]).await;
    let answer = other.get(&format!("/recordings/{id}.ogg"), Some(&administrator)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer
            .text()
            .await
            .expect("sent")
            .contains("RINGSIDE_RECORDINGS_OLD_KEYS")
    );
}
