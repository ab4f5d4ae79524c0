//! What a new password must look like. Asked when a password is set, never at login.

use kit::Secret;

/// The rules in force. Lengths are counted in Unicode code points of the normalised password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) min_length: usize,
    pub(crate) max_length: usize,
    /// How many of the four kinds of characters must occur.
    pub(crate) kinds: usize,
}

impl Default for Policy {
    /// What holds where nothing was configured.
    fn default() -> Self {
        Self {
            min_length: 8,
            max_length: 128,
            kinds: 3,
        }
    }
}

impl Policy {
    /// What is wrong with an already normalised password, as sentences for its owner; empty when it may be set.
    pub(crate) fn faults(&self, password: &Secret) -> Vec<String> {
        let text = password.reveal();
        let length = text.chars().count();
        let mut faults = Vec::new();
        if length < self.min_length {
            faults.push(format!(
                "The password must be at least {} characters long.",
                self.min_length
            ));
        }
        if length > self.max_length {
            faults.push(format!(
                "The password must be fewer than {} characters.",
                self.max_length.saturating_add(1)
            ));
        }
        let missing: Vec<&str> = KINDS
            .iter()
            .filter(|(_, is)| !text.chars().any(is))
            .map(|(sentence, _)| *sentence)
            .collect();
        if KINDS.len() - missing.len() < self.kinds {
            faults.extend(missing.into_iter().map(str::to_owned));
        }
        faults
    }
}

type Kind = (&'static str, fn(char) -> bool);

/// The four kinds. Letters without case (as in Hebrew or Chinese) are none of the first three and so count as special:
/// otherwise no password in those scripts could pass.
const KINDS: [Kind; 4] = [
    (
        "The password must contain at least one lowercase letter.",
        char::is_lowercase,
    ),
    (
        "The password must contain at least one uppercase letter.",
        char::is_uppercase,
    ),
    ("The password must contain at least one number.", char::is_numeric),
    ("The password must contain at least one special character.", |c| {
        !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric()
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> usize {
        Policy::default().faults(&Secret::new(text.to_owned())).len()
    }

    #[test]
    fn three_of_four_kinds_are_enough() {
        for fine in ["Tenantry-dev-1", "abcdefG1", "abcdefg-1", "ABCDEF-1", "passwörD1"] {
            assert_eq!(faults(fine), 0, "{fine}");
        }
    }

    #[test]
    fn each_missing_kind_is_named_when_too_many_are_missing() {
        assert_eq!(faults("abcdefgh"), 3);
        assert_eq!(faults("abcdefg1"), 2);
        assert_eq!(faults("abc"), 4);
    }

    #[test]
    fn lengths_are_counted_in_code_points() {
        assert_eq!(faults("Añ1éíóúü"), 0);
        assert_eq!(faults(&format!("A1{}", "ü".repeat(126))), 0);
        assert_eq!(faults(&format!("A1{}", "ü".repeat(127))), 1);
    }

    #[test]
    fn scripts_without_case_can_pass() {
        assert_eq!(faults("密码密码密码A1"), 0);
    }
}
