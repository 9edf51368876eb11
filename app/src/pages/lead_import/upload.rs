//! Sends the form by XMLHttpRequest, the only way by which a browser tells how much of a body has left.

use crate::error::AppError;
use domain::ImportId;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{FormData, HtmlFormElement, ProgressEvent, SubmitEvent, XmlHttpRequest};

/// What became of an upload.
pub(super) enum Uploaded {
    Import(ImportId),
    /// A sentence that says why not.
    Refused(String),
}

#[derive(Deserialize)]
struct Answer {
    import_id: ImportId,
}

/// Sends the form of `event`. `progress` hears (bytes sent, bytes in all), `done` is called once. False if it could not
/// begin; then neither is called.
pub(super) fn send(
    event: &SubmitEvent,
    progress: impl Fn(u64, u64) + 'static,
    done: impl Fn(Uploaded) + 'static,
) -> bool {
    begin(event, progress, done).is_some()
}

fn begin(event: &SubmitEvent, progress: impl Fn(u64, u64) + 'static, done: impl Fn(Uploaded) + 'static) -> Option<()> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let data = FormData::new_with_form(&form).ok()?;
    let request = XmlHttpRequest::new().ok()?;
    request.open_with_async("POST", &form.action(), true).ok()?;
    request.set_request_header("Accept", "application/json").ok()?;

    let on_progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        // Sizes are far below 2^53, where f64 is exact.
        progress(event.loaded() as u64, event.total() as u64);
    });
    request
        .upload()
        .ok()?
        .set_onprogress(Some(on_progress.as_ref().unchecked_ref()));

    let answered = request.clone();
    let on_end = Closure::<dyn Fn(JsValue)>::new(move |_| done(read(&answered)));
    request.set_onloadend(Some(on_end.as_ref().unchecked_ref()));
    request.send_with_opt_form_data(Some(&data)).ok()?;
    // They live as long as the request may call them; one upload leaks a few bytes.
    on_progress.forget();
    on_end.forget();
    Some(())
}

fn read(request: &XmlHttpRequest) -> Uploaded {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    if request.status().is_ok_and(|status| status == 200 || status == 201)
        && let Ok(answer) = serde_json::from_str::<Answer>(&text)
    {
        return Uploaded::Import(answer.import_id);
    }
    Uploaded::Refused(serde_json::from_str::<AppError>(&text).map_or_else(
        |_| "The upload did not reach the server. Check your connection, then try again.".to_owned(),
        |error| error.0.message,
    ))
}
