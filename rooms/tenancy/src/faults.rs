//! What is wrong with a body, collected as sentences in the words clients know.

/// Sentences about the values of one body.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    /// A text of at most `most` characters.
    pub(crate) fn within(&mut self, field: &str, text: Option<&str>, most: usize) {
        if text.is_some_and(|text| text.chars().count() > most) {
            self.0.push(format!(
                "{field} must be shorter than or equal to {most} characters"
            ));
        }
    }

    /// A text that is there and not blank.
    pub(crate) fn filled(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.0.push(format!("{field} should not be empty"));
        }
    }

    /// A whole number between two bounds.
    pub(crate) fn between(&mut self, field: &str, number: Option<i64>, least: i64, most: i64) {
        match number {
            Some(number) if number < least => self.0.push(format!("{field} must not be less than {least}")),
            Some(number) if number > most => self.0.push(format!("{field} must not be greater than {most}")),
            _ => {}
        }
    }

    /// A list of at most `most` elements.
    pub(crate) fn at_most(&mut self, field: &str, count: usize, most: usize) {
        if count > most {
            self.0
                .push(format!("{field} must contain no more than {most} elements"));
        }
    }

    /// Any other sentence.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }

    /// Nothing wrong, or everything that is.
    pub(crate) fn check(self) -> Result<(), Vec<String>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
