//! What calls use and what that costs. Money is whole millionths of a unit of the currency, never a floating-point number.

use serde::{Deserialize, Serialize};

/// Millionths in one unit of a currency.
const UNIT: u64 = 1_000_000;
/// No price and no budget is higher, in units.
const HIGHEST_UNITS: u64 = 1_000_000;
/// The kinds of a thing of which prices are named for a million.
const MILLION: u128 = 1_000_000;

/// What a call used of services that charge for it. What is made on this machine, or is a rehearsal, counts as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens that the language model read.
    pub input_tokens: u64,
    /// Tokens that it wrote.
    pub output_tokens: u64,
    /// The service did not say how many tokens some of the answers took: they are reckoned from the length of the texts.
    #[serde(default)]
    pub estimated: bool,
    /// Characters that were made into speech, spoken to the end or not.
    pub characters: u64,
    /// Sound that was given to speech recognition, milliseconds; more than once if it was looked at more than once.
    pub recognised_ms: u64,
    /// From the answer to the end, on a telephone network that charges for it.
    pub telephone_seconds: u64,
    /// More was used than is counted: another process held the call before and died, or a model that hears and speaks by
    /// itself held it, whose units no price is for.
    #[serde(default)]
    pub partial: bool,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            estimated: self.estimated || other.estimated,
            characters: self.characters.saturating_add(other.characters),
            recognised_ms: self.recognised_ms.saturating_add(other.recognised_ms),
            telephone_seconds: self.telephone_seconds.saturating_add(other.telephone_seconds),
            partial: self.partial || other.partial,
        }
    }

    /// True if nothing that costs anything was used.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.input_tokens == 0
            && self.output_tokens == 0
            && self.characters == 0
            && self.recognised_ms == 0
            && self.telephone_seconds == 0
    }
}

/// What things cost, in millionths of a unit of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTable {
    /// ISO 4217: three capital letters.
    pub currency: String,
    /// A million tokens that the language model reads.
    pub input_tokens: u64,
    /// A million tokens that it writes.
    pub output_tokens: u64,
    /// A million characters made into speech.
    pub characters: u64,
    /// A minute of sound recognised; parts of it count as such.
    pub recognition_minute: u64,
    /// A minute on the telephone; one that has begun counts whole.
    pub telephone_minute: u64,
    /// The IANA zone in which a day begins, for what is spent in a day.
    pub zone: String,
}

impl Default for PriceTable {
    /// Everything is free until somebody says what it costs.
    fn default() -> Self {
        Self {
            currency: "USD".to_owned(),
            input_tokens: 0,
            output_tokens: 0,
            characters: 0,
            recognition_minute: 0,
            telephone_minute: 0,
            zone: "UTC".to_owned(),
        }
    }
}

/// What a call cost, by kind, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostParts {
    pub language: u64,
    pub speech: u64,
    pub recognition: u64,
    pub telephone: u64,
}

impl CostParts {
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.language
            .saturating_add(self.speech)
            .saturating_add(self.recognition)
            .saturating_add(self.telephone)
    }
}

impl PriceTable {
    /// What this usage costs. Each kind is rounded up to the next millionth.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> CostParts {
        let read = u128::from(usage.input_tokens) * u128::from(self.input_tokens);
        let written = u128::from(usage.output_tokens) * u128::from(self.output_tokens);
        CostParts {
            language: parts(read.saturating_add(written), MILLION),
            speech: parts(u128::from(usage.characters) * u128::from(self.characters), MILLION),
            recognition: parts(
                u128::from(usage.recognised_ms) * u128::from(self.recognition_minute),
                60_000,
            ),
            telephone: usage
                .telephone_seconds
                .div_ceil(60)
                .saturating_mul(self.telephone_minute),
        }
    }
}

fn parts(whole: u128, of: u128) -> u64 {
    u64::try_from(whole.div_ceil(of)).unwrap_or(u64::MAX)
}

/// What a conversation used and cost: the prices are those by which it was reckoned, whatever they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCost {
    pub usage: Usage,
    /// `None` if no prices had been set when it ended: then it is not known what it cost.
    pub prices: Option<PriceTable>,
}

