//! The cases: what answers, and what it sounds like.

use crate::sound::Sound;
use agent::flow::AnsweredBy;
use rehearsal::{
    Clip, Studio,
    studio::StudioError,
    voice_of::{SpeakerVoice, voice},
};
use std::sync::Arc;
use telephony::Frame;

/// One call.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) is: AnsweredBy,
    pub(crate) language: &'static str,
    pub(crate) frames: Vec<Frame>,
    /// Where a message is to be left: the end of the beep, milliseconds after the answer.
    pub(crate) beep_ends_ms: Option<u32>,
}

/// Mean loudness of the noise of a line, sample by sample: none, and 30, 20 and 15 dB below speech.
const LINES: [f32; 4] = [0.0, 73.0, 230.0, 409.0];

type Language = (&'static str, [SpeakerVoice; 3]);

const ENGLISH: Language = (
    "en-US",
    [
        voice("en-us+m3", 42, 165),
        voice("en-gb+f2", 55, 160),
        voice("en-gb-scotland+m1", 48, 170),
    ],
);
const GERMAN: Language = (
    "de-DE",
    [
        voice("de+m3", 42, 160),
        voice("de+f2", 55, 165),
        voice("de+m5", 38, 150),
    ],
);
const SPANISH: Language = (
    "es-ES",
    [
        voice("es+m3", 42, 160),
        voice("es+f2", 55, 165),
        voice("es-419+m1", 45, 170),
    ],
);
const FRENCH: Language = (
    "fr-FR",
    [
        voice("fr+m3", 42, 160),
        voice("fr+f2", 55, 165),
        voice("fr+f4", 60, 155),
    ],
);

type Texts = &'static [(Language, &'static [&'static str])];

const PEOPLE: Texts = &[
    (
        ENGLISH,
        &[
            "Hello?",
            "Yes?",
            "Hello, who is this?",
            "Smith and Sons, good morning, this is Ada speaking, how can I help you?",
            "You have reached Smith and Sons. What can I do for you?",
            "I can't take your call right now, I am driving.",
            "He is not available. Would you like to leave a message?",
            "Am I talking to an automated voice?",
            "You can leave your name and number, and he will call you back.",
            "Hold on, I have to turn the radio down. Okay, who is it?",
        ],
    ),
    (
        GERMAN,
        &[
            "Hallo?",
            "Müller, guten Tag.",
            "Praxis Doktor Weber, Sie sprechen mit Frau Klein, was kann ich für Sie tun?",
            "Er ist leider gerade nicht da. Möchten Sie eine Nachricht hinterlassen?",
            "Ja bitte, wer spricht denn da?",
        ],
    ),
    (
        SPANISH,
        &[
            "¿Dígame?",
            "Hola, buenos días.",
            "No está disponible ahora. ¿Quién llama?",
            "Sí, ¿de parte de quién?",
        ],
    ),
    (
        FRENCH,
        &[
            "Allô ?",
            "Oui, bonjour.",
            "Cabinet Martin, bonjour, en quoi puis-je vous aider ?",
            "Il n'est pas disponible. Voulez-vous laisser un message ?",
        ],
    ),
];

const VOICEMAIL: Texts = &[
    (
        ENGLISH,
        &[
            "Hi, you have reached Ada. Please leave a message after the beep.",
            "The person you are calling is not available. At the tone, please record your message.",
            "Your call has been forwarded to an automated voice messaging system. Please leave your name and number.",
            "You've reached the Millers. We can't come to the phone right now. Leave your name and number, and we'll call you back.",
            "Hey, this is Bob, I am out with the dog or asleep again, and you know exactly what to do.",
            "This is the voicemail of Smith and Sons. We are closed today.",
        ],
    ),
    (
        GERMAN,
        &[
            "Hier ist die Mailbox von Ada. Bitte hinterlassen Sie eine Nachricht nach dem Signalton.",
            "Guten Tag, Sie haben Familie Müller erreicht. Wir sind leider nicht da, rufen aber gern zurück.",
            "Der Teilnehmer ist zurzeit nicht erreichbar. Sprechen Sie bitte nach dem Ton.",
            "Dies ist der Anrufbeantworter der Praxis Weber. Wir haben gerade geschlossen.",
            "Ihr Anruf wurde an die Mailbox weitergeleitet.",
        ],
    ),
    (
        SPANISH,
        &[
            "Hola, soy Ana. Deje su mensaje después de la señal.",
            "Ha llamado a la familia Gómez. No estamos disponibles. Deje su mensaje y le llamaremos.",
            "Este es el buzón de voz de Pedro. Hable después del tono.",
            "Su llamada ha sido desviada al buzón.",
            "Le atiende el contestador automático de la clínica.",
        ],
    ),
    (
        FRENCH,
        &[
            "Bonjour, vous êtes bien sur la messagerie de Paul. Laissez un message après le bip.",
            "Vous êtes bien chez Marie. Je ne suis pas disponible. Laissez votre message, je vous rappellerai.",
            "Vous êtes sur le répondeur de la famille Martin.",
            "Parlez après le signal sonore.",
            "Votre appel est transféré vers une messagerie vocale. Parlez après le bip sonore.",
        ],
    ),
];

const MENUS: Texts = &[
    (
        ENGLISH,
        &[
            "Thank you for calling Example Company. For sales, press one. For service, press two.",
            "Please listen carefully, as our menu options have changed. For bills, press one.",
            "Your call is important to us. All of our agents are currently busy. You are number three in the queue.",
            "Welcome to the bank. Say or press one for accounts. Say or press two for cards.",
            "If you know your party's extension, enter it now. For the operator, press zero.",
            "For English, press one. For opening hours, press two. To hear this again, press nine.",
        ],
    ),
    (
        GERMAN,
        &[
            "Willkommen bei der Beispiel AG. Für den Vertrieb drücken Sie die Eins. Für den Service drücken Sie die Zwei.",
            "Alle unsere Mitarbeiter sind zurzeit im Gespräch. Ihr Anruf ist uns wichtig.",
            "Bitte wählen Sie aus den folgenden Optionen. Für Rechnungen wählen Sie die Eins.",
            "Wenn Sie einen Termin möchten, drücken Sie bitte die Drei. Für alles andere drücken Sie bitte die Null.",
            "Alle Leitungen sind derzeit belegt. Sie werden mit dem nächsten freien Mitarbeiter verbunden.",
        ],
    ),
    (
        SPANISH,
        &[
            "Bienvenido a la compañía. Para ventas, pulse uno. Para soporte, pulse dos.",
            "Por favor, elija entre las siguientes opciones. Para facturas, marque uno.",
            "Todos nuestros agentes están ocupados. Su llamada es muy importante para nosotros.",
            "Para español, oprima el uno. Para hablar con un operador, oprima cero.",
            "Si desea una cita, presione tres. Para volver al menú principal, presione nueve.",
        ],
    ),
    (
        FRENCH,
        &[
            "Bienvenue. Pour le service commercial, tapez un. Pour l'assistance, tapez deux.",
            "Pour un rendez-vous, appuyez sur la touche un. Pour une facture, appuyez sur la touche deux.",
            "Tous nos conseillers sont actuellement en ligne. Votre appel est important pour nous.",
            "Faites votre choix parmi les choix suivants. Pour les horaires, tapez trois.",
            "Pour parler à un conseiller, faites le zéro. Pour réécouter, faites le neuf.",
        ],
    ),
];

const SCREENING: Texts = &[
    (
        ENGLISH,
        &[
            "Hi, the person you are calling uses a screening service. Please say your name and why you are calling.",
            "Hello. If you record your name and reason for calling, I will see if this person is available.",
            "Hi, this call is being screened. Please state your name and the purpose of your call.",
            "Hello, I am recording this call for the person you are trying to reach. What are you calling about?",
            "This is a call assistant. Before I try to connect you, please say your name and the reason.",
            "Please record your name and the reason for your call.",
        ],
    ),
    (
        GERMAN,
        &[
            "Hallo, die Person, die du anrufst, nutzt einen Anruffilter. Sag bitte deinen Namen und warum du anrufst.",
            "Hallo. Wenn Sie Ihren Namen und den Grund Ihres Anrufs nennen, sehe ich nach, ob diese Person erreichbar ist.",
            "Bitte nennen Sie Ihren Namen und den Grund Ihres Anrufs.",
            "Hier ist ein Anrufassistent. Sagen Sie mir bitte Ihren Namen und Ihr Anliegen.",
            "Guten Tag, nenne bitte deinen Namen und worum es geht.",
        ],
    ),
    (
        SPANISH,
        &[
            "Hola, la persona a la que llamas usa un servicio de filtrado de llamadas. Di tu nombre y por qué llamas.",
            "Hola. Si graba su nombre y el motivo de la llamada, veré si esta persona está disponible.",
            "Por favor, diga su nombre y el motivo de su llamada.",
            "Este es un filtro de llamadas. Indique su nombre y la razón de la llamada.",
            "Hola, indica tu nombre y el motivo de tu llamada, por favor.",
        ],
    ),
    (
        FRENCH,
        &[
            "Bonjour, la personne que vous appelez utilise un service de filtrage. Dites votre nom et la raison de votre appel.",
            "Bonjour. Si vous enregistrez votre nom et le motif de votre appel, je vais voir si cette personne est disponible.",
            "Veuillez indiquer votre nom et l'objet de votre appel.",
            "Bonjour, dites votre nom et pourquoi vous appelez.",
            "Ceci est un filtrage d'appels. Donnez votre nom et le motif.",
        ],
    ),
];

const ANNOUNCEMENTS: Texts = &[
    (
        ENGLISH,
        &[
            "The number you have dialed is not in service. Please check the number and dial again.",
            "We are sorry, your call cannot be completed as dialed.",
            "The subscriber you have called is not available. Please try again later.",
            "The number you have reached has been disconnected.",
        ],
    ),
    (
        GERMAN,
        &[
            "Kein Anschluss unter dieser Nummer.",
            "Die gewählte Rufnummer ist nicht vergeben.",
            "Der gewünschte Teilnehmer ist zurzeit nicht erreichbar. Bitte versuchen Sie es später noch einmal.",
        ],
    ),
    (
        SPANISH,
        &[
            "El número marcado no existe.",
            "El número que ha marcado no está en servicio.",
        ],
    ),
    (
        FRENCH,
        &[
            "Le numéro que vous avez demandé n'est pas attribué.",
            "Le numéro composé n'est pas attribué.",
        ],
    ),
];

const BEEPS_HZ: [f32; 4] = [440.0, 1_000.0, 800.0, 1_400.0];
const SPECIAL_HZ: [f32; 3] = [950.0, 1_400.0, 1_776.7];

/// A sentence, spoken.
struct Spoken {
    index: usize,
    language: &'static str,
    text: &'static str,
    clip: Arc<Clip>,
}

impl Spoken {
    fn line(&self) -> f32 {
        LINES[self.index % LINES.len()]
    }

    fn begins(&self) -> u32 {
        200 + 137 * u32::try_from(self.index % 7).unwrap_or(0)
    }
}

async fn speak(studio: &Studio, texts: Texts, least: usize) -> Result<Vec<Spoken>, StudioError> {
    let mut spoken = Vec::new();
    // Again with the next voice and another line, until there are enough.
    for round in 0.. {
        for ((language, voices), texts) in texts {
            for text in *texts {
                let index = spoken.len() + round;
                let clip = studio.render(voices[index % voices.len()], text).await?;
                spoken.push(Spoken {
                    index,
                    language,
                    text,
                    clip,
                });
            }
        }
        if spoken.len() >= least {
            break;
        }
    }
    Ok(spoken)
}

/// All of them.
///
/// # Errors
/// A sentence cannot be made into sound.
pub(crate) async fn cases(studio: &Studio) -> Result<Vec<Case>, StudioError> {
    let mut cases = Vec::new();
    people(&mut cases, &speak(studio, PEOPLE, 46).await?);
    for spoken in speak(studio, VOICEMAIL, 21).await? {
        let beep = BEEPS_HZ[spoken.index % BEEPS_HZ.len()];
        let sound = Sound::after(spoken.begins())
            .speech(&spoken.clip)
            .pause(900)
            .tones(&[beep], 7_000.0, 400);
        let beep_ends_ms = Some(sound.millis());
        cases.push(Case {
            beep_ends_ms,
            ..case(AnsweredBy::Voicemail, &spoken, sound.pause(3_000), "")
        });
    }
    for (class, texts) in [(AnsweredBy::PhoneMenu, MENUS), (AnsweredBy::CallScreening, SCREENING)] {
        for spoken in speak(studio, texts, 21).await? {
            let sound = Sound::after(spoken.begins()).speech(&spoken.clip).pause(4_000);
            cases.push(case(class, &spoken, sound, ""));
        }
    }
    for (place, spoken) in speak(studio, ANNOUNCEMENTS, 22).await?.iter().enumerate() {
        let mut sound = Sound::after(300);
        if place % 2 == 0 {
            sound = SPECIAL_HZ
                .iter()
                .fold(sound, |sound, hertz| sound.tones(&[*hertz], 6_000.0, 330))
                .pause(300);
        }
        cases.push(case(
            AnsweredBy::Network,
            spoken,
            sound.speech(&spoken.clip).pause(2_000),
            "announced",
        ));
    }
    tones(&mut cases);
    noises(&mut cases);
    Ok(cases)
}

fn case(is: AnsweredBy, spoken: &Spoken, sound: Sound, more: &str) -> Case {
    Case {
        name: format!("{} {} (noise {}) {more}", spoken.language, spoken.text, spoken.line()),
        is,
        language: spoken.language,
        frames: sound.with_noise(spoken.line(), 0.0).frames(),
        beep_ends_ms: None,
    }
}

/// People on all kinds of lines, and some in places that sound like something else.
fn people(cases: &mut Vec<Case>, spoken: &[Spoken]) {
    for spoken in spoken {
        let sound = Sound::after(spoken.begins()).speech(&spoken.clip).pause(3_000);
        cases.push(case(AnsweredBy::Person, spoken, sound, ""));
        let asks = spoken.text.contains('?');
        if asks {
            let kitchen = Sound::after(spoken.begins())
                .speech(&spoken.clip)
                .pause(500)
                .tones(&[1_000.0], 3_000.0, 600);
            cases.push(case(
                AnsweredBy::Person,
                spoken,
                kitchen.pause(3_000),
                "and something beeps",
            ));
        }
        if spoken.index.is_multiple_of(3) {
            let street = Sound::after(spoken.begins() + 800).speech(&spoken.clip).pause(6_000);
            cases.push(case(
                AnsweredBy::Person,
                spoken,
                street.with_noise(500.0, 0.9),
                "in a street",
            ));
        }
        if spoken.index.is_multiple_of(5) {
            let late = Sound::after(4_500).speech(&spoken.clip).pause(4_000);
            cases.push(case(AnsweredBy::Person, spoken, late, "late"));
        }
    }
}

fn sounding(is: AnsweredBy, name: String, sound: &Sound) -> Case {
    Case {
        name,
        is,
        language: "en-US",
        frames: sound.frames(),
        beep_ends_ms: None,
    }
}

fn tones(cases: &mut Vec<Case>) {
    for (place, noise) in LINES.into_iter().cycle().take(24).enumerate() {
        let loud = [9_000.0, 5_000.0, 2_500.0][place % 3];
        let begins = 200 + 170 * u32::try_from(place % 8).unwrap_or(0);
        let (name, sound) = match place % 3 {
            // Its phase turns every 450 ms.
            0 => (
                "answers",
                (0..7).fold(Sound::after(begins), |sound, _| sound.tones(&[2_100.0], loud, 450)),
            ),
            1 => ("answers plainly", Sound::after(begins).tones(&[2_100.0], loud, 2_800)),
            _ => (
                "calls",
                (0..4).fold(Sound::after(begins), |sound, _| {
                    sound.tones(&[1_100.0], loud, 500).pause(3_000)
                }),
            ),
        };
        let sound = sound.pause(1_000).with_noise(noise, 0.0);
        cases.push(sounding(
            AnsweredBy::Fax,
            format!("a fax {name}, loudness {loud}, noise {noise}"),
            &sound,
        ));
    }
    let progress: [(&str, &[f32], u32, u32); 5] = [
        ("busy in America", &[480.0, 620.0], 500, 500),
        ("busy in Germany", &[425.0], 480, 480),
        ("busy in Spain", &[425.0], 200, 200),
        ("ringing in America", &[440.0, 480.0], 2_000, 4_000),
        ("ringing in Europe", &[425.0], 1_000, 4_000),
    ];
    for (name, pitches, on, off) in progress {
        for noise in LINES {
            let times = 60_000 / (on + off);
            let sound = (0..times).fold(Sound::after(200), |sound, _| {
                sound.tones(pitches, 7_000.0, on).pause(off)
            });
            cases.push(sounding(
                AnsweredBy::Network,
                format!("{name}, noise {noise}"),
                &sound.with_noise(noise, 0.0),
            ));
        }
    }
}

fn noises(cases: &mut Vec<Case>) {
    for (place, loud) in [900.0, 1_500.0, 3_000.0, 6_000.0]
        .into_iter()
        .cycle()
        .take(12)
        .enumerate()
    {
        let dull = [0.0, 0.6, 0.9][place % 3];
        let sound = Sound::after(40_000).with_noise(loud, dull);
        cases.push(sounding(
            AnsweredBy::Noise,
            format!("noise, loudness {loud}, dull {dull}"),
            &sound,
        ));
    }
    let tune: [&[f32]; 4] = [
        &[262.0, 330.0, 392.0],
        &[349.0, 440.0, 523.0],
        &[392.0, 494.0, 587.0],
        &[262.0, 392.0, 523.0],
    ];
    for (place, fades) in [0.3, 0.8, 1.2, 1.8].into_iter().cycle().take(8).enumerate() {
        let note = [350, 500, 700][place % 3];
        let times = 40_000 / note;
        let sound = (0..times).fold(Sound::default(), |sound, at| {
            let chord = tune[usize::try_from(at).unwrap_or(0) % tune.len()];
            sound.chord(chord, 6_000.0, note, fades)
        });
        cases.push(sounding(
            AnsweredBy::Noise,
            format!("music, notes of {note} ms that fade {fades}"),
            &sound,
        ));
    }
    for hertz in [50.0, 100.0, 350.0] {
        let pitches = [hertz, hertz * 2.0, hertz * 3.0];
        let hum = Sound::default().tones(&pitches, 8_000.0, 40_000).with_noise(100.0, 0.0);
        cases.push(sounding(AnsweredBy::Noise, format!("humming at {hertz} Hz"), &hum));
    }
}
