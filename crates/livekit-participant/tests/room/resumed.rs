//! A participant that loses only its signalling.

use crate::support::{hear, join, join_at, say, server, signal_proxy::SignalProxy, track_of, until};
use livekit_api::services::LiveKitApi;
use livekit_participant::{Engine, OutgoingData, RoomEvent, RoomEvents};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// 8 s of sound.
const FRAMES: usize = 400;

#[tokio::test]
async fn sound_goes_on_while_signalling_is_lost_and_nobody_hears_of_it() {
    let server = server();
    let proxy = SignalProxy::start(server.address(), None).await;
    let engine = Engine::new();
    let (phone, mut phone_events) = join(&engine, &server, "resumed", "phone", "sip").await;
    let phone_voice = phone.publish_audio("voice").await.unwrap();
    let (agent, mut agent_events) = join_at(&engine, &proxy.url(), "resumed", "agent", "agent").await;
    let agent_voice = agent.publish_audio("voice").await.unwrap();
    let mut from_phone = track_of(&mut agent_events, "phone").await;
    let mut from_agent = track_of(&mut phone_events, "agent").await;
    let (sid, track) = (agent.local().sid, agent_voice.sid().to_owned());
    assert_eq!(proxy.passed(), 1);

    // Cut once, and once for longer than one attempt.
    let cutting = async {
        sleep(Duration::from_secs(2)).await;
        proxy.cut();
        sleep(Duration::from_secs(2)).await;
        proxy.close();
        // Whoever is muted or allowed meanwhile, it is not forgotten.
        agent.allow_subscribers(Some(vec!["phone".to_owned(), "listener".to_owned()]));
        sleep(Duration::from_secs(2)).await;
        proxy.cut();
    };
    let (by_agent, by_phone, (), (), ()) = tokio::join!(
        hear(&mut from_phone, 440.0, FRAMES),
        hear(&mut from_agent, 1_000.0, FRAMES),
        say(&agent_voice, 1_000.0, FRAMES),
        say(&phone_voice, 440.0, FRAMES),
        cutting,
    );
    let told = format!(
        "{by_agent:?} {:?} {by_phone:?} {:?}",
        from_phone.stats(),
        from_agent.stats()
    );
    assert!(by_phone.frames.min(by_agent.frames) > FRAMES * 9 / 10, "{told}");
    // Every packet of the agent's came. The server restarts ICE towards a listener who resumes, and drops the two or three
    // packets of that moment.
    assert!(from_agent.stats().received >= FRAMES as u64 - 3, "{told}");
    assert!(from_phone.stats().received >= FRAMES as u64 - 20, "{told}");
    // A busy machine has gaps of its own.
    assert!(by_agent.longest_gap.max(by_phone.longest_gap) <= 10, "{told}");
    assert!(proxy.passed() >= 3, "{}", proxy.passed());
    assert_eq!(
        (agent.local().sid.as_str(), agent_voice.sid()),
        (&*sid, &*track),
        "the same session"
    );

    // Everything works as before: data, attributes, who comes and goes, and new tracks.
    agent
        .send_data(OutgoingData {
            payload: vec![7],
            reliable: true,
            ..Default::default()
        })
        .await
        .unwrap();
    agent
        .set_attributes([("a".to_owned(), "b".to_owned())].into())
        .await
        .unwrap();
    let (mut data, mut changed) = (false, false);
    until(&mut phone_events, "data and attributes", |event| {
        assert!(!is_trace(&event), "{event:?}");
        data |= matches!(&event, RoomEvent::Data { payload, .. } if *payload == [7]);
        changed |= matches!(&event, RoomEvent::ParticipantChanged(who) if who.attributes.contains_key("a"));
        (data && changed).then_some(())
    })
    .await;
    let (listener, mut listener_events) = join(&engine, &server, "resumed", "listener", "standard").await;
    let second = agent.publish_audio("second").await.unwrap();
    until(&mut listener_events, "the new track", |event| match event {
        RoomEvent::TrackSubscribed(track) if track.sid() == second.sid() => Some(()),
        _ => None,
    })
    .await;
    // Who comes and goes at once is never told of.
    until(&mut agent_events, "the listener", |event| {
        assert!(!is_rejoining(&event), "{event:?}");
        matches!(event, RoomEvent::ParticipantJoined(who) if who.identity == "listener").then_some(())
    })
    .await;
    listener.leave().await;
    until(&mut agent_events, "the listener to leave", |event| {
        assert!(!is_rejoining(&event), "{event:?}");
        matches!(event, RoomEvent::ParticipantLeft { participant, .. } if participant.identity == "listener")
            .then_some(())
    })
    .await;
    agent.leave().await;
    phone.leave().await;
}

/// Whether somebody can tell from it that the agent's connection was not always there.
fn is_trace(event: &RoomEvent) -> bool {
    match event {
        RoomEvent::ParticipantLeft { .. }
        | RoomEvent::ParticipantJoined(_)
        | RoomEvent::TrackUnpublished { .. }
        | RoomEvent::TrackUnsubscribed { .. }
        | RoomEvent::Reconnecting
        | RoomEvent::Disconnected(_) => true,
        RoomEvent::TrackPublished { identity, .. } => identity == "agent",
        _ => false,
    }
}

fn is_rejoining(event: &RoomEvent) -> bool {
    matches!(
        event,
        RoomEvent::Reconnecting | RoomEvent::Reconnected | RoomEvent::Disconnected(_)
    )
}

#[tokio::test]
async fn who_has_been_put_out_meanwhile_joins_anew() {
    let server = server();
    let api: LiveKitApi = crate::support::api(&server);
    let proxy = SignalProxy::start(server.address(), None).await;
    let engine = Engine::new();
    let (agent, mut agent_events) = join_at(&engine, &proxy.url(), "forgotten", "agent", "agent").await;
    let voice = agent.publish_audio("voice").await.unwrap();
    let (_phone, mut phone_events) = join(&engine, &server, "forgotten", "phone", "sip").await;
    track_of(&mut phone_events, "agent").await;
    let sid = agent.local().sid;
    proxy.close();
    api.room().remove_participant("forgotten", "agent").await.unwrap();
    proxy.cut();
    until(&mut agent_events, "the new session", |event| {
        matches!(event, RoomEvent::Reconnected).then_some(())
    })
    .await;
    assert_ne!(agent.local().sid, sid);
    let mut heard = track_of(&mut phone_events, "agent").await;
    let (heard, ()) = tokio::join!(hear(&mut heard, 600.0, 100), say(&voice, 600.0, 100));
    assert!(heard.frames > 50, "{heard:?}");
}

/// A server that dies takes its media with it: that is no case of a lost signalling.
#[tokio::test]
async fn a_server_that_dies_is_missed_within_seconds() {
    let server = server();
    let engine = Engine::new();
    let (_agent, mut events) = join(&engine, &server, "dies", "agent", "agent").await;
    drop(server);
    timeout(Duration::from_secs(12), reconnecting(&mut events))
        .await
        .unwrap();
}

async fn reconnecting(events: &mut RoomEvents) {
    while !matches!(events.next().await, RoomEvent::Reconnecting) {}
}
