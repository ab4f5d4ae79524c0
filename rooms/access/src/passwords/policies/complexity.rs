//! How a new password must be made up. Asked when a password is set, never at login.

use blocks::settings::Setting;
use kit::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest password that may be demanded or allowed, in characters. None of them has more than four bytes, so that any
/// such password can be hashed.
const LONGEST: i64 = (crypto::MAX_PASSWORD_BYTES / 4) as i64;

/// Tests of a password, each on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordTests {
    pub(crate) require_lowercase: bool,
    pub(crate) require_uppercase: bool,
    pub(crate) require_numbers: bool,
    pub(crate) require_special_chars: bool,
    /// No character three times in a row.
    pub(crate) check_three_repeated_chars: bool,
}

/// How passwords must be made up. Lengths are counted in Unicode code points of the normalised password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PasswordPolicy {
    /// Whether a long password is excused from the optional tests.
    pub(crate) allow_passphrases: bool,
    pub(crate) max_length: i64,
    pub(crate) min_length: i64,
    /// From which length on a password counts as a passphrase.
    pub(crate) min_phrase_length: i64,
    /// How many of the optional tests a password must pass.
    pub(crate) min_optional_tests_to_pass: i64,
    /// Whether passwords that are known from leaks may not be set.
    pub(crate) block_pwned_passwords: bool,
    pub(crate) optional_tests: PasswordTests,
    /// Tests that every password must pass.
    pub(crate) required_tests: PasswordTests,
}

impl Default for PasswordPolicy {
    /// What holds where nothing was configured: three of four kinds of characters.
    fn default() -> Self {
        Self {
            allow_passphrases: false,
            max_length: 128,
            min_length: 8,
            min_phrase_length: 6,
            min_optional_tests_to_pass: 3,
            block_pwned_passwords: false,
            optional_tests: PasswordTests {
                require_lowercase: true,
                require_uppercase: true,
                require_numbers: true,
                require_special_chars: true,
                check_three_repeated_chars: false,
            },
            required_tests: PasswordTests::default(),
        }
    }
}

impl Setting for PasswordPolicy {
    const NAME: &'static str = "password";

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut between = |field: &str, value: i64, least: i64, most: i64| {
            if value < least {
                faults.push(format!("{field} must not be less than {least}"));
            } else if value > most {
                faults.push(format!("{field} must not be greater than {most}"));
            }
        };
        between("minLength", self.min_length, 1, LONGEST);
        between("maxLength", self.max_length, 1, LONGEST);
        between("minPhraseLength", self.min_phrase_length, 1, LONGEST);
        between("minOptionalTestsToPass", self.min_optional_tests_to_pass, 0, 5);
        if self.min_length > self.max_length {
            faults.push("minLength must not be greater than maxLength".to_owned());
        }
        faults
    }
}

/// A test and the sentence for those who fail it.
type Test = (&'static str, fn(&PasswordTests) -> bool, fn(&str) -> bool);

/// All of them. Letters without case (as in Hebrew or Chinese) are none of the first three and so count as special:
/// otherwise no password in those scripts could pass.
const TESTS: [Test; 5] = [
    (
        "The password must contain at least one lowercase letter.",
        |tests| tests.require_lowercase,
        |text| text.chars().any(char::is_lowercase),
    ),
    (
        "The password must contain at least one uppercase letter.",
        |tests| tests.require_uppercase,
        |text| text.chars().any(char::is_uppercase),
    ),
    (
        "The password must contain at least one number.",
        |tests| tests.require_numbers,
        |text| text.chars().any(char::is_numeric),
    ),
    (
        "The password must contain at least one special character.",
        |tests| tests.require_special_chars,
        |text| {
            text.chars()
                .any(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric())
        },
    ),
    (
        "The password may not contain sequences of three or more repeated characters.",
        |tests| tests.check_three_repeated_chars,
        |text| !three_in_a_row(text),
    ),
];

fn three_in_a_row(text: &str) -> bool {
    let (mut before, mut row) = (None, 0);
    text.chars().any(|c| {
        row = if before == Some(c) { row + 1 } else { 1 };
        before = Some(c);
        row == 3
    })
}

impl PasswordTests {
    /// How many of these a password is put to, and the sentences of those it fails.
    fn fail(&self, text: &str) -> (usize, Vec<&'static str>) {
        let on: Vec<&Test> = TESTS.iter().filter(|(_, is_on, _)| is_on(self)).collect();
        let failed = on.iter().filter(|(_, _, passes)| !passes(text));
        (on.len(), failed.map(|(sentence, _, _)| *sentence).collect())
    }

    fn or(self, other: Self) -> Self {
        Self {
            require_lowercase: self.require_lowercase || other.require_lowercase,
            require_uppercase: self.require_uppercase || other.require_uppercase,
            require_numbers: self.require_numbers || other.require_numbers,
            require_special_chars: self.require_special_chars || other.require_special_chars,
            check_three_repeated_chars: self.check_three_repeated_chars || other.check_three_repeated_chars,
        }
    }
}

impl PasswordPolicy {
    /// The strictest of each member: what a form shows to somebody whom both bind.
    #[must_use]
    pub(crate) fn strictest(&self, other: &Self) -> Self {
        let min_length = self.min_length.max(other.min_length);
        Self {
            allow_passphrases: self.allow_passphrases && other.allow_passphrases,
            // A length that one demands and another forbids would leave no password at all.
            max_length: self.max_length.min(other.max_length).max(min_length),
            min_length,
            min_phrase_length: self.min_phrase_length.max(other.min_phrase_length),
            min_optional_tests_to_pass: self
                .min_optional_tests_to_pass
                .max(other.min_optional_tests_to_pass),
            block_pwned_passwords: self.block_pwned_passwords || other.block_pwned_passwords,
            optional_tests: self.optional_tests.or(other.optional_tests),
            required_tests: self.required_tests.or(other.required_tests),
        }
    }

    /// Sentences for the tests that a password fails here; `excused` from the optional ones or not.
    fn failed_tests(&self, text: &str, excused: bool) -> Vec<&'static str> {
        let (_, mut failed) = self.required_tests.fail(text);
        let (all, missed) = self.optional_tests.fail(text);
        let needed = usize::try_from(self.min_optional_tests_to_pass).unwrap_or(0);
        // Nobody can pass more tests than there are.
        if !excused && all - missed.len() < needed.min(all) {
            failed.extend(missed);
        }
        failed
    }
}

