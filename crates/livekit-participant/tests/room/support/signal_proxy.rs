//! Stands between participants and the server's signalling. It can lead their media another way, and cut connections.

use futures::{SinkExt as _, StreamExt as _};
use livekit_protocol::{self as proto, signal_request::Message as Request, signal_response::Message as Response};
use prost::Message as _;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_tungstenite::tungstenite::{
    self,
    client::IntoClientRequest as _,
    handshake::server::{Request as Handshake, Response as Agreed},
};

/// A detour of media: to `through` instead of `server`. No other addresses are told to either side, or they would find a
/// way round.
#[derive(Clone, Copy)]
pub(crate) struct Detour {
    pub(crate) server: SocketAddr,
    pub(crate) through: SocketAddr,
}

/// Ends when it is dropped.
pub(crate) struct SignalProxy {
    address: SocketAddr,
    door: watch::Sender<Door>,
    /// Connections that were let through.
    passed: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

/// Every change cuts the connections that there are.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    Open { cuts: u64 },
    Closed,
}

impl SignalProxy {
    pub(crate) async fn start(server: SocketAddr, detour: Option<Detour>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (door, watched) = watch::channel(Door::Open { cuts: 0 });
        let passed = Arc::new(AtomicU64::default());
        let counter = passed.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let mut door = watched.clone();
                if *door.borrow_and_update() == Door::Closed {
                    continue;
                }
                counter.fetch_add(1, Ordering::Relaxed);
                connections.spawn(async move {
                    tokio::select! {
                        () = pass(stream, server, detour) => {}
                        _ = door.changed() => {}
                    }
                });
            }
        });
        Self {
            address,
            door,
            passed,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Cuts all connections. New ones pass.
    pub(crate) fn cut(&self) {
        self.door.send_modify(|door| {
            *door = match *door {
                Door::Open { cuts } => Door::Open { cuts: cuts + 1 },
                Door::Closed => Door::Open { cuts: 0 },
            };
        });
    }

    /// Cuts all connections, and does not let a new one pass before the next [`Self::cut`].
    pub(crate) fn close(&self) {
        self.door.send_replace(Door::Closed);
    }
}

async fn pass(stream: TcpStream, server: SocketAddr, detour: Option<Detour>) {
    let mut asked = None;
    #[expect(clippy::result_large_err, reason = "the callback's type is given")]
    let look = |request: &Handshake, agreed: Agreed| {
        let mut onward = format!("ws://{server}{}", request.uri()).into_client_request().ok();
        if let (Some(onward), Some(token)) = (&mut onward, request.headers().get("authorization")) {
            onward.headers_mut().insert("authorization", token.clone());
        }
        asked = onward;
        Ok(agreed)
    };
    let Ok(mut client) = tokio_tungstenite::accept_hdr_async(stream, look).await else {
        return;
    };
    let Some(request) = asked else { return };
    let Ok((mut server, _)) = tokio_tungstenite::connect_async(request).await else {
        return;
    };
    loop {
        let passed = tokio::select! {
            Some(Ok(message)) = client.next() => server.send(map(message, |bytes| to_server(bytes, detour))).await,
            Some(Ok(message)) = server.next() => client.send(map(message, |bytes| to_client(bytes, detour))).await,
            else => return,
        };
        if passed.is_err() {
            return;
        }
    }
}

fn map(message: tungstenite::Message, change: impl FnOnce(&[u8]) -> Vec<u8>) -> tungstenite::Message {
    match message {
        tungstenite::Message::Binary(bytes) => tungstenite::Message::Binary(change(&bytes).into()),
        other => other,
    }
}

fn to_server(bytes: &[u8], detour: Option<Detour>) -> Vec<u8> {
    let mut request = proto::SignalRequest::decode(bytes).unwrap();
    if detour.is_some()
        && let Some(Request::Offer(description) | Request::Answer(description)) = &mut request.message
    {
        let lines = description.sdp.lines().filter(|line| !line.starts_with("a=candidate:"));
        description.sdp = lines.flat_map(|line| [line, "\r\n"]).collect();
    }
    request.encode_to_vec()
}

fn to_client(bytes: &[u8], detour: Option<Detour>) -> Vec<u8> {
    let mut response = proto::SignalResponse::decode(bytes).unwrap();
    if let Some(detour) = detour {
        let told = |address: SocketAddr| format!(" {} {} ", address.ip(), address.port());
        let lead = |line: &str| {
            line.contains(&told(detour.server))
                .then(|| line.replace(&told(detour.server), &told(detour.through)))
        };
        match &mut response.message {
            Some(Response::Offer(description) | Response::Answer(description)) => {
                let lines = description.sdp.lines().filter_map(|line| match line {
                    candidate if candidate.starts_with("a=candidate:") => lead(candidate),
                    other => Some(other.to_owned()),
                });
                description.sdp = lines.flat_map(|line| [line, "\r\n".to_owned()]).collect();
            }
            Some(Response::Trickle(trickle)) => {
                trickle.candidate_init = lead(&trickle.candidate_init).unwrap_or_default();
            }
            _ => {}
        }
    }
    response.encode_to_vec()
}
