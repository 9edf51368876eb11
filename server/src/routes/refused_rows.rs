//! `/imports/{id}/refused.csv`: the rows that did not become leads, streamed.

use crate::{
    answer::Refusal,
    state::{SignedIn, WebState},
};
use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{ImportId, UserError};
use http::header;

pub(super) async fn download(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id: ImportId = id.parse().map_err(|_| UserError::not_found("import"))?;
    let rows = operations::imports::refusals_csv(&state.ops, &signed_in.caller, id).await?;
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (header::CONTENT_DISPOSITION, "attachment; filename=\"refused-rows.csv\""),
        ],
        Body::from_stream(rows),
    )
        .into_response())
}
