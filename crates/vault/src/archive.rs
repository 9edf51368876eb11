//! Files of recordings: begun here, read from wherever they lie.

use crate::{
    KeyRing, Lock, ObjectStoreSettings, VaultError,
    sealed::{self, HEAD_BYTES, Opener, SALT_BYTES, Sealer, Span},
};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as ObjectPath};
use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Of a file that is not locked so much is read at once.
const MOST_AT_ONCE: u64 = 128 * 1_024;
/// How files end that are not locked, and that are.
const PLAIN: &str = "ogg";
const LOCKED: &str = "sealed";

/// What is known of a recording that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub file_name: String,
    /// Length of its contents.
    pub bytes: u64,
    /// `None` if it is not locked.
    pub lock: Option<Lock>,
    /// It lies in the object store, not in the folder.
    pub stored: bool,
}

/// A file that a process left behind without finishing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    pub file_name: String,
    /// As far as they were written.
    pub contents: Vec<u8>,
    pub lock: Option<Lock>,
}

/// A file to which pieces are added.
pub struct NewFile {
    file_name: String,
    file: File,
    sealer: Option<Sealer>,
}

impl NewFile {
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Adds a piece. With the last one the file is on the disk when this returns.
    ///
    /// # Errors
    /// The disk's. Nothing must be added after one.
    pub fn add(&mut self, piece: &[u8], last: bool) -> io::Result<()> {
        match &mut self.sealer {
            Some(sealer) => self.file.write_all(&sealer.seal(piece, last)?)?,
            None => self.file.write_all(piece)?,
        }
        if last { self.file.sync_data() } else { Ok(()) }
    }
}

