//! Datagrams over TCP (RFC 6544), each after its length (RFC 4571): for servers that UDP does not reach.

use std::{collections::HashMap, io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};

/// Most time to open a connection.
const OPEN: Duration = Duration::from_secs(5);
/// Datagrams that wait for a connection that has come to a halt; more are lost. 320 ms of sound: older ones are worth
/// nothing.
const MOST_WAITING: usize = 16;
/// Larger than any datagram here.
const DATAGRAM: usize = 2_000;

/// The connections of a peer, each with a task of its own. They end when this is dropped.
pub(crate) struct Connections {
    open: HashMap<Ends, mpsc::Sender<Vec<u8>>>,
    tell: mpsc::Sender<Arrival>,
    arrivals: mpsc::Receiver<Arrival>,
    tasks: JoinSet<()>,
}

/// Our address and the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

/// What a connection tells.
pub(crate) struct Arrival {
    pub(crate) ends: Ends,
    pub(crate) what: Arrived,
}

pub(crate) enum Arrived {
    Opened(mpsc::Sender<Vec<u8>>),
    Datagram(Vec<u8>),
    Closed,
}

impl Connections {
    pub(crate) fn new() -> Self {
        // As many as there may be without the peer being asked; TCP holds the rest back.
        let (tell, arrivals) = mpsc::channel(64);
        Self {
            open: HashMap::new(),
            tell,
            arrivals,
            tasks: JoinSet::new(),
        }
    }

    pub(crate) fn connect(&mut self, remote: SocketAddr) {
        let tell = self.tell.clone();
        self.tasks.spawn(async move {
            let Ok(Ok(stream)) = timeout(OPEN, TcpStream::connect(remote)).await else {
                tracing::debug!("LiveKit's media cannot be reached over TCP");
                return;
            };
            let Ok(local) = stream.local_addr() else { return };
            // Sound does not wait for company.
            let _ = stream.set_nodelay(true);
            let ends = Ends { local, remote };
            let (sender, outgoing) = mpsc::channel(MOST_WAITING);
            let what = Arrived::Opened(sender);
            if tell.send(Arrival { ends, what }).await.is_err() {
                return;
            }
            let (reader, writer) = stream.into_split();
            tokio::select! {
                _ = receive(reader, ends, &tell) => {}
                _ = send(writer, outgoing) => {}
            }
            let what = Arrived::Closed;
            let _ = tell.send(Arrival { ends, what }).await;
        });
    }

    /// What comes next. Cancel safe; never ends.
    pub(crate) async fn next(&mut self) -> Arrival {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            // Cannot be: one sender is ours.
            None => std::future::pending().await,
        }
    }

    pub(crate) fn opened(&mut self, ends: Ends, sender: mpsc::Sender<Vec<u8>>) {
        self.open.insert(ends, sender);
    }

    pub(crate) fn closed(&mut self, ends: Ends) {
        self.open.remove(&ends);
    }

    /// Sends a datagram, unless its connection has come to a halt or there is none.
    pub(crate) fn send(&self, ends: Ends, datagram: Vec<u8>) {
        if let Some(connection) = self.open.get(&ends) {
            let _ = connection.try_send(datagram);
        }
    }
}

async fn receive(mut reader: impl AsyncRead + Unpin, ends: Ends, tell: &mpsc::Sender<Arrival>) -> io::Result<()> {
    while let Some(datagram) = read(&mut reader).await? {
        let what = Arrived::Datagram(datagram);
        if tell.send(Arrival { ends, what }).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn send(mut writer: impl AsyncWrite + Unpin, mut outgoing: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(datagram) = outgoing.recv().await {
        write(&mut writer, &datagram).await?;
    }
    Ok(())
}

/// The next datagram; `None` if one is longer than can be, so that nothing that follows can be trusted.
async fn read(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let length = usize::from(reader.read_u16().await?);
    if length > DATAGRAM {
        return Ok(None);
    }
    let mut datagram = vec![0; length];
    reader.read_exact(&mut datagram).await?;
    Ok(Some(datagram))
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), datagram: &[u8]) -> io::Result<()> {
    let Ok(length) = u16::try_from(datagram.len()) else {
        return Ok(());
    };
    // In one piece, so that it is one packet.
    let mut framed = Vec::with_capacity(2 + datagram.len());
    framed.extend(length.to_be_bytes());
    framed.extend(datagram);
    writer.write_all(&framed).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn datagrams_stay_whole_however_the_stream_is_cut() {
        // Nothing longer than 3 bytes passes at once.
        let (mut here, mut there) = tokio::io::duplex(3);
        let sent: Vec<Vec<u8>> = [0, 1, 2, 300, 1_500].map(|length| vec![7; length]).into();
        let sending = async {
            for datagram in &sent {
                write(&mut here, datagram).await.expect("sent");
            }
        };
        let receiving = async {
            let mut received = Vec::new();
            while received.len() < sent.len() {
                received.push(read(&mut there).await.expect("a stream").expect("a datagram"));
            }
            received
        };
        let ((), received) = tokio::join!(sending, receiving);
        assert_eq!(received, sent);
    }

    #[tokio::test]
    async fn a_length_that_cannot_be_ends_the_connection() {
        let (mut here, mut there) = tokio::io::duplex(100);
        here.write_all(&[0xff, 0xff, 1, 2, 3]).await.expect("sent");
        assert_eq!(read(&mut there).await.expect("a stream"), None);
    }
}
