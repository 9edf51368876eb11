//! Where recordings are kept, and how they are locked.
//!
//! [`KeyRing`] holds the installation's keys, [`sealed`] is the format of a locked file, and [`Archive`] writes, reads and
//! deletes files. **This crate never knows** what sound is, what a call is, or the database: it is told a name and what was
//! kept of the file when it was written ([`Kept`]).

mod archive;
mod error;
mod keys;
mod object_store_settings;
pub mod sealed;

pub use archive::{Archive, Kept, LeftBehind, NewFile};
pub use error::VaultError;
pub use keys::{Key, KeyId, KeyRing};
pub use object_store_settings::ObjectStoreSettings;
pub use sealed::{Lock, Pieces, SALT_BYTES};