/// Writes, reads and deletes recordings. Cheap to clone.
#[derive(Clone)]
pub struct Archive {
    folder: PathBuf,
    local: Arc<dyn ObjectStore>,
    store: Option<Arc<dyn ObjectStore>>,
    keys: Arc<KeyRing>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("folder", &self.folder)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Archive {
    /// Recordings in `folder`, which must exist.
    ///
    /// # Errors
    /// It does not.
    pub fn new(folder: &Path, keys: KeyRing) -> Result<Self, VaultError> {
        Ok(Self {
            local: Arc::new(LocalFileSystem::new_with_prefix(folder)?),
            store: None,
            folder: folder.to_owned(),
            keys: Arc::new(keys),
        })
    }

    /// Finished recordings are moved to this object store.
    ///
    /// # Errors
    /// It cannot be used as it is configured. Whether it is there shows only later.
    pub fn with_store(mut self, settings: &ObjectStoreSettings) -> Result<Self, VaultError> {
        self.store = Some(settings.open()?);
        Ok(self)
    }

    /// True if finished recordings are moved to an object store.
    #[must_use]
    pub const fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// Begins the file of the recording with this `name`, locked if there is a key. `salt` must be random.
    ///
    /// # Errors
    /// It cannot be created; it must not exist yet.
    pub fn create(&self, name: &str, salt: &[u8; SALT_BYTES]) -> io::Result<NewFile> {
        let key = self.keys.current();
        let file_name = self.file_name(name);
        Ok(NewFile {
            file: File::create_new(self.folder.join(&file_name))?,
            file_name,
            sealer: key.map(|key| Sealer::new(key, salt)),
        })
    }

    /// The name of the file that [`Self::create`] makes.
    #[must_use]
    pub fn file_name(&self, name: &str) -> String {
        let ending = if self.keys.current().is_some() { LOCKED } else { PLAIN };
        format!("{name}.{ending}")
    }

    /// Key with which [`Self::create`] locks, as people may see it.
    #[must_use]
    pub fn current_key_id(&self) -> Option<String> {
        self.keys.current().map(|key| key.id().to_string())
    }

    /// What a process that died wrote into this file; `None` if it is not on this machine. Reads all of it, and blocks.
    ///
    /// # Errors
    /// It cannot be read, or the key is not there.
    pub fn left_behind(&self, file_name: &str) -> Result<Option<LeftBehind>, VaultError> {
        let bytes = match fs::read(self.folder.join(file_name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let (contents, lock) = if file_name.ends_with(LOCKED) {
            let (contents, lock, _) = sealed::open_all(&bytes, &self.keys)?;
            (contents, Some(lock))
        } else {
            (bytes, None)
        };
        Ok(Some(LeftBehind {
            file_name: file_name.to_owned(),
            contents,
            lock,
        }))
    }

    /// Names of the files on this machine that were begun as `name`, or as `name` and a dot and something after it. Blocks.
    ///
    /// # Errors
    /// The disk's.
    pub fn parts_here(&self, name: &str) -> io::Result<Vec<String>> {
        let mut parts = self.names_here()?;
        parts.retain(|file| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
        parts.sort();
        Ok(parts)
    }

    /// The part `wanted` of a recording's contents, piece by piece. Only the records that hold it are read and unlocked.
    #[must_use]
    pub fn read(&self, kept: Kept, wanted: Range<u64>) -> BoxStream<'static, Result<Bytes, VaultError>> {
        let store = if kept.stored {
            self.store()
        } else {
            Ok(Arc::clone(&self.local))
        };
        let path = object_path(&kept.file_name);
        let keys = Arc::clone(&self.keys);
        let opened = async move {
            let (store, path) = (store?, path?);
            let Some(lock) = kept.lock else {
                return Ok(read_plain(store, path, wanted));
            };
            let head = store.get_range(&path, 0..HEAD_BYTES as u64).await?;
            let opener = Opener::new(&head, &keys)?;
            let spans = lock.pieces.spans(&wanted);
            Ok::<_, VaultError>(read_locked(store, path, opener, spans, lock.pieces.0.len()))
        };
        stream::once(opened).try_flatten().boxed()
    }

    fn store(&self) -> Result<Arc<dyn ObjectStore>, VaultError> {
        self.store.clone().ok_or(VaultError::NoStore)
    }

    /// Names of the files of recordings on this machine. Blocks.
    ///
    /// # Errors
    /// The disk's.
    pub fn names_here(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let names: io::Result<Vec<Option<String>>> = names.collect();
        let ends_like_ours = |name: &String| {
            let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
            matches!(ending, Some(LOCKED | PLAIN))
        };
        Ok(names?.into_iter().flatten().filter(ends_like_ours).collect())
    }

    /// Puts a copy of a file on this machine, which nobody writes to any more, into the object store. It can be tried again.
    ///
    /// # Errors
    /// It is not here, or the store does not take it.
    pub async fn copy_to_store(&self, file_name: &str) -> Result<(), VaultError> {
        let (store, path) = (self.store()?, object_path(file_name)?);
        let bytes = self.local.get(&path).await?.bytes().await?;
        store.put(&path, bytes.into()).await?;
        Ok(())
    }

    /// Deletes a recording from the object store. That it is not there any more is no error.
    ///
    /// # Errors
    /// The store's.
    pub async fn delete_stored(&self, file_name: &str) -> Result<(), VaultError> {
        match self.store()?.delete(&object_path(file_name)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a recording's file from this machine; false if it was not here.
    ///
    /// # Errors
    /// The disk's.
    pub async fn delete_here(&self, file_name: &str) -> Result<bool, VaultError> {
        match self.local.delete(&object_path(file_name)?).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Names come from the database; one with a path in it would be somebody's attempt to leave the folder.
fn object_path(file_name: &str) -> Result<ObjectPath, VaultError> {
    if file_name.contains(['/', '\\']) || file_name.starts_with('.') {
        return Err(VaultError::Missing);
    }
    ObjectPath::parse(file_name).map_err(|_| VaultError::Missing)
}

fn read_plain(
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    wanted: Range<u64>,
) -> BoxStream<'static, Result<Bytes, VaultError>> {
    stream::try_unfold(wanted, move |wanted| {
        let (store, path) = (Arc::clone(&store), path.clone());
        async move {
            if wanted.is_empty() {
                return Ok(None);
            }
            let until = wanted.end.min(wanted.start + MOST_AT_ONCE);
            let bytes = store.get_range(&path, wanted.start..until).await?;
            if (bytes.len() as u64) < until - wanted.start {
                return Err(VaultError::Damaged);
            }
            Ok(Some((bytes, until..wanted.end)))
        }
    })
    .boxed()
}

fn read_locked(
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    opener: Opener,
    spans: Vec<Span>,
    count: usize,
) -> BoxStream<'static, Result<Bytes, VaultError>> {
    let opener = Arc::new(opener);
    stream::iter(spans)
        .then(move |span| {
            let (store, path, opener) = (Arc::clone(&store), path.clone(), Arc::clone(&opener));
            async move {
                let bytes = store.get_range(&path, span.lies.clone()).await?;
                let contents = Bytes::from(opener.open_span(&span, count, &bytes)?);
                let keep = usize::try_from(span.keep.start)
                    .ok()
                    .zip(usize::try_from(span.keep.end).ok());
                let (from, until) = keep
                    .filter(|(_, until)| *until <= contents.len())
                    .ok_or(VaultError::Damaged)?;
                Ok(contents.slice(from..until))
            }
        })
        .boxed()
}

#[cfg(test)]
mod tests;
