//! The languages in which a campaign can talk.

/// BCP 47 tag, and the language's name on the screen. For these, the agent's own sentences, the recognition of machines and
/// of requests to stop, and the voices that come with the software are tested.
pub const LANGUAGES: [(&str, &str); 6] = [
    ("en-US", "English (United States)"),
    ("en-GB", "English (United Kingdom)"),
    ("de-DE", "German"),
    ("es-ES", "Spanish"),
    ("fr-FR", "French"),
    ("fr-CA", "French (Canada)"),
];

/// The language of a campaign that does not say.
#[must_use]
pub fn default_language() -> String {
    LANGUAGES[0].0.to_owned()
}

/// The language's name in English, for a language model: “German”. `None` for a tag that is not among [`LANGUAGES`].
#[must_use]
pub fn name_of(tag: &str) -> Option<&'static str> {
    let (_, label) = LANGUAGES.into_iter().find(|(known, _)| *known == tag)?;
    label.split(" (").next()
}
