use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::keys::{HmacKey, SigningKey, VerifyingKey};

// Made with PyJWT 2.15 and Python cryptography 50: {"sub":"x","exp":4102444800}.
const RS256_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtN0hSVVGCJWYt4Fy9akh
uwCyUo8SX0EA6c3gzSZ8YeLYx4fRYjIFgjupsWWmp3IxmUgk3z1IUes5YUEjQNdY
61fHhsQPwHNysU6gjlw+qficM23flntPwaV9R6+R1pYuY+UOIU7Zj05xbks+KFcQ
DL0HF/R5n0eDZMPXI3Uei73IczBaV2Zx3Wyc0WSwmvWlWkPkH9QMP0QCH1TPhHFp
ty4c4AGeMH0GP6NsSM5dnAxFFUlEQTTssC2plwLbpY+dLAsa9VurWZzerXcqkxhD
pYfZNU6murnvThWajeqO8rYGciaxLqxqKhihiX0dtSMBLsD+oY0Iz25430zSEBMS
FwIDAQAB
-----END PUBLIC KEY-----";
const RS256_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImFiY2RlZjAxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ4IiwiZXhwIjo0MTAyNDQ0ODAwfQ.beoAGELhGMDP9c71MSZ-HblUMCHjFfuGvIp0jtX41Q5PUhGp270XY1SobM0gv_-8QYDXcveZxQpAonBoSQPWtZOIJBxjwNVgcv3k8L5jI8KUzDkH7HuQ2Llg6w1AB-refu0flFQ7sn8L-F8H3WEUfyCZT0BXR-KIvXAy-9EuKPUckEUkQMghLt4MGRP9UEa59pBoXmXyPvIaqq-CTmxgsCzBRH5OuszBWzPOhiiG1l9sfZcyIeW1qXklKzuEp9AqUtzoqSp3HWeONNDakexC1tmLaGukJ7pwVLLDG2ZIbdeu7_gxdKXYLhJmP5-6qWMvBGszxNXbZAPxB60tvLfrUA";
const HS256_SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const HS256_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4IiwiZXhwIjo0MTAyNDQ0ODAwfQ.4K3qI7TdnHzdiQnqQHWgTz1zLUKLqxxgOCIZmRZiOGk";

const RS256: &[Algorithm] = &[Algorithm::Rs256];
const HS256: &[Algorithm] = &[Algorithm::Hs256];
const BOTH: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Hs256];

fn rsa_keys() -> KeySet {
    KeySet::new(vec![
        VerifyingKey::rsa_from_pem(Some("abcdef01".to_owned()), RS256_PEM).unwrap(),
    ])
}

fn hmac_key() -> HmacKey {
    HmacKey::new(HS256_SECRET).unwrap()
}

fn hmac_keys() -> KeySet {
    KeySet::new(vec![hmac_key().into()])
}

