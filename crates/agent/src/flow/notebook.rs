//! What is written down of the call: the transcript, and what is learned on the way with the line that says it.

use super::{ConversationFlow, Effect};
use crate::call::SaidAloud;
use domain::{
    conversation::Speaker,
    results::{ConversationResults, Evidence, Learned, TranscriptLine},
};
use serde_json::Value;

impl ConversationFlow {
    /// Everything that was written down, with the positions it has in the transcript.
    #[must_use]
    pub fn transcript(&self) -> &[TranscriptLine] {
        &self.transcript
    }

    /// What was learned during the call.
    #[must_use]
    pub fn results(&self) -> &ConversationResults {
        &self.results
    }

    pub(super) fn write(&mut self, said: SaidAloud) {
        self.remember(&said);
        self.effects.push(Effect::WriteSentence(said));
    }

    /// It is written down already.
    pub(super) fn remember(&mut self, said: &SaidAloud) {
        self.transcript.push(TranscriptLine {
            position: u32::try_from(self.transcript.len()).unwrap_or(u32::MAX),
            speaker: said.speaker,
            text: said.text.clone(),
        });
    }

    /// The model has learned a fact. It answers the person, so what they said last is what it has it from.
    pub(super) fn learn(&mut self, field: &str, value: &Value) {
        let mut wanted = self.rules.result_fields.iter();
        if !wanted.any(|wanted| wanted.name == field && wanted.accepts(value)) {
            return;
        }
        let persons = |line: &&TranscriptLine| line.speaker == Speaker::Person;
        let said = self.transcript.iter().rev().find(persons);
        // Nobody can have told it.
        let Some(said) = said else { return };
        let evidence = Evidence {
            learned: Learned::DuringCall,
            lines: vec![said.position],
        };
        self.results.evidence.insert(field.to_owned(), evidence);
        self.results.fields.insert(field.to_owned(), value.clone());
    }
}
