//! Every page and component, and the typed server functions they call. It compiles to WASM (feature `hydrate`) and into
//! the server (feature `ssr`).
//!
//! **This crate never knows** SQL, a vendor's wire, or how a call is made: it calls `operations`.
//!
//! Where the next change goes: a page gets a file in [`pages`] and a line in [`app`]; what it asks of the server gets a
//! server function in [`api`], a thin door to one operation; what two pages share becomes a component in
//! [`components`] and shows itself in the gallery.

// Nested views make nested types; the default of 128 is reached by ordinary pages.
#![recursion_limit = "256"]
#![expect(
    unreachable_pub,
    reason = "#[component] makes its function and its props public whatever visibility is written, also in private modules"
)]

mod answer;
pub mod api;
pub mod app;
mod call_room;
#[cfg(feature = "ssr")]
pub mod caller;
pub mod components;
pub mod error;
mod every;
pub mod frame;
pub mod listening;
pub mod live_feed;
pub mod microphone;
pub mod monitor;
pub mod pages;
pub mod session;
mod trouble_banner;
