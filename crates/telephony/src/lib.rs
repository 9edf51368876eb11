//! Rooms, participants, dialling, listening, as one port: [`TelephoneNetwork`].
//!
//! **This crate never knows** campaigns, leads or models. It carries sound and tells what became of a dialled number.
//!
//! A call goes like this: [`TelephoneNetwork::open_room`] makes the room with the agent in it, [`AgentSeat::dial`] asks
//! the network to ring the number, and from then on [`AgentSeat::next`] tells stages, sound and the end, in order. The
//! agent speaks with [`AgentSeat::speak`], one frame every [`FRAME_MILLIS`] ms of room time, which is what keeps time
//! in a conversation: a rehearsal that runs ten times faster is simply a room that ticks ten times faster.
//!
//! A call that comes in is an [`Arrival`]; [`TelephoneNetwork::answer`] takes the agent's seat in its room, and from the
//! answer on it is like any other.

mod arrival;
#[cfg(feature = "livekit")]
pub mod livekit;

pub use arrival::{Arrival, CallRoom};

use async_trait::async_trait;
use domain::{AttemptId, ConversationId, PhoneNumber};
use std::{sync::Arc, time::Duration};
use tokio::sync::{broadcast, mpsc};

/// Samples per second of all sound in a room: wide-band telephony.
pub const SAMPLE_RATE_HZ: u32 = 16_000;
/// Length of a frame, milliseconds.
pub const FRAME_MILLIS: u32 = 20;
/// Samples in a frame.
pub const FRAME_SAMPLES: usize = (SAMPLE_RATE_HZ / 1_000 * FRAME_MILLIS) as usize;

/// 20 ms of mono sound, signed 16 bit, 16 kHz. Cheap to clone, so that recording, listeners and recognisers share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Arc<[i16; FRAME_SAMPLES]>);

impl Frame {
    #[must_use]
    pub fn new(samples: [i16; FRAME_SAMPLES]) -> Self {
        Self(Arc::new(samples))
    }

    /// A frame from up to [`FRAME_SAMPLES`] samples, filled up with silence; surplus samples are left out.
    #[must_use]
    pub fn from_slice(samples: &[i16]) -> Self {
        let mut frame = [0; FRAME_SAMPLES];
        let length = samples.len().min(FRAME_SAMPLES);
        frame[..length].copy_from_slice(&samples[..length]);
        Self::new(frame)
    }

    #[must_use]
    pub fn silence() -> Self {
        static SILENCE: std::sync::OnceLock<Frame> = std::sync::OnceLock::new();
        SILENCE.get_or_init(|| Self::new([0; FRAME_SAMPLES])).clone()
    }

    #[must_use]
    pub fn samples(&self) -> &[i16; FRAME_SAMPLES] {
        &self.0
    }

    /// The loudest sample, 0 to 32,768.
    #[must_use]
    pub fn peak(&self) -> u16 {
        self.0.iter().fold(0, |peak, sample| peak.max(sample.unsigned_abs()))
    }

    /// Both at once, as loud as 16 bits allow.
    #[must_use]
    pub fn mixed_with(&self, other: &Self) -> Self {
        Self::new(std::array::from_fn(|at| self.0[at].saturating_add(other.0[at])))
    }

    /// True for digital silence: every sample is zero.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.0.iter().all(|sample| *sample == 0)
    }
}

/// What the network is asked to do.
#[derive(Clone, Debug)]
pub struct DialRequest {
    /// Key of this dial: the network's ledger tells by it whether it was ever asked ([`TelephoneNetwork::was_dialled`]).
    pub attempt_id: AttemptId,
    pub number: PhoneNumber,
    /// How long the phone may ring.
    pub ringing_timeout: Duration,
    /// How long the call may last from the answer on. The network ends it a little later by itself, in case that nobody
    /// is left to do it.
    pub longest_call: Duration,
}

