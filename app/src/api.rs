//! The server functions: thin doors to operations, one file for each kind of thing. Each finds out who asks, calls one
//! operation, and answers; none takes an identity as an argument.

pub mod calls;
pub mod dashboard;
pub mod installation;
