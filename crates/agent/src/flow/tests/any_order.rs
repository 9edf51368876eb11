//! Events in any order, sensible or not.

use super::{colleague::phone, *};
use domain::call_command::NotReached;
use proptest::prelude::*;

fn any_event() -> impl Strategy<Value = Event> {
    let text = prop_oneof![
        Just(""),
        Just("Hello?"),
        Just("Yes please. Tell me more!"),
        Just("please leave a message after the beep"),
        Just("for sales press one, for support press two"),
        Just("say your name and why you are calling"),
        Just("the number you have dialed is not in service"),
        Just("please stay on the line"),
        Just("stop calling me"),
        Just("bye"),
    ];
    let news = prop_oneof![
        Just(words("One. Two. ")),
        Just(words("three")),
        Just(ReplyNews::EndCall),
        Just(ReplyNews::DoNotCall),
        Just(ReplyNews::Done),
        Just(ReplyNews::Failed),
        Just(ReplyNews::CallBack {
            when: "tomorrow".to_owned(),
            at: None,
        }),
    ];
    prop_oneof![
        2 => Just(Event::Ringing),
        6 => Just(Event::Answered),
        1 => Just(Event::NotAnswered(NotAnswered::Busy { sip_code: None })),
        1 => Just(Event::Left(FarEnd::HungUp)),
        1 => Just(Event::Left(FarEnd::Lost)),
        1 => Just(Event::RoomSilent),
        40 => Just(Event::Tick),
        10 => Just(Event::SpeechStarted),
        10 => Just(Event::SpeechEnded),
        5 => text.clone().prop_map(|text| Event::Partial(text.into())),
        10 => text.prop_map(|text| Event::Heard(HeardWords { text: text.into(), start_ms: 0, end_ms: 0 })),
        2 => Just(Event::NotHeard),
        3 => prop_oneof![
            Just(LineSound::Beep),
            Just(LineSound::Fax),
            Just(LineSound::SpecialInformation),
            Just(LineSound::Busy),
            Just(LineSound::Ringing),
            Just(LineSound::Noise),
            Just(LineSound::NoiseOver),
        ]
        .prop_map(Event::Line),
        1 => prop_oneof![Just('9'), Just('1')].prop_map(Event::Dtmf),
        15 => (0u32..8, news).prop_map(|(id, news)| Event::Reply(ReplyId(id), news)),
        5 => (0u32..20).prop_map(|id| Event::SentenceBegan(SentenceId(id))),
        5 => (0u32..20, any::<bool>()).prop_map(|(id, interrupted)| Event::SentenceSpoken(SpokenWords {
            id: SentenceId(id),
            text: format!("Sentence {id}").into(),
            start_ms: 0,
            end_ms: 0,
            interrupted,
        })),
        2 => (0u32..20).prop_map(|id| Event::SentenceFailed(SentenceId(id))),
        2 => Just(Event::Whisper("psst".into())),
        2 => Just(Event::Say("Say this.".into())),
        1 => Just(Event::GiveWay),
        1 => Just(Event::EndBySupervisor),
        3 => (1u128..3).prop_map(|who| Event::TakeOver(supervisor(who))),
        2 => (1u128..3).prop_map(|who| Event::BargeIn(supervisor(who))),
        2 => (1u128..3).prop_map(|who| Event::ReturnToAgent(supervisor(who).id)),
        3 => (1u128..3).prop_map(|who| Event::SupervisorJoined(voice_of(who))),
        2 => (1u128..3).prop_map(|who| Event::SupervisorLeft(voice_of(who))),
        3 => (1u128..3).prop_map(|who| Event::SupervisorSpeaks(voice_of(who))),
        3 => (1u128..3).prop_map(|who| Event::SupervisorHeard(voice_of(who), HeardWords {
            text: "I am Mia.".into(),
            start_ms: 0,
            end_ms: 0,
        })),
        1 => Just(Event::Transfer("+14155550123".parse().expect("a number"))),
        1 => any::<bool>().prop_map(Event::Transferred),
        2 => (1u128..3).prop_map(|who| Event::CallColleague("+14155550123".parse().expect("a number"), supervisor(who))),
        2 => any::<bool>().prop_map(|rings| Event::ColleagueCalled(
            if rings { Ok(phone()) } else { Err(NotReached::Busy) }
        )),
        2 => Just(Event::SupervisorJoined(phone())),
        1 => Just(Event::SupervisorLeft(phone())),
        1 => Just(Event::SupervisorSpeaks(phone())),
        1 => Just(Event::ColleagueNotReached(phone(), NotReached::NoAnswer)),
        2 => (1u128..3).prop_map(|who| Event::ConnectColleague(supervisor(who))),
        1 => (1u128..3).prop_map(|who| Event::DismissColleague(supervisor(who))),
        1 => Just(Event::PersonCannotHear(phone())),
        1 => Just(Event::Press('5', supervisor(1))),
        1 => any::<bool>().prop_map(|pressed| Event::Pressed('5', pressed)),
        1 => Just(Event::Stop),
        1 => Just(Event::ScribeFailed),
        1 => Just(Event::Settled),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Whatever comes, in whatever order: one end, nothing after it, the opt-out before it, and nothing is written
    /// that nobody said.
    #[test]
    fn any_order_of_events_comes_to_one_end(
        answered in any::<bool>(),
        leave_message in any::<bool>(),
        events in proptest::collection::vec((any_event(), 0u32..2_000), 0..200),
        by_time in any::<bool>(),
    ) {
        let policy = if leave_message { VoicemailPolicy::LeaveMessage } else { VoicemailPolicy::HangUp };
        let mut flow = ConversationFlow::new(rules(policy));
        let mut now = 0;
        let mut row: Vec<SentenceId> = Vec::new();
        let mut told_spoken: Vec<String> = Vec::new();
        let mut told_heard: Vec<String> = Vec::new();
        let mut all: Vec<Effect> = Vec::new();
        let mut asked_to_stop = false;
        let mut answered_at = None;
        let tail = if by_time {
            vec![(Event::Answered, 0), (Event::Tick, 200_000), (Event::Tick, 20)]
        } else {
            vec![(Event::Left(FarEnd::HungUp), 0)]
        };
        let head = answered.then_some((Event::Answered, 0));
        for (event, passed) in head.into_iter().chain(events).chain(tail) {
            now += passed;
            let mut queue = VecDeque::from([event]);
            while let Some(event) = queue.pop_front() {
                let over = flow.has_ended();
                match &event {
                    Event::SentenceSpoken(spoken) => told_spoken.push(spoken.text.reveal().to_owned()),
                    Event::Heard(heard) => {
                        told_heard.push(heard.text.reveal().to_owned());
                        asked_to_stop |= !over && opt_out::asks_to_stop(heard.text.reveal());
                    }
                    Event::Dtmf('9') => asked_to_stop |= !over,
                    Event::Answered => { answered_at.get_or_insert(now); }
                    _ => {}
                }
                let nothing_follows = matches!(event, Event::NotAnswered(_) | Event::Left(_) | Event::RoomSilent);
                let effects = flow.handle(event, now);
                prop_assert!(!over || effects.is_empty(), "after the end: {effects:?}");
                let settles = effects.contains(&Effect::Settle) || all.contains(&Effect::Settle);
                prop_assert!(!nothing_follows || over || settles, "it waits for a room that is gone");
                for effect in &effects {
                    match effect {
                        Effect::Speak(sentence) => row.push(sentence.id),
                        Effect::StopSpeaking => row.clear(),
                        Effect::Settle => queue.push_back(Event::Settled),
                        Effect::WriteSentence(said) => {
                            let text = said.text.reveal().to_owned();
                            match said.speaker {
                                Speaker::Agent => prop_assert!(told_spoken.contains(&text)),
                                Speaker::Person => prop_assert!(told_heard.contains(&text)),
                                Speaker::Supervisor | Speaker::SupervisorAloud => {
                                    prop_assert!(text == "psst" || text == "I am Mia.");
                                }
                                Speaker::Colleague => prop_assert!(false, "the colleague says nothing"),
                                Speaker::Act => prop_assert!(text.ends_with('.') || text.contains(" pressed 5")),
                            }
                        }
                        _ => {}
                    }
                }
                all.extend(effects);
            }
        }
        let ends: Vec<usize> = (0..all.len()).filter(|at| matches!(all[*at], Effect::End { .. })).collect();
        prop_assert_eq!(&ends, &[all.len() - 1], "one end, and it is the last: {:?}", all);
        let hang_up = all.iter().position(|effect| *effect == Effect::HangUp).expect("it hung up");
        prop_assert!(!all[hang_up..].iter().any(|effect| matches!(effect, Effect::Speak(_) | Effect::StartReply(_))));
        let opted_out: Vec<usize> = (0..all.len()).filter(|at| all[*at] == Effect::OptOut).collect();
        prop_assert!(opted_out.len() <= 1);
        if asked_to_stop {
            prop_assert_eq!(opted_out.len(), 1);
            let is_opted_out = matches!(all.last(), Some(Effect::End { disposition: Disposition::OptedOut, .. }));
            prop_assert!(is_opted_out, "{:?}", all.last());
        }
    }
}
