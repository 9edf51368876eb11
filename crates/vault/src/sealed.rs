//! The format of a locked file, which grows piece by piece and can be read from anywhere.
//!
//! It begins with a head: 8 bytes that say what it is, the name of the key (8 bytes) and a salt (19 random bytes). Then
//! come records: the length of what follows (32 bits, little endian), and a piece encrypted with XChaCha20-Poly1305, its
//! tag behind it. The nonces are those of the STREAM construction: salt, number of the record, and whether it is the
//! last one; the first 16 bytes of the salt make a key of the file's own. The head is authenticated with every record. So
//! no two records share a nonce, records cannot change places within or between files, and a file that was finished
//! cannot be cut without being noticed, while one that nobody could finish is still readable as far as it goes.

use crate::{
    KeyId, KeyRing, VaultError,
    keys::{KEY_ID_BYTES, Key},
};
use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::{XChaCha20Poly1305, aead::Payload};
use std::{io, ops::Range};

/// Random bytes that each file needs.
pub const SALT_BYTES: usize = 19;
const MAGIC: &[u8; 8] = b"RINGSEA1";
/// Length of the head.
pub(crate) const HEAD_BYTES: usize = MAGIC.len() + KEY_ID_BYTES + SALT_BYTES;
/// What a record is longer than its piece: length and tag.
const RECORD_OVERHEAD: u64 = 4 + 16;

/// How long each piece of a file is, in order, bytes. With it any part of a locked file is found without reading the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces(pub Vec<u32>);

impl Pieces {
    /// Four bytes for each piece, little endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|length| length.to_le_bytes()).collect()
    }

    /// The reverse of [`Self::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (lengths, _) = bytes.as_chunks::<4>();
        Self(lengths.iter().map(|length| u32::from_le_bytes(*length)).collect())
    }

    /// Length of all of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|length| u64::from(*length)).sum()
    }

    /// The records that hold `wanted` (bytes of the contents), a few at a time.
    pub(crate) fn spans(&self, wanted: &Range<u64>) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let (mut begins, mut lies) = (0, HEAD_BYTES as u64);
        for (number, length) in self.0.iter().enumerate() {
            let length = u64::from(*length);
            let (ends, lies_until) = (begins + length, lies + length + RECORD_OVERHEAD);
            if ends > wanted.start && begins < wanted.end {
                match spans.last_mut() {
                    Some(span) if lies_until - span.lies.start <= MOST_AT_ONCE => {
                        span.lies.end = lies_until;
                        span.keep.end = wanted.end.min(ends) - span.begins;
                    }
                    _ => spans.push(Span {
                        first_record: number,
                        begins,
                        lies: lies..lies_until,
                        keep: wanted.start.saturating_sub(begins)..wanted.end.min(ends) - begins,
                    }),
                }
            }
            (begins, lies) = (ends, lies_until);
        }
        spans
    }
}

/// Records that are read at once: about half a minute of sound.
const MOST_AT_ONCE: u64 = 128 * 1_024;

/// Consecutive records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first_record: usize,
    /// Where in the contents its first piece begins.
    begins: u64,
    /// Where in the file it lies.
    pub(crate) lies: Range<u64>,
    /// What is wanted of its contents.
    pub(crate) keep: Range<u64>,
}

/// What must be known of a locked file in order to read it from anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Name of the key, as [`KeyId`] shows it.
    pub key_id: String,
    pub pieces: Pieces,
}

type Stream = StreamBE32<XChaCha20Poly1305>;

struct Head([u8; HEAD_BYTES]);

impl Head {
    fn new(key: KeyId, salt: &[u8; SALT_BYTES]) -> Self {
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(MAGIC);
        head[8..16].copy_from_slice(&key.0);
        head[16..].copy_from_slice(salt);
        Self(head)
    }

    fn stream(&self, key: &Key) -> Stream {
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&self.0[16..]);
        Stream::from_aead(key.cipher.clone(), &salt.into())
    }
}

/// Locks pieces one after the other.
pub struct Sealer {
    head: Head,
    stream: Stream,
    next: u32,
}

impl Sealer {
    /// `salt` must be random, and never the same for two files.
    #[must_use]
    pub fn new(key: &Key, salt: &[u8; SALT_BYTES]) -> Self {
        let head = Head::new(key.id(), salt);
        Self {
            stream: head.stream(key),
            head,
            next: 0,
        }
    }

