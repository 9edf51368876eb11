//! Sound on its way up. Pure.

use super::RATE_HZ;
use crate::{failure::Failure, resampling::Resampling};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use telephony::SAMPLE_RATE_HZ;

/// Turns samples of a room into events for the interface.
pub(super) struct Upstream(Resampling);

impl Upstream {
    pub(super) fn new() -> Result<Self, Failure> {
        Resampling::new(SAMPLE_RATE_HZ, RATE_HZ).map(Self)
    }

    /// `None` if there is not enough yet for an event.
    pub(super) fn append(&mut self, samples: &[i16]) -> Result<Option<Value>, Failure> {
        Ok(event(&self.0.push(samples)?))
    }

    /// The rest. What is appended after it is a new sound.
    pub(super) fn finish(&mut self) -> Result<Option<Value>, Failure> {
        let fresh = Resampling::new(SAMPLE_RATE_HZ, RATE_HZ)?;
        let rest = std::mem::replace(&mut self.0, fresh).finish()?;
        Ok(event(&rest))
    }
}

fn event(samples: &[i16]) -> Option<Value> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let has_sound = !bytes.is_empty();
    has_sound.then(|| json!({ "type": "input_audio_buffer.append", "audio": STANDARD.encode(bytes) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_a_room_is_a_second_up_there() {
        let mut upstream = Upstream::new().expect("a rate");
        let mut events = Vec::new();
        for _ in 0..50 {
            events.extend(upstream.append(&[1_000; 320]).expect("sound"));
        }
        events.extend(upstream.finish().expect("sound"));
        let bytes: Vec<u8> = events
            .iter()
            .flat_map(|event| {
                STANDARD
                    .decode(event["audio"].as_str().expect("a text"))
                    .expect("base64")
            })
            .collect();
        assert_eq!(bytes.len(), 2 * RATE_HZ as usize);
        let middle = i16::from_le_bytes([bytes[24_000], bytes[24_001]]);
        assert!((990..=1_010).contains(&middle), "{middle}");
        assert_eq!(upstream.finish().expect("nothing"), None);
    }
}
