use crate::vendor::{Act, End, KEY, NoChance, Vendor, answers, events, let_pass, odd, refuses, says, streamed, tool};
use domain::{
    conversation::Speaker,
    results::{ResultField, TranscriptLine},
};
use futures::{StreamExt, stream::BoxStream};
use openai::{OpenAiLanguageModel, http_client, settings::ChatSettings};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use voice::{
    meter::UsageMeter,
    ports::{ContextLine, ContextRole, LanguageModel, Prompt, ReplyPart, ResultsQuestion, VoiceError},
};

const LONG: Duration = Duration::from_secs(20);

fn model(vendor: &Vendor, fallback_model: Option<&str>) -> OpenAiLanguageModel {
    let settings = ChatSettings {
        service: vendor.service(fallback_model),
        language: None,
    };
    OpenAiLanguageModel::new(&settings, http_client().expect("a client"), Arc::new(NoChance)).expect("set up")
}

fn prompt() -> Prompt {
    let line = |role, text: &str| ContextLine {
        role,
        text: text.into(),
    };
    Prompt {
        script: "Ask for an appointment.".into(),
        result_fields: ResultField::template(),
        lines: vec![line(ContextRole::Agent, "Hello."), line(ContextRole::Person, "Hi.")],
        ..Prompt::default()
    }
}

fn question() -> ResultsQuestion {
    let speakers = [Speaker::Agent, Speaker::Person];
    let lines = speakers.into_iter().zip(0..).map(|(speaker, position)| TranscriptLine {
        position,
        speaker,
        text: "Friday.".into(),
    });
    ResultsQuestion {
        script: "Ask for an appointment.".into(),
        result_fields: ResultField::template(),
        transcript: lines.collect(),
        language: "en".to_owned(),
        day: None,
        unhurried: false,
        meter: UsageMeter::default(),
    }
}

type Parts = BoxStream<'static, Result<ReplyPart, VoiceError>>;

async fn all(parts: Parts) -> Vec<Result<ReplyPart, VoiceError>> {
    tokio::time::timeout(LONG, parts.collect()).await.expect("it ends")
}

/// All parts, words joined.
async fn ask(model: &OpenAiLanguageModel) -> Result<(String, Vec<ReplyPart>), VoiceError> {
    let parts = tokio::time::timeout(LONG, model.reply(prompt()))
        .await
        .expect("it answers")?;
    let (mut words, mut others) = (String::new(), Vec::new());
    for part in all(parts).await {
        match part? {
            ReplyPart::Words(more) => words.push_str(&more),
            other => others.push(other),
        }
    }
    Ok((words, others))
}

/// Nothing of the answer or the key is in it.
fn is_discreet(error: &VoiceError) {
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2") && !text.contains("Ada"), "{text}");
}

#[tokio::test]
async fn words_arrive_whole_however_they_are_cut() {
    let words = ["Grüße", " aus Köln 👋", " – und", " nun?"];
    let vendor = Vendor::start(move |_, _| says(&words)).await;
    let model = model(&vendor, None);
    assert!(model.trouble().is_some(), "it has never answered");
    let (said, others) = ask(&model).await.expect("an answer");
    assert_eq!(said, words.concat());
    assert!(others.is_empty());
    assert_eq!(model.trouble(), None);
    let asked = &vendor.asked()[0];
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!((asked.model(), &asked.json["stream"]), ("first", &json!(true)));
    assert_eq!(asked.json["messages"][2]["content"], "Hi.");
    vendor.all_closed().await;
}

#[tokio::test]
async fn a_busy_service_is_asked_again_when_it_wants_to_be() {
    let vendor = Vendor::start(|_, before| match before {
        0 => Act::Refuse(429, vec![("retry-after-ms", "400")], String::new()),
        1 => refuses(503),
        _ => says(&["Yes."]),
    })
    .await;
    let began = Instant::now();
    assert_eq!(ask(&model(&vendor, None)).await.expect("an answer").0, "Yes.");
    assert!(began.elapsed() >= Duration::from_millis(400 + 200));
    assert_eq!(vendor.asked().len(), 3);
}

