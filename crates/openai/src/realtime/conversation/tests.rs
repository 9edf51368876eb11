use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::results::ResultField;
use voice::ports::{ContextLine, ContextRole};

type Told = mpsc::UnboundedReceiver<Result<Option<ReplyPart>, Failure>>;

/// A conversation, and what was sent in it.
struct Stage {
    conversation: Conversation,
    sent: Vec<Value>,
}

impl Stage {
    fn new() -> Self {
        Self {
            conversation: Conversation::new(None).expect("a rate"),
            sent: Vec::new(),
        }
    }

    fn order(&mut self, order: Order) {
        let events = self.conversation.order(order).expect("of use");
        self.sent.extend(events);
    }

    fn event(&mut self, event: Value) {
        let event = serde_json::from_value(event).expect("an event");
        let events = self.conversation.event(event).expect("of use");
        self.sent.extend(events);
    }

    /// Kinds of what was sent since the last look.
    fn sent(&mut self) -> Vec<String> {
        let sent = mem::take(&mut self.sent);
        sent.iter()
            .map(|event| event["type"].as_str().expect("a kind").to_owned())
            .collect()
    }

    fn reply(&mut self, number: u32) -> Told {
        let (parts, told) = mpsc::unbounded_channel();
        self.order(Order::Reply(number, Box::new(prompt(&["Yes."])), parts));
        told
    }

    fn begin(&mut self, id: &str) {
        self.event(json!({ "type": "response.created", "response": { "id": id, "status": "in_progress" } }));
        let item = json!({ "id": format!("item_{id}"), "type": "message", "role": "assistant" });
        self.event(json!({ "type": "response.output_item.added", "response_id": id, "item": item }));
    }

    fn say(&mut self, id: &str, words: &str, seconds: usize) {
        self.event(json!({ "type": "response.output_audio_transcript.delta", "response_id": id, "delta": words }));
        let bytes: Vec<u8> = (0..seconds * 24_000).flat_map(|_| 900_i16.to_le_bytes()).collect();
        let sound = STANDARD.encode(bytes);
        self.event(json!({ "type": "response.output_audio.delta", "response_id": id, "delta": sound }));
    }

    fn done(&mut self, id: &str, status: &str, output: Value) {
        let response = json!({ "id": id, "status": status, "output": output, "usage": { "total_tokens": 9 } });
        self.event(json!({ "type": "response.done", "response": response }));
    }
}

fn prompt(person: &[&str]) -> Prompt {
    Prompt {
        script: "Sell nothing.".into(),
        result_fields: ResultField::template(),
        lines: person
            .iter()
            .map(|text| ContextLine {
                role: ContextRole::Person,
                text: (*text).into(),
            })
            .collect(),
        ..Prompt::default()
    }
}

fn told(told: &mut Told) -> Vec<Result<Option<ReplyPart>, Failure>> {
    std::iter::from_fn(|| told.try_recv().ok())
        .filter(|part| !matches!(part, Ok(Some(ReplyPart::Sound(_)))))
        .collect()
}

fn tool(name: &str, arguments: &str) -> Value {
    json!([{ "type": "function_call", "id": "f", "call_id": "c", "name": name, "arguments": arguments }])
}

