//! The voices of supervisors in the room: each has an ear of its own, and the person hears some of them.

use super::ear::{Ear, Whom};
use crate::flow::Event;
use domain::call_command::{CallCommand, IssuedCommand};
use std::{collections::VecDeque, sync::Arc};
use telephony::Frame;
use tokio::sync::mpsc;
use voice::ports::SpeechToText;

/// Ears that are kept at most; the flow counts the same.
const MOST_EARS: usize = 8;

/// What a supervisor's command means to the flow.
pub(super) fn told(IssuedCommand { by, command }: IssuedCommand) -> Option<Event> {
    Some(match command {
        CallCommand::Whisper(text) => Event::Whisper(text),
        CallCommand::Say(text) => Event::Say(text),
        CallCommand::TakeOver => Event::TakeOver(by),
        CallCommand::BargeIn => Event::BargeIn(by),
        CallCommand::ReturnToAgent => Event::ReturnToAgent(by.id),
        // Checked before they were handed on; what is no number is dialled by nobody.
        CallCommand::Transfer(to) => Event::Transfer(to.reveal().parse().ok()?),
        CallCommand::CallColleague(to) => Event::CallColleague(to.reveal().parse().ok()?, by),
        CallCommand::ConnectColleague => Event::ConnectColleague(by),
        CallCommand::DismissColleague => Event::DismissColleague(by),
        CallCommand::Press(key) => Event::Press(key, by),
        CallCommand::GiveWay => Event::GiveWay,
        CallCommand::End => Event::EndBySupervisor,
    })
}

struct Voice {
    identity: Arc<str>,
    ear: Ear,
    person_hears: bool,
    /// Their sound of this tick has come.
    heard: bool,
}

/// Listens to supervisors.
pub(super) struct Supervisors {
    speech_to_text: Arc<dyn SpeechToText>,
    language: String,
    inbox: mpsc::UnboundedSender<Event>,
    voices: Vec<Voice>,
    /// Ears of those who left, until the text of their last words is there.
    gone: Vec<Ear>,
    /// What the person hears of them in this tick.
    aloud: Option<Frame>,
}

impl Supervisors {
    pub(super) fn new(
        speech_to_text: Arc<dyn SpeechToText>,
        language: String,
        inbox: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self {
            speech_to_text,
            language,
            inbox,
            voices: Vec::new(),
            gone: Vec::new(),
            aloud: None,
        }
    }

    pub(super) fn joined(&mut self, identity: &Arc<str>) {
        if self.voices.len() >= MOST_EARS || self.voices.iter().any(|voice| voice.identity == *identity) {
            return;
        }
        self.voices.push(Voice {
            identity: Arc::clone(identity),
            ear: Ear::new(
                Whom::Supervisor(Arc::clone(identity)),
                Arc::clone(&self.speech_to_text),
                self.language.clone(),
                self.inbox.clone(),
            ),
            person_hears: false,
            heard: false,
        });
    }

    pub(super) fn left(&mut self, identity: &Arc<str>, now_ms: u32) {
        self.gone.retain(Ear::owes_words);
        if let Some(at) = self.voices.iter().position(|voice| voice.identity == *identity) {
            let mut ear = self.voices.remove(at).ear;
            ear.close(now_ms);
            self.gone.push(ear);
        }
    }

    /// A supervisor's sound of the tick that ends at `now_ms`.
    pub(super) fn hear(&mut self, identity: &Arc<str>, frame: &Frame, now_ms: u32, events: &mut VecDeque<Event>) {
        let Some(voice) = self.voices.iter_mut().find(|voice| voice.identity == *identity) else {
            return;
        };
        voice.ear.hear(frame, now_ms, events);
        voice.heard = true;
        if voice.person_hears {
            self.aloud = Some(match self.aloud.take() {
                Some(others) => others.mixed_with(frame),
                None => frame.clone(),
            });
        }
    }

    pub(super) fn let_person_hear(&mut self, identity: &Arc<str>, hear: bool) {
        if let Some(voice) = self.voices.iter_mut().find(|voice| voice.identity == *identity) {
            voice.person_hears = hear;
        }
    }

    /// The tick that ends at `now_ms`: who sent nothing in it was silent. Gives what the person heard of them.
    pub(super) fn tick(&mut self, now_ms: u32, events: &mut VecDeque<Event>) -> Option<Frame> {
        for voice in &mut self.voices {
            if !std::mem::take(&mut voice.heard) {
                voice.ear.hear(&Frame::silence(), now_ms, events);
            }
        }
        self.aloud.take()
    }

    /// The call is over: waits for the last words of all.
    pub(super) async fn last_words(&mut self, now_ms: u32) {
        let ears = self.voices.iter_mut().map(|voice| &mut voice.ear).chain(&mut self.gone);
        futures::future::join_all(ears.map(|ear| ear.last_words(now_ms))).await;
    }
}
