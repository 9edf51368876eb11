//! Sound levels, partial text and the like, on their way to whoever watches. Ten times a second all of a process's news
//! goes out together, the latest of each kind; what does not fit is dropped, since it is worthless a second later.

use domain::{ConversationId, conversation::Speaker, live::Glimpse};
use std::{collections::HashMap, time::Duration};
use store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const RHYTHM: Duration = Duration::from_millis(100);
/// News that may wait between two rounds: 500 calls with all their kinds, and some.
const WAITING: usize = 4_096;
/// PostgreSQL takes notifications below 8,000 bytes.
const PAYLOAD_BYTES: usize = 7_900;
/// Of a long partial text only the end is shown.
const PARTIAL_TEXT_CHARS: usize = 600;

/// Where calls put their glimpses.
#[derive(Clone, Debug)]
pub(crate) struct GlimpseSender(mpsc::Sender<Glimpse>);

impl GlimpseSender {
    /// Never blocks; drops the glimpse if too many wait.
    pub(crate) fn send(&self, glimpse: Glimpse) {
        let _ = self.0.try_send(glimpse);
    }
}

pub(crate) fn channel() -> (GlimpseSender, mpsc::Receiver<Glimpse>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (GlimpseSender(sender), receiver)
}

/// Sends glimpses on until `stop`.
pub(crate) async fn send_on(store: Store, mut glimpses: mpsc::Receiver<Glimpse>, stop: CancellationToken) {
    let mut rhythm = tokio::time::interval(RHYTHM);
    rhythm.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rhythm.tick() => {}
        }
        let mut waiting = Vec::new();
        while let Ok(glimpse) = glimpses.try_recv() {
            waiting.push(glimpse);
        }
        let payloads = payloads(latest(waiting));
        if payloads.is_empty() {
            continue;
        }
        let outcome = async {
            let mut conn = store.connection().await?;
            store::calls::show_glimpses(&mut conn, &payloads).await
        };
        if let Err(error) = outcome.await {
            tracing::debug!(%error, "glimpses were dropped");
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Kind {
    State,
    Floor,
    Colleague,
    Text(Speaker),
    Levels,
}

/// The last of each kind for each call, in the order in which they first came.
fn latest(glimpses: Vec<Glimpse>) -> Vec<Glimpse> {
    let mut latest: Vec<Glimpse> = Vec::new();
    let mut places: HashMap<(ConversationId, Kind), usize> = HashMap::new();
    for glimpse in glimpses {
        let kind = match &glimpse {
            Glimpse::AgentState { .. } => Kind::State,
            Glimpse::Floor { .. } => Kind::Floor,
            Glimpse::Colleague { .. } => Kind::Colleague,
            Glimpse::PartialText { speaker, .. } => Kind::Text(*speaker),
            Glimpse::Levels { .. } => Kind::Levels,
        };
        let place = *places.entry((glimpse.conversation(), kind)).or_insert(latest.len());
        match latest.get_mut(place) {
            Some(earlier) => *earlier = glimpse,
            None => latest.push(glimpse),
        }
    }
    latest
}

/// JSON arrays, each small enough for one notification.
fn payloads(glimpses: Vec<Glimpse>) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut payload = String::new();
    for glimpse in glimpses {
        let Ok(json) = serde_json::to_string(&shortened(glimpse)) else {
            continue;
        };
        if json.len() + 2 > PAYLOAD_BYTES {
            continue;
        }
        if !payload.is_empty() && payload.len() + json.len() + 2 > PAYLOAD_BYTES {
            payload.push(']');
            payloads.push(std::mem::take(&mut payload));
        }
        payload.push(if payload.is_empty() { '[' } else { ',' });
        payload.push_str(&json);
    }
    if !payload.is_empty() {
        payload.push(']');
        payloads.push(payload);
    }
    payloads
}

fn shortened(glimpse: Glimpse) -> Glimpse {
    match glimpse {
        Glimpse::PartialText {
            conversation_id,
            speaker,
            text,
        } => {
            let surplus = text.reveal().chars().count().saturating_sub(PARTIAL_TEXT_CHARS);
            let text = if surplus == 0 {
                text
            } else {
                let end: String = text.reveal().chars().skip(surplus).collect();
                format!("…{end}").into()
            };
            Glimpse::PartialText {
                conversation_id,
                speaker,
                text,
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(call: u128, agent: u8) -> Glimpse {
        Glimpse::Levels {
            conversation_id: ConversationId(uuid::Uuid::from_u128(call)),
            agent,
            person: 0,
        }
    }

    #[test]
    fn only_the_latest_of_each_call_goes_out() {
        assert_eq!(
            latest(vec![levels(1, 5), levels(2, 6), levels(1, 7)]),
            [levels(1, 7), levels(2, 6)]
        );
    }

    #[test]
    fn every_payload_is_a_json_array_that_fits() {
        let mut glimpses: Vec<Glimpse> = (0..500).map(|call| levels(call, 50)).collect();
        glimpses.push(Glimpse::PartialText {
            conversation_id: ConversationId(uuid::Uuid::from_u128(501)),
            speaker: Speaker::Person,
            text: "\u{1}é".repeat(5_000).into(),
        });
        let sent = payloads(glimpses);
        assert!(sent.iter().all(|payload| payload.len() < 8_000));
        let read: usize = sent
            .iter()
            .map(|payload| serde_json::from_str::<Vec<Glimpse>>(payload).expect("an array").len())
            .sum();
        assert_eq!(read, 501);
    }
}
