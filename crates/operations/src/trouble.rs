//! What is wrong with the telephone network, or with the agent's voices, at the moment: for whoever wonders why no phone
//! rings.

use std::sync::{Arc, PoisonError, RwLock};

/// A sentence that says what is wrong and what to do, or none. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<RwLock<Option<String>>>);

impl Trouble {
    /// What somebody found who looked. True if it was another thing before.
    pub fn set(&self, trouble: Option<String>) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != trouble;
        *known = trouble;
        changed
    }

    #[must_use]
    pub fn get(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
