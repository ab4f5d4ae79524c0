//! Tokens as clients see them: three parts, read without checking anything.

use serde_json::Value;

/// The claims of a JWT.
#[must_use]
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The names of a JWT's claims, in the order they are written.
#[must_use]
pub fn claim_names(token: &str) -> Vec<String> {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    let text = decode(token.split('.').nth(1).unwrap_or_default());
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_slice(&text), Names)
        .unwrap_or_else(|error| panic!("{token:?} is no JWT: {error}"))
}

/// The JOSE header of a JWT.
#[must_use]
pub fn header(token: &str) -> Value {
    part(token, 0)
}

/// The same token with other claims and its old signature.
#[must_use]
pub fn tampered(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims(token);
    change(&mut claims);
    let parts: Vec<&str> = token.split('.').collect();
    [parts[0], &encode(&serde_json::to_vec(&claims).unwrap()), parts[2]].join(".")
}

/// Whether the signature of a JWT is of the key with this PEM.
#[must_use]
pub fn signed_by(token: &str, pem: &str) -> bool {
    let key = crypto::VerifyingKey::rsa_from_pem(None, pem).expect("a public key in PEM");
    let (message, signature) = token
        .rsplit_once('.')
        .unwrap_or_else(|| panic!("{token:?} is no JWT"));
    key.verify(message.as_bytes(), &decode(signature))
}

fn part(token: &str, index: usize) -> Value {
    let text = token
        .split('.')
        .nth(index)
        .unwrap_or_else(|| panic!("{token:?} is no JWT"));
    serde_json::from_slice(&decode(text)).unwrap_or_else(|error| panic!("{token:?} is no JWT: {error}"))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(group >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let Some(value) = ALPHABET.iter().position(|known| *known == letter) else {
            panic!("{text:?} is not base64url");
        };
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 255).unwrap());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for text in ["", "a", "ab", "abc", "abcd", "\u{1F980} \"quotes\""] {
            assert_eq!(decode(&encode(text.as_bytes())), text.as_bytes());
        }
    }
}
