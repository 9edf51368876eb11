//! Who answered: a person, and every machine that there is instead.

use super::*;
use proptest::prelude::*;

const MENU: &str = "Thank you for calling Smith and Sons. For sales, press one. For support, press two.";
const SCREENING: &str =
    "Hi, the person you're calling is using a screening service. Say your name and why you're calling.";
const BEEP: Event = Event::Line(LineSound::Beep);

fn answered(policy: VoicemailPolicy) -> Table {
    let mut table = Table::new(policy);
    table.tell(Event::Answered);
    table
}

impl Table {
    fn answered_by(&self) -> Vec<AnsweredBy> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::KnowWhoAnswered(who) => Some(*who),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn a_machine_is_left_alone() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.tell(Event::SpeechStarted);
    table.pass(2_000);
    table.tell(Event::Partial(
        "You have reached Ada, please leave a message after the beep".into(),
    ));
    assert_eq!(table.disposition(), Some(Disposition::Voicemail));
    assert_eq!(table.answered_by(), [AnsweredBy::Voicemail]);
    assert!(table.lines(Speaker::Agent).is_empty());
}

#[test]
fn a_message_is_left_after_the_beep_or_after_silence() {
    for beep in [true, false] {
        let mut table = answered(VoicemailPolicy::LeaveMessage);
        table.person_says("You have reached Ada, please leave a message after the tone.", 4_000);
        table.pass(1_000);
        assert!(table.row.is_empty());
        if beep {
            table.tell(BEEP);
        }
        table.pass(1_000);
        assert_eq!(!table.row.is_empty(), beep);
        table.pass(5_000);
        assert_eq!(table.disposition(), Some(Disposition::VoicemailLeft));
        assert_eq!(table.lines(Speaker::Agent), ["We will try again.", "Goodbye."]);
    }
}

#[test]
fn a_long_greeting_with_a_beep_is_a_machine() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.person_says("Hey, this is Bob, you know what to do, so do it.", 4_000);
    table.pass(500);
    assert_eq!(table.disposition(), None);
    table.tell(BEEP);
    assert_eq!(table.disposition(), Some(Disposition::Voicemail));
    // But a kitchen beeps, too.
    for text in ["He is not available.", "Hello, this is Ada."] {
        let mut table = answered(VoicemailPolicy::HangUp);
        table.tell(Event::SpeechStarted);
        table.pass(1_500);
        table.tell(BEEP);
        table.tell(Event::SpeechEnded);
        table.tell(Event::Heard(HeardWords {
            text: text.into(),
            start_ms: 0,
            end_ms: 1_500,
        }));
        table.pass(3_000);
        assert_eq!(table.answered_by(), [AnsweredBy::Person], "{text}");
    }
    // The words may come after the beep.
    let mut table = answered(VoicemailPolicy::HangUp);
    table.tell(Event::SpeechStarted);
    table.pass(4_000);
    table.tell(BEEP);
    assert_eq!(table.disposition(), None);
    table.tell(Event::SpeechEnded);
    table.tell(Event::Heard(HeardWords {
        text: "Hey, this is Bob, you know what to do, so do it.".into(),
        start_ms: 0,
        end_ms: 4_000,
    }));
    assert_eq!(table.disposition(), Some(Disposition::Voicemail));
}

#[test]
fn a_long_answer_without_a_beep_and_a_question_with_one_are_a_persons() {
    for beep in [false, true] {
        let mut table = answered(VoicemailPolicy::HangUp);
        table.person_says(
            "Good morning, Smith and Sons, you are speaking to Ada, how can I help?",
            4_500,
        );
        if beep {
            table.tell(BEEP);
        }
        table.pass(4_000);
        assert_eq!(table.lines(Speaker::Agent).len(), 2);
        assert_eq!(table.answered_by(), [AnsweredBy::Person]);
    }
}

#[test]
fn a_menu_is_not_talked_to() {
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.person_says(MENU, 5_000);
    table.pass(3_000);
    assert_eq!(table.disposition(), Some(Disposition::PhoneMenu));
    assert_eq!(table.answered_by(), [AnsweredBy::PhoneMenu]);
    assert!(table.lines(Speaker::Agent).is_empty());
}

