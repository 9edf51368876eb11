//! A stand-in for the driver, with a mouth that needs a second for a sentence.

use super::*;
use crate::call::{SaidAloud, TakenOver};
use std::collections::HashMap;

pub(super) fn rules(voicemail_policy: VoicemailPolicy) -> FlowRules {
    FlowRules {
        direction: Direction::Outbound,
        script: "Sell tea.".into(),
        opening: "Hello, this is the AI assistant of Tea Company. Do you have a minute?".into(),
        voicemail_message: "We will try again. Goodbye.".into(),
        voicemail_policy,
        recording: RecordingRule::Always,
        recording_announcement: "This call is recorded.".into(),
        result_fields: vec![ResultField {
            name: "interested".to_owned(),
            kind: FieldKind::YesNo,
            description: String::new(),
        }],
        language: "en-US".to_owned(),
        tools: AgentTools::default(),
        clock: None,
        longest_call_ms: 120_000,
    }
}

/// Plays a mouth that needs 1 s for a sentence, and collects what comes out.
pub(super) struct Table {
    pub(super) flow: ConversationFlow,
    pub(super) now: u32,
    pub(super) row: VecDeque<(Sentence, Option<u32>)>,
    pub(super) said: HashMap<SentenceId, String>,
    pub(super) written: Vec<SaidAloud>,
    pub(super) effects: Vec<Effect>,
    pub(super) reply: Option<ReplyId>,
    /// What it takes to say a sentence.
    pub(super) sentence_ms: u32,
}

/// What a model says itself.
pub(super) const ALOUD: &str = "In a voice of its own.";
pub(super) const SENTENCE_MS: u32 = 1_000;

impl Table {
    pub(super) fn new(voicemail_policy: VoicemailPolicy) -> Self {
        Self {
            flow: ConversationFlow::new(rules(voicemail_policy)),
            now: 0,
            row: VecDeque::new(),
            said: HashMap::new(),
            written: Vec::new(),
            effects: Vec::new(),
            reply: None,
            sentence_ms: SENTENCE_MS,
        }
    }

    pub(super) fn talking() -> Self {
        let mut table = Self::new(VoicemailPolicy::HangUp);
        table.tell(Event::Answered);
        table.pass(5_000);
        assert_eq!(table.lines(Speaker::Agent).len(), 2, "the opening was said");
        table
    }

    pub(super) fn take_over(&mut self, earlier: &TakenOver) {
        self.now = earlier.since_answer_ms;
        let effects = self.flow.take_over(earlier);
        self.carry_out(effects);
    }

    pub(super) fn tell(&mut self, event: Event) {
        let effects = self.flow.handle(event, self.now);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut events = self.carry_out_once(effects);
        while let Some(event) = events.pop_front() {
            let effects = self.flow.handle(event, self.now);
            events.extend(self.carry_out_once(effects));
        }
    }

    fn carry_out_once(&mut self, effects: Vec<Effect>) -> VecDeque<Event> {
        let mut events = VecDeque::new();
        for effect in effects {
            assert!(self.ends().is_empty(), "nothing follows the end, but {effect:?} did");
            match &effect {
                Effect::Speak(sentence) => self.row.push_back((sentence.clone(), None)),
                Effect::SpeakAloud(id) => {
                    let (id, text) = (*id, ALOUD.into());
                    self.row.push_back((Sentence { id, text }, None));
                }
                Effect::Beep(id) => {
                    let (id, text) = (*id, Personal::default());
                    self.row.push_back((Sentence { id, text }, None));
                }
                Effect::StopSpeaking => events.extend(self.cut()),
                Effect::StartReply(id) => self.reply = Some(*id),
                Effect::CancelReply => self.reply = None,
                Effect::WriteSentence(said) => self.written.push(said.clone()),
                Effect::Settle => {
                    events.extend(self.cut());
                    events.push_back(Event::Settled);
                }
                _ => {}
            }
            self.effects.push(effect);
        }
        events
    }

    pub(super) fn cut(&mut self) -> Option<Event> {
        let (sentence, began) = self.row.pop_front()?;
        self.row.clear();
        let text = sentence.text.reveal();
        self.spoken(
            sentence.id,
            text.split(' ').next().unwrap_or_default().to_owned(),
            began?,
            true,
        )
    }

    pub(super) fn spoken(&mut self, id: SentenceId, text: String, start_ms: u32, interrupted: bool) -> Option<Event> {
        self.said.insert(id, text.clone());
        Some(Event::SentenceSpoken(SpokenWords {
            id,
            text: text.into(),
            start_ms,
            end_ms: self.now,
            interrupted,
        }))
    }

    pub(super) fn tick(&mut self) {
        self.now += 20;
        let now = self.now;
        let mut news = None;
        if let Some((sentence, began)) = self.row.front_mut() {
            let id = sentence.id;
            match *began {
                None => {
                    *began = Some(now);
                    news = Some(Event::SentenceBegan(id));
                }
                Some(start) if now - start >= self.sentence_ms => {
                    let text = sentence.text.reveal().to_owned();
                    self.row.pop_front();
                    news = self.spoken(id, text, start, false);
                }
                Some(_) => {}
            }
        }
        if let Some(news) = news {
            self.tell(news);
        }
        self.tell(Event::Tick);
    }

    pub(super) fn pass(&mut self, millis: u32) {
        for _ in 0..millis / 20 {
            self.tick();
        }
    }

    pub(super) fn person_says(&mut self, text: &str, millis: u32) {
        let start_ms = self.now;
        self.tell(Event::SpeechStarted);
        self.pass(millis);
        self.tell(Event::SpeechEnded);
        self.tell(Event::Heard(HeardWords {
            text: text.into(),
            start_ms,
            end_ms: self.now,
        }));
    }

    pub(super) fn model_says(&mut self, news: Vec<ReplyNews>) {
        let id = self.reply.expect("an answer was asked for");
        for news in news {
            self.tell(Event::Reply(id, news));
        }
        self.tell(Event::Reply(id, ReplyNews::Done));
    }

    pub(super) fn ends(&self) -> Vec<(Disposition, Option<String>)> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::End { disposition, reason } => Some((*disposition, reason.clone())),
                _ => None,
            })
            .collect()
    }

    pub(super) fn disposition(&self) -> Option<Disposition> {
        self.ends().first().map(|end| end.0)
    }

    pub(super) fn lines(&self, speaker: Speaker) -> Vec<&str> {
        self.written
            .iter()
            .filter(|said| said.speaker == speaker)
            .map(|said| said.text.reveal())
            .collect()
    }

    pub(super) fn index(&self, wanted: impl Fn(&Effect) -> bool) -> usize {
        self.effects.iter().position(wanted).expect("the effect was there")
    }
}

pub(super) fn words(text: &str) -> ReplyNews {
    ReplyNews::Words(text.to_owned())
}
