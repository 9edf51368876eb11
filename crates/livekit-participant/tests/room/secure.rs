//! A server behind TLS, whose certificate is from an authority that only its owner knows.

use crate::{reach::talk_by, support::token};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use livekit_participant::{Engine, JoinError, JoinOptions};
use local_livekit::{LocalLiveKit, Options, RELAY_NAME, RELAY_PORT};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    sync::Arc,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// Where the other process finds the server.
const ADDRESS: &str = "PARTICIPANT_TEST_SECURE_ADDRESS";

/// Which authorities are trusted is for the environment to say, and that is a whole process's: the test asks another one.
#[tokio::test]
async fn a_server_is_trusted_by_its_authority_alone() {
    let livekit = LocalLiveKit::start(&Options::default()).unwrap();
    let (ours, others) = (authority(), authority());
    let proxy = TlsProxy::start(livekit.address(), &ours).await;
    let joined = join_trusting(&ours, proxy.address).await;
    assert!(joined.contains("joined"), "{joined}");
    let refused = join_trusting(&others, proxy.address).await;
    assert!(
        refused.contains("certificate of LiveKit's server is not trusted"),
        "{refused}"
    );
}

/// A relay that nothing but TLS reaches, for networks that let nothing else out. It has to be on a port that not everybody may
/// take; where that is so, this cannot be tried.
#[tokio::test]
#[expect(clippy::print_stderr, reason = "whoever runs it should know")]
async fn a_relay_is_reached_over_tls_if_its_certificate_is_trusted() {
    if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, RELAY_PORT)).is_err() {
        return eprintln!("not tried: port {RELAY_PORT} cannot be taken");
    }
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![RELAY_NAME.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ours).unwrap();
    let files = (folder.path().join("relay.pem"), folder.path().join("relay.key"));
    fs::write(&files.0, in_pem("CERTIFICATE", certificate.der())).unwrap();
    fs::write(&files.1, in_pem("PRIVATE KEY", &key.serialize_der())).unwrap();
    let options = Options {
        relay_over_tls: Some(files),
        host: Some(Ipv4Addr::LOCALHOST.into()),
        ..Options::default()
    };
    let livekit = LocalLiveKit::start(&options).unwrap();
    let talked = process_trusting(
        &ours,
        "secure::talks_through_the_relay_of_its_environment",
        livekit.url(),
    )
    .await;
    assert!(talked.contains("they hear each other"), "{talked}");
    let refused = process_trusting(
        &others,
        "secure::talks_through_the_relay_of_its_environment",
        livekit.url(),
    )
    .await;
    assert!(refused.contains("no media"), "{refused}");
}

#[tokio::test]
#[ignore = "the other process of the test above"]
#[expect(clippy::print_stdout, reason = "that is how it tells the test")]
async fn talks_through_the_relay_of_its_environment() {
    let url = std::env::var(ADDRESS).unwrap();
    let engine = Engine::new().through_relay_only();
    let options = JoinOptions::new(url.clone(), token("secure", "first", "first"));
    match engine.join(options).await {
        Ok((room, _events)) => room.leave().await,
        Err(JoinError::Media(_)) => return println!("no media"),
        Err(other) => panic!("{other:?}"),
    }
    talk_by(&engine, &url).await;
    println!("they hear each other");
}

/// What a process says that joins with this authority among those it trusts.
async fn join_trusting(authority: &CertifiedIssuer<'static, KeyPair>, server: SocketAddr) -> String {
    let test = "secure::joins_the_server_of_its_environment";
    process_trusting(authority, test, format!("wss://{server}")).await
}

/// What this other test says in a process that trusts this authority.
async fn process_trusting(authority: &CertifiedIssuer<'static, KeyPair>, test: &str, server: String) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    fs::write(&file, in_pem("CERTIFICATE", authority.der())).unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &file)
        .env_remove("SSL_CERT_DIR")
        .env(ADDRESS, server);
    let output = tokio::task::spawn_blocking(move || process.output())
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
#[ignore = "the other process of the test above"]
#[expect(clippy::print_stdout, reason = "that is how it tells the test")]
async fn joins_the_server_of_its_environment() {
    let url = std::env::var(ADDRESS).unwrap();
    let options = JoinOptions::new(url, token("secure", "agent", "agent"));
    match Engine::new().join(options).await {
        Ok((room, _events)) => {
            println!("joined");
            room.leave().await;
        }
        Err(error @ JoinError::Certificate(_)) => println!("{error}"),
        Err(other) => panic!("{other:?}"),
    }
}

fn in_pem(label: &str, der: &[u8]) -> String {
    let lines = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// TLS in front of a server. Ends when it is dropped.
struct TlsProxy {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl TlsProxy {
    async fn start(server: SocketAddr, authority: &CertifiedIssuer<'static, KeyPair>) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![Ipv4Addr::LOCALHOST.to_string()]).unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    // A client that does not trust us is not our problem.
                    let Ok(mut client) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut server = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, _tasks: tasks }
    }
}