#[test]
fn a_menu_that_speaks_into_the_opening_silences_the_agent() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.pass(1_300);
    assert!(!table.row.is_empty(), "it has begun to open");
    table.person_says(MENU, 5_000);
    table.pass(3_000);
    assert_eq!(table.disposition(), Some(Disposition::PhoneMenu));
    let said = table.lines(Speaker::Agent);
    assert_eq!(said, ["Hello, this is the AI assistant of Tea Company.", "Do"]);
}

#[test]
fn whoever_comes_to_the_phone_after_a_menu_is_a_person() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.person_says("To speak to somebody, press zero or stay on the line.", 4_000);
    table.pass(15_000);
    assert_eq!(table.disposition(), None, "it waits as it was asked to");
    table.person_says("Sales, Bob speaking.", 1_200);
    table.pass(3_000);
    assert_eq!(table.answered_by(), [AnsweredBy::PhoneMenu, AnsweredBy::Person]);
    assert_eq!(table.lines(Speaker::Agent).len(), 2, "the opening was said");
    // And if nobody comes, it does not wait for ever.
    let mut table = answered(VoicemailPolicy::HangUp);
    table.person_says("To speak to somebody, press zero or stay on the line.", 4_000);
    table.pass(45_000);
    assert_eq!(table.disposition(), Some(Disposition::PhoneMenu));
}

#[test]
fn half_a_menu_is_no_proof() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.person_says("Press one.", 900);
    table.pass(3_500);
    assert_eq!(table.disposition(), None);
    assert_eq!(table.lines(Speaker::Agent), ["Hello, can you hear me?"]);
    table.person_says("Yes, who is this?", 900);
    table.pass(2_500);
    assert_eq!(
        table.answered_by(),
        [AnsweredBy::Person, AnsweredBy::PhoneMenu, AnsweredBy::Person],
        "its words came after the agent had decided to open"
    );
    let mut table = answered(VoicemailPolicy::HangUp);
    table.person_says("Press one.", 900);
    table.pass(9_000);
    assert_eq!(table.disposition(), Some(Disposition::PhoneMenu));
}

#[test]
fn a_mailbox_with_a_menu_is_a_mailbox() {
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.tell(Event::SpeechStarted);
    table.tell(Event::Partial("To leave a callback number, press five.".into()));
    assert_eq!(table.answered_by(), [AnsweredBy::PhoneMenu]);
    table.pass(3_000);
    table.tell(Event::SpeechEnded);
    table.tell(Event::Heard(HeardWords {
        text: "To leave a callback number, press five. Or record your message after the tone.".into(),
        start_ms: 0,
        end_ms: 3_000,
    }));
    table.tell(BEEP);
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::VoicemailLeft));
}

#[test]
fn an_assistant_is_told_name_and_reason_and_the_person_is_greeted() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.person_says(SCREENING, 5_000);
    assert_eq!(table.answered_by(), [AnsweredBy::CallScreening]);
    table.pass(500);
    let advice = table.flow.prompt().lines.last().expect("advice").clone();
    assert!(advice.text.reveal().contains("why you are calling"));
    table.model_says(vec![
        words("I am calling about your yearly tea. Do you like tea?"),
        ReplyNews::EndCall,
    ]);
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent),
        [
            "Hello, this is the AI assistant of Tea Company.",
            "I am calling about your yearly tea."
        ],
        "no question is asked, and nobody hangs up"
    );
    assert!(
        table.lines(Speaker::Supervisor).is_empty(),
        "the advice is nobody's words"
    );
    table.person_says("Thanks. Please stay on the line.", 1_500);
    table.pass(10_000);
    assert_eq!(table.disposition(), None);
    table.person_says("Hello, Ada here.", 1_000);
    table.pass(2_500);
    assert_eq!(table.answered_by(), [AnsweredBy::CallScreening, AnsweredBy::Person]);
    assert_eq!(
        table.lines(Speaker::Agent).len(),
        4,
        "the whole opening, for the person has not heard it"
    );
}

#[test]
fn an_assistant_that_asks_again_is_answered_again_and_not_for_ever() {
    let mut table = answered(VoicemailPolicy::HangUp);
    for asked in 1..=5 {
        table.person_says(SCREENING, 4_000);
        table.pass(500);
        if asked <= 3 {
            table.model_says(vec![words("It is about tea.")]);
        }
        table.pass(2_500);
        assert_eq!(table.lines(Speaker::Agent).len(), 2 * asked.min(3));
    }
    table.pass(50_000);
    assert_eq!(table.disposition(), Some(Disposition::NoAnswer));
}

