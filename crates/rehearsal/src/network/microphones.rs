//! Microphones in a room: supervisors', and a browser's that is the person. They send in their own time; the room takes a
//! frame of each in every tick.

use std::{collections::VecDeque, sync::Arc};
use telephony::{Frame, RoomEvent};
use tokio::sync::mpsc::{self, error::TryRecvError};

/// Frames that are held back before a voice begins, so that an uneven network is not heard: 60 ms.
const AHEAD: usize = 3;
/// Frames that may wait; older ones are dropped, or the voice would fall ever further behind: 300 ms.
const MOST_WAITING: usize = 15;

/// One that was just opened.
pub(super) struct NewMicrophone {
    pub(super) identity: Arc<str>,
    pub(super) frames: mpsc::Receiver<Frame>,
}

struct Open {
    identity: Arc<str>,
    frames: mpsc::Receiver<Frame>,
    waiting: VecDeque<Frame>,
    /// Enough has waited; goes on until nothing waits.
    playing: bool,
    closed: bool,
    person_hears: bool,
}

impl Open {
    /// The frame of this tick; silence if none has come.
    fn next(&mut self) -> Frame {
        loop {
            match self.frames.try_recv() {
                Ok(frame) => self.waiting.push_back(frame),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.closed = true;
                    break;
                }
            }
        }
        while self.waiting.len() > MOST_WAITING {
            self.waiting.pop_front();
        }
        self.playing |= self.waiting.len() >= AHEAD || self.closed;
        let frame = if self.playing { self.waiting.pop_front() } else { None };
        self.playing = frame.is_some();
        frame.unwrap_or_else(Frame::silence)
    }

    fn is_over(&self) -> bool {
        self.closed && self.waiting.is_empty()
    }
}

/// All of a room.
pub(super) struct Microphones {
    new: mpsc::UnboundedReceiver<NewMicrophone>,
    supervisors: Vec<Open>,
    /// The person's, where a browser is the person.
    person: Option<Open>,
    /// Whose it is.
    expected: Option<Arc<str>>,
}

impl Microphones {
    pub(super) fn new() -> (mpsc::UnboundedSender<NewMicrophone>, Self) {
        let (sender, new) = mpsc::unbounded_channel();
        let microphones = Self {
            new,
            supervisors: Vec::new(),
            person: None,
            expected: None,
        };
        (sender, microphones)
    }

    /// Until the browser with this identity is there. Cancel safe.
    pub(super) async fn wait_for(&mut self, identity: &Arc<str>) {
        self.expected = Some(Arc::clone(identity));
        while self.person.is_none() {
            match self.new.recv().await {
                Some(new) => {
                    self.let_in(new);
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Takes a microphone in; gives the identity of a supervisor.
    fn let_in(&mut self, new: NewMicrophone) -> Option<Arc<str>> {
        let open = Open {
            identity: Arc::clone(&new.identity),
            frames: new.frames,
            waiting: VecDeque::new(),
            playing: false,
            closed: false,
            person_hears: false,
        };
        if self.expected.as_ref() == Some(&new.identity) {
            self.person = Some(open);
            return None;
        }
        self.supervisors.push(open);
        Some(new.identity)
    }

    /// The sound of a tick from all supervisors, with those who came and went; gives what the person hears of it.
    pub(super) fn tick(&mut self, events: &mut VecDeque<RoomEvent>) -> Vec<(Arc<str>, Frame)> {
        while let Ok(new) = self.new.try_recv() {
            let came = self.let_in(new);
            events.extend(came.map(|identity| RoomEvent::SupervisorJoined { identity }));
        }
        let mut aloud = Vec::new();
        self.supervisors.retain_mut(|open| {
            let frame = open.next();
            let identity = Arc::clone(&open.identity);
            if open.is_over() {
                events.push_back(RoomEvent::SupervisorLeft { identity });
                return false;
            }
            if open.person_hears {
                aloud.push((Arc::clone(&identity), frame.clone()));
            }
            events.push_back(RoomEvent::SupervisorSound { identity, frame });
            true
        });
        aloud
    }

    /// The person's frame, where a browser is the person; `None` if they have left.
    pub(super) fn take_person(&mut self) -> Option<Frame> {
        let person = self.person.as_mut()?;
        let frame = person.next();
        (!person.is_over()).then_some(frame)
    }

    pub(super) fn let_person_hear(&mut self, identity: &str, hear: bool) {
        for open in self.supervisors.iter_mut().filter(|open| *open.identity == *identity) {
            open.person_hears = hear;
        }
    }
}
