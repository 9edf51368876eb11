//! Two participants in a room of a real livekit-server.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod impaired;
mod reach;
mod refused;
mod resumed;
mod secure;
mod support;

use livekit_participant::{
    Engine, JoinError, JoinOptions, LeaveReason, OutgoingData, ParticipantKind, RoomError, RoomEvent,
};
use std::collections::HashMap;
use support::{api, join, listen, say, server, token, track_of, until};

#[tokio::test]
async fn two_participants_exchange_sound_and_data() {
    let server = server();
    let engine = Engine::new();
    let (agent, mut agent_events) = join(&engine, &server, "exchange", "agent", "agent").await;
    let agent_voice = agent.publish_audio("voice").await.unwrap();
    let (phone, mut phone_events) = join(&engine, &server, "exchange", "phone", "sip").await;
    let phone_voice = phone.publish_audio("voice").await.unwrap();
    assert_eq!(
        (agent.name().as_str(), agent.local().kind),
        ("exchange", ParticipantKind::Agent)
    );

    let joined = until(&mut agent_events, "the phone", |event| match event {
        RoomEvent::ParticipantJoined(who) => Some(who),
        _ => None,
    });
    assert_eq!(joined.await.kind, ParticipantKind::Sip);
    let mut from_phone = track_of(&mut agent_events, "phone").await;
    let mut from_agent = track_of(&mut phone_events, "agent").await;
    let (heard_by_agent, heard_by_phone, (), ()) = tokio::join!(
        listen(&mut from_phone, 440.0, 150),
        listen(&mut from_agent, 1_000.0, 150),
        say(&agent_voice, 1_000.0, 150),
        say(&phone_voice, 440.0, 150),
    );
    assert!(heard_by_agent > 100, "{heard_by_agent} {:?}", from_phone.stats());
    assert!(heard_by_phone > 100, "{heard_by_phone} {:?}", from_agent.stats());

    // Data, text, keys, attributes.
    let data = OutgoingData {
        payload: vec![1, 2, 3],
        topic: Some("t".into()),
        reliable: true,
        to: Vec::new(),
    };
    agent.send_data(data.clone()).await.unwrap();
    let got = until(&mut phone_events, "data", |event| match event {
        RoomEvent::Data { from, topic, payload } => Some((from, topic, payload)),
        _ => None,
    });
    assert_eq!(got.await, ("agent".into(), Some("t".into()), vec![1, 2, 3]));
    agent
        .send_text("script", "Grüß Gott", &["phone".to_owned()])
        .await
        .unwrap();
    let got = until(&mut phone_events, "text", |event| match event {
        RoomEvent::Text { from, topic, text } => Some((from, topic, text)),
        _ => None,
    });
    assert_eq!(got.await, ("agent".into(), "script".into(), "Grüß Gott".into()));
    phone.send_dtmf('9').await.unwrap();
    let got = until(&mut agent_events, "a key", |event| match event {
        RoomEvent::Dtmf { from, digit } => Some((from, digit)),
        _ => None,
    });
    assert_eq!(got.await, ("phone".into(), '9'));
    phone
        .set_attributes(HashMap::from([("sip.callStatus".into(), "active".into())]))
        .await
        .unwrap();
    let got = until(&mut agent_events, "attributes", |event| match event {
        RoomEvent::ParticipantChanged(who) => who.attributes.get("sip.callStatus").cloned(),
        _ => None,
    });
    assert_eq!(got.await, "active");
    assert_eq!(agent.participants()[0].attributes["sip.callStatus"], "active");

    // Unreliable data may be lost, but not always.
    let mut lossy = false;
    for _ in 0..20 {
        phone
            .send_data(OutgoingData {
                reliable: false,
                ..data.clone()
            })
            .await
            .unwrap();
        let next = tokio::time::timeout(std::time::Duration::from_millis(500), agent_events.next()).await;
        lossy |= matches!(next, Ok(RoomEvent::Data { .. }));
        if lossy {
            break;
        }
    }
    assert!(lossy);

    phone.leave().await;
    let left = until(&mut agent_events, "the phone to leave", |event| match event {
        RoomEvent::ParticipantLeft { participant, reason } => Some((participant.identity, reason)),
        _ => None,
    });
    assert_eq!(left.await, ("phone".into(), LeaveReason::ClientInitiated));
    assert!(matches!(
        until(&mut phone_events, "the end", end).await,
        LeaveReason::ClientInitiated
    ));
    assert!(matches!(phone.send_dtmf('1').await, Err(RoomError::Left)));
    agent.leave().await;
}

