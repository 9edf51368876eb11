//! Speech to text by the sentences in the phrase book.

use crate::{phrase_book::PhraseBook, recogniser::Recogniser};
use async_trait::async_trait;
use domain::Personal;
use std::sync::Arc;
use telephony::Frame;
use voice::ports::{SpeechToText, Utterance, VoiceError};

/// Understands everything that was said with sentences of a phrase book, and nothing else.
pub struct RehearsalEars {
    book: Arc<PhraseBook>,
}

impl RehearsalEars {
    #[must_use]
    pub fn new(book: Arc<PhraseBook>) -> Self {
        Self { book }
    }
}

#[async_trait]
impl SpeechToText for RehearsalEars {
    async fn open(&self, _language: &str) -> Result<Box<dyn Utterance>, VoiceError> {
        Ok(Box::new(Listening(self.book.recogniser())))
    }
}

struct Listening(Recogniser);

#[async_trait]
impl Utterance for Listening {
    fn hear(&mut self, frame: &Frame) -> Option<Personal> {
        self.0.hear(frame).filter(|words| !words.is_empty()).map(Personal::from)
    }

    async fn finish(self: Box<Self>) -> Result<Personal, VoiceError> {
        Ok(self.0.finish().into())
    }
}