    /// The record of the next piece, with the head before the first.
    ///
    /// # Errors
    /// There are 2³² records, or the piece is longer than 4 GB.
    pub fn seal(&mut self, piece: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let payload = Payload {
            msg: piece,
            aad: &self.head.0,
        };
        let sealed = self
            .stream
            .encrypt(self.next, last, payload)
            .map_err(|_| io::Error::other("a piece cannot be encrypted"))?;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        let mut record = Vec::with_capacity(HEAD_BYTES + 4 + sealed.len());
        if self.next == 0 {
            record.extend_from_slice(&self.head.0);
        }
        self.next = self
            .next
            .checked_add(1)
            .ok_or_else(|| io::Error::other("too many pieces"))?;
        record.extend_from_slice(&length.to_le_bytes());
        record.extend_from_slice(&sealed);
        Ok(record)
    }
}

/// Unlocks records in any order.
pub(crate) struct Opener {
    head: Head,
    stream: Stream,
}

impl Opener {
    /// From the first [`HEAD_BYTES`] of a file.
    pub(crate) fn new(head: &[u8], keys: &KeyRing) -> Result<Self, VaultError> {
        let head: [u8; HEAD_BYTES] = head.try_into().map_err(|_| VaultError::Damaged)?;
        if !head.starts_with(MAGIC) {
            return Err(VaultError::Damaged);
        }
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&head[8..16]);
        let key = keys.find(KeyId(id)).ok_or(VaultError::UnknownKey(KeyId(id)))?;
        let head = Head(head);
        Ok(Self {
            stream: head.stream(key),
            head,
        })
    }

    fn open(&self, number: usize, sealed: &[u8], last: bool) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: &self.head.0,
        };
        self.stream.decrypt(u32::try_from(number).ok()?, last, payload).ok()
    }

    /// The contents of consecutive records, of which the file has `count` in all.
    pub(crate) fn open_span(&self, span: &Span, count: usize, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut contents = Vec::with_capacity(bytes.len());
        let (mut rest, mut number) = (bytes, span.first_record);
        while !rest.is_empty() {
            let (sealed, behind) = record(rest).ok_or(VaultError::Damaged)?;
            // The last record of a file that nobody could finish is not marked.
            let piece = self
                .open(number, sealed, number + 1 == count)
                .or_else(|| self.open(number, sealed, false));
            contents.extend(piece.ok_or(VaultError::Damaged)?);
            (rest, number) = (behind, number + 1);
        }
        Ok(contents)
    }
}

