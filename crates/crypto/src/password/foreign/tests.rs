use kit::Secret;
use proptest::prelude::*;

use super::super::StoredHash;
use super::*;

const PASSWORD: &str = "Tr0ub4dor&3";

fn hasher() -> Hasher {
    Hasher::new(HashCost::new(64, 1, 1).unwrap())
}

fn matches(kind: HashKind, text: &str, config: Option<&str>, password: &str) -> bool {
    let stored = StoredHash {
        kind,
        text: text.to_owned(),
        config: config.map(str::to_owned),
    };
    let verdict = hasher()
        .verify(&Secret::new(password.to_owned()), &stored)
        .unwrap();
    assert_eq!(
        verdict.matches, verdict.rehash,
        "a foreign hash is always replaced"
    );
    verdict.matches
}

#[track_caller]
fn right(kind: HashKind, text: &str, config: Option<&str>) {
    let rules = ImportRules { unsalted_sha: true };
    assert_eq!(check_import_with(kind, text, config, rules), Ok(()), "{text}");
    assert!(matches(kind, text, config, PASSWORD), "{text}");
    assert!(!matches(kind, text, config, "Tr0ub4dor&4"), "{text}");
    assert!(!matches(kind, text, config, ""), "{text}");
}

#[track_caller]
fn refused(kind: HashKind, text: &str, config: Option<&str>, fault: ImportFault) {
    assert_eq!(check_import(kind, text, config), Err(fault), "{text} {config:?}");
    if fault != ImportFault::Unsalted && kind != HashKind::Native {
        assert!(!matches(kind, text, config, PASSWORD));
    }
}

// Made with Python bcrypt 5.0, salt "abcdefghijklmnopqrstuu".
const BCRYPT_TAIL: &str = "05$abcdefghijklmnopqrstuujyowYzwa5GTkdJQ1hID4j4yIozDs7U.";
const BCRYPT_OF_72_X: &str = "$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q";
const BCRYPT_OF_71_X: &str = "$2b$05$abcdefghijklmnopqrstuufmnYtZf4/LVIEdk8v40tikf/KPsqQ4m";
const BCRYPT_OF_NOTHING: &str = "$2b$05$abcdefghijklmnopqrstuu0oImNDIy4flhldV9YqunRgBAePKmw7m";

#[test]
fn bcrypt_of_every_name_is_read() {
    for name in ["2a", "2b", "2y"] {
        right(HashKind::Bcrypt, &format!("${name}${BCRYPT_TAIL}"), None);
    }
    assert!(matches(HashKind::Bcrypt, BCRYPT_OF_NOTHING, None, ""));
    assert!(!matches(HashKind::Bcrypt, BCRYPT_OF_NOTHING, None, "x"));
}

#[test]
fn bcrypt_reads_72_bytes_and_no_more() {
    for (hash, length, expected) in [
        (BCRYPT_OF_72_X, 72, true),
        (BCRYPT_OF_72_X, 80, true),
        (BCRYPT_OF_72_X, 1024, true),
        (BCRYPT_OF_72_X, 71, false),
        (BCRYPT_OF_71_X, 71, true),
        (BCRYPT_OF_71_X, 72, false),
    ] {
        assert_eq!(
            matches(HashKind::Bcrypt, hash, None, &"x".repeat(length)),
            expected,
            "{length}"
        );
    }
}

#[test]
fn bcrypt_that_is_broken_or_too_dear_is_refused() {
    let tail = BCRYPT_TAIL.strip_prefix("05").unwrap();
    for text in [
        "",
        "$2b$",
        &format!("$2x${BCRYPT_TAIL}"),
        &format!("$2b${BCRYPT_TAIL}x"),
        &format!("$2b$03{tail}"),
        &format!("$2b$32{tail}"),
        &format!("$2b$5{tail}"),
        &format!("$2b$+5{tail}"),
        "$2b$05$abcdefghijklmnopqrstu\u{e9}jyowYzwa5GTkdJQ1hID4j4yIozDs7U.",
    ] {
        refused(HashKind::Bcrypt, text, None, ImportFault::Hash);
    }
    refused(
        HashKind::Bcrypt,
        &format!("$2b$15{tail}"),
        None,
        ImportFault::TooCostly,
    );
    assert_eq!(
        check_import(HashKind::Bcrypt, &format!("$2b$14{tail}"), None),
        Ok(())
    );
}

