use futures_util::future::join_all;
use journeys::{Answer, Engine, PASSWORD, World, at, both_engines, claims, snapshot};
use outbound::Letter;
use serde_json::{Value, json};

use super::activation::ACTIVATE;
use super::captcha;

pub(crate) const SIGN_UP: &str = "/identity/resources/users/v1/signUp";
pub(crate) const WITH_USERNAME: &str = "/identity/resources/users/v1/signUp/username";
pub(crate) const STRATEGIES: &str = "/identity/resources/configurations/v1/activation/strategies";
const DOMAIN: &str = "/identity/resources/configurations/restrictions/v1/email-domain";
const LINKS: &str = "/identity/resources/tenants/invites/v1/user";

/// What the login box sends.
pub(crate) fn form(email: &str) -> Value {
    json!({"email": email, "name": "Ada Lovelace", "companyName": "Engines", "password": PASSWORD, "recaptchaToken": ""})
}

fn with(email: &str, member: &str, value: Value) -> Value {
    let mut form = form(email);
    form[member] = value;
    form
}

/// Lets users in before they verified their addresses.
pub(crate) async fn let_in_at_once(world: &World) {
    let vendor = world.vendor().await;
    vendor
        .post(at::CONFIGURATION, json!({"allowNotVerifiedUsersLogin": true}))
        .await
        .expect(201);
}

/// Has mails bring codes.
pub(crate) async fn by_code(world: &World) {
    let vendor = world.vendor().await;
    vendor
        .post(STRATEGIES, json!({"strategy": "code", "codeExpiration": 120}))
        .await
        .expect(200);
}

/// The one link of a letter that brings a token: where it leads, whose it is and the token.
pub(crate) fn link_of(letter: &Letter) -> (String, String, String) {
    let link = letter
        .links
        .iter()
        .find(|link| link.contains("token="))
        .unwrap_or_else(|| panic!("no token in {:?}", letter.links));
    let (page, query) = link.split_once('?').unwrap();
    let part = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no {name} in {link}")).to_owned()
    };
    (page.to_owned(), part("userId="), part("token="))
}

async fn user_of(world: &World, email: &str) -> Value {
    let vendor = world.vendor().await;
    vendor
        .get(&format!("{}?email={email}", at::BY_EMAIL))
        .await
        .expect(200)
        .json()
}

/// The snapshot without the count of records.
async fn people(world: &World) -> Value {
    world.settle().await;
    let mut seen = snapshot(&world.vendor().await).await;
    seen.as_object_mut().unwrap().remove("changes recorded");
    seen
}

fn members(answer: &Answer) -> Vec<String> {
    answer.json().as_object().unwrap().keys().cloned().collect()
}

