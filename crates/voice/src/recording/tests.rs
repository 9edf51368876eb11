use super::*;
use opus::{Channels, Decoder};
use telephony::{FRAME_SAMPLES, SAMPLE_RATE_HZ};

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "test sound")]
fn tone(hertz: f32, tick: usize) -> Frame {
    Frame::new(std::array::from_fn(|index| {
        let seconds = (tick * FRAME_SAMPLES + index) as f32 / SAMPLE_RATE_HZ as f32;
        ((std::f32::consts::TAU * hertz * seconds).sin() * 8_000.0) as i16
    }))
}

struct Decoded {
    left: Vec<i16>,
    right: Vec<i16>,
    /// Length by the positions of the pages, 48ths of a millisecond.
    length: u64,
    pages_end: bool,
}

fn decode(bytes: Vec<u8>) -> Decoded {
    let mut packets = ogg::PacketReader::new(io::Cursor::new(bytes));
    let head = packets.read_packet_expected().expect("a head").data;
    assert_eq!(&head[..10], b"OpusHead\x01\x02");
    let pre_skip = u64::from(u16::from_le_bytes([head[10], head[11]]));
    assert_eq!(&packets.read_packet_expected().expect("tags").data[..8], b"OpusTags");
    let mut decoder = Decoder::new(SAMPLE_RATE_HZ, Channels::Stereo).expect("a decoder");
    let (mut left, mut right, mut length, mut pages_end) = (Vec::new(), Vec::new(), 0, false);
    while let Ok(Some(packet)) = packets.read_packet() {
        let mut both = [0; FRAME_SAMPLES * 2];
        let samples = decoder.decode(&packet.data, &mut both, false).expect("decodes");
        for pair in both[..samples * 2].chunks_exact(2) {
            left.push(pair[0]);
            right.push(pair[1]);
        }
        length = packet.absgp_page() - pre_skip;
        pages_end = packet.last_in_stream();
    }
    Decoded {
        left,
        right,
        length,
        pages_end,
    }
}

/// How much of `samples` is a tone of `hertz`, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "short sounds")]
fn share_of(hertz: f32, samples: &[i16]) -> f32 {
    let (mut real, mut imaginary, mut energy) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (index, sample) in samples.iter().enumerate() {
        let (sample, angle) = (
            f32::from(*sample),
            std::f32::consts::TAU * hertz * index as f32 / SAMPLE_RATE_HZ as f32,
        );
        real += sample * angle.cos();
        imaginary += sample * angle.sin();
        energy += sample * sample;
    }
    2.0 * (real * real + imaginary * imaginary) / (energy.max(1.0) * samples.len() as f32)
}

fn path() -> std::path::PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    std::env::temp_dir().join(format!("ringside-recording-{}/{count}.ogg", std::process::id()))
}

#[tokio::test]
async fn each_side_keeps_its_tone_and_the_length_is_right() {
    let path = path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    for tick in 0..163 {
        recorder.tick(&tone(440.0, tick), &tone(1_000.0, tick));
    }
    drop(recorder);
    let summary = recording.finish().await.expect("written");
    assert_eq!(summary.duration_ms, 3_260);
    assert_eq!(summary.peaks.len(), 33);
    assert!(summary.peaks.iter().all(|peak| *peak == (24, 24)));
    let bytes = std::fs::read(&path).expect("there");
    assert_eq!(summary.bytes, bytes.len() as u64);
    // The head, a page for each second, and what is left.
    assert_eq!(summary.pieces.len(), 1 + 3 + 1);
    assert_eq!(summary.pieces.iter().sum::<u32>() as usize, bytes.len());
    let decoded = decode(bytes);
    assert_eq!(decoded.length, 3_260 * 48);
    assert!(decoded.pages_end);
    let middle = 8_000..40_000;
    assert!(share_of(440.0, &decoded.left[middle.clone()]) > 0.95);
    assert!(share_of(1_000.0, &decoded.right[middle.clone()]) > 0.95);
    assert!(share_of(1_000.0, &decoded.left[middle.clone()]) < 0.01);
    assert!(share_of(440.0, &decoded.right[middle]) < 0.01);
}

#[tokio::test]
async fn what_came_before_consent_is_silence_and_without_any_there_is_no_file() {
    let path = path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    recorder.leave_out(100);
    for tick in 0..100 {
        recorder.tick(&tone(440.0, tick), &tone(440.0, tick));
    }
    drop(recorder);
    let summary = recording.finish().await.expect("written");
    assert_eq!(summary.duration_ms, 4_000);
    let decoded = decode(std::fs::read(&path).expect("there"));
    assert!(decoded.left[..30_000].iter().all(|sample| sample.unsigned_abs() < 100));
    assert!(share_of(440.0, &decoded.left[40_000..60_000]) > 0.95);

    let (recorder, recording) = OggOpusRecorder::begin(|| Err(io::Error::other("never opened")));
    drop(recorder);
    assert_eq!(
        recording.finish().await.expect("nothing to write"),
        RecordingSummary::default()
    );
}

