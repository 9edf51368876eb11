//! A real livekit-server on loopback, for tests, benchmarks and trying things out. It ends when [`LocalLiveKit`] is
//! dropped.

use std::{
    env, io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The version that all of this is tried with.
pub const VERSION: &str = "v1.13.5";
/// What `go install` wants.
pub const MODULE: &str = "github.com/livekit/livekit-server/cmd/server";
/// Names a livekit-server that is to be used instead of those that are looked for. Not called LIVEKIT_…: the server
/// itself reads such variables.
pub const BINARY_VARIABLE: &str = "RINGSIDE_LIVEKIT_SERVER";
/// The key and secret of every server that is started here. They protect nothing.
pub const API_KEY: &str = "local";
pub const API_SECRET: &str = "local-livekit-on-loopback-protects-nothing";

/// What a relay over TLS is called; the server wants a name with a dot in it.
pub const RELAY_NAME: &str = "relay.localhost";
/// The port of a relay over TLS: participants are told this one, whatever it is.
pub const RELAY_PORT: u16 = 443;

/// A busy machine starts it in a few seconds.
const MOST_STARTING: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub struct LocalLiveKit {
    process: Child,
    address: SocketAddr,
    media: SocketAddr,
}

/// What can be chosen.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Of signalling and API; any free one if not given.
    pub port: Option<u16>,
    /// Where events are told.
    pub webhook: Option<String>,
    /// Where it writes its log; nowhere if not given.
    pub log: Option<PathBuf>,
    /// Takes sound and data over TCP only.
    pub tcp_only: bool,
    /// Is a relay (TURN) as well, over UDP.
    pub relay: bool,
    /// Is a relay over TLS, with this certificate and its key (files in PEM) for [`RELAY_NAME`].
    pub relay_over_tls: Option<(PathBuf, PathBuf)>,
    /// The only address of this machine that it listens on. If not given, that is IPv4's loopback for signalling; for sound
    /// and data loopback stands for any address, and whoever tells the server none of its own may not be heard.
    pub host: Option<IpAddr>,
    /// Ctrl-C in the terminal does not reach it: whoever started it ends it when nobody needs it any more.
    pub apart: bool,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "there is no livekit-server: install it with `go install {MODULE}@{VERSION}`, or name one in {BINARY_VARIABLE}"
    )]
    NotInstalled,
    #[error("livekit-server does not start: {0}")]
    Io(#[from] io::Error),
    #[error("livekit-server ended while it started: {0}")]
    Ended(std::process::ExitStatus),
    #[error("livekit-server is not ready after {MOST_STARTING:?}")]
    NotReady,
}

impl Options {
    fn host(&self) -> IpAddr {
        self.host.unwrap_or(Ipv4Addr::LOCALHOST.into())
    }
}

impl LocalLiveKit {
    /// Starts a server and waits until it answers. Blocks.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: &Options) -> Result<Self, StartError> {
        // A port that was free a moment ago may have been taken by somebody else who looked for one.
        for _ in 0..2 {
            match Self::start_once(options) {
                Err(StartError::Ended(_)) => {}
                result => return result,
            }
        }
        Self::start_once(options)
    }

    fn start_once(options: &Options) -> Result<Self, StartError> {
        let binary = find().ok_or(StartError::NotInstalled)?;
        let port = match options.port {
            Some(port) => port,
            None => free_tcp_port(options.host())?,
        };
        let log = match &options.log {
            Some(path) => std::fs::File::create(path)?.into(),
            None => Stdio::null(),
        };
        let (udp_port, relay_port) = (free_udp_port(options.host())?, free_udp_port(options.host())?);
        let tcp_port = free_tcp_port(options.host())?;
        let mut process = Command::new(binary);
        process
            .args([
                "--config-body",
                &configuration([port, tcp_port, udp_port, relay_port], options),
            ])
            .env_remove("LIVEKIT_CONFIG")
            .env_remove("LIVEKIT_KEYS")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if options.apart {
            process.process_group(0);
        }
        let mut process = process.spawn()?;
        let address = SocketAddr::new(options.host(), port);
        let began = Instant::now();
        while began.elapsed() < MOST_STARTING {
            if let Some(status) = process.try_wait()? {
                return Err(StartError::Ended(status));
            }
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                let media = SocketAddr::new(address.ip(), udp_port);
                return Ok(Self {
                    process,
                    address,
                    media,
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = process.kill();
        let _ = process.wait();
        Err(StartError::NotReady)
    }

    /// Address of signalling and API.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Where it takes sound and data over UDP.
    #[must_use]
    pub fn media_address(&self) -> SocketAddr {
        self.media
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for LocalLiveKit {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A livekit-server of this machine: the one that is named, on the PATH, in `target/tools`, or where Go installs.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(named) = env::var_os(BINARY_VARIABLE) {
        return Some(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join("livekit-server"));
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/livekit-server");
    let go = env::var_os("GOBIN").map(PathBuf::from);
    let go = go.or_else(|| env::var_os("GOPATH").map(|path| PathBuf::from(path).join("bin")));
    let go = go.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join("go/bin")));
    // Go names the program after its folder.
    let by_go = go.map(|folder| folder.join("server"));
    on_path
        .chain([tools])
        .chain(by_go)
        .find(|candidate| candidate.is_file())
}

fn configuration([port, tcp_port, udp_port, relay_port]: [u16; 4], options: &Options) -> String {
    let mut configuration = serde_json::json!({
        "port": port,
        "bind_addresses": [options.host()],
        "keys": { API_KEY: API_SECRET },
        "rtc": {
            "udp_port": udp_port,
            "tcp_port": tcp_port,
            "node_ip": options.host(),
            "use_external_ip": false,
            "enable_loopback_candidate": true,
            "allow_tcp_fallback": false,
        },
        "logging": { "level": "info", "json": true },
    });
    if let Some(host) = options.host {
        let bits = if host.is_ipv4() { 32 } else { 128 };
        configuration["rtc"]["ips"] = serde_json::json!({ "includes": [format!("{host}/{bits}")] });
    }
    if options.tcp_only {
        configuration["rtc"]["force_tcp"] = true.into();
    }
    if options.relay || options.relay_over_tls.is_some() {
        configuration["turn"] = serde_json::json!({
            "enabled": true,
            "bind_addresses": [options.host()],
            "relay_range_start": 20_000,
            "relay_range_end": 30_000,
            // It relays to itself, which is on loopback.
            "allow_restricted_peer_cidrs": ["127.0.0.0/8"],
        });
    }
    if options.relay {
        configuration["turn"]["udp_port"] = relay_port.into();
    }
    if let Some((certificate, key)) = &options.relay_over_tls {
        configuration["turn"]["domain"] = RELAY_NAME.into();
        configuration["turn"]["tls_port"] = RELAY_PORT.into();
        configuration["turn"]["cert_file"] = certificate.to_string_lossy().into();
        configuration["turn"]["key_file"] = key.to_string_lossy().into();
    }
    if let Some(url) = &options.webhook {
        configuration["webhook"] = serde_json::json!({ "api_key": API_KEY, "urls": [url] });
    }
    // YAML, of which JSON is a part.
    configuration.to_string()
}

fn free_tcp_port(host: IpAddr) -> io::Result<u16> {
    Ok(TcpListener::bind((host, 0))?.local_addr()?.port())
}

fn free_udp_port(host: IpAddr) -> io::Result<u16> {
    Ok(UdpSocket::bind((host, 0))?.local_addr()?.port())
}
