use serde_json::{Value, json};

use crate::house::{COOKIE, House, LOGOUT, PASSWORD, TENANT};

const ADA: &str = "ada@acme.test";

fn about<'r>(records: &'r [Value], action: &str) -> Vec<&'r Value> {
    records
        .iter()
        .filter(|record| record["action"] == action)
        .collect()
}

#[tokio::test]
async fn every_way_in_and_out_is_recorded_with_its_user_and_tenant() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    house.log_in(ADA, "wrong-Secret-1").await.expect(401);
    house.log_in("nobody@acme.test", PASSWORD).await.expect(401);
    let first = house.log_in(ADA, PASSWORD).await.expect(200);
    let cookie = format!("{COOKIE}={}", first.text("refreshToken"));
    house
        .ask("POST", LOGOUT)
        .header("cookie", &cookie)
        .send()
        .await
        .expect(201);
    let second = house.log_in(ADA, PASSWORD).await.expect(200);
    house.refresh(second.text("refreshToken")).await.expect(200);
    house.clock.advance_seconds(31);
    for _ in 0..2 {
        house.refresh(second.text("refreshToken")).await.expect(401);
    }

    let records = house.audits().await;
    let entered = about(&records, "User logged in");
    assert_eq!(entered.len(), 2);
    assert!(
        entered
            .iter()
            .all(|one| one["tenantId"] == TENANT && one["email"] == ADA)
    );
    let failed = about(&records, "User failed to log in");
    assert_eq!(failed.len(), 2, "{records:?}");
    assert!(failed.iter().all(|one| one["severity"] == "Medium"));
    assert_eq!(about(&records, "User logged out").len(), 1);
    let reused = about(&records, "Refresh token reused");
    assert_eq!(reused.len(), 1, "{records:?}"); // the second time there is no session left to end
    assert_eq!(reused[0]["severity"], "High");

    let text = serde_json::to_string(&records).unwrap();
    for secret in [
        PASSWORD,
        "wrong-Secret-1",
        first.text("refreshToken"),
        second.text("refreshToken"),
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}
