//! The key of recordings on a machine where nobody has set one: made once, and kept beside the embedded database.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Chance;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use vault::Key;

/// Within the data directory.
pub const FILE_NAME: &str = "recordings.key";

/// The key in `data_dir`, if there is one.
///
/// # Errors
/// It cannot be read, or is none.
pub fn find(data_dir: &Path) -> io::Result<Option<Key>> {
    match fs::read_to_string(data_dir.join(FILE_NAME)) {
        Ok(text) => text.parse().map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key in `data_dir`; makes one if there is none. Only this machine's user may read it.
///
/// # Errors
/// It cannot be read or written, or is none.
pub fn find_or_make(data_dir: &Path, chance: &dyn Chance) -> io::Result<Key> {
    if let Some(key) = find(data_dir)? {
        return Ok(key);
    }
    let mut secret = [0; 32];
    chance.fill(&mut secret);
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(data_dir.join(FILE_NAME))?;
    file.write_all(STANDARD.encode(secret).as_bytes())?;
    file.write_all(b"\n")?;
    // A recording whose key is lost is lost.
    file.sync_all()?;
    Ok(Key::new(&secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_key_is_made_once_and_kept_for_one_user() {
        let folder = std::env::temp_dir().join(format!("ringside-recording-key-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        assert_eq!(find(&folder).expect("readable"), None);
        let key = find_or_make(&folder, &SystemChance).expect("made");
        assert_eq!(find_or_make(&folder, &SystemChance).expect("there"), key);
        assert_eq!(find(&folder).expect("readable"), Some(key));
        let path = folder.join(FILE_NAME);
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        fs::write(&path, "torn").expect("written");
        assert!(find_or_make(&folder, &SystemChance).is_err(), "never written over");
        fs::remove_dir_all(&folder).expect("there");
    }
}
