//! What a model may do besides talking, and what it may not.

use super::*;
use domain::agent_tools::LookUp;
use voice::ports::{ContextRole, ToolUse};

const MENU: &str = "Thank you for calling Tea Company. For sales, press one. For service, press two.";

fn tools() -> AgentTools {
    AgentTools {
        transfer_to: Some("+14155550199".parse().expect("a number")),
        press_keys: true,
        look_up: Some(LookUp {
            url: "https://crm.example.com/".to_owned(),
            about: "Free appointments.".to_owned(),
        }),
    }
}

/// Nobody has answered yet.
fn table(tools: AgentTools) -> Table {
    let mut table = Table::new(VoicemailPolicy::HangUp);
    table.flow = ConversationFlow::new(FlowRules {
        tools,
        ..rules(VoicemailPolicy::LeaveMessage)
    });
    table
}

/// The opening was said, and the person wants an answer.
fn asked(tools: AgentTools, question: &str) -> Table {
    let mut table = table(tools);
    table.tell(Event::Answered);
    table.pass(5_000);
    table.person_says(question, 1_000);
    assert!(table.reply.is_some());
    table
}

fn uses(tool: ToolUse) -> ReplyNews {
    ReplyNews::Tool(tool)
}

fn presses(keys: &str) -> ReplyNews {
    uses(ToolUse::Press(keys.to_owned()))
}

fn looks_up(question: &str) -> ReplyNews {
    uses(ToolUse::LookUp(question.into()))
}

impl Table {
    fn transfers(&self) -> usize {
        let transfers = self
            .effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Transfer(_)));
        transfers.count()
    }

    fn pressed(&self) -> String {
        let key = |effect: &Effect| match effect {
            Effect::Press(key) => Some(*key),
            _ => None,
        };
        self.effects.iter().filter_map(key).collect()
    }

    fn looked_up(&self) -> Vec<&str> {
        let questions = self.effects.iter().filter_map(|effect| match effect {
            Effect::LookUp(question) => Some(question.reveal()),
            _ => None,
        });
        questions.collect()
    }
}

#[test]
fn a_person_is_put_through_once_it_was_said() {
    let mut table = asked(tools(), "Can I talk to a human?");
    table.model_says(vec![words("Of course, one moment."), uses(ToolUse::Transfer)]);
    assert_eq!(table.transfers(), 0, "it is said first");
    table.pass(1_500);
    let to: Vec<_> = table
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Transfer(_)))
        .collect();
    assert_eq!(to, [&Effect::Transfer("+14155550199".parse().expect("a number"))]);
    table.tell(Event::Transferred(true));
    let reason = Some("The agent put the person through to a colleague.".to_owned());
    assert_eq!(table.ends(), [(Disposition::Transferred, reason)]);
}

#[test]
fn without_words_of_its_own_the_agent_says_that_it_puts_through_and_a_failure_is_told() {
    let mut table = asked(tools(), "A human, please.");
    table.model_says(vec![uses(ToolUse::Transfer)]);
    table.pass(1_500);
    assert_eq!(
        table.lines(Speaker::Agent).last(),
        Some(&"One moment, I am putting you through.")
    );
    table.tell(Event::Transferred(false));
    table.pass(1_500);
    assert_eq!(
        table.lines(Speaker::Agent).last(),
        Some(&"Sorry, I could not put you through.")
    );
    assert_eq!(table.disposition(), None);
}

#[test]
fn who_says_something_before_they_are_put_through_is_answered_instead() {
    let mut table = asked(tools(), "A human, please.");
    table.model_says(vec![words("Of course, one moment."), uses(ToolUse::Transfer)]);
    table.pass(500);
    table.person_says("Wait, no, go on with you.", 1_000);
    assert_eq!(table.transfers(), 0);
    assert!(table.reply.is_some(), "it is answered");
    table.pass(10_000);
    assert_eq!(table.transfers(), 0);
}

