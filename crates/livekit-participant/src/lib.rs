//! A LiveKit participant in pure Rust.
