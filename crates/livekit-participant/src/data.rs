//! Data packets: what is sent and what comes in.

use crate::RoomEvent;
use livekit_protocol::{self as proto, data_packet::Value, data_stream};
use std::collections::HashMap;

/// A text that is longer is thrown away, and so is the oldest one when more are being told at once.
const MOST_TEXT_BYTES: usize = 64 * 1024;
const MOST_TEXTS: usize = 32;
/// Bytes of a text in one packet; the channel takes no more than 16 KiB for sure.
const CHUNK_BYTES: usize = 12 * 1024;

/// Codes of the keypad (RFC 4733, section 3.2).
const KEYS: &str = "0123456789*#ABCD";

pub(crate) fn user(payload: Vec<u8>, topic: Option<String>) -> Value {
    Value::User(proto::UserPacket {
        payload,
        topic,
        ..Default::default()
    })
}

/// A key of the keypad; `None` if there is no such key.
pub(crate) fn dtmf(digit: char) -> Option<Value> {
    let digit = digit.to_ascii_uppercase();
    let code = u32::try_from(KEYS.find(digit)?).ok()?;
    Some(Value::SipDtmf(proto::SipDtmf {
        code,
        digit: digit.to_string(),
    }))
}

/// The packets of a text stream.
pub(crate) fn text(stream: &str, topic: &str, text: &str, sent_ms: i64) -> Vec<Value> {
    let header = data_stream::Header {
        stream_id: stream.to_owned(),
        timestamp: sent_ms,
        topic: topic.to_owned(),
        mime_type: "text/plain".to_owned(),
        total_length: Some(text.len() as u64),
        content_header: Some(data_stream::header::ContentHeader::TextHeader(
            data_stream::TextHeader::default(),
        )),
        ..Default::default()
    };
    let mut packets = vec![Value::StreamHeader(header)];
    let chunks = text.as_bytes().chunks(CHUNK_BYTES).enumerate();
    packets.extend(chunks.map(|(index, content)| {
        Value::StreamChunk(data_stream::Chunk {
            stream_id: stream.to_owned(),
            chunk_index: index as u64,
            content: content.to_vec(),
            ..Default::default()
        })
    }));
    packets.push(Value::StreamTrailer(data_stream::Trailer {
        stream_id: stream.to_owned(),
        ..Default::default()
    }));
    packets
}

/// Puts what comes in together.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    texts: HashMap<String, IncomingText>,
    begun: u64,
}

#[derive(Debug)]
struct IncomingText {
    /// The header keeps whose words they are; the chunks say who sent them.
    from: String,
    topic: String,
    bytes: Vec<u8>,
    number: u64,
}

impl Incoming {
    pub(crate) fn take_in(&mut self, packet: proto::DataPacket) -> Vec<RoomEvent> {
        let from = packet.participant_identity;
        match packet.value {
            Some(Value::User(user)) => vec![RoomEvent::Data {
                from,
                topic: user.topic,
                payload: user.payload,
            }],
            Some(Value::SipDtmf(key)) => key
                .digit
                .chars()
                .next()
                .map(|digit| RoomEvent::Dtmf { from, digit })
                .into_iter()
                .collect(),
            Some(Value::Transcription(said)) => {
                let speaker = said.transcribed_participant_identity;
                let tell = |segment: proto::TranscriptionSegment| RoomEvent::Transcription {
                    speaker: speaker.clone(),
                    segment: segment.id,
                    text: segment.text,
                    is_final: segment.r#final,
                };
                said.segments.into_iter().map(tell).collect()
            }
            Some(Value::StreamHeader(header)) => {
                self.begin(from, header);
                Vec::new()
            }
            Some(Value::StreamChunk(chunk)) => {
                self.go_on(&chunk);
                Vec::new()
            }
            Some(Value::StreamTrailer(trailer)) => self.end(&trailer.stream_id).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, from: String, header: data_stream::Header) {
        let Some(data_stream::header::ContentHeader::TextHeader(_)) = header.content_header else {
            return;
        };
        if self.texts.len() >= MOST_TEXTS {
            let oldest = self
                .texts
                .iter()
                .min_by_key(|(_, text)| text.number)
                .map(|(stream, _)| stream.clone());
            oldest.and_then(|stream| self.texts.remove(&stream));
        }
        self.begun += 1;
        let text = IncomingText {
            from,
            topic: header.topic,
            bytes: Vec::new(),
            number: self.begun,
        };
        self.texts.insert(header.stream_id, text);
    }

    fn go_on(&mut self, chunk: &data_stream::Chunk) {
        let Some(text) = self.texts.get_mut(&chunk.stream_id) else {
            return;
        };
        if text.bytes.len() + chunk.content.len() > MOST_TEXT_BYTES {
            self.texts.remove(&chunk.stream_id);
        } else {
            text.bytes.extend(&chunk.content);
        }
    }

    fn end(&mut self, stream: &str) -> Option<RoomEvent> {
        let text = self.texts.remove(stream)?;
        let whole = String::from_utf8(text.bytes).ok()?;
        Some(RoomEvent::Text {
            from: text.from,
            topic: text.topic,
            text: whole,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(identity: &str, value: Value) -> proto::DataPacket {
        proto::DataPacket {
            participant_identity: identity.into(),
            value: Some(value),
            ..Default::default()
        }
    }

    #[test]
    fn a_long_text_comes_whole_and_keeps_its_speaker() {
        let long = "äöü".repeat(5_000);
        let mut incoming = Incoming::default();
        let packets = text("s", "transcript", &long, 0);
        assert!(packets.len() > 3);
        let mut events = Vec::new();
        for (index, packet) in packets.into_iter().enumerate() {
            events.extend(incoming.take_in(from(if index == 0 { "person" } else { "agent" }, packet)));
        }
        assert!(matches!(&events[..], [RoomEvent::Text { from, topic, text }]
            if from == "person" && topic == "transcript" && *text == long));
    }

    #[test]
    fn what_is_too_much_is_thrown_away() {
        let mut incoming = Incoming::default();
        for packet in text("long", "t", &"x".repeat(MOST_TEXT_BYTES + 1), 0) {
            assert!(incoming.take_in(from("a", packet)).is_empty());
        }
        for stream in 0..100 {
            incoming.take_in(from("a", text(&stream.to_string(), "t", "x", 0).remove(0)));
        }
        assert_eq!(incoming.texts.len(), MOST_TEXTS);
        assert!(incoming.texts.contains_key("99"));
    }

    #[test]
    fn only_keys_of_a_keypad_are_keys() {
        assert!(matches!(dtmf('#'), Some(Value::SipDtmf(key)) if key.code == 11 && key.digit == "#"));
        assert!(matches!(dtmf('b'), Some(Value::SipDtmf(key)) if key.code == 13));
        assert!(dtmf('x').is_none());
    }
}
