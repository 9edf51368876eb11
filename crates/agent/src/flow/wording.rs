//! The few sentences that the agent says without a language model, in the languages it can be sure of.

/// Fixed sentences of one language.
#[derive(Debug, PartialEq, Eq)]
pub struct Wording {
    /// To somebody who called, after it was said who answers.
    pub called_back: &'static str,
    /// To a caller with whom no agent talks; all that they hear.
    pub turned_away: &'static str,
    pub still_there: &'static str,
    /// The same to somebody who has not said anything yet.
    pub can_you_hear_me: &'static str,
    /// Before hanging up on silence.
    pub nobody_there: &'static str,
    /// After a request not to be called again; short, because the call must end at once.
    pub opted_out: &'static str,
    pub time_is_up: &'static str,
    /// While a failed answer is tried again.
    pub one_moment: &'static str,
    /// The person's words could not be recognised.
    pub say_again: &'static str,
    /// After a moment in which we could not be heard.
    pub interrupted: &'static str,
    /// Our side failed for good.
    pub trouble: &'static str,
    /// A supervisor, or the end of the shift, ends the call.
    pub must_go: &'static str,
    /// After a supervisor who had taken over was lost.
    pub back_again: &'static str,
    /// The person could not be handed over to another number.
    pub not_put_through: &'static str,
    /// When the model puts a person through without words of its own.
    pub putting_through: &'static str,
    /// While something is looked up that takes its time.
    pub looking_up: &'static str,
    /// When the model ends a call without words of its own.
    pub goodbye: &'static str,
}

const ENGLISH: Wording = Wording {
    called_back: "Thank you for calling back, we tried to reach you.",
    turned_away: "Hello, this is an automated line. Nobody can talk with you here. Goodbye.",
    still_there: "Are you still there?",
    can_you_hear_me: "Hello, can you hear me?",
    nobody_there: "I cannot hear you. Goodbye.",
    opted_out: "We won't call again. Goodbye.",
    time_is_up: "Our time is up. Thank you, goodbye.",
    one_moment: "Sorry, one moment please.",
    say_again: "Sorry, could you say that again?",
    interrupted: "Sorry, we were cut off for a moment.",
    trouble: "I am sorry, I have a technical problem. Goodbye.",
    must_go: "Thank you for your time. Goodbye.",
    back_again: "Sorry for the interruption, I am back with you.",
    not_put_through: "Sorry, I could not put you through.",
    putting_through: "One moment, I am putting you through.",
    looking_up: "One moment, I am looking that up.",
    goodbye: "Thank you. Goodbye.",
};

const GERMAN: Wording = Wording {
    called_back: "Danke für Ihren Rückruf, wir wollten Sie erreichen.",
    turned_away: "Guten Tag, dies ist ein automatischer Anschluss. Hier kann niemand mit Ihnen sprechen. Auf Wiederhören.",
    still_there: "Sind Sie noch da?",
    can_you_hear_me: "Hallo, können Sie mich hören?",
    nobody_there: "Ich kann Sie nicht hören. Auf Wiederhören.",
    opted_out: "Wir rufen nicht mehr an. Auf Wiederhören.",
    time_is_up: "Unsere Zeit ist um. Danke, auf Wiederhören.",
    one_moment: "Entschuldigung, einen Moment bitte.",
    say_again: "Entschuldigung, können Sie das wiederholen?",
    interrupted: "Entschuldigung, wir waren kurz unterbrochen.",
    trouble: "Es tut mir leid, ich habe ein technisches Problem. Auf Wiederhören.",
    must_go: "Danke für Ihre Zeit. Auf Wiederhören.",
    back_again: "Entschuldigen Sie die Unterbrechung, ich bin wieder für Sie da.",
    not_put_through: "Es tut mir leid, ich konnte Sie nicht verbinden.",
    putting_through: "Einen Moment, ich verbinde Sie.",
    looking_up: "Einen Moment, ich sehe nach.",
    goodbye: "Danke. Auf Wiederhören.",
};

const SPANISH: Wording = Wording {
    called_back: "Gracias por devolvernos la llamada, intentamos localizarle.",
    turned_away: "Hola, esta es una línea automática. Aquí nadie puede atenderle. Adiós.",
    still_there: "¿Sigue ahí?",
    can_you_hear_me: "Hola, ¿me oye?",
    nobody_there: "No puedo oírle. Adiós.",
    opted_out: "No volveremos a llamar. Adiós.",
    time_is_up: "Se nos acabó el tiempo. Gracias, adiós.",
    one_moment: "Perdone, un momento por favor.",
    say_again: "Perdone, ¿puede repetirlo?",
    interrupted: "Perdone, se cortó un momento.",
    trouble: "Lo siento, tengo un problema técnico. Adiós.",
    must_go: "Gracias por su tiempo. Adiós.",
    back_again: "Perdone la interrupción, sigo con usted.",
    not_put_through: "Lo siento, no he podido pasarle la llamada.",
    putting_through: "Un momento, le paso la llamada.",
    looking_up: "Un momento, lo estoy consultando.",
    goodbye: "Gracias. Adiós.",
};

const FRENCH: Wording = Wording {
    called_back: "Merci de nous rappeler, nous avons essayé de vous joindre.",
    turned_away: "Bonjour, cette ligne est automatique. Personne ne peut vous répondre ici. Au revoir.",
    still_there: "Vous êtes toujours là ?",
    can_you_hear_me: "Allô, vous m'entendez ?",
    nobody_there: "Je ne vous entends pas. Au revoir.",
    opted_out: "Nous n'appellerons plus. Au revoir.",
    time_is_up: "Le temps est écoulé. Merci, au revoir.",
    one_moment: "Pardon, un instant s'il vous plaît.",
    say_again: "Pardon, pouvez-vous répéter ?",
    interrupted: "Pardon, nous avons été coupés un instant.",
    trouble: "Je suis désolée, j'ai un problème technique. Au revoir.",
    must_go: "Merci de votre temps. Au revoir.",
    back_again: "Excusez l'interruption, je suis de nouveau avec vous.",
    not_put_through: "Désolée, je n'ai pas pu transférer votre appel.",
    putting_through: "Un instant, je vous mets en relation.",
    looking_up: "Un instant, je regarde.",
    goodbye: "Merci. Au revoir.",
};

/// The wording for a BCP 47 language tag; English if there is none.
#[must_use]
pub fn wording(language: &str) -> &'static Wording {
    match language
        .split(['-', '_'])
        .next()
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("de") => &GERMAN,
        Some("es") => &SPANISH,
        Some("fr") => &FRENCH,
        _ => &ENGLISH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_language() {
        assert_eq!(wording("de-AT"), &GERMAN);
        assert_eq!(wording("xx"), &ENGLISH);
        assert_eq!(wording(""), &ENGLISH);
    }
}
