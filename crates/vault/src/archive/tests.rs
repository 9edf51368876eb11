use super::*;
use crate::Key;
use tempfile::TempDir;

const SALT: [u8; SALT_BYTES] = [3; SALT_BYTES];

fn key(byte: u8) -> Key {
    Key::new(&[byte; 32])
}

fn archive(folder: &TempDir, current: Option<Key>, old: Vec<Key>) -> Archive {
    Archive::new(folder.path(), KeyRing::new(current, old)).expect("a folder")
}

/// 60 pieces, a quarter of a megabyte in all.
fn contents() -> Vec<Vec<u8>> {
    (0_u8..60)
        .map(|number| vec![number; 4_000 + usize::from(number)])
        .collect()
}

fn write(archive: &Archive, name: &str, finished: bool) -> Kept {
    let mut file = archive.create(name, &SALT).expect("a file");
    let (pieces, mut lengths) = (contents(), Vec::new());
    for (number, piece) in pieces.iter().enumerate() {
        let last = finished && number + 1 == pieces.len();
        file.add(piece, last).expect("written");
        lengths.push(u32::try_from(piece.len()).expect("short"));
    }
    let pieces = crate::Pieces(lengths);
    Kept {
        file_name: file.file_name().to_owned(),
        bytes: pieces.total(),
        lock: archive.current_key_id().map(|key_id| Lock { key_id, pieces }),
        stored: false,
    }
}

async fn read(archive: &Archive, kept: &Kept, wanted: Range<u64>) -> Result<Vec<u8>, VaultError> {
    let parts: Vec<Bytes> = archive.read(kept.clone(), wanted).try_collect().await?;
    Ok(parts.concat())
}

#[tokio::test]
async fn locked_or_not_a_recording_is_read_from_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = contents().concat();
    for (name, current) in [("locked", Some(key(1))), ("plain", None)] {
        let archive = archive(&folder, current, Vec::new());
        let kept = write(&archive, name, true);
        assert_eq!(kept.bytes, whole.len() as u64);
        for wanted in [
            0..kept.bytes,
            0..4,
            140_000..140_001,
            kept.bytes - 9..kept.bytes,
            1_000..200_000,
        ] {
            let part =
                &whole[usize::try_from(wanted.start).expect("small")..usize::try_from(wanted.end).expect("small")];
            let found = read(&archive, &kept, wanted.clone()).await.expect("read");
            assert!(found == part, "{name} {wanted:?}");
        }
        assert!(archive.create(name, &SALT).is_err(), "never written over");
        assert!(archive.delete_here(&kept.file_name).await.expect("deleted"));
        assert!(!archive.delete_here(&kept.file_name).await.expect("gone already"));
        assert!(matches!(read(&archive, &kept, 0..4).await, Err(VaultError::Missing)));
    }
}

#[tokio::test]
async fn keys_are_changed_and_old_recordings_still_open_with_the_old_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = write(&archive(&folder, Some(key(1)), Vec::new()), "before", true);
    let open = write(&archive(&folder, None, Vec::new()), "open", true);
    let changed = archive(&folder, Some(key(2)), vec![key(1)]);
    let after = write(&changed, "after", true);
    assert_ne!(
        before.lock.as_ref().map(|lock| &lock.key_id),
        after.lock.as_ref().map(|lock| &lock.key_id)
    );
    for kept in [&before, &open, &after] {
        assert_eq!(
            read(&changed, kept, 0..3).await.expect("read"),
            [0, 0, 0],
            "{}",
            kept.file_name
        );
    }
    let forgot = archive(&folder, Some(key(2)), Vec::new());
    let refused = read(&forgot, &before, 0..3).await;
    assert!(matches!(refused, Err(VaultError::UnknownKey(id)) if id == key(1).id()));
}

fn path_name(path: &std::path::Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

#[tokio::test]
async fn what_was_left_behind_is_found_and_read_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    for current in [Some(key(1)), None] {
        let archive = archive(&folder, current.clone(), Vec::new());
        let kept = write(&archive, "dead", false);
        let path = folder.path().join(&kept.file_name);
        let length = fs::metadata(&path).expect("there").len();
        File::options()
            .write(true)
            .open(&path)
            .expect("there")
            .set_len(length - 10)
            .expect("cut");
        let another = write(&archive, "dead.61540", false);
        write(&archive, "deadly", false);
        assert_eq!(
            archive.parts_here("dead").expect("readable"),
            [another.file_name.as_str(), kept.file_name.as_str()]
        );
        let found = archive.left_behind(&kept.file_name).expect("readable").expect("there");
        assert_eq!(
            (&found.file_name, found.lock.is_some()),
            (&kept.file_name, current.is_some())
        );
        let lost = if current.is_some() { 4_059 } else { 10 };
        assert!(found.contents == contents().concat()[..found.contents.len()]);
        assert_eq!(found.contents.len() as u64, kept.bytes - lost);
        let kept = Kept {
            bytes: found.contents.len() as u64,
            lock: found.lock,
            ..kept
        };
        assert_eq!(
            read(&archive, &kept, 0..kept.bytes).await.expect("read"),
            found.contents
        );
        for name in archive.names_here().expect("readable") {
            fs::remove_file(folder.path().join(name)).expect("there");
        }
        assert_eq!(archive.left_behind(&path_name(&path)).expect("nothing there"), None);
    }
}

#[tokio::test]
async fn damage_is_noticed_and_names_do_not_leave_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = archive(&folder, Some(key(1)), Vec::new());
    let kept = write(&archive, "call", true);
    let path = folder.path().join(&kept.file_name);
    let mut bytes = fs::read(&path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).expect("written");
    assert_eq!(read(&archive, &kept, 0..2).await.expect("far from it"), [0, 0]);
    assert!(matches!(
        read(&archive, &kept, 0..kept.bytes).await,
        Err(VaultError::Damaged)
    ));
    // Cut between two records: the lengths tell.
    fs::write(&path, &bytes[..HEAD_BYTES + 4 + 4_016]).expect("written");
    assert!(read(&archive, &kept, kept.bytes - 1..kept.bytes).await.is_err());
    for name in ["../call.sealed", "/etc/passwd", ".hidden", "", "a\\b"] {
        let kept = Kept {
            file_name: name.to_owned(),
            bytes: 1,
            lock: None,
            stored: false,
        };
        assert!(read(&archive, &kept, 0..1).await.is_err(), "{name}");
    }
}
