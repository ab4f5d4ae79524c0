//! Request bodies: size, encoding and shape are checked before a handler sees them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::Problem;

/// The most bytes a route's body may have; set per route, read by [`Body`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit(pub(crate) usize);

const DEFAULT_LIMIT: usize = 1024 * 1024;
/// A body that trickles in is cut off, so that slow senders do not hold connections.
const ARRIVAL: Duration = Duration::from_secs(20);

/// A JSON body, decoded. An absent body reads as `{}`, because clients send bodyless POSTs with a JSON content type.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let json = content_type_is_json(&request);
        let plain = is_plain(&request);
        let bytes = collect(request).await?;
        if !plain {
            return Err(Problem::encoded());
        }
        if !bytes.is_empty() && !json {
            return Err(Problem::not_json());
        }
        decode(&bytes).map(Self)
    }
}

/// The raw bytes of a body within the route's limit.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        collect(request).await.map(Self)
    }
}

/// Whether the body comes as it is (RFC 9110, section 8.4).
fn is_plain(request: &Request) -> bool {
    let mut codings = request.headers().get_all(header::CONTENT_ENCODING).iter();
    codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Absent counts as JSON (server-side callers leave it out); a form or plain text does not, which also keeps browsers of
/// foreign sites from posting without a preflight.
fn content_type_is_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
        return true;
    };
    let Ok(text) = value.to_str() else { return false };
    let kind = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn collect(request: Request) -> Result<Bytes, Problem> {
    let limit = request
        .extensions()
        .get::<BodyLimit>()
        .map_or(DEFAULT_LIMIT, |l| l.0);
    let arrival = tokio::time::timeout(ARRIVAL, Limited::new(request.into_body(), limit).collect()).await;
    match arrival {
        Err(_) => Err(Problem::slow_body()),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Ok(Err(_)) => Err(Problem::bad_request("The request body could not be read")),
    }
}

/// Decodes JSON, naming the member that is wrong and never repeating its value.
///
/// # Errors
/// 400 with one sentence.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}".as_slice() } else { bytes };
    if has_nul(bytes) {
        return Err(Problem::bad_request("Text must not contain the character U+0000"));
    }
    // serde reads a list as a struct's members in their order, which no client means.
    let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if is_list && wants_members::<T>() {
        return Err(Problem::bad_request("body must be an object"));
    }
    // Typed members notice this themselves; free-form ones and those nobody reads do not.
    if let Some(name) = repeated(bytes) {
        return Err(Problem::bad_request(format!("{name} must be given only once")));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::bad_request(sentence(&path, &inner.to_string()))
        } else if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
            // The reader takes whatever is no text, where one of several words belongs, for broken JSON.
            Problem::bad_request(sentence(&path, "expected a string"))
        } else {
            Problem::bad_request("Invalid JSON provided")
        }
    })?;
    reader
        .end()
        .map_err(|_| Problem::bad_request("Invalid JSON provided"))?;
    Ok(value)
}

/// Whether a type is a struct with named members, told by what it asks of its input first.
fn wants_members<T: DeserializeOwned>() -> bool {
    T::deserialize(Asked).is_err_and(|error| error.to_string() == Asked::MEMBERS)
}

/// An input that only notes what it is asked for.
struct Asked;

impl Asked {
    const MEMBERS: &str = "members";
}

