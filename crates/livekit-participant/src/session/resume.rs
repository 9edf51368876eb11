//! A lost signalling connection is made anew while media goes on, so that nobody hears of it.

use super::{Session, SessionEvent};
use livekit_protocol::{self as proto, signal_request::Message as Request};
use livekit_signaling::{SignalClient, SignalError, SignalResult};
use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// It is tried after these times, in milliseconds, and then again after the last one…
const RESUME_AFTER_MS: [u64; 5] = [0, 250, 500, 1_000, 2_000];
/// … as long as this since it was lost: then there is something that only a new session mends.
const MOST_RESUMING: Duration = Duration::from_secs(60);
/// Both sides ask every 2 or 3 s whether the other is there. A server that does not answer for so long is gone.
const SILENCE: Duration = Duration::from_secs(5);

pub(super) struct Resuming {
    since: Instant,
    attempts: usize,
    attempt: AbortOnDropHandle<SignalResult<proto::ReconnectResponse>>,
    /// What is to be told to the server meanwhile. The client would hold it too, but make us wait for its attempt.
    held: Vec<Request>,
}

/// What became of an attempt.
pub(crate) type Attempt = SignalResult<proto::ReconnectResponse>;

/// What the last negotiation of what we hear was about.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) offer: Option<proto::SessionDescription>,
    pub(super) answer: Option<proto::SessionDescription>,
}

/// The next result of an attempt; never if there is none. Cancel safe.
pub(super) async fn attempted(resuming: &mut Option<Resuming>) -> Attempt {
    match resuming {
        Some(resuming) => match (&mut resuming.attempt).await {
            Ok(attempt) => attempt,
            Err(error) => Err(SignalError::InvalidState(error.to_string())),
        },
        None => pending().await,
    }
}

impl Session {
    /// The signalling connection is gone.
    pub(super) fn lost_signalling(&mut self) {
        if self.resuming.is_some() {
            return;
        }
        // What was half agreed upon, nobody knows how the other side sees it.
        if !self.is_settled() {
            return self.end(None);
        }
        tracing::info!("LiveKit's signalling is lost; media goes on");
        self.resuming = Some(Resuming {
            since: Instant::now(),
            attempts: 1,
            attempt: attempt(self.signal.clone(), 0),
            held: Vec::new(),
        });
    }

    fn is_settled(&self) -> bool {
        self.trouble.is_none()
            && self.offered.is_none()
            && self.to_offer.is_empty()
            && self.to_stop.is_empty()
            && self.tracks.values().all(|track| track.answered)
            && self.publisher.peer.rtc.is_connected()
            && self.subscriber.peer.rtc.is_connected()
    }

    /// When the server is taken for gone, while it is only its signalling that is known to be.
    pub(super) fn silent_at(&self) -> Option<Instant> {
        let heard = self.publisher.peer.heard.min(self.subscriber.peer.heard);
        self.resuming.as_ref().map(|_| heard + SILENCE)
    }

    /// Keeps back what the server cannot be told at the moment.
    pub(super) fn hold(&mut self, request: Request) -> Option<Request> {
        match &mut self.resuming {
            Some(resuming) => {
                resuming.held.push(request);
                None
            }
            None => Some(request),
        }
    }

    pub(super) async fn attempted(&mut self, attempt_made: Attempt) -> Result<(), str0m::RtcError> {
        let Some(mut resuming) = self.resuming.take() else {
            return Ok(());
        };
        match attempt_made {
            Ok(_) => {
                tracing::info!("LiveKit's signalling is back");
                self.signal.send(Request::SyncState(self.sync_state())).await;
                self.signal.set_reconnected().await;
                for request in resuming.held {
                    self.signal.send(request).await;
                }
                self.events.push_back(SessionEvent::Resumed);
                self.negotiate().await
            }
            Err(error) if may_pass(&error) && resuming.since.elapsed() < MOST_RESUMING => {
                let last = RESUME_AFTER_MS.len() - 1;
                let pause = RESUME_AFTER_MS[resuming.attempts.min(last)];
                resuming.attempts += 1;
                resuming.attempt = attempt(self.signal.clone(), pause);
                self.resuming = Some(resuming);
                Ok(())
            }
            Err(error) => {
                tracing::info!(%error, "LiveKit's session cannot be resumed");
                self.end(None);
                Ok(())
            }
        }
    }

    fn sync_state(&self) -> proto::SyncState {
        let published = self.tracks.values().map(|track| proto::TrackPublishedResponse {
            cid: track.cid.clone(),
            track: Some(track.info.clone()),
        });
        proto::SyncState {
            offer: self.heard.offer.clone(),
            answer: self.heard.answer.clone(),
            // Nothing to add: the server remembers what we subscribed to.
            subscription: Some(proto::UpdateSubscription {
                subscribe: true,
                ..Default::default()
            }),
            publish_tracks: published.collect(),
            ..Default::default()
        }
    }
}

fn attempt(signal: Arc<SignalClient>, pause_ms: u64) -> AbortOnDropHandle<Attempt> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        sleep(Duration::from_millis(pause_ms)).await;
        signal.restart(proto::ReconnectReason::RrSignalDisconnected).await
    }))
}

/// Whether it may be different the next time. A server that has forgotten us says so.
fn may_pass(error: &SignalError) -> bool {
    match error {
        SignalError::Connection(_)
        | SignalError::Timeout(_)
        | SignalError::Closed
        | SignalError::SendError
        | SignalError::Server(..) => true,
        SignalError::Handshake { status } => status.is_server_error(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(may_pass(&SignalError::Connection("refused".to_owned())));
        assert!(may_pass(&SignalError::Timeout("late".to_owned())));
        let forgotten = SignalError::LeaveRequest {
            reason: proto::DisconnectReason::StateMismatch,
            action: proto::leave_request::Action::Reconnect,
        };
        assert!(!may_pass(&forgotten));
        assert!(!may_pass(&SignalError::UrlParse("no host".to_owned())));
    }
}