#[test]
fn a_model_that_puts_through_again_and_again_is_stopped() {
    let mut table = asked(tools(), "A human, please.");
    for _ in 0..10 {
        table.model_says(vec![uses(ToolUse::Transfer), words("One moment.")]);
        table.pass(1_500);
        table.tell(Event::Transferred(false));
        table.pass(1_500);
        table.person_says("Hello?", 500);
    }
    assert_eq!(table.transfers(), 3);
}

#[test]
fn without_permission_nothing_is_done() {
    let mut table = asked(AgentTools::default(), "Yes?");
    table.model_says(vec![
        uses(ToolUse::Transfer),
        presses("12#"),
        looks_up("What is free on Friday?"),
        uses(ToolUse::LeaveVoicemail),
        words("Well."),
    ]);
    table.pass(2_000);
    assert_eq!(
        (table.transfers(), table.pressed().as_str(), table.looked_up().len()),
        (0, "", 0)
    );
    let allowed = table.flow.prompt().allowed;
    assert!(!allowed.transfer && !allowed.keys && allowed.look_up.is_none());
    assert!(
        table
            .flow
            .prompt()
            .lines
            .iter()
            .all(|line| line.role != ContextRole::LookedUp)
    );
}

#[test]
fn keys_are_pressed_written_down_and_bounded() {
    let mut table = asked(tools(), "Please enter your number.");
    table.model_says(vec![presses("1a2, #")]);
    assert_eq!(table.pressed(), "12#");
    for key in "12#".chars() {
        table.tell(Event::Pressed(key, true));
    }
    table.pass(2_000);
    assert_eq!(table.lines(Speaker::Act), ["The agent pressed 12#"]);
    assert!(table.reply.is_some_and(|_| table.disposition().is_none()), "no failure");
    table.person_says("Go on.", 500);
    table.model_says(vec![presses(&"7".repeat(500))]);
    assert_eq!(table.pressed().len(), 40);
}

#[test]
fn what_is_looked_up_comes_into_the_conversation_as_data() {
    let mut table = asked(tools(), "What is free on Friday?");
    table.model_says(vec![words("Let me see."), looks_up("Free appointments on Friday?")]);
    assert_eq!(table.looked_up(), ["Free appointments on Friday?"]);
    table.reply = None;
    table.pass(1_100);
    table.tell(Event::LookedUp(Some("10:00".into())));
    table.pass(100);
    assert!(table.reply.is_some(), "the model goes on");
    let prompt = table.flow.prompt();
    let last = prompt.lines.last().expect("lines");
    assert_eq!((last.role, last.text.reveal()), (ContextRole::LookedUp, "10:00"));
    assert!(
        !table
            .lines(Speaker::Agent)
            .contains(&"One moment, I am looking that up."),
        "it was quick"
    );
}

#[test]
fn a_slow_service_is_excused_and_a_silent_one_given_up() {
    let mut table = asked(tools(), "What is free on Friday?");
    table.model_says(vec![looks_up("Friday?")]);
    table.reply = None;
    table.pass(3_000);
    assert_eq!(
        table.lines(Speaker::Agent).last(),
        Some(&"One moment, I am looking that up.")
    );
    table.pass(13_000);
    assert!(table.reply.is_some(), "the model is told that nothing came of it");
    let lines = table.flow.prompt().lines;
    assert!(
        lines
            .last()
            .is_some_and(|line| line.text.reveal().contains("could not be looked up"))
    );
    let excuses = table
        .lines(Speaker::Agent)
        .iter()
        .filter(|line| line.contains("looking that up"))
        .count();
    assert_eq!(excuses, 1);
    assert!(!table.lines(Speaker::Agent).contains(&"Are you still there?"));
}

#[test]
fn one_question_at_a_time_and_not_without_end() {
    let mut table = asked(tools(), "What is free?");
    for day in 0..30 {
        table.model_says(vec![looks_up("Monday?"), looks_up(&format!("Day {day}?"))]);
        table.tell(Event::LookedUp(None));
        table.pass(200);
        if table.reply.is_none() {
            table.person_says("And then?", 500);
        }
    }
    assert_eq!(table.looked_up(), ["Monday?"; 10]);
}