impl<'de> Deserializer<'de> for Asked {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("something else"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom(Self::MEMBERS))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

/// The first member that an object of a JSON text, at any depth, has twice. Readers of JSON disagree about which of the
/// two counts, so neither does.
fn repeated(bytes: &[u8]) -> Option<String> {
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // A text that is not JSON is refused by whoever decodes it.
    drop(Once(&twice).deserialize(&mut reader));
    twice.into_inner()
}

/// Reads any value and keeps nothing but the name of a repeated member.
#[derive(Clone, Copy)]
struct Once<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Once<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(self)?;
            if let Some(name) = names.replace(name) {
                self.0.borrow_mut().get_or_insert(name);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Whether a JSON text holds the escape of U+0000; PostgreSQL cannot store it, so neither engine does.
fn has_nul(bytes: &[u8]) -> bool {
    let mut escaped = false;
    bytes.iter().enumerate().any(|(at, byte)| {
        if escaped {
            escaped = false;
            return *byte == b'u' && bytes.get(at + 1..at + 5) == Some(b"0000");
        }
        escaped = *byte == b'\\';
        *byte == 0
    })
}

/// A decoder's message in the words that clients of this API know, without the offending value (it may be a password).
fn sentence(path: &str, message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let named = |word: &str| {
        message
            .strip_prefix(word)
            .and_then(|rest| rest.split('`').next())
            .map(|field| qualified(path, field))
    };
    if let Some(field) = named("missing field `") {
        return format!("{field} should not be empty");
    }
    if let Some(field) = named("duplicate field `") {
        return format!("{field} must be given only once");
    }
    let subject = if path == "." || path.is_empty() {
        "body"
    } else {
        path
    };
    let Some((_, expected)) = message.rsplit_once("expected ") else {
        return format!("{subject} is not valid: {message}");
    };
    if let Some(choices) = expected.strip_prefix("one of ") {
        return format!(
            "{subject} must be one of the following values: {}",
            choices.replace('`', "")
        );
    }
    // Of two choices serde makes no list.
    if let Some((one, other)) = expected.split_once("` or `") {
        return format!(
            "{subject} must be one of the following values: {}, {}",
            one.replace('`', ""),
            other.replace('`', "")
        );
    }
    let wanted = match expected.trim_matches('`') {
        "a string" | "a borrowed string" => "a string",
        "a boolean" => "a boolean value",
        "i64" | "u64" | "i32" | "u32" | "u16" | "i16" | "u8" | "usize" => "an integer number",
        "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => return format!("{subject} must be {other}"),
    };
    if subject == "body" && wanted == "an array" {
        return "Expected body to be an array".to_owned(); // the text clients match
    }
    format!("{subject} must be {wanted}")
}

fn qualified(path: &str, field: &str) -> String {
    match path.rsplit_once('.') {
        _ if path == "." || path.is_empty() || path == field => field.to_owned(),
        Some((_, last)) if last == field => path.to_owned(),
        _ => format!("{path}.{field}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only decoded")]
    struct Login {
        email: String,
        #[serde(default)]
        level: u16,
        #[serde(default)]
        flags: Vec<bool>,
    }

    fn refused(json: &str) -> String {
        format!("{:?}", decode::<Login>(json.as_bytes()).unwrap_err())
    }

    #[tokio::test]
    async fn a_compressed_body_is_told_what_is_wrong_with_it() {
        let order = |coding: &str| {
            Request::builder()
                .header(header::CONTENT_ENCODING, coding)
                .body(axum::body::Body::from(r#"{"email":"a@b.test"}"#))
                .unwrap()
        };
        let problem = Body::<Login>::from_request(order("gzip"), &()).await.unwrap_err();
        assert!(format!("{problem:?}").contains("Content-Encoding"), "{problem:?}");
        Body::<Login>::from_request(order("identity"), &()).await.unwrap();
    }

    #[test]
    fn a_list_is_no_struct_even_when_every_member_may_be_absent() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct Optional {
            name: Option<String>,
        }
        for list in ["[]", " [\"a\"]", "[{}]"] {
            let problem = decode::<Optional>(list.as_bytes()).unwrap_err();
            assert!(
                format!("{problem:?}").contains("body must be an object"),
                "{problem:?}"
            );
        }
        decode::<Vec<Optional>>(b"[{}]").unwrap();
        decode::<serde_json::Value>(b"[1]").unwrap();
    }

    #[test]
    fn each_mistake_gets_its_sentence() {
        for (json, sentence) in [
            (r"{}", "email should not be empty"),
            (r#"{"email":1}"#, "email must be a string"),
            (r#"{"email":"a","email":"b"}"#, "email must be given only once"),
            (r#"{"email":"a","level":"x"}"#, "level must be an integer number"),
            (r#"{"email":"a","level":-1}"#, "level must be an integer number"),
            (
                r#"{"email":"a","flags":[true,1]}"#,
                "flags[1] must be a boolean value",
            ),
            (
                r#"{"email":"a","flags":[],"x":{"y":[{"z":1,"z":2}]}}"#,
                "z must be given only once",
            ),
            (r#"{"email":"a""#, "Invalid JSON provided"),
            (r#"{"email":"a"} x"#, "Invalid JSON provided"),
            ("[]", "body must be an object"),
            (r#"{"email":"a\u0000b"}"#, "U+0000"),
        ] {
            assert!(refused(json).contains(sentence), "{json}: {}", refused(json));
        }
    }

    #[test]
    fn an_object_where_an_array_belongs_gets_the_text_clients_know() {
        let problem = decode::<Vec<Login>>(b"{}").unwrap_err();
        assert!(
            format!("{problem:?}").contains("Expected body to be an array"),
            "{problem:?}"
        );
    }

    #[test]
    fn no_text_where_a_word_belongs_is_not_broken_json() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Kind {
            One,
        }
        #[derive(Debug, Deserialize)]
        struct Kinds {
            kinds: Vec<Kind>,
        }
        let problem = |json: &str| format!("{:?}", decode::<Kinds>(json.as_bytes()).unwrap_err());
        for (json, sentence) in [
            (r#"{"kinds":["one",5]}"#, "kinds[1] must be a string"),
            (r#"{"kinds":[null]}"#, "kinds[0] must be a string"),
            (r#"{"kinds":["two"]}"#, "kinds[0] must be one"),
            (r#"{"kinds":[tru]}"#, "Invalid JSON provided"),
        ] {
            assert!(problem(json).contains(sentence), "{json}: {}", problem(json));
        }
        let whole = format!("{:?}", decode::<Kind>(b"5").unwrap_err());
        assert!(whole.contains("body must be a string"), "{whole}");
        assert!(matches!(
            decode::<Kinds>(br#"{"kinds":["one"]}"#).unwrap().kinds[..],
            [Kind::One]
        ));
    }

    #[test]
    fn the_wrong_value_is_not_repeated() {
        assert!(!refused(r#"{"email":"a","level":"hunter2"}"#).contains("hunter2"));
    }

    #[test]
    fn an_escaped_backslash_before_u0000_is_text() {
        assert!(!has_nul(br#"{"a":"\\u0000"}"#));
        assert!(has_nul(br#"{"a":"\\\u0000"}"#));
    }
}
