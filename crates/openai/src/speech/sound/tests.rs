use super::*;
use proptest::prelude::*;

/// A tone of 440 Hz.
fn tone(rate: u32, seconds: f32) -> Vec<u8> {
    let count = (rate as f32 * seconds) as usize;
    (0..count)
        .flat_map(|at| {
            let phase = at as f32 / rate as f32 * 440.0 * std::f32::consts::TAU;
            ((phase.sin() * 10_000.0) as i16).to_le_bytes()
        })
        .collect()
}

fn read(rate: u32, bytes: &[u8], piece: usize) -> Result<Vec<i16>, Failure> {
    let mut reader = SoundReader::new(rate);
    let mut frames = Vec::new();
    for piece in bytes.chunks(piece) {
        frames.extend(reader.push(piece)?);
    }
    frames.extend(reader.finish()?);
    Ok(frames.iter().flat_map(|frame| *frame.samples()).collect())
}

/// Crossings of zero from below: the pitch.
fn waves(samples: &[i16]) -> usize {
    samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count()
}

#[test]
fn every_rate_keeps_length_and_pitch() {
    for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
        let samples = read(rate, &tone(rate, 1.0), 4_096).expect("sound");
        // The first frame may be quiet, the last is filled up.
        assert!((15_500..=16_320).contains(&samples.len()), "{rate}: {}", samples.len());
        assert!((434..=441).contains(&waves(&samples)), "{rate}: {}", waves(&samples));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn how_it_is_cut_into_pieces_does_not_matter(piece in 1..3_000_usize) {
        let bytes = tone(24_000, 0.3);
        prop_assert_eq!(read(24_000, &bytes, piece), read(24_000, &bytes, bytes.len()));
    }
}

#[test]
fn a_wav_file_tells_its_own_rate() {
    let sound = tone(48_000, 0.5);
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(48_000_u32.to_le_bytes());
    file.extend(96_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data\0\0\0\0");
    file.extend(&sound);
    assert_eq!(read(24_000, &file, 7), read(48_000, &sound, 1_000));
    file[22] = 2;
    assert!(read(24_000, &file, 7).is_err(), "stereo");
}

#[test]
fn silence_and_compressed_sound_are_told() {
    assert!(read(24_000, &[0; 48_000], 999).is_err());
    assert!(read(24_000, &[], 1).is_err());
    assert!(read(24_000, &[1], 1).is_err());
    assert!(read(24_000, b"ID3\x04 and so on", 3).is_err());
    assert!(read(24_000, b"OggS and so on", 30).is_err());
}