// Made with Python 3.11 hashlib.scrypt(n=1024, r=8, p=2, dklen=32).
const SCRYPT_KEY: &str = "790cb1a64ed9738f860b06fb00ee1033c94a4ef6d27e5ec0bc6a73bbb4f3fa93";
const SCRYPT_KEY_BASE64: &str = "eQyxpk7Zc4+GCwb7AO4QM8lKTvbSfl7AvGpzu7Tz+pM=";
const SCRYPT_CONFIG: &str = r#"{"saltSeparator":";","N":1024,"r":8,"p":2,"keyLen":32}"#;

#[test]
fn scrypt_is_read_with_its_key_in_hex_or_base64() {
    let config = Some(SCRYPT_CONFIG);
    right(HashKind::Scrypt, &format!("saltsalt;{SCRYPT_KEY}"), config);
    right(HashKind::Scrypt, &format!("saltsalt;{SCRYPT_KEY_BASE64}"), config);
    // The separator occurs in the salt; the key is base64url without padding.
    right(
        HashKind::Scrypt,
        "a;b;D4bBePb040-H-ZbNlHo0JiXkMAobfsmEca3nt5_sYNU",
        config,
    );
    // No separator at all, and numbers as texts.
    right(
        HashKind::Scrypt,
        &format!("saltsalt{SCRYPT_KEY}"),
        Some(r#"{"N":"1024","r":"8","p":"2","keyLen":"32"}"#),
    );
}

#[test]
fn scrypt_that_is_broken_or_too_dear_is_refused() {
    let good = format!("saltsalt;{SCRYPT_KEY}");
    for text in [
        "",
        ";",
        SCRYPT_KEY,
        &format!(";{SCRYPT_KEY}"),
        &format!("saltsalt,{SCRYPT_KEY}"),
        &good[..good.len() - 1],
    ] {
        refused(HashKind::Scrypt, text, Some(SCRYPT_CONFIG), ImportFault::Hash);
    }
    for config in [
        None,
        Some(""),
        Some("null"),
        Some("{}"),
        Some("[]"),
        Some("{"),
        Some(r#"{"saltSeparator":";","N":1000,"r":8,"p":2,"keyLen":32}"#),
        Some(r#"{"saltSeparator":";","N":0,"r":8,"p":2,"keyLen":32}"#),
        Some(r#"{"saltSeparator":";","N":1,"r":8,"p":2,"keyLen":32}"#),
        Some(r#"{"saltSeparator":";","N":-1024,"r":8,"p":2,"keyLen":32}"#),
        Some(r#"{"saltSeparator":";","N":1024,"r":0,"p":2,"keyLen":32}"#),
        Some(r#"{"saltSeparator":";","N":1024,"r":8,"p":2}"#),
        Some(r#"{"saltSeparator":";","N":1024,"r":8,"p":2,"keyLen":4}"#),
        Some(r#"{"saltSeparator":";","N":1024,"r":8,"p":2,"keyLen":99999}"#),
        Some(r#"{"saltSeparator":";","N":1024,"n":1024,"r":8,"p":2,"keyLen":32}"#),
    ] {
        refused(HashKind::Scrypt, &good, config, ImportFault::Config);
    }
    for config in [
        r#"{"saltSeparator":";","N":1048576,"r":8,"p":1,"keyLen":32}"#,
        r#"{"saltSeparator":";","N":1024,"r":4294967295,"p":1,"keyLen":32}"#,
        r#"{"saltSeparator":";","N":131072,"r":8,"p":5,"keyLen":32}"#,
        r#"{"saltSeparator":";","N":1024,"r":8,"p":4294967295,"keyLen":32}"#,
    ] {
        refused(HashKind::Scrypt, &good, Some(config), ImportFault::TooCostly);
    }
    let dearest = r#"{"saltSeparator":";","N":131072,"r":8,"p":4,"keyLen":32}"#;
    assert_eq!(check_import(HashKind::Scrypt, &good, Some(dearest)), Ok(()));
    let long = format!(
        r#"{{"saltSeparator":";","N":1024,"r":8,"p":2,"keyLen":32{}}}"#,
        " ".repeat(4095)
    );
    refused(HashKind::Scrypt, &good, Some(&long), ImportFault::Config);
}

// The vector of github.com/firebase/scrypt (README).
const FIREBASE: &str = "42xEC+ixf3L2lw==:lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
const FIREBASE_CONFIG: &str = r#"{"memCost":14,"rounds":8,"saltSeparator":"Bw==","signerKey":"jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="}"#;

#[test]
fn the_published_firebase_vector_matches() {
    let config = Some(FIREBASE_CONFIG);
    assert_eq!(check_import(HashKind::FirebaseScrypt, FIREBASE, config), Ok(()));
    assert!(matches(
        HashKind::FirebaseScrypt,
        FIREBASE,
        config,
        "user1password"
    ));
    assert!(!matches(
        HashKind::FirebaseScrypt,
        FIREBASE,
        config,
        "user2password"
    ));
    // As the Firebase service itself writes base64, and as its console names the members.
    let url_safe = FIREBASE.replace('+', "-").replace('/', "_");
    let console = FIREBASE_CONFIG
        .replace("memCost", "mem_cost")
        .replace("saltSeparator", "base64_salt_separator")
        .replace("signerKey", "base64_signer_key");
    assert!(matches(
        HashKind::FirebaseScrypt,
        &url_safe,
        Some(&console),
        "user1password"
    ));
}

#[test]
fn firebase_that_is_broken_or_too_dear_is_refused() {
    for text in [
        "",
        ":",
        "42xEC+ixf3L2lw==",
        ":lSrfV15cpx95",
        "42xEC+ixf3L2lw==:lSrfV15cpx95",
        "!!:!!",
    ] {
        refused(
            HashKind::FirebaseScrypt,
            text,
            Some(FIREBASE_CONFIG),
            ImportFault::Hash,
        );
    }
    for (from, to, fault) in [
        ("14", "0", ImportFault::Config),
        ("14", "18", ImportFault::TooCostly),
        ("14", "300", ImportFault::TooCostly),
        ("14", "40", ImportFault::Config),
        ("\"rounds\":8", "\"rounds\":0", ImportFault::Config),
        ("jxspr8", "!!", ImportFault::Config),
        ("signerKey", "other", ImportFault::Config),
        ("Bw==", "!!", ImportFault::Config),
    ] {
        let config = FIREBASE_CONFIG.replacen(from, to, 1);
        refused(HashKind::FirebaseScrypt, FIREBASE, Some(&config), fault);
    }
    refused(HashKind::FirebaseScrypt, FIREBASE, None, ImportFault::Config);
}

// Made with Python 3.11 hashlib.pbkdf2_hmac, 1000 iterations, salt "saltsalt".
const PBKDF2: [&str; 5] = [
    "$pbkdf2-sha1$i=1000,l=20$c2FsdHNhbHQ$KoNbD1PqHrpGi5GBtyqTlBk1BIs",
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$UQvwnr3yP8xTm6zT+Frz5Eg97Yudb3HfklVWrH8wcYo",
    "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHQ$jkT5m2WHywDv9LeKJM9ZMaBTiyJlq7CG39fREQQC403CVVt5z38CPO6CJ9XHj5g1JC0pyTdgcEuIgaZ3iqYNBg",
    "pbkdf2_sha256$1000$saltsalt$UQvwnr3yP8xTm6zT+Frz5Eg97Yudb3HfklVWrH8wcYo=",
    "pbkdf2_sha1$1000$saltsalt$KoNbD1PqHrpGi5GBtyqTlBk1BIs=",
];
// Made with passlib 1.7.4, rounds=1000, salt b"\xff\xfesalt-salt".
const PASSLIB: [&str; 3] = [
    "$pbkdf2$1000$//5zYWx0LXNhbHQ$bbbsNSFJHRKLsUMrAQVlblh6uZY",
    "$pbkdf2-sha256$1000$//5zYWx0LXNhbHQ$4ljGkkmYMSpja9Zy3JZyo/5z9Xh61JVDOhbYQqXMzhI",
    "$pbkdf2-sha512$1000$//5zYWx0LXNhbHQ$F.Z.qaXfKbD1HE7Av7ImNywQlmAgS.ZJ/UUy18Hju4vqka51MlJB7ktoJhNBLAcOkyYT4NiuYZ3Zd1yRw1fPFQ",
];
// As above, keyLen 64: one block of sha512, four of sha1.
const PBKDF2_KEY_SHA512: &str = "8e44f99b6587cb00eff4b78a24cf5931a0538b2265abb086dfd7d1110402e34dc2555b79cf7f023cee8227d5c78f9835242d29c93760704b8881a6778aa60d06";
const PBKDF2_KEY_SHA1: &str = "2a835b0f53ea1eba468b9181b72a93941935048b6da1f252b5e43b7f78086b5ed89839f7de9a4cf0a5da83a82823672aba886ed92651532398239e507521e7ef";

#[test]
fn pbkdf2_is_read_in_every_form() {
    for text in PBKDF2.iter().chain(&PASSLIB) {
        right(HashKind::Pbkdf2, text, None);
        right(HashKind::Pbkdf2, text, Some(r#"{"saltSeparator":"$"}"#));
    }
    for (digest, key) in [("sha512", PBKDF2_KEY_SHA512), ("sha1", PBKDF2_KEY_SHA1)] {
        let config = format!(r#"{{"digest":"{digest}","iterations":1000,"keyLen":64,"saltSeparator":"$"}}"#);
        right(HashKind::Pbkdf2, &format!("saltsalt${key}"), Some(&config));
    }
}

#[test]
fn pbkdf2_that_is_broken_or_too_dear_is_refused() {
    let key = "UQvwnr3yP8xTm6zT+Frz5Eg97Yudb3HfklVWrH8wcYo";
    for text in [
        "$pbkdf2",
        "$pbkdf2-sha256$",
        "pbkdf2_sha256$1000$saltsalt",
        &format!("$pbkdf2-md5$i=1000$c2FsdHNhbHQ${key}"),
        &format!("$pbkdf2-sha256$i=0$c2FsdHNhbHQ${key}"),
        &format!("$pbkdf2-sha256$i=1,i=1$c2FsdHNhbHQ${key}"),
        &format!("$pbkdf2-sha256$i=-1$c2FsdHNhbHQ${key}"),
        &format!("$pbkdf2-sha256$i=1000,l=31$c2FsdHNhbHQ${key}"),
        &format!("$pbkdf2-sha256$l=32$c2FsdHNhbHQ${key}"),
        &format!("$pbkdf2-sha256$i=99999999999$c2FsdHNhbHQ${key}"),
        "pbkdf2_sha256$1000$saltsalt$QUJD",
    ] {
        refused(HashKind::Pbkdf2, text, None, ImportFault::Hash);
    }
    refused(
        HashKind::Pbkdf2,
        &format!("$pbkdf2-sha256$i=2000001$c2FsdHNhbHQ${key}"),
        None,
        ImportFault::TooCostly,
    );
    let dearest = format!("$pbkdf2-sha256$i=2000000$c2FsdHNhbHQ${key}");
    assert_eq!(check_import(HashKind::Pbkdf2, &dearest, None), Ok(()));
    let many_blocks = format!("saltsalt${}", "ab".repeat(512));
    refused(
        HashKind::Pbkdf2,
        &many_blocks,
        Some(r#"{"digest":"sha1","iterations":2000000,"keyLen":512,"saltSeparator":"$"}"#),
        ImportFault::TooCostly,
    );
    refused(HashKind::Pbkdf2, &many_blocks, None, ImportFault::Config);
}

// Made with argon2-cffi 25.1, salt "saltsaltsaltsalt".
const ARGON2: [&str; 4] = [
    "$argon2id$v=19$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA$svSrgKzKaz11VNGJIhNSSBglCMJDMCPsfB0OUOOlL5o",
    "$argon2i$v=19$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA$Vx45fx8E4NPGqEtKWmEaQNb4WzLihdhdEzf4BJ+6OTk",
    "$argon2d$v=19$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA$DNB3DYWg14Etrss6UJJNWN3xx190UqGt6nerfaipHrA",
    "$argon2i$v=16$m=256,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$dqnSnBZp6z+ugle94Jts36KTGHDow6cB",
];

#[test]
fn argon2_of_every_variant_is_read() {
    for text in ARGON2 {
        right(HashKind::Argon2, text, None);
    }
    // Early hashes do not name their version, which is 16.
    right(HashKind::Argon2, &ARGON2[3].replace("v=16$", ""), None);
}

#[test]
fn argon2_that_is_broken_or_too_dear_is_refused() {
    let with = |parameters: &str| {
        format!(
            "$argon2id$v=19${parameters}$c2FsdHNhbHRzYWx0c2FsdA$svSrgKzKaz11VNGJIhNSSBglCMJDMCPsfB0OUOOlL5o"
        )
    };
    for text in [
        "",
        "$argon2id",
        "$argon2x$v=19$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA$svSrgKzKaz11VNGJIhNSSBglCMJDMCPsfB0OUOOlL5o",
        "$argon2id$v=20$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA$svSrgKzKaz11VNGJIhNSSBglCMJDMCPsfB0OUOOlL5o",
        "$argon2id$v=19$m=256,t=2,p=2$c2FsdA$svSrgKzKaz11VNGJIhNSSBglCMJDMCPsfB0OUOOlL5o",
        "$argon2id$v=19$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA$svSr",
        "$argon2id$v=19$m=256,t=2,p=2$c2FsdHNhbHRzYWx0c2FsdA",
        &with("m=256,t=2"),
        &with("m=256,t=2,p=2,p=2"),
        &with("m=256,t=2,p=2,data=AAAA"),
        &with("m=256,t=0,p=2"),
        &with("m=256,t=2,p=0"),
        &with("m=8,t=2,p=2"),
        &with("m=99999999999,t=2,p=2"),
        &format!("{}$", ARGON2[0]),
    ] {
        refused(HashKind::Argon2, text, None, ImportFault::Hash);
    }
    for parameters in [
        "m=262145,t=1,p=1",
        "m=4294967295,t=4294967295,p=1",
        "m=262144,t=9,p=1",
        "m=64,t=65,p=1",
        "m=65536,t=1,p=65",
    ] {
        refused(HashKind::Argon2, &with(parameters), None, ImportFault::TooCostly);
    }
    assert_eq!(
        check_import(HashKind::Argon2, &with("m=262144,t=8,p=4"), None),
        Ok(())
    );
}

// Made with Python 3.11 hashlib: salt "pepper" before the password, after it, and none.
const SHA256_PREFIX: &str = "18868cf04864fe47315d66cc50ccbe66214ec759681c288d6270e63fa7b4d52f:pepper";
const SHA256_SUFFIX: &str = "NfE6QJZd9m0gUkKsLVfU0dBuXXyEqeIwb5VloVOrroo=--pepper";
const SHA256_PLAIN: &str = "48486e1514e842346ff405b1e45f44059ae82619f2306f99d0940dcb386e91f7";
const SHA1_PREFIX: &str = "0306242b10d77caf4967dbdcaa7aeed320c934ce:pepper";
const SHA1_SUFFIX: &str = "rIIJpmRVUXOkVPA6CvCumpxsRD0=--pepper";
const SHA1_PLAIN: &str = "874572e7a5ae6a49466a6ac578b98adba78c6aa6";

#[test]
fn sha_is_read_with_its_salt_on_either_side() {
    let suffix = Some(r#"{"saltSeparator":"--","saltPosition":"suffix"}"#);
    for (kind, prefixed, suffixed, plain) in [
        (HashKind::Sha256, SHA256_PREFIX, SHA256_SUFFIX, SHA256_PLAIN),
        (HashKind::Sha1, SHA1_PREFIX, SHA1_SUFFIX, SHA1_PLAIN),
    ] {
        right(kind, prefixed, None);
        right(kind, prefixed, Some(r#"{"saltPosition":"prefix"}"#));
        right(kind, suffixed, suffix);
        right(kind, &suffixed.replacen('=', "", 1), suffix);
        right(kind, plain, None);
        right(kind, &plain.to_uppercase(), None);
        refused(kind, plain, None, ImportFault::Unsalted);
        refused(kind, &format!("{plain}:"), None, ImportFault::Unsalted);
        assert!(!matches(
            kind,
            prefixed,
            Some(r#"{"saltPosition":"suffix"}"#),
            PASSWORD
        ));
    }
}

#[test]
fn sha_that_is_broken_is_refused() {
    for text in [
        "",
        ":pepper",
        SHA1_PREFIX,
        &SHA256_PREFIX.replace(':', ";"),
        &SHA256_PREFIX[1..],
        "zz",
    ] {
        refused(HashKind::Sha256, text, None, ImportFault::Hash);
    }
    for config in [r#"{"saltPosition":"middle"}"#, r#"{"saltSeparator":""}"#] {
        refused(HashKind::Sha256, SHA256_PREFIX, Some(config), ImportFault::Config);
    }
}

#[test]
fn our_own_kind_is_not_imported() {
    refused(HashKind::Native, ARGON2[0], None, ImportFault::Kind);
}

#[test]
fn a_hash_far_cheaper_than_ours_is_known_as_such() {
    let cost = HashCost::default();
    let light = |kind, text: &str, config| Foreign::parse(kind, text, config).unwrap().is_light(cost);
    assert!(light(HashKind::Sha256, SHA256_PREFIX, None));
    assert!(light(HashKind::Bcrypt, BCRYPT_OF_72_X, None));
    assert!(light(HashKind::Argon2, ARGON2[0], None));
    assert!(light(HashKind::Pbkdf2, PBKDF2[1], None));
    assert!(!light(HashKind::FirebaseScrypt, FIREBASE, Some(FIREBASE_CONFIG)));
    let dear = BCRYPT_OF_72_X.replacen("05", "12", 1);
    assert!(!light(HashKind::Bcrypt, &dear, None));
}

/// Texts near enough to real ones that the parsers get past their first check.
fn near_hash() -> impl Strategy<Value = String> {
    let seeds: Vec<String> = PBKDF2
        .iter()
        .chain(&PASSLIB)
        .chain(&ARGON2)
        .map(|text| (*text).to_owned())
        .chain([
            format!("$2b${BCRYPT_TAIL}"),
            format!("saltsalt;{SCRYPT_KEY}"),
            FIREBASE.to_owned(),
            SHA256_PREFIX.to_owned(),
            SHA1_SUFFIX.to_owned(),
        ])
        .collect();
    let damage = (any::<proptest::sample::Index>(), 0..4usize, ".{0,3}");
    let damaged = (proptest::sample::select(seeds), damage).prop_map(|(seed, (at, cut, put))| {
        let mut chars: Vec<char> = seed.chars().collect();
        let at = at.index(chars.len());
        let end = (at + cut).min(chars.len());
        chars.splice(at..end, put.chars());
        chars.into_iter().collect()
    });
    prop_oneof![damaged, ".{0,200}"]
}

fn near_config() -> impl Strategy<Value = Option<String>> {
    let number = prop_oneof![
        Just("1024".to_owned()),
        any::<u64>().prop_map(|n| n.to_string()),
        ".{0,5}"
    ];
    let built = (".{0,3}", number.clone(), number.clone(), number).prop_map(|(separator, n, r, length)| {
        format!(
            r#"{{"saltSeparator":"{separator}","N":{n},"r":{r},"p":1,"keyLen":{length},"memCost":{n},"rounds":{r},"digest":"sha256","iterations":{n},"signerKey":"{separator}"}}"#
        )
    });
    prop_oneof![
        Just(None),
        Just(Some(SCRYPT_CONFIG.to_owned())),
        Just(Some(FIREBASE_CONFIG.to_owned())),
        built.prop_map(Some),
        ".{0,100}".prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parsers_panic(
        kind in proptest::sample::select(HashKind::ALL.to_vec()),
        text in near_hash(),
        config in near_config(),
    ) {
        let rules = ImportRules { unsalted_sha: true };
        let checked = check_import_with(kind, &text, config.as_deref(), rules);
        let read = Foreign::parse(kind, &text, config.as_deref());
        prop_assert_eq!(checked.is_ok(), read.is_ok());
        // The cheap ones are also computed.
        if let Ok(foreign) = read && foreign.is_light(HashCost::new(256, 2, 1).unwrap()) && !matches!(foreign, Foreign::Bcrypt(_)) {
            prop_assert!(foreign.matches(b"other", &mut hasher()).is_some());
        }
    }
}
