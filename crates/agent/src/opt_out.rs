//! The request not to be called again, heard in code: it is honoured even if every model is silent.
//!
//! The phrases are whole ones, so that “don’t call me before nine” is no opt-out; a negation before a phrase (“I did
//! not say stop calling me”) undoes it. All languages are always listened for: a person may answer in any of them.
//! A new phrase comes with a sentence in each of the two lists below.

use crate::spoken_words::{Pattern, Word, words_of};
use std::sync::LazyLock;

/// The key of the keypad that means “do not call me again”.
pub const OPT_OUT_KEY: char = '9';

struct Phrase {
    parts: &'static str,
    /// It counts only at the end of a sentence: what follows could turn its meaning.
    last: bool,
    /// It does not count if one of these words follows.
    unless: &'static [&'static str],
}

const fn anywhere(parts: &'static str) -> Phrase {
    Phrase {
        parts,
        last: false,
        unless: &[],
    }
}

const fn at_the_end(parts: &'static str) -> Phrase {
    Phrase {
        parts,
        last: true,
        unless: &[],
    }
}

const fn unless(parts: &'static str, unless: &'static [&'static str]) -> Phrase {
    Phrase {
        parts,
        last: false,
        unless,
    }
}

/// “Stop calling me sir” is about a name, not about calls.
const FORMS_OF_ADDRESS: &[&str] = &[
    "sir",
    "ma",
    "maam",
    "madam",
    "mister",
    "mr",
    "mrs",
    "miss",
    "ms",
    "names",
    "that",
    "by",
    "a",
    "an",
    "the",
    "honey",
    "buddy",
    "dude",
    "bro",
    "darling",
    "sweetheart",
    "baby",
    "love",
    "dear",
];
/// “I do not want to be called before nine” is about when.
const TIMES_ENGLISH: &[&str] = &[
    "before", "after", "at", "on", "in", "during", "until", "till", "today", "tonight", "now", "this", "between", "so",
    "that", "while", "when", "if", "unless", "later", "names",
];
const TIMES_GERMAN: &[&str] = &[
    "vor",
    "nach",
    "um",
    "heute",
    "morgen",
    "jetzt",
    "am",
    "vormittags",
    "abends",
    "zwischen",
];
const LATER_FRENCH: &[&str] = &["tard", "tot", "souvent", "vite", "rarement"];
const TIMES_SPANISH: &[&str] = &["antes", "despues", "hoy", "manana", "ahora", "a", "por", "tarde"];

static PATTERNS: LazyLock<Vec<(Pattern, &'static Phrase)>> = LazyLock::new(|| {
    PHRASES
        .iter()
        .map(|phrase| (Pattern::parse(phrase.parts), phrase))
        .collect()
});