#[test]
fn a_turn_is_heard_and_answered() {
    let mut stage = Stage::new();
    stage.order(Order::Listen(0));
    assert!(stage.sent().is_empty(), "there is nothing to clear");
    for _ in 0..10 {
        stage.order(Order::Hear(0, Frame::new([500; 320])));
    }
    let (tell, mut text) = oneshot::channel();
    stage.order(Order::Commit(0, tell));
    assert_eq!(
        stage.sent().last().map(String::as_str),
        Some("input_audio_buffer.commit")
    );
    stage.event(json!({ "type": "input_audio_buffer.committed", "item_id": "p" }));
    assert!(text.try_recv().is_err());
    let kind = "conversation.item.input_audio_transcription.completed";
    stage.event(json!({ "type": kind, "item_id": "p", "transcript": "Yes. " }));
    assert_eq!(text.try_recv().expect("told"), Ok("Yes.".to_owned()));
    let mut parts = stage.reply(0);
    let update = stage.sent[0]["session"].clone();
    assert_eq!(
        stage.sent(),
        ["session.update", "response.create"],
        "the model has heard it itself"
    );
    assert!(
        update["instructions"]
            .as_str()
            .expect("a text")
            .contains("Sell nothing.")
    );
    let names: Vec<&str> = update["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(names[0], "record_results");
    assert_eq!(update["tools"][0]["type"], "function");
    stage.begin("a");
    stage.say("a", "How nice.", 1);
    stage.done("a", "completed", json!([]));
    let words = Ok(Some(ReplyPart::Words("How nice.".to_owned())));
    assert_eq!(told(&mut parts), [Ok(Some(ReplyPart::Aloud)), words, Ok(None)]);
    let _ = stage.reply(1);
    assert_eq!(
        stage.sent(),
        ["conversation.item.delete", "response.create"],
        "nobody heard it, and nothing else is new"
    );
}

#[test]
fn who_is_interrupted_remembers_what_was_heard() {
    let mut stage = Stage::new();
    let _parts = stage.reply(0);
    stage.begin("a");
    stage.say("a", "Once upon a time there was a king", 2);
    stage.sent();
    stage.order(Order::WasHeard(540));
    let cut = stage.sent[1].clone();
    assert_eq!(stage.sent(), ["response.cancel", "conversation.item.truncate"]);
    assert_eq!((&cut["item_id"], &cut["audio_end_ms"]), (&json!("item_a"), &json!(540)));
    stage.order(Order::WasHeard(540));
    assert!(stage.sent().is_empty(), "it is told once");
    stage.done("a", "cancelled", json!([]));

    // Made faster than it is played.
    let _parts = stage.reply(1);
    stage.begin("b");
    stage.say("b", "Once upon a time", 2);
    stage.done("b", "completed", json!([]));
    stage.sent();
    stage.order(Order::WasHeard(700));
    assert_eq!(stage.sent(), ["conversation.item.truncate"]);
    let _parts = stage.reply(2);
    stage.begin("c");
    stage.say("c", "Once upon a time", 2);
    stage.done("c", "completed", json!([]));
    stage.sent();
    stage.order(Order::WasHeard(2_000));
    assert!(stage.sent().is_empty(), "it was heard whole");
}

#[test]
fn there_is_one_answer_at_a_time() {
    let mut stage = Stage::new();
    let mut first = stage.reply(0);
    stage.sent();
    // It is not wanted before the other side has named it.
    stage.order(Order::Cancel(0));
    let mut second = stage.reply(1);
    assert!(stage.sent().is_empty());
    stage.begin("a");
    assert_eq!(stage.sent(), ["response.cancel"]);
    stage.say("a", "Too late", 1);
    stage.done("a", "cancelled", json!([]));
    assert_eq!(stage.sent().last().map(String::as_str), Some("response.create"));
    assert!(told(&mut first).is_empty());
    stage.begin("b");
    stage.say("a", "Much too late", 1);
    assert!(told(&mut second).is_empty(), "that was another answer");
    stage.say("b", "Yes", 1);
    assert_eq!(told(&mut second).len(), 2);
    stage.order(Order::Cancel(0));
    assert!(stage.sent().is_empty(), "that one is long over");
    stage.done("b", "completed", json!([]));
    assert_eq!(told(&mut second), [Ok(None)]);
}

#[test]
fn tools_are_used_by_the_same_rules_as_everywhere() {
    let mut stage = Stage::new();
    let mut parts = stage.reply(0);
    stage.begin("a");
    stage.sent();
    stage.done(
        "a",
        "completed",
        tool("record_results", "{\"interested\": true, \"price\": 5}"),
    );
    let recorded = ReplyPart::Result {
        field: "interested".to_owned(),
        value: json!(true),
    };
    assert_eq!(told(&mut parts), [Ok(Some(recorded))]);
    let second = stage.sent[1]["response"]["tool_choice"].clone();
    assert_eq!(stage.sent(), ["conversation.item.create", "response.create"]);
    assert_eq!(second, "none", "now it is to speak");
    stage.begin("b");
    stage.done("b", "completed", tool("buy_a_house", "{}"));
    assert_eq!(stage.sent(), ["conversation.item.create"], "there is no third round");
    assert_eq!(told(&mut parts), [Ok(None)]);

    let mut parts = stage.reply(1);
    stage.begin("c");
    stage.say("c", "Goodbye.", 1);
    let item = tool("end_call", "nonsense")[0].clone();
    stage.event(json!({ "type": "response.output_item.done", "response_id": "c", "item": item }));
    stage.done("c", "completed", tool("end_call", "nonsense"));
    let end: Vec<_> = told(&mut parts).into_iter().skip(2).collect();
    assert_eq!(end, [Ok(Some(ReplyPart::EndCall)), Ok(None)]);
    let long = "x".repeat(LONGEST_ARGUMENTS + 1);
    let mut parts = stage.reply(2);
    stage.begin("d");
    stage.done("d", "completed", tool("note_call_back", &long));
    assert_eq!(told(&mut parts), [Ok(None)]);
}

#[test]
fn failures_are_told_where_they_belong() {
    let error =
        |id: &str, code: &str| json!({ "type": "error", "error": { "event_id": id, "code": code, "message": "Ada" } });
    let mut stage = Stage::new();
    stage.event(error("tidy_3", "item_not_found"));
    stage.event(error("x", "response_cancel_not_active"));
    let (tell, mut text) = oneshot::channel();
    stage.order(Order::Listen(1));
    stage.order(Order::Commit(1, tell));
    stage.event(error("commit", "input_audio_buffer_commit_empty"));
    assert_eq!(text.try_recv().expect("told"), Ok(String::new()));
    let (tell, mut text) = oneshot::channel();
    stage.order(Order::Listen(1));
    stage.order(Order::Commit(1, tell));
    stage.event(error("commit", "server_error"));
    assert!(text.try_recv().expect("told").is_err());
    let mut parts = stage.reply(0);
    stage.event(error("reply", "rate_limit_exceeded"));
    assert!(matches!(told(&mut parts)[..], [Err(Failure::Busy(_))]));
    let mut parts = stage.reply(1);
    stage.begin("b");
    let details = json!({ "error": { "type": "server_error" } });
    let response = json!({ "id": "b", "status": "failed", "status_details": details });
    stage.event(json!({ "type": "response.done", "response": response }));
    assert!(matches!(told(&mut parts)[..], [Err(Failure::Broken(..))]));
    let mut parts = stage.reply(2);
    stage.begin("c");
    stage.event(json!({ "type": "response.output_audio.delta", "response_id": "c", "delta": "%%%" }));
    assert!(matches!(told(&mut parts)[..], [Err(Failure::Nonsense(_))]));
    stage.done("c", "completed", json!([]));
    let expired = serde_json::from_value(error("", "session_expired")).expect("an event");
    assert_eq!(stage.conversation.event(expired), Err(Failure::BrokeOff));
}

#[test]
fn utterances_do_not_mix() {
    let mut stage = Stage::new();
    stage.order(Order::Listen(0));
    stage.order(Order::Hear(0, Frame::new([500; 320])));
    stage.order(Order::Listen(1));
    assert_eq!(stage.sent(), ["input_audio_buffer.append", "input_audio_buffer.clear"]);
    stage.order(Order::Hear(0, Frame::new([500; 320])));
    let (tell, mut text) = oneshot::channel();
    stage.order(Order::Commit(0, tell));
    assert!(
        stage.sent().is_empty(),
        "what is left of the first is heard by somebody else"
    );
    assert!(text.try_recv().expect("told").is_err());
    stage.order(Order::Hear(1, Frame::new([500; 320])));
    assert_eq!(stage.sent(), ["input_audio_buffer.append"]);
}
