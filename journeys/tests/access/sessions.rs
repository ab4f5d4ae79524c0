use journeys::{Client, PASSWORD, Person, World, at, both_engines, claims};
use serde_json::{Value, json};

const POLICY: &str = "/identity/resources/configurations/sessions/v1";
const MINE: &str = "/identity/resources/users/sessions/v1/me";
const CURRENT: &str = "/identity/resources/users/sessions/v1/me/current";
const REVOKE: &str = "/identity/resources/users/sessions/v1/revoke";

fn idle(seconds: i64) -> Value {
    json!({"sessionIdleTimeoutConfiguration": {"isActive": true, "timeout": seconds}})
}

fn absolute(seconds: i64) -> Value {
    json!({"sessionTimeoutConfiguration": {"isActive": true, "timeout": seconds}})
}

fn concurrent(most: i64) -> Value {
    json!({"sessionConcurrentConfiguration": {"isActive": true, "maxSessions": most}})
}

/// How long a person's token lives.
fn life(client: &Client) -> i64 {
    let claims = claims(&client.token());
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

fn session(client: &Client) -> String {
    claims(&client.token())["sid"].as_str().unwrap().to_owned()
}

/// A second sign-in of the same person, as from another browser.
async fn again(world: &World, person: &Person) -> Client {
    world.log_in(&person.email).await
}

both_engines! {
    async fn nothing_is_limited_until_somebody_limits_it(world: World) {
        let vendor = world.vendor().await;
        let expected = json!({
            "sessionIdleTimeoutConfiguration": {"isActive": false, "timeout": 86_400},
            "sessionTimeoutConfiguration": {"isActive": false, "timeout": 86_400},
            "sessionConcurrentConfiguration": {"isActive": false, "maxSessions": 1},
        });
        let ann = world.user("ann@example.com").await;
        for (caller, path) in [(&vendor, POLICY.to_owned()), (&vendor, format!("{POLICY}/vendor")), (&ann.client, POLICY.to_owned()), (&ann.client, format!("{POLICY}/vendor"))] {
            assert_eq!(caller.get(&path).await.expect(200).json(), expected, "{path}");
        }
        assert_eq!(life(&ann), 3600);
    }

    async fn a_tenants_active_limit_goes_before_the_environments(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let answer = vendor.post(POLICY, idle(600)).await.expect(201);
        assert!(answer.body.is_empty(), "{}", answer.text());
        vendor.in_tenant("acme").post(POLICY, idle(300)).await.expect(201);
        vendor.in_tenant("acme").post(POLICY, absolute(7200)).await.expect(201);
        let ann = world.user("ann@example.com").await;
        let found = ann.get(POLICY).await.expect(200);
        assert_eq!(found.at("/sessionIdleTimeoutConfiguration"), json!({"isActive": true, "timeout": 300}));
        assert_eq!(found.at("/sessionTimeoutConfiguration"), json!({"isActive": true, "timeout": 7200}), "a part given later leaves the others");
        let whole = ann.get(&format!("{POLICY}/vendor")).await.expect(200);
        assert_eq!(whole.at("/sessionIdleTimeoutConfiguration"), json!({"isActive": true, "timeout": 600}));
        let off = json!({"sessionIdleTimeoutConfiguration": {"isActive": false, "timeout": 300}});
        vendor.in_tenant("acme").post(POLICY, off).await.expect(201);
        assert_eq!(ann.get(POLICY).await.expect(200).at("/sessionIdleTimeoutConfiguration/timeout"), json!(600));
        let away = world.vendor_of(&world.away).await;
        assert_eq!(away.get(POLICY).await.expect(200).at("/sessionIdleTimeoutConfiguration/isActive"), json!(false));
    }

    async fn wrong_limits_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let before = vendor.get(POLICY).await.expect(200).json();
        for body in [
            idle(59), idle(2_073_601), absolute(59), absolute(i64::MAX), concurrent(0), concurrent(-1),
            json!({"sessionIdleTimeoutConfiguration": {"timeout": 60}}),
            json!({"sessionIdleTimeoutConfiguration": {"isActive": "yes", "timeout": 60}}),
            json!({"sessionIdleTimeoutConfiguration": {"isActive": true, "timeout": 60.5}}),
            json!({"sessionConcurrentConfiguration": 3}),
            json!([]),
        ] {
            let answer = vendor.post(POLICY, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), before);
        world.user("ann@example.com").await.post(POLICY, idle(60)).await.expect(403);
    }

    async fn an_idle_session_ends_and_tokens_end_with_it(world: World) {
        world.vendor().await.post(POLICY, idle(600)).await.expect(201);
        let ann = world.user("ann@example.com").await;
        assert_eq!(life(&ann), 600, "a token lives no longer than its session may idle");
        for _ in 0..3 {
            world.clock.advance_seconds(599);
            ann.post(at::REFRESH, json!({})).await.expect(200);
        }
        let stale = ann.with_cookies_of_now();
        world.clock.advance_seconds(600);
        ann.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        stale.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        // A session that is open when the limit comes follows at its next refresh.
        let vendor = world.vendor().await;
        vendor.post(POLICY, json!({"sessionIdleTimeoutConfiguration": {"isActive": false, "timeout": 600}})).await.expect(201);
        let bob = world.user("bob@example.com").await;
        world.clock.advance_seconds(700);
        world.vendor().await.post(POLICY, idle(600)).await.expect(201);
        bob.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        world.settle().await;
        let records = world.vendor().await.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200);
        assert!(records.pluck("action").contains(&"Session expired".to_owned()), "{}", records.text());
    }

    async fn a_session_ends_however_active_it_is(world: World) {
        world.vendor().await.post(POLICY, absolute(1000)).await.expect(201);
        let ann = world.user("ann@example.com").await;
        assert_eq!(life(&ann), 1000);
        world.clock.advance_seconds(900);
        let fresh = ann.post(at::REFRESH, json!({})).await.expect(200);
        assert_eq!(fresh.at("/expiresIn"), json!(100), "the last token ends with the session");
        assert!(fresh.cookie(&format!("fe_refresh_{}", world.home.id.replacen('-', "", 1))).contains("Max-Age=100;"));
        world.clock.advance_seconds(100);
        ann.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
    }

    async fn a_session_too_many_ends_the_oldest(world: World) {
        world.vendor().await.post(POLICY, concurrent(2)).await.expect(201);
        let first = world.user("ann@example.com").await;
        world.clock.advance_seconds(1);
        let second = again(world, &first).await;
        world.clock.advance_seconds(1);
        let third = again(world, &first).await;
        first.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        second.post(at::REFRESH, json!({})).await.expect(200);
        third.post(at::REFRESH, json!({})).await.expect(200);
        assert_eq!(third.get(MINE).await.expect(200).pluck("id"), [session(&third), session(&second)]);
    }

    async fn sixteen_sign_ins_at_once_leave_as_many_sessions_as_are_allowed(world: World) {
        world.vendor().await.post(POLICY, concurrent(3)).await.expect(201);
        let ann = world.user("ann@example.com").await;
        let clients: Vec<Client> = (0..16).map(|_| world.anyone()).collect();
        let tries = clients.iter().map(|client| client.post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})));
        for answer in futures_util::future::join_all(tries).await {
            answer.expect(200);
        }
        assert_eq!(ann.get(MINE).await.expect(200).rows().len(), 3);
    }

    async fn the_limit_of_the_tenant_switched_to_holds(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        world.tenant("strict").await;
        vendor.in_tenant("strict").post(POLICY, idle(120)).await.expect(201);
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "strict"})).await.expect(201);
        ann.put(at::SWITCH, json!({"tenantId": "strict"})).await;
        let switched = ann.post(at::REFRESH, json!({})).await.expect(200);
        assert_eq!(claims(&switched.text_at("/accessToken"))["tenantId"], "strict");
        assert_eq!(switched.at("/expiresIn"), json!(120));
        world.clock.advance_seconds(120);
        ann.post(at::REFRESH, json!({})).await.expect(401);
    }

    async fn the_limit_of_a_tenant_holds_for_those_who_visit_it(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        world.tenant("strict").await;
        vendor.in_tenant("strict").post(POLICY, concurrent(1)).await.expect(201);
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "strict"})).await.expect(201);
        ann.post(at::REFRESH, json!({"tenantId": "strict"})).await.expect(200);
        let second = world.log_in("ann@example.com").await;
        ann.post(at::REFRESH, json!({})).await.expect(200);
        second.post(at::REFRESH, json!({"tenantId": "strict"})).await.expect(200);
        ann.post(at::REFRESH, json!({})).await.expect(401);
        second.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn people_see_and_end_their_own_sessions(world: World) {
        let agent = "Journey/1.0";
        let ann = world.user("ann@example.com").await;
        world.clock.advance_seconds(10);
        let phone = world.anyone().with("user-agent", agent).at_address("2001:db8::5");
        let entered = phone.post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.expect(200);
        let phone = phone.bearing(&entered.text_at("/accessToken"));
        let sessions = phone.get(MINE).await.expect(200).rows();
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions[0], json!({
            "id": session(&phone), "createdAt": "2025-10-09T08:53:30.000Z", "expires": "2025-11-08T08:53:30.000Z",
            "ipAddress": "2001:db8::5", "userAgent": agent, "current": true, "impersonated": false,
        }));
        assert_eq!(sessions[1]["current"], json!(false));
        assert_eq!(phone.get(CURRENT).await.expect(200).json(), sessions[0]);

        let gone = phone.delete(&format!("{MINE}/{}", session(&ann))).await.expect(200);
        assert!(gone.body.is_empty());
        phone.delete(&format!("{MINE}/{}", session(&ann))).await.refuses(404, "Session not found");
        ann.post(at::REFRESH, json!({})).await.expect(401);
        assert_eq!(phone.get(MINE).await.expect(200).rows().len(), 1);
        let bob = world.user("bob@example.com").await;
        bob.delete(&format!("{MINE}/{}", session(&phone))).await.refuses(404, "Session not found");
        bob.delete(&format!("{MINE}/nothing")).await.refuses(404, "Session not found");

        let all = phone.delete(&format!("{MINE}/all")).await.expect(200);
        assert!(all.body.is_empty());
        phone.post(at::REFRESH, json!({})).await.expect(401);
        phone.get(CURRENT).await.refuses(404, "Session not found");
        bob.post(at::REFRESH, json!({})).await.expect(200);
        // A back end may do the same for its user.
        let vendor = world.vendor().await.in_tenant("acme").acting_as(&bob.id);
        assert_eq!(vendor.get(MINE).await.expect(200).rows().len(), 1);
        vendor.delete(&format!("{MINE}/{}", session(&bob))).await.expect(200);
        bob.post(at::REFRESH, json!({})).await.expect(401);
        world.settle().await;
        let actions = world.vendor().await.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        assert!(actions.contains(&"Session ended".to_owned()) && actions.contains(&"All sessions ended".to_owned()), "{actions:?}");
    }

    async fn one_of_sixteen_ends_a_session(world: World) {
        let ann = world.user("ann@example.com").await;
        let other = again(world, &ann).await;
        let path = format!("{MINE}/{}", session(&other));
        let mut statuses: Vec<u16> = futures_util::future::join_all((0..16).map(|_| ann.delete(&path))).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![404; 15]].concat());
    }

    async fn a_revocation_by_an_administrator_ends_the_session_at_its_next_refresh(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        admin.post(REVOKE, json!({"userId": ann.id})).await.expect(200);
        ann.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        admin.post(at::REFRESH, json!({})).await.expect(200);
        let entered = world.log_in("ann@example.com").await;
        assert_eq!(entered.get(MINE).await.expect(200).rows().len(), 1);
    }

    async fn a_token_for_another_tenant_keeps_to_that_tenants_limits(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        world.tenant("strict").await;
        vendor.in_tenant("strict").post(POLICY, absolute(120)).await.expect(201);
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "strict"})).await.expect(201);
        let path = "/identity/resources/users/v3/me/token";
        world.clock.advance_seconds(20);
        let token = ann.post(path, json!({"tenantId": "strict"})).await.expect(200);
        assert_eq!(token.at("/expiresIn"), json!(100));
        world.clock.advance_seconds(100);
        ann.post(path, json!({"tenantId": "strict"})).await.expect(401);
        ann.post(path, json!({"tenantId": "acme"})).await.expect(200);
    }

    async fn a_browser_is_known_again_by_its_device_cookie(world: World) {
        let name = format!("fe_device_{}", world.home.id.replace('-', ""));
        let ann = world.user("ann@example.com").await;
        let device = ann.cookie(&name).unwrap();
        assert!(kit::is_uuid(&device), "{device}");
        let refreshed = ann.post(at::REFRESH, json!({})).await.expect(200);
        let line = refreshed.cookie(&name);
        assert!(line.starts_with(&format!("{name}={device}; ")), "{line}");
        for part in ["Path=/", "HttpOnly", "Secure", "SameSite=None"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        let again = ann.without("authorization").post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.expect(200);
        assert!(again.cookie(&name).starts_with(&format!("{name}={device}; ")));
        let forged = world.anyone();
        forged.set_cookie(&name, "<script>");
        forged.post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.expect(200);
        assert!(kit::is_uuid(&forged.cookie(&name).unwrap()));
        let refused = world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": "wrong"})).await.expect(401);
        assert!(refused.cookies().is_empty());
    }
}
