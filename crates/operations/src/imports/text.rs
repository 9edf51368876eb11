//! From bytes to text: which encoding a file has, and decoding it as it comes in.

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Why a file is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoText {
    #[error("This is a spreadsheet or another packed file. Save it as CSV, then choose that file.")]
    Packed,
    #[error("This is a PDF. Save the list as CSV, then choose that file.")]
    Pdf,
    #[error("This file is not text. Save the list as CSV, then choose that file.")]
    Binary,
}

/// Looks at bytes as they come in and tells at the end in which encoding they are.
#[derive(Default)]
pub(super) struct EncodingGuess {
    /// The first bytes, at most [`HEAD`].
    head: Vec<u8>,
    /// The last bytes of a character that is not complete yet.
    incomplete: Vec<u8>,
    not_utf8: bool,
}

const HEAD: usize = 4_096;

impl EncodingGuess {
    /// Takes in the next bytes of the file.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let wanted = HEAD.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(wanted));
        if self.not_utf8 {
            return;
        }
        // A character may be cut in two: at most three bytes wait for the rest of theirs.
        let mut rest = bytes;
        while !self.incomplete.is_empty() {
            let Some((first, others)) = rest.split_first() else {
                return;
            };
            self.incomplete.push(*first);
            rest = others;
            match std::str::from_utf8(&self.incomplete) {
                Ok(_) => self.incomplete.clear(),
                Err(error) if error.error_len().is_some() => {
                    self.not_utf8 = true;
                    return;
                }
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(rest) {
            if error.error_len().is_some() {
                self.not_utf8 = true;
            } else {
                self.incomplete = rest[error.valid_up_to()..].to_vec();
            }
        }
    }

    /// The encoding: what a byte order mark says, else UTF-16 if every other byte is zero, else UTF-8 if all is valid,
    /// else Windows-1252, in which western European spreadsheets write.
    ///
    /// # Errors
    /// The file is no text.
    pub(super) fn finish(&self) -> Result<&'static Encoding, NoText> {
        let head = self.head.as_slice();
        if head.starts_with(b"PK\x03\x04")
            || head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0])
            || head.starts_with(&[0x1f, 0x8b])
        {
            return Err(NoText::Packed);
        }
        if head.starts_with(b"%PDF") {
            return Err(NoText::Pdf);
        }
        if let Some((encoding, _)) = Encoding::for_bom(head) {
            return Ok(encoding);
        }
        let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
        if pairs > 0 && odd * 3 > pairs && even * 10 < pairs {
            return Ok(UTF_16LE);
        }
        if pairs > 0 && even * 3 > pairs && odd * 10 < pairs {
            return Ok(UTF_16BE);
        }
        if (even + odd) * 10 > head.len() {
            return Err(NoText::Binary);
        }
        Ok(if self.not_utf8 || !self.incomplete.is_empty() {
            WINDOWS_1252
        } else {
            UTF_8
        })
    }
}

/// Decodes a file piece by piece. What is no character in the encoding becomes U+FFFD.
pub(super) struct TextDecoder(Decoder);

impl TextDecoder {
    pub(super) fn new(encoding: &'static Encoding) -> Self {
        Self(encoding.new_decoder_with_bom_removal())
    }

    /// The text of the next piece; `last` if no piece follows.
    pub(super) fn decode(&mut self, bytes: &[u8], last: bool) -> String {
        let capacity = self
            .0
            .max_utf8_buffer_length(bytes.len())
            .unwrap_or(bytes.len() * 3 + 16);
        let mut text = String::with_capacity(capacity);
        let mut rest = bytes;
        loop {
            let (result, read, _) = self.0.decode_to_string(rest, &mut text, last);
            rest = &rest[read..];
            match result {
                encoding_rs::CoderResult::InputEmpty => return text,
                encoding_rs::CoderResult::OutputFull => text.reserve(rest.len() * 3 + 16),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(bytes: &[u8], piece: usize) -> Result<&'static str, NoText> {
        let mut guess = EncodingGuess::default();
        for part in bytes.chunks(piece) {
            guess.push(part);
        }
        guess.finish().map(Encoding::name)
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn finds_the_encoding_however_it_is_cut() {
        let text = "Name;Telefon\nJürgen 🦀;030 901820\n";
        for piece in [1, 2, 3, 1_000] {
            assert_eq!(guess(text.as_bytes(), piece), Ok("UTF-8"));
            assert_eq!(guess(format!("\u{feff}{text}").as_bytes(), piece), Ok("UTF-8"));
            assert_eq!(guess(&utf16(text, u16::to_le_bytes), piece), Ok("UTF-16LE"));
            assert_eq!(guess(&utf16(text, u16::to_be_bytes), piece), Ok("UTF-16BE"));
            assert_eq!(
                guess(&utf16(&format!("\u{feff}{text}"), u16::to_be_bytes), piece),
                Ok("UTF-16BE")
            );
            assert_eq!(guess(b"Name;Telefon\nJ\xfcrgen;030", piece), Ok("windows-1252"));
            assert_eq!(
                guess(b"ends in the middle of a character \xc3", piece),
                Ok("windows-1252")
            );
            assert_eq!(guess(b"", piece), Ok("UTF-8"));
            assert_eq!(guess(b"PK\x03\x04 rest", piece), Err(NoText::Packed));
            assert_eq!(guess(&[0; 100], piece), Err(NoText::Binary));
        }
    }

    #[test]
    fn decodes_however_it_is_cut() {
        let text = "Jürgen 🦀";
        let bytes = utf16(&format!("\u{feff}{text}"), u16::to_le_bytes);
        for piece in 1..6 {
            let mut decoder = TextDecoder::new(UTF_16LE);
            let mut out: String = bytes.chunks(piece).map(|part| decoder.decode(part, false)).collect();
            out.push_str(&decoder.decode(&[], true));
            assert_eq!(out, text);
        }
    }
}