fn joined(event: RoomEvent) -> Option<String> {
    match event {
        RoomEvent::ParticipantJoined(who) => Some(who.identity),
        _ => None,
    }
}

fn end(event: RoomEvent) -> Option<LeaveReason> {
    match event {
        RoomEvent::Disconnected(reason) => Some(reason),
        _ => None,
    }
}

#[tokio::test]
async fn each_end_has_its_reason() {
    let server = server();
    let engine = Engine::new();
    let api = api(&server);
    let (agent, mut agent_events) = join(&engine, &server, "ends", "agent", "agent").await;

    let (_removed, mut removed_events) = join(&engine, &server, "ends", "removed", "standard").await;
    // Who comes and goes at once is never told of.
    until(&mut agent_events, "its arrival", joined).await;
    api.room().remove_participant("ends", "removed").await.unwrap();
    assert_eq!(
        until(&mut removed_events, "removal", end).await,
        LeaveReason::ParticipantRemoved
    );
    assert!(
        matches!(
            removed_events.next().await,
            RoomEvent::Disconnected(LeaveReason::ParticipantRemoved)
        ),
        "for ever"
    );
    let left = until(&mut agent_events, "removal", |event| match event {
        RoomEvent::ParticipantLeft { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(left.await, LeaveReason::ParticipantRemoved);

    let (_first, mut first_events) = join(&engine, &server, "ends", "twin", "standard").await;
    until(&mut agent_events, "the twin", joined).await;
    let (second, _second_events) = join(&engine, &server, "ends", "twin", "standard").await;
    assert_eq!(
        until(&mut first_events, "its twin", end).await,
        LeaveReason::DuplicateIdentity
    );
    let replaced = until(&mut agent_events, "the twin", |event| match event {
        RoomEvent::ParticipantLeft { participant, .. } => Some(participant.identity),
        _ => None,
    });
    assert_eq!(replaced.await, "twin");
    assert_eq!(agent.participants().len(), 1);
    second.leave().await;

    api.room().delete_room("ends").await.unwrap();
    assert_eq!(
        until(&mut agent_events, "the end of the room", end).await,
        LeaveReason::RoomDeleted
    );
}

#[tokio::test]
async fn whoever_is_not_permitted_is_refused() {
    use livekit_api::access_token::{AccessToken, VideoGrants};
    let server = server();
    let engine = Engine::new();
    let wrong = AccessToken::with_api_key(local_livekit::API_KEY, "another secret that is long enough")
        .with_identity("x")
        .with_grants(VideoGrants {
            room_join: true,
            room: "r".into(),
            ..Default::default()
        })
        .to_jwt()
        .unwrap();
    let refused = engine.join(JoinOptions::new(server.url(), wrong)).await;
    assert!(matches!(refused, Err(JoinError::Signal(_))), "{:?}", refused.err());
    let nobody = engine
        .join(JoinOptions::new("ws://127.0.0.1:9", token("r", "x", "standard")))
        .await;
    assert!(matches!(nobody, Err(JoinError::Signal(_))), "{:?}", nobody.err());
    let nonsense = engine
        .join(JoinOptions::new("not an address", token("r", "x", "standard")))
        .await;
    assert!(matches!(nonsense, Err(JoinError::Signal(_))), "{:?}", nonsense.err());

    let listener = AccessToken::with_api_key(local_livekit::API_KEY, local_livekit::API_SECRET)
        .with_identity("listener")
        .with_grants(VideoGrants {
            room_join: true,
            room: "r".into(),
            can_publish: Some(false),
            hidden: true,
            ..Default::default()
        })
        .to_jwt()
        .unwrap();
    let (room, _events) = engine.join(JoinOptions::new(server.url(), listener)).await.unwrap();
    let refused = room.publish_audio("voice").await;
    assert!(
        matches!(refused, Err(RoomError::Refused(_) | RoomError::NoAnswer)),
        "{:?}",
        refused.err()
    );
    let refused = room.set_attributes(HashMap::from([("a".into(), "b".into())])).await;
    assert!(matches!(refused, Err(RoomError::Refused(_))), "{refused:?}");
    room.leave().await;
}

#[tokio::test]
async fn ten_rounds_of_leaving_and_joining_stay_audible() {
    let server = server();
    let engine = Engine::new();
    let (_agent, mut agent_events) = join(&engine, &server, "rounds", "agent", "agent").await;
    for round in 0..10 {
        let (phone, _events) = join(&engine, &server, "rounds", "phone", "sip").await;
        let voice = phone.publish_audio("voice").await.unwrap();
        let mut heard = track_of(&mut agent_events, "phone").await;
        let hz = 300.0 + 100.0 * f64::from(round);
        let (frames, ()) = tokio::join!(listen(&mut heard, hz, 50), say(&voice, hz, 50));
        assert!(frames > 20, "round {round}: {frames} {:?}", heard.stats());
        phone.leave().await;
    }
}

#[tokio::test]
async fn who_may_hear_is_for_the_speaker_to_say() {
    let server = server();
    let engine = Engine::new();
    let (whisperer, _whisperer_events) = join(&engine, &server, "gates", "whisperer", "standard").await;
    whisperer.allow_subscribers(Some(vec!["agent".to_owned()]));
    let voice = whisperer.publish_audio("voice").await.unwrap();
    let (_agent, mut agent_events) = join(&engine, &server, "gates", "agent", "agent").await;
    let (_phone, mut phone_events) = join(&engine, &server, "gates", "phone", "sip").await;
    let mut heard = track_of(&mut agent_events, "whisperer").await;
    let (frames, ()) = tokio::join!(listen(&mut heard, 700.0, 50), say(&voice, 700.0, 50));
    assert!(frames > 20, "{frames}");
    let overheard = async {
        loop {
            if let RoomEvent::TrackSubscribed(_) = phone_events.next().await {
                return;
            }
        }
    };
    assert!(
        tokio::time::timeout(std::time::Duration::from_secs(1), overheard)
            .await
            .is_err()
    );
    // Until it is said otherwise.
    whisperer.allow_subscribers(None);
    track_of(&mut phone_events, "whisperer").await;
}

#[tokio::test]
async fn a_server_that_goes_away_and_comes_back_is_joined_again() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let options = local_livekit::Options {
        port: Some(port),
        ..Default::default()
    };
    let first = local_livekit::LocalLiveKit::start(&options).unwrap();
    let engine = Engine::new();
    let (agent, mut agent_events) = join(&engine, &first, "again", "agent", "agent").await;
    let voice = agent.publish_audio("voice").await.unwrap();
    agent.allow_subscribers(Some(vec!["phone".to_owned()]));
    drop(first);
    until(&mut agent_events, "the loss", |event| {
        matches!(event, RoomEvent::Reconnecting).then_some(())
    })
    .await;
    let second = local_livekit::LocalLiveKit::start(&options).unwrap();
    until(&mut agent_events, "the new connection", |event| {
        matches!(event, RoomEvent::Reconnected).then_some(())
    })
    .await;
    // What was published is there again, and so is who may hear it.
    let (_phone, mut phone_events) = join(&engine, &second, "again", "phone", "sip").await;
    let mut heard = track_of(&mut phone_events, "agent").await;
    let (frames, ()) = tokio::join!(listen(&mut heard, 600.0, 100), say(&voice, 600.0, 100));
    assert!(frames > 50, "{frames} {:?}", heard.stats());
    agent.leave().await;
}