static PHRASES: &[Phrase] = &[
    // English
    unless("stop/quit calling/phoning/ringing/contacting me/us", FORMS_OF_ADDRESS),
    anywhere("stop/quit bothering/harassing me/us"),
    anywhere("stop/quit calling here/this/my/our"),
    at_the_end("stop/quit calling please?"),
    anywhere("stop these/the/your/all calls"),
    anywhere("do not ever? call/phone/ring/contact me/us/here? back? again/anymore/ever"),
    anywhere("do not ever? call/phone/ring/contact me/us/here any more"),
    anywhere("don t you? ever? call/phone/ring/contact me/us/here? back? again/anymore/ever"),
    anywhere("don t ever? call/phone/ring/contact me/us/here any more"),
    anywhere("do not call/phone/contact this/my/our number/house/phone again/anymore"),
    anywhere("don t call/phone/contact this/my/our number/house/phone again/anymore"),
    at_the_end("do not call/phone/ring/contact me/us/here please?"),
    at_the_end("don t call/phone/ring/contact me/us/here please?"),
    at_the_end("do not call/phone/contact this/my/our number please?"),
    at_the_end("don t call/phone/contact this/my/our number please?"),
    at_the_end("do not call me/us? back"),
    at_the_end("don t call me/us? back"),
    anywhere("not to call me/us/here again/anymore/ever"),
    anywhere("not call me/us/here again/anymore/ever"),
    anywhere("never ever? call/phone/contact me/us/here again"),
    at_the_end("never ever? call/phone/contact me/us/here"),
    anywhere("no more calls/phone calls?"),
    anywhere("take/get/strike me/us/my/this/our name/number? off of? your/the/this/that/any"),
    anywhere("remove/delete/erase me/us from your/the/this/that/any"),
    anywhere("remove/delete/erase/lose my/our/this name/number/phone number?"),
    anywhere("put/add/place me/us/my/this number? on/to your/the/a do not call"),
    anywhere("on the national? do not call list/registry"),
    unless("do/don not/t want you to call/phone/contact me/us/here", TIMES_ENGLISH),
    unless("do not want to be called/contacted/phoned", TIMES_ENGLISH),
    unless("don t want to be called/contacted/phoned", TIMES_ENGLISH),
    anywhere("do/don not/t want any/these/your/more more? calls"),
    anywhere("do/don not/t want to get/receive any/these/your/more? more? calls"),
    anywhere("unsubscribe me/us"),
    at_the_end("unsubscribe"),
    anywhere("opt me/us out"),
    anywhere("i/to/please opt out"),
    at_the_end("opt out"),
    anywhere("leave me/us alone"),
    // German
    anywhere("rufen/ruf/ruft sie? .. nicht mehr/wieder/nochmal an"),
    anywhere("rufen/ruf/ruft sie? .. nicht noch einmal an"),
    anywhere("rufen/ruf/ruft sie? .. nie mehr/wieder an"),
    at_the_end("rufen sie .. nicht an"),
    at_the_end("ruf mich/uns bitte? nicht an"),
    anywhere("nicht/nie mehr/wieder anrufen"),
    anywhere("nicht mehr angerufen werden"),
    anywhere("will/mochte/wunsche keine weiteren? anrufe"),
    anywhere("keine weiteren anrufe"),
    anywhere("keine anrufe mehr"),
    anywhere("horen/hor/hoeren sie? .. auf .. anzurufen"),
    anywhere("nehmen/streichen/loschen/entfernen sie .. aus/von ihrer/der/dieser/eurer"),
    anywhere("loschen/streichen/entfernen sie bitte? meine/unsere/diese nummer/telefonnummer/daten"),
    anywhere("lassen/lass/lasst sie? mich/uns .. in ruhe/frieden"),
    // Spanish
    anywhere("no me/nos? llame/llamen/llames/llameis mas/nunca"),
    anywhere("no me/nos? llame/llamen/llames de nuevo"),
    anywhere("no me/nos? llame/llamen/llames otra vez"),
    anywhere("no me/nos? vuelva/vuelvan/vuelvas a llamar/llamarme/llamarnos/contactar"),
    at_the_end("no me/nos llame/llamen/llames por? favor?"),
    anywhere("deje/dejen/deja/pare/paren/para de llamar/llamarme/llamarnos/molestar/molestarme/molestarnos"),
    anywhere("no quiero recibir? mas/sus/estas llamadas"),
    unless("no quiero que me/nos llame/llamen/llames", TIMES_SPANISH),
    anywhere("no mas llamadas"),
    anywhere("quiteme/quitenme/borreme/borrenme/elimineme/eliminenme/saqueme/saquenme de"),
    anywhere("borre/borren/elimine/eliminen/quite/quiten mi numero/nombre"),
    // French
    unless("ne? m appelez/appelle/appeler/contactez/rappelez plus", LATER_FRENCH),
    unless(
        "ne me/nous contactez/rappelez/telephonez/rappelle/appelez/derangez plus",
        LATER_FRENCH,
    ),
    anywhere("ne m/me/nous appelez/appelle/rappelez/contactez/telephonez jamais"),
    unless("n appelez plus", LATER_FRENCH),
    at_the_end("ne m appelez/appelle pas s? il? vous? plait?"),
    anywhere("arretez/arrete/cessez de m appeler"),
    anywhere("arretez/arrete/cessez de nous/me appeler/harceler/deranger/contacter/rappeler/telephoner"),
    anywhere("retirez/enlevez/supprimez/effacez/rayez/otez moi/nous de"),
    anywhere("retirez/enlevez/supprimez/effacez/rayez mon/notre/ce numero/nom"),
    anywhere("veux/souhaite/voudrais plus etre appele/appelee/contacte/contactee/derange/derangee"),
    anywhere("veux/souhaite/voudrais plus recevoir .. appels"),
    anywhere("veux/souhaite plus que vous m/me/nous appeliez/contactiez/rappeliez"),
    anywhere("veux/souhaite plus d/de/vos appels"),
    anywhere("laissez/laisse moi/nous tranquille"),
];

