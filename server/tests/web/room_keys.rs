//! Supervisors' browsers in the rooms of LiveKit: who gets which key, and who is put out. LiveKit's side is a stand-in that
//! writes down who was removed.

use crate::{
    installation::Installation,
    listening::{audited, closed, connect, live_call},
};
use axum::{Router, body::Bytes, routing::post};
use domain::{
    access::Role,
    call_command::{owner_of_voice, voices_of},
    call_sound::{MICROPHONE_OFF, MICROPHONE_ON, RoomKey, SoundNews},
};
use futures::{SinkExt, StreamExt};
use livekit_api::access_token::{Claims, TokenVerifier};
use std::time::Duration;
use store::PgPool;
use tokio::{sync::mpsc, time::timeout};
use tokio_tungstenite::tungstenite::Message;

const KEY: &str = "devkey";
const SECRET: &str = "a-secret-of-at-least-thirty-two-characters";
const PATIENCE: Duration = Duration::from_secs(20);

/// An installation on LiveKit whose build had the browser's client, and the bodies of all requests to remove somebody.
async fn on_livekit(pool: PgPool) -> (Installation, mpsc::UnboundedReceiver<Bytes>) {
    let (told, removed) = mpsc::unbounded_channel();
    let remove = move |body: Bytes| {
        let _ = told.send(body);
        async { ([("content-type", "application/protobuf")], Bytes::new()) }
    };
    let livekit = Router::new().route("/twirp/livekit.RoomService/RemoveParticipant", post(remove));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, livekit).await });
    let keys = [
        ("LIVEKIT_URL", url.as_str()),
        ("LIVEKIT_API_KEY", KEY),
        ("LIVEKIT_API_SECRET", SECRET),
        ("LIVEKIT_PUBLIC_URL", "wss://sound.example.com"),
    ];
    let installation = Installation::start_with(pool, &keys).await;
    let site = &installation.configuration.site_dir;
    std::fs::create_dir_all(site).expect("a folder");
    std::fs::write(site.join("livekit-client.js"), "").expect("a file");
    (installation, removed)
}

fn read(key: &RoomKey) -> Claims {
    TokenVerifier::with_api_key(KEY, SECRET)
        .verify(&key.token)
        .expect("ours")
}

