//! Reading a recording whose process died before it could say what it had written.

use super::{RecordingSummary, peaks::Peaks};
use ogg::PacketReader;
use opus::{Channels, Decoder};
use std::io::{self, Cursor};
use telephony::{FRAME_MILLIS, FRAME_SAMPLES, Frame, SAMPLE_RATE_HZ};

/// Packets before the first sound: head and tags.
const HEADERS: usize = 2;

/// What `sound`, an Ogg Opus file as far as it was written, holds. It takes the time of decoding it: about a second for
/// an hour.
///
/// # Errors
/// It does not begin like a recording.
pub fn left_behind(sound: &[u8]) -> io::Result<RecordingSummary> {
    let mut packets = PacketReader::new(Cursor::new(sound));
    let mut decoder = Decoder::new(SAMPLE_RATE_HZ, Channels::Stereo).map_err(io::Error::other)?;
    for _ in 0..HEADERS {
        let header = packets.read_packet().map_err(io::Error::other)?;
        if !header.is_some_and(|packet| packet.data.starts_with(b"Opus")) {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let mut peaks = Peaks::new();
    let mut ticks = 0_u64;
    let mut both = [0; FRAME_SAMPLES * 2];
    // A page that was torn off ends it like the end of the file.
    while let Ok(Some(packet)) = packets.read_packet() {
        let Ok(samples) = decoder.decode(&packet.data, &mut both[..], false) else {
            break;
        };
        let (agent, person) = sides(&both[..samples * 2]);
        peaks.add(&agent, &person);
        ticks += 1;
    }
    Ok(RecordingSummary {
        bytes: sound.len() as u64,
        pieces: Vec::new(),
        duration_ms: ticks * u64::from(FRAME_MILLIS),
        peaks: peaks.finish(),
    })
}

fn sides(both: &[i16]) -> (Frame, Frame) {
    let side = |first| Frame::from_slice(&both.iter().skip(first).step_by(2).copied().collect::<Vec<i16>>());
    (side(0), side(1))
}
