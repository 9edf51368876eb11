//! Sentences to sound.
//!
//! [`Studio::render`] gives the sound of a sentence in a voice: with espeak-ng in processes of its own, a few at a
//! time, or, where espeak-ng is not installed, as tones, each word its own. What was rendered is kept in memory as
//! long as it is used, and written into the shared [`PhraseBook`], so that ears know it. Stock phrases of the people on
//! the phone are kept on disk too; what the agent says is not, for it may name a person.

mod espeak;
mod exchange;
mod sound;
mod tones;

use crate::{
    clip::Clip,
    person::phrases,
    phrase_book::{Phrase, PhraseBook},
    voice_of::{MACHINE, PEOPLE, SpeakerVoice},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use telephony::{FRAME_MILLIS, FRAME_SAMPLES};
use tokio::sync::{Semaphore, mpsc};

/// Sound that is kept in memory: 30 minutes, about 60 MB. Stock phrases in all voices are 18 of them.
const MOST_FRAMES: usize = 30 * 60 * 1_000 / FRAME_MILLIS as usize;
/// Processes that speak at the same time.
const SPEAKERS: usize = 3;
/// Characters of a sentence; what is longer is cut.
const LONGEST_TEXT: usize = 1_200;

/// A sentence could not be made into sound.
#[derive(Debug, thiserror::Error)]
pub enum StudioError {
    #[error("espeak-ng cannot be run: {0}")]
    Speaker(#[source] std::io::Error),
    #[error("espeak-ng did not come to an end")]
    TooSlow,
    #[error("espeak-ng gave no sound: {0}")]
    NoSound(String),
}

/// Settings of a [`Studio`].
#[derive(Clone, Debug, Default)]
pub struct StudioConfig {
    /// Where the sound of stock phrases is kept; `None` keeps it in memory only.
    pub cache: Option<PathBuf>,
    /// Speaks in tones even if espeak-ng is installed.
    pub tones_only: bool,
}

/// True if espeak-ng is installed: otherwise everybody speaks in tones, which a screen should say.
#[must_use]
pub fn speech_available() -> bool {
    espeak::is_installed()
}

type Key = (SpeakerVoice, Arc<str>);

struct Kept {
    clip: Arc<Clip>,
    phrase: Arc<Phrase>,
    used: u64,
}

#[derive(Default)]
struct Shelf {
    clips: HashMap<Key, Kept>,
    frames: usize,
    uses: u64,
}

/// Makes sentences into sound. See the [module](self).
pub struct Studio {
    config: StudioConfig,
    speaks: bool,
    speakers: Semaphore,
    shelf: Mutex<Shelf>,
    book: Arc<PhraseBook>,
    /// Takes what was made, if other studios are to know it.
    made: OnceLock<mpsc::UnboundedSender<Arc<Clip>>>,
}

impl Studio {
    /// A studio with an empty phrase book.
    #[must_use]
    pub fn new(config: StudioConfig) -> Arc<Self> {
        Arc::new(Self {
            speaks: !config.tones_only && speech_available(),
            config,
            speakers: Semaphore::new(SPEAKERS),
            shelf: Mutex::default(),
            book: PhraseBook::new(),
            made: OnceLock::new(),
        })
    }

    /// The sentences that were rendered, for ears.
    #[must_use]
    pub fn phrase_book(&self) -> &Arc<PhraseBook> {
        &self.book
    }

    /// False if everybody speaks in tones.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.speaks
    }

    /// The sound of a sentence.
    ///
    /// # Errors
    /// [`StudioError`].
    pub async fn render(&self, voice: SpeakerVoice, text: &str) -> Result<Arc<Clip>, StudioError> {
        let text = spoken_text(text);
        let key = (voice, Arc::from(text.as_str()));
        if let Some(clip) = self.kept(&key) {
            return Ok(clip);
        }
        let _turn = self
            .speakers
            .acquire()
            .await
            .map_err(|_| StudioError::NoSound("the studio is closed".to_owned()))?;
        // Somebody else may have rendered it while this one was waiting.
        if let Some(clip) = self.kept(&key) {
            return Ok(clip);
        }
        let file = self.cache_file(voice, &text);
        let samples = match read_from_disk(file.as_deref()).await {
            Some(samples) => samples,
            None => {
                let samples = self.make(voice, &text).await?;
                write_to_disk(file.as_deref(), &samples).await;
                samples
            }
        };
        let clip = self.keep(key, Clip::new(&text, &samples));
        // Stock phrases are known to all who prepare themselves.
        if let Some(made) = self.made.get().filter(|_| !phrases::is_stock(&text)) {
            // Nobody may exchange any more.
            let _ = made.send(Arc::clone(&clip));
        }
        Ok(clip)
    }

    /// Renders all stock phrases, so that nobody has to wait for them.
    ///
    /// # Errors
    /// The first [`StudioError`]; what was rendered before it is kept.
    pub async fn prepare(&self) -> Result<(), StudioError> {
        for voice in PEOPLE {
            for text in phrases::stock() {
                self.render(voice, text).await?;
            }
        }
        for text in phrases::stock_of_machines() {
            self.render(MACHINE, text).await?;
        }
        Ok(())
    }

    async fn make(&self, voice: SpeakerVoice, text: &str) -> Result<Vec<i16>, StudioError> {
        if !self.speaks {
            return Ok(tones::make(voice, text));
        }
        let (samples, rate) = espeak::speak(voice, text).await?;
        Ok(sound::polish(&sound::resample(&samples, rate)?))
    }

    fn kept(&self, key: &Key) -> Option<Arc<Clip>> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let uses = shelf.uses;
        let kept = shelf.clips.get_mut(key)?;
        kept.used = uses;
        if self.book.holds(&kept.phrase) {
            self.book.touch(&kept.phrase);
        } else {
            kept.phrase = self.book.add(&kept.clip);
        }
        Some(Arc::clone(&kept.clip))
    }

    fn keep(&self, key: Key, clip: Clip) -> Arc<Clip> {
        let clip = Arc::new(clip);
        let phrase = self.book.add(&clip);
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let used = shelf.uses;
        shelf.frames += clip.frames.len();
        let kept = Kept {
            clip: Arc::clone(&clip),
            phrase,
            used,
        };
        if let Some(twin) = shelf.clips.insert(key, kept) {
            shelf.frames -= twin.clip.frames.len();
        }
        if shelf.frames > MOST_FRAMES {
            shelf.forget_the_oldest();
        }
        clip
    }

    /// Where a stock phrase is kept on disk; `None` for anything else.
    fn cache_file(&self, voice: SpeakerVoice, text: &str) -> Option<PathBuf> {
        let folder = self.config.cache.as_ref().filter(|_| self.speaks)?;
        if !phrases::is_stock(text) {
            return None;
        }
        let digest = Sha256::digest(format!("1 {voice:?} {text}"));
        let name: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(folder.join(format!("{name}.pcm")))
    }
}

