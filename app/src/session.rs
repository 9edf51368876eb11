//! Who is signed in, as the pages see it.

use crate::error::AppError;
use domain::{
    UnixMillis,
    access::Permission,
    views::{InstallationView, SignedIn},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the frame around every page needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameView {
    pub signed_in: SignedIn,
    pub installation: InstallationView,
    /// What time it is, by the server's clock.
    pub now: UnixMillis,
}

/// The frame's view of whoever sent the request, or why there is none. The server provides it as a context before it
/// renders a page.
#[derive(Clone, Debug)]
pub struct FrameOfRequest(pub Result<FrameView, AppError>);

/// True if the signed-in person's role includes `permission`. A page uses it to leave out what would be refused anyway;
/// the refusal itself is made by the operation.
#[must_use]
pub fn may(permission: Permission) -> bool {
    use_context::<FrameView>().is_some_and(|view| view.signed_in.role.may(permission))
}

/// Who is signed in, inside the frame.
#[must_use]
pub fn signed_in() -> Option<SignedIn> {
    use_context::<FrameView>().map(|view| view.signed_in)
}

/// What is connected and what is simulated, inside the frame.
#[must_use]
pub fn installation() -> Option<InstallationView> {
    use_context::<FrameView>().map(|view| view.installation)
}
