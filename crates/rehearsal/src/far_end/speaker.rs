//! A mouth on the line: what is to be said is rendered while the speaker still draws breath, and then played frame by
//! frame. Room time waits for the sound, so that a slow machine changes nothing in what is said when.

use crate::{clip::Clip, studio::Studio, voice_of::SpeakerVoice};
use std::sync::Arc;
use telephony::Frame;
use tokio_util::task::AbortOnDropHandle;

enum Sound {
    Making(AbortOnDropHandle<Option<Arc<Clip>>>),
    Ready { clip: Arc<Clip>, next: usize },
}

pub(super) struct Speaker {
    studio: Arc<Studio>,
    voice: SpeakerVoice,
    sound: Option<Sound>,
    /// Room time at which it begins.
    begins_ms: u32,
}

impl Speaker {
    pub(super) fn new(studio: Arc<Studio>, voice: SpeakerVoice) -> Self {
        Self {
            studio,
            voice,
            sound: None,
            begins_ms: 0,
        }
    }

    /// Says `text` from `begins_ms` on, instead of whatever it was about to say.
    pub(super) fn say(&mut self, text: String, begins_ms: u32) {
        let (studio, voice) = (Arc::clone(&self.studio), self.voice);
        let making = tokio::spawn(async move {
            let rendered = studio.render(voice, &text).await;
            rendered
                .inspect_err(|error| tracing::warn!(%error, "somebody on the rehearsal network lost their voice"))
                .ok()
        });
        self.sound = Some(Sound::Making(AbortOnDropHandle::new(making)));
        self.begins_ms = begins_ms;
    }

    /// Waits for the sound if it is due. Cancel safe.
    pub(super) async fn be_ready(&mut self, now_ms: u32) {
        if now_ms < self.begins_ms {
            return;
        }
        if let Some(Sound::Making(making)) = &mut self.sound {
            let clip = making.await.ok().flatten();
            self.sound = clip.map(|clip| Sound::Ready { clip, next: 0 });
        }
    }

    /// The frame of this tick, if anything is being said.
    pub(super) fn tick(&mut self, now_ms: u32) -> Option<Frame> {
        if now_ms < self.begins_ms {
            return None;
        }
        let Some(Sound::Ready { clip, next }) = &mut self.sound else {
            return None;
        };
        let frame = clip.frames.get(*next).cloned();
        *next += 1;
        if *next >= clip.frames.len() {
            self.sound = None;
        }
        frame
    }

    /// Something is being said or about to be.
    pub(super) fn is_busy(&self) -> bool {
        self.sound.is_some()
    }

    /// Something is being said right now.
    pub(super) fn has_begun(&self) -> bool {
        matches!(&self.sound, Some(Sound::Ready { next, .. }) if *next > 0)
    }

    /// Forgets what has not begun yet.
    pub(super) fn hold(&mut self) {
        if !self.has_begun() {
            self.sound = None;
        }
    }
}
