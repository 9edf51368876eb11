//! Synthesised lines: what each tone is, and what it is not.

use super::*;
use telephony::{FRAME_SAMPLES, SAMPLE_RATE_HZ};

/// Tones (pitch, amplitude) for so many milliseconds; no tones are silence.
type Part<'a> = (&'a [(f32, f32)], u32);

struct Line {
    samples: Vec<f32>,
    seed: u32,
}

impl Line {
    fn new(parts: &[Part<'_>]) -> Self {
        let mut samples = Vec::new();
        for (tones, millis) in parts {
            for _ in 0..millis * SAMPLE_RATE_HZ / 1_000 {
                #[expect(clippy::cast_precision_loss, reason = "seconds of sound")]
                let seconds = samples.len() as f32 / SAMPLE_RATE_HZ as f32;
                let tone = |(hertz, loud): &(f32, f32)| loud * (std::f32::consts::TAU * hertz * seconds).sin();
                samples.push(tones.iter().map(tone).sum());
            }
        }
        Self { samples, seed: 7 }
    }

    /// White noise over all of it.
    fn with_noise(mut self, loud: f32) -> Self {
        for sample in &mut self.samples {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            #[expect(clippy::cast_precision_loss, reason = "a random number")]
            let random = (self.seed >> 8) as f32 / (1 << 23) as f32 - 1.0;
            *sample += loud * random;
        }
        self
    }

    /// What is heard, with the time in milliseconds.
    fn heard(&self) -> Vec<(LineSound, u32)> {
        let mut ear = LineEar::new();
        let mut found = Vec::new();
        for (index, samples) in self.samples.chunks(FRAME_SAMPLES).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "a sample")]
            let samples: Vec<i16> = samples.iter().map(|sample| *sample as i16).collect();
            let at = FRAME_MILLIS * u32::try_from(index + 1).expect("short");
            found.extend(ear.hear(&Frame::from_slice(&samples)).map(|sound| (sound, at)));
        }
        found
    }

    fn sounds(&self) -> Vec<LineSound> {
        self.heard()
            .into_iter()
            .map(|(sound, _)| sound)
            .filter(|sound| *sound != LineSound::Beep)
            .collect()
    }
}

const SILENCE: &[(f32, f32)] = &[];

#[test]
fn a_fax_is_heard_whether_it_answers_or_calls() {
    let answers = Line::new(&[(SILENCE, 700), (&[(2_100.0, 6_000.0)], 3_000), (SILENCE, 300)]);
    assert_eq!(answers.sounds().first(), Some(&LineSound::Fax));
    assert!(answers.heard()[0].1 <= 1_800);
    let call: Part<'_> = (&[(1_100.0, 6_000.0)], 500);
    let calls = Line::new(&[(SILENCE, 400), call, (SILENCE, 3_000), call, (SILENCE, 500)]);
    for line in [calls, answers] {
        assert_eq!(
            line.with_noise(600.0).sounds().first(),
            Some(&LineSound::Fax),
            "in noise"
        );
    }
    let once = Line::new(&[(SILENCE, 400), call, (SILENCE, 3_000)]);
    assert_eq!(once.sounds(), [], "that may be the beep of a machine");
}

