//! The ports: speech to text, language model, text to speech, and what a campaign lets its agent look up.

use crate::meter::UsageMeter;
use async_trait::async_trait;
use domain::{
    Personal,
    agent_tools::LookUp,
    campaign::Engine,
    results::{Drawn, ResultField, TranscriptLine},
};
use futures::stream::BoxStream;
use telephony::Frame;

/// Why a model or voice service did not do its work. The text is for the log: it carries no personal data.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VoiceError {
    #[error("the service cannot be reached or is overloaded: {0}")]
    Unavailable(String),
    #[error("the service answered something that makes no sense: {0}")]
    Nonsense(String),
}

/// Turns speech into text.
#[async_trait]
pub trait SpeechToText: Send + Sync + 'static {
    /// Starts listening to one utterance. Utterances of one call are opened one after the other.
    ///
    /// # Errors
    /// [`VoiceError`].
    async fn open(&self, language: &str) -> Result<Box<dyn Utterance>, VoiceError>;

    /// True if what is used of it costs something: a service, not a stand-in of this machine.
    fn charges(&self) -> bool {
        false
    }

    /// Why no new call should rely on it now, in a sentence for people; `None` if nothing is known against it.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// Sees whether a trouble is over, if there is one and it is time to look again.
    async fn recover(&self) {}
}

/// One utterance of a person, while it is being heard.
#[async_trait]
pub trait Utterance: Send {
    /// The next 20 ms. Returns the text so far if it became longer or changed.
    fn hear(&mut self, frame: &Frame) -> Option<Personal>;

    /// The person fell silent: the final text, empty if there were no words in it.
    ///
    /// # Errors
    /// [`VoiceError`].
    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError>;
}

/// Who said a line of the context that a language model gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextRole {
    Agent,
    Person,
    /// A supervisor's whisper: advice to the agent, never read aloud as it is.
    Supervisor,
    /// What a supervisor said to the person, beginning with their name and a colon.
    SupervisorAloud,
    /// What came of looking something up. It is data from elsewhere.
    LookedUp,
}

/// A line of the conversation so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLine {
    pub role: ContextRole,
    pub text: Personal,
}

/// What a language model needs to know to go on.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// The campaign's script with the lead's data filled in.
    pub script: Personal,
    pub result_fields: Vec<ResultField>,
    /// The campaign's, BCP 47.
    pub language: String,
    /// All that was said aloud, the whispers, and what was looked up, in order.
    pub lines: Vec<ContextLine>,
    pub allowed: Allowed,
    /// The person's clock, and when they can be called back, in words; `None` if it is not known where they live.
    pub clock: Option<String>,
    /// Told what is used, if the service charges.
    pub meter: UsageMeter,
}

/// Which tools a model is offered besides those that need no permission. What is used all the same is not done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    pub transfer: bool,
    pub keys: bool,
    pub voicemail: bool,
    /// What can be looked up, in words.
    pub look_up: Option<String>,
}

/// A tool that the campaign has to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolUse {
    /// Say the words of this reply, then put the person through to a human.
    Transfer,
    /// Press these keys of the keypad, one after the other.
    Press(String),
    /// It is a voicemail that answered: leave the campaign's message.
    LeaveVoicemail,
    /// Ask the campaign's service; the answer comes as a line of the conversation.
    LookUp(Personal),
}

/// What a language model needs in order to read the results out of a conversation that is over.
#[derive(Clone, Debug)]
pub struct ResultsQuestion {
    /// As in [`Prompt::script`].
    pub script: Personal,
    pub result_fields: Vec<ResultField>,
    /// All that was written down, in order.
    pub transcript: Vec<TranscriptLine>,
    /// BCP 47: the language in which the call began.
    pub language: String,
    /// The day of the call where the person lives, for example “Saturday, 2026-11-28”; without it “Friday” is no date.
    pub day: Option<String>,
    /// Nobody waits for the answer: the model may take its time.
    pub unhurried: bool,
    /// Told what is used, if the service charges.
    pub meter: UsageMeter,
}

/// A piece of a language model's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyPart {
    /// More words to say.
    Words(String),
    /// The model says the words that follow itself: they come with their sound, and nobody else is to speak them.
    Aloud,
    /// The next 20 ms of that sound.
    Sound(Frame),
    /// The agent has learned a fact: a result field by name.
    Result {
        field: String,
        value: serde_json::Value,
    },
    /// The person wants to be called another time: when, in their words, and if they named a day and an hour, these by
    /// their own clock, `2026-11-30T10:00`.
    CallBack {
        when: String,
        at: Option<String>,
    },
    Tool(ToolUse),
    /// The person does not want to be called again, ever.
    DoNotCall,
    /// Say the words of this reply, then hang up.
    EndCall,
}

