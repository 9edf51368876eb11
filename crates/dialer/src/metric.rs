//! What Prometheus is told. Names of metrics are an interface: dashboards and alerts depend on them.

use agent::flow::AnsweredBy;
use domain::{Direction, calling_hours::GateReason, conversation::Disposition, turn_times::TurnTimes};
use std::time::Duration;

pub(crate) fn call_started() {
    metrics::counter!("calls_started_total").increment(1);
}

/// Somebody called: an agent answered, or it is told why none did.
pub(crate) fn caller(outcome: &'static str) {
    metrics::counter!("inbound_calls_total", "outcome" => outcome).increment(1);
}

pub(crate) fn call_ended(direction: Direction, disposition: Disposition, duration: Duration) {
    // What becomes of calls that we make is not mixed with people who call us.
    let name = match direction {
        Direction::Outbound => "calls_ended_total",
        Direction::Inbound => "inbound_calls_ended_total",
    };
    metrics::counter!(name, "disposition" => disposition.as_str()).increment(1);
    if disposition.answered_by_person() {
        metrics::histogram!("call_duration_seconds").record(duration.as_secs_f64());
    }
}

/// Who answered, and how long after the answer that was known, in room time. Corrections are counted too.
pub(crate) fn answered_by(who: AnsweredBy, after: Duration) {
    metrics::counter!("calls_answered_by_total", "who" => who.as_str()).increment(1);
    metrics::histogram!("who_answered_seconds").record(after.as_secs_f64());
}

/// How long the parts of a turn took, in room time.
pub(crate) fn turn(turn: &TurnTimes) {
    for (name, millis) in [
        ("turn_endpointing_seconds", turn.endpointing_ms),
        ("turn_transcription_seconds", turn.transcription_ms),
        ("turn_first_words_seconds", turn.first_words_ms),
        ("turn_first_sound_seconds", turn.first_sound_ms),
        ("turn_response_seconds", turn.response_ms),
        ("turn_silence_seconds", turn.silence_ms),
    ] {
        if let Some(millis) = millis {
            metrics::histogram!(name).record(f64::from(millis) / 1_000.0);
        }
    }
}

/// Results that could not be drawn at the end of a call: `pending`, and later `drawn` or `failed`.
pub(crate) fn results(outcome: &'static str) {
    metrics::counter!("results_drawn_later_total", "outcome" => outcome).increment(1);
}

pub(crate) fn refused(reason: GateReason) {
    metrics::counter!("gate_refused_total", "reason" => reason.as_str()).increment(1);
}

/// A look for leads that was in vain because of a campaign's budget.
pub(crate) fn held_by_budget() {
    metrics::counter!("claims_held_by_budget_total").increment(1);
}

pub(crate) fn in_progress(calls: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a worker does not hold 2^52 calls")]
    metrics::gauge!("calls_in_progress").set(calls as f64);
}

pub(crate) fn claimed(calls: usize, took: Duration) {
    metrics::histogram!("claim_seconds").record(took.as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a batch does not hold 2^52 calls")]
    metrics::histogram!("claim_batch_calls").record(calls as f64);
}

/// A call goes on whose worker died.
pub(crate) fn taken_over() {
    metrics::counter!("calls_taken_over_total").increment(1);
}

pub(crate) fn recovered(disposition: Disposition) {
    metrics::counter!("calls_recovered_total", "disposition" => disposition.as_str()).increment(1);
}
