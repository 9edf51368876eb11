//! What is said in other processes. The agent and the people on the phone may live in different ones, when the calls go
//! through a real livekit-server; an ear knows only sentences that it was told of. So each studio leaves what it makes in a
//! folder for a while, and learns what others have left there.

use super::Studio;
use crate::clip::Clip;
use std::{
    collections::{HashSet, VecDeque},
    ffi::OsString,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use telephony::FRAME_SAMPLES;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};

/// An ear recognises a sentence from its middle, so it may come as late as this.
const LOOK: Duration = Duration::from_millis(100);
/// What was left for so long has been learned by everybody.
const KEPT_FOR: Duration = Duration::from_secs(30);
const ENDING: &str = "said";

impl Studio {
    /// Exchanges what is said with the studios of other processes that do the same with this folder, until it is dropped.
    /// What is said may name people: nobody else can read the folder, and nothing stays in it for longer than needed.
    ///
    /// # Errors
    /// The folder cannot be made, read or written.
    pub async fn exchange(&self, folder: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (sender, mut made) = mpsc::unbounded_channel();
        if self.made.set(sender).is_err() {
            return Ok(());
        }
        let mut exchange = Exchange {
            folder,
            known: HashSet::new(),
            left: VecDeque::new(),
            count: 0,
        };
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(clip) = made.recv() => exchange.leave(&clip).await?,
                _ = look.tick() => {
                    exchange.clear(Instant::now()).await;
                    for clip in exchange.learn().await? {
                        self.book.add(&clip);
                    }
                }
            }
        }
    }
}

struct Exchange<'a> {
    folder: &'a Path,
    /// Files whose content is known.
    known: HashSet<OsString>,
    /// Our own, the oldest first.
    left: VecDeque<(Instant, PathBuf)>,
    count: u64,
}

impl Exchange<'_> {
    async fn leave(&mut self, clip: &Arc<Clip>) -> io::Result<()> {
        self.count += 1;
        let name = format!("{}-{}.{ENDING}", std::process::id(), self.count);
        let file = self.folder.join(&name);
        let beside = file.with_extension("part");
        self.known.insert(name.into());
        // A line of text, then the sound.
        let mut bytes = clip.text.as_bytes().to_vec();
        bytes.push(b'\n');
        let samples = clip.frames.iter().flat_map(|frame| frame.samples().iter());
        bytes.extend(samples.flat_map(|sample| sample.to_le_bytes()));
        tokio::fs::write(&beside, bytes).await?;
        tokio::fs::rename(&beside, &file).await?;
        self.left.push_back((Instant::now(), file));
        Ok(())
    }

    async fn clear(&mut self, now: Instant) {
        while let Some((at, file)) = self.left.front()
            && now > *at + KEPT_FOR
        {
            // What is gone already needs no removing.
            drop(tokio::fs::remove_file(file).await);
            self.left.pop_front();
        }
    }

    async fn learn(&mut self) -> io::Result<Vec<Clip>> {
        let (mut learned, mut seen) = (Vec::new(), HashSet::new());
        let mut files = tokio::fs::read_dir(self.folder).await?;
        while let Some(file) = files.next_entry().await? {
            let path = file.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            // It may have been removed just now.
            if !self.known.contains(&file.file_name())
                && let Ok(bytes) = tokio::fs::read(&path).await
            {
                learned.extend(read(&bytes));
            }
            seen.insert(file.file_name());
        }
        self.known = seen;
        Ok(learned)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        for (_, file) in &self.left {
            // What is gone already needs no removing.
            drop(std::fs::remove_file(file));
        }
    }
}

fn read(bytes: &[u8]) -> Option<Clip> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (text, sound) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]);
    let samples: Vec<i16> = sound
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    (!text.is_empty() && samples.len() >= FRAME_SAMPLES).then(|| Clip::new(text, &samples))
}

#[cfg(test)]
mod tests {
    use crate::{Studio, StudioConfig, voice_of};
    use std::{sync::Arc, time::Duration};

    #[tokio::test]
    async fn an_ear_understands_what_is_said_in_another_process() {
        let folder = std::env::temp_dir().join(format!("ringside-exchange-{}", std::process::id()));
        let studio = || {
            Studio::new(StudioConfig {
                cache: None,
                tones_only: true,
            })
        };
        let (here, there) = (studio(), studio());
        let exchanges = [&here, &there].map(|studio| {
            let (studio, folder) = (Arc::clone(studio), folder.clone());
            tokio::spawn(async move { studio.exchange(&folder).await })
        });
        let words = "Would Tuesday at ten suit you, Mrs Example?";
        let mut heard = String::new();
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let clip = here.render(voice_of::agent("en"), words).await.expect("rendered");
            let mut ear = there.phrase_book().recogniser();
            for frame in &clip.frames {
                ear.hear(frame);
            }
            heard = ear.finish();
            if !heard.is_empty() {
                break;
            }
        }
        assert_eq!(heard, words);
        for exchange in exchanges {
            exchange.abort();
            assert!(exchange.await.is_err_and(|error| error.is_cancelled()));
        }
        let left = std::fs::read_dir(&folder).expect("the folder is there").count();
        assert_eq!(left, 0, "nothing stays behind");
        std::fs::remove_dir(&folder).expect("removed");
    }
}
