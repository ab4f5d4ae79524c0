//! The served document against the wire.

use journeys::{Engine, World};
use serde_json::json;

#[tokio::test]
async fn enumerations_are_listed_in_the_words_of_the_wire() {
    let world = World::on(Engine::Sqlite).await;
    let document = world.document().await;
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["AccessType"]["enum"],
        json!(["FREE_ACCESS", "MANAGED_ACCESS"])
    );
    // Words that differ from the names of their variants, and how many there are of all.
    for (name, count, words) in [
        ("Kind", 5, ["web", "mobile-ios", "mobile-android"]),
        ("FrontendStack", 10, ["next.js", "vanilla.js", "react-native"]),
        ("SmsTemplate", 5, ["OTC", "MFAOTC", "PhoneVerification"]),
        ("MailTemplate", 29, ["OTC", "MFAEnroll", "SuspiciousIP"]),
    ] {
        let listed = schemas[name]["enum"]
            .as_array()
            .unwrap_or_else(|| panic!("{name} lists nothing: {}", schemas[name]));
        assert_eq!(listed.len(), count, "{name}");
        for word in words {
            assert!(listed.iter().any(|one| one == word), "{name} lacks {word}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn what_may_be_null_says_so() {
    let world = World::on(Engine::Sqlite).await;
    let document = world.document().await;
    let finished =
        &document["components"]["schemas"]["Application"]["properties"]["integrationFinishedAt"]["type"];
    assert_eq!(finished, &json!(["string", "null"]));
    world.end().await;
}
