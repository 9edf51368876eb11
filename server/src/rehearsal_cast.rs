//! The simulated people of rehearsals.

use dialer::rehearsal::Cast;
use domain::{Clock, rehearsal::WhoAnswers};
use rehearsal::{Odds, Outcome, RehearsalConfig, RehearsalNetwork, Studio};
use std::sync::Arc;
use telephony::TelephoneNetwork;
use voice::ports::Voices;

/// The same people in every rehearsal.
const SEED: u64 = 1;

/// Simulated people, and the agent's voices at their pace.
pub struct SimulatedCast {
    pub(crate) studio: Arc<Studio>,
    pub(crate) voices: Voices,
    pub(crate) clock: Arc<dyn Clock>,
    /// How many times faster than people they talk.
    pub(crate) speed: f32,
}

impl Cast for SimulatedCast {
    /// A network of its own for each call, with a ledger in memory: whoever answers does not depend on earlier calls.
    fn network(&self, who: WhoAnswers) -> Result<Arc<dyn TelephoneNetwork>, String> {
        let outcome: Outcome = who
            .as_str()
            .parse()
            .map_err(|_| format!("Nobody can play “{}”.", who.label()))?;
        let config = RehearsalConfig {
            seed: SEED,
            speed: self.speed,
            odds: Odds::only(outcome),
            ..RehearsalConfig::default()
        };
        RehearsalNetwork::new(config, Arc::clone(&self.studio), Arc::clone(&self.clock))
            .map(|network| Arc::new(network) as Arc<dyn TelephoneNetwork>)
            .map_err(|error| format!("There is no room for the call: {error}."))
    }

    fn voices(&self) -> Voices {
        self.voices.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_can_be_chosen_can_be_played() {
        for who in WhoAnswers::ALL {
            assert!(who.as_str().parse::<Outcome>().is_ok(), "{who}");
        }
    }
}