/// Why a phone that rang was not answered, or could not even ring; with the SIP code if the network gave one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAnswered {
    /// The ringing time-out passed (SIP 408, 480, 487).
    NoAnswer { sip_code: Option<u16> },
    /// SIP 486, 600.
    Busy { sip_code: Option<u16> },
    /// SIP 603.
    Rejected { sip_code: Option<u16> },
    /// The number cannot be reached (SIP 404, 5xx).
    Unreachable { sip_code: Option<u16> },
    /// The network refused to dial, because of us and not of the number: nothing rang. The sentence says why.
    Refused { reason: String },
}

/// Why an answered call ended, if it was not the agent who ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FarEnd {
    /// The person hung up.
    HungUp,
    /// The connection broke.
    Lost,
}

/// What the agent perceives, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    Ringing,
    Answered,
    /// The next 20 ms of room time, with what the person's side sounds like. Comes from the answer to the end without
    /// gaps: silence is a frame too. Before the answer there are none.
    Tick(Frame),
    /// A key of the phone's keypad: 0-9, `*`, `#`.
    Dtmf(char),
    /// A supervisor ([`SUPERVISOR_PREFIX`]) with a voice of their own is there: a browser, or a phone that was brought in
    /// and was answered. The agent hears them, the person does not until [`AgentSeat::let_person_hear`].
    SupervisorJoined {
        identity: Arc<str>,
    },
    /// Such a supervisor is gone, whatever the reason.
    SupervisorLeft {
        identity: Arc<str>,
    },
    /// Whoever was to be brought in ([`AgentSeat::bring_in`]) did not come, and why.
    NotBroughtIn {
        identity: Arc<str>,
        why: NotAnswered,
    },
    /// What came of [`AgentSeat::transfer`]: the person is on the way to the other number and leaves this room, or is still
    /// here.
    Transferred(bool),
    /// 20 ms of a supervisor's voice; comes just before the tick it belongs to, one for each supervisor who has one.
    SupervisorSound {
        identity: Arc<str>,
        frame: Frame,
    },
    /// The call did not come about. Nothing follows.
    NotAnswered(NotAnswered),
    /// The far end left. Nothing follows.
    Left(FarEnd),
}

/// What the two sides of a call sound like, for people who listen. One for each tick.
#[derive(Clone, Debug)]
pub struct HeardFrames {
    pub agent: Frame,
    pub person: Frame,
    /// Supervisors whom the person hears, by their identities; whoever speaks wants to hear all but themselves.
    pub supervisors: Vec<(Arc<str>, Frame)>,
    /// A colleague who was brought in and whom the person does not hear.
    pub aside: Option<Frame>,
}

/// What a network says about an attempt after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialRecord {
    /// It was never asked to dial this attempt: the lead can be put back.
    Never,
    /// It was asked: the phone may have rung, so it must not ring again.
    Dialled,
}

/// What goes wrong on our side of the network. None of these texts carries personal data.
#[derive(Debug, thiserror::Error)]
pub enum TelephonyError {
    /// The network cannot be reached or refuses us; nothing was dialled.
    #[error("the telephone network cannot be used now: {0}")]
    Unavailable(String),
    /// The room is gone.
    #[error("the room is closed")]
    RoomClosed,
    /// This network has no such thing.
    #[error("the telephone network of this installation cannot do that")]
    Unsupported,
}

/// Identities of supervisors in a room begin with this.
pub const SUPERVISOR_PREFIX: &str = domain::call_command::VOICE_PREFIX;

/// Takes frames of 20 ms, about one every 20 ms; what comes too fast is dropped. Dropping it leaves the room.
pub type Microphone = mpsc::Sender<Frame>;

/// As what a browser comes into the room of a call. Identities of supervisors begin with [`SUPERVISOR_PREFIX`]; two
/// browsers never share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrowserSeat {
    /// Hears both sides; nobody sees it.
    Listen { identity: String },
    /// Hears both sides and has a microphone.
    Speak { identity: String, name: domain::Personal },
}