#[tokio::test]
async fn the_fallback_model_answers_for_one_that_does_not() {
    let vendor = Vendor::start(|asked, _| match asked.model() {
        "first" => refuses(500),
        _ => says(&["Second."]),
    })
    .await;
    assert_eq!(
        ask(&model(&vendor, Some("second"))).await.expect("an answer").0,
        "Second."
    );
    let asked = vendor.asked();
    let models: Vec<&str> = asked.iter().map(|asked| asked.model()).collect();
    assert_eq!(models, ["first", "first", "second"]);
}

#[tokio::test]
async fn a_wrong_key_is_tried_once_and_told_without_showing_it() {
    let vendor = Vendor::start(|_, _| refuses(401)).await;
    let model = model(&vendor, Some("second"));
    let error = ask(&model).await.expect_err("refused");
    is_discreet(&error);
    assert_eq!(vendor.asked().len(), 1);
    let trouble = model.trouble().expect("known");
    assert!(
        trouble.contains("language model") && trouble.contains("key"),
        "{trouble}"
    );
    is_discreet(&ask(&model).await.expect_err("paused"));
    assert_eq!(vendor.asked().len(), 1, "it is left alone");
}

#[tokio::test]
async fn an_empty_account_is_not_asked_again_and_again() {
    let body = json!({ "error": { "code": "insufficient_quota", "message": "Ada" } }).to_string();
    let vendor = Vendor::start(move |_, _| Act::Refuse(429, vec![("retry-after", "0")], body.clone())).await;
    let model = model(&vendor, None);
    is_discreet(&ask(&model).await.expect_err("refused"));
    assert_eq!(vendor.asked().len(), 1);
    assert!(model.trouble().is_some_and(|trouble| trouble.contains("quota")));
}

#[tokio::test]
async fn three_broken_answers_stop_calls_until_it_works_again() {
    let vendor = Vendor::start(|_, before| match before {
        1..4 => Act::Pieces(
            "text/event-stream",
            odd(&events(&[json!({ "content": "Well, " })], None)),
            End::BreaksOff,
        ),
        4 => refuses(400),
        _ => answers(&json!({ "choices": [{ "message": { "content": "Yes." } }] })),
    })
    .await;
    let model = model(&vendor, None);
    model.recover().await;
    assert_eq!(model.trouble(), None, "it was tried at the start");
    for _ in 0..3 {
        assert_eq!(model.trouble(), None);
        let parts = all(model.reply(prompt()).await.expect("begins")).await;
        assert_eq!(parts[0].as_ref().ok(), Some(&ReplyPart::Words("Well, ".to_owned())));
        is_discreet(parts.last().expect("parts").as_ref().expect_err("broke off"));
    }
    assert!(model.trouble().is_some_and(|trouble| trouble.contains("broke off")));
    model.recover().await;
    assert_eq!(vendor.asked().len(), 4, "it is left alone for a while");
    vendor.all_closed().await;
    let_pass(Duration::from_secs(6)).await;
    model.recover().await;
    assert!(model.trouble().is_some_and(|trouble| trouble.contains("400")));
    let_pass(Duration::from_secs(11)).await;
    model.recover().await;
    assert_eq!((model.trouble(), vendor.asked().len()), (None, 6));
}

#[tokio::test]
async fn who_stops_listening_leaves_no_request_open() {
    let vendor = Vendor::start(|_, before| match before {
        0 => Act::Pieces(
            "text/event-stream",
            odd(&events(&[json!({ "content": "I was" })], None)),
            End::Stalls,
        ),
        _ => Act::Silent,
    })
    .await;
    let model = Arc::new(model(&vendor, None));
    // A barge-in while it talks.
    let mut parts = model.reply(prompt()).await.expect("begins");
    let first = tokio::time::timeout(LONG, parts.next()).await.expect("in time");
    assert_eq!(
        first.expect("words").expect("good"),
        ReplyPart::Words("I was".to_owned())
    );
    vendor.open_is(1).await;
    drop(parts);
    vendor.all_closed().await;
    // A hang-up while it thinks.
    let thinking = {
        let model = Arc::clone(&model);
        tokio::spawn(async move { model.reply(prompt()).await.map(drop) })
    };
    vendor.open_is(1).await;
    thinking.abort();
    vendor.all_closed().await;
    assert_eq!(vendor.asked().len(), 2);
}

