//! Says back what everybody in a room says, half a second later.
//!
//! `cargo run -p livekit-participant --example echo -- ws://127.0.0.1:7880 <token>`; the token needs `roomJoin`.

use livekit_participant::{Engine, FRAME_SAMPLES, JoinOptions, RemoteAudioTrack, RoomEvent};
use std::{collections::VecDeque, env, error::Error, time::Duration};

const DELAY_FRAMES: usize = 25;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(url), Some(token)) = (arguments.next(), arguments.next()) else {
        return Err("usage: echo <url of LiveKit> <token>".into());
    };
    let (room, mut events) = Engine::new().join(JoinOptions::new(url, token)).await?;
    let voice = room.publish_audio("echo").await?;
    let mut tracks: Vec<RemoteAudioTrack> = Vec::new();
    let mut later = VecDeque::from([[0; FRAME_SAMPLES]; DELAY_FRAMES]);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            event = events.next() => match event {
                RoomEvent::TrackSubscribed(track) => tracks.push(track),
                RoomEvent::TrackUnsubscribed { sid } => tracks.retain(|track| track.sid() != sid),
                RoomEvent::Disconnected(reason) => return Err(format!("out of the room: {reason:?}").into()),
                _ => {}
            },
            _ = ticks.tick() => {
                let mut mixed = [0_i16; FRAME_SAMPLES];
                for track in &mut tracks {
                    let heard = track.pull().samples;
                    mixed.iter_mut().zip(heard).for_each(|(sum, sample)| *sum = sum.saturating_add(sample));
                }
                later.push_back(mixed);
                voice.send(&later.pop_front().unwrap_or(mixed));
            }
            _ = tokio::signal::ctrl_c() => {
                room.leave().await;
                return Ok(());
            }
        }
    }
}
