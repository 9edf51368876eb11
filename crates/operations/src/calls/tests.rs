#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use super::*;
use crate::{campaigns, conversations as reading, leads, testing};
use domain::{
    CampaignId, ErrorKind, UnixMillis, WorkerId,
    access::Role,
    agent_state::AgentState,
    call_command::IssuedCommand,
    calling_hours::{GateEvidence, GateReason, LocalTime, Weekday, WeeklyHours},
    campaign::{CampaignCommand, CampaignContent},
    conversation::{Disposition, Speaker, TranscriptSegment},
    new_id,
    results::ConversationResults,
    views::{ConversationFilter, NewLead},
};
use std::{collections::BTreeMap, time::Duration};
use store::{
    PgPool,
    calls::{self as writing, EndedBy, Ending, NewRecording},
    claims::{self, ClaimRequest, Turn, Verdict},
    recordings::RecordingLock,
    workers,
};
use uuid::Uuid;

struct Stage {
    ops: Operations,
    manager: Caller,
    campaign: CampaignId,
    worker: WorkerId,
}

/// A running campaign with so many calls that were just claimed.
async fn stage(pool: &PgPool, calls: usize) -> (Stage, Vec<ConversationId>) {
    let ops = testing::operations(pool);
    let manager = testing::person(pool, Role::Manager, "mia").await;
    let content = CampaignContent {
        opening: "Hello {{first_name}}, this is an AI calling about your {{plan}} plan.".to_owned(),
        calls_per_ten_seconds: 500,
        max_concurrent_calls: 500,
        ..testing::content("Spring")
    };
    let campaign = campaigns::create(&ops, &manager, content).await.unwrap();
    for number in 0..calls {
        let lead = NewLead {
            name: format!("Grace Hopper {number}"),
            phone_number: format!("+44 20 7946 {number:04}"),
            email: String::new(),
            variables: BTreeMap::from([("plan".to_owned(), "gold".to_owned())]),
        };
        leads::add(&ops, &manager, campaign, lead).await.unwrap();
    }
    campaigns::command(&ops, &manager, campaign, CampaignCommand::Start)
        .await
        .unwrap();
    let worker = WorkerId(new_id(ops.clock.now(), &*ops.chance));
    let mut conn = ops.store.connection().await.unwrap();
    workers::report(&mut conn, worker, ops.clock.now()).await.unwrap();
    let request = ClaimRequest {
        campaign_id: campaign,
        worker_id: worker,
        at: ops.clock.now(),
        most: 1_000,
        global_concurrency: 1_000,
        lease: Duration::from_secs(60),
        charges: domain::budget::Charges::default(),
        look_ahead: Duration::from_secs(3_600),
    };
    let evidence = GateEvidence::new(
        &WeeklyHours::weekdays(540, 1_080),
        &[(
            "Europe/London".to_owned(),
            LocalTime {
                day: Weekday::Tuesday,
                minute: 630,
            },
        )],
        false,
    );
    let claimed = claims::claim(
        &ops.store,
        &request,
        |_, _| Verdict {
            reason: GateReason::Allowed,
            evidence: evidence.clone(),
            turn: Turn::Call,
        },
        || new_id(ops.clock.now(), &*ops.chance),
    )
    .await
    .unwrap();
    let ids = claimed.calls.iter().map(|call| call.conversation_id).collect();
    let stage = Stage {
        ops,
        manager,
        campaign,
        worker,
    };
    (stage, ids)
}

impl Stage {
    async fn say(&self, call: ConversationId, position: u32, text: &str) {
        let segment = TranscriptSegment {
            position,
            speaker: Speaker::Person,
            text: text.into(),
            start_ms: 0,
            end_ms: 700,
            interrupted: false,
            at: self.ops.clock.now(),
        };
        writing::sentence(&self.ops.store, self.campaign, call, segment)
            .await
            .unwrap();
    }

