//! The web server from outside: real HTTP on loopback, a real PostgreSQL.

mod bad_input;
mod event_stream;
mod headers;
mod health;
mod installation;
mod listening;
mod livekit_webhook;
mod log;
mod models;
mod plain_forms;
mod recordings;
mod room_keys;
mod who_may;
