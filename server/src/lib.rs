//! The program: command line, configuration, composition, and every HTTP route that is not a page.
//!
//! **This crate never decides** anything about calls or people: it wires rooms together. The one difference between a
//! rehearsal and the real thing is made in [`composition`], by choosing adapters.
//!
//! Where the next change goes: a route gets a file in `routes/`; a configuration key goes to [`configuration`] and
//! `.env.example`; a provider of speech, language or telephone is chosen in [`composition`].

// Nested views make nested types; the pages are instantiated here.
#![recursion_limit = "512"]

pub mod ambient;
mod answer;
pub mod command_line;
pub mod composition;
pub mod configuration;
pub mod embedded_postgres;
pub mod logging;
mod middleware;
pub mod recording_key;
pub mod rehearsal_cast;
mod rehearsal_daytime;
mod rehearse;
pub mod routes;
pub mod running;
pub mod security;
pub mod state;
pub mod trouble_watch;
