//! A new connection in the place of a lost one, and what is said again after it.

use super::RoomTask;
use crate::{JoinError, LeaveReason, RoomEvent, session::Session};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A lost connection is made anew after these times, in milliseconds, and then again after the last one…
const REJOIN_AFTER_MS: [u64; 6] = [0, 250, 500, 1_000, 2_000, 4_000];
/// … as long as this since it was lost.
const MOST_REJOINING: Duration = Duration::from_secs(60);

impl RoomTask {
    /// What may have been lost on the way is said again.
    pub(super) async fn resumed(&mut self) {
        let tracks: Vec<_> = self
            .published
            .iter()
            .map(|(number, ours)| (*number, ours.muted))
            .collect();
        for (number, muted) in tracks {
            self.session.mute(number, muted).await;
        }
        self.say_who_may_subscribe().await;
    }

    /// Makes a new connection, until it works or makes no sense any more.
    pub(super) async fn rejoin(&mut self) -> Result<(), LeaveReason> {
        self.tell(RoomEvent::Reconnecting);
        let began = Instant::now();
        let mut pauses = REJOIN_AFTER_MS.into_iter().chain(std::iter::repeat(4_000));
        while began.elapsed() < MOST_REJOINING {
            let pause = Duration::from_millis(pauses.next().unwrap_or_default());
            let attempt = async {
                sleep(pause).await;
                Box::pin(Session::connect(&self.options, &self.engine)).await
            };
            let attempt = tokio::select! {
                () = self.leaving.cancelled() => return Err(LeaveReason::ClientInitiated),
                attempt = attempt => attempt,
            };
            match attempt {
                Ok(session) => {
                    let old = std::mem::replace(&mut self.session, session);
                    tokio::spawn(old.abandon());
                    self.rejoined().await;
                    return Ok(());
                }
                Err(error) if is_hopeless(&error) => return Err(LeaveReason::Other),
                Err(error) => tracing::info!(%error, "LiveKit cannot be rejoined yet"),
            }
        }
        Err(LeaveReason::ConnectionTimeout)
    }

    async fn rejoined(&mut self) {
        let now = Instant::now();
        self.inboxes.values().for_each(|inbox| inbox.restart(now));
        self.take_over_join();
        let tracks: Vec<_> = self
            .published
            .iter()
            .map(|(number, ours)| (*number, ours.name.clone()))
            .collect();
        for (number, name) in tracks {
            self.session.publish(number, &name).await;
        }
        self.say_who_may_subscribe().await;
        self.tell(RoomEvent::Reconnected);
    }
}

/// Whether trying again would be refused again.
fn is_hopeless(error: &JoinError) -> bool {
    matches!(error, JoinError::Signal(livekit_signaling::SignalError::Client(status, _)) if matches!(status.as_u16(), 401 | 403 | 404))
        || matches!(error, JoinError::Token(_))
}
