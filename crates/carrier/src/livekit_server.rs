//! A real livekit-server for tests: found on this machine, started on loopback with ports of its own.

use std::{
    io,
    net::{TcpListener, UdpSocket},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Child,
    time::Instant,
};

/// Key and secret of every livekit-server that is started here. They protect nothing.
pub const KEY: &str = "devkey";
pub const SECRET: &str = "only-for-tests-and-rehearsal-on-loopback";
/// Where its program is, if it is none of the usual places.
const PROGRAM: &str = "RINGSIDE_LIVEKIT_SERVER";
/// Starting takes a second; more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// No livekit-server for a test.
#[derive(Debug, thiserror::Error)]
pub enum NoServer {
    #[error(
        "there is no livekit-server on this machine. Install it with `go install \
         github.com/livekit/livekit-server/cmd/server@v1.13.5`, or set {PROGRAM} to its program; `cargo xtask test` does \
         both"
    )]
    Missing,
    #[error("livekit-server cannot be started: {0}")]
    Start(#[from] io::Error),
    #[error("livekit-server did not answer within {} s", PATIENCE.as_secs())]
    Slow,
}

/// The program of livekit-server: named by `RINGSIDE_LIVEKIT_SERVER`, on the path, or where Go installs it.
///
/// # Errors
/// [`NoServer::Missing`] with a sentence that says how to get it.
pub fn find() -> Result<PathBuf, NoServer> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Ok(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("livekit-server"));
    let go = || Command::new("go").args(["env", "GOPATH"]).output().ok();
    on_path
        .into_iter()
        .find(|program| program.is_file())
        .or_else(|| {
            let folder = String::from_utf8(go()?.stdout).ok()?;
            let program = PathBuf::from(folder.trim()).join("bin/server");
            program.is_file().then_some(program)
        })
        .ok_or(NoServer::Missing)
}

/// A running livekit-server. Dropping it ends it.
pub struct LiveKitServer {
    /// `ws://` and its address.
    pub url: String,
    _child: Child,
}

impl LiveKitServer {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// [`NoServer`].
    pub async fn start() -> Result<Self, NoServer> {
        let program = find()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let udp_port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let configuration = serde_json::json!({
            "port": port,
            "bind_addresses": ["127.0.0.1"],
            "keys": { KEY: SECRET },
            "logging": { "level": "error" },
            "rtc": {
                "node_ip": "127.0.0.1",
                "enable_loopback_candidate": true,
                "use_external_ip": false,
                "udp_port": udp_port,
                "allow_tcp_fallback": false,
            },
        });
        // JSON is YAML.
        let child = tokio::process::Command::new(program)
            .args(["--config-body", &configuration.to_string()])
            // It would take its configuration from the environment, too.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let begun = Instant::now();
        while !answers(port).await {
            if begun.elapsed() > PATIENCE {
                return Err(NoServer::Slow);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self {
            url: format!("ws://127.0.0.1:{port}"),
            _child: child,
        })
    }
}

async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok::<_, io::Error>(answer.ends_with(b" 200"))
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), ask).await, Ok(Ok(true)))
}
