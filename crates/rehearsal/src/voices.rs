//! Offline stand-ins for the three voice ports. They work on the real sound and the real prompt, so a call with them
//! goes the way of any other.

mod hearing;
mod reply;
mod script;
mod speaking;
mod state_of_talk;
mod thinking;
mod understanding;
mod understood;

use crate::studio::Studio;
use std::sync::Arc;
use voice::ports::Voices;

pub use hearing::RehearsalEars;
pub use speaking::RehearsalVoice;
pub use thinking::ScriptedLanguageModel;
pub use understood::{UnderstoodModel, UnderstoodVoice};

/// The three stand-ins. They know the sentences of `studio`'s phrase book and no others; `speed` is that of the
/// network's rooms, so that thinking takes as long in room time at any speed.
#[must_use]
pub fn voices(studio: &Arc<Studio>, speed: f32) -> Voices {
    Voices {
        speech_to_text: Arc::new(RehearsalEars::new(Arc::clone(studio.phrase_book()))),
        language_model: Arc::new(ScriptedLanguageModel::new(speed)),
        text_to_speech: Arc::new(RehearsalVoice::new(Arc::clone(studio))),
        speech_to_speech: None,
        look_ups: Arc::new(voice::ports::NoLookUps),
    }
}
