//! What a conversation is told.

use domain::{
    Personal, PhoneNumber, UserId,
    call_command::{CallSupervisor, NotReached},
};
use serde_json::Value;
use std::sync::Arc;
use telephony::{FarEnd, NotAnswered};
use voice::{line_sound::LineSound, ports::ToolUse};

/// Number of an answer that a language model was asked for; grows with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyId(pub u32);

/// Number of a sentence that the agent was told to speak; grows with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SentenceId(pub u32);

/// News from a language model's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyNews {
    Words(String),
    /// The model says the words that follow itself.
    Aloud,
    Result {
        field: String,
        value: Value,
    },
    CallBack {
        when: String,
        at: Option<String>,
    },
    /// What the campaign has to allow, each of it.
    Tool(ToolUse),
    /// The person does not want to be called again, as the model understood them.
    DoNotCall,
    EndCall,
    /// The answer is complete.
    Done,
    /// It broke off, or never began.
    Failed,
}

/// What a person said, once it is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardWords {
    /// Empty if there were no words in the sound.
    pub text: Personal,
    /// Room time of its first sound, milliseconds.
    pub start_ms: u32,
    /// Room time of its last sound, milliseconds.
    pub end_ms: u32,
}

/// The part of a sentence that was said aloud: all of it, or less if it was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenWords {
    pub id: SentenceId,
    /// Empty if it was cut before the first word was out.
    pub text: Personal,
    pub start_ms: u32,
    pub end_ms: u32,
    pub interrupted: bool,
}

/// Everything that a conversation reacts to.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Ringing,
    Answered,
    NotAnswered(NotAnswered),
    /// The far end left.
    Left(FarEnd),
    /// The room has given no sign of life for too long.
    RoomSilent,
    /// 20 ms of room time have passed.
    Tick,
    /// It is certain that somebody speaks.
    SpeechStarted,
    /// They fell silent. A `Heard` or `NotHeard` follows for each.
    SpeechEnded,
    /// What is being said, so far.
    Partial(Personal),
    Heard(HeardWords),
    /// They are silent for a moment, and this is what they said if they have finished. `WentOn` follows if they have
    /// not, and `SpeechEnded` and `Heard` if they have.
    MayHaveSaid(HeardWords),
    /// They go on after a pause in which they might have finished.
    WentOn,
    /// The sound could not be turned into text.
    NotHeard,
    /// A sound of the line that is nobody's voice.
    Line(LineSound),
    /// A key of the keypad.
    Dtmf(char),
    /// Answer to [`Effect::LookUp`](super::Effect::LookUp): what the campaign's service said, `None` if nothing came of it.
    LookedUp(Option<Personal>),
    Reply(ReplyId, ReplyNews),
    /// The first sound of a sentence is in the room.
    SentenceBegan(SentenceId),
    /// A sentence is over, or was cut.
    SentenceSpoken(SpokenWords),
    /// A sentence could not be turned into sound.
    SentenceFailed(SentenceId),
    Whisper(Personal),
    Say(Personal),
    TakeOver(CallSupervisor),
    BargeIn(CallSupervisor),
    ReturnToAgent(UserId),
    Transfer(PhoneNumber),
    /// Answer to [`Effect::Transfer`](super::Effect::Transfer): the person is on the way to the other number, or still here.
    Transferred(bool),
    EndBySupervisor,
    CallColleague(PhoneNumber, CallSupervisor),
    ConnectColleague(CallSupervisor),
    DismissColleague(CallSupervisor),
    /// Answer to [`Effect::CallColleague`](super::Effect::CallColleague): the identity of their voice once they answer, or
    /// why nothing rings.
    ColleagueCalled(Result<Arc<str>, NotReached>),
    /// Whoever was to have this voice did not answer.
    ColleagueNotReached(Arc<str>, NotReached),
    /// The person was to hear this voice, and does not.
    PersonCannotHear(Arc<str>),
    Press(char, CallSupervisor),
    /// Answer to [`Effect::Press`](super::Effect::Press): whether it was pressed.
    Pressed(char, bool),
    /// The person is calling us at this moment: a call that they have not answered gives way.
    GiveWay,
    /// A voice of a supervisor came into the room, by its identity.
    SupervisorJoined(Arc<str>),
    SupervisorLeft(Arc<str>),
    /// It is certain that this supervisor speaks. A `SupervisorHeard` follows.
    SupervisorSpeaks(Arc<str>),
    /// Empty if there were no words in the sound, or none that could be recognised.
    SupervisorHeard(Arc<str>, HeardWords),
    /// The process is shutting down.
    Stop,
    /// The call cannot be written down.
    ScribeFailed,
    /// Answer to [`Effect::Settle`](super::Effect::Settle): everything outstanding has been told.
    Settled,
}