/// What a browser needs to come into a room. The token is a secret: it goes to that browser and nowhere else.
#[derive(Clone)]
pub struct BrowserAccess {
    /// Where the browser connects, `ws://` or `wss://`.
    pub url: String,
    /// For this one room and seat.
    pub token: String,
    /// Until when the token opens the door; whoever is in by then stays.
    pub expires_in: Duration,
    /// The agent's identity in the room: whoever whispers lets nobody else hear it.
    pub agent: String,
}

impl std::fmt::Debug for BrowserAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserAccess")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The longest time that a browser can come back into a room with what it was given while it was in: LiveKit gives whoever
/// is in new tokens, which open the door for ten minutes.
pub const TOKENS_LAST: Duration = Duration::from_secs(600);

/// A telephone network.
#[async_trait]
pub trait TelephoneNetwork: Send + Sync + 'static {
    /// True if minutes on it cost something: real telephones, not a rehearsal.
    fn charges(&self) -> bool {
        false
    }

    /// Opens the room of a call and takes the agent's seat in it. Nothing rings yet.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; then nothing was opened.
    async fn open_room(&self, conversation: ConversationId) -> Result<Box<dyn AgentSeat>, TelephonyError>;

    /// Whether this attempt was ever dialled, whichever process asked.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; ask again later, and do not dial meanwhile.
    async fn was_dialled(&self, attempt: AttemptId) -> Result<DialRecord, TelephonyError>;

    /// Whether calls can be made now, as far as that can be found out without making one.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to do, without personal data.
    async fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Both sides of a call that this process holds, from now on; `None` if it holds no such call. A listener that is
    /// too slow misses frames and disturbs nobody.
    fn listen(&self, conversation: ConversationId) -> Option<broadcast::Receiver<HeardFrames>>;

    /// A microphone in a call that this process holds; `None` if it holds no such call or takes no microphones this way. It
    /// is a supervisor's of that identity, whom nobody but the agent hears until [`AgentSeat::let_person_hear`], or the
    /// person's, where the agent expects it ([`AgentSeat::expect_browser`]).
    fn open_microphone(&self, _conversation: ConversationId, _identity: &str) -> Option<Microphone> {
        None
    }

    /// Lets a browser into the room of a call, whichever process holds it. `None`: browsers cannot come into the rooms of
    /// this network.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`].
    fn browser_access(&self, _room: &CallRoom, _seat: BrowserSeat) -> Result<Option<BrowserAccess>, TelephonyError> {
        Ok(None)
    }

    /// Puts a browser out of the room of a call, if it is there. It may come back with a token that it still has, for at
    /// most [`TOKENS_LAST`] longer.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; then it may still be in.
    async fn remove_browser(&self, _room: &CallRoom, _identity: &str) -> Result<(), TelephonyError> {
        Ok(())
    }

    /// Takes the agent's seat in the room of a call whose process died. The person is on the line and hears nothing; the
    /// room ticks from the start. `None`: there is nobody in it any more, or rooms of this network die with the process
    /// that holds them. Whoever sat there before, if they live after all, finds themselves outside and ends nothing.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; ask again later.
    async fn rejoin(&self, _room: &CallRoom) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        Ok(None)
    }

    /// Ends whatever is left of a call whose process died: nobody stays on the line with no one. Rooms that live in the
    /// process that holds them are gone with it.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; ask again later.
    async fn end_orphan(&self, _room: &CallRoom) -> Result<(), TelephonyError> {
        Ok(())
    }

    /// Calls that have come in and wait to be answered, as far as the network can tell now. Some may have been told of
    /// before, and some may have been told of by other ways only.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; ask again later.
    async fn arrivals(&self) -> Result<Vec<Arrival>, TelephonyError> {
        Ok(Vec::new())
    }

    /// Whether this process could answer the call that came in into this room. Rooms that live in the process that holds
    /// them are for that process alone.
    fn reaches(&self, _room: &CallRoom) -> bool {
        true
    }

    /// Takes the agent's seat in the room of a call that came in, instead of [`TelephoneNetwork::open_room`] and
    /// [`AgentSeat::dial`]. [`RoomEvent::Answered`] comes as soon as the caller hears us. `None`: they have hung up.
    ///
    /// # Errors
    /// [`TelephonyError::Unavailable`]; then it rings on.
    async fn answer(&self, _room: &CallRoom, _caller: &str) -> Result<Option<Box<dyn AgentSeat>>, TelephonyError> {
        Ok(None)
    }
}

