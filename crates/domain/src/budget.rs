//! What a campaign may spend in a day. Whether a further call fits is decided before it is dialled: what was spent, what the
//! calls in progress may still cost, and what one more may cost, must stay within it together.

use crate::{
    UnixMillis,
    cost::{PriceTable, Usage, amount_text, money_text},
};
use serde::{Deserialize, Serialize};

/// What of a call costs something in this installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    pub language: bool,
    pub speech: bool,
    pub recognition: bool,
    pub telephone: bool,
}

impl Charges {
    /// True if anything does.
    #[must_use]
    pub const fn any(self) -> bool {
        self.language || self.speech || self.recognition || self.telephone
    }
}

/// The language model is asked so often in a minute, what is begun in vain counted: every three seconds.
const ASKED_A_MINUTE: u64 = 20;
/// Tokens of rules and tools that it reads each time.
const RULES_TOKENS: u64 = 2_000;
/// Tokens that are said in a minute, by both together; it reads all of them each time.
const SAID_A_MINUTE: u64 = 300;
/// Tokens that it writes each time.
const WRITTEN_EACH_TIME: u64 = 80;
/// Characters that are made into speech in a minute of nothing else.
const SPOKEN_A_MINUTE: u64 = 1_500;
/// The same sound is recognised up to so often, since pauses are looked into.
const HEARD_AGAIN: u64 = 3;
/// Tokens that drawing the results writes.
const RESULTS_TOKENS: u64 = 2_000;

/// As much as a call of this campaign may plausibly use: both talk without a pause until the longest time is over.
#[must_use]
pub fn most_of_a_call(charges: Charges, longest_seconds: u16, script_chars: usize) -> Usage {
    // A goodbye may take the call into a further minute.
    let minutes = u64::from(longest_seconds).div_ceil(60) + 1;
    let asked = minutes * ASKED_A_MINUTE;
    let read_each_time = RULES_TOKENS + script_chars as u64 / 4 + SAID_A_MINUTE * minutes;
    let drawing = most_of_drawing(charges, longest_seconds);
    let counted = |charges: bool, used: u64| if charges { used } else { 0 };
    Usage {
        input_tokens: counted(charges.language, asked * read_each_time),
        output_tokens: counted(charges.language, asked * WRITTEN_EACH_TIME),
        characters: counted(charges.speech, minutes * SPOKEN_A_MINUTE),
        recognised_ms: counted(charges.recognition, minutes * 60_000 * HEARD_AGAIN),
        telephone_seconds: counted(charges.telephone, minutes * 60),
        ..Usage::default()
    }
    .plus(drawing)
}

/// As much as drawing the results of a call once may use.
#[must_use]
pub fn most_of_drawing(charges: Charges, longest_seconds: u16) -> Usage {
    if !charges.language {
        return Usage::default();
    }
    let minutes = u64::from(longest_seconds).div_ceil(60) + 1;
    Usage {
        input_tokens: RULES_TOKENS + SAID_A_MINUTE * minutes,
        output_tokens: RESULTS_TOKENS,
        ..Usage::default()
    }
}

/// What a decision rests on. Amounts are millionths of a unit of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub currency: String,
    pub limit: u64,
    /// Since the day began.
    pub spent: u64,
    /// Calls in progress.
    pub calls: u32,
    /// Set aside for each of them, and for the next one.
    pub per_call: u64,
    /// Calls whose results are still to be drawn.
    pub drawings: u32,
    /// Set aside for each of these.
    pub per_drawing: u64,
    /// No prices are set, so it is not known what anything costs.
    #[serde(default)]
    pub no_prices: bool,
}

impl Standing {
    /// With what is set aside by these prices. `dearest` is what the dearest of the campaign's last calls cost: what has
    /// happened is plausible.
    #[must_use]
    pub fn new(
        limit: u64,
        prices: Option<&PriceTable>,
        most: (&Usage, &Usage),
        (spent, dearest): (u64, u64),
        (calls, drawings): (u32, u32),
    ) -> Self {
        let cost = |usage: &Usage| prices.map_or(0, |prices| prices.cost(usage).total());
        Self {
            currency: prices.map(|prices| prices.currency.clone()).unwrap_or_default(),
            limit,
            spent,
            calls,
            per_call: cost(most.0).max(dearest),
            drawings,
            per_drawing: cost(most.1),
            no_prices: prices.is_none(),
        }
    }

    /// How many further calls may start now.
    #[must_use]
    pub fn more_calls(&self) -> u32 {
        if self.no_prices {
            return 0;
        }
        let aside = u128::from(self.per_call) * u128::from(self.calls)
            + u128::from(self.per_drawing) * u128::from(self.drawings);
        let taken = u128::from(self.spent) + aside;
        let Some(left) = u128::from(self.limit).checked_sub(taken) else {
            return 0;
        };
        match self.per_call {
            0 => u32::MAX,
            per_call => u32::try_from(left / u128::from(per_call)).unwrap_or(u32::MAX),
        }
    }