/// Whether a finished sentence or several of them ask not to be called again.
#[must_use]
pub fn asks_to_stop(text: &str) -> bool {
    stops(text, true)
}

/// The same for a sentence that is still being spoken: where the next word could turn the meaning, it waits for it.
#[must_use]
pub fn asks_to_stop_so_far(text: &str) -> bool {
    stops(text, false)
}

fn stops(text: &str, finished: bool) -> bool {
    let spoken = words_of(text);
    let words = &spoken.words;
    let is_end = |end: usize| match words.get(end) {
        None => finished || spoken.closed,
        Some(next) => next.after_pause,
    };
    PATTERNS.iter().any(|(pattern, phrase)| {
        (0..words.len()).any(|at| {
            let Some(end) = pattern.match_at(words, at, TIMES_GERMAN) else {
                return false;
            };
            let turned = words
                .get(end)
                .is_some_and(|next| !next.after_stop && phrase.unless.contains(&next.text.as_str()));
            let open = words.get(end).is_none() && !finished && !phrase.unless.is_empty() && !spoken.closed;
            !turned && !open && (!phrase.last || is_end(end)) && !is_denied(words, at)
        })
    })
}

/// Whether the phrase that begins at `at` stands under a negation within the same breath.
fn is_denied(words: &[Word], at: usize) -> bool {
    let mut first = at;
    while first > 0 && at - first < 6 && !words[first].after_pause {
        first -= 1;
    }
    let before: Vec<&str> = words[first..at].iter().map(|word| word.text.as_str()).collect();
    // “Why don’t you stop calling me” and “can’t you stop calling me” are requests.
    if before
        .iter()
        .any(|word| matches!(*word, "why" | "won" | "can" | "could"))
    {
        return false;
    }
    let negated_verb = before.windows(2).any(|pair| {
        pair[1] == "t" && matches!(pair[0], "don" | "didn" | "doesn" | "wouldn" | "isn" | "needn" | "wasn")
    });
    negated_verb
        || before
            .iter()
            .any(|word| matches!(*word, "not" | "nicht" | "no" | "pas"))
            && !(before.len() == 1 && before[0] == "no" && is_english_no(words, at))
}

