//! The six moods a thing on the screen can have.

/// What colour means. It never stands alone: a word and an icon say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Neutral,
    Accent,
    /// Going on, or well.
    Live,
    /// About to happen.
    Ringing,
    Warning,
    Failed,
    /// A person of ours takes part.
    Human,
}

impl Tone {
    pub const ALL: [Self; 7] = [
        Self::Neutral,
        Self::Accent,
        Self::Live,
        Self::Ringing,
        Self::Warning,
        Self::Failed,
        Self::Human,
    ];

    /// The class in `style/badges.css`.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "tone-neutral",
            Self::Accent => "tone-accent",
            Self::Live => "tone-live",
            Self::Ringing => "tone-ringing",
            Self::Warning => "tone-warning",
            Self::Failed => "tone-failed",
            Self::Human => "tone-human",
        }
    }
}
