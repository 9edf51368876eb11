//! What carries the messages to and from a relay: datagrams, or a stream for networks that let nothing else out, inside TLS
//! where the relay asks for it.

use super::DATAGRAM;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, UdpSocket},
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// A stream is there within this time, TLS included.
const CONNECTING: Duration = Duration::from_secs(5);
/// Messages that may wait to be sent or read: more than a second of sound both ways. What is more is lost, as a datagram.
const MOST_WAITING: usize = 128;

/// Length of a STUN message's header, bytes.
const STUN_HEADER: usize = 20;

/// How a relay is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    /// The name that its certificate is for.
    Tls(String),
}

/// See the [module](self).
pub(super) enum Wire {
    Datagrams(UdpSocket),
    Stream(Stream),
}

pub(super) struct Stream {
    local: SocketAddr,
    to_relay: mpsc::Sender<Vec<u8>>,
    from_relay: mpsc::Receiver<Vec<u8>>,
    arrived: Arc<Notify>,
    _carrying: AbortOnDropHandle<()>,
}

impl Wire {
    /// Towards `relay`. What is sent before a stream is there waits for it.
    pub(super) fn open(relay: SocketAddr, transport: &Transport) -> io::Result<Self> {
        let any = if relay.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        // Connecting says from which address of ours the relay is reached.
        let socket = std::net::UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(relay)?;
        let tls = match transport {
            Transport::Udp => {
                socket.set_nonblocking(true)?;
                return UdpSocket::from_std(socket).map(Self::Datagrams);
            }
            Transport::Tcp => None,
            Transport::Tls(name) => Some(ServerName::try_from(name.clone()).map_err(io::Error::other)?),
        };
        let ours = socket.local_addr()?.ip();
        let socket = if relay.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.bind(SocketAddr::new(ours, 0))?;
        let local = socket.local_addr()?;
        let (to_relay, outgoing) = mpsc::channel(MOST_WAITING);
        let (incoming, from_relay) = mpsc::channel(MOST_WAITING);
        let arrived = Arc::new(Notify::new());
        let carrying = carry(socket, relay, tls, outgoing, incoming, Arc::clone(&arrived));
        Ok(Self::Stream(Stream {
            local,
            to_relay,
            from_relay,
            arrived,
            _carrying: AbortOnDropHandle::new(tokio::spawn(carrying)),
        }))
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Datagrams(socket) => socket.local_addr(),
            Self::Stream(stream) => Ok(stream.local),
        }
    }

    /// Waits until there may be something. Cancel safe.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Datagrams(socket) => socket.readable().await,
            Self::Stream(stream) => {
                stream.arrived.notified().await;
                Ok(())
            }
        }
    }

    /// What has come, into `buffer`: its length.
    pub(super) fn try_recv(&mut self, buffer: &mut [u8; DATAGRAM]) -> Option<usize> {
        match self {
            Self::Datagrams(socket) => socket.try_recv(buffer).ok(),
            Self::Stream(stream) => {
                let piece = stream.from_relay.try_recv().ok()?;
                let length = piece.len().min(DATAGRAM);
                buffer[..length].copy_from_slice(&piece[..length]);
                Some(length)
            }
        }
    }

    /// What the system, or the stream, has no room for is lost, as any datagram may be.
    pub(super) fn try_send(&self, message: &[u8]) {
        match self {
            Self::Datagrams(socket) => drop(socket.try_send(message)),
            Self::Stream(stream) => drop(stream.to_relay.try_send(padded(message))),
        }
    }
}

/// On a stream, data of a channel is filled up to whole words (RFC 8656, section 12.5); everything else has whole words.
fn padded(message: &[u8]) -> Vec<u8> {
    let mut padded = message.to_vec();
    padded.resize(message.len().next_multiple_of(4), 0);
    padded
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// Connects, then carries both ways until one of them ends.
async fn carry(
    socket: TcpSocket,
    relay: SocketAddr,
    tls: Option<ServerName<'static>>,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    incoming: mpsc::Sender<Vec<u8>>,
    arrived: Arc<Notify>,
) {
    let stream = match timeout(CONNECTING, connect(socket, relay, tls)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(%error, "LiveKit's relay cannot be reached over a stream"),
        Err(_) => return tracing::info!("LiveKit's relay does not answer over a stream"),
    };
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sending = async {
        while let Some(message) = outgoing.recv().await {
            writer.write_all(&message).await?;
            writer.flush().await?;
        }
        Ok::<(), io::Error>(())
    };
    let receiving = async {
        loop {
            let message = read_message(&mut reader).await?;
            if incoming.send(message).await.is_err() {
                return Ok::<(), io::Error>(());
            }
            arrived.notify_one();
        }
    };
    // However it ends, str0m finds out by itself that nothing passes any more.
    let _ = tokio::select! {
        sent = sending => sent,
        received = receiving => received,
    };
}

/// The next message of a stream, without what fills it up to whole words (RFC 8656, section 12.5).
async fn read_message(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    reader.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    // Data of a channel begins with bits 01, and tells its own length; a STUN message that of what follows its header.
    let (rest, filled) = if head[0] & 0xc0 == 0x40 {
        (length, length.next_multiple_of(4))
    } else {
        (length + STUN_HEADER - head.len(), length + STUN_HEADER - head.len())
    };
    if head.len() + filled > DATAGRAM {
        return Err(io::Error::other("the relay sends more than a datagram holds"));
    }
    let mut message = vec![0; head.len() + filled];
    message[..head.len()].copy_from_slice(&head);
    reader.read_exact(&mut message[head.len()..]).await?;
    message.truncate(head.len() + rest);
    Ok(message)
}

async fn connect(socket: TcpSocket, relay: SocketAddr, tls: Option<ServerName<'static>>) -> io::Result<Box<dyn Both>> {
    let stream = socket.connect(relay).await?;
    stream.set_nodelay(true)?;
    match tls {
        None => Ok(Box::new(stream)),
        Some(name) => Ok(Box::new(TlsConnector::from(trust()?).connect(name, stream).await?)),
    }
}

/// The web's roots, the machine's, and those of `SSL_CERT_FILE`, as for LiveKit's signalling.
fn trust() -> io::Result<Arc<ClientConfig>> {
    static TRUST: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(known) = TRUST.get() {
        return Ok(Arc::clone(known));
    }
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(TRUST.get_or_init(|| Arc::new(config))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_of_a_stream_are_told_apart_and_filled_up() {
        let stun = [&[0x01, 0x03, 0x00, 0x04][..], &[7; 16 + 4]].concat();
        let data = [&[0x40, 0x01, 0x00, 0x05][..], b"sound"].concat();
        assert_eq!(padded(&stun), stun);
        assert_eq!(padded(&data).len(), 12);
        let stream = [padded(&data), stun.clone(), padded(&data), vec![0x40, 0x01]].concat();
        let mut reader = stream.as_slice();
        for expected in [&data, &stun, &data] {
            assert_eq!(&read_message(&mut reader).await.expect("a message"), expected);
        }
        assert!(read_message(&mut reader).await.is_err(), "it breaks off");
        let mut endless = &[0x40, 0x01, 0xff, 0xff, 0, 0][..];
        assert!(read_message(&mut endless).await.is_err());
    }
}