/// The first record of `bytes` without its length, and what is behind it. `None` if it is torn.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// What is in a file that may be unfinished: its contents as far as they go, how long its pieces are, and whether it ends
/// as it should.
///
/// # Errors
/// It does not begin like a locked file, or its key is not there.
pub fn open_all(bytes: &[u8], keys: &KeyRing) -> Result<(Vec<u8>, Lock, bool), VaultError> {
    let (head, mut rest) = bytes.split_at_checked(HEAD_BYTES).ok_or(VaultError::Damaged)?;
    let opener = Opener::new(head, keys)?;
    let (mut contents, mut pieces, mut finished) = (Vec::with_capacity(bytes.len()), Pieces::default(), false);
    while !finished && let Some((sealed, behind)) = record(rest) {
        let number = pieces.0.len();
        let mut piece = opener.open(number, sealed, false);
        if piece.is_none() {
            piece = opener.open(number, sealed, true);
            finished = piece.is_some();
        }
        let Some(piece) = piece else { break };
        pieces
            .0
            .push(u32::try_from(piece.len()).map_err(|_| VaultError::Damaged)?);
        contents.extend(piece);
        rest = behind;
    }
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&head[8..16]);
    let key_id = KeyId(id).to_string();
    Ok((contents, Lock { key_id, pieces }, finished))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; SALT_BYTES] = [5; SALT_BYTES];

    fn ring() -> KeyRing {
        KeyRing::new(Some(Key::new(&[1; 32])), Vec::new())
    }

    fn locked(pieces: &[&[u8]], salt: &[u8; SALT_BYTES], finished: bool) -> Vec<u8> {
        let mut sealer = Sealer::new(&Key::new(&[1; 32]), salt);
        let last = pieces.len() - 1;
        let records = pieces
            .iter()
            .enumerate()
            .map(|(number, piece)| sealer.seal(piece, finished && number == last).expect("sealed"));
        records.flatten().collect()
    }

    fn pieces() -> Vec<Vec<u8>> {
        (0_u8..40)
            .map(|number| vec![number; 3_000 + usize::from(number) * 100])
            .collect()
    }

    #[test]
    fn what_was_locked_comes_out_again_and_shows_nothing_before() {
        let file = locked(&[b"the first secret", b"", b"the second secret"], &SALT, true);
        assert!(!file.windows(6).any(|part| part == b"secret"));
        let (contents, lock, finished) = open_all(&file, &ring()).expect("opened");
        assert_eq!(contents, b"the first secretthe second secret");
        assert_eq!(lock.pieces, Pieces(vec![16, 0, 17]));
        assert_eq!(lock.key_id, Key::new(&[1; 32]).id().to_string());
        assert!(finished);
        assert_eq!(Pieces::from_bytes(&lock.pieces.to_bytes()), lock.pieces);
        let stranger = KeyRing::new(Some(Key::new(&[2; 32])), Vec::new());
        assert!(matches!(open_all(&file, &stranger), Err(VaultError::UnknownKey(id)) if id == Key::new(&[1; 32]).id()));
    }

    #[test]
    fn a_file_that_was_cut_is_read_as_far_as_it_goes_and_not_taken_for_a_whole_one() {
        let pieces = pieces();
        let parts: Vec<&[u8]> = pieces.iter().take(4).map(Vec::as_slice).collect();
        let (whole, unfinished) = (locked(&parts, &SALT, true), locked(&parts, &SALT, false));
        let contents = parts.concat();
        let (all, _, finished) = open_all(&unfinished, &ring()).expect("opened");
        assert!(all == contents && !finished);
        for length in (HEAD_BYTES..whole.len()).step_by(41) {
            let (read, lock, finished) = open_all(&whole[..length], &ring()).expect("opened");
            assert!(!finished && contents.starts_with(&read), "{length} bytes");
            assert_eq!(lock.pieces.total(), read.len() as u64);
        }
        assert!(matches!(
            open_all(&whole[..HEAD_BYTES - 1], &ring()),
            Err(VaultError::Damaged)
        ));
    }

    #[test]
    fn records_cannot_be_changed_exchanged_or_taken_from_another_file() {
        let file = locked(&[b"aaaa", b"bbbb"], &SALT, true);
        for at in HEAD_BYTES + 4..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            let (read, _, finished) = open_all(&changed, &ring()).expect("the head is whole");
            assert!(!finished && b"aaaa".starts_with(&read[..]), "byte {at}");
        }
        let record = (file.len() - HEAD_BYTES) / 2;
        let (first, second) = file[HEAD_BYTES..].split_at(record);
        let exchanged = [&file[..HEAD_BYTES], second, first].concat();
        assert!(open_all(&exchanged, &ring()).expect("the head is whole").0.is_empty());
        let other = locked(&[b"aaaa", b"bbbb"], &[6; SALT_BYTES], true);
        let mixed = [&file[..HEAD_BYTES], &other[HEAD_BYTES..]].concat();
        assert!(open_all(&mixed, &ring()).expect("the head is whole").0.is_empty());
    }

    #[test]
    fn any_part_is_found_by_the_lengths_of_the_pieces() {
        let pieces = pieces();
        let parts: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let contents = parts.concat();
        let end = contents.len() as u64;
        for finished in [true, false] {
            let file = locked(&parts, &SALT, finished);
            let (_, lock, _) = open_all(&file, &ring()).expect("opened");
            let opener = Opener::new(&file[..HEAD_BYTES], &ring()).expect("opened");
            for wanted in [0..end, 0..1, 2_999..3_001, end - 1..end, 3_000..6_100, 50_000..190_000] {
                let mut read = Vec::new();
                for span in lock.pieces.spans(&wanted) {
                    let place = |at: u64| usize::try_from(at).expect("small");
                    assert!(span.lies.end - span.lies.start <= MOST_AT_ONCE);
                    let bytes = &file[place(span.lies.start)..place(span.lies.end)];
                    let opened = opener.open_span(&span, parts.len(), bytes).expect("opened");
                    read.extend_from_slice(&opened[place(span.keep.start)..place(span.keep.end)]);
                }
                assert!(
                    read == contents[wanted.start as usize..wanted.end as usize],
                    "{wanted:?}"
                );
            }
        }
        assert!(Pieces::default().spans(&(0..10)).is_empty());
    }
}
