//! What a conversation wants done.

use super::event::{ReplyId, SentenceId};
use crate::call::SaidAloud;
use domain::{
    Personal, PhoneNumber,
    agent_state::AgentState,
    call_command::{CallFloor, Colleague},
    conversation::{ConversationStatus, Disposition},
};
use std::sync::Arc;

/// A sentence to be spoken after those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub id: SentenceId,
    pub text: Personal,
}

/// Who, or what, is on the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnsweredBy {
    /// Also whenever there is doubt.
    Person,
    Voicemail,
    /// “For sales, press one.”
    PhoneMenu,
    /// An assistant that asks on behalf of the person who is calling.
    CallScreening,
    Fax,
    /// Noise or music, and nobody in it.
    Noise,
    /// An announcement or a tone of the network: nobody has answered.
    Network,
}

impl AnsweredBy {
    /// Its name in figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Voicemail => "voicemail",
            Self::PhoneMenu => "phone_menu",
            Self::CallScreening => "call_screening",
            Self::Fax => "fax",
            Self::Noise => "noise",
            Self::Network => "network",
        }
    }
}

/// To be carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It rings, or it was answered.
    SetStage(ConversationStatus),
    /// Who answered, as far as it can be told; told again if it turns out otherwise.
    KnowWhoAnswered(AnsweredBy),
    /// For people who watch.
    SetState(AgentState),
    /// Ask the language model to go on ([`ConversationFlow::prompt`](super::ConversationFlow::prompt)).
    StartReply(ReplyId),
    CancelReply,
    /// This sentence will be spoken soon: its sound may be made already.
    Prepare(Personal),
    /// Speak this sentence after those that wait already.
    Speak(Sentence),
    /// Play the sound that the model makes itself for the current answer after what waits already, and tell of it as of a
    /// sentence.
    SpeakAloud(SentenceId),
    /// Sound a beep after what waits already, and tell of it as of a sentence.
    Beep(SentenceId),
    /// The person knows that the call is recorded, as far as they must: from now on it is.
    BeginRecording,
    /// Fall silent within this tick and forget what waits. A sentence that had begun is told as
    /// [`Event::SentenceSpoken`](super::Event::SentenceSpoken).
    StopSpeaking,
    WriteSentence(SaidAloud),
    /// Put the number on the do-not-call list, now.
    OptOut,
    /// For people who watch.
    SetFloor(CallFloor),
    /// Whether the person hears this voice.
    LetPersonHear {
        identity: Arc<str>,
        hear: bool,
    },
    /// Hand the person over to this number, then [`Event::Transferred`](super::Event::Transferred).
    Transfer(PhoneNumber),
    /// Call this number into the room, then [`Event::ColleagueCalled`](super::Event::ColleagueCalled).
    CallColleague(PhoneNumber),
    /// Put this voice out of the room.
    PutOut(Arc<str>),
    /// For people who watch.
    SetColleague(Colleague),
    /// Ask the campaign's service this, then [`Event::LookedUp`](super::Event::LookedUp).
    LookUp(Personal),
    /// Press this key towards the person's phone, then [`Event::Pressed`](super::Event::Pressed).
    Press(char),
    HangUp,
    /// Tell what was said aloud until now and what the person said last, then
    /// [`Event::Settled`](super::Event::Settled).
    Settle,
    /// The one end. Nothing follows.
    End {
        disposition: Disposition,
        /// If the disposition alone does not say why.
        reason: Option<String>,
    },
}
