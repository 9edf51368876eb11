//! Hearing a call and speaking in it over a WebSocket.

use crate::installation::Installation;
use domain::{
    ConversationId, access::Role, call_command::owner_of_voice, conversation::Disposition, new_id, trial::TrialNews,
};
use futures::{SinkExt, StreamExt};
use sqlx::types::Uuid;
use std::time::Duration;
use store::PgPool;
use telephony::{Frame, Microphone, RoomEvent};
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATIENCE: Duration = Duration::from_secs(20);

/// A call that was answered, and what its agent perceives of supervisors.
struct Call {
    id: ConversationId,
    events: mpsc::UnboundedReceiver<RoomEvent>,
    agent: JoinHandle<()>,
    _person: Microphone,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.agent.abort();
    }
}

impl Call {
    async fn answered(installation: &Installation, pool: &PgPool, cookie: &str) -> Self {
        let id = live_call(installation, pool, cookie).await;
        let network = &installation.adapters.network;
        let mut seat = network.open_room(id).await.expect("a room");
        seat.expect_browser("person").await.expect("an empty room");
        let person = network.open_microphone(id, "person").expect("a room");
        assert_eq!(seat.next().await, RoomEvent::Answered);
        let (told, events) = mpsc::unbounded_channel();
        let agent = tokio::spawn(async move {
            loop {
                match seat.next().await {
                    RoomEvent::Tick(_) => seat.speak(Frame::from_slice(&[1_000])),
                    RoomEvent::Left(_) => return,
                    RoomEvent::SupervisorSound { frame, .. } if frame.is_silence() => {}
                    event => {
                        let _ = told.send(event);
                    }
                }
            }
        });
        Self {
            id,
            events,
            agent,
            _person: person,
        }
    }

    async fn next(&mut self) -> RoomEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("in time")
            .expect("an event")
    }
}

/// A call that was answered, as far as the database knows.
pub(crate) async fn live_call(installation: &Installation, pool: &PgPool, cookie: &str) -> ConversationId {
    let caller = installation.caller(cookie).await;
    let campaign = installation.campaign(&caller).await;
    let id = ConversationId(new_id(installation.ops.clock.now(), &*installation.ops.chance));
    let lead: Uuid = sqlx::query_scalar(
        "INSERT INTO leads (id, phone_number, status, campaign_id, created_at)
         VALUES ($1, '+14155550123', 'calling', $2, now()) RETURNING id",
    )
    .bind(Uuid::from_u128(1))
    .bind(campaign.0)
    .fetch_one(pool)
    .await
    .expect("a lead");
    sqlx::query(
        "INSERT INTO conversations (id, lead_id, campaign_id, status, created_at) VALUES ($1, $2, $3, 'live', now())",
    )
    .bind(id.0)
    .bind(lead)
    .bind(campaign.0)
    .execute(pool)
    .await
    .expect("a conversation");
    id
}

pub(crate) async fn connect(
    installation: &Installation,
    call: ConversationId,
    cookie: Option<&str>,
    origin: &str,
) -> Result<Socket, u16> {
    connect_to(installation, &format!("/listen/{call}"), cookie, origin).await
}

async fn connect_to(
    installation: &Installation,
    path: &str,
    cookie: Option<&str>,
    origin: &str,
) -> Result<Socket, u16> {
    let mut request = format!("ws://{}{path}", installation.address)
        .into_client_request()
        .expect("an address");
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().expect("an origin"));
    if let Some(cookie) = cookie {
        headers.insert("cookie", format!("ringside={cookie}").parse().expect("a cookie"));
    }
    match timeout(PATIENCE, connect_async(request)).await.expect("in time") {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// The code and reason with which the server closes; sound that comes before is passed over.
pub(crate) async fn closed(socket: &mut Socket) -> (u16, String) {
    let reading = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(close)) = message {
                return (close.code.into(), close.reason.to_string());
            }
        }
        panic!("closed without a word")
    };
    timeout(PATIENCE, reading).await.expect("in time")
}

