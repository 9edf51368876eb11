//! Servers that are none.

use crate::support::token;
use futures::{SinkExt as _, StreamExt as _};
use livekit_participant::{Engine, JoinError, JoinOptions};
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::Message;

/// Most time until a caller is told.
const BOUND: Duration = Duration::from_secs(12);

#[tokio::test]
async fn whatever_is_no_server_is_told_of_in_time() {
    let silent = serve(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    });
    let other = serve(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-something else\r\n\r\n").await;
    });
    let refusing = serve(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
            .await;
    });
    let garbage = serve(|stream| async move {
        let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
            return;
        };
        let _ = socket.send(Message::Binary(vec![0xff; 300].into())).await;
        while socket.next().await.is_some() {}
    });
    let mute = serve(|stream| async move {
        if let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await {
            while socket.next().await.is_some() {}
        }
    });
    let closing = serve(|stream| async move {
        if let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await {
            let _ = socket.close(None).await;
        }
    });
    let engine = Engine::new();
    let mut joins = Vec::new();
    for (what, listening) in [
        ("silent", silent.await),
        ("other", other.await),
        ("refusing", refusing.await),
        ("garbage", garbage.await),
        ("mute", mute.await),
        ("closing", closing.await),
    ] {
        let options = JoinOptions::new(format!("ws://{listening}"), token("r", "x", "standard"));
        let engine = engine.clone();
        joins.push(async move {
            let began = Instant::now();
            (what, engine.join(options).await.err(), began.elapsed())
        });
    }
    for (what, error, took) in futures::future::join_all(joins).await {
        assert!(matches!(error, Some(JoinError::Signal(_))), "{what}: {error:?}");
        assert!(took < BOUND, "{what}: {took:?}");
    }
    for url in ["", "ws://", "not an address", "ftp://127.0.0.1", "ws://127.0.0.1:99999"] {
        let nonsense = engine.join(JoinOptions::new(url, token("r", "x", "standard"))).await;
        assert!(
            matches!(nonsense, Err(JoinError::Signal(_))),
            "{url}: {:?}",
            nonsense.err()
        );
    }
    let unknown = JoinOptions::new("ws://nowhere.invalid", token("r", "x", "standard"));
    let unknown = engine.join(unknown).await.err();
    assert!(matches!(unknown, Some(JoinError::Network(_))), "{unknown:?}");
}

/// Listens, and treats each connection so.
async fn serve<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> std::net::SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(treat(stream));
        }
    });
    address
}
