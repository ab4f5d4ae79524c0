//! Which application a token is for, and whom the gate lets in.

use journeys::{Answer, Client, PASSWORD, Person, World, at, both_engines, claims};
use serde_json::{Value, json};

const NOT_ASSIGNED: &str = "This account/tenant is not assigned to the requested application";
const NOT_ASSOCIATED: &str = "User is not associated with the requested application";

async fn make(vendor: &Client, more: Value) -> String {
    let mut body =
        json!({"name": "App", "appURL": "https://app.acme.test", "loginURL": "https://app.acme.test"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    vendor
        .post(at::APPLICATIONS, body)
        .await
        .expect(201)
        .text_at("/id")
}

async fn assign(vendor: &Client, app: &str, tenant: &str) {
    vendor
        .post(&format!("{}/{app}", at::ASSIGNMENTS), json!({"tenantId": tenant}))
        .await
        .expect(201);
}

async fn default(vendor: &Client) -> String {
    vendor
        .get(&format!("{}/default", at::APPLICATIONS))
        .await
        .expect(200)
        .text_at("/id")
}

async fn log_in(world: &World, email: &str, app: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD});
    world
        .anyone()
        .with("frontegg-requested-application-id", app)
        .post(at::LOGIN, body)
        .await
}

async fn refresh(person: &Person, app: &str) -> Answer {
    person
        .with("frontegg-application-id", app)
        .post(at::REFRESH, json!({}))
        .await
}