/// “No stop calling me”, as a recogniser without commas writes it: here “no” is an answer. In Spanish it negates.
fn is_english_no(words: &[Word], at: usize) -> bool {
    matches!(
        words[at].text.as_str(),
        "stop" | "quit" | "do" | "don" | "never" | "take" | "remove" | "delete" | "leave" | "please" | "get" | "put"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: &[&str] = &[
        "Stop calling me.",
        "stop calling me",
        "Please stop calling me, I'm not interested",
        "Would you please stop calling here?",
        "No stop calling me",
        "No, stop calling us right now!",
        "Why don't you stop calling me?",
        "Quit calling.",
        "Don't call me again.",
        "Don’t call me anymore",
        "do not call this number again",
        "I told you not to call me again",
        "I said stop calling me",
        "Could you not call me again please",
        "Don't ever call me back again",
        "Never call me again!",
        "Please don't call me.",
        "Take me off your list",
        "Can you take my number off of your calling list?",
        "please remove me from the list",
        "Remove my number please",
        "Put me on your do not call list",
        "I'm on the do not call registry",
        "I don't want you to call me",
        "I do not want to be called anymore",
        "I don't want any more calls",
        "I do not want to receive these calls",
        "I want to opt out",
        "Unsubscribe.",
        "Leave me alone",
        "no more calls please",
        "Hello? Who is this? Stop calling me. Goodbye.",
        "Rufen Sie mich nicht mehr an.",
        "Bitte rufen Sie mich nie wieder an!",
        "Rufen Sie hier bitte nicht an.",
        "Ich möchte nicht mehr angerufen werden.",
        "Ich will keine Anrufe mehr",
        "Hören Sie auf, mich anzurufen.",
        "Streichen Sie mich bitte von Ihrer Liste",
        "Löschen Sie meine Nummer.",
        "Lassen Sie mich in Ruhe!",
        "No me llame más.",
        "No me vuelva a llamar",
        "Por favor, no me llamen.",
        "No, deje de llamarme.",
        "Dejen de molestarme",
        "No quiero recibir más llamadas",
        "Bórreme de su lista",
        "Elimine mi número por favor",
        "Ne m'appelez plus.",
        "Ne m’appelez plus jamais !",
        "Ne me rappelez plus",
        "Arrêtez de m'appeler",
        "Retirez-moi de votre liste",
        "Supprimez mon numéro",
        "Je ne veux plus être appelé",
        "Je ne veux plus recevoir vos appels",
        "Laissez-moi tranquille",
    ];

    const OTHERS: &[&str] = &[
        "",
        "Hello?",
        "Don't call me before nine.",
        "Please do not call me at work, call me at home",
        "I did not say stop calling me",
        "I'm not asking you to stop calling me",
        "I don't want you to stop calling me",
        "Don't stop calling me",
        "Please don't stop calling us",
        "Stop calling me sir",
        "stop calling me that",
        "I don't want to be called before ten",
        "My boss told me to stop calling customers.",
        "Call me again tomorrow",
        "You can call me any time",
        "I will stop. Calling me is fine.",
        "Do not worry, call me again",
        "I missed your call, don't worry",
        "I don't want to opt out",
        "No more questions from me",
        "Can you take me to your manager?",
        "Rufen Sie mich nicht vor neun an.",
        "Rufen Sie mich morgen wieder an.",
        "Sie können mich gern noch einmal anrufen",
        "Heute nicht, rufen Sie mich an.",
        "No me llame antes de las nueve",
        "No deje de llamarme",
        "Llámeme más tarde",
        "Ne m'appelez pas avant neuf heures",
        "Rappelez-moi plus tard",
        "Vous m'appelez plus tard ?",
        "N'arrêtez pas de m'appeler",
        "I stopped the car, calling you back",
    ];

    #[test]
    fn hears_every_request() {
        for text in REQUESTS {
            assert!(asks_to_stop(text), "not heard: {text}");
        }
    }

    #[test]
    fn hears_none_where_there_is_none() {
        for text in OTHERS {
            assert!(!asks_to_stop(text), "wrongly heard: {text}");
        }
    }

    #[test]
    fn waits_for_the_word_that_may_turn_the_meaning() {
        assert!(!asks_to_stop_so_far("please don't call me"));
        assert!(!asks_to_stop_so_far("stop calling me"));
        assert!(asks_to_stop_so_far("stop calling me I have"));
        assert!(asks_to_stop_so_far("take me off your list"));
        assert!(asks_to_stop_so_far("Don't call me."));
    }
}
