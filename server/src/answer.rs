//! Errors as HTTP answers.

use app::caller::wants_page;
use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use domain::{ErrorKind, UserError};
use http::{HeaderMap, StatusCode};

/// A [`UserError`] as an answer: its status, and itself as JSON.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) UserError);

impl From<UserError> for Refusal {
    fn from(error: UserError) -> Self {
        Self(error)
    }
}

impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        let sentence = match kind {
            ErrorKind::Malformed => "The server did not understand this request.",
            ErrorKind::TooLarge => "This is larger than the server takes.",
            ErrorKind::NotFound => "There is nothing at this address.",
            ErrorKind::Forbidden => "This is not allowed from another site. Open Ringside itself and try again there.",
            _ => return Self(UserError::new(kind, UserError::unavailable().message)),
        };
        Self(UserError::new(kind, sentence))
    }
}

impl Refusal {
    /// For whoever sent `headers`: a page for a person, data for a program.
    pub(crate) fn for_sender(self, headers: &HeaderMap) -> Response {
        if wants_page(headers) {
            self.into_page()
        } else {
            self.into_response()
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// As a page, for a person whose browser posted a form and came from nowhere that could show the sentence.
    pub(crate) fn into_page(self) -> Response {
        let mut sentences = vec![self.0.message.as_str()];
        let fields = self.0.fields.iter().map(|field| field.message.as_str());
        sentences.extend(fields.filter(|sentence| *sentence != self.0.message).take(20));
        let mut text = sentences.join(" ");
        if matches!(
            self.0.kind,
            ErrorKind::Invalid | ErrorKind::Malformed | ErrorKind::TooLarge
        ) {
            text.push_str(" Go back to correct it.");
        }
        (self.status(), page("This could not be done", &text)).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), Json(self.0)).into_response()
    }
}

/// A page that needs nothing of `app`.
pub(crate) fn page(title: &str, text: &str) -> Html<String> {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (title, text) = (escape(title), escape(text));
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · Ringside</title>\
         <main><h1>{title}</h1><p>{text}</p><p><a href=\"/\">Go to the dashboard</a></p></main></html>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_what_was_typed_as_text() {
        let Html(page) = page("This & that", "“<script>alert(1)</script>” is no name.");
        assert!(page.contains("This &amp; that · Ringside"));
        assert!(page.contains("“&lt;script&gt;alert(1)&lt;/script&gt;” is no name."));
    }
}
