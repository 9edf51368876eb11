use super::*;
use Greeting::{Announcement, Person, PhoneMenu, Screening, Unclear, Voicemail};

fn all(expected: Greeting, texts: &[&str]) {
    for text in texts {
        assert_eq!(judge(text), expected, "{text}");
    }
}

#[test]
fn knows_answering_machines() {
    all(
        Voicemail,
        &[
            "Hi, you've reached Ada. Please leave a message after the beep.",
            "The person you are calling is not available. At the tone, record your message.",
            "Your call has been forwarded to an automated voice messaging system",
            "You've reached the Millers. We can't come to the phone right now. Leave your name and number.",
            "The person you're trying to reach is not available. Please leave a message.",
            "Sorry, the mailbox is full.",
            "Bitte hinterlassen Sie uns eine Nachricht nach dem Signalton.",
            "Hier ist die Mailbox von Ada.",
            "Guten Tag, Sie haben Familie Müller erreicht. Wir sind leider nicht da, rufen aber gern zurück.",
            "Deje su mensaje después de la señal",
            "Le atiende el contestador automático de Ada.",
            "Bonjour, laissez un message après le bip sonore.",
            "Vous êtes bien sur la messagerie de Paul.",
        ],
    );
}

#[test]
fn knows_phone_menus() {
    all(
        PhoneMenu,
        &[
            "Thank you for calling Example Company. For sales, press one. For support, press two.",
            "Please listen carefully, as our menu options have changed.",
            "Your call is important to us. All of our agents are currently busy.",
            "Willkommen bei der Beispiel AG. Für den Vertrieb drücken Sie bitte die Eins.",
            "Alle Mitarbeiter sind zurzeit im Gespräch.",
            "Bienvenido. Para ventas, pulse uno. Para soporte, marque dos.",
            "Pour le service commercial, tapez 1. Pour l'assistance, tapez 2.",
            "Pour un rendez-vous, appuyez sur la touche trois.",
        ],
    );
    assert!(is_clearly_a_menu("For sales press 1, for support press 2."));
    assert!(!is_clearly_a_menu("Press one."));
}

#[test]
fn knows_call_screening() {
    all(
        Screening,
        &[
            "Hi, the person you're calling is using a screening service from Google, and will get a copy of this \
             conversation. Go ahead and say your name and why you're calling.",
            "Hi. If you record your name and reason for calling, I'll see if this person is available.",
            "Hi, I'm Call Assist by Google, recording this call for the person you're trying to reach.",
            "Please state your name and the purpose of your call.",
            "Hallo, die Person, die du anrufst, nutzt einen Anruffilter. Sag bitte deinen Namen und warum du anrufst.",
            "Hallo. Wenn Sie Ihren Namen und den Grund Ihres Anrufs nennen, prüfe ich, ob diese Person erreichbar ist.",
            "Hola, la persona a la que llamas usa un servicio de filtrado de llamadas. Di tu nombre y por qué llamas.",
            "Bonjour. Dites votre nom et le motif de votre appel, je vais voir si cette personne est disponible.",
        ],
    );
}

#[test]
fn knows_announcements_of_networks() {
    all(
        Announcement,
        &[
            "The number you have dialed is not in service. Please check the number and dial again.",
            "We're sorry, your call cannot be completed as dialed.",
            "The subscriber you have called is not available. Please try again later.",
            "Kein Anschluss unter dieser Nummer.",
            "Die gewählte Rufnummer ist nicht vergeben.",
            "Der gewünschte Teilnehmer ist zurzeit nicht erreichbar. Bitte versuchen Sie es später noch einmal.",
            "El número marcado no existe.",
            "Le numéro que vous avez demandé n'est pas attribué.",
        ],
    );
}

#[test]
fn doubt_means_a_person() {
    all(
        Person,
        &[
            "Hello?",
            "Hello, Ada Lovelace speaking",
            "He is out. Who is it?",
            "Müller, guten Tag",
            "Am I talking to an automated voice?",
            "Is this an automated answering system or a real person?",
            "Who's the person you are trying to reach?",
            "Is this a robot? I hate voicemail robots.",
            "Smith and Sons, good morning, how can I help you?",
            "Bueno, ¿quién habla?",
            "Allô oui, c'est de la part de qui ?",
            "Hold on, I am driving.",
            "Just say your number.",
        ],
    );
    all(
        Unclear,
        &[
            "You have reached Smith and Sons, how can I help?",
            "Do you want to leave a message?",
            "I can't take your call right now, I am driving.",
            "I can't come to the phone right now",
            "You can leave your number and he will call you back.",
            "You have reached Smith and Sons. He is not available. Would you like to leave a message?",
            "Er ist leider nicht da. Möchten Sie eine Nachricht hinterlassen?",
            "No está disponible. ¿Quiere dejar un mensaje?",
            "Il n'est pas disponible. Voulez-vous laisser un message ?",
        ],
    );
}

#[test]
fn unfinished_greetings_are_not_judged_too_early() {
    for text in [
        "Hi, the person you're calling is",
        "The subscriber you have called is not available",
        "You've reached the Millers. We can't come to the phone right now. Leave your name",
        "Der gewünschte Teilnehmer ist zurzeit nicht erreichbar",
    ] {
        assert!(judge_so_far(text) <= Unclear, "{text}");
    }
    assert_eq!(judge_so_far("Please leave a message after the beep"), Voicemail);
}

#[test]
fn after_a_menu_people_sound_otherwise_than_it_does() {
    for text in [
        "Sales, Bob speaking.",
        "Good morning, Smith and Sons, you are through to the sales department.",
        "Hello?",
        "Guten Tag, hier ist Müller vom Vertrieb der Beispiel AG.",
        "Yes, what is it about?",
    ] {
        assert!(sounds_like_somebody(text), "{text}");
    }
    for text in [
        "Our office is open from Monday to Friday between nine and five.",
        "Please hold.",
        "Please stay on the line, somebody will be with you shortly.",
        "To hear this again, press nine.",
        "",
    ] {
        assert!(!sounds_like_somebody(text), "{text}");
    }
}
