//! Whether it is a machine that answered: by what its greeting says. In doubt it is a person.

use crate::spoken_words::{Pattern, words_of};
use std::sync::LazyLock;

/// What a greeting sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Greeting {
    /// What a person says.
    Person,
    /// A person could say it too (“you have reached the office of …”): worth listening a little longer.
    Unclear,
    /// Only a machine says this.
    Machine,
}

static MACHINE_PATTERNS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| MACHINE.iter().map(|parts| Pattern::parse(parts)).collect());
static UNCLEAR_PATTERNS: LazyLock<Vec<Pattern>> =
    LazyLock::new(|| UNCLEAR.iter().map(|parts| Pattern::parse(parts)).collect());

static MACHINE: &[&str] = &[
    // English
    "leave me/us? a/your? message after/at",
    "please leave me/us? a/your/us? message/name/number",
    "leave your name/number/message",
    "leave a brief/short/detailed message",
    "after/at the tone/beep/signal",
    "wait for the beep/tone",
    "record your message",
    "voicemail/mailbox box? of/for/is",
    "voice mail box/of/for",
    "to voicemail",
    "to an automatic/automated voice",
    "automated/automatic answering/voice message? system/service",
    "the person you are/have calling/trying/called",
    "the number/person you have dialed/dialled/called/reached is not/currently",
    "can t/not come/get to the phone",
    "cannot come/get to the phone",
    "unable to come/take/answer to? your/the call/phone",
    "can t/not take/answer your call",
    "cannot take/answer your call",
    "mailbox is full",
    // German
    "nach dem signalton/ton/piepton/signal/piep",
    "hinterlassen sie .. nachricht",
    "hinterlasse .. nachricht",
    "mailbox/anrufbeantworter von/der/des",
    "teilnehmer ist .. nicht erreichbar",
    "sprechen sie nach dem",
    // Spanish
    "despues de/del la/el? senal/tono/pitido",
    "deje/deja su/tu/un mensaje",
    "buzon de voz",
    // French
    "apres le bip/signal",
    "apres le .. bip",
    "laissez/laisser moi? un/votre message",
    "boite/messagerie vocale",
    "sur la/le messagerie/repondeur de",
];

static UNCLEAR: &[&str] = &[
    "you ve/have reached",
    "not available",
    "not here right now",
    "leave a message",
    "zurzeit/momentan/derzeit nicht erreichbar",
    "ist die/der mailbox/anrufbeantworter",
    "no esta/estoy disponible",
    "vous etes bien",
    "pas disponible",
];

/// Judges a greeting, finished or not.
#[must_use]
pub fn judge(text: &str) -> Greeting {
    let words = words_of(text).words;
    let any = |patterns: &[Pattern]| {
        patterns
            .iter()
            .any(|pattern| (0..words.len()).any(|at| pattern.match_at(&words, at, &[]).is_some()))
    };
    if any(&MACHINE_PATTERNS) {
        Greeting::Machine
    } else if any(&UNCLEAR_PATTERNS) {
        Greeting::Unclear
    } else {
        Greeting::Person
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_machines() {
        for text in [
            "Hi, you've reached Ada. Please leave a message after the beep.",
            "The person you are calling is not available. At the tone, record your message.",
            "Your call has been forwarded to an automated voice messaging system",
            "I can't come to the phone right now",
            "Bitte hinterlassen Sie uns eine Nachricht nach dem Signalton.",
            "Deje su mensaje después de la señal",
            "Bonjour, laissez un message après le bip sonore.",
        ] {
            assert_eq!(judge(text), Greeting::Machine, "{text}");
        }
    }

    #[test]
    fn doubt_means_a_person() {
        for text in [
            "Hello?",
            "Hello, Ada Lovelace speaking",
            "He is out. Who is it?",
            "Müller, guten Tag",
        ] {
            assert_eq!(judge(text), Greeting::Person, "{text}");
        }
        for text in [
            "You have reached Smith and Sons, how can I help?",
            "Do you want to leave a message?",
        ] {
            assert_eq!(judge(text), Greeting::Unclear, "{text}");
        }
    }
}