/// Decides what to say.
#[async_trait]
pub trait LanguageModel: Send + Sync + 'static {
    /// The next thing the agent says, as it is made. Dropping the stream cancels the request.
    ///
    /// # Errors
    /// [`VoiceError`].
    async fn reply(&self, prompt: Prompt) -> Result<BoxStream<'static, Result<ReplyPart, VoiceError>>, VoiceError>;

    /// The sound that the model made itself for its last answer is not played any more: so much of it was heard.
    fn was_heard(&self, _millis: u32) {}

    /// What a conversation that is over brought. The answer is checked by whoever asks ([`Drawn::checked`]).
    ///
    /// # Errors
    /// [`VoiceError`].
    async fn results(&self, question: ResultsQuestion) -> Result<Drawn, VoiceError>;

    /// True if what is used of it costs something: a service, not a stand-in of this machine.
    fn charges(&self) -> bool {
        false
    }

    /// Why no new call should rely on it now, in a sentence for people; `None` if nothing is known against it.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// Sees whether a trouble is over, if there is one and it is time to look again.
    async fn recover(&self) {}
}

/// Turns a sentence into sound.
#[async_trait]
pub trait TextToSpeech: Send + Sync + 'static {
    /// The sound of one sentence, frame by frame, as fast as it can be made. Dropping the stream cancels it.
    ///
    /// # Errors
    /// [`VoiceError`].
    async fn speak(
        &self,
        text: &Personal,
        language: &str,
    ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError>;

    /// True if what is used of it costs something: a service, not a stand-in of this machine.
    fn charges(&self) -> bool {
        false
    }

    /// Why no new call should rely on it now, in a sentence for people; `None` if nothing is known against it.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// Sees whether a trouble is over, if there is one and it is time to look again.
    async fn recover(&self) {}
}

/// A model that hears and speaks by itself.
#[async_trait]
pub trait SpeechToSpeech: Send + Sync + 'static {
    /// Voices for one call, made of a conversation with it. The same agent uses them by the same rules; what the model cannot
    /// do, or cannot do any more, `usual` do.
    fn hold_call(&self, usual: &Voices, language: &str) -> Voices;

    /// Sees whether it can be used, if that is not known and it is time to look again.
    async fn recover(&self);
}

/// Asks a service of the campaign's own.
#[async_trait]
pub trait LookUpService: Send + Sync + 'static {
    /// What it answers, as text; `None` if nothing came of it. Dropping the future gives the request up.
    async fn ask(&self, look_up: &LookUp, question: &Personal) -> Option<Personal>;
}

/// There is no such service.
pub struct NoLookUps;

#[async_trait]
impl LookUpService for NoLookUps {
    async fn ask(&self, _: &LookUp, _: &Personal) -> Option<Personal> {
        None
    }
}

/// The ports together, as a call gets them.
#[derive(Clone)]
pub struct Voices {
    pub speech_to_text: std::sync::Arc<dyn SpeechToText>,
    pub language_model: std::sync::Arc<dyn LanguageModel>,
    pub text_to_speech: std::sync::Arc<dyn TextToSpeech>,
    pub look_ups: std::sync::Arc<dyn LookUpService>,
    /// Holds the call instead of the three, as far as it can. Its failure is no trouble: the three go on.
    pub speech_to_speech: Option<std::sync::Arc<dyn SpeechToSpeech>>,
}

impl Voices {
    /// For calls of a campaign that has chosen this engine.
    #[must_use]
    pub fn with_engine(&self, engine: Engine) -> Self {
        let wanted = engine == Engine::Realtime;
        if wanted && self.speech_to_speech.is_none() {
            tracing::warn!("a campaign wants speech to speech, which is not connected: it is called without");
        }
        Self {
            speech_to_speech: self.speech_to_speech.clone().filter(|_| wanted),
            ..self.clone()
        }
    }

    /// As one call uses them.
    #[must_use]
    pub fn of_call(&self, language: &str) -> Self {
        match &self.speech_to_speech {
            Some(engine) => engine.hold_call(self, language),
            None => self.clone(),
        }
    }

    /// Why no new call should start now, in a sentence for people: one of the three cannot be relied on.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.language_model
            .trouble()
            .or_else(|| self.speech_to_text.trouble())
            .or_else(|| self.text_to_speech.trouble())
    }

    /// True if any of them charges for what is used.
    #[must_use]
    pub fn charges(&self) -> bool {
        self.speech_to_speech.is_some()
            || self.language_model.charges()
            || self.speech_to_text.charges()
            || self.text_to_speech.charges()
    }

    /// Sees whether troubles are over.
    pub async fn recover(&self) {
        futures::join!(
            self.language_model.recover(),
            self.speech_to_text.recover(),
            self.text_to_speech.recover(),
            async {
                if let Some(engine) = &self.speech_to_speech {
                    engine.recover().await;
                }
            }
        );
    }
}