/// The agent's place in a room. Dropping it ends the call for the far end too.
#[async_trait]
pub trait AgentSeat: Send {
    /// Asks the network to ring the number. Returns as soon as the network has the request (it is in its ledger then);
    /// what becomes of it arrives by [`AgentSeat::next`].
    ///
    /// # Errors
    /// [`TelephonyError`]; then nothing rings.
    async fn dial(&mut self, request: DialRequest) -> Result<(), TelephonyError>;

    /// The next event. Cancel safe. After [`RoomEvent::NotAnswered`] or [`RoomEvent::Left`], and when the room is gone,
    /// it is `Left(FarEnd::Lost)` for ever.
    async fn next(&mut self) -> RoomEvent;

    /// Says a frame in the current tick. To be called at most once for each [`RoomEvent::Tick`]; a tick without it is
    /// silence. Never blocks.
    fn speak(&mut self, frame: Frame);

    /// Hangs up and closes the room. Idempotent.
    async fn hang_up(&mut self);

    /// Instead of [`AgentSeat::dial`]: a browser with this identity ([`BrowserSeat::Speak`]) is the person, and answers
    /// by coming in with its microphone.
    ///
    /// # Errors
    /// [`TelephonyError::Unsupported`] where browsers cannot come in.
    async fn expect_browser(&mut self, _identity: &str) -> Result<(), TelephonyError> {
        Err(TelephonyError::Unsupported)
    }

    /// Presses a key towards the person's phone: 0-9, `*`, `#`.
    ///
    /// # Errors
    /// [`TelephonyError`].
    async fn send_dtmf(&mut self, _digit: char) -> Result<(), TelephonyError> {
        Err(TelephonyError::Unsupported)
    }

    /// Asks the network to hand the person over to another number (cold transfer). Returns as soon as it is asked; what
    /// becomes of it is a [`RoomEvent::Transferred`].
    ///
    /// # Errors
    /// [`TelephonyError`]; then nothing was asked, and the person is still here.
    async fn transfer(&mut self, _to: &PhoneNumber) -> Result<(), TelephonyError> {
        Err(TelephonyError::Unsupported)
    }

    /// Dials somebody into this room beside the person and the agent (warm transfer). They hear all that is said in it, and
    /// come and go like supervisors, under the identity that this answers with; if they do not answer, that is a
    /// [`RoomEvent::NotBroughtIn`].
    ///
    /// # Errors
    /// [`TelephonyError`]; then nothing rings.
    async fn bring_in(&mut self, _to: &PhoneNumber, _ringing_timeout: Duration) -> Result<Arc<str>, TelephonyError> {
        Err(TelephonyError::Unsupported)
    }

    /// Puts somebody who was brought in out of the room, or stops ringing them. One who is not there is out already.
    ///
    /// # Errors
    /// [`TelephonyError`].
    async fn put_out(&mut self, _identity: &str) -> Result<(), TelephonyError> {
        Err(TelephonyError::Unsupported)
    }

    /// Whether the person hears this supervisor. The agent always does.
    ///
    /// # Errors
    /// [`TelephonyError`]; then it is as it was.
    async fn let_person_hear(&mut self, _identity: &str, _hear: bool) -> Result<(), TelephonyError> {
        Err(TelephonyError::Unsupported)
    }
}