    async fn end(&self, call: ConversationId, recorded: bool) -> UnixMillis {
        let at = self.ops.clock.now();
        let ending = Ending {
            call_back_at: None,
            conversation_id: call,
            by: EndedBy::Holder(self.worker),
            disposition: Disposition::Completed,
            results: ConversationResults {
                summary: Some("They agreed.".to_owned()),
                ..ConversationResults::default()
            },
            not_drawn: None,
            usage: domain::cost::Usage::default(),
            charged_by_minute: false,
            duration: Some(Duration::from_secs(42)),
            recordings: recorded
                .then(|| NewRecording {
                    starts_ms: 0,
                    file_name: format!("{call}.sealed"),
                    bytes: 9,
                    lock: Some(RecordingLock {
                        key_id: "0123456789abcdef".to_owned(),
                        pieces: vault::Pieces(vec![4, 5]).to_bytes(),
                    }),
                    duration_ms: 42_000,
                    peaks: vec![(1, 2), (3, 4)],
                })
                .into_iter()
                .collect(),
            not_again_before: Duration::ZERO,
            at,
        };
        writing::end(&self.ops.store, &ending).await.unwrap();
        at
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_call_is_watched_steered_and_read(pool: PgPool) {
    let (stage, calls) = stage(&pool, 1).await;
    let (ops, call) = (&stage.ops, calls[0]);
    let viewer = testing::person(&pool, Role::Viewer, "vic").await;
    let supervisor = testing::person(&pool, Role::Supervisor, "sue").await;
    writing::stage(&ops.store, call, ConversationStatus::Live, ops.clock.now())
        .await
        .unwrap();
    stage.say(call, 0, "Yes, speaking.").await;

    let seen = monitor(ops, &viewer, call).await.unwrap();
    let facts: Vec<(&str, &str)> = seen
        .lead_facts
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal()))
        .collect();
    assert!(
        facts.contains(&("first_name", "Grace")) && facts.contains(&("plan", "gold")),
        "{facts:?}"
    );
    assert_eq!(seen.segments.len(), 1);
    assert_eq!(seen.call.status, ConversationStatus::Live);
    assert!(seen.cursor > 0 && seen.call.answered_at.is_some());
    assert!(
        !serde_json::to_string(&seen).unwrap().contains("79460000"),
        "the number is masked"
    );

