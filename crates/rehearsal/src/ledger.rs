//! The ledger: which attempts were ever dialled, whichever process asked.
//!
//! It is a text file to which any number of processes append, one line for each dial, each line by a single write
//! before the phone rings. A process that is killed loses nothing of it, for the operating system already has the line;
//! only a machine that loses power could. That makes it the witness in tests that kill processes.
//!
//! A line is `attempt mark milliseconds`: the attempt's id, a keyed hash of the number (never the number), and when.

use domain::{AttemptId, PhoneNumber, UnixMillis};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// Stands for a number: the same for the same number, and not to be turned back without trying all numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberMark(pub u64);

impl NumberMark {
    #[must_use]
    pub fn of(number: &PhoneNumber) -> Self {
        let digest = Sha256::digest(format!("ringside rehearsal {}", number.e164()));
        Self(u64::from_be_bytes(
            digest[..8].try_into().expect("a SHA-256 digest has 32 bytes"),
        ))
    }
}

/// A dial, as it was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    pub attempt: AttemptId,
    pub number: NumberMark,
    pub at: UnixMillis,
}

impl LedgerLine {
    fn write(&self) -> String {
        format!("{} {:016x} {}\n", self.attempt, self.number.0, self.at.0)
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let line = Self {
            attempt: parts.next()?.parse().ok()?,
            number: NumberMark(u64::from_str_radix(parts.next()?, 16).ok()?),
            at: UnixMillis(parts.next()?.parse().ok()?),
        };
        parts.next().is_none().then_some(line)
    }
}

/// All dials of a ledger file, in the order in which they were written. For witnesses.
///
/// # Errors
/// The file cannot be read. A file that does not exist is an empty ledger.
pub fn read(path: &Path) -> io::Result<Vec<LedgerLine>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(LedgerLine::read).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A ledger file with what is known of it in memory.
#[derive(Default)]
pub(crate) struct Ledger {
    file: Option<File>,
    /// How far the file has been read.
    position: u64,
    /// The beginning of a line whose end is not written yet.
    unfinished: Vec<u8>,
    dialled: HashSet<AttemptId>,
    times: HashMap<NumberMark, u32>,
}

impl Ledger {
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let mut ledger = Self::default();
        if let Some(path) = path {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            ledger.file = Some(File::options().create(true).append(true).read(true).open(path)?);
            ledger.catch_up()?;
        }
        Ok(ledger)
    }

    /// Writes a dial down. Gives how often the number was dialled before, or `None` if this very attempt was.
    pub(crate) fn append(&mut self, attempt: AttemptId, number: NumberMark, at: UnixMillis) -> io::Result<Option<u32>> {
        self.catch_up()?;
        if self.dialled.contains(&attempt) {
            return Ok(None);
        }
        let before = self.times.get(&number).copied().unwrap_or(0);
        let line = LedgerLine { attempt, number, at };
        match &mut self.file {
            // It is read back, in its place among those of other processes, with the next catching up.
            Some(file) => {
                let text = line.write();
                if file.write(text.as_bytes())? != text.len() {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                self.catch_up()?;
            }
            None => self.note(line),
        }
        Ok(Some(before))
    }

    pub(crate) fn contains(&mut self, attempt: AttemptId) -> io::Result<bool> {
        if self.dialled.contains(&attempt) {
            return Ok(true);
        }
        self.catch_up()?;
        Ok(self.dialled.contains(&attempt))
    }

    fn note(&mut self, line: LedgerLine) {
        if self.dialled.insert(line.attempt) {
            *self.times.entry(line.number).or_default() += 1;
        }
    }

    /// Reads what was appended since, by whichever process.
    fn catch_up(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if file.metadata()?.len() == self.position {
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.position))?;
        let mut news = Vec::new();
        self.position += file.read_to_end(&mut news)? as u64;
        let mut bytes = std::mem::take(&mut self.unfinished);
        bytes.extend(news);
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.unfinished = bytes.split_off(complete);
        for line in String::from_utf8_lossy(&bytes).lines() {
            match LedgerLine::read(line) {
                Some(line) => self.note(line),
                None => tracing::warn!("a line of the rehearsal ledger cannot be read"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u128) -> AttemptId {
        AttemptId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn two_processes_see_each_others_dials() {
        let path = std::env::temp_dir().join(format!("ringside-ledger-{}.txt", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut one = Ledger::open(Some(&path)).expect("opens");
        let mut two = Ledger::open(Some(&path)).expect("opens");
        let (number, other) = (NumberMark(1), NumberMark(2));
        let now = UnixMillis(5);
        assert_eq!(one.append(attempt(1), number, now).expect("written"), Some(0));
        assert!(two.contains(attempt(1)).expect("read"));
        assert!(!two.contains(attempt(2)).expect("read"));
        assert_eq!(two.append(attempt(2), number, now).expect("written"), Some(1));
        assert_eq!(two.append(attempt(3), other, now).expect("written"), Some(0));
        assert_eq!(one.append(attempt(2), number, now).expect("read"), None, "twice");
        let mut later = Ledger::open(Some(&path)).expect("opens");
        assert!((1..=3).all(|id| later.contains(attempt(id)).expect("read")));
        assert_eq!(read(&path).expect("read").len(), 3);
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn a_torn_line_hides_no_other() {
        let path = std::env::temp_dir().join(format!("ringside-torn-ledger-{}.txt", std::process::id()));
        let line = LedgerLine {
            attempt: attempt(7),
            number: NumberMark(1),
            at: UnixMillis(5),
        };
        std::fs::write(&path, &line.write()[..20]).expect("written");
        let mut ledger = Ledger::open(Some(&path)).expect("opens");
        assert!(!ledger.contains(attempt(7)).expect("read"));
        std::fs::write(&path, line.write() + "nonsense\n").expect("written");
        assert!(ledger.contains(attempt(7)).expect("read"));
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn a_mark_does_not_show_the_number() {
        let number: PhoneNumber = "+14155550123".parse().expect("valid");
        let line = LedgerLine {
            attempt: attempt(1),
            number: NumberMark::of(&number),
            at: UnixMillis(5),
        };
        assert!(!line.write().contains("4155550123"));
    }
}
