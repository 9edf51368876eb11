use crate::KeyId;
use std::io;

/// Why a recording cannot be read, written or deleted.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the recording is not where it should be")]
    Missing,
    #[error("the recording was locked with the key {0}, which is not configured")]
    UnknownKey(KeyId),
    #[error("the recording was changed or cut after it was written")]
    Damaged,
    #[error("the recording lies in an object store, and none is configured")]
    NoStore,
    #[error(transparent)]
    Store(object_store::Error),
    #[error(transparent)]
    File(io::Error),
}

impl From<object_store::Error> for VaultError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            error => Self::Store(error),
        }
    }
}

impl From<io::Error> for VaultError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::UnexpectedEof => Self::Damaged,
            _ => Self::File(error),
        }
    }
}
