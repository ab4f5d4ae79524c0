use journeys::{Answer, PASSWORD, World, at, both_engines};
use serde_json::{Value, json};

const ROTATION: &str = "/identity/resources/configurations/v1/password-rotation";
const VERIFY: &str = "/identity/resources/users/v1/passwords/reset/verify";
const CHANGE: &str = "/identity/resources/users/v1/passwords/change";
const NEW: &str = "Another-horse-9";
const MINUTE: i64 = 60;

async fn rotate(world: &World, body: Value) {
    world.vendor().await.post(ROTATION, body).await.expect(200);
}

async fn enter(world: &World, password: &str) -> Answer {
    world
        .anyone()
        .post(
            at::LOGIN,
            json!({"email": "ann@example.com", "password": password}),
        )
        .await
}

both_engines! {
    async fn an_expired_password_gets_a_ticket_and_no_tokens(world: World) {
        let ann = world.user("ann@example.com").await;
        rotate(world, json!({"isActive": true, "rotationPeriod": 60, "notificationPeriod": 10})).await;
        world.clock.advance_seconds(60 * MINUTE);
        let before = world.hashes.performed();
        let answer = enter(world, PASSWORD).await.expect(200);
        assert_eq!(world.hashes.performed() - before, 1);
        assert_eq!(answer.text_at("/userId"), ann.id);
        let body = answer.json();
        for absent in ["accessToken", "refreshToken", "expiresIn", "expires", "passwordExpiresIn"] {
            assert!(body.get(absent).is_none(), "{absent}: {body}");
        }
        assert_eq!(body["mfaRequired"], json!(false));
        assert!(answer.cookies().is_empty(), "{:?}", answer.cookies());
        let ticket = json!({"userId": ann.id, "token": answer.text_at("/resetPasswordToken"), "password": NEW});
        world.anyone().post(VERIFY, ticket.clone()).await.expect(201);
        world.anyone().post(VERIFY, ticket).await.expect(400);
        assert!(!enter(world, NEW).await.expect(200).text_at("/accessToken").is_empty());
        // A wrong password learns nothing of it.
        world.clock.advance_seconds(61 * MINUTE);
        enter(world, "Wrong-horse-1").await.refuses(401, "Incorrect email or password");
    }

    async fn the_owner_is_told_before_the_end(world: World) {
        world.user("ann@example.com").await;
        rotate(world, json!({"isActive": true, "rotationPeriod": 60, "notificationPeriod": 10})).await;
        let told = async || {
            let body = enter(world, PASSWORD).await.expect(200).json();
            (body.get("passwordExpiresIn").cloned(), body.get("notificationPeriod").cloned())
        };
        world.clock.advance_seconds(49 * MINUTE);
        assert_eq!(told().await, (None, None));
        world.clock.advance_seconds(MINUTE);
        assert_eq!(told().await, (Some(json!(10)), Some(json!(10))));
        world.clock.advance_seconds(9 * MINUTE + 30);
        assert_eq!(told().await, (Some(json!(1)), Some(json!(10))));
        let ann = world.log_in("ann@example.com").await;
        ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.expect(201);
        assert!(enter(world, NEW).await.expect(200).json().get("passwordExpiresIn").is_none());
    }

    async fn nobody_is_out_of_time_on_the_day_the_policy_begins(world: World) {
        world.user("ann@example.com").await;
        world.clock.advance_seconds(500 * MINUTE);
        rotate(world, json!({"isActive": true, "rotationPeriod": 60, "notificationPeriod": 0})).await;
        world.clock.advance_seconds(59 * MINUTE);
        rotate(world, json!({"isActive": true, "notificationPeriod": 1})).await;
        assert!(!enter(world, PASSWORD).await.expect(200).text_at("/accessToken").is_empty());
        world.clock.advance_seconds(MINUTE);
        assert!(enter(world, PASSWORD).await.expect(200).json().get("accessToken").is_none());
        rotate(world, json!({"isActive": false})).await;
        assert!(!enter(world, PASSWORD).await.expect(200).text_at("/accessToken").is_empty());
    }

    async fn a_tenant_shortens_the_period_with_the_environments_leave_alone(world: World) {
        world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        rotate(world, json!({"isActive": true, "rotationPeriod": 1000, "notificationPeriod": 0})).await;
        vendor.in_tenant("acme").post(ROTATION, json!({"isActive": true, "rotationPeriod": 60, "notificationPeriod": 0})).await.expect(200);
        world.clock.advance_seconds(60 * MINUTE);
        let has_token = async || enter(world, PASSWORD).await.expect(200).json().get("accessToken").is_some();
        assert!(has_token().await);
        vendor.post(at::CONFIGURATION, json!({"allowOverridePasswordExpiration": true})).await.expect(201);
        assert!(!has_token().await);
        vendor.in_tenant("acme").post(ROTATION, json!({"rotationPeriod": 5000})).await.expect(200);
        assert!(has_token().await);
        world.clock.advance_seconds(940 * MINUTE);
        assert!(!has_token().await, "longer than the environment's is no relief");
    }
}
