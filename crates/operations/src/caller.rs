//! Who is asking.

use domain::{
    UserError, UserId,
    access::{Permission, Role},
};
use uuid::Uuid;

/// Somebody who is signed in. Only a valid session makes one, so an operation that takes a `Caller` cannot be reached
/// by nobody.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) session_id: Uuid,
}

impl Caller {
    #[must_use]
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Checks that the caller's role includes `permission`; the first line of every operation.
    ///
    /// # Errors
    /// [`domain::ErrorKind::Forbidden`] with a sentence that says who could.
    pub fn may(&self, permission: Permission) -> Result<(), UserError> {
        if self.role.may(permission) {
            Ok(())
        } else {
            Err(permission.refusal())
        }
    }
}
