//! What HTTP adds to “who may”: where a request comes from, and what a browser may do with the answer.

pub mod headers;
pub mod origin;