#[test]
fn networks_say_busy_and_ring_in_their_own_ways() {
    for (tone, on, off) in [
        (&[(480.0, 4_000.0), (620.0, 4_000.0)][..], 500, 500),
        (&[(480.0, 4_000.0), (620.0, 4_000.0)], 250, 250),
        (&[(425.0, 6_000.0)], 480, 480),
        (&[(425.0, 6_000.0)], 200, 200),
        (&[(440.0, 6_000.0)], 500, 500),
    ] {
        let line = Line::new(&[
            (SILENCE, 300),
            (tone, on),
            (SILENCE, off),
            (tone, on),
            (SILENCE, off),
            (tone, on),
            (SILENCE, off),
        ]);
        assert_eq!(line.sounds(), [LineSound::Busy], "{tone:?} {on}");
        assert_eq!(
            line.with_noise(500.0).sounds(),
            [LineSound::Busy],
            "{tone:?} {on} in noise"
        );
    }
    for (tone, on, off) in [
        (&[(440.0, 4_000.0), (480.0, 4_000.0)][..], 2_000, 4_000),
        (&[(425.0, 6_000.0)], 1_000, 4_000),
    ] {
        let line = Line::new(&[(tone, on), (SILENCE, off), (tone, on), (SILENCE, 500)]);
        let heard = line.sounds();
        assert!(
            heard.len() >= 2 && heard.iter().all(|sound| *sound == LineSound::Ringing),
            "{tone:?}: {heard:?}"
        );
    }
    let british: &[(f32, f32)] = &[(400.0, 4_000.0), (450.0, 4_000.0)];
    let ring: [Part<'_>; 4] = [(british, 400), (SILENCE, 200), (british, 400), (SILENCE, 2_000)];
    let heard = Line::new(&[ring, ring].concat()).sounds();
    assert!(
        heard.contains(&LineSound::Ringing) && !heard.contains(&LineSound::Busy),
        "{heard:?}"
    );
}

#[test]
fn the_tones_before_an_announcement_are_heard() {
    for (first, second) in [(950.0, 1_400.0), (913.8, 1_370.6), (985.2, 1_428.5)] {
        let special = |millis| {
            Line::new(&[
                (SILENCE, 300),
                (&[(first, 6_000.0)], millis),
                (&[(second, 6_000.0)], millis),
                (&[(1_776.7, 6_000.0)], millis),
                (SILENCE, 500),
            ])
        };
        assert_eq!(special(330).sounds(), [LineSound::SpecialInformation], "{first}");
        assert_eq!(
            special(270).with_noise(500.0).sounds(),
            [LineSound::SpecialInformation],
            "{first}"
        );
    }
}

#[test]
fn a_beep_is_a_beep_only() {
    for hertz in [440.0, 800.0, 1_000.0, 1_400.0] {
        let line = Line::new(&[(SILENCE, 2_000), (&[(hertz, 7_000.0)], 600), (SILENCE, 2_000)]);
        let sounds: Vec<LineSound> = line.heard().into_iter().map(|(sound, _)| sound).collect();
        assert_eq!(sounds, [LineSound::Beep], "{hertz}");
    }
}

#[test]
fn noise_and_music_are_told_from_silence_and_speech() {
    let hiss = Line::new(&[(SILENCE, 8_000)]).with_noise(90.0);
    assert_eq!(hiss.sounds(), [], "the hiss of a line");
    let noise = Line::new(&[(SILENCE, 6_000)]).with_noise(3_000.0);
    assert_eq!(noise.sounds(), [LineSound::Noise]);
    let mut tune: Vec<Part<'_>> = Vec::new();
    let chords: [&[(f32, f32)]; 4] = [
        &[(262.0, 3_000.0), (330.0, 2_000.0), (392.0, 2_000.0), (524.0, 900.0)],
        &[(294.0, 3_000.0), (349.0, 2_000.0), (440.0, 2_000.0), (588.0, 900.0)],
        &[(330.0, 3_000.0), (392.0, 2_000.0), (494.0, 2_000.0), (660.0, 900.0)],
        &[(262.0, 3_000.0), (349.0, 2_000.0), (440.0, 2_000.0), (524.0, 900.0)],
    ];
    for chord in chords.iter().cycle().take(20) {
        tune.push((chord, 400));
    }
    assert!(Line::new(&tune).sounds().contains(&LineSound::Noise), "music");
}

#[test]
fn a_voice_is_none_of_it() {
    // A buzz whose pitch and formants move, in syllables of 180 ms with pauses between words.
    let mut line = Line::new(&[]);
    let mut phase = 0.0_f32;
    for index in 0..SAMPLE_RATE_HZ * 20 {
        #[expect(clippy::cast_precision_loss, reason = "seconds of sound")]
        let seconds = index as f32 / SAMPLE_RATE_HZ as f32;
        let pitch = 170.0 + 40.0 * (seconds * 4.1).sin();
        phase += std::f32::consts::TAU * pitch / 16_000.0;
        let syllable = (std::f32::consts::PI * seconds / 0.18).sin().abs();
        let pause = if (seconds * 0.8).fract() > 0.75 { 0.0 } else { 1.0 };
        let formant = 550.0 + 250.0 * (seconds * 7.3).sin();
        let sum: f32 = (1_u8..=18)
            .map(|overtone| {
                let hertz = f32::from(overtone) * pitch;
                let near = 1.0 / (1.0 + ((hertz - formant) / 120.0).powi(2))
                    + 0.4 / (1.0 + ((hertz - 1_600.0) / 160.0).powi(2));
                near * (f32::from(overtone) * phase).sin()
            })
            .sum();
        line.samples.push(sum * syllable * pause * 4_000.0);
    }
    assert_eq!(line.heard(), []);
}
