//! The three ports: speech to text, language model, text to speech.

use crate::meter::UsageMeter;
use async_trait::async_trait;
use domain::{
    Personal,
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
}

/// A line of the conversation so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLine {
    pub role: ContextRole,
    pub text: Personal,
}

/// What a language model needs to know to go on.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The campaign's script with the lead's data filled in.
    pub script: Personal,
    pub result_fields: Vec<ResultField>,
    /// All that was said aloud, and the whispers, in order.
    pub lines: Vec<ContextLine>,
    /// Told what is used, if the service charges.
    pub meter: UsageMeter,
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
    /// The agent has learned a fact: a result field by name.
    Result { field: String, value: serde_json::Value },
    /// The person wants to be called another time; when, in their words.
    CallBack { when: String },
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

/// The three ports together, as a call gets them.
#[derive(Clone)]
pub struct Voices {
    pub speech_to_text: std::sync::Arc<dyn SpeechToText>,
    pub language_model: std::sync::Arc<dyn LanguageModel>,
    pub text_to_speech: std::sync::Arc<dyn TextToSpeech>,
}

impl Voices {
    /// Why no new call should start now, in a sentence for people: one of the three cannot be relied on.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.language_model
            .trouble()
            .or_else(|| self.speech_to_text.trouble())
            .or_else(|| self.text_to_speech.trouble())
    }

    /// True if any of the three charges for what is used.
    #[must_use]
    pub fn charges(&self) -> bool {
        self.language_model.charges() || self.speech_to_text.charges() || self.text_to_speech.charges()
    }

    /// Sees whether troubles are over.
    pub async fn recover(&self) {
        futures::join!(
            self.language_model.recover(),
            self.speech_to_text.recover(),
            self.text_to_speech.recover()
        );
    }
}