#[test]
fn a_screened_call_ends_truthfully() {
    let screened = || {
        let mut table = answered(VoicemailPolicy::LeaveMessage);
        table.person_says(SCREENING, 5_000);
        table.pass(500);
        table.tell(Event::Reply(table.reply.expect("asked"), ReplyNews::Failed));
        table.pass(2_000);
        assert_eq!(table.lines(Speaker::Agent).len(), 1, "the name needs no model");
        table
    };
    let mut table = screened();
    table.person_says("They can't take your call right now. Goodbye.", 2_000);
    table.tell(Event::Left(FarEnd::HungUp));
    assert_eq!(table.disposition(), Some(Disposition::Rejected));
    let mut table = screened();
    table.person_says("They are not available. Please leave a message after the tone.", 3_000);
    table.tell(BEEP);
    table.pass(5_000);
    assert_eq!(table.disposition(), Some(Disposition::VoicemailLeft));
    let mut table = screened();
    table.person_says("Please remove this number from your list. Stop calling me.", 3_000);
    table.pass(4_000);
    assert_eq!(table.disposition(), Some(Disposition::OptedOut));
}

#[test]
fn nothing_of_the_recording_is_told_to_an_assistant() {
    let mut rules = rules(VoicemailPolicy::HangUp);
    rules.recording = RecordingRule::Announce;
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.flow = ConversationFlow::new(rules);
    table.tell(Event::Answered);
    table.person_says(SCREENING, 5_000);
    table.pass(2_000);
    assert!(!table.effects.contains(&Effect::BeginRecording));
    table.tell(Event::Reply(table.reply.expect("asked"), ReplyNews::Failed));
    table.person_says("Hello?", 500);
    table.pass(5_000);
    assert!(table.effects.contains(&Effect::BeginRecording), "the person was told");
}

#[test]
fn a_fax_ends_the_call_at_once() {
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.pass(1_600);
    table.tell(Event::Line(LineSound::Fax));
    assert_eq!(table.disposition(), Some(Disposition::FaxOrNoise));
    assert_eq!(
        table.answered_by(),
        [AnsweredBy::Person, AnsweredBy::Fax],
        "it had begun to open"
    );
}

#[test]
fn tones_of_the_network_are_no_person() {
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.tell(Event::Line(LineSound::Busy));
    assert_eq!(table.disposition(), Some(Disposition::Busy));

    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.tell(Event::Line(LineSound::SpecialInformation));
    table.pass(3_000);
    assert!(
        table.row.is_empty() && table.disposition().is_none(),
        "its words are waited for"
    );
    table.person_says("The number you have dialed is not in service.", 3_000);
    assert_eq!(table.disposition(), Some(Disposition::Unreachable));
    // Words that were not understood whole do not make it a person.
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.tell(Event::Line(LineSound::SpecialInformation));
    table.person_says("The number you", 3_000);
    table.pass(3_000);
    assert_eq!(table.disposition(), Some(Disposition::Unreachable));

    // There are answering machines that play these tones to frighten callers, and people behind them.
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.tell(Event::Line(LineSound::SpecialInformation));
    table.person_says("Hello?", 600);
    table.pass(3_000);
    assert_eq!(table.answered_by(), [AnsweredBy::Person]);
}

#[test]
fn where_it_rings_on_the_agent_waits() {
    let rings = |table: &mut Table, times: u32| {
        for _ in 0..times {
            table.tell(Event::Line(LineSound::Ringing));
            table.pass(4_500);
        }
    };
    let mut table = answered(VoicemailPolicy::HangUp);
    rings(&mut table, 3);
    assert!(table.lines(Speaker::Agent).is_empty());
    table.person_says("Hello?", 600);
    table.pass(3_000);
    assert_eq!(table.lines(Speaker::Agent).len(), 2);
    let mut table = answered(VoicemailPolicy::HangUp);
    rings(&mut table, 11);
    assert_eq!(table.disposition(), Some(Disposition::NoAnswer));
    let mut table = answered(VoicemailPolicy::HangUp);
    rings(&mut table, 1);
    table.tell(Event::Left(FarEnd::HungUp));
    assert_eq!(table.disposition(), Some(Disposition::NoAnswer));
    // Said into the first ring, the opening is said again.
    let mut table = answered(VoicemailPolicy::HangUp);
    table.pass(600);
    rings(&mut table, 2);
    table.person_says("Hello?", 600);
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent),
        [
            "Hello,",
            "Hello, this is the AI assistant of Tea Company.",
            "Do you have a minute?"
        ]
    );
}