both_engines! {
    async fn whoever_took_an_address_does_not_get_in_where_its_owner_is_invited(world: World) {
        let_in_at_once(world).await;
        let admin = world.admin("admin@example.com").await;
        let own = world.anyone().post(SIGN_UP, form("ann@example.com")).await.expect(201).text_at("/tenantId");
        world.clock.advance_seconds(1);
        let role = world.role_id("Admin").await;
        admin.post(at::USERS_V2, json!({"email": "ann@example.com", "roleIds": [role]})).await.expect(201);
        let squatter = json!({"email": "ann@example.com", "password": PASSWORD, "tenantId": "acme"});
        for _ in 0..2 {
            let entered = world.anyone().post(at::LOGIN, squatter.clone()).await.expect(200);
            assert_eq!(claims(&entered.text_at("/accessToken"))["tenantId"], own);
            let inside = world.anyone().bearing(&entered.text_at("/accessToken"));
            inside.put(at::SWITCH, json!({"tenantId": "acme"})).await.expect(403);
        }
        // Whichever letter is opened: also one that was asked for again.
        world.anyone().post(&format!("{ACTIVATE}/reset"), json!({"email": "ann@example.com"})).await.expect(201);
        let (_, user, token) = link_of(&world.letter("ann@example.com").await);
        // Nor does the password stay that somebody chose who is not known to own the address.
        let needs = world.anyone().get(&format!("{ACTIVATE}/strategy?userId={user}&token={token}")).await.expect(200);
        assert_eq!(needs.at("/shouldSetPassword"), json!(true));
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": token})).await.refuses(400, "password should not be empty");
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": token, "password": "Quiet-otter-77-lantern"})).await.expect(200);
        world.anyone().post(at::LOGIN, squatter).await.expect(401);
        let owner = json!({"email": "ann@example.com", "password": "Quiet-otter-77-lantern", "tenantId": "acme"});
        let entered = world.anyone().post(at::LOGIN, owner).await.expect(200);
        assert_eq!(claims(&entered.text_at("/accessToken"))["tenantId"], "acme");
    }

    async fn somebody_who_signs_up_gets_a_tenant_its_first_role_and_a_mail(world: World) {
        let answer = world.anyone().post(SIGN_UP, with("Ada@Engines.test", "metadata", json!("{\"plan\": \"gold\"}"))).await.expect(201);
        assert_eq!(members(&answer), ["shouldActivate", "tenantId", "userId"]);
        assert_eq!(answer.at("/shouldActivate"), json!(true));
        assert!(answer.cookies().is_empty(), "nobody is signed in yet");
        let (user, tenant) = (answer.text_at("/userId"), answer.text_at("/tenantId"));
        let vendor = world.vendor().await;
        let read = vendor.get(&format!("{}/{user}", at::VENDOR_USERS)).await.expect(200).json();
        assert_eq!((&read["email"], &read["name"], &read["verified"], &read["metadata"]), (&json!("ada@engines.test"), &json!("Ada Lovelace"), &json!(false), &json!("{\"plan\": \"gold\"}")));
        assert_eq!(read["tenantIds"], json!([tenant]));
        let first: Vec<String> = vendor.get(at::ROLES).await.expect(200).rows().iter()
            .filter(|role| role["firstUserRole"] == json!(true)).map(|role| role["id"].as_str().unwrap().to_owned()).collect();
        assert!(!first.is_empty());
        let roles = read["tenants"][0]["roles"].as_array().unwrap();
        assert_eq!(roles.iter().map(|role| role["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), first);
        let made = vendor.get(&format!("{}/{tenant}", at::TENANTS)).await.expect(200).json();
        assert_eq!((&made[0]["name"], &made[0]["creatorEmail"], &made[0]["creatorName"]), (&json!("Engines"), &json!("ada@engines.test"), &json!("Ada Lovelace")));
        let statuses = vendor.get(&format!("/identity/resources/tenants/users/v1/statuses?userIds={user}")).await.expect(200);
        assert!(statuses.text().contains("NotActivated"), "{}", statuses.text());
        let (page, of, token) = link_of(&world.letter("ada@engines.test").await);
        assert_eq!((page.as_str(), of), ("https://login.home.test/oauth/account/activate", user.clone()));
        assert!(token.len() >= 40);
        world.anyone().post(at::LOGIN, json!({"email": "ada@engines.test", "password": PASSWORD})).await.expect(400);
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        for action in ["Tenant created", "User signed up"] {
            assert!(records.pluck("action").contains(&action.to_owned()), "{action}");
        }
        assert!(!records.text().contains(PASSWORD) && !records.text().contains(&token));
    }

    async fn where_addresses_are_not_verified_first_the_sign_up_signs_in(world: World) {
        let_in_at_once(world).await;
        let client = world.anyone();
        let answer = client.post(SIGN_UP, form("ada@engines.test")).await.expect(201);
        assert_eq!(members(&answer), ["authResponse", "shouldActivate", "tenantId", "userId"]);
        assert_eq!(answer.at("/shouldActivate"), json!(false));
        assert_eq!(answer.at("/authResponse/emailVerified"), json!(false));
        let token = answer.text_at("/authResponse/accessToken");
        let said = claims(&token);
        assert_eq!((&said["sub"], &said["tenantId"], &said["email_verified"]), (&answer.at("/userId"), &answer.at("/tenantId"), &json!(false)));
        assert!(client.cookie("fe_refresh_aaaaaaaa0000-4000-8000-000000000001").is_some());
        assert_eq!(client.bearing(&token).get(at::ME).await.expect(200).at("/email"), json!("ada@engines.test"));
        client.post(at::REFRESH, json!({})).await.expect(200);
        assert!(world.letters("ada@engines.test").await.is_empty());
        world.log_in("ada@engines.test").await;
        world.anyone().post(SIGN_UP, form("Ada@engines.test")).await.refuses(409, "Email already exists");
        world.anyone().post(SIGN_UP, with("bob@engines.test", "password", json!(""))).await.refuses(400, "password should not be empty");
    }

    async fn nobody_learns_whether_an_address_is_somebodys(world: World) {
        world.user("ann@example.com").await;
        world.settle().await;
        let hashes = world.hashes.performed();
        let fresh = world.anyone().post(SIGN_UP, form("new@example.com")).await.expect(201);
        assert_eq!(world.hashes.performed(), hashes + 1);
        let before = people(world).await;
        let known = world.anyone().post(SIGN_UP, form("ANN@example.com")).await.expect(201);
        assert_eq!(world.hashes.performed(), hashes + 2);
        assert_eq!(members(&known), members(&fresh));
        assert_eq!(known.at("/shouldActivate"), json!(true));
        assert!(kit::is_uuid(&known.text_at("/userId")) && kit::is_uuid(&known.text_at("/tenantId")));
        assert_eq!((known.headers.len(), known.cookies()), (fresh.headers.len(), fresh.cookies()));
        // The ids stand for nobody, and are the same ones the next time.
        let again = world.anyone().post(SIGN_UP, with("ann@example.com", "password", Value::Null)).await.expect(201);
        assert_eq!(again.json(), known.json());
        assert_ne!(known.at("/userId"), user_of(world, "ann@example.com").await["id"]);
        assert_eq!(people(world).await, before, "nobody and nothing was made");
        // The owner hears of it, and can choose a new password.
        let letters = world.letters("ann@example.com").await;
        let (page, _, _) = link_of(&letters[0]);
        assert_eq!(page, "https://login.home.test/oauth/account/reset-password");
        // Who has yet to activate the account gets that mail again, and the first link is void.
        let (_, user, first) = link_of(&world.letter("new@example.com").await);
        let twice = world.anyone().post(SIGN_UP, with("new@example.com", "password", json!("Other-horse-9-battery"))).await.expect(201);
        assert_eq!(twice.json(), fresh.json());
        let (_, _, second) = link_of(&world.letter("new@example.com").await);
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": first})).await.expect(400);
        // Whose password is the owner's nobody knows: the one that comes with the proof.
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": second})).await.refuses(400, "password should not be empty");
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": second, "password": "Quiet-otter-77-lantern"})).await.expect(200);
        for password in [PASSWORD, "Other-horse-9-battery"] {
            world.anyone().post(at::LOGIN, json!({"email": "new@example.com", "password": password})).await.expect(401);
        }
    }

    async fn nobody_learns_from_the_id_that_the_account_was_made_for_somebody(world: World) {
        let admin = world.admin("admin@example.com").await;
        let body = json!({"email": "made@example.com", "name": "Made"});
        let made = admin.client.post(at::USERS_V2, body).await.expect(201).text_at("/id");
        let fresh = world.anyone().post(SIGN_UP, form("new@example.com")).await.expect(201);
        let known = world.anyone().post(SIGN_UP, form("made@example.com")).await.expect(201);
        world.settle().await;
        let again = world.anyone().post(SIGN_UP, form("made@example.com")).await.expect(201);
        assert_eq!(again.json(), known.json());
        assert!(kit::tells_time(&made), "ids that others than the user get ascend in time");
        for told in [&fresh, &known] {
            let id = told.text_at("/userId");
            assert!(kit::is_uuid(&id) && !kit::tells_time(&id) && id != made);
        }
        // The mail leads to the account all the same.
        let (_, user, token) = link_of(&world.letter("made@example.com").await);
        assert_eq!(user, made);
        let activation = json!({"userId": user, "token": token, "password": PASSWORD});
        world.anyone().post(ACTIVATE, activation).await.expect(200);
    }

    async fn nobody_learns_it_from_codes_either(world: World) {
        world.user("ann@example.com").await;
        by_code(world).await;
        let fresh = world.anyone().post(SIGN_UP, with("new@example.com", "password", Value::Null)).await.expect(201);
        let known = world.anyone().post(SIGN_UP, with("ann@example.com", "password", Value::Null)).await.expect(201);
        assert_eq!(members(&known), members(&fresh));
        for answer in [&fresh, &known] {
            let (user, token) = (answer.text_at("/userId"), answer.text_at("/activationToken"));
            let needs = world.anyone().get(&format!("/identity/resources/users/v1/activate/strategy?userId={user}&token={token}")).await.expect(200);
            assert_eq!(needs.json(), json!({"shouldSetPassword": true}));
            let hashes = world.hashes.performed();
            let wrong = json!({"userId": user, "token": token, "code": "000000", "password": PASSWORD});
            let refused = world.anyone().post("/identity/resources/users/v1/activate/code", wrong).await.refuses(400, "Invalid code");
            assert_eq!(refused.at("/errorCode"), json!("ER-01011"));
            assert_eq!(world.hashes.performed(), hashes + 1);
        }
    }

    async fn a_sign_up_that_is_wrong_changes_nothing(world: World) {
        world.vendor().await.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "username": "ann", "tenantId": world.tenant("acme").await})).await.expect(201);
        let before = people(world).await;
        let hashes = world.hashes.performed();
        let role = world.role_id("Admin").await;
        for (body, status, sentence) in [
            (json!({}), 400, "email should not be empty"),
            (with("", "name", json!("x")), 400, "email should not be empty"),
            (with("ada", "name", json!("x")), 400, "email must be an email"),
            (with("ada@acme.test\r\nBcc: eve@evil.test", "name", json!("x")), 400, "email must be an email"),
            (with("a@acme.test", "email", json!(5)), 400, "email must be a string"),
            (with("a@acme.test", "password", json!("short")), 400, "The password must be at least 8 characters long."),
            (with("a@acme.test", "password", json!("x".repeat(100_000))), 400, "password is too long"),
            (with("a@acme.test", "name", json!("x".repeat(256))), 400, "name must be shorter than or equal to 255 characters"),
            (with("a@acme.test", "companyName", json!("x".repeat(256))), 400, "companyName must be shorter than or equal to 255 characters"),
            (with("a@acme.test", "metadata", json!("{")), 400, "metadata must be a json string"),
            (with("a@acme.test", "phoneNumber", json!("12")), 400, "phoneNumber must be a valid phone number"),
            (with("a@acme.test", "profilePictureUrl", json!("x".repeat(4096))), 400, "profilePictureUrl must be shorter than or equal to 4095 characters"),
            (with("a@acme.test", "username", json!("a b")), 400, "Username can only contain letters, numbers, dots, underscores, and hyphens"),
            (with("a@acme.test", "provider", json!("google")), 400, "provider must be local"),
            (with("a@acme.test", "provider", json!("nobody")), 400, "provider must be one of"),
            (with("a@acme.test", "emailMetadata", json!("x")), 400, "emailMetadata must be an object"),
            (with("a@acme.test", "roleIds", json!([role])), 403, "Only the environment itself may give roles to those who sign up"),
            (with("a@acme.test", "invitationToken", json!("nonsense")), 400, "The invitation is invalid or has expired"),
            (with("a@acme.test", "username", json!("ANN")), 409, "Username already exists"),
            (json!([]), 400, "body must be an object"),
        ] {
            let answer = world.anyone().post(SIGN_UP, body.clone()).await.expect(status);
            assert!(answer.errors().iter().any(|error| error.contains(sentence)), "{body}: {}", answer.text());
        }
        world.anyone().post(WITH_USERNAME, form("a@acme.test")).await.refuses(400, "username should not be empty");
        world.anyone().post(WITH_USERNAME, json!({"username": "ada", "password": PASSWORD})).await.refuses(400, "email should not be empty: it has to be verified");
        assert_eq!(people(world).await, before);
        // The two that got as far as a password.
        assert!(world.hashes.performed() <= hashes + 2);
    }

    async fn an_environment_may_be_closed_to_those_who_come_by_themselves(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::CONFIGURATION, json!({"allowSignups": false})).await.expect(201);
        let before = people(world).await;
        let hashes = world.hashes.performed();
        for path in [SIGN_UP, WITH_USERNAME] {
            world.anyone().post(path, with("ada@engines.test", "username", json!("ada"))).await.refuses(403, "Sign-up is not allowed in this environment");
        }
        assert_eq!((people(world).await, world.hashes.performed()), (before, hashes));
        world.anyone_at(&world.away).post(SIGN_UP, form("ada@engines.test")).await.expect(201);
    }

    async fn domains_that_are_kept_out_do_not_sign_up(world: World) {
        let vendor = world.vendor().await;
        vendor.post(DOMAIN, json!({"domain": "evil.test", "type": "BLOCK"})).await.expect(201);
        vendor.post(&format!("{DOMAIN}/config"), json!({"active": true, "type": "BLOCK", "blockPublicDomains": true})).await.expect(201);
        for email in ["eve@EVIL.test", "eve@gmail.com"] {
            world.anyone().post(SIGN_UP, form(email)).await.refuses(403, "This email address cannot be used to sign up");
        }
        world.anyone().post(SIGN_UP, form("eve@sub.evil.test")).await.expect(201);
    }

    async fn a_username_signs_up_without_an_address_where_none_is_verified(world: World) {
        let_in_at_once(world).await;
        let vendor = world.vendor().await;
        vendor.post(at::CONFIGURATION, json!({"authStrategy": "UsernameAndPassword"})).await.expect(201);
        let body = json!({"provider": "local", "username": "Ada.L", "password": PASSWORD, "companyName": "Engines", "metadata": "{}"});
        let answer = world.anyone().post(WITH_USERNAME, body.clone()).await.expect(201);
        assert_eq!(answer.at("/shouldActivate"), json!(false));
        world.anyone().post(at::LOGIN, json!({"username": "ada.l", "password": PASSWORD})).await.expect(200);
        world.anyone().post(WITH_USERNAME, body).await.refuses(409, "Username already exists");
    }

    async fn the_environments_own_back_end_may_say_more(world: World) {
        let vendor = world.vendor().await;
        let role = vendor.post(at::ROLES, json!([{"key": "guest", "name": "Guest", "level": 9}])).await.expect(201).text_at("/0/id");
        let mut body = with("ada@engines.test", "roleIds", json!([role]));
        body["skipInviteEmail"] = json!(true);
        body["provider"] = json!("google");
        let answer = vendor.post(SIGN_UP, body).await.expect(201);
        let read = vendor.get(&format!("{}/{}", at::VENDOR_USERS, answer.text_at("/userId"))).await.expect(200).json();
        assert_eq!((&read["tenants"][0]["roles"][0]["id"], &read["provider"]), (&json!(role), &json!("google")));
        assert!(world.letters("ada@engines.test").await.is_empty());
        vendor.post(SIGN_UP, with("bob@engines.test", "roleIds", json!(["nobody"]))).await.expect(400);
        let mut said = with("eve@engines.test", "emailMetadata", json!({"campaign": "spring"}));
        said["skipInviteEmail"] = json!(true);
        world.anyone().post(SIGN_UP, said).await.expect(201);
        assert_eq!(world.letters("eve@engines.test").await.len(), 1, "a stranger cannot keep the mail back");
    }

    async fn an_invitation_link_leads_into_its_tenant(world: World) {
        let admin = world.admin("admin@example.com").await;
        let token = admin.post(LINKS, json!({"expiresInMinutes": null, "shouldSendEmail": true})).await.expect(201).text_at("/token");
        let tenants = world.vendor().await.get("/tenants/resources/tenants/v2?_limit=200").await.expect(200).rows().len();
        let mut body = with("ada@engines.test", "invitationToken", json!(token));
        body.as_object_mut().unwrap().remove("companyName");
        let answer = world.anyone().post(SIGN_UP, body.clone()).await.expect(201);
        assert_eq!(answer.at("/tenantId"), json!("acme"));
        assert_eq!(user_of(world, "ada@engines.test").await["tenantIds"], json!(["acme"]));
        assert_eq!(world.vendor().await.get("/tenants/resources/tenants/v2?_limit=200").await.expect(200).rows().len(), tenants);
        assert_eq!(world.letters("admin@example.com").await.len(), 1, "the owner of the link is told");
        // Whoever has an account already is answered alike, and joins nothing.
        world.person("ann@example.com", "rival", &[]).await;
        body["email"] = json!("ann@example.com");
        let known = world.anyone().post(SIGN_UP, body).await.expect(201);
        assert_eq!((known.at("/tenantId"), members(&known)), (json!("acme"), members(&answer)));
        assert_eq!(user_of(world, "ann@example.com").await["tenantIds"], json!(["rival"]));
    }

    async fn of_sixteen_sign_ups_with_one_address_one_makes_a_user(world: World) {
        let answers = join_all((0..16).map(|_| {
            let client = world.anyone();
            async move { client.post(SIGN_UP, form("ada@engines.test")).await }
        })).await;
        for answer in &answers {
            assert_eq!(answer.status, 201, "{}", answer.text());
            assert_eq!(answer.at("/userId"), answers[0].at("/userId"));
        }
        let vendor = world.vendor().await;
        let users = vendor.get(&format!("{}?_email=ada@engines.test", at::USERS_V3)).await.expect(200).rows();
        assert_eq!(users.len(), 1);
        assert_eq!(vendor.get("/tenants/resources/tenants/v2?_limit=200").await.expect(200).rows().len(), 1, "a sign-up that lost leaves no tenant");
    }

    async fn of_sixteen_that_would_be_let_in_one_is(world: World) {
        let_in_at_once(world).await;
        let mut statuses: Vec<u16> = join_all((0..16).map(|_| {
            let client = world.anyone();
            async move { client.post(SIGN_UP, form("ada@engines.test")).await.status }
        })).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
    }

    async fn neither_hosts_nor_names_get_into_the_mail(world: World) {
        let forged = world.anyone().with("x-forwarded-host", "evil.test").with("forwarded", "host=evil.test").with("origin", "https://evil.test");
        let name = "Ada\r\nBcc: eve@evil.test\r\n\r\n<script>alert(1)</script> {{redirectURL}} {% for %}";
        forged.post(SIGN_UP, with("ada@engines.test", "name", json!(name))).await.expect(201);
        let letter = world.letter("ada@engines.test").await;
        assert!(letter.links.iter().all(|link| link.starts_with("https://login.home.test/")), "{:?}", letter.links);
        assert!(!letter.html.contains("<script>") && letter.html.contains("&lt;script&gt;"), "{}", letter.html);
        assert!(!letter.subject.contains(['\r', '\n']) && letter.to == "ada@engines.test");
        assert_eq!(letter.html.matches("token=").count(), letter.links.iter().filter(|link| link.contains("token=")).count(), "no template of a stranger is filled");
        // Another host is another environment, or none.
        world.anyone().with("host", "evil.test").post(SIGN_UP, form("bob@engines.test")).await.expect(404);
        assert!(world.letters("bob@engines.test").await.is_empty());
    }

    async fn an_address_may_sign_up_only_so_often(world: World) {
        let limited = world.limited().at_address("203.0.113.7");
        let mut statuses = Vec::new();
        for number in 0..7 {
            statuses.push(limited.post(SIGN_UP, form(&format!("nobody-{number}"))).await.status);
        }
        assert_eq!(statuses, [400, 400, 400, 400, 400, 429, 429]);
    }

    async fn nobody_signs_up_where_no_mail_can_be_sent(world: World) {
        // A second server over the same database, without a way to send.
        let silent = world.limited();
        silent.post(SIGN_UP, form("ada@engines.test")).await.refuses(503, "Mail cannot be sent from here, so that nobody can verify an address");
        let vendor = world.vendor().await;
        assert!(vendor.get(&format!("{}?_email=ada@engines.test", at::USERS_V3)).await.expect(200).rows().is_empty());
    }
}

