//! The server functions: thin doors to operations, one file for each kind of thing. Each finds out who asks, calls one
//! operation, and answers; none takes an identity as an argument.

pub mod account;
#[cfg(feature = "ssr")]
pub mod browser_request;
pub mod calls;
pub mod campaigns;
pub mod conversations;
pub mod dashboard;
pub mod do_not_call;
pub mod imports;
pub mod leads;
pub mod prices;
pub mod rehearsals;
pub mod settings;
pub mod sign_in;
pub mod users;
