//! Names and e-mail addresses of users, as they are typed.

use domain::{FieldError, UserError};

const LONGEST_NAME: usize = 120;
/// RFC 5321, section 4.5.3.1.3, without the angle brackets.
const LONGEST_EMAIL: usize = 254;

/// A name: 1 to 120 characters, none of them a control character.
pub(crate) fn name(text: &str) -> Result<String, FieldError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(FieldError {
            field: "name".to_owned(),
            message: format!("Enter a name of at most {LONGEST_NAME} characters."),
        });
    }
    Ok(name.to_owned())
}

/// An e-mail address. Only its form is checked: whether it exists, only a message to it could tell.
pub(crate) fn email(text: &str) -> Result<String, FieldError> {
    let email = text.trim();
    let well_formed = email.len() <= LONGEST_EMAIL
        && !email
            .chars()
            .any(|letter| letter.is_control() || letter.is_whitespace())
        && email.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !local.contains('@') && !domain.is_empty() && !domain.starts_with('.')
        });
    if well_formed {
        Ok(email.to_owned())
    } else {
        Err(FieldError {
            field: "email".to_owned(),
            message: "Enter an e-mail address, such as ada@example.com.".to_owned(),
        })
    }
}

/// Both, or everything that is wrong with them.
pub(crate) fn name_and_email(name_text: &str, email_text: &str) -> Result<(String, String), UserError> {
    match (name(name_text), email(email_text)) {
        (Ok(name), Ok(email)) => Ok((name, email)),
        (name, email) => {
            let wrong = [name.err(), email.err()].into_iter().flatten().collect();
            Err(UserError::fields(wrong).unwrap_or_else(UserError::unavailable))
        }
    }
}

/// The browser as it calls itself, fit to be stored.
pub(crate) fn browser(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for right in ["ada@example.com", " ada.l+x@host ", "ä@bücher.example"] {
            assert!(email(right).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "ada",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b\0",
            &format!("a@{}", "b".repeat(254)),
        ] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
        let both = name_and_email(" ", "x").expect_err("both are wrong");
        assert_eq!(both.fields.len(), 2);
    }
}
