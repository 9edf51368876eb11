//! How many tokens a request took: as the service says, or, where it does not come to that, as it is reckoned.

use domain::cost::Usage;
use serde::Deserialize;
use serde_json::Value;
use voice::meter::UsageMeter;

/// A token is about so many characters of a European language.
const CHARS_PER_TOKEN: u64 = 4;

/// What a service says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl Tokens {
    /// Of a chat completion in one piece.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        Self::read(answer.get("usage")?)
    }

    /// `None` for what makes no sense: then it is reckoned.
    pub(super) fn read(usage: &Value) -> Option<Self> {
        usage.is_object().then(|| serde_json::from_value(usage.clone()).ok())?
    }
}

/// Tells the meter, once, when it is dropped: also a request that somebody interrupts is paid for.
#[derive(Debug)]
pub(super) struct Tally {
    meter: UsageMeter,
    /// Of what was sent, as far as is known.
    sent_chars: u64,
    received_chars: u64,
    told: Option<Tokens>,
    refused: bool,
}

impl Tally {
    pub(super) fn new(meter: &UsageMeter) -> Self {
        Self {
            meter: meter.clone(),
            sent_chars: 0,
            received_chars: 0,
            told: None,
            refused: false,
        }
    }

    /// This is being sent.
    pub(super) fn sending(&mut self, request: &Value) {
        let texts = [&request["messages"], &request["tools"]];
        self.sent_chars = texts.iter().map(|text| chars(&text.to_string())).sum();
    }

    pub(super) fn received(&mut self, words: &str) {
        self.received_chars += chars(words);
    }

    pub(super) fn told(&mut self, tokens: Option<Tokens>) {
        self.told = tokens.or(self.told);
    }

    /// It was not answered at all.
    pub(super) fn refused(mut self) {
        self.refused = true;
    }
}

fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

impl Drop for Tally {
    fn drop(&mut self) {
        if self.refused {
            return;
        }
        let (input_tokens, output_tokens) = match self.told {
            Some(told) => (told.prompt_tokens, told.completion_tokens),
            None => (
                self.sent_chars.div_ceil(CHARS_PER_TOKEN),
                self.received_chars.div_ceil(CHARS_PER_TOKEN),
            ),
        };
        self.meter.add(Usage {
            input_tokens,
            output_tokens,
            estimated: self.told.is_none() && (input_tokens > 0 || output_tokens > 0),
            ..Usage::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn used(of: impl FnOnce(Tally)) -> (u64, u64, bool) {
        let meter = UsageMeter::default();
        let mut tally = Tally::new(&meter);
        tally.sending(&json!({ "messages": ["12345678"], "model": "m" }));
        of(tally);
        let used = meter.usage();
        (used.input_tokens, used.output_tokens, used.estimated)
    }

    #[test]
    fn what_the_service_says_counts_and_otherwise_it_is_reckoned_and_said_so() {
        let said = Tokens::of(&json!({ "usage": { "prompt_tokens": 30, "completion_tokens": 5 } }));
        assert_eq!(
            used(|mut tally| {
                tally.received("Hello.");
                tally.told(said);
                tally.told(None);
            }),
            (30, 5, false)
        );
        // ["12345678"] and null.
        assert_eq!(used(|mut tally| tally.received("Grüße")), (4, 2, true));
        assert_eq!(used(drop), (4, 0, true));
        assert_eq!(used(Tally::refused), (0, 0, false));
        assert_eq!(Tokens::of(&json!({ "usage": null })), None);
    }
}
