//! `passwordHashConfig`: JSON text with the parameters of a hash.

use serde::{Deserialize, Deserializer};

use super::ImportFault;

/// Longest config the API takes, in characters.
const MAX_CONFIG_CHARS: usize = 4095;

/// The members of all types; each type takes what it needs and ignores the rest. Where an exporting tool spells a
/// member in its own way, that way is read too.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(alias = "salt_separator", alias = "base64_salt_separator")]
    pub(super) salt_separator: Option<String>,
    pub(super) salt_position: Option<String>,
    #[serde(rename = "N", alias = "n", deserialize_with = "number")]
    pub(super) n: Option<u32>,
    #[serde(deserialize_with = "number")]
    pub(super) r: Option<u32>,
    #[serde(deserialize_with = "number")]
    pub(super) p: Option<u32>,
    #[serde(alias = "keylen", deserialize_with = "number")]
    pub(super) key_len: Option<u32>,
    #[serde(alias = "mem_cost", deserialize_with = "number")]
    pub(super) mem_cost: Option<u32>,
    #[serde(deserialize_with = "number")]
    pub(super) rounds: Option<u32>,
    #[serde(alias = "signer_key", alias = "base64_signer_key")]
    pub(super) signer_key: Option<String>,
    pub(super) digest: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) iterations: Option<u32>,
}

impl Config {
    /// Reads the text; an absent, empty or `null` one is a config without members.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, ImportFault> {
        let text = text
            .map(str::trim)
            .filter(|text| !text.is_empty() && *text != "null");
        let Some(text) = text else {
            return Ok(Self::default());
        };
        if text.chars().nth(MAX_CONFIG_CHARS).is_some() {
            return Err(ImportFault::Config);
        }
        serde_json::from_str(text).map_err(|_| ImportFault::Config)
    }

    /// The separator between salt and key; none means that nothing stands between them.
    pub(super) fn separator(&self) -> &str {
        self.salt_separator.as_deref().unwrap_or_default()
    }

    /// The length of the key in bytes, within reason.
    pub(super) fn key_length(&self) -> Result<usize, ImportFault> {
        self.key_len
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| (16..=512).contains(length))
            .ok_or(ImportFault::Config)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberText {
    Number(u32),
    Text(String),
}

/// A number, or its digits in a text as CSV exports have them.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match Option::<NumberText>::deserialize(deserializer)? {
        None => Ok(None),
        Some(NumberText::Number(number)) => Ok(Some(number)),
        Some(NumberText::Text(text)) => super::super::phc::digits(&text)
            .map(Some)
            .ok_or_else(|| serde::de::Error::custom("expected a number")),
    }
}
