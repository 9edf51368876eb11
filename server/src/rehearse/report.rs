//! What a rehearsal from the command line came to, for people and for programs.

use domain::{
    conversation::Speaker,
    rehearsal::{Change, RehearsedCall, changes},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The report. As JSON it is also what a later rehearsal is compared with.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) campaign: String,
    /// True if everything that was expected of all calls was met.
    pub(super) passed: bool,
    pub(super) calls: Vec<RehearsedCall>,
    /// `None` if it was not compared with an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) changes: Option<Vec<Change>>,
}

impl Report {
    pub(super) fn new(campaign: String, calls: Vec<RehearsedCall>, before: Option<&Self>) -> Self {
        Self {
            campaign,
            passed: calls.iter().all(RehearsedCall::passed),
            changes: before.map(|before| changes(&before.calls, &calls)),
            calls,
        }
    }
}

const fn word(passed: bool) -> &'static str {
    if passed { "PASS" } else { "FAIL" }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.campaign)?;
        for call in &self.calls {
            writeln!(
                f,
                "{}  {} ({}, {}): {}, {} s",
                word(call.passed()),
                call.scenario,
                call.who.label(),
                call.repetition,
                call.story.disposition.label(),
                call.story.duration_ms.div_ceil(1_000),
            )?;
            for verdict in &call.verdicts {
                let sign = if verdict.passed { "ok " } else { "NOT" };
                writeln!(f, "      {sign} {}. {}", verdict.expectation, verdict.because)?;
            }
            if !call.passed() {
                transcript(f, call)?;
            }
        }
        if let Some(changes) = &self.changes {
            let count = match changes.len() {
                0 => "no outcome".to_owned(),
                1 => "1 outcome".to_owned(),
                several => format!("{several} outcomes"),
            };
            writeln!(f, "\nSince the earlier rehearsal {count} changed.")?;
            for change in changes {
                let what = change.what.join(" ");
                writeln!(f, "      {} ({}): {what}", change.scenario, change.repetition)?;
            }
        }
        let met = self.calls.iter().filter(|call| call.passed()).count();
        writeln!(
            f,
            "\n{}  {met} of {} calls were as expected.",
            word(self.passed),
            self.calls.len()
        )
    }
}

/// What was said, for whoever has to find out why.
fn transcript(f: &mut fmt::Formatter<'_>, call: &RehearsedCall) -> fmt::Result {
    for line in &call.story.lines {
        let who = if line.speaker == Speaker::Agent {
            "agent"
        } else {
            "person"
        };
        let cut = if line.interrupted { " –" } else { "" };
        let seconds = line.start_ms / 1_000;
        writeln!(f, "      {seconds:>4} s {who:>6}: {}{cut}", line.text.reveal())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        ConversationId, UnixMillis,
        conversation::{Disposition, TranscriptSegment},
        rehearsal::{CallStory, Expectation, WhoAnswers, check},
        results::ConversationResults,
    };

    fn call(disposition: Disposition) -> RehearsedCall {
        let story = CallStory {
            disposition,
            results: ConversationResults::default(),
            duration_ms: 12_001,
            opted_out: false,
            lines: vec![TranscriptSegment {
                position: 0,
                speaker: Speaker::Agent,
                text: "It costs little.".into(),
                start_ms: 3_000,
                end_ms: 4_000,
                interrupted: true,
                at: UnixMillis(0),
            }],
        };
        RehearsedCall {
            id: ConversationId("01900000-0000-7000-8000-000000000000".parse().expect("an id")),
            scenario: "Answers".to_owned(),
            who: WhoAnswers::Interested,
            repetition: 1,
            verdicts: vec![check(&Expectation::EndsAs(vec![Disposition::Completed]), &story)],
            story,
        }
    }

    #[test]
    fn people_read_what_was_not_met_and_what_was_said() {
        let good = Report::new("Spring".to_owned(), vec![call(Disposition::Completed)], None);
        let text = good.to_string();
        assert!(good.passed && text.contains("PASS  Answers (Somebody interested, 1): Completed, 13 s"));
        assert!(!text.contains("It costs little"), "{text}");
        let json = serde_json::to_string(&good).expect("serialises");
        let earlier: Report = serde_json::from_str(&json).expect("what was written is read");
        let bad = Report::new("Spring".to_owned(), vec![call(Disposition::HungUp)], Some(&earlier));
        let text = bad.to_string();
        assert!(
            !bad.passed && text.contains("NOT ends as completed. It ended as hung_up."),
            "{text}"
        );
        assert!(text.contains("   3 s  agent: It costs little. –"), "{text}");
        assert!(text.contains("1 outcome changed"), "{text}");
    }
}
