//! Whole calls: the agent that makes real calls, on the rehearsal network, with the offline stand-ins. Time is paused
//! and everybody speaks in tones, so a call takes a fraction of a second and always goes the same way.

use agent::{
    call::{CallBrief, CallEnd, CallScribe, NotWritten, SaidAloud},
    campaign_agent::CampaignAgent,
};
use async_trait::async_trait;
use domain::{
    AttemptId, Clock, ConversationId, PhoneNumber, UnixMillis,
    campaign::VoicemailPolicy,
    conversation::{ConversationStatus, Disposition, Speaker},
    live::Glimpse,
    results::ResultField,
};
use rehearsal::{
    Odds, Outcome, Persona, RehearsalConfig, RehearsalNetwork, Studio, StudioConfig, voices,
    voices::{RehearsalVoice, UnderstoodVoice},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use telephony::TelephoneNetwork;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use voice::{
    ports::{TextToSpeech, Voices},
    recording::{CallRecorder, OggOpusRecorder},
};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000)
    }
}

#[derive(Default)]
struct Notebook {
    sentences: Mutex<Vec<SaidAloud>>,
    stages: Mutex<Vec<ConversationStatus>>,
    opted_out: Mutex<bool>,
}

#[async_trait]
impl CallScribe for Notebook {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }
    async fn stage(&self, status: ConversationStatus) -> Result<(), NotWritten> {
        self.stages.lock().expect("never poisoned").push(status);
        Ok(())
    }
    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        self.sentences.lock().expect("never poisoned").push(said);
        Ok(())
    }
    async fn opted_out(&self) -> Result<(), NotWritten> {
        *self.opted_out.lock().expect("never poisoned") = true;
        Ok(())
    }
    fn glimpse(&self, _: Glimpse) {}
}

struct Call {
    end: CallEnd,
    transcript: Vec<String>,
    opted_out: bool,
    stages: Vec<ConversationStatus>,
}

async fn call(studio: &Arc<Studio>, outcome: Outcome, number: u32, policy: VoicemailPolicy, speed: f32) -> Call {
    recorded_call(studio, outcome, number, policy, speed, None).await
}

async fn recorded_call(
    studio: &Arc<Studio>,
    outcome: Outcome,
    number: u32,
    policy: VoicemailPolicy,
    speed: f32,
    record_to: Option<&std::path::Path>,
) -> Call {
    call_with(voices(studio, speed), studio, outcome, number, policy, speed, record_to).await
}

async fn call_with(
    voices: Voices,
    studio: &Arc<Studio>,
    outcome: Outcome,
    number: u32,
    policy: VoicemailPolicy,
    speed: f32,
    record_to: Option<&std::path::Path>,
) -> Call {
    let config = RehearsalConfig {
        seed: 5,
        speed,
        odds: Odds::only(outcome),
        ..RehearsalConfig::default()
    };
    let network = RehearsalNetwork::new(config, Arc::clone(studio), Arc::new(Noon)).expect("opens");
    let conversation_id = ConversationId(Uuid::from_u128(u128::from(number)));
    let notebook = Arc::new(Notebook::default());
    let (_commands, received) = mpsc::channel(4);
    let (recorder, recording) = match record_to {
        Some(path) => {
            let (recorder, recording) = OggOpusRecorder::create(path).expect("creates");
            (Some(Box::new(recorder) as Box<dyn CallRecorder>), Some(recording))
        }
        None => (None, None),
    };
    let agent = CampaignAgent {
        brief: CallBrief {
            direction: domain::Direction::Outbound,
            conversation_id,
            attempt_id: AttemptId(Uuid::from_u128(u128::from(number))),
            number: format!("+1415555{number:04}").parse::<PhoneNumber>().expect("valid"),
            script: "You are calling Ada on behalf of Example Company about their yearly service appointment.".into(),
            opening: "Hello Ada, this is the AI assistant of Example Company. Do you have a minute?".into(),
            voicemail_message: "Hello Ada, this is Example Company. We will try again. Goodbye.".into(),
            voicemail_policy: policy,
            recording: domain::recording::RecordingRule::Always,
            recording_announcement: domain::recording::ANNOUNCEMENT.into(),
            result_fields: ResultField::template(),
            language: "en-US".to_owned(),
            tools: domain::agent_tools::AgentTools::default(),
            clock: None,
            day: None,
            ringing_timeout: Duration::from_secs(30),
            longest_call: Duration::from_secs(300),
        },
        seat: network.open_room(conversation_id).await.expect("opens"),
        voices,
        scribe: Arc::clone(&notebook) as Arc<dyn CallScribe>,
        commands: received,
        recorder,
        stop: CancellationToken::new(),
    };
    let end = agent.run().await;
    let transcript = notebook
        .sentences
        .lock()
        .expect("never poisoned")
        .iter()
        .map(|said| {
            let who = if said.speaker == Speaker::Agent { "A" } else { "P" };
            let cut = if said.interrupted { "–" } else { "" };
            format!("{:>6} {who}: {}{cut}", said.start_ms, said.text.reveal())
        })
        .collect();
    let opted_out = *notebook.opted_out.lock().expect("never poisoned");
    let stages = notebook.stages.lock().expect("never poisoned").clone();
    if let Some(recording) = recording {
        let summary = recording.finish().await.expect("written");
        let difference = i128::from(summary.duration_ms) - i128::try_from(end.duration.as_millis()).expect("short");
        assert!(difference.abs() <= 20, "the recording is as long as the call");
        assert!(summary.peaks.iter().any(|peak| peak.0 > 20) && summary.peaks.iter().any(|peak| peak.1 > 20));
    }
    Call {
        end,
        transcript,
        opted_out,
        stages,
    }
}

