//! Who speaks how.

/// A voice of espeak-ng: its name, pitch (0 to 99) and speed (words a minute). Tones have a pitch, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpeakerVoice {
    pub name: &'static str,
    pub pitch: u8,
    pub words_a_minute: u16,
}

/// A voice of espeak-ng.
#[must_use]
pub const fn voice(name: &'static str, pitch: u8, words_a_minute: u16) -> SpeakerVoice {
    SpeakerVoice {
        name,
        pitch,
        words_a_minute,
    }
}

/// Voices of the people on the phone.
pub const PEOPLE: [SpeakerVoice; 6] = [
    voice("en-us+m3", 42, 165),
    voice("en-gb+f2", 55, 160),
    voice("en-us+f4", 60, 175),
    voice("en-gb-x-rp+m5", 38, 158),
    voice("en-gb-scotland+m1", 48, 162),
    voice("en-us+f1", 50, 170),
];

/// The voice of answering machines.
pub const MACHINE: SpeakerVoice = voice("en-us+m7", 35, 150);

/// The agent's voice in a language (BCP 47); English if it is not known.
#[must_use]
pub fn agent(language: &str) -> SpeakerVoice {
    let spoken = language
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match spoken.as_str() {
        "de" => voice("de+f3", 50, 160),
        "es" => voice("es+f3", 50, 160),
        "fr" => voice("fr+f3", 50, 160),
        _ => voice("en-us+f3", 48, 168),
    }
}
