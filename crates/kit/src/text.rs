//! Text as it is compared and searched.

use thiserror::Error;

/// Why a text is not an e-mail address we accept.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum EmailFault {
    #[error("email must be an email")]
    Malformed,
    #[error("email must be shorter than or equal to 254 characters")]
    TooLong,
}

/// The form in which an e-mail address is stored and compared: trimmed and lower-cased, since addresses of one mailbox
/// differ in case in practice. Accepts what mail systems deliver (RFC 5321 lengths, one `@`, no blanks or controls).
///
/// # Errors
/// When the text is not an address or is longer than 254 bytes (RFC 5321 section 4.5.3.1.3 less the brackets).
pub fn email_key(text: &str) -> Result<String, EmailFault> {
    let text = text.trim();
    if text.len() > 254 {
        return Err(EmailFault::TooLong);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(EmailFault::Malformed)?;
    let plain = |c: char| {
        !c.is_whitespace()
            && !c.is_control()
            && !matches!(
                c,
                '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\\' | '[' | ']' | '@'
            )
    };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.chars().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
    if local_ok && domain_ok {
        Ok(text.to_lowercase())
    } else {
        Err(EmailFault::Malformed)
    }
}

/// The form in which a phone number is stored and called: `+`, then 7 to 15 digits of which the first is not 0 (E.164).
/// Single hyphens between digits are left out.
#[must_use]
pub fn phone_key(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+')?;
    let lone = !digits.contains("--") && !digits.starts_with('-') && !digits.ends_with('-');
    let known = digits.chars().all(|c| c.is_ascii_digit() || c == '-');
    let plain: String = digits.chars().filter(char::is_ascii_digit).collect();
    (lone && known && (7..=15).contains(&plain.len()) && !plain.starts_with('0')).then(|| format!("+{plain}"))
}

/// The name a user gets when none was given: the part of the address before the `@`.
#[must_use]
pub fn display_name_from_email(email: &str) -> &str {
    email.split('@').next().unwrap_or(email)
}

/// The form in which names are searched and sorted: lower-cased here, because the two engines fold case differently.
#[must_use]
pub fn search_key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The least text above every text that starts with `prefix`, so that a prefix search is a range over an index:
/// `key >= prefix AND key < end`. `None` when there is no upper bound.
#[must_use]
pub fn prefix_end(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The surrogate range is not text; skip over it.
        let next = if last == '\u{d7ff}' {
            Some('\u{e000}')
        } else {
            char::from_u32(last as u32 + 1)
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_regard_to_case_or_blanks_around() {
        assert_eq!(email_key(" Ada@Acme.Test "), Ok("ada@acme.test".to_owned()));
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "ada",
            "@acme.test",
            "ada@",
            "ada@acme",
            "a b@acme.test",
            "ada@acme..test",
            "ada@-acme.test",
            "a\r\nb@acme.test",
            "a@b@acme.test",
            ".ada@acme.test",
        ] {
            assert_eq!(email_key(text), Err(EmailFault::Malformed), "{text}");
        }
        assert_eq!(
            email_key(&format!("{}@acme.test", "a".repeat(250))),
            Err(EmailFault::TooLong)
        );
    }

    #[test]
    fn phone_numbers_are_international_and_lose_their_hyphens() {
        assert_eq!(phone_key("+49-170-1234567").as_deref(), Some("+491701234567"));
        for wrong in [
            "",
            "491701234567",
            "+0170123456",
            "+49--170123456",
            "+49 170 123456",
            "+1",
            "+1415555010a",
            "+\r\n14155550100",
            "+12345678901234567",
            "+",
        ] {
            assert_eq!(phone_key(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_prefix_range_ends_right_above_the_prefix() {
        assert_eq!(prefix_end("ab").as_deref(), Some("ac"));
        assert_eq!(prefix_end("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(prefix_end(""), None);
    }
}
