//! The task that reads the log and hears the glimpses.

use super::{RING, Shared, State, Topic, glimpses::Pending, messages};
use domain::live::{Glimpse, Happening, LiveEvent};
use std::{collections::HashMap, ops::Deref, sync::Arc, time::Duration};
use store::{
    Store, StoreError,
    event_log::{self, Heard, Listener, Stretch, Which},
    events,
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// The log is read at once when something is announced, but not more often than this: under load, events travel
/// together, and a thousand viewers are not woken for each.
const READ_EVERY: Duration = Duration::from_millis(50);
/// Without an announcement the log is read this often: a lost NOTIFY costs a second.
const POLL_EVERY: Duration = Duration::from_secs(1);
const GLIMPSES_EVERY: Duration = Duration::from_millis(200);
/// Events read in one statement.
const STRETCH: i64 = 1_000;
/// Announcements that wait; of more, glimpses are dropped, and events are found by the poll.
const WAITING: usize = 1_024;

pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let (say, mut heard) = mpsc::channel(WAITING);
    let listening = tokio::spawn(listen(shared.store.clone(), say));
    let mut pending = Pending::default();
    let mut poll = interval(POLL_EVERY);
    let mut flush = interval(GLIMPSES_EVERY);
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut events_wait = false;
    let mut read_at = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(news) = heard.recv() => match news {
                Heard::Events => events_wait = true,
                Heard::Glimpses(json) => match serde_json::from_str::<Vec<Glimpse>>(&json) {
                    Ok(glimpses) => glimpses.into_iter().for_each(|glimpse| pending.add(glimpse)),
                    // A newer release may know others; they are worth nothing a second later.
                    Err(_) => tracing::debug!("a glimpse cannot be understood and is left out"),
                },
            },
            () = sleep_until(read_at), if events_wait => {
                if let Err(error) = read(&shared, &mut pending).await {
                    tracing::warn!(%error, "live events cannot be read; trying again in a second");
                }
                events_wait = false;
                read_at = Instant::now() + READ_EVERY;
            }
            _ = poll.tick() => {
                events_wait = true;
                shared.state().viewers.retain(|_, viewers| viewers.receiver_count() > 0);
            }
            _ = flush.tick() => tell_glimpses(&mut shared.state(), &mut pending),
        }
    }
    listening.abort();
    let mut state = shared.state();
    state.stopped = true;
    state.viewers.clear();
}

/// Hears announcements for as long as somebody wants them.
async fn listen(store: Store, say: mpsc::Sender<Heard>) {
    loop {
        let lost: Result<(), StoreError> = async {
            let mut listener = Listener::start(&store).await?;
            loop {
                let heard = listener.next().await?;
                // If the reader is behind, it will find the events, and glimpses may be lost.
                let _ = say.try_send(heard);
            }
        }
        .await;
        if let Err(error) = lost {
            tracing::warn!(%error, "announcements cannot be heard; trying again in a second");
        }
        sleep(POLL_EVERY).await;
    }
}

/// Reads all new events and hands them to the viewers.
async fn read(shared: &Shared, pending: &mut Pending) -> Result<(), StoreError> {
    let mut conn = shared.store.connection().await?;
    loop {
        let head = shared.state().head;
        let stretch = event_log::read(&mut conn, Which::All, head, i64::MAX, STRETCH).await?;
        if stretch.last.is_some() {
            // Viewers will remember its ids.
            events::to_disk(&mut conn).await?;
        }
        let full = stretch.full;
        for event in &stretch.events {
            match &event.happened {
                Happening::SentenceSpoken {
                    conversation_id,
                    segment,
                    ..
                } => pending.sentence_is_final(*conversation_id, segment.speaker),
                Happening::CallEnded { outcome } => pending.call_ended(outcome.conversation_id),
                _ => {}
            }
        }
        tell_events(&mut shared.state(), stretch);
        if !full {
            return Ok(());
        }
    }
}

fn tell_events(state: &mut State, stretch: Stretch) {
    let Some(last) = stretch.last else {
        return;
    };
    let events: Vec<Arc<LiveEvent>> = stretch.events.into_iter().map(Arc::new).collect();
    let mut by_topic: HashMap<Topic, Vec<&LiveEvent>> = HashMap::new();
    for event in &events {
        if let Happening::CallEnded { outcome } = &event.happened {
            state.agents.remove(&outcome.conversation_id);
        }
        for topic in [Some(Topic::Dashboard), messages::own_topic(event)]
            .into_iter()
            .flatten()
        {
            if state.viewers.contains_key(&topic) && messages::concerns(topic, event) {
                by_topic.entry(topic).or_default().push(event.deref());
            }
        }
    }
    for (topic, events) in by_topic {
        if let Some(viewers) = state.viewers.get(&topic) {
            // An error means that nobody is there any more.
            let _ = viewers.send(messages::of_batch(events.into_iter()));
        }
    }
    state.head = last;
    state.ring.extend(events);
    while state.ring.len() > RING {
        if let Some(gone) = state.ring.pop_front() {
            state.floor = gone.id;
        }
    }
}

fn tell_glimpses(state: &mut State, pending: &mut Pending) {
    let by_call = pending.take();
    let mut for_dashboard = Vec::new();
    for (conversation, glimpses) in &by_call {
        for glimpse in glimpses {
            if let Glimpse::AgentState { state: agent, .. } = glimpse {
                state.agents.insert(*conversation, *agent);
                for_dashboard.push(glimpse);
            }
        }
        if let Some(viewers) = state.viewers.get(&Topic::Conversation(*conversation)) {
            let _ = viewers.send(messages::of_glimpses(glimpses.iter()));
        }
    }
    if !for_dashboard.is_empty()
        && let Some(viewers) = state.viewers.get(&Topic::Dashboard)
    {
        let _ = viewers.send(messages::of_glimpses(for_dashboard.into_iter()));
    }
}
