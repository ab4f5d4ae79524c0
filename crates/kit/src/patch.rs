//! A field of a PATCH body: left out, set to null, or given.

use serde::{Deserialize, Deserializer};

/// Three states that `Option` cannot tell apart. Use with `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The member is not in the body: keep what is stored.
    #[default]
    Absent,
    /// The member is `null`: clear what is stored.
    Null,
    /// The member has a value: store it.
    Value(T),
}

impl<T> Patch<T> {
    /// What the field becomes, given what is stored.
    pub fn over(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Absent => stored,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// The value, when one was given.
    pub const fn given(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        name: Patch<String>,
    }

    fn patched(json: &str) -> Option<String> {
        serde_json::from_str::<Body>(json)
            .unwrap()
            .name
            .over(Some("old".to_owned()))
    }

    #[test]
    fn absent_keeps_null_clears_and_a_value_replaces() {
        assert_eq!(patched("{}").as_deref(), Some("old"));
        assert_eq!(patched(r#"{"name":null}"#), None);
        assert_eq!(patched(r#"{"name":"new"}"#).as_deref(), Some("new"));
    }
}