#[test]
fn noise_is_spoken_to_once_and_left() {
    let mut table = answered(VoicemailPolicy::LeaveMessage);
    table.tell(Event::SpeechStarted);
    table.pass(2_400);
    assert!(table.row.is_empty(), "it may be a voice");
    table.tell(Event::Line(LineSound::Noise));
    table.pass(4_000);
    assert_eq!(
        table.lines(Speaker::Agent).len(),
        2,
        "who is calling is said into any noise"
    );
    table.pass(6_500);
    assert_eq!(table.disposition(), Some(Disposition::FaxOrNoise));
    assert_eq!(table.lines(Speaker::Agent).last(), Some(&"Goodbye."));
}

#[test]
fn whoever_speaks_in_noise_is_a_person() {
    let mut table = answered(VoicemailPolicy::HangUp);
    table.tell(Event::Line(LineSound::Noise));
    table.pass(4_000);
    table.person_says("Yes?", 400);
    table.model_says(vec![words("Do you like tea?")]);
    table.pass(5_500);
    assert_eq!(table.disposition(), None);
    table.tell(Event::Line(LineSound::Fax));
    table.tell(Event::Line(LineSound::Busy));
    assert_eq!(table.disposition(), None, "somebody has been spoken with");
}

/// Things that people say when they pick up, some of them much like what machines say.
fn anything_a_person_says() -> impl Strategy<Value = String> {
    let phrase = prop_oneof![
        Just("Hello?"),
        Just("Yes?"),
        Just("Good morning, Smith and Sons, how can I help you?"),
        Just("You have reached Smith and Sons, this is Ada speaking."),
        Just("He is not available."),
        Just("I can't come to the phone right now."),
        Just("I can't take your call, I am driving."),
        Just("Would you like to leave a message?"),
        Just("You can leave your name and number."),
        Just("Am I talking to an automated voice?"),
        Just("Is that a voicemail?"),
        Just("Please hold the line."),
        Just("Call back later."),
        Just("Who is the person you are calling?"),
        Just("May I ask who is calling, and what it is about?"),
        Just("Er ist leider nicht da, wer spricht denn?"),
        Just("No está disponible, ¿quién habla?"),
        Just("Allô oui, ne quittez pas."),
    ];
    proptest::collection::vec(phrase, 1..3).prop_map(|phrases| phrases.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever somebody says, whenever, for however long, in noise or not, and even if their kitchen beeps after a
    /// question of theirs: they are never hung up on as a machine, and are told who is calling.
    #[test]
    fn doubt_means_a_person(
        says in proptest::collection::vec((anything_a_person_says(), 300_u32..4_000, 0_u32..2_500, any::<bool>()), 1..5),
        first_pause in 0_u32..1_500,
        noise in any::<bool>(),
        hang_up in any::<bool>(),
    ) {
        let policy = if hang_up { VoicemailPolicy::HangUp } else { VoicemailPolicy::LeaveMessage };
        let mut table = answered(policy);
        table.pass(first_pause);
        if noise {
            table.tell(Event::Line(LineSound::Noise));
        }
        for (text, speaks_ms, pause, beeps) in says {
            // What a person says in so many words is long enough for it.
            table.person_says(&text, speaks_ms);
            if beeps && text.contains('?') {
                table.tell(BEEP);
            }
            table.pass(pause);
        }
        table.pass(4_000);
        prop_assert!(
            table.answered_by().iter().all(|who| *who == AnsweredBy::Person),
            "{:?}", table.answered_by()
        );
        prop_assert!(!matches!(
            table.disposition(),
            Some(
                Disposition::Voicemail
                    | Disposition::VoicemailLeft
                    | Disposition::PhoneMenu
                    | Disposition::FaxOrNoise
                    | Disposition::Unreachable
                    | Disposition::Busy
                    | Disposition::Rejected
            )
        ));
        prop_assert!(!table.lines(Speaker::Agent).is_empty());
    }
}
