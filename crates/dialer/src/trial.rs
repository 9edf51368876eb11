//! A conversation with a campaign's agent from a browser: the same agent, a room without a telephone, and a scribe that
//! tells the browser instead of writing down.

use crate::brief;
use agent::{
    call::{CallBrief, CallEnd, CallScribe, NotWritten, SaidAloud},
    campaign_agent::CampaignAgent,
};
use async_trait::async_trait;
use domain::{
    AttemptId, ConversationId, PhoneNumber, campaign::CampaignContent, conversation::ConversationStatus, live::Glimpse,
    recording::RecordingRule, trial::TrialNews,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use telephony::{AgentSeat, DialRequest, Frame, RoomEvent, TelephonyError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use voice::ports::Voices;

/// How long the browser may take until its microphone is there.
const ARRIVING: Duration = Duration::from_secs(30);
/// From the range that is kept free of subscribers; it is never dialled.
const NO_NUMBER: &str = "+12025550100";

/// A trial that is about to begin.
pub struct Trial {
    /// An empty room whose person will be the browser.
    pub seat: Box<dyn AgentSeat>,
    /// As whom the browser comes into it.
    pub browser: String,
    pub voices: Voices,
    /// Its texts as they are to be said.
    pub content: CampaignContent,
    pub room: ConversationId,
    /// Told what happens. A browser that is too slow misses some of it.
    pub news: mpsc::Sender<TrialNews>,
    /// Ends it politely.
    pub stop: CancellationToken,
}

impl Trial {
    /// Converses to the end, and tells it last of all.
    pub async fn run(self) {
        let brief = self.brief();
        let agent = CampaignAgent {
            brief,
            seat: Box::new(BrowserSeat {
                seat: self.seat,
                browser: self.browser,
            }),
            voices: self.voices.with_engine(self.content.engine),
            scribe: Arc::new(Teller(self.news.clone())),
            commands: mpsc::channel(1).1,
            recorder: None,
            stop: self.stop,
        };
        let CallEnd {
            disposition,
            mut results,
            not_drawn,
            ..
        } = agent.run().await;
        // Nobody draws them later: nothing of a trial is kept.
        if let Some(why) = not_drawn {
            results
                .reason
                .get_or_insert(format!("The results could not be drawn. {why}"));
        }
        // Nobody may be there any more to hear it.
        let _ = self.news.send(TrialNews::Ended { disposition, results }).await;
    }

    fn brief(&self) -> CallBrief {
        let number: PhoneNumber = NO_NUMBER.parse().expect("a number in E.164 form");
        CallBrief {
            ringing_timeout: ARRIVING,
            // Nothing of a trial is kept, so nothing is announced.
            recording: RecordingRule::Never,
            ..brief::filled_in(
                &self.content,
                &BTreeMap::new(),
                self.room,
                AttemptId(self.room.0),
                number,
            )
        }
    }
}

/// Waits for the browser instead of dialling.
struct BrowserSeat {
    seat: Box<dyn AgentSeat>,
    browser: String,
}

#[async_trait]
impl AgentSeat for BrowserSeat {
    async fn dial(&mut self, _: DialRequest) -> Result<(), TelephonyError> {
        self.seat.expect_browser(&self.browser).await
    }

    async fn next(&mut self) -> RoomEvent {
        self.seat.next().await
    }

    fn speak(&mut self, frame: Frame) {
        self.seat.speak(frame);
    }

    async fn hang_up(&mut self) {
        self.seat.hang_up().await;
    }
}

/// Tells the browser; writes nothing down.
struct Teller(mpsc::Sender<TrialNews>);

impl Teller {
    fn tell(&self, news: TrialNews) {
        let _ = self.0.try_send(news);
    }
}

#[async_trait]
impl CallScribe for Teller {
    async fn about_to_dial(&self) -> Result<(), NotWritten> {
        Ok(())
    }

    async fn stage(&self, _: ConversationStatus) -> Result<(), NotWritten> {
        Ok(())
    }

    async fn sentence(&self, said: SaidAloud) -> Result<(), NotWritten> {
        let SaidAloud {
            speaker,
            text,
            start_ms,
            interrupted,
            ..
        } = said;
        let news = TrialNews::Sentence {
            speaker,
            text,
            start_ms,
            interrupted,
        };
        // A transcript with a hole would be wrong; whoever is gone hears nothing of it.
        let _ = self.0.send(news).await;
        Ok(())
    }

    /// There is no number to put on a list.
    async fn opted_out(&self) -> Result<(), NotWritten> {
        Ok(())
    }

    fn glimpse(&self, glimpse: Glimpse) {
        match glimpse {
            Glimpse::AgentState { state, .. } => self.tell(TrialNews::State { state }),
            Glimpse::Levels { agent, person, .. } => self.tell(TrialNews::Levels { agent, person }),
            Glimpse::PartialText { .. } | Glimpse::Floor { .. } | Glimpse::Colleague { .. } => {}
        }
    }
}
