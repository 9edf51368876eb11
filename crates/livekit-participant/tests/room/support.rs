//! Participants in rooms of a real livekit-server.

pub(crate) mod relay;
pub(crate) mod signal_proxy;

use livekit_api::{
    access_token::{AccessToken, VideoGrants},
    services::LiveKitApi,
};
use livekit_participant::{
    Engine, FRAME_SAMPLES, JoinOptions, LocalAudioTrack, RemoteAudioTrack, Room, RoomEvent, RoomEvents, SAMPLE_RATE_HZ,
};
use local_livekit::{API_KEY, API_SECRET, LocalLiveKit, Options};
use std::{f64::consts::TAU, time::Duration};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// No wait lasts longer, on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn server() -> LocalLiveKit {
    LocalLiveKit::start(&Options::default()).unwrap()
}

pub(crate) fn api(server: &LocalLiveKit) -> LiveKitApi {
    LiveKitApi::with_api_key(&server.url().replace("ws://", "http://"), API_KEY, API_SECRET)
}

pub(crate) fn token(room: &str, identity: &str, kind: &str) -> String {
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        can_update_own_metadata: Some(true),
        agent: kind == "agent",
        ..Default::default()
    };
    AccessToken::with_api_key(API_KEY, API_SECRET)
        .with_identity(identity)
        .with_kind(kind)
        .with_grants(grants)
        .to_jwt()
        .unwrap()
}

pub(crate) async fn join(
    engine: &Engine,
    server: &LocalLiveKit,
    room: &str,
    identity: &str,
    kind: &str,
) -> (Room, RoomEvents) {
    join_at(engine, &server.url(), room, identity, kind).await
}

pub(crate) async fn join_at(engine: &Engine, url: &str, room: &str, identity: &str, kind: &str) -> (Room, RoomEvents) {
    let options = JoinOptions::new(url, token(room, identity, kind));
    timeout(PATIENCE, engine.join(options)).await.unwrap().unwrap()
}

/// The next event that fits; others are passed over.
pub(crate) async fn until<T>(events: &mut RoomEvents, what: &str, mut fits: impl FnMut(RoomEvent) -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = fits(events.next().await) {
                return found;
            }
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for: {what}"))
}

pub(crate) async fn track_of(events: &mut RoomEvents, identity: &str) -> RemoteAudioTrack {
    until(events, "a track", |event| match event {
        RoomEvent::TrackSubscribed(track) if track.participant() == identity => Some(track),
        _ => None,
    })
    .await
}

/// Amplitude of every tone.
const LOUDNESS: f64 = 8_000.0;

/// A frame of a tone.
pub(crate) fn tone(hz: f64, frame: usize) -> [i16; FRAME_SAMPLES] {
    std::array::from_fn(|n| {
        let time = (frame * FRAME_SAMPLES + n) as f64 / f64::from(SAMPLE_RATE_HZ);
        (LOUDNESS * (TAU * hz * time).sin()) as i16
    })
}

/// Says a tone for so many frames, in the rhythm of a call.
pub(crate) async fn say(track: &LocalAudioTrack, hz: f64, frames: usize) {
    let mut ticks = ticks();
    for frame in 0..frames {
        ticks.tick().await;
        track.send(&tone(hz, frame));
    }
}

pub(crate) fn ticks() -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_millis(20));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

/// Listens for so many frames: how many held the tone.
pub(crate) async fn listen(track: &mut RemoteAudioTrack, hz: f64, frames: usize) -> usize {
    let mut ticks = ticks();
    let mut heard = 0;
    for _ in 0..frames {
        ticks.tick().await;
        heard += usize::from(purity(&track.pull().samples, hz) > 0.8);
    }
    heard
}

/// An agent and a phone in a room who have said a tone to each other.
pub(crate) struct Talked {
    pub(crate) agent: (Room, RoomEvents),
    pub(crate) phone: (Room, RoomEvents),
    /// What the agent has of the phone, and what it heard: 440 Hz.
    pub(crate) by_agent: (RemoteAudioTrack, Heard),
    /// The same of the other side: 1 kHz.
    pub(crate) by_phone: (RemoteAudioTrack, Heard),
}

/// Both come in and speak for so many frames.
pub(crate) async fn talk(engine: &Engine, url: &str, room: &str, frames: usize) -> Talked {
    let mut agent = join_at(engine, url, room, "agent", "agent").await;
    let agent_voice = agent.0.publish_audio("voice").await.unwrap();
    let mut phone = join_at(engine, url, room, "phone", "sip").await;
    let phone_voice = phone.0.publish_audio("voice").await.unwrap();
    let mut from_phone = track_of(&mut agent.1, "phone").await;
    let mut from_agent = track_of(&mut phone.1, "agent").await;
    let (by_agent, by_phone, (), ()) = tokio::join!(
        hear(&mut from_phone, 440.0, frames),
        hear(&mut from_agent, 1_000.0, frames),
        say(&agent_voice, 1_000.0, frames),
        say(&phone_voice, 440.0, frames),
    );
    Talked {
        agent,
        phone,
        by_agent: (from_phone, by_agent),
        by_phone: (from_agent, by_phone),
    }
}

/// Part of a frame's energy that is at this frequency (Goertzel's algorithm), 0 to 1; 0 for silence.
pub(crate) fn purity(samples: &[i16], hz: f64) -> f64 {
    let energy = energy(samples);
    if energy < 1e6 {
        return 0.0;
    }
    let omega = TAU * hz / f64::from(SAMPLE_RATE_HZ);
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        let zero = f64::from(*sample) + 2.0 * omega.cos() * one - two;
        (two, one) = (one, zero);
    }
    let power = one.powi(2) + two.powi(2) - 2.0 * omega.cos() * one * two;
    2.0 * power / (energy * samples.len() as f64)
}

/// What was heard of a tone, from its first frame on.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Frames since then.
    pub(crate) frames: usize,
    /// Frames in which it was 20 dB quieter than it was said, and most of them in a row.
    pub(crate) gaps: usize,
    pub(crate) longest_gap: usize,
    /// Frames in which it was 6 dB quieter.
    pub(crate) quiet: usize,
    /// Part of the energy that was not the tone.
    pub(crate) error: f64,
}

/// Listens for so many frames.
pub(crate) async fn hear(track: &mut RemoteAudioTrack, hz: f64, frames: usize) -> Heard {
    let mut ticks = ticks();
    let (mut heard, mut gap, mut all, mut tone) = (Heard::default(), 0, 0.0, 0.0);
    for _ in 0..frames {
        ticks.tick().await;
        let samples = track.pull().samples;
        let energy = energy(&samples);
        let of_tone = energy * purity(&samples, hz);
        let loudness = (2.0 * of_tone / FRAME_SAMPLES as f64).sqrt();
        let audible = loudness > LOUDNESS / 10.0;
        if heard.frames == 0 && !audible {
            continue;
        }
        heard.frames += 1;
        gap = if audible { 0 } else { gap + 1 };
        heard.gaps += usize::from(!audible);
        heard.quiet += usize::from(loudness < LOUDNESS / 2.0);
        heard.longest_gap = heard.longest_gap.max(gap);
        (all, tone) = (all + energy, tone + of_tone);
    }
    heard.error = 1.0 - tone / all;
    heard
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}