/// What is wrong with an already normalised password that all of these policies bind, as sentences for its owner; empty
/// when it may be set. The tests are those of each policy: more optional ones to choose from would make it easier.
pub(crate) fn faults(strictest: &PasswordPolicy, each: &[PasswordPolicy], password: &Secret) -> Vec<String> {
    let text = password.reveal();
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let mut faults = Vec::new();
    if length < strictest.min_length {
        faults.push(format!(
            "The password must be at least {} characters long.",
            strictest.min_length
        ));
    }
    if length > strictest.max_length {
        faults.push(format!(
            "The password must be fewer than {} characters.",
            strictest.max_length.saturating_add(1)
        ));
    }
    let excused = strictest.allow_passphrases && length >= strictest.min_phrase_length;
    for sentence in each.iter().flat_map(|policy| policy.failed_tests(text, excused)) {
        if !faults.iter().any(|said| said == sentence) {
            faults.push(sentence.to_owned());
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under(policies: &[PasswordPolicy], text: &str) -> usize {
        let strictest = policies[1..]
            .iter()
            .fold(policies[0].clone(), |a, b| a.strictest(b));
        faults(&strictest, policies, &Secret::new(text.to_owned())).len()
    }

    fn by_default(text: &str) -> usize {
        under(&[PasswordPolicy::default()], text)
    }

    #[test]
    fn three_of_four_kinds_are_enough() {
        for fine in ["Tenantry-dev-1", "abcdefG1", "abcdefg-1", "ABCDEF-1", "passwörD1"] {
            assert_eq!(by_default(fine), 0, "{fine}");
        }
    }

    #[test]
    fn each_missing_kind_is_named_when_too_many_are_missing() {
        assert_eq!(by_default("abcdefgh"), 3);
        assert_eq!(by_default("abcdefg1"), 2);
        assert_eq!(by_default("abc"), 4);
    }

    #[test]
    fn lengths_are_counted_in_code_points() {
        assert_eq!(by_default("Añ1éíóúü"), 0);
        assert_eq!(by_default(&format!("A1{}", "ü".repeat(126))), 0);
        assert_eq!(by_default(&format!("A1{}", "ü".repeat(127))), 1);
    }

    #[test]
    fn scripts_without_case_can_pass() {
        assert_eq!(by_default("密码密码密码A1"), 0);
    }

    #[test]
    fn a_required_test_cannot_be_made_up_for() {
        let mut policy = PasswordPolicy::default();
        policy.required_tests.check_three_repeated_chars = true;
        policy.required_tests.require_special_chars = true;
        assert_eq!(under(&[policy.clone()], "Abcdefg-1"), 0);
        assert_eq!(under(&[policy.clone()], "Abcdefff-1"), 1);
        assert_eq!(under(&[policy], "Abcdefgh1"), 1);
    }

    #[test]
    fn a_passphrase_is_excused_from_the_optional_tests_alone() {
        let mut policy = PasswordPolicy {
            allow_passphrases: true,
            min_phrase_length: 20,
            ..PasswordPolicy::default()
        };
        assert_eq!(under(&[policy.clone()], "correct horse battery"), 0);
        assert!(under(&[policy.clone()], "correct horse") > 0);
        policy.required_tests.require_numbers = true;
        assert_eq!(under(&[policy], "correct horse battery"), 1);
    }

    #[test]
    fn whoever_is_bound_by_two_policies_must_satisfy_both() {
        let lax = PasswordPolicy {
            min_length: 6,
            max_length: 10,
            min_optional_tests_to_pass: 0,
            ..PasswordPolicy::default()
        };
        let numbers = PasswordPolicy {
            min_length: 12,
            min_optional_tests_to_pass: 1,
            optional_tests: PasswordTests {
                require_numbers: true,
                ..PasswordTests::default()
            },
            ..PasswordPolicy::default()
        };
        let both = [lax, numbers];
        // What one demands wins over what the other forbids.
        assert_eq!(under(&both, "abcdefghijk1"), 0);
        assert_eq!(under(&both, "abcdefghijkl"), 1);
        assert_eq!(under(&both, "abcdef1"), 1);
    }

    #[test]
    fn more_tests_than_there_are_cannot_be_asked_for() {
        let policy = PasswordPolicy {
            min_optional_tests_to_pass: 3,
            optional_tests: PasswordTests::default(),
            ..PasswordPolicy::default()
        };
        assert_eq!(under(&[policy], "abcdefgh"), 0);
    }
}