async fn asked_before_a_sign_up(engine: Engine) {
    let service = captcha::service().await;
    let world = captcha::world(engine, service.url()).await;
    let vendor = world.vendor().await;
    vendor
        .post(captcha::POLICY, captcha::policy(true))
        .await
        .expect(201);
    let sentence = "Captcha verification failed, please try again";
    let before = people(&world).await;
    for answer in ["", "program"] {
        let refused = with("ada@engines.test", "recaptchaToken", json!(answer));
        world.anyone().post(SIGN_UP, refused).await.refuses(403, sentence);
    }
    assert_eq!(people(&world).await, before);
    let passed = with("ada@engines.test", "recaptchaToken", json!("person"));
    world.anyone().post(SIGN_UP, passed).await.expect(201);
    let (_, user, token) = link_of(&world.letter("ada@engines.test").await);
    let activate = "/identity/resources/users/v1/activate";
    let body = |answer: &str| json!({"userId": user, "token": token, "recaptchaToken": answer});
    world
        .anyone()
        .post(activate, body("program"))
        .await
        .refuses(403, sentence);
    world.anyone().post(activate, body("person")).await.expect(200);
    world.end().await;
}

#[tokio::test]
async fn forms_of_sign_up_and_activation_ask_for_the_captcha_first_sqlite() {
    asked_before_a_sign_up(Engine::Sqlite).await;
}

#[tokio::test]
async fn forms_of_sign_up_and_activation_ask_for_the_captcha_first_postgres() {
    asked_before_a_sign_up(Engine::Postgres).await;
}
