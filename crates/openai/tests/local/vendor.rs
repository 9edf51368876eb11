//! A server of the vendor's interface: answers as a test wants, writes down what it was asked for, and knows which requests
//! are still open.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::Chance;
use futures::{StreamExt, stream};
use openai::settings::Service;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

pub const KEY: &str = "sk-hunter2";

/// What the server was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    /// Of a request with JSON.
    pub json: Value,
    /// Of a form.
    pub fields: BTreeMap<String, String>,
    pub file: Vec<u8>,
}

impl Asked {
    pub fn model(&self) -> &str {
        self.json["model"]
            .as_str()
            .or_else(|| self.fields.get("model").map(String::as_str))
            .unwrap_or_default()
    }
}

/// How an answer ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Whole,
    BreaksOff,
    Stalls,
}

/// How the server answers.
#[derive(Clone, Debug)]
pub enum Act {
    /// 200, in these pieces.
    Pieces(&'static str, Vec<Vec<u8>>, End),
    Refuse(u16, Vec<(&'static str, &'static str)>, String),
    /// Nothing at all.
    Silent,
}

type Script = dyn Fn(&Asked, usize) -> Act + Send + Sync;

struct Inner {
    asked: Mutex<Vec<Asked>>,
    open: Arc<AtomicUsize>,
    script: Box<Script>,
}

/// The server. It ends with the test.
pub struct Vendor {
    pub base_url: String,
    inner: Arc<Inner>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Vendor {
    /// `script` gets each request and how many came before it.
    pub async fn start(script: impl Fn(&Asked, usize) -> Act + Send + Sync + 'static) -> Self {
        let inner = Arc::new(Inner {
            asked: Mutex::default(),
            open: Arc::default(),
            script: Box::new(script),
        });
        let router = Router::new()
            .route("/v1/chat/completions", post(json_request))
            .route("/v1/audio/speech", post(json_request))
            .route("/v1/audio/transcriptions", post(form_request))
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

    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().expect("never poisoned").clone()
    }

    /// Waits until no request is open any more.
    pub async fn all_closed(&self) {
        self.open_is(0).await;
    }

    /// Waits until so many requests are open.
    pub async fn open_is(&self, count: usize) {
        for _ in 0..500 {
            if self.inner.open.load(Ordering::SeqCst) == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} requests are open", self.inner.open.load(Ordering::SeqCst));
    }
}

async fn json_request(State(inner): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let asked = Asked {
        json: serde_json::from_slice(&body).expect("JSON"),
        ..asked(&uri, headers)
    };
    inner.answer(asked).await
}

async fn form_request(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let mut asked = asked(request.uri(), request.headers().clone());
    let mut form = Multipart::from_request(request, &()).await.expect("a form");
    while let Some(field) = form.next_field().await.expect("a field") {
        let name = field.name().expect("a name").to_owned();
        if name == "file" {
            assert!(field.file_name().is_some_and(|name| name.ends_with(".wav")));
            asked.file = field.bytes().await.expect("whole").to_vec();
        } else {
            asked.fields.insert(name, field.text().await.expect("a text"));
        }
    }
    inner.answer(asked).await
}

fn asked(uri: &Uri, headers: HeaderMap) -> Asked {
    Asked {
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        ..Asked::default()
    }
}

impl Inner {
    async fn answer(&self, asked: Asked) -> Response {
        self.open.fetch_add(1, Ordering::SeqCst);
        let open = Open(Arc::clone(&self.open));
        let before = {
            let mut all = self.asked.lock().expect("never poisoned");
            all.push(asked.clone());
            all.len() - 1
        };
        match (self.script)(&asked, before) {
            Act::Silent => std::future::pending().await,
            Act::Refuse(status, headers, body) => {
                let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
                for (name, value) in headers {
                    response.headers_mut().insert(name, value.parse().expect("a value"));
                }
                response
            }
            Act::Pieces(kind, pieces, end) => {
                let pieces = stream::iter(pieces.into_iter().map(Ok)).then(|piece| async move {
                    // Each piece is a packet of its own.
                    tokio::time::sleep(Duration::from_micros(200)).await;
                    piece
                });
                let last = stream::once(async move {
                    match end {
                        End::Whole => None,
                        End::BreaksOff => {
                            // What was sent before shall arrive.
                            tokio::time::sleep(Duration::from_millis(50)).await;
                            Some(Err(io::Error::other("broken off")))
                        }
                        End::Stalls => std::future::pending().await,
                    }
                })
                .filter_map(std::future::ready);
                let body = pieces.chain(last).map(move |piece| {
                    // Open as long as the body is there.
                    let _ = &open;
                    piece
                });
                ([(header::CONTENT_TYPE, kind)], Body::from_stream(body)).into_response()
            }
        }
    }
}

/// Cuts bytes into pieces of odd lengths, through letters and lines.
pub fn odd(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut pieces, mut length) = (bytes, Vec::new(), 0);
    while !rest.is_empty() {
        length = length % 7 + 1;
        let (piece, more) = rest.split_at(length.min(rest.len()));
        pieces.push(piece.to_vec());
        rest = more;
    }
    pieces
}

/// The events of a chat completion with these deltas.
pub fn events(deltas: &[Value], finish: Option<&str>) -> Vec<u8> {
    let chunk = |delta: &Value, finish: Option<&str>| {
        let chunk = json!({
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "first",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        format!("data: {chunk}\r\n\r\n")
    };
    let mut text: String = deltas.iter().map(|delta| chunk(delta, None)).collect();
    if finish.is_some() {
        text.push_str(": a comment\n\n");
        text.push_str(&chunk(&json!({}), finish));
        text.push_str("data: [DONE]\n\n");
    }
    text.into_bytes()
}

/// A streamed answer of these words.
pub fn says(words: &[&str]) -> Act {
    let deltas: Vec<Value> = words.iter().map(|word| json!({ "content": word })).collect();
    streamed(&deltas)
}

/// A streamed answer with these deltas.
pub fn streamed(deltas: &[Value]) -> Act {
    Act::Pieces("text/event-stream", odd(&events(deltas, Some("stop"))), End::Whole)
}

/// A delta that uses a tool.
pub fn tool(name: &str, arguments: &Value) -> Value {
    let function = json!({ "name": name, "arguments": arguments.to_string() });
    json!({ "tool_calls": [{ "index": 0, "id": "call_a", "type": "function", "function": function }] })
}

/// 200 with JSON.
pub fn answers(body: &Value) -> Act {
    Act::Pieces("application/json", odd(body.to_string().as_bytes()), End::Whole)
}

pub fn refuses(status: u16) -> Act {
    let body = format!("{{\"error\":{{\"message\":\"Ada said: {KEY}\"}}}}");
    Act::Refuse(status, Vec::new(), body)
}

/// Always in the middle.
pub struct NoChance;

impl Chance for NoChance {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Lets the time of breakers pass; nothing may be on its way.
pub async fn let_pass(span: Duration) {
    tokio::time::pause();
    tokio::time::advance(span).await;
    tokio::time::resume();
}

/// Answers on loopback until the task is ended; the base URL comes with it.
pub async fn serve(router: Router) -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async move {
        axum::serve(listener, router).await.expect("serves");
    });
    (format!("http://{address}/v1"), serving)
}

/// How a test reaches a server at this base URL.
pub fn service_at(base_url: &str, fallback_model: Option<&str>) -> Service {
    Service {
        base_url: base_url.parse().expect("an address"),
        key: Some(KEY.to_owned().into()),
        model: "first".to_owned(),
        fallback_model: fallback_model.map(str::to_owned),
    }
}
