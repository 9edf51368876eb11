//! The opaque cursors of keyset paging.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    UserError,
    error::ErrorKind,
    paging::{DEFAULT_PAGE_SIZE, Page},
};
use serde::{Serialize, de::DeserializeOwned};

/// No cursor of ours is longer.
const LONGEST: usize = 400;

/// The key of a row as a cursor.
pub(crate) fn encode(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The key in a cursor that came from outside.
pub(crate) fn decode<T: DeserializeOwned>(after: Option<&str>) -> Result<Option<T>, UserError> {
    let Some(cursor) = after.filter(|cursor| !cursor.is_empty()) else {
        return Ok(None);
    };
    (cursor.len() <= LONGEST)
        .then(|| URL_SAFE_NO_PAD.decode(cursor).ok())
        .flatten()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .map(Some)
        .ok_or_else(|| {
            UserError::new(
                ErrorKind::Invalid,
                "This page of the list cannot be found. Go back to its beginning.",
            )
        })
}

/// How many rows to fetch for a page: one more than it shows.
pub(crate) const LIMIT: i64 = DEFAULT_PAGE_SIZE as i64 + 1;

/// A page from [`LIMIT`] rows that come with their keys.
pub(crate) fn page<K: Serialize, T>(keyed: Vec<(K, T)>) -> Page<T> {
    let page = Page::from_surplus(keyed, DEFAULT_PAGE_SIZE, |(key, _)| encode(key));
    Page {
        rows: page.rows.into_iter().map(|(_, row)| row).collect(),
        next: page.next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn cursors_come_back_and_garbage_is_refused() {
        let id = Uuid::from_u128(7);
        assert_eq!(decode::<Uuid>(Some(&encode(&id))), Ok(Some(id)));
        assert_eq!(decode::<Uuid>(None), Ok(None));
        assert_eq!(decode::<Uuid>(Some("")), Ok(None));
        for garbage in [
            "x",
            "🦀",
            "AAAA",
            "\0",
            &"A".repeat(100_000),
            &encode(&"text"),
            &encode(&1e99),
        ] {
            let error = decode::<Uuid>(Some(garbage)).expect_err("garbage");
            assert_eq!(error.kind, ErrorKind::Invalid);
            assert!(decode::<i64>(Some(garbage)).is_err());
        }
    }
}
