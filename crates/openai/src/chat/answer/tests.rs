use super::*;
use proptest::prelude::*;

fn answer(chunks: &[Value]) -> Result<Whole, Failure> {
    let mut answer = Answer::default();
    let mut said = Vec::new();
    for chunk in chunks {
        let chunk = serde_json::from_value(chunk.clone()).expect("a chunk");
        said.extend(answer.push(chunk)?.map(ReplyPart::Words));
    }
    let whole = answer.finish(&ResultField::template())?;
    said.extend(whole.parts);
    Ok(Whole { parts: said, ..whole })
}

fn tool(index: Option<usize>, name: &str, arguments: &str) -> Value {
    json!({ "choices": [{ "delta": { "tool_calls": [
        { "index": index, "id": "c", "function": { "name": name, "arguments": arguments } },
    ] } }] })
}

fn end() -> Value {
    json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] })
}

#[test]
fn words_and_tools_become_parts() {
    let more = json!({ "choices": [{ "delta": { "tool_calls": [
        { "index": 0, "function": { "arguments": "true, \"preferred_day\": 7}" } },
    ] } }] });
    let whole = answer(&[
        json!({ "choices": [{ "delta": { "role": "assistant", "content": "Fine." } }] }),
        tool(Some(0), RECORD_RESULTS, "{\"interested\": "),
        more,
        tool(Some(1), END_CALL, ""),
        end(),
        json!({ "choices": [], "usage": {} }),
    ])
    .expect("an answer");
    let interested = ReplyPart::Result {
        field: "interested".to_owned(),
        value: true.into(),
    };
    assert_eq!(
        whole.parts,
        [ReplyPart::Words("Fine.".to_owned()), interested, ReplyPart::EndCall]
    );
    assert!(whole.go_on.is_none());
}

#[test]
fn a_model_that_only_used_tools_is_told_their_outcome() {
    let whole = answer(&[
        tool(
            None,
            CALL_BACK,
            "{\"when\": \"tomorrow\", \"at\": \"2026-11-30T10:00\"}",
        ),
        tool(None, "launch_rocket", "{}"),
        end(),
    ])
    .expect("an answer");
    assert_eq!(
        whole.parts,
        [ReplyPart::CallBack {
            when: "tomorrow".to_owned(),
            at: Some("2026-11-30T10:00".to_owned()),
        }]
    );
    let go_on = whole.go_on.expect("it waits");
    assert_eq!(go_on.len(), 3);
    assert_eq!(go_on[2]["content"], "Not possible. Go on talking.");
}

#[test]
fn what_a_campaign_has_to_allow_is_passed_on_and_its_outcome_is_seen_in_the_call() {
    let whole = answer(&[
        tool(Some(0), LOOK_UP, "{\"question\": \" Friday? \"}"),
        tool(Some(1), PRESS_KEYS, "{\"keys\": \"1#\"}"),
        tool(Some(2), TRANSFER, ""),
        tool(Some(3), LOOK_UP, "{\"question\": 7}"),
        end(),
    ])
    .expect("an answer");
    assert_eq!(
        whole.parts,
        [
            ReplyPart::Tool(ToolUse::LookUp("Friday?".into())),
            ReplyPart::Tool(ToolUse::Press("1#".to_owned())),
            ReplyPart::Tool(ToolUse::Transfer),
        ]
    );
    assert!(whole.go_on.is_none());
}

#[test]
fn what_breaks_off_or_reports_an_error_is_a_failure() {
    let words = json!({ "choices": [{ "delta": { "content": "Hel" } }] });
    assert_eq!(answer(&[words]).expect_err("no end"), Failure::BrokeOff);
    assert!(answer(&[json!({ "error": { "message": "overloaded" } })]).is_err());
    assert!(answer(&[tool(Some(9_999), END_CALL, ""), end()]).is_err());
    assert!(answer(&[tool(Some(0), RECORD_RESULTS, &"x".repeat(20_000)), end()]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever a model calls with whatever arguments: only facts that the campaign asked for, of the right kind.
    #[test]
    fn tools_do_nothing_but_what_they_are_for(
        calls in proptest::collection::vec(
            (
                proptest::sample::select(vec![
                    RECORD_RESULTS, CALL_BACK, DO_NOT_CALL, END_CALL, TRANSFER, PRESS_KEYS, VOICEMAIL, LOOK_UP, "dial", "", "eval",
                ]),
                "(\\{\"(interested|preferred_day|when|number|keys|question)\": (true|1|\"[a-z+0-9 ]{0,9}\"|null|\\[\\])\\}|.{0,12})",
            ),
            0..10,
        ),
    ) {
        let fields = ResultField::template();
        let mut chunks: Vec<Value> = calls.iter().enumerate().map(|(at, (name, arguments))| tool(Some(at), name, arguments)).collect();
        chunks.push(end());
        let whole = answer(&chunks).expect("it ended");
        for part in whole.parts {
            match part {
                ReplyPart::Result { field, value } => {
                    prop_assert!(fields.iter().any(|known| known.name == field && known.accepts(&value)));
                }
                ReplyPart::CallBack { when, .. } => prop_assert!(!when.is_empty()),
                ReplyPart::Tool(ToolUse::Press(text)) => prop_assert!(!text.is_empty()),
                ReplyPart::Tool(ToolUse::LookUp(text)) => prop_assert!(!text.is_empty()),
                ReplyPart::Tool(ToolUse::Transfer) => prop_assert!(calls.iter().any(|(name, _)| *name == TRANSFER)),
                ReplyPart::Tool(ToolUse::LeaveVoicemail) => {
                    prop_assert!(calls.iter().any(|(name, _)| *name == VOICEMAIL));
                }
                ReplyPart::DoNotCall => prop_assert!(calls.iter().any(|(name, _)| *name == DO_NOT_CALL)),
                ReplyPart::EndCall => {
                    prop_assert!(calls.iter().any(|(name, _)| [END_CALL, DO_NOT_CALL].contains(name)));
                }
                ReplyPart::Words(_) | ReplyPart::Aloud | ReplyPart::Sound(_) => prop_assert!(false, "{part:?}"),
            }
        }
    }
}
