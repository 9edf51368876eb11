use super::*;
use domain::{
    Personal,
    results::{FieldKind, ResultField},
};
use voice::{meter::UsageMeter, ports::ContextLine};

const SCRIPT: &str = "You are calling Ada on behalf of Example Company about their yearly service appointment.";
const OPENING: &str = "Hello Ada, this is the AI assistant of Example Company. Do you have a minute?";

fn prompt(lines: &[(ContextRole, &str)]) -> Prompt {
    Prompt {
        script: SCRIPT.into(),
        result_fields: ResultField::template(),
        lines: lines
            .iter()
            .map(|(role, text)| ContextLine {
                role: *role,
                text: Personal::new(*text),
            })
            .collect(),
        ..Prompt::default()
    }
}

fn next(lines: &[(ContextRole, &str)]) -> Reply {
    let prompt = prompt(lines);
    reply(&prompt, &read(&prompt))
}

use ContextRole::{Agent, Person, Supervisor};

#[test]
fn goes_through_the_script_and_ends() {
    let mut lines = vec![(Agent, OPENING), (Person, "Yes, I have a minute.")];
    let first = next(&lines);
    assert_eq!(
        first.words,
        "I am calling on behalf of Example Company about your yearly service appointment. Do you want an appointment?"
    );
    lines.extend([(Agent, "Do you want an appointment?"), (Person, "Yes, please.")]);
    let second = next(&lines);
    assert_eq!(second.words, "Thank you. Which day suits you?");
    assert_eq!(second.facts, [("interested".to_owned(), Value::from(true))]);
    lines.extend([(Agent, "Thank you. Which day suits you?"), (Person, "Friday is fine.")]);
    let last = next(&lines);
    assert!(last.ends && last.words.ends_with("Goodbye."), "{last:?}");
    assert_eq!(last.facts, [("preferred_day".to_owned(), Value::from("Friday"))]);
}

#[test]
fn asks_no_day_of_somebody_who_wants_no_appointment() {
    let reply = next(&[(Agent, "Do you want an appointment?"), (Person, "No, thank you.")]);
    assert!(reply.ends);
    assert_eq!(reply.facts, [("interested".to_owned(), Value::from(false))]);
}

#[test]
fn calls_back_when_the_person_says() {
    let reply = next(&[
        (Agent, OPENING),
        (Person, "This is a bad time. Can you call me back tomorrow at ten?"),
    ]);
    assert_eq!(reply.call_back.as_deref(), Some("tomorrow at ten"));
    assert!(reply.ends);
    let ask = next(&[(Agent, OPENING), (Person, "Please call me back.")]);
    assert_eq!(
        (ask.words.as_str(), ask.ends),
        ("When would be a better time to call you?", false)
    );
    let then = next(&[
        (Agent, OPENING),
        (Person, "Please call me back."),
        (Agent, "When would be a better time to call you?"),
        (Person, "Thursday afternoon would be good."),
    ]);
    assert_eq!(then.call_back.as_deref(), Some("Thursday afternoon"));
    assert_eq!(
        then.words,
        "All right, we will call you back on Thursday afternoon. Goodbye."
    );
}

#[test]
fn answers_questions_and_takes_up_its_own() {
    let reply = next(&[(Agent, "Do you want an appointment?"), (Person, "What does it cost?")]);
    assert!(reply.words.ends_with("Do you want an appointment?"), "{}", reply.words);
    let robot = next(&[(Agent, OPENING), (Person, "Wait, is this a robot?")]);
    assert!(
        robot.words.starts_with("Yes, I am an AI assistant, not a person."),
        "{}",
        robot.words
    );
}

#[test]
fn gives_up_a_question_that_is_not_answered_twice() {
    let reply = next(&[
        (Agent, "Do you want an appointment?"),
        (Person, "Hm."),
        (Agent, "Okay. Do you want an appointment?"),
        (Person, "Well."),
    ]);
    assert_eq!(reply.words, "Never mind. Which day suits you?");
    assert!(reply.facts.is_empty());
}

#[test]
fn invents_no_result_for_somebody_who_is_not_interested() {
    let mut prompt = prompt(&[(Agent, "Do you own a car?"), (Person, "Sorry, not interested. Bye.")]);
    prompt.result_fields = vec![ResultField {
        name: "car".to_owned(),
        kind: FieldKind::YesNo,
        description: "Whether the customer owns a car".to_owned(),
    }];
    assert_eq!(reply(&prompt, &read(&prompt)).facts, []);
    let wanted = next(&[(Agent, "Do you want an appointment?"), (Person, "I am not interested.")]);
    assert_eq!(wanted.facts, [("interested".to_owned(), Value::from(false))]);
}

#[test]
fn does_not_press_somebody_who_does_not_know() {
    let reply = next(&[
        (Agent, "Do you want an appointment?"),
        (Person, "Yes, please."),
        (Agent, "Thank you. Which day suits you?"),
        (Person, "I would have to look that up."),
    ]);
    assert!(reply.ends && reply.words.starts_with("Never mind."), "{}", reply.words);
}

#[test]
fn says_who_calls_and_how_many_questions_there_are() {
    let who = next(&[(Agent, OPENING), (Person, "Who are you calling for?")]);
    assert_eq!(who.words.matches("Example Company").count(), 1, "{}", who.words);
    let long = next(&[(Agent, OPENING), (Person, "How long does it take?")]);
    assert!(
        long.words.starts_with("There are only two questions."),
        "{}",
        long.words
    );
}

#[test]
fn heeds_a_whisper_without_reading_it_out() {
    let reply = next(&[(Agent, OPENING), (Person, "Yes."), (Supervisor, "Please wrap up.")]);
    assert!(reply.ends && !reply.words.contains("wrap up"));
}

#[tokio::test(start_paused = true)]
async fn draws_results_that_the_campaign_asked_for() {
    let model = ScriptedLanguageModel::new(1.0);
    let lines = [
        (Agent, "Do you want an appointment?"),
        (Person, "Yes."),
        (Agent, "Thank you. Which day suits you?"),
        (Person, "I would have to look that up."),
    ];
    let transcript = lines.iter().zip(3..).map(|((role, text), position)| TranscriptLine {
        position,
        speaker: if *role == Agent {
            Speaker::Agent
        } else {
            Speaker::Person
        },
        text: Personal::new(*text),
    });
    let question = ResultsQuestion {
        script: SCRIPT.into(),
        result_fields: ResultField::template(),
        transcript: transcript.collect(),
        language: "en-US".to_owned(),
        day: None,
        unhurried: false,
        meter: UsageMeter::default(),
    };
    let drawn = model.results(question.clone()).await.expect("results");
    let results = drawn.checked(&question.result_fields, &question.transcript);
    assert_eq!(results.fields.len(), 1);
    let line = results.evidence["interested"].lines.first().expect("a line");
    let said = question.transcript.iter().find(|said| said.position == *line);
    assert_eq!(said.map(|said| said.speaker), Some(Speaker::Person));
    assert_eq!(results.sentiment.map(|sentiment| sentiment.mood), Some(Mood::Positive));
    assert_eq!(
        results.summary.as_deref(),
        Some("The person answered 1 of 2 questions. Interested: yes.")
    );
    let parts: Vec<_> = model.reply(prompt(&lines)).await.expect("a reply").collect().await;
    assert!(matches!(parts.first(), Some(Ok(ReplyPart::Words(_)))));
}