impl CallCost {
    /// By kind; `None` if it is not known.
    #[must_use]
    pub fn parts(&self) -> Option<CostParts> {
        Some(self.prices.as_ref()?.cost(&self.usage))
    }
}

/// What the calls of a campaign cost together, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSum {
    pub currency: String,
    pub micros: u64,
    /// Since the day began.
    pub today_micros: u64,
}

/// An amount as a person writes it, “12.5”, in millionths; `None` if it is none, is negative, has more than six decimals or
/// is higher than a million units.
#[must_use]
pub fn parse_amount(text: &str) -> Option<u64> {
    let text = text.trim();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole)
        || !digits(decimals)
        || whole.len() > 7
        || decimals.len() > 6
        || (whole.len() + decimals.len()) == 0
    {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let micros = format!("{decimals:0<6}").parse::<u64>().ok()?;
    let amount = whole * UNIT + micros;
    (amount <= HIGHEST_UNITS * UNIT).then_some(amount)
}

/// An amount as it is written into a form: as many decimals as it has, two at least.
#[must_use]
pub fn amount_text(micros: u64) -> String {
    let decimals = format!("{:06}", micros % UNIT);
    let kept = decimals.trim_end_matches('0').len().max(2);
    format!("{}.{}", micros / UNIT, &decimals[..kept])
}

/// An amount with its currency, as a person reads it: “USD 0.0134”.
#[must_use]
pub fn money_text(currency: &str, micros: u64) -> String {
    format!("{currency} {}", amount_text(micros))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn prices() -> PriceTable {
        PriceTable {
            input_tokens: 150_000,
            output_tokens: 600_000,
            characters: 15_000_000,
            recognition_minute: 6_000,
            telephone_minute: 13_000,
            ..PriceTable::default()
        }
    }

    #[test]
    fn a_call_costs_what_the_table_says() {
        let usage = Usage {
            input_tokens: 20_000,
            output_tokens: 1_000,
            characters: 900,
            recognised_ms: 30_500,
            telephone_seconds: 61,
            ..Usage::default()
        };
        let cost = prices().cost(&usage);
        let expected = CostParts {
            language: 3_000 + 600,
            speech: 13_500,
            recognition: 3_050,
            telephone: 26_000,
        };
        assert_eq!(cost, expected);
        assert_eq!(cost.total(), 46_150);
        assert_eq!(PriceTable::default().cost(&usage).total(), 0);
        assert_eq!(prices().cost(&Usage::default()).total(), 0);
    }

    #[test]
    fn the_smallest_part_is_not_lost_and_the_largest_does_not_overflow() {
        let one = Usage {
            input_tokens: 1,
            recognised_ms: 1,
            telephone_seconds: 1,
            ..Usage::default()
        };
        assert_eq!(prices().cost(&one).total(), 1 + 1 + 13_000);
        let most = Usage {
            input_tokens: u64::MAX,
            characters: u64::MAX,
            telephone_seconds: u64::MAX,
            ..Usage::default()
        };
        assert_eq!(prices().cost(&most.plus(most)).total(), u64::MAX);
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, micros) in [
            ("0", 0),
            ("12", 12_000_000),
            ("0.15", 150_000),
            (".5", 500_000),
            ("0.000001", 1),
            ("1000000", HIGHEST_UNITS * UNIT),
        ] {
            assert_eq!(parse_amount(text), Some(micros), "{text}");
        }
        for none in [
            "",
            ".",
            "-1",
            "1,5",
            "1e3",
            "1000000.01",
            "0.0000001",
            "99999999",
            "∞",
            "1.2.3",
            "+1",
        ] {
            assert_eq!(parse_amount(none), None, "{none}");
        }
        let mut micros = 1_u64;
        while micros < HIGHEST_UNITS * UNIT {
            assert_eq!(parse_amount(&amount_text(micros)), Some(micros));
            micros = micros * 7 + 3;
        }
        assert_eq!(money_text("EUR", 1_500_000), "EUR 1.50");
    }
}
