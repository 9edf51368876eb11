//! An Ogg Opus file (RFC 7845), page by page.

use super::{BATCH_TICKS, RecordingFile, RecordingSummary, peaks::Peaks};
use ogg::{PacketWriteEndInfo, PacketWriter};
use opus::{Application, Bitrate, Channels, Encoder};
use std::{io, mem, sync::OnceLock};
use telephony::{FRAME_MILLIS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Opus counts time in 48ths of a millisecond whatever is recorded (RFC 7845, section 4).
const GRANULES_PER_TICK: u64 = 48 * FRAME_MILLIS as u64;
/// Both voices in wide band, with room to keep the sides apart.
const BITS_PER_SECOND: i32 = 40_000;
/// Effort of the encoder, 0 to 10, and that for frames in which nobody can be heard.
const EFFORT: i32 = 2;
const EFFORT_FOR_SILENCE: i32 = 0;
/// Peak of a frame in which nobody can be heard: -60 dB of full scale.
const INAUDIBLE: u16 = 32;
/// The serial number tells streams of one file apart; there is only one.
const SERIAL: u32 = 1;
/// More than any packet of 20 ms (RFC 6716, section 3.2.1).
const LARGEST_PACKET: usize = 1_275 * 2;

pub(super) struct OggFile {
    file: Box<dyn RecordingFile>,
    /// Whole pages that wait for the file.
    pages: PacketWriter<'static, Vec<u8>>,
    pieces: Vec<u32>,
    encoder: Encoder,
    effort: i32,
    pre_skip: u16,
    ticks: u64,
    peaks: Peaks,
    interleaved: Box<[i16; FRAME_SAMPLES * 2]>,
    packet: Box<[u8; LARGEST_PACKET]>,
}

impl OggFile {
    /// Writes the head.
    pub(super) fn begin(file: Box<dyn RecordingFile>) -> io::Result<Self> {
        let (encoder, pre_skip) = encoder().map_err(io::Error::other)?;
        let mut pages = PacketWriter::new(Vec::new());
        let mut head = Vec::with_capacity(19);
        head.extend_from_slice(b"OpusHead\x01\x02");
        head.extend_from_slice(&pre_skip.to_le_bytes());
        head.extend_from_slice(&SAMPLE_RATE_HZ.to_le_bytes());
        // No gain, and mapping family 0: left and right.
        head.extend_from_slice(&[0, 0, 0]);
        pages.write_packet(head, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        let mut tags = Vec::with_capacity(32);
        tags.extend_from_slice(b"OpusTags");
        let vendor = b"Ringside";
        tags.extend_from_slice(&u32::try_from(vendor.len()).expect("a short name").to_le_bytes());
        tags.extend_from_slice(vendor);
        tags.extend_from_slice(&0_u32.to_le_bytes());
        pages.write_packet(tags, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        let mut file = Self {
            file,
            pages,
            pieces: Vec::new(),
            encoder,
            effort: EFFORT,
            pre_skip,
            ticks: 0,
            peaks: Peaks::new(),
            interleaved: Box::new([0; FRAME_SAMPLES * 2]),
            packet: Box::new([0; LARGEST_PACKET]),
        };
        file.hand_on(false)?;
        Ok(file)
    }

    pub(super) fn add(&mut self, agent: &Frame, person: &Frame) -> io::Result<()> {
        self.peaks.add(agent, person);
        self.ticks += 1;
        let page_is_full = self.ticks.is_multiple_of(BATCH_TICKS as u64);
        let end = if page_is_full {
            PacketWriteEndInfo::EndPage
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        // The position counts from the encoder's own delay on, which a player leaves out.
        self.write_packet(agent, person, end, self.ticks * GRANULES_PER_TICK)?;
        if page_is_full { self.hand_on(false) } else { Ok(()) }
    }

    fn write_packet(
        &mut self,
        agent: &Frame,
        person: &Frame,
        end: PacketWriteEndInfo,
        position: u64,
    ) -> io::Result<()> {
        let effort = if agent.peak().max(person.peak()) <= INAUDIBLE {
            EFFORT_FOR_SILENCE
        } else {
            EFFORT
        };
        if mem::replace(&mut self.effort, effort) != effort {
            self.encoder.set_complexity(effort).map_err(io::Error::other)?;
        }
        let (agent, person) = match (agent.is_silence(), person.is_silence()) {
            (true, false) => (breath(), person),
            (false, true) => (agent, breath()),
            _ => (agent, person),
        };
        let sides = agent.samples().iter().zip(person.samples());
        for (both, (left, right)) in self.interleaved.chunks_exact_mut(2).zip(sides) {
            both.copy_from_slice(&[*left, *right]);
        }
        let length = self
            .encoder
            .encode(&self.interleaved[..], &mut self.packet[..])
            .map_err(io::Error::other)?;
        self.pages
            .write_packet(self.packet[..length].to_vec(), SERIAL, end, position)
    }

    /// Gives the pages that wait to the file.
    fn hand_on(&mut self, last: bool) -> io::Result<()> {
        let pages = self.pages.inner_mut();
        self.file.add(pages, last)?;
        self.pieces.push(u32::try_from(pages.len()).map_err(io::Error::other)?);
        pages.clear();
        Ok(())
    }

    /// Writes the last page.
    pub(super) fn finish(mut self) -> io::Result<RecordingSummary> {
        // One packet more carries what the encoder still holds back; the position cuts the rest of it off.
        let position = self.ticks * GRANULES_PER_TICK + u64::from(self.pre_skip);
        let silence = Frame::silence();
        self.write_packet(&silence, &silence, PacketWriteEndInfo::EndStream, position)?;
        self.hand_on(true)?;
        Ok(RecordingSummary {
            bytes: self.pieces.iter().map(|length| u64::from(*length)).sum(),
            pieces: self.pieces,
            duration_ms: self.ticks * u64::from(FRAME_MILLIS),
            peaks: self.peaks.finish(),
        })
    }
}

/// A side without any sound at all makes the encoder reckon with numbers so small that the processor needs several
/// times as long for them (denormals). The last bit, turned now and then, spares it that; nobody can hear it.
fn breath() -> &'static Frame {
    static BREATH: OnceLock<Frame> = OnceLock::new();
    BREATH.get_or_init(|| {
        let mut state = 1_u32;
        Frame::new(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i16::from(state >> 31 == 1)
        }))
    })
}

/// The encoder, and its delay in 48ths of a millisecond.
fn encoder() -> opus::Result<(Encoder, u16)> {
    let mut encoder = Encoder::new(SAMPLE_RATE_HZ, Channels::Stereo, Application::Audio)?;
    encoder.set_complexity(EFFORT)?;
    encoder.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
    encoder.set_vbr(true)?;
    let delay = encoder.get_lookahead()? * (48_000 / i32::try_from(SAMPLE_RATE_HZ).unwrap_or(16_000));
    Ok((encoder, u16::try_from(delay).unwrap_or(0)))
}