async fn next(socket: &mut crate::listening::Socket) -> SoundNews {
    let reading = async {
        loop {
            if let Message::Text(text) = socket.next().await.expect("open").expect("a message") {
                return serde_json::from_str(text.as_str()).expect("news");
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("in time")
}

async fn is_removed(removed: &mut mpsc::UnboundedReceiver<Bytes>, identity: &str) {
    let waiting = async {
        loop {
            let body = removed.recv().await.expect("a request");
            if body.windows(identity.len()).any(|part| part == identity.as_bytes()) {
                return;
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect("removed in time");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_supervisor_hears_unseen_and_speaks_under_a_name_of_their_own(pool: PgPool) {
    let (installation, mut removed) = on_livekit(pool.clone()).await;
    let administrator = installation.administrator().await;
    let caller = installation.caller(&administrator).await;
    let cookie = installation.somebody(&caller, Role::Supervisor).await;
    let me = installation.caller(&cookie).await.user_id();
    let viewer = installation.somebody(&caller, Role::Viewer).await;
    let call = live_call(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.clone();
    for (cookie, origin, status) in [
        (Some(viewer.as_str()), ours.as_str(), 403),
        (None, &ours, 401),
        (Some(&cookie), "https://elsewhere.example", 403),
    ] {
        let refused = connect(&installation, call, cookie, origin).await;
        assert_eq!(refused.err(), Some(status), "from {origin}");
    }

    let mut socket = connect(&installation, call, Some(&cookie), &ours)
        .await
        .expect("let in");
    let SoundNews::Listen(key) = next(&mut socket).await else {
        panic!("the call is in a room");
    };
    assert_eq!(
        (key.url.as_str(), key.you.clone()),
        ("wss://sound.example.com", voices_of(me))
    );
    let listener = read(&key);
    assert_eq!(listener.video.room, format!("call-{call}"));
    assert!(listener.video.hidden && !listener.video.can_publish() && !listener.video.can_publish_data());
    assert!(listener.video.can_subscribe() && listener.exp - listener.nbf <= 300);
    assert_eq!(owner_of_voice(&listener.sub), Some(me));
    assert!(
        audited(&pool, call).await.is_empty(),
        "who only listens has no microphone"
    );

    socket.send(Message::text(MICROPHONE_ON)).await.expect("sent");
    let SoundNews::Speak(key) = next(&mut socket).await else {
        panic!("a key to speak");
    };
    let speaker = read(&key);
    assert_eq!(
        (speaker.video.room.clone(), key.agent.as_str()),
        (listener.video.room, "agent")
    );
    assert!(!speaker.video.hidden && speaker.video.can_publish_sources == ["microphone"]);
    assert_eq!(owner_of_voice(&speaker.sub), Some(me));
    assert_ne!(speaker.sub, listener.sub, "two participants");
    assert_eq!(audited(&pool, call).await, ["opened a microphone in call"]);

    socket.send(Message::text(MICROPHONE_OFF)).await.expect("sent");
    is_removed(&mut removed, &speaker.sub).await;
    drop(socket);
    is_removed(&mut removed, &listener.sub).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_may_no_longer_is_put_out_of_the_room_and_kept_out(pool: PgPool) {
    let (installation, mut removed) = on_livekit(pool.clone()).await;
    let administrator = installation.administrator().await;
    let caller = installation.caller(&administrator).await;
    let cookie = installation.somebody(&caller, Role::Supervisor).await;
    let supervisor = installation.caller(&cookie).await;
    let call = live_call(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.clone();
    let mut first = connect(&installation, call, Some(&cookie), &ours)
        .await
        .expect("let in");
    let SoundNews::Listen(heard) = next(&mut first).await else {
        panic!("the call is in a room");
    };
    first.send(Message::text(MICROPHONE_ON)).await.expect("sent");
    let SoundNews::Speak(spoken) = next(&mut first).await else {
        panic!("a key to speak");
    };
    operations::users::set_role(&installation.ops, &caller, supervisor.user_id(), Role::Viewer)
        .await
        .expect("changed");
    assert_eq!(closed(&mut first).await.0, 1_008);
    for _ in 0..2 {
        for key in [&heard, &spoken] {
            is_removed(&mut removed, &read(key).sub).await;
        }
    }

    let mut second = connect(&installation, call, Some(&administrator), &ours)
        .await
        .expect("let in");
    let SoundNews::Listen(heard) = next(&mut second).await else {
        panic!("the call is in a room");
    };
    operations::sign_in::sign_out(&installation.ops, &caller)
        .await
        .expect("signed out");
    assert_eq!(closed(&mut second).await.0, 1_008);
    is_removed(&mut removed, &read(&heard).sub).await;
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_stays_in_the_room_of_a_call_that_is_over(pool: PgPool) {
    let (installation, mut removed) = on_livekit(pool.clone()).await;
    let administrator = installation.administrator().await;
    let call = live_call(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.clone();
    let mut socket = connect(&installation, call, Some(&administrator), &ours)
        .await
        .expect("let in");
    let SoundNews::Listen(key) = next(&mut socket).await else {
        panic!("the call is in a room");
    };
    sqlx::query("UPDATE conversations SET status = 'completed', call_end_time = now() WHERE id = $1")
        .bind(call.0)
        .execute(&pool)
        .await
        .expect("ended");
    assert_eq!(closed(&mut socket).await, (1_000, "the call ended".to_owned()));
    is_removed(&mut removed, &read(&key).sub).await;
    let refused = connect(&installation, call, Some(&administrator), &ours).await;
    assert_eq!(refused.err(), Some(409));
}

#[sqlx::test(migrations = "../migrations")]
async fn without_the_browsers_client_sound_comes_over_the_connection_or_not_at_all(pool: PgPool) {
    let (installation, _removed) = on_livekit(pool.clone()).await;
    std::fs::remove_file(installation.configuration.site_dir.join("livekit-client.js")).expect("gone");
    let administrator = installation.administrator().await;
    let call = live_call(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.clone();
    // This process holds no such call, so there is nothing to send.
    let refused = connect(&installation, call, Some(&administrator), &ours).await;
    assert_eq!(refused.err(), Some(409));
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_may_reach_the_rooms_and_nothing_else(pool: PgPool) {
    let (installation, _removed) = on_livekit(pool).await;
    let page = installation.get("/sign-in", None).await;
    let policy = page.headers()["content-security-policy"].to_str().expect("text");
    let wanted = "connect-src 'self' wss://sound.example.com https://sound.example.com;";
    assert!(policy.contains(wanted), "{policy}");
    assert_eq!(installation.ops.installation.telephone_network, "livekit");
}
