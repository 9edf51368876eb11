//! A bad network in front of a server's UDP port: loses, delays and reorders what passes, both ways.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{net::UdpSocket, task::JoinSet, time::sleep};

/// How bad it is.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    /// Part of the datagrams that is lost.
    pub(crate) loss: f64,
    /// Each of the others is held back by a time between nothing and this, whatever happens to its neighbours.
    pub(crate) jitter: Duration,
    /// The fate of the n-th datagram of a direction is always the same.
    pub(crate) seed: u64,
}

/// Datagrams in both directions.
#[derive(Default)]
pub(crate) struct Passed {
    pub(crate) lost: AtomicU64,
    pub(crate) delivered: AtomicU64,
    /// Delivered after one that was sent later.
    pub(crate) overtaken: AtomicU64,
}

/// Ends when it is dropped.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    pub(crate) passed: Arc<Passed>,
    _tasks: JoinSet<()>,
}

/// One direction between a client and the server.
struct Line {
    weather: Weather,
    chance: ChaCha8Rng,
    sent: u64,
    newest_delivered: Arc<AtomicU64>,
    passed: Arc<Passed>,
}

impl Relay {
    pub(crate) async fn start(server: SocketAddr, weather: Weather) -> Self {
        let inside = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let address = inside.local_addr().unwrap();
        let passed = Arc::new(Passed::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(from_clients(inside, server, weather, passed.clone()));
        Self {
            address,
            passed,
            _tasks: tasks,
        }
    }
}

/// Every client has a socket of its own towards the server, which tells its peers apart by their addresses.
async fn from_clients(inside: Arc<UdpSocket>, server: SocketAddr, weather: Weather, passed: Arc<Passed>) {
    let mut clients = HashMap::new();
    let mut answers = JoinSet::new();
    let mut datagram = [0; 2_000];
    loop {
        let Ok((length, client)) = inside.recv_from(&mut datagram).await else {
            continue;
        };
        if !clients.contains_key(&client) {
            let outside = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
            let direction = |number: u64| Line::new(weather, clients.len() as u64 * 2 + number, passed.clone());
            let (there, back) = (direction(0), direction(1));
            answers.spawn(from_server(outside.clone(), inside.clone(), client, back));
            clients.insert(client, (outside, there));
        }
        if let Some((outside, line)) = clients.get_mut(&client) {
            line.pass(datagram[..length].to_vec(), outside.clone(), server);
        }
    }
}

async fn from_server(outside: Arc<UdpSocket>, inside: Arc<UdpSocket>, client: SocketAddr, mut line: Line) {
    let mut datagram = [0; 2_000];
    loop {
        if let Ok((length, _)) = outside.recv_from(&mut datagram).await {
            line.pass(datagram[..length].to_vec(), inside.clone(), client);
        }
    }
}

impl Line {
    fn new(weather: Weather, number: u64, passed: Arc<Passed>) -> Self {
        Self {
            weather,
            chance: ChaCha8Rng::seed_from_u64(weather.seed + number),
            sent: 0,
            newest_delivered: Arc::default(),
            passed,
        }
    }

    fn pass(&mut self, datagram: Vec<u8>, socket: Arc<UdpSocket>, to: SocketAddr) {
        self.sent += 1;
        let number = self.sent;
        // Both are drawn for each, so that a lost one changes nothing for the next.
        let (lost, delay) = (
            self.chance.random_bool(self.weather.loss),
            self.weather.jitter.mul_f64(self.chance.random()),
        );
        if lost {
            self.passed.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (newest, passed) = (self.newest_delivered.clone(), self.passed.clone());
        tokio::spawn(async move {
            sleep(delay).await;
            let _ = socket.send_to(&datagram, to).await;
            passed.delivered.fetch_add(1, Ordering::Relaxed);
            if newest.fetch_max(number, Ordering::Relaxed) > number {
                passed.overtaken.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}