#[tokio::test]
async fn a_model_that_only_uses_tools_gets_to_speak() {
    let vendor = Vendor::start(|_, before| match before {
        0 => streamed(&[tool(
            "record_results",
            &json!({ "interested": true, "preferred_day": 3, "x": 1 }),
        )]),
        _ => streamed(&[json!({ "content": "Noted. Goodbye." }), tool("end_call", &json!({}))]),
    })
    .await;
    let (said, others) = ask(&model(&vendor, None)).await.expect("an answer");
    let interested = ReplyPart::Result {
        field: "interested".to_owned(),
        value: true.into(),
    };
    assert_eq!(said, "Noted. Goodbye.");
    assert_eq!(others, [interested, ReplyPart::EndCall]);
    let second = &vendor.asked()[1].json;
    assert_eq!(second["tool_choice"], "none");
    assert_eq!(second["messages"][4]["tool_call_id"], "call_a");
}

#[tokio::test]
async fn nothing_json_and_unknown_tools_are_not_spoken() {
    let vendor = Vendor::start(|_, before| match before {
        0 => streamed(&[]),
        1 => says(&["{\"mood\":", " \"good\"}"]),
        2 => streamed(&[tool("transfer_money", &json!({ "to": "me" }))]),
        3 => streamed(&[tool("transfer_money", &json!({ "to": "me" }))]),
        _ => Act::Pieces(
            "text/event-stream",
            vec![b"data: {\"choices\": [nonsense\n\n".to_vec()],
            End::Whole,
        ),
    })
    .await;
    let model = model(&vendor, None);
    assert_eq!(ask(&model).await.expect("empty"), (String::new(), Vec::new()));
    assert!(matches!(ask(&model).await, Err(VoiceError::Nonsense(_))));
    assert_eq!(ask(&model).await.expect("empty"), (String::new(), Vec::new()));
    assert_eq!(vendor.asked().len(), 4, "it was told once that there is no such tool");
    let error = ask(&model).await.expect_err("no JSON");
    assert!(matches!(error, VoiceError::Nonsense(_)), "{error}");
}

#[tokio::test]
async fn results_are_drawn_and_never_invented() {
    let drawn = json!({
        "fields": {
            "interested": { "value": true, "lines": [7] }, "preferred_day": { "value": "Friday", "lines": [1, 7] },
            "other": { "value": 1, "lines": [1] },
        },
        "summary": { "text": "They want Friday.", "lines": [1] }, "mood": { "value": "neutral", "lines": [1] },
        "call_back": null, "reason": "hacked",
    });
    let vendor = Vendor::start(move |asked, before| {
        if asked.json["response_format"].is_object() && before == 0 {
            return refuses(400);
        }
        let content = match before {
            3 => "I cannot say.".to_owned(),
            _ => format!("```json\n{drawn}\n```"),
        };
        answers(&json!({ "choices": [{ "message": { "role": "assistant", "content": content } }] }))
    })
    .await;
    let model = model(&vendor, None);
    for _ in 0..2 {
        let question = question();
        let drawn = model.results(question.clone()).await.expect("results");
        let results = drawn.checked(&question.result_fields, &question.transcript);
        assert_eq!(
            results.fields.into_iter().collect::<Vec<_>>(),
            [("preferred_day".to_owned(), json!("Friday"))]
        );
        assert_eq!(results.summary.as_deref(), Some("They want Friday."));
        assert_eq!((results.call_back, results.reason), (None, None));
        assert_eq!(results.evidence["preferred_day"].lines, [1]);
        assert!(results.unsupported.contains("interested") && results.sentiment.is_some());
    }
    assert_eq!(
        vendor.asked().len(),
        3,
        "a service that knows no schemas is asked without"
    );
    let structured = &vendor.asked()[0].json["response_format"]["json_schema"];
    assert_eq!(
        (&structured["strict"], &structured["name"]),
        (&json!(true), &json!("results"))
    );
    assert!(matches!(model.results(question()).await, Err(VoiceError::Nonsense(_))));
}

