//! Notices from the silence of RTP that a phone has vanished, long before LiveKit does (21 s).

use std::time::Duration;

/// No packet at all for this long, after there were some, and the line is dead. A person who says nothing still sends
/// packets.
const DEAD_AFTER: Duration = Duration::from_secs(5);
/// Providers may take a while from the answer to the first packet.
const FIRST_PACKET: Duration = Duration::from_secs(15);
/// Our own connection to LiveKit may be away for this long.
const RECONNECTING: Duration = Duration::from_secs(15);

/// What is known about the sound of the person's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineState {
    /// There was none yet, for so long since the answer.
    NothingYet(Duration),
    /// The last packet came so long ago.
    Packets { silent_for: Duration },
    /// The person's side has said that it sends nothing.
    Muted,
    /// Our own connection is away, for so long.
    Reconnecting(Duration),
}

/// Whether nothing can be expected from the line any more.
pub(crate) fn is_lost(state: LineState) -> bool {
    match state {
        LineState::NothingYet(waited) => waited >= FIRST_PACKET,
        LineState::Packets { silent_for } => silent_for >= DEAD_AFTER,
        LineState::Muted => false,
        LineState::Reconnecting(away) => away >= RECONNECTING,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_lost_long_before_livekit_says_so_but_not_for_a_pause() {
        let seconds = Duration::from_secs;
        let packets = |silent_for| LineState::Packets { silent_for };
        assert!(!is_lost(packets(Duration::from_millis(1_600))));
        assert!(is_lost(packets(seconds(5))));
        assert!(!is_lost(LineState::NothingYet(seconds(6))));
        assert!(is_lost(LineState::NothingYet(seconds(15))));
        assert!(!is_lost(LineState::Muted));
        assert!(!is_lost(LineState::Reconnecting(seconds(6))));
        assert!(is_lost(LineState::Reconnecting(seconds(15))));
    }
}
