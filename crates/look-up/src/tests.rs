use super::{public::is_public, *};
use axum::{
    Router,
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use std::net::SocketAddr;
use tokio::{net::TcpListener, sync::mpsc};

/// What the service was asked: body and authorization.
type Asked = (String, String);

fn settings(host: &str) -> LookUpSettings {
    LookUpSettings {
        hosts: BTreeSet::from([host.to_owned()]),
        key: Some(SecretString::from("key")),
    }
}

/// A client without TLS that goes to `address`, whatever the name.
fn asks_at(address: SocketAddr) -> HttpLookUps {
    HttpLookUps {
        settings: settings("crm.example.com"),
        http: openai::http_client_builder()
            .expect("TLS")
            .redirect(reqwest::redirect::Policy::none())
            .resolve("crm.example.com", address)
            .timeout(Duration::from_millis(500))
            .build()
            .expect("a client"),
    }
}

async fn service() -> (SocketAddr, mpsc::UnboundedReceiver<Asked>) {
    let (asked, told) = mpsc::unbounded_channel();
    let remember = move |headers: HeaderMap, body: String| {
        let key = headers[header::AUTHORIZATION].to_str().unwrap_or_default().to_owned();
        let _ = asked.send((body, key));
        async { ([(header::CONTENT_TYPE, "application/json")], "{\"slots\":[\"10:00\"]}") }
    };
    let text = |length: usize| async move { "x".repeat(length) };
    let routes = Router::new()
        .route("/slots", post(remember))
        .route("/most", post(move || text(LONGEST_ANSWER)))
        .route("/too-much", post(move || text(LONGEST_ANSWER + 1)))
        .route("/away", post(|| async { Redirect::temporary("/slots") }))
        .route("/broken", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/page", post(|| async { axum::response::Html("<p>") }))
        .route("/bytes", post(|| async { plain(Body::from(vec![0xff, 0xfe])) }))
        .route("/never", post(|| async { plain(Body::from_stream(nothing())) }));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, told)
}

fn plain(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/plain")], body).into_response()
}

/// A body of which nothing ever comes.
fn nothing() -> impl futures::Stream<Item = Result<String, std::io::Error>> + Send + 'static {
    futures::stream::pending()
}

#[tokio::test]
async fn an_answer_is_text_within_bounds_or_none() {
    let (address, mut told) = service().await;
    let asks = asks_at(address);
    let ask = async |path: &str| {
        let url = Url::parse(&format!("http://crm.example.com:{}/{path}", address.port())).expect("a URL");
        asks.ask_at(url, &"When is the next free appointment?".into()).await
    };
    assert_eq!(ask("slots").await, Ok("{\"slots\":[\"10:00\"]}".into()));
    let (body, key) = told.recv().await.expect("it was asked");
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        body,
        serde_json::json!({ "question": "When is the next free appointment?" })
    );
    assert_eq!(key, "Bearer key");
    assert_eq!(ask("most").await.map(|text| text.reveal().len()), Ok(LONGEST_ANSWER));
    for (path, fault) in [
        ("too-much", Fault::TooLong),
        ("away", Fault::Status(307)),
        ("broken", Fault::Status(500)),
        ("nowhere", Fault::Status(404)),
        ("page", Fault::NoText),
        ("bytes", Fault::NoText),
        ("never", Fault::TooSlow),
    ] {
        assert_eq!(ask(path).await, Err(fault), "{path}");
    }
    assert!(told.try_recv().is_err(), "a redirection was followed");
}

#[test]
fn only_hosts_of_the_installation_are_asked_and_only_over_https() {
    let asks = asks_at(([127, 0, 0, 1], 1).into());
    for (url, allowed) in [
        ("https://crm.example.com/slots", true),
        ("https://CRM.Example.com:8443/slots", true),
        ("http://crm.example.com/slots", false),
        ("https://other.example.com/", false),
        ("https://crm.example.com.evil.example/", false),
        ("https://crm.example.com@evil.example/", false),
        ("https://evil.example/https://crm.example.com", false),
        ("https://0x7f.0.0.1/", false),
        ("https://127.0.0.1/", false),
    ] {
        let look_up = LookUp {
            url: url.to_owned(),
            about: "Appointments.".to_owned(),
        };
        assert_eq!(asks.allowed(&look_up).is_ok(), allowed, "{url}");
    }
    // A number that looks like a name is none, even if somebody lists it.
    let listed = HttpLookUps {
        settings: settings("0x7f.0.0.1"),
        ..asks
    };
    let look_up = LookUp {
        url: "https://0x7f.0.0.1/".to_owned(),
        about: "Us.".to_owned(),
    };
    assert_eq!(listed.allowed(&look_up), Err(Fault::NotAllowed));
}

#[tokio::test]
async fn a_name_of_this_machine_is_not_connected_to() {
    let (address, mut told) = service().await;
    let client = openai::http_client_builder().expect("TLS");
    let asks = HttpLookUps::new(settings("localhost"), client).expect("a client");
    let url = Url::parse(&format!("http://localhost:{}/slots", address.port())).expect("a URL");
    assert_eq!(asks.ask_at(url, &"Anything?".into()).await, Err(Fault::NotReached));
    assert!(told.try_recv().is_err());
}

#[test]
fn addresses_that_are_not_public_are_known() {
    for address in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002:a00:1::",
        "3fff::1",
    ] {
        assert!(!is_public(address.parse().expect("an address")), "{address}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.128.0.1",
        "172.32.0.1",
        "198.20.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
    ] {
        assert!(is_public(address.parse().expect("an address")), "{address}");
    }
}
