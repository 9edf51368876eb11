//! `POST /campaigns/{id}/import`: a list of people, streamed into the database as it arrives.

use crate::{
    answer::Refusal,
    state::{SignedIn, WebState},
};
use axum::{
    Json,
    extract::{FromRequest, Multipart, Path, Request, State, multipart::Field},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use domain::{CampaignId, ErrorKind, ImportId, UserError};
use http::header;
use operations::imports::{self, ImportUpload};

/// Longest short field of the form, bytes.
const SHORT_FIELD: usize = 200;

pub(super) async fn receive(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let wants_page = app::caller::wants_page(&headers);
    let wants_data = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains("application/json")));
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return Refusal(UserError::not_found("campaign")).for_sender(&headers);
    };
    match store(&state, &signed_in, campaign, request).await {
        Ok(import) if wants_data => Json(serde_json::json!({ "import_id": import })).into_response(),
        Ok(import) => Redirect::to(&format!("/imports/{import}")).into_response(),
        // A person without JavaScript gets the form again. The page makes the sentence from the kind.
        Err(Refusal(error)) if wants_page && error.kind != ErrorKind::Forbidden => {
            let kind = match error.kind {
                ErrorKind::Invalid => "invalid",
                ErrorKind::TooLarge => "too_large",
                _ => "broken",
            };
            Redirect::to(&format!("/campaigns/{campaign}/import?problem={kind}")).into_response()
        }
        Err(refusal) => refusal.for_sender(&headers),
    }
}

async fn store(
    state: &WebState,
    signed_in: &SignedIn,
    campaign: CampaignId,
    request: Request,
) -> Result<ImportId, Refusal> {
    // Refuses a wrong role before a hundred megabytes were sent.
    signed_in.caller.may(domain::access::Permission::EditCampaigns)?;
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|_| Refusal::from(ErrorKind::Malformed))?;
    let stored = read_form(state, signed_in, campaign, &mut form).await;
    if stored.is_err() {
        // A browser that is still sending would not hear why.
        while let Ok(Some(_)) = form.next_field().await {}
    }
    stored
}

async fn read_form(
    state: &WebState,
    signed_in: &SignedIn,
    campaign: CampaignId,
    form: &mut Multipart,
) -> Result<ImportId, Refusal> {
    let mut country = None;
    let mut upload: Option<ImportUpload> = None;
    while let Some(mut field) = form.next_field().await.map_err(|_| broken())? {
        match field.name().unwrap_or_default() {
            "default_country" => country = Some(short(field).await?).filter(|text| !text.is_empty()),
            name @ ("file" | "pasted") if upload.is_none() => {
                let file_name = match (name, field.file_name()) {
                    ("file", Some(given)) => given.chars().take(SHORT_FIELD).collect(),
                    _ => String::new(),
                };
                upload = receive_list(state, signed_in, campaign, file_name, country.clone(), &mut field).await?;
            }
            // A form sends its empty controls too.
            _ => {}
        }
    }
    match upload {
        Some(upload) => Ok(upload.finish().await?),
        None => Err(UserError::field("file", "Choose a file, or paste the list.").into()),
    }
}

/// Streams one field in; `None` if it is empty, as an unused file control is.
async fn receive_list(
    state: &WebState,
    signed_in: &SignedIn,
    campaign: CampaignId,
    file_name: String,
    country: Option<String>,
    field: &mut Field<'_>,
) -> Result<Option<ImportUpload>, Refusal> {
    let mut upload = None;
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        if chunk.is_empty() {
            continue;
        }
        let begun = match upload.as_mut() {
            Some(begun) => begun,
            None => upload.insert(
                imports::begin(
                    &state.ops,
                    &signed_in.caller,
                    campaign,
                    file_name.clone(),
                    country.clone(),
                )
                .await?,
            ),
        };
        begun.push(&chunk).await?;
    }
    Ok(upload)
}

async fn short(mut field: Field<'_>) -> Result<String, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > SHORT_FIELD {
            return Err(Refusal::from(ErrorKind::Malformed));
        }
    }
    String::from_utf8(bytes).map_err(|_| Refusal::from(ErrorKind::Malformed))
}

fn broken() -> UserError {
    UserError::new(ErrorKind::Malformed, "The upload broke off. Send the file again.")
}
