//! Why a model service did not do its work, without a word of what was asked or answered: failures reach logs and screens.

use async_openai::error::OpenAIError;
use http::{HeaderMap, StatusCode};
use std::time::Duration;
use voice::ports::VoiceError;

/// When a service that has too much to do wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// It does not say.
    Unsaid,
    /// After this time.
    Span(Duration),
    /// At a date, which is later than anybody on the phone waits.
    Later,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("it cannot be reached")]
    NotReached,
    #[error("it does not answer in time")]
    TooSlow,
    #[error("it broke off in the middle of an answer")]
    BrokeOff,
    #[error("it refuses the key (HTTP {0}); check the key in the configuration")]
    KeyRefused(u16),
    #[error("the quota of its account is used up (HTTP 429)")]
    QuotaUsedUp,
    #[error("it knows no such model or address (HTTP 404); check both in the configuration")]
    NotFound,
    #[error("it has too much to do (HTTP 429)")]
    Busy(RetryAfter),
    #[error("it is in trouble (HTTP {0})")]
    Broken(u16, RetryAfter),
    #[error("it rejects what it is asked (HTTP {0})")]
    Rejected(u16),
    #[error("it answers {0}")]
    Nonsense(&'static str),
    /// It failed so often that it is not asked for a while.
    #[error("it is not asked for a while, because it failed")]
    Paused,
}

impl Failure {
    /// What a status other than success means; `quota` if the body says that the account is used up.
    #[must_use]
    pub fn of_status(status: StatusCode, headers: &HeaderMap, quota: bool) -> Self {
        match status.as_u16() {
            code @ (401 | 403) => Self::KeyRefused(code),
            404 => Self::NotFound,
            408 => Self::TooSlow,
            429 if quota => Self::QuotaUsedUp,
            429 => Self::Busy(retry_after(headers)),
            code @ 500..=599 => Self::Broken(code, retry_after(headers)),
            code => Self::Rejected(code),
        }
    }

    /// What an error of the HTTP client means.
    #[must_use]
    pub fn of_http(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TooSlow
        } else if error.is_connect() || error.is_builder() {
            Self::NotReached
        } else {
            Self::BrokeOff
        }
    }

    /// What an error of `async-openai` means. Its text may quote the answer and is dropped.
    #[must_use]
    pub fn of_openai(error: &OpenAIError) -> Self {
        match error {
            OpenAIError::Reqwest(error) => Self::of_http(error),
            OpenAIError::Boxed(error) => error.downcast_ref::<Self>().cloned().unwrap_or(Self::BrokeOff),
            OpenAIError::JSONDeserialize(..) => Self::Nonsense("something that is not the JSON of this interface"),
            OpenAIError::ApiError(error) => Self::of_status(error.status_code, &HeaderMap::new(), false),
            OpenAIError::StreamError(_) => Self::BrokeOff,
            OpenAIError::InvalidArgument(_) | OpenAIError::FileSaveError(_) | OpenAIError::FileReadError(_) => {
                Self::Rejected(0)
            }
        }
    }

    /// True if trying again can only fail again until a person changes something.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(self, Self::KeyRefused(_) | Self::QuotaUsedUp | Self::NotFound)
    }
}

impl From<Failure> for VoiceError {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match failure {
            Failure::Nonsense(_) => Self::Nonsense(text),
            _ => Self::Unavailable(text),
        }
    }
}

/// `retry-after-ms` and `Retry-After`, which may be seconds or a date.
fn retry_after(headers: &HeaderMap) -> RetryAfter {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok())
        && let Ok(span) = Duration::try_from_secs_f64(millis / 1_000.0)
    {
        return RetryAfter::Span(span);
    }
    match text("retry-after") {
        None => RetryAfter::Unsaid,
        Some(text) => text
            .parse::<f64>()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map_or(RetryAfter::Later, RetryAfter::Span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(name: &'static str, value: &'static str) -> RetryAfter {
        retry_after(&HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            http::HeaderValue::from_static(value),
        )]))
    }

    #[test]
    fn reads_every_kind_of_retry_after() {
        assert_eq!(after("retry-after", "2"), RetryAfter::Span(Duration::from_secs(2)));
        assert_eq!(
            after("retry-after-ms", "1500"),
            RetryAfter::Span(Duration::from_millis(1_500))
        );
        assert_eq!(after("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), RetryAfter::Later);
        assert_eq!(after("retry-after", "-3"), RetryAfter::Later);
        assert_eq!(after("x-other", "2"), RetryAfter::Unsaid);
    }
}