/// A token with any header, signed by our HMAC key.
fn signed(header: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode("{}")
    );
    let tag = crate::hmac_sha256(HS256_SECRET, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn tokens_of_another_implementation_verify() {
    let claims: Value = verify_jwt(RS256_TOKEN, &rsa_keys(), RS256).unwrap();
    assert_eq!(claims, json!({"sub": "x", "exp": 4_102_444_800i64}));
    let claims: Value = verify_jwt(HS256_TOKEN, &hmac_keys(), HS256).unwrap();
    assert_eq!(claims["sub"], "x");
    #[derive(serde::Serialize)]
    struct Claims {
        sub: &'static str,
        exp: i64,
    }
    let claims = Claims {
        sub: "x",
        exp: 4_102_444_800,
    };
    assert_eq!(hmac_key().sign_jwt(&claims).as_deref(), Ok(HS256_TOKEN));
}

#[test]
fn our_own_tokens_verify_and_the_kid_picks_the_key() {
    let made = || SigningKey::generate_rsa().unwrap().pkcs8;
    let first = SigningKey::from_pkcs8("abcdef01".to_owned(), &made()).unwrap();
    let second = SigningKey::from_pkcs8("abcdef01-2".to_owned(), &made()).unwrap();
    let both = KeySet::new(vec![
        VerifyingKey::try_from(&first).unwrap(),
        VerifyingKey::try_from(&second).unwrap(),
        hmac_key().with_kid("mac".to_owned()).into(),
    ]);
    let claims = json!({"sub": "ä"});
    for key in [&first, &second] {
        let token = key.sign_jwt(&claims).unwrap();
        assert_eq!(verify_jwt::<Value>(&token, &both, RS256), Ok(claims.clone()));
    }
    let token = hmac_key().with_kid("mac".to_owned()).sign_jwt(&claims).unwrap();
    assert_eq!(verify_jwt::<Value>(&token, &both, BOTH), Ok(claims.clone()));
    assert_eq!(verify_jws(&token, &both, RS256), Err(JwtError::Algorithm));

    let only_first = KeySet::new(vec![VerifyingKey::try_from(&first).unwrap()]);
    let token = second.sign_jwt(&claims).unwrap();
    assert_eq!(verify_jws(&token, &only_first, RS256), Err(JwtError::UnknownKey));
    assert_eq!(
        verify_jws(&token, &KeySet::default(), RS256),
        Err(JwtError::UnknownKey)
    );
    // The right kid, another key.
    let impostor = SigningKey::from_pkcs8("abcdef01".to_owned(), &made()).unwrap();
    let token = impostor.sign_jwt(&claims).unwrap();
    assert_eq!(verify_jws(&token, &only_first, RS256), Err(JwtError::Signature));
}

#[test]
fn a_token_without_kid_is_checked_against_the_first_key_alone() {
    let token = hmac_key().sign_jwt(&json!({})).unwrap();
    let other = HmacKey::new(b"other").unwrap();
    let first = KeySet::new(vec![hmac_key().into(), other.clone().into()]);
    assert!(verify_jws(&token, &first, HS256).is_ok());
    let second = KeySet::new(vec![other.into(), hmac_key().into()]);
    assert_eq!(verify_jws(&token, &second, HS256), Err(JwtError::Signature));
}

#[test]
fn none_and_algorithms_that_are_not_ours_are_refused() {
    for alg in [
        "none", "None", "NONE", "", "hs256", "RS512", "HS384", "ES256", "PS256",
    ] {
        let header = json!({"alg": alg}).to_string();
        for keys in [rsa_keys(), hmac_keys()] {
            let token = signed(&header);
            assert_eq!(verify_jws(&token, &keys, BOTH), Err(JwtError::Algorithm), "{alg}");
            let (unsigned, _) = token.rsplit_once('.').unwrap();
            assert!(verify_jws(&format!("{unsigned}."), &keys, BOTH).is_err());
            assert!(verify_jws(unsigned, &keys, BOTH).is_err());
        }
    }
    assert_eq!(
        verify_jws(HS256_TOKEN, &hmac_keys(), &[]),
        Err(JwtError::Algorithm)
    );
    assert_eq!(
        verify_jws(HS256_TOKEN, &hmac_keys(), RS256),
        Err(JwtError::Algorithm)
    );
}

#[test]
fn a_public_key_does_not_serve_as_an_hmac_secret() {
    // The attacker signs HS256 with the published PEM, in every form it may be held in.
    let der = RS256_PEM
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect::<String>();
    for secret in [
        RS256_PEM.as_bytes(),
        format!("{RS256_PEM}\n").as_bytes(),
        der.as_bytes(),
    ] {
        for kid in [None, Some("abcdef01")] {
            let key = HmacKey::new(secret).unwrap();
            let key = kid.map_or(key.clone(), |kid| key.with_kid(kid.to_owned()));
            let token = key.sign_jwt(&json!({"sub": "admin"})).unwrap();
            assert_eq!(verify_jws(&token, &rsa_keys(), RS256), Err(JwtError::Algorithm));
            assert_eq!(verify_jws(&token, &rsa_keys(), BOTH), Err(JwtError::Algorithm));
        }
    }
    // And the reverse: an RS256 header for an HMAC key.
    assert_eq!(
        verify_jws(&signed(r#"{"alg":"RS256"}"#), &hmac_keys(), BOTH),
        Err(JwtError::Algorithm)
    );
}

#[test]
fn keys_inside_the_header_are_ignored() {
    let header = r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://evil.test","x5u":"https://evil.test"}"#;
    assert!(verify_jws(&signed(header), &hmac_keys(), HS256).is_ok());
    let message = signed(header);
    let (message, _) = message.rsplit_once('.').unwrap();
    let forged = crate::hmac_sha256(&[0, 0, 0], message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(forged));
    assert_eq!(verify_jws(&token, &hmac_keys(), HS256), Err(JwtError::Signature));
}

#[test]
fn headers_that_demand_more_or_say_things_twice_are_refused() {
    for header in [
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256"} x"#,
        r#"{"alg":"HS256""#,
        "[]",
        "null",
        "",
    ] {
        assert_eq!(
            verify_jws(&signed(header), &hmac_keys(), HS256),
            Err(JwtError::Malformed),
            "{header}"
        );
    }
    assert_eq!(
        verify_jws(&signed(r#"{"alg":"HS256","kid":"other"}"#), &hmac_keys(), HS256),
        Err(JwtError::UnknownKey)
    );
}

#[test]
fn parts_must_be_three_and_strictly_encoded() {
    let (head, tag) = HS256_TOKEN.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        head.to_owned(),
        format!("{HS256_TOKEN}."),
        format!(".{HS256_TOKEN}"),
        format!("{HS256_TOKEN}.{tag}"),
        format!("{header}..{payload}.{tag}"),
        format!("{HS256_TOKEN}="),
        format!("{header}=.{payload}.{tag}"),
        format!("{HS256_TOKEN} "),
        format!("{HS256_TOKEN}\n"),
        format!("{head}.{}", tag.replace('-', "+")).replace("4K3q", "4K+q"),
        // The last character carries two bits that belong to no byte: the same tag, written differently.
        format!("{head}.{}l", tag.strip_suffix('k').unwrap()),
    ] {
        assert_eq!(
            verify_jws(&token, &hmac_keys(), HS256),
            Err(JwtError::Malformed),
            "{token}"
        );
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    for (token, keys) in [(HS256_TOKEN, hmac_keys()), (RS256_TOKEN, rsa_keys())] {
        for index in 0..token.len() {
            let mut bytes = token.as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            assert!(verify_jws(&altered, &keys, BOTH).is_err(), "{index}");
        }
        for length in 0..token.len() {
            assert!(verify_jws(&token[..length], &keys, BOTH).is_err(), "{length}");
        }
    }
}

#[test]
fn a_token_of_more_than_16_kib_is_not_even_parsed() {
    let fill = |bytes: usize| hmac_key().sign_jwt(&json!({"x": "x".repeat(bytes)})).unwrap();
    assert!(verify_jws(&fill(12_000), &hmac_keys(), HS256).is_ok());
    let long = fill(13_000);
    assert!(long.len() > MAX_TOKEN_BYTES);
    assert_eq!(verify_jws(&long, &hmac_keys(), HS256), Err(JwtError::TooLong));
    assert_eq!(
        verify_jws(&"x".repeat(1 << 20), &hmac_keys(), HS256),
        Err(JwtError::TooLong)
    );
}

#[test]
fn a_payload_that_is_not_what_was_asked_for_is_refused() {
    let token = hmac_key().sign_jwt(&"text").unwrap();
    assert_eq!(verify_jws(&token, &hmac_keys(), HS256), Ok(b"\"text\"".to_vec()));
    assert_eq!(
        verify_jwt::<Times>(&token, &hmac_keys(), HS256),
        Err(JwtError::Claims)
    );
}

#[test]
fn a_token_counts_from_nbf_up_to_but_not_at_exp() {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
        #[serde(flatten)]
        times: Times,
    }
    let read = |claims: Value| -> Claims {
        let token = hmac_key().sign_jwt(&claims).unwrap();
        verify_jwt(&token, &hmac_keys(), HS256).unwrap()
    };
    let claims = read(json!({"sub": "x", "nbf": 100, "exp": 200}));
    assert_eq!(claims.sub, "x");
    let at = |millis: i64, leeway: u32| check_times(&claims.times, Millis(millis), leeway);
    assert_eq!(at(99_999, 0), Err(JwtError::NotYetValid));
    assert_eq!(at(100_000, 0), Ok(()));
    assert_eq!(at(199_999, 0), Ok(()));
    assert_eq!(at(200_000, 0), Err(JwtError::Expired));
    assert_eq!(at(95_000, 5), Ok(()));
    assert_eq!(at(94_999, 5), Err(JwtError::NotYetValid));
    assert_eq!(at(204_999, 5), Ok(()));
    assert_eq!(at(205_000, 5), Err(JwtError::Expired));

    let now = Millis(0);
    let check = |claims| check_times(&read(claims).times, now, 0);
    assert_eq!(check(json!({"sub": "x"})), Err(JwtError::Claims));
    assert_eq!(check(json!({"sub": "x", "exp": null})), Err(JwtError::Claims));
    assert_eq!(check(json!({"sub": "x", "exp": 0.5})), Ok(()));
    assert_eq!(check(json!({"sub": "x", "exp": 1e300})), Ok(()));
    assert_eq!(check(json!({"sub": "x", "exp": -1e300})), Err(JwtError::Expired));
    assert_eq!(
        check(json!({"sub": "x", "exp": 1, "nbf": 1e300})),
        Err(JwtError::NotYetValid)
    );
    let token = hmac_key().sign_jwt(&json!({"exp": "200"})).unwrap();
    assert_eq!(
        verify_jwt::<Times>(&token, &hmac_keys(), HS256),
        Err(JwtError::Claims)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic_or_passes(text in ".{0,300}", header in "\\PC{0,60}") {
        prop_assert!(verify_jws(&text, &hmac_keys(), BOTH).is_err());
        prop_assert!(verify_jws(&text, &rsa_keys(), BOTH).is_err());
        prop_assert!(verify_jws(&signed(&header), &hmac_keys(), BOTH).is_err());
    }

    #[test]
    fn parts_that_decode_do_not_pass_either(a in "[A-Za-z0-9_-]{0,80}", b in "[A-Za-z0-9_-]{0,80}", c in "[A-Za-z0-9_-]{43}") {
        let token = format!("{a}.{b}.{c}");
        prop_assert!(verify_jws(&token, &hmac_keys(), BOTH).is_err());
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        let token = format!("{header}.{b}.{c}");
        prop_assert!(verify_jws(&token, &hmac_keys(), BOTH).is_err());
    }

    #[test]
    fn whatever_is_signed_reads_back(text in ".{0,200}", number in any::<i64>()) {
        let claims = json!({"text": text, "number": number});
        let token = hmac_key().sign_jwt(&claims).unwrap();
        prop_assert_eq!(verify_jwt::<Value>(&token, &hmac_keys(), HS256), Ok(claims));
    }
}