fn voice(sample: i16) -> Message {
    Message::binary(sample.to_le_bytes().repeat(320))
}

pub(crate) async fn audited(pool: &PgPool, call: ConversationId) -> Vec<String> {
    sqlx::query_scalar("SELECT action FROM audit_log WHERE subject = $1 ORDER BY id")
        .bind(call.to_string())
        .fetch_all(pool)
        .await
        .expect("the log")
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_may_no_longer_is_put_out_of_the_call(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let administrator = installation.administrator().await;
    let caller = installation.caller(&administrator).await;
    let cookie = installation.somebody(&caller, Role::Supervisor).await;
    let supervisor = installation.caller(&cookie).await;
    let mut call = Call::answered(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.to_string();
    let ours = ours.trim_end_matches('/');
    let first = connect(&installation, call.id, Some(&cookie), ours).await;
    let mut first = first.expect("let in");
    first.send(voice(3_000)).await.expect("sent");
    assert!(matches!(call.next().await, RoomEvent::SupervisorJoined { .. }));
    operations::users::set_role(&installation.ops, &caller, supervisor.user_id(), Role::Viewer)
        .await
        .expect("changed");
    assert_eq!(closed(&mut first).await.0, 1_008);
    while !matches!(call.next().await, RoomEvent::SupervisorLeft { .. }) {}

    let second = connect(&installation, call.id, Some(&administrator), ours).await;
    let mut second = second.expect("let in");
    operations::sign_in::sign_out(&installation.ops, &caller)
        .await
        .expect("signed out");
    assert_eq!(closed(&mut second).await.0, 1_008);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_supervisor_speaks_in_a_call_and_leaves_it(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let administrator = installation.administrator().await;
    let cookie = installation
        .somebody(&installation.caller(&administrator).await, Role::Supervisor)
        .await;
    let me = installation.caller(&cookie).await.user_id();
    let mut call = Call::answered(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.to_string();
    let mut socket = connect(&installation, call.id, Some(&cookie), ours.trim_end_matches('/'))
        .await
        .expect("let in");
    let heard = async {
        loop {
            match socket.next().await.expect("open").expect("a message") {
                Message::Binary(sound) if sound[..2] == 1_000_i16.to_le_bytes() => return sound.len(),
                _ => {}
            }
        }
    };
    assert_eq!(timeout(PATIENCE, heard).await.expect("in time"), 320 * 2 * 2);
    assert!(
        audited(&pool, call.id).await.is_empty(),
        "who only listens has no microphone"
    );

    for _ in 0..2 {
        for _ in 0..10 {
            socket.send(voice(3_000)).await.expect("sent");
        }
        let RoomEvent::SupervisorJoined { identity } = call.next().await else {
            panic!("a voice comes first");
        };
        assert_eq!(owner_of_voice(&identity), Some(me));
        let sound = RoomEvent::SupervisorSound {
            identity: identity.clone(),
            frame: Frame::new([3_000; telephony::FRAME_SAMPLES]),
        };
        assert_eq!(call.next().await, sound);
        socket.send(Message::text("mic-off")).await.expect("sent");
        while call.next().await
            != (RoomEvent::SupervisorLeft {
                identity: identity.clone(),
            })
        {}
    }
    assert_eq!(audited(&pool, call.id).await, ["opened a microphone in call"; 2]);

    socket.send(voice(3_000)).await.expect("sent");
    assert!(matches!(call.next().await, RoomEvent::SupervisorJoined { .. }));
    drop(socket);
    while !matches!(call.next().await, RoomEvent::SupervisorLeft { .. }) {}
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_speaks_who_must_not_or_sends_what_is_no_voice(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let administrator = installation.administrator().await;
    let viewer = installation
        .somebody(&installation.caller(&administrator).await, Role::Viewer)
        .await;
    let mut call = Call::answered(&installation, &pool, &administrator).await;
    let ours = installation.configuration.public_url.to_string();
    let ours = ours.trim_end_matches('/');
    for (cookie, origin) in [
        (Some(&*viewer), ours),
        (Some(&*administrator), "https://elsewhere.example"),
    ] {
        let refused = connect(&installation, call.id, cookie, origin).await;
        assert_eq!(refused.err(), Some(403), "from {origin}");
    }
    assert_eq!(connect(&installation, call.id, None, ours).await.err(), Some(401));

    let mut socket = connect(&installation, call.id, Some(&administrator), ours)
        .await
        .expect("let in");
    socket.send(Message::binary(vec![0; 638])).await.expect("sent");
    assert_eq!(closed(&mut socket).await.0, 1_003);

    let mut socket = connect(&installation, call.id, Some(&administrator), ours)
        .await
        .expect("let in");
    for _ in 0..1_000 {
        if socket.send(Message::text("?")).await.is_err() {
            break;
        }
    }
    assert_eq!(
        closed(&mut socket).await,
        (1_008, "Too much was sent at once.".to_owned())
    );
    assert!(call.events.try_recv().is_err(), "the agent heard nobody");
    assert!(audited(&pool, call.id).await.is_empty());
}

async fn count(pool: &PgPool, what: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {what}")))
        .fetch_one(pool)
        .await
        .expect("counted")
}

#[sqlx::test(migrations = "../migrations")]
async fn a_manager_talks_to_the_agent_and_nothing_is_kept(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let administrator = installation.administrator().await;
    let caller = installation.caller(&administrator).await;
    let campaign = installation.campaign(&caller).await;
    let supervisor = installation.somebody(&caller, Role::Supervisor).await;
    let ours = installation.configuration.public_url.to_string();
    let ours = ours.trim_end_matches('/');
    let path = format!("/try/{campaign}");
    assert_eq!(
        connect_to(&installation, &path, Some(&supervisor), ours).await.err(),
        Some(403)
    );
    let foreign = connect_to(&installation, &path, Some(&administrator), "https://elsewhere.example").await;
    assert_eq!(foreign.err(), Some(403));

    let mut socket = connect_to(&installation, &path, Some(&administrator), ours)
        .await
        .expect("let in");
    let conversing = async {
        let mut said = String::new();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                _ = pace.tick() => socket.send(voice(0)).await.expect("sent"),
                message = socket.next() => match message.expect("open").expect("a message") {
                    Message::Text(text) => match serde_json::from_str(text.as_str()).expect("news") {
                        TrialNews::Sentence { text, .. } => {
                            said.push_str(text.reveal());
                            break;
                        }
                        TrialNews::Ended { .. } => panic!("nobody has hung up"),
                        _ => {}
                    },
                    Message::Close(close) => panic!("{close:?}"),
                    _ => {}
                },
            }
        }
        socket.send(Message::text("mic-off")).await.expect("sent");
        loop {
            if let Message::Text(text) = socket.next().await.expect("open").expect("a message")
                && let TrialNews::Ended { disposition, .. } = serde_json::from_str(text.as_str()).expect("news")
            {
                return (said, disposition);
            }
        }
    };
    let (said, disposition) = timeout(Duration::from_secs(60), conversing).await.expect("in time");
    assert!(said.contains("this is the AI assistant of Acme"), "{said}");
    assert_eq!(disposition, Disposition::HungUp);
    assert_eq!(closed(&mut socket).await.0, 1_000);
    for table in [
        "conversations",
        "attempts",
        "leads",
        "transcript_segments",
        "recordings",
    ] {
        assert_eq!(count(&pool, table).await, 0, "{table}");
    }
    let tried = "audit_log WHERE action = 'talked to the agent of campaign'";
    assert_eq!(count(&pool, tried).await, 1);
}