    /// True if no call would fit on a day on which nothing was spent: waiting does not help.
    #[must_use]
    pub const fn never_fits(&self) -> bool {
        self.no_prices || self.per_call > self.limit
    }

    /// The same in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.no_prices {
            return "There is a budget, but no prices are set, so it is not known what a call costs.".to_owned();
        }
        let aside = match self.calls {
            0 => format!("{} is set aside for a call", amount_text(self.per_call)),
            calls => format!(
                "{} is set aside for each of {calls} in progress and for the next one",
                amount_text(self.per_call)
            ),
        };
        format!(
            "{} of {} was spent that day; {aside}.",
            money_text(&self.currency, self.spent),
            amount_text(self.limit)
        )
    }
}

/// A campaign that starts no call because of its budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetWait {
    pub standing: Standing,
    /// When the next day begins; `None` if waiting does not help.
    pub until: Option<UnixMillis>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::tests::prices;

    const ALL: Charges = Charges {
        language: true,
        speech: true,
        recognition: true,
        telephone: true,
    };

    fn standing(limit: u64, spent: u64, calls: u32) -> Standing {
        let most = most_of_a_call(ALL, 300, 1_000);
        let drawing = most_of_drawing(ALL, 300);
        Standing::new(limit, Some(&prices()), (&most, &drawing), (spent, 0), (calls, 0))
    }

    #[test]
    fn a_call_starts_only_if_all_that_may_come_fits() {
        let per_call = standing(0, 0, 0).per_call;
        assert!(per_call > 0);
        for (limit, spent, calls, more) in [
            (10 * per_call, 0, 0, 10),
            (10 * per_call, 0, 4, 6),
            (10 * per_call, 1, 4, 5),
            (10 * per_call - 1, 0, 9, 0),
            (10 * per_call, 3 * per_call, 7, 0),
            (per_call - 1, 0, 0, 0),
            (per_call, 20 * per_call, 0, 0),
        ] {
            assert_eq!(
                standing(limit, spent, calls).more_calls(),
                more,
                "{limit} {spent} {calls}"
            );
        }
        assert!(standing(per_call - 1, 0, 0).never_fits() && !standing(per_call, 0, 0).never_fits());
    }

    #[test]
    fn what_is_free_is_not_limited_and_what_nobody_can_reckon_does_not_start() {
        let nothing = most_of_a_call(Charges::default(), 300, 1_000);
        assert!(nothing.is_nothing());
        let free = Standing::new(5, Some(&prices()), (&nothing, &nothing), (0, 0), (3, 3));
        assert_eq!(free.more_calls(), u32::MAX);
        let unknown = Standing::new(5, None, (&nothing, &nothing), (0, 0), (0, 0));
        assert_eq!((unknown.more_calls(), unknown.never_fits()), (0, true));
    }

    #[test]
    fn a_dearer_call_than_was_plausible_is_plausible_from_then_on() {
        let most = most_of_a_call(ALL, 30, 0);
        let drawing = most_of_drawing(ALL, 30);
        let of = |dearest| Standing::new(u64::MAX, Some(&prices()), (&most, &drawing), (0, dearest), (0, 0)).per_call;
        assert_eq!((of(u64::MAX / 2), of(1)), (u64::MAX / 2, of(0)));
        let results = Standing::new(100, Some(&prices()), (&drawing, &drawing), (0, 0), (0, 2));
        assert_eq!(
            results.more_calls(),
            0,
            "results that are still to be drawn are reserved for"
        );
    }

    /// Calls that cost anything up to what is set aside, in any order: the budget is never passed, and it is used.
    #[test]
    fn the_budget_is_never_passed() {
        let mut chance = 1_u64;
        let mut draw = move |below: u64| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) % below
        };
        for _ in 0..500 {
            let per_call = standing(0, 0, 0).per_call;
            let limit = per_call * (1 + draw(20)) + draw(per_call);
            let (mut spent, mut calls) = (0, 0_u32);
            for _ in 0..200 {
                let more = standing(limit, spent, calls).more_calls();
                if more > 0 && draw(2) == 0 {
                    calls += 1 + u32::try_from(draw(u64::from(more))).unwrap_or(0);
                } else if calls > 0 {
                    calls -= 1;
                    spent += draw(per_call + 1);
                }
                assert!(spent + u64::from(calls) * per_call <= limit);
            }
            assert!(spent > 0);
        }
    }
}
