//! What tests of operations share: an installation on a database of their own, and people with each role.

use crate::{Caller, Operations};
use domain::{
    CampaignId, Chance, Clock, UnixMillis, UserId, access::Role, campaign::CampaignContent, views::InstallationView,
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};
use store::{PgPool, Store};
use uuid::Uuid;

/// Tuesday, 2026-03-03, 15:00 UTC.
pub(crate) const NOW: i64 = 1_772_550_000_000;

/// Goes on by a millisecond each time it is read.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// `SplitMix64`, from a fixed seed.
struct TestChance(AtomicU64);

impl Chance for TestChance {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            part.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..part.len()]);
        }
    }
}

pub(crate) fn operations(pool: &PgPool) -> Operations {
    Operations {
        store: Store::from_pool(pool.clone()),
        clock: Arc::new(TestClock(AtomicI64::new(NOW))),
        chance: Arc::new(TestChance(AtomicU64::new(1))),
        installation: Arc::new(InstallationView::default()),
        network_trouble: crate::Trouble::default(),
        voices_trouble: crate::Trouble::default(),
        throttle_key: [7; 32],
    }
}

/// Somebody with this role, in the database too.
pub(crate) async fn person(pool: &PgPool, role: Role, name: &str) -> Caller {
    let id = Uuid::from_u128(
        name.bytes()
            .fold(role as u128 + 1, |hash, byte| hash * 257 + u128::from(byte)),
    );
    sqlx::query("INSERT INTO users (id, email, name, role, created_at) VALUES ($1, $2, $3, $4, now())")
        .bind(id)
        .bind(format!("{name}@example.com"))
        .bind(name)
        .bind(role.as_str())
        .execute(pool)
        .await
        .expect("the user is written");
    Caller {
        user_id: UserId(id),
        name: name.to_owned(),
        role,
        session_id: id,
    }
}

pub(crate) fn content(name: &str) -> CampaignContent {
    CampaignContent {
        name: name.to_owned(),
        ..CampaignContent::template()
    }
}

pub(crate) async fn campaign(ops: &Operations, manager: &Caller) -> CampaignId {
    crate::campaigns::create(ops, manager, content("Spring"))
        .await
        .expect("a campaign")
}

/// The kinds of all events, oldest first.
pub(crate) async fn event_kinds(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT kind FROM events ORDER BY id")
        .fetch_all(pool)
        .await
        .expect("events")
}

pub(crate) async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("a count")
}