#[test]
fn an_answer_that_comes_during_a_take_over_waits() {
    let mut table = asked(tools(), "What is free?");
    table.model_says(vec![looks_up("Friday?")]);
    let (mia, identity) = (supervisor(1), voice_of(1));
    table.tell(Event::SupervisorJoined(identity));
    table.tell(Event::TakeOver(mia));
    table.reply = None;
    table.tell(Event::LookedUp(Some("10:00".into())));
    table.pass(1_000);
    assert_eq!(table.reply, None, "a supervisor speaks");
    assert!(
        table
            .flow
            .prompt()
            .lines
            .iter()
            .any(|line| line.role == ContextRole::LookedUp)
    );
}

#[test]
fn a_menu_is_answered_with_keys_and_the_person_behind_it_hears_who_calls() {
    let mut table = table(tools());
    table.tell(Event::Answered);
    table.person_says(MENU, 5_000);
    table.pass(2_000);
    table.model_says(vec![words("I would like sales, please."), presses("1")]);
    assert_eq!(table.pressed(), "1");
    table.pass(3_000);
    assert!(table.lines(Speaker::Agent).is_empty(), "nothing is said to a menu");
    table.reply = None;
    table.person_says("For tea, press one. For coffee, press two.", 4_000);
    table.pass(2_000);
    table.model_says(vec![presses("1"), uses(ToolUse::Transfer), ReplyNews::EndCall]);
    assert_eq!(table.pressed(), "11");
    table.pass(4_000);
    table.person_says("Tea Company, this is Susan, how can I help you?", 2_000);
    table.pass(4_000);
    let lines = table.lines(Speaker::Agent);
    assert_eq!(lines.first(), Some(&"Hello, this is the AI assistant of Tea Company."));
    assert_eq!((table.disposition(), table.transfers()), (None, 0));
}

#[test]
fn a_menu_in_which_nothing_is_pressed_is_left() {
    let mut table = table(tools());
    table.tell(Event::Answered);
    table.person_says(MENU, 5_000);
    table.pass(2_000);
    table.model_says(vec![words("Hello?")]);
    assert_eq!(table.disposition(), Some(Disposition::PhoneMenu));
    assert!(table.lines(Speaker::Agent).is_empty());
}

#[test]
fn a_menu_that_leads_nowhere_is_left_after_a_while() {
    let mut table = table(tools());
    table.tell(Event::Answered);
    for _ in 0..20 {
        table.person_says(MENU, 5_000);
        table.pass(2_000);
        if table.disposition().is_some() {
            break;
        }
        if table.reply.is_some() {
            table.model_says(vec![presses("1")]);
            table.reply = None;
        }
    }
    assert_eq!(table.disposition(), Some(Disposition::PhoneMenu));
    assert!((2..=6).contains(&table.pressed().len()), "{}", table.pressed());
}

#[test]
fn a_voicemail_that_the_model_notices_gets_the_message() {
    let mut table = asked(
        AgentTools::default(),
        "Susan is out in the garden with the tomatoes today.",
    );
    assert!(table.flow.prompt().allowed.voicemail);
    table.model_says(vec![uses(ToolUse::LeaveVoicemail)]);
    table.pass(8_000);
    assert_eq!(table.disposition(), Some(Disposition::VoicemailLeft));
    assert!(table.lines(Speaker::Agent).contains(&"We will try again."));
}

#[test]
fn in_the_middle_of_a_conversation_nobody_is_taken_for_a_voicemail() {
    let mut table = asked(AgentTools::default(), "Yes?");
    for _ in 0..3 {
        table.model_says(vec![words("I see.")]);
        table.pass(1_500);
        table.person_says("And then?", 500);
    }
    assert!(!table.flow.prompt().allowed.voicemail);
    table.model_says(vec![uses(ToolUse::LeaveVoicemail), words("Well.")]);
    table.pass(2_000);
    assert_eq!(table.disposition(), None);
    assert!(!table.lines(Speaker::Agent).contains(&"We will try again."));
}