#[tokio::test]
async fn a_query_of_the_address_comes_along() {
    let vendor = Vendor::start(|_, _| says(&["Yes."])).await;
    let mut service = vendor.service(None);
    service.base_url = format!("{}?api-version=2024-10-21", vendor.base_url)
        .parse()
        .expect("an address");
    let settings = ChatSettings {
        service,
        language: None,
    };
    let model =
        OpenAiLanguageModel::new(&settings, http_client().expect("a client"), Arc::new(NoChance)).expect("set up");
    ask(&model).await.expect("an answer");
    assert_eq!(vendor.asked()[0].query, "api-version=2024-10-21");
    assert_eq!(vendor.asked()[0].path, "/v1/chat/completions");
}

/// What was used of a model that is asked once.
async fn used(vendor: &Vendor, reads_to_the_end: bool) -> domain::cost::Usage {
    let prompt = prompt();
    let meter = prompt.meter.clone();
    let model = model(vendor, None);
    let mut parts = model.reply(prompt).await.expect("an answer");
    parts.next().await.expect("words").expect("good");
    if reads_to_the_end {
        all(parts).await;
    } else {
        drop(parts);
    }
    meter.usage()
}

#[tokio::test]
async fn tokens_are_those_the_service_tells_or_are_reckoned() {
    let told = Vendor::start(|asked, _| {
        assert_eq!(asked.json["stream_options"]["include_usage"], true);
        let pieces = events(&[json!({ "content": "Good morning." })], Some("stop"));
        let mut pieces = String::from_utf8(pieces).expect("a text");
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 321, "completion_tokens": 9 } });
        let last = format!("data: {usage}\n\n");
        let done = pieces.find("data: [DONE]").unwrap_or(pieces.len());
        pieces.insert_str(done, &last);
        Act::Pieces("text/event-stream", odd(pieces.as_bytes()), End::Whole)
    })
    .await;
    let usage = used(&told, true).await;
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.estimated),
        (321, 9, false)
    );

    // It is interrupted before it tells.
    let usage = used(&told, false).await;
    assert!(usage.estimated && usage.input_tokens > 100, "{usage:?}");

    // It does not know the question, and is not asked again.
    let silent = Vendor::start(|asked, _| match asked.json.get("stream_options") {
        Some(_) => refuses(400),
        None => says(&["Good morning."]),
    })
    .await;
    let model = model(&silent, None);
    for _ in 0..2 {
        assert_eq!(ask(&model).await.expect("an answer").0, "Good morning.");
    }
    assert_eq!(silent.asked().len(), 3);
    let usage = used(&silent, true).await;
    assert!(usage.estimated && usage.output_tokens == 4, "{usage:?}");
}

#[tokio::test]
async fn drawing_results_is_counted_and_a_refusal_costs_nothing() {
    let vendor = Vendor::start(|_, before| match before {
        0 => answers(&json!({
            "choices": [{ "message": { "content": "{\"fields\": {}, \"summary\": \"Yes.\"}" } }],
            "usage": { "prompt_tokens": 50, "completion_tokens": 12 },
        })),
        _ => refuses(401),
    })
    .await;
    let question = question();
    let model = model(&vendor, None);
    model.results(question.clone()).await.expect("results");
    model.results(question.clone()).await.expect_err("refused");
    let usage = question.meter.usage();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens, usage.estimated),
        (50, 12, false)
    );
}