    let whisper = |text: &str| CallCommand::Whisper(text.into());
    assert_eq!(
        command(ops, &viewer, call, CallCommand::End).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    assert_eq!(
        may_listen(ops, &viewer, call).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    for wrong in ["", " \n ", "a\0b", &"x".repeat(501)] {
        let refused = command(ops, &supervisor, call, whisper(wrong)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Invalid);
    }
    may_listen(ops, &supervisor, call).await.unwrap();
    command(ops, &supervisor, call, whisper(" offer\nFriday "))
        .await
        .unwrap();
    command(ops, &supervisor, call, CallCommand::Say("One moment.".into()))
        .await
        .unwrap();
    command(ops, &supervisor, call, CallCommand::End).await.unwrap();
    let mut conn = ops.store.connection().await.unwrap();
    let taken = writing::take_commands(&mut conn, &calls, ops.clock.now())
        .await
        .unwrap();
    let expected = [
        whisper("offer Friday"),
        CallCommand::Say("One moment.".into()),
        CallCommand::End,
    ];
    let by = domain::call_command::CallSupervisor {
        id: supervisor.user_id(),
        name: supervisor.name().into(),
    };
    let expected = expected.map(|command| {
        (
            call,
            IssuedCommand {
                by: by.clone(),
                command,
            },
        )
    });
    assert_eq!(taken, expected);
    assert!(
        writing::take_commands(&mut conn, &calls, ops.clock.now())
            .await
            .unwrap()
            .is_empty()
    );

    let ended_at = stage.end(call, true).await;
    assert_eq!(
        command(ops, &supervisor, call, CallCommand::End)
            .await
            .unwrap_err()
            .kind,
        ErrorKind::Conflict
    );
    assert_eq!(
        may_listen(ops, &supervisor, call).await.unwrap_err().kind,
        ErrorKind::Conflict
    );
    let seen = monitor(ops, &viewer, call).await.unwrap();
    assert_eq!(seen.call.agent_state, AgentState::Ended);

    let view = reading::get(ops, &supervisor, call).await.unwrap();
    assert_eq!(view.call_end_time, Some(ended_at));
    assert_eq!(view.row.duration_seconds, 42);
    assert_eq!(view.results.summary.as_deref(), Some("They agreed."));
    assert!(!view.result_fields.is_empty());
    assert_eq!(view.phone_number, "+442079460000");
    assert_eq!(view.row.phone_number, "+44••••••••00");
    let attempt = view.attempt.unwrap();
    assert_eq!(
        attempt.because,
        "It was Tue 10:30 in London. Calls could start 09:00–18:00. The number was not on the do-not-call list."
    );
    assert_eq!(attempt.disposition, Some(Disposition::Completed));
    let recording = view.recordings.into_iter().next().unwrap();
    assert_eq!(
        (recording.url, recording.peaks),
        (format!("/recordings/{call}.ogg"), vec![(1, 2), (3, 4)])
    );
    let kept = reading::recording(ops, &supervisor, call, 0).await.unwrap();
    assert_eq!((kept.file_name, kept.bytes), (format!("{call}.sealed"), 9));
    let lock = kept.lock.unwrap();
    assert_eq!((lock.key_id.as_str(), lock.pieces.0), ("0123456789abcdef", vec![4, 5]));
    // A viewer reads, but does not hear.
    assert_eq!(reading::get(ops, &viewer, call).await.unwrap().recordings, []);
    let refused = reading::recording(ops, &viewer, call, 0).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_does_not_exist_is_not_found(pool: PgPool) {
    let ops = testing::operations(&pool);
    let supervisor = testing::person(&pool, Role::Supervisor, "sue").await;
    let nothing = ConversationId(Uuid::max());
    for error in [
        monitor(&ops, &supervisor, nothing).await.unwrap_err(),
        command(&ops, &supervisor, nothing, CallCommand::End).await.unwrap_err(),
        may_listen(&ops, &supervisor, nothing).await.unwrap_err(),
        reading::get(&ops, &supervisor, nothing).await.unwrap_err(),
        reading::recording(&ops, &supervisor, nothing, 0).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn conversations_are_listed_page_by_page_under_every_filter(pool: PgPool) {
    let (stage, mut calls) = stage(&pool, 120).await;
    assert_eq!(calls.len(), 120);
    for call in calls.iter().step_by(2) {
        stage.end(*call, false).await;
    }
    let pages = async |filter: ConversationFilter| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let filter = ConversationFilter {
                after,
                ..filter.clone()
            };
            let page = reading::list(&stage.ops, &stage.manager, filter).await.unwrap();
            ids.extend(page.rows.iter().map(|row| row.conversation_id));
            match page.next {
                Some(next) => after = Some(next),
                None => return ids,
            }
        }
    };
    let all = ConversationFilter::default();
    let here = ConversationFilter {
        campaign_id: Some(stage.campaign),
        ..all.clone()
    };
    let ended = ConversationFilter {
        status: Some(ConversationStatus::Ended(Disposition::Completed)),
        ..here.clone()
    };
    let completed: Vec<_> = calls.iter().copied().step_by(2).rev().collect();
    calls.reverse();
    assert_eq!(pages(all.clone()).await, calls);
    assert_eq!(pages(here).await, calls);
    assert_eq!(pages(ended).await, completed);
    let view = reading::get(&stage.ops, &stage.manager, calls[7]).await.unwrap();
    let of_lead = ConversationFilter {
        lead_id: Some(view.lead_id),
        ..all.clone()
    };
    assert_eq!(pages(of_lead).await, [calls[7]]);
    let elsewhere = ConversationFilter {
        campaign_id: Some(CampaignId(Uuid::nil())),
        ..all.clone()
    };
    assert!(pages(elsewhere).await.is_empty());
    let garbage = ConversationFilter {
        after: Some("🦀".to_owned()),
        ..all
    };
    let refused = reading::list(&stage.ops, &stage.manager, garbage).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
}

/// What is in the audit log of this call, oldest first.
async fn audited(pool: &PgPool, call: ConversationId) -> Vec<(Option<Uuid>, String)> {
    sqlx::query_as("SELECT actor_id, action FROM audit_log WHERE subject = $1 ORDER BY id")
        .bind(call.to_string())
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "../../migrations")]
async fn supervisors_speak_in_answered_calls_and_every_act_is_audited(pool: PgPool) {
    let (stage, calls) = stage(&pool, 1).await;
    let (ops, call) = (&stage.ops, calls[0]);
    let viewer = testing::person(&pool, Role::Viewer, "vic").await;
    let supervisor = testing::person(&pool, Role::Supervisor, "sue").await;
    let acts = || {
        [
            CallCommand::TakeOver,
            CallCommand::BargeIn,
            CallCommand::ReturnToAgent,
            CallCommand::Transfer("+49 30 901820".into()),
            CallCommand::Press('#'),
            CallCommand::CallColleague("+49 30 901820".into()),
            CallCommand::ConnectColleague,
            CallCommand::DismissColleague,
        ]
    };
    for act in acts() {
        let refused = command(ops, &viewer, call, act.clone()).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Forbidden);
        let too_early = command(ops, &supervisor, call, act).await.unwrap_err();
        assert_eq!(too_early.kind, ErrorKind::Conflict, "it was not answered yet");
    }
    assert_eq!(
        open_microphone(ops, &viewer, call).await.unwrap_err().kind,
        ErrorKind::Forbidden
    );
    assert!(audited(&pool, call).await.is_empty(), "nothing happened");

    writing::stage(&ops.store, call, ConversationStatus::Live, ops.clock.now())
        .await
        .unwrap();
    for wrong in ["", "call Ben", "030 901820", "+49 30 1", "+14155550123 ext. 5"] {
        for act in [
            CallCommand::Transfer(wrong.into()),
            CallCommand::CallColleague(wrong.into()),
        ] {
            let refused = command(ops, &supervisor, call, act).await;
            assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid, "{wrong}");
        }
    }
    for key in ['a', 'A', ' ', '٣', 'w'] {
        let refused = command(ops, &supervisor, call, CallCommand::Press(key)).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid, "{key}");
    }
    let (listed, reason) = ("+49 30 901821".to_owned(), "asked".to_owned());
    crate::do_not_call::add(ops, &stage.manager, listed, reason)
        .await
        .unwrap();
    for act in [CallCommand::Transfer, CallCommand::CallColleague] {
        let refused = command(ops, &supervisor, call, act("+49 30 901821".into())).await;
        let refused = refused.unwrap_err();
        assert!(refused.fields[0].message.contains("do-not-call"), "{refused:?}");
    }
    open_microphone(ops, &supervisor, call).await.unwrap();
    for act in acts() {
        command(ops, &supervisor, call, act).await.unwrap();
    }
    let sue = Some(supervisor.user_id().0);
    let expected = [
        "opened a microphone in call",
        "took over call",
        "barged in on call",
        "returned to the agent call",
        "transferred call",
        "pressed a key in call",
        "called a colleague into call",
        "connected a colleague in call",
        "dismissed a colleague from call",
    ];
    assert_eq!(audited(&pool, call).await, expected.map(|act| (sue, act.to_owned())));
    let mut conn = ops.store.connection().await.unwrap();
    let taken = writing::take_commands(&mut conn, &calls, ops.clock.now())
        .await
        .unwrap();
    let taken: Vec<CallCommand> = taken.into_iter().map(|(_, issued)| issued.command).collect();
    let mut expected = acts();
    expected[3] = CallCommand::Transfer("+4930901820".into());
    expected[5] = CallCommand::CallColleague("+4930901820".into());
    assert_eq!(taken, expected);
}