#[tokio::test]
async fn one_silent_side_stays_silent_and_silence_is_small() {
    let path = path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    for tick in 0..100 {
        recorder.tick(&tone(440.0, tick), &Frame::silence());
    }
    drop(recorder);
    let loud = recording.finish().await.expect("written");
    let decoded = decode(std::fs::read(&path).expect("there"));
    let loudest = decoded.right[8_000..].iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest < Some(400), "{loudest:?}");

    let path = self::path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    (0..100).for_each(|_| recorder.tick(&Frame::silence(), &Frame::silence()));
    drop(recorder);
    let silent = recording.finish().await.expect("written");
    assert!(silent.bytes * 4 < loud.bytes, "{} of {}", silent.bytes, loud.bytes);
}

#[tokio::test]
async fn what_was_written_before_a_crash_plays() {
    let path = path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    for tick in 0..150 {
        recorder.tick(&tone(440.0, tick), &Frame::silence());
    }
    // Three pages at the latest when the third batch was written; then nothing more is heard of the recorder.
    let mut kept = Vec::new();
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        kept = std::fs::read(&path).expect("there");
        if decode(kept.clone()).length >= 2 * 48_000 {
            break;
        }
    }
    drop(recording);
    assert!(decode(kept).length >= 2 * 48_000);
    assert!(OggOpusRecorder::create(&path).is_err(), "never written over");
}

#[tokio::test]
async fn whatever_a_dead_process_left_behind_is_read_as_far_as_it_goes() {
    let path = path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    for tick in 0..250 {
        recorder.tick(&tone(440.0, tick), &Frame::silence());
    }
    drop(recorder);
    let whole = recording.finish().await.expect("written");
    let bytes = std::fs::read(&path).expect("there");
    let read = left_behind(&bytes).expect("a recording");
    assert_eq!(read.bytes, whole.bytes);
    // The last packet holds what the encoder held back.
    assert_eq!(read.duration_ms, whole.duration_ms + 20);
    assert!(read.peaks.iter().all(|(agent, person)| *agent > 15 && *person < 3));

    let mut longest = 0;
    for length in (0..bytes.len()).step_by(97) {
        match left_behind(&bytes[..length]) {
            Ok(read) => {
                assert!(read.duration_ms >= longest, "{length} bytes");
                longest = read.duration_ms;
            }
            Err(_) => assert_eq!(longest, 0, "{length} bytes"),
        }
    }
    assert_eq!(longest, 5_000, "all but the last page");
    // Not ours, or nothing at all.
    assert!(left_behind(&[7; 9_000]).is_err());
    assert!(left_behind(&[]).is_err());
}

/// Where a click begins in `samples`, if there is one.
fn onset(samples: &[i16]) -> Option<usize> {
    samples.iter().position(|sample| sample.unsigned_abs() > 2_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_sides_do_not_drift_apart_in_half_an_hour_with_gaps() {
    const TICKS: usize = 30 * 60 * 50;
    /// Both sides click together every ten seconds.
    const RHYTHM: usize = 500;
    let path = path();
    let (mut recorder, recording) = OggOpusRecorder::create(&path).expect("a file");
    for tick in 0..TICKS {
        // Twice the disk is too slow for a while: nobody waits for it, and sound is left out.
        let is_slow = matches!(tick, 20_000..24_000 | 60_000..66_000);
        while !is_slow && tick.is_multiple_of(BATCH_TICKS) && recorder.pieces.capacity() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let frame = if tick % RHYTHM == RHYTHM / 2 {
            tone(800.0, 0)
        } else {
            Frame::silence()
        };
        recorder.tick(&frame, &frame);
    }
    drop(recorder);
    let summary = recording.finish().await.expect("written");
    assert_eq!(summary.duration_ms, 30 * 60 * 1_000);
    let decoded = decode(std::fs::read(&path).expect("there"));
    assert_eq!(decoded.length, 30 * 60 * 48_000);
    let window = RHYTHM * FRAME_SAMPLES;
    let mut heard = Vec::new();
    for (left, right) in decoded
        .left
        .chunks_exact(window)
        .zip(decoded.right.chunks_exact(window))
    {
        match (onset(left), onset(right)) {
            (Some(left), Some(right)) => {
                assert!(left.abs_diff(right) <= 16, "more than 1 ms apart: {left}, {right}");
                heard.push(left);
            }
            (None, None) => {}
            one => panic!("only one side is left: {one:?}"),
        }
    }
    // The first click tells the codec's own delay; no later one comes earlier or later than that.
    let (first, windows) = (heard[0], TICKS / RHYTHM);
    assert!(
        heard.iter().all(|at| at.abs_diff(first) <= 16),
        "clicks wander: {heard:?}"
    );
    assert!(first.abs_diff(window / 2) <= 2 * FRAME_SAMPLES, "{first}");
    assert!(heard.len() * 10 >= windows * 8, "{} of {windows} clicks", heard.len());
    assert!(heard.len() < windows, "nothing was left out, so gaps were not tried");
}