impl Shelf {
    /// Forgets half, so that it is done rarely.
    fn forget_the_oldest(&mut self) {
        let mut uses: Vec<u64> = self.clips.values().map(|kept| kept.used).collect();
        uses.sort_unstable();
        let limit = uses[uses.len() / 2];
        self.clips.retain(|_, kept| kept.used > limit);
        self.frames = self.clips.values().map(|kept| kept.clip.frames.len()).sum();
    }
}

async fn read_from_disk(file: Option<&Path>) -> Option<Vec<i16>> {
    let bytes = tokio::fs::read(file?).await.ok()?;
    let whole = !bytes.is_empty() && bytes.len().is_multiple_of(2 * FRAME_SAMPLES);
    whole.then(|| {
        bytes
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    })
}

/// Written beside and then renamed: whoever reads it reads all of it. A cache that cannot be written is none.
async fn write_to_disk(file: Option<&Path>, samples: &[i16]) {
    let Some(file) = file else { return };
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let beside = file.with_extension(format!("{}.part", std::process::id()));
    let written = async {
        if let Some(folder) = file.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        tokio::fs::write(&beside, bytes).await?;
        tokio::fs::rename(&beside, file).await
    };
    if let Err(error) = written.await {
        tracing::debug!(%error, "the sound of a phrase could not be kept on disk");
    }
}

/// One line of bounded length without anything that is not spoken.
fn spoken_text(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_TEXT)
        .collect()
}
