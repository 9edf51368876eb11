//! A sentence for somebody with whom no agent talks: it is said by code, then we hang up.

use crate::flow::wording;
use domain::Personal;
use futures::{Stream, StreamExt};
use std::{pin::Pin, time::Duration};
use telephony::{AgentSeat, Frame, RoomEvent};
use tokio::time::{Instant, timeout_at};
use voice::ports::{TextToSpeech, VoiceError};

/// Whatever happens, it is over after this time, by the wall clock.
const LONGEST: Duration = Duration::from_secs(25);

/// Says, when the caller hears us, that nobody can talk with them, and hangs up. If the voice fails it only hangs up.
pub async fn turn_away(mut seat: Box<dyn AgentSeat>, voice: &dyn TextToSpeech, language: &str) {
    let text = Personal::from(wording(language).turned_away.to_owned());
    let until = Instant::now() + LONGEST;
    // The end of the time is an end like others.
    let _ = timeout_at(until, async {
        if let Ok(frames) = voice.speak(&text, language).await {
            say(&mut *seat, frames).await;
        }
    })
    .await;
    seat.hang_up().await;
}

async fn say(seat: &mut dyn AgentSeat, mut frames: Pin<Box<dyn Stream<Item = Result<Frame, VoiceError>> + Send>>) {
    loop {
        match seat.next().await {
            RoomEvent::Tick(_) => match frames.next().await {
                Some(Ok(frame)) => seat.speak(frame),
                Some(Err(_)) | None => return,
            },
            RoomEvent::NotAnswered(_) | RoomEvent::Left(_) => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use futures::stream::{self, BoxStream};
    use std::{
        collections::VecDeque,
        sync::{Arc, Mutex},
    };
    use telephony::{DialRequest, FRAME_SAMPLES, FarEnd, TelephonyError};

    #[derive(Debug, PartialEq)]
    enum Did {
        Spoke,
        HungUp,
    }

    struct Hand(VecDeque<RoomEvent>, Arc<Mutex<Vec<Did>>>);

    #[async_trait]
    impl AgentSeat for Hand {
        async fn dial(&mut self, _: DialRequest) -> Result<(), TelephonyError> {
            Err(TelephonyError::RoomClosed)
        }
        async fn next(&mut self) -> RoomEvent {
            match self.0.pop_front() {
                Some(event) => event,
                None => std::future::pending().await,
            }
        }
        fn speak(&mut self, _: Frame) {
            self.1.lock().expect("unpoisoned").push(Did::Spoke);
        }
        async fn hang_up(&mut self) {
            self.1.lock().expect("unpoisoned").push(Did::HungUp);
        }
    }

    struct TwoFrames;

    #[async_trait]
    impl TextToSpeech for TwoFrames {
        async fn speak(
            &self,
            text: &Personal,
            _: &str,
        ) -> Result<BoxStream<'static, Result<Frame, VoiceError>>, VoiceError> {
            assert!(text.reveal().contains("automated"), "it says what it is");
            Ok(stream::iter([Ok(Frame::new([1; FRAME_SAMPLES])), Ok(Frame::silence())]).boxed())
        }
    }

    async fn told(events: impl IntoIterator<Item = RoomEvent>) -> Vec<Did> {
        let did = Arc::new(Mutex::new(Vec::new()));
        let seat = Box::new(Hand(events.into_iter().collect(), Arc::clone(&did)));
        turn_away(seat, &TwoFrames, "en-US").await;
        std::mem::take(&mut *did.lock().expect("unpoisoned"))
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_said_once_the_caller_hears_it_and_then_it_is_over() {
        use RoomEvent::{Answered, Left, Ringing, Tick};
        let tick = || Tick(Frame::silence());
        assert_eq!(
            told([Ringing, Answered, tick(), tick(), tick(), tick()]).await,
            [Did::Spoke, Did::Spoke, Did::HungUp]
        );
        assert_eq!(told([Ringing, Left(FarEnd::HungUp)]).await, [Did::HungUp]);
        assert_eq!(told([Answered, tick()]).await, [Did::Spoke, Did::HungUp], "a dead room");
    }
}
