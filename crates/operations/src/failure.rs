//! Where errors of the store become sentences.

use domain::UserError;
use store::StoreError;

/// Our own fault: the cause goes to the log, a plain sentence to the person.
pub(crate) fn internal(error: StoreError) -> UserError {
    tracing::error!(%error, "the database could not do what was asked");
    UserError::unavailable()
}

/// As [`internal`], but a missing row means that `what` does not exist.
pub(crate) fn missing(what: &'static str) -> impl FnOnce(StoreError) -> UserError {
    move |error| match error {
        StoreError::Missing => UserError::not_found(what),
        other => internal(other),
    }
}