fn application_of(answer: &Answer) -> String {
    claims(&answer.text_at("/accessToken"))["applicationId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn tenant_of(answer: &Answer) -> String {
    claims(&answer.text_at("/accessToken"))["tenantId"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[track_caller]
fn refused(answer: Answer, status: u16, sentence: &str, code: &str) {
    let answer = answer.refuses(status, sentence);
    assert_eq!(answer.json()["errorCode"], code);
    assert!(answer.cookies().is_empty(), "the session may go on elsewhere");
}

both_engines! {
    async fn without_a_header_the_token_is_for_the_default_application(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        assert_eq!(claims(&ann.token())["applicationId"], json!(default(&vendor).await));
        let empty = ann.with("frontegg-application-id", "").post(at::REFRESH, json!({})).await.expect(200);
        assert_eq!(application_of(&empty), default(&vendor).await, "an empty header counts as none");
        let named = log_in(world, "ann@example.com", &default(&vendor).await).await.expect(200);
        assert_eq!(application_of(&named), default(&vendor).await);
    }

    async fn a_named_application_is_entered_only_where_the_tenant_has_it(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let app = make(&vendor, json!({})).await;
        refused(log_in(world, "ann@example.com", &app).await, 404, NOT_ASSIGNED, "ER-01008");
        refused(refresh(&ann, &app).await, 404, NOT_ASSIGNED, "ER-01008");
        assign(&vendor, &app, "acme").await;
        assert_eq!(application_of(&log_in(world, "ann@example.com", &app).await.expect(200)), app);
        assert_eq!(application_of(&refresh(&ann, &app).await.expect(200)), app);
        vendor.delete(&format!("{}/{app}/acme", at::ASSIGNMENTS)).await.expect(200);
        refused(refresh(&ann, &app).await, 404, NOT_ASSIGNED, "ER-01008");
        ann.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn an_unknown_application_lets_nobody_in_and_tells_only_those_who_know_the_password(world: World) {
        let ann = world.user("ann@example.com").await;
        world.vendor_of(&world.away).await.get(&format!("{}/default", at::APPLICATIONS)).await.expect(200);
        let foreign = world.vendor_of(&world.away).await.get(&format!("{}/default", at::APPLICATIONS)).await.expect(200).text_at("/id");
        for app in ["nobody", foreign.as_str(), "'; DROP TABLE applications; --"] {
            refused(log_in(world, "ann@example.com", app).await, 403, NOT_ASSOCIATED, "ER-01009");
            refused(refresh(&ann, app).await, 403, NOT_ASSOCIATED, "ER-01009");
            let wrong = json!({"email": "ann@example.com", "password": "Wrong-horse-9-battery"});
            world.anyone().with("frontegg-application-id", app).post(at::LOGIN, wrong).await.refuses(401, "Incorrect email or password");
        }
    }

    async fn managed_access_wants_an_assignment_of_the_user(world: World) {
        let vendor = world.vendor().await;
        let (ann, bob) = (world.user("ann@example.com").await, world.user("bob@example.com").await);
        let app = make(&vendor, json!({"accessType": "MANAGED_ACCESS"})).await;
        assign(&vendor, &app, "acme").await;
        refused(log_in(world, "ann@example.com", &app).await, 403, NOT_ASSOCIATED, "ER-01009");
        let given = json!({"appId": app, "tenantId": "acme", "userIds": [ann.id]});
        vendor.post(at::USER_APPLICATIONS, given.clone()).await.expect(201);
        log_in(world, "ann@example.com", &app).await.expect(200);
        refused(log_in(world, "bob@example.com", &app).await, 403, NOT_ASSOCIATED, "ER-01009");
        refused(refresh(&bob, &app).await, 403, NOT_ASSOCIATED, "ER-01009");
        vendor.delete_with(at::USER_APPLICATIONS, given).await.expect(200);
        refused(refresh(&ann, &app).await, 403, NOT_ASSOCIATED, "ER-01009");
    }

    async fn the_tenants_assignment_wins_over_the_application(world: World) {
        let vendor = world.vendor().await;
        world.user("ann@example.com").await;
        let (managed, free) = (make(&vendor, json!({"accessType": "MANAGED_ACCESS"})).await, make(&vendor, json!({})).await);
        for (app, access) in [(&managed, "FREE_ACCESS"), (&free, "MANAGED_ACCESS")] {
            let body = json!({"tenantId": "acme", "accessType": access});
            vendor.post(&format!("{}/{app}", at::ASSIGNMENTS), body).await.expect(201);
        }
        log_in(world, "ann@example.com", &managed).await.expect(200);
        refused(log_in(world, "ann@example.com", &free).await, 403, NOT_ASSOCIATED, "ER-01009");
    }

    async fn the_default_application_turned_managed_keeps_its_members(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let app = default(&vendor).await;
        vendor.patch(&format!("{}/{app}", at::APPLICATIONS), json!({"accessType": "MANAGED_ACCESS"})).await.expect(201);
        world.log_in("ann@example.com").await;
        world.user("bob@example.com").await;
        let taken = json!({"appId": app, "tenantId": "acme", "userIds": [ann.id]});
        vendor.delete_with(at::USER_APPLICATIONS, taken).await.expect(200);
        refused(ann.post(at::REFRESH, json!({})).await, 403, NOT_ASSOCIATED, "ER-01009");
    }

    async fn the_default_application_can_be_taken_from_a_tenant(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let app = default(&vendor).await;
        vendor.delete(&format!("{}/{app}/acme", at::ASSIGNMENTS)).await.expect(200);
        refused(ann.post(at::REFRESH, json!({})).await, 404, NOT_ASSIGNED, "ER-01008");
        ann.get(at::ME).await.expect(200); // the token that is out lives on
        assign(&vendor, &app, "acme").await;
        ann.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn nobody_signs_in_to_an_application_that_is_not_active(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let app = make(&vendor, json!({})).await;
        assign(&vendor, &app, "acme").await;
        let entered = log_in(world, "ann@example.com", &app).await.expect(200);
        vendor.patch(&format!("{}/{app}", at::APPLICATIONS), json!({"isActive": false})).await.expect(201);
        log_in(world, "ann@example.com", &app).await.refuses(403, "The requested application is not active");
        refresh(&ann, &app).await.refuses(403, "The requested application is not active");
        world.anyone().bearing(&entered.text_at("/accessToken")).get(at::ME).await.expect(200);
        vendor.patch(&format!("{}/{app}", at::APPLICATIONS), json!({"isActive": true})).await.expect(201);
        log_in(world, "ann@example.com", &app).await.expect(200);
    }

    async fn a_deleted_application_is_as_unknown_as_any(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let app = make(&vendor, json!({})).await;
        assign(&vendor, &app, "acme").await;
        refresh(&ann, &app).await.expect(200);
        vendor.delete(&format!("{}/{app}", at::APPLICATIONS)).await.expect(200);
        refused(refresh(&ann, &app).await, 403, NOT_ASSOCIATED, "ER-01009");
    }

    async fn the_tenant_entered_is_one_that_has_the_application(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        world.tenant("other").await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "other"})).await.expect(201);
        let app = make(&vendor, json!({})).await;
        assign(&vendor, &app, "other").await;
        assert_eq!(tenant_of(&log_in(world, "ann@example.com", &app).await.expect(200)), "other");
        assert_eq!(tenant_of(&ann.post(at::REFRESH, json!({})).await.expect(200)), "acme", "each application has its own");
        assign(&vendor, &app, "acme").await;
        assert_eq!(tenant_of(&refresh(&ann, &app).await.expect(200)), "other", "where they were last in it");
        let wish = ann.with("frontegg-application-id", &app).post(at::REFRESH, json!({"tenantId": "acme"})).await.expect(200);
        assert_eq!(tenant_of(&wish), "acme");
    }

    async fn the_first_sign_in_finishes_the_integration(world: World) {
        let vendor = world.vendor().await;
        let path = format!("{}/default", at::APPLICATIONS);
        assert_eq!(vendor.get(&path).await.expect(200).at("/integrationFinishedAt"), Value::Null);
        world.user("ann@example.com").await;
        world.clock.advance_seconds(60);
        world.log_in("ann@example.com").await;
        assert_eq!(vendor.get(&path).await.expect(200).at("/integrationFinishedAt"), "2025-10-09T08:53:20.000Z");
    }
}
