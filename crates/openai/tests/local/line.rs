//! A server of the vendor's realtime interface: plays what a test wants on each connection, writes down what came up, and
//! knows which connections are still open.

use crate::vendor::{KEY, serve, service_at};
use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;
use openai::settings::Service;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// One connection, as the server sees it.
pub struct Line {
    socket: WebSocket,
    /// How many connections came before.
    pub number: usize,
    inner: Arc<Inner>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.inner.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Line {
    /// The next event of the client; waits for ever once it has gone, for whoever plays the server to be dropped.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    let event: Value = serde_json::from_str(&text).expect("JSON");
                    self.inner.events.lock().expect("never poisoned").push(event.clone());
                    return event;
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Value::Null,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads until an event of this kind; `None` if the client has gone.
    pub async fn until(&mut self, kind: &str) -> Option<Value> {
        loop {
            match self.next().await {
                Value::Null => return None,
                event if event["type"] == kind => return Some(event),
                _ => {}
            }
        }
    }

    pub async fn tell(&mut self, event: Value) {
        self.raw(Message::text(event.to_string())).await;
    }

    pub async fn raw(&mut self, message: Message) {
        // Who has gone hears nothing.
        let _ = self.socket.send(message).await;
    }

    /// Agrees to what the session shall be.
    pub async fn set_up(&mut self) -> Option<Value> {
        self.tell(json!({ "type": "session.created", "session": { "id": "s" } }))
            .await;
        let update = self.until("session.update").await?;
        self.raw(Message::Ping(vec![1].into())).await;
        self.tell(json!({ "type": "session.updated", "session": {} })).await;
        Some(update)
    }

    /// A piece of text for what is being said.
    pub async fn heard_so_far(&mut self, item: &str, delta: &str) {
        let kind = "conversation.item.input_audio_transcription.delta";
        self.tell(json!({ "type": kind, "item_id": item, "content_index": 0, "delta": delta }))
            .await;
    }

    /// The end of the sound is noted, and this was said in it.
    pub async fn heard(&mut self, item: &str, text: &str) {
        self.tell(json!({ "type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": null }))
            .await;
        let kind = "conversation.item.input_audio_transcription.completed";
        self.tell(json!({ "type": kind, "item_id": item, "content_index": 0, "transcript": text }))
            .await;
    }
}

type Play = dyn Fn(Line) -> BoxFuture<'static, ()> + Send + Sync;

struct Inner {
    open: AtomicUsize,
    asked: Mutex<Vec<(Uri, HeaderMap)>>,
    events: Mutex<Vec<Value>>,
    refuse: Box<dyn Fn(usize) -> Option<u16> + Send + Sync>,
    play: Box<Play>,
}

/// The server. It ends with the test.
pub struct Lines {
    pub base_url: String,
    inner: Arc<Inner>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Lines {
    pub async fn start<F>(play: impl Fn(Line) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::refusing(|_| None, play).await
    }

    /// `refuse` gets how many connections came before.
    pub async fn refusing<F>(
        refuse: impl Fn(usize) -> Option<u16> + Send + Sync + 'static,
        play: impl Fn(Line) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let inner = Arc::new(Inner {
            open: AtomicUsize::new(0),
            asked: Mutex::default(),
            events: Mutex::default(),
            refuse: Box::new(refuse),
            play: Box::new(move |line| Box::pin(play(line))),
        });
        let router = Router::new()
            .route("/v1/realtime", get(connect))
            .with_state(Arc::clone(&inner));
        let (base_url, serving) = serve(router).await;
        Self {
            base_url,
            inner,
            serving,
        }
    }

    pub fn service(&self, fallback_model: Option<&str>) -> Service {
        service_at(&self.base_url, fallback_model)
    }

    /// Address and headers of each connection.
    pub fn asked(&self) -> Vec<(Uri, HeaderMap)> {
        self.inner.asked.lock().expect("never poisoned").clone()
    }

    /// All events that clients sent and the server read.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.inner.events.lock().expect("never poisoned");
        events.iter().filter(|event| event["type"] == kind).cloned().collect()
    }

    /// The sound that clients sent, samples.
    pub fn sound(&self) -> Vec<i16> {
        self.events("input_audio_buffer.append")
            .iter()
            .flat_map(samples)
            .collect()
    }

    pub fn open(&self) -> usize {
        self.inner.open.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub async fn open_is(&self, count: usize) {
        for _ in 0..500 {
            if self.open() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} connections are open", self.open());
    }
}

/// The samples of an event with sound.
pub fn samples(event: &Value) -> Vec<i16> {
    let bytes = STANDARD
        .decode(event["audio"].as_str().expect("a text"))
        .expect("base64");
    bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

async fn connect(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let number = {
        let mut asked = inner.asked.lock().expect("never poisoned");
        asked.push((uri, headers));
        asked.len() - 1
    };
    if let Some(status) = (inner.refuse)(number) {
        let body = format!("{{\"error\":{{\"message\":\"Ada said: {KEY}\"}}}}");
        return (StatusCode::from_u16(status).expect("a status"), body).into_response();
    }
    upgrade.expect("asks for a connection").on_upgrade(move |socket| {
        inner.open.fetch_add(1, Ordering::SeqCst);
        let line = Line {
            socket,
            number,
            inner: Arc::clone(&inner),
        };
        (inner.play)(line)
    })
}
