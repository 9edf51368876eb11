//! The pieces forms are made of. A form works as plain HTML: controls have names and initial values, and the browser
//! posts them. With WebAssembly the same form answers in place, keeps what was typed, and leads to what is wrong.
//!
//! An error reaches a control by its field name: the name in [`domain::FieldError`] is the `field` of the control.

mod choice;
mod command_button;
mod country;
mod error_summary;
mod outcome;
mod submit;
mod text;
mod typed;

pub use choice::{CheckField, SelectField};
pub use command_button::CommandButton;
pub use country::{COUNTRIES, CountryField};
pub use error_summary::{ErrorSummary, FieldMessage};
pub use outcome::{action_error, posted_error};
pub use submit::SubmitButton;
pub use text::{AreaField, TextField};
pub use typed::{keep_typed, keep_typed_area, keep_typed_select};

use domain::UserError;

/// The id of the control of `field`, for labels, messages and the links of the error summary.
#[must_use]
pub fn control_id(field: &str) -> String {
    let mut id = String::with_capacity(field.len() + 6);
    id.push_str("field-");
    id.extend(
        field
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }),
    );
    id
}

/// The sentence for `field` in `error`, if there is one.
#[must_use]
pub fn field_message(error: Option<&UserError>, field: &str) -> Option<String> {
    error?
        .fields
        .iter()
        .find(|wrong| wrong.field == field)
        .map(|wrong| wrong.message.clone())
}