fn tones() -> Arc<Studio> {
    Studio::new(StudioConfig {
        cache: None,
        tones_only: true,
    })
}

/// Calls some people of a kind; gives how often the calls ended as they may.
async fn rehearse(outcome: Outcome, expected: &[Disposition], least: usize) -> Vec<Call> {
    let studio = tones();
    let mut calls = Vec::new();
    for number in 0..8 {
        calls.push(call(&studio, outcome, 1_000 + number, VoicemailPolicy::HangUp, 1.0).await);
    }
    let good = calls
        .iter()
        .filter(|call| expected.contains(&call.end.disposition))
        .count();
    let story = calls
        .iter()
        .map(|call| {
            format!(
                "{:?} {:?}\n{}",
                call.end.disposition,
                call.end.results,
                call.transcript.join("\n")
            )
        })
        .collect::<Vec<_>>()
        .join("\n\n");
    assert!(good >= least, "{outcome:?}: {good} as expected\n{story}");
    // For whoever wants to read them.
    if let Some(folder) = std::env::var_os("RINGSIDE_TEST_STORIES") {
        let file = std::path::Path::new(&folder).join(format!("{}.txt", outcome.as_str()));
        std::fs::write(file, story).expect("written");
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn interested_people_answer_the_questions() {
    let calls = rehearse(Outcome::Person(Persona::Interested), &[Disposition::Completed], 8).await;
    for call in &calls {
        let fields = &call.end.results.fields;
        assert!(
            fields.contains_key("interested"),
            "{:?}\n{}",
            call.end.results,
            call.transcript.join("\n")
        );
        let wants = fields["interested"] == true;
        assert_eq!(
            wants,
            fields.contains_key("preferred_day"),
            "{}",
            call.transcript.join("\n")
        );
        assert_eq!(call.stages, [ConversationStatus::Ringing, ConversationStatus::Live]);
        let last = call.transcript.last().expect("something was said");
        assert!(last.contains(" P: "), "the goodbye is returned: {last}");
    }
}

#[tokio::test(start_paused = true)]
async fn people_in_a_hurry_are_called_back() {
    for persona in [Persona::BadTime, Persona::CallBack] {
        for call in rehearse(Outcome::Person(persona), &[Disposition::CallBack], 8).await {
            assert!(call.end.results.call_back.is_some());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sceptics_and_the_curious_come_to_an_end() {
    rehearse(Outcome::Person(Persona::Sceptical), &[Disposition::Completed], 8).await;
    let calls = rehearse(Outcome::Person(Persona::Curious), &[Disposition::Completed], 8).await;
    assert!(
        calls
            .iter()
            .all(|call| call.end.results.fields.contains_key("interested"))
    );
}

#[tokio::test(start_paused = true)]
async fn stop_calling_is_heard() {
    let calls = rehearse(Outcome::Person(Persona::StopCalling), &[Disposition::OptedOut], 8).await;
    for call in &calls {
        assert!(call.opted_out);
        let story = call.transcript.join("\n");
        let last: Vec<&str> = call.transcript.iter().rev().take(3).map(|line| &line[7..]).collect();
        assert_eq!(last[..2], ["A: Goodbye.", "A: We won't call again."], "{story}");
        assert!(last[2].starts_with("P: "), "they are let finish\n{story}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_or_says_nothing_or_is_cut_off_is_known() {
    rehearse(Outcome::Person(Persona::HangsUp), &[Disposition::HungUp], 8).await;
    rehearse(Outcome::Person(Persona::Silent), &[Disposition::Silent], 8).await;
    // A short call may be over before the line breaks.
    rehearse(Outcome::Lost, &[Disposition::Lost, Disposition::Completed], 8).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_is_told_apart() {
    for (outcome, disposition) in [
        (Outcome::NoAnswer, Disposition::NoAnswer),
        (Outcome::Busy, Disposition::Busy),
        (Outcome::Rejected, Disposition::Rejected),
        (Outcome::Unreachable, Disposition::Unreachable),
        (Outcome::Voicemail, Disposition::Voicemail),
    ] {
        rehearse(outcome, &[disposition], 8).await;
    }
}

#[tokio::test(start_paused = true)]
async fn machines_are_told_from_people() {
    for (outcome, disposition) in [
        (Outcome::PhoneMenu, Disposition::PhoneMenu),
        (Outcome::Fax, Disposition::FaxOrNoise),
    ] {
        for call in rehearse(outcome, &[disposition], 8).await {
            let story = call.transcript.join("\n");
            let question = call.transcript.iter().any(|line| line.contains("a minute"));
            assert!(!question, "it is not talked to as a person\n{story}");
            assert!(call.end.duration < Duration::from_secs(20), "{story}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_assistant_hears_who_is_calling_and_why() {
    let expected = [Disposition::Completed, Disposition::Rejected];
    let calls = rehearse(Outcome::CallScreening, &expected, 8).await;
    for call in &calls {
        let story = call.transcript.join("\n");
        let agent: Vec<&str> = call
            .transcript
            .iter()
            .filter_map(|line| line[7..].strip_prefix("A: "))
            // What the assistant cut off was the hello to a person.
            .filter(|line| !line.ends_with('–'))
            .collect();
        assert_eq!(
            agent[..2],
            [
                "Hello Ada, this is the AI assistant of Example Company.",
                "I am calling on behalf of Example Company about your yearly service appointment."
            ],
            "{story}"
        );
        let taken = call.end.disposition == Disposition::Completed;
        assert_eq!(
            taken,
            agent.contains(&"Do you have a minute?"),
            "only people are asked\n{story}"
        );
    }
    for disposition in expected {
        assert!(
            calls.iter().any(|call| call.end.disposition == disposition),
            "{disposition:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_left_after_the_beep() {
    let studio = tones();
    for number in 0..6 {
        let call = call(&studio, Outcome::Voicemail, number, VoicemailPolicy::LeaveMessage, 1.0).await;
        assert_eq!(
            call.end.disposition,
            Disposition::VoicemailLeft,
            "{}",
            call.transcript.join("\n")
        );
        assert!(call.transcript.last().is_some_and(|last| last.ends_with("Goodbye.")));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_call() {
    for persona in [Persona::Curious, Persona::Sceptical] {
        let outcome = Outcome::Person(persona);
        let one = call(&tones(), outcome, 3, VoicemailPolicy::HangUp, 1.0).await;
        let two = call(&tones(), outcome, 3, VoicemailPolicy::HangUp, 1.0).await;
        assert_eq!(one.transcript, two.transcript);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_real_speech_and_at_speed_works_too() {
    let studio = Studio::new(StudioConfig::default());
    for speed in [4.0, 20.0] {
        let outcome = Outcome::Person(Persona::Interested);
        let folder = std::env::var_os("RINGSIDE_TEST_STORIES").map_or_else(std::env::temp_dir, Into::into);
        let file = folder.join(format!("ringside-call-{}-{speed}.ogg", std::process::id()));
        let call = recorded_call(&studio, outcome, 7, VoicemailPolicy::HangUp, speed, Some(&file)).await;
        if std::env::var_os("RINGSIDE_TEST_STORIES").is_none() {
            std::fs::remove_file(&file).expect("removed");
        }
        assert_eq!(
            call.end.disposition,
            Disposition::Completed,
            "speed {speed}\n{}",
            call.transcript.join("\n")
        );
        assert!(call.end.results.fields.contains_key("interested"));
    }
}

#[tokio::test(start_paused = true)]
async fn people_understand_a_voice_that_is_not_the_studios_if_they_are_told() {
    for told in [true, false] {
        let studio = tones();
        let strange: Arc<dyn TextToSpeech> = Arc::new(RehearsalVoice::new(tones()));
        let voices = Voices {
            look_ups: Arc::new(voice::ports::NoLookUps),
            text_to_speech: if told {
                Arc::new(UnderstoodVoice::new(strange, Arc::clone(&studio)))
            } else {
                strange
            },
            ..voices(&studio, 1.0)
        };
        let outcome = Outcome::Person(Persona::Interested);
        let call = call_with(voices, &studio, outcome, 1_000, VoicemailPolicy::HangUp, 1.0, None).await;
        let story = call.transcript.join("\n");
        assert_eq!(call.end.results.fields.contains_key("interested"), told, "{story}");
    }
}
