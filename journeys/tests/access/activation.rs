use futures_util::future::join_all;
use journeys::{Client, PASSWORD, World, at, both_engines, claims, snapshot};
use serde_json::{Value, json};

use super::signup::{SIGN_UP, by_code, form, link_of};

pub(crate) const ACTIVATE: &str = "/identity/resources/users/v1/activate";
pub(crate) const WITH_CODE: &str = "/identity/resources/users/v1/activate/code";
const NEEDS: &str = "/identity/resources/users/v1/activate/strategy";
const AGAIN: &str = "/identity/resources/users/v1/activate/reset";
const INVALID: &str = "The activation link is invalid or was used before. Ask for a new one.";
const EXPIRED: &str = "The activation link has expired. Ask for a new one.";

/// Signs up without a password and opens the mail: user and token.
async fn signed_up(world: &World, email: &str) -> (String, String) {
    let mut body = form(email);
    body["password"] = Value::Null;
    world.anyone().post(SIGN_UP, body).await.expect(201);
    let (_, user, token) = link_of(&world.letter(email).await);
    (user, token)
}

fn activation(user: &str, token: &str) -> Value {
    json!({"userId": user, "token": token, "password": PASSWORD, "recaptchaToken": ""})
}

async fn needs(client: &Client, user: &str, token: &str) -> journeys::Answer {
    client.get(&format!("{NEEDS}?userId={user}&token={token}")).await
}

both_engines! {
    async fn a_link_activates_sets_the_password_and_signs_in(world: World) {
        let (user, token) = signed_up(world, "ada@engines.test").await;
        let client = world.anyone();
        // However often it is looked at.
        for _ in 0..3 {
            assert_eq!(needs(&client, &user, &token).await.expect(200).json(), json!({"shouldSetPassword": true}));
        }
        for body in [json!({"userId": user, "token": token}), json!({"userId": user, "token": token, "password": ""})] {
            client.post(ACTIVATE, body).await.refuses(400, "password should not be empty");
        }
        let weak = client.post(ACTIVATE, json!({"userId": user, "token": token, "password": "short"})).await.expect(400);
        assert!(weak.errors().len() > 1, "one sentence for each rule");
        let mut body = activation(&user, &token);
        body["lastTermsCheck"] = json!("2025-10-09T08:00:00.000Z");
        let answer = client.post(ACTIVATE, body).await.expect(200);
        assert_eq!((answer.at("/userId"), answer.at("/userEmail"), answer.at("/emailVerified"), answer.at("/mfaRequired")), (json!(user), json!("ada@engines.test"), json!(true), json!(false)));
        let said = claims(&answer.text_at("/accessToken"));
        assert_eq!((&said["sub"], &said["email_verified"]), (&json!(user), &json!(true)));
        assert!(client.cookie("fe_refresh_aaaaaaaa0000-4000-8000-000000000001").is_some());
        let me = client.bearing(&answer.text_at("/accessToken")).get(at::ME).await.expect(200);
        assert_eq!((me.at("/verified"), me.at("/activatedForTenant")), (json!(true), json!(true)));
        client.post(at::REFRESH, json!({})).await.expect(200);
        world.log_in("ada@engines.test").await;
        // Once.
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.refuses(400, INVALID);
        needs(&client, &user, &token).await.refuses(400, INVALID);
        world.settle().await;
        let records = world.vendor().await.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        assert!(records.pluck("action").contains(&"User activated".to_owned()));
        assert!(records.text().contains("lastTermsCheck") && !records.text().contains(PASSWORD) && !records.text().contains(&token));
    }

    async fn a_password_given_at_the_sign_up_is_not_asked_for_again(world: World) {
        world.anyone().post(SIGN_UP, form("ada@engines.test")).await.expect(201);
        let (_, user, token) = link_of(&world.letter("ada@engines.test").await);
        assert_eq!(needs(&world.anyone(), &user, &token).await.expect(200).json(), json!({"shouldSetPassword": false}));
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": token})).await.expect(200);
        world.log_in("ada@engines.test").await;
    }

    async fn a_code_activates_too(world: World) {
        by_code(world).await;
        let mut body = form("ada@engines.test");
        body["password"] = Value::Null;
        let answer = world.anyone().post(SIGN_UP, body).await.expect(201);
        let handle = answer.text_at("/activationToken");
        let letter = world.letter("ada@engines.test").await;
        let (page, user, token) = link_of(&letter);
        assert_eq!((page.as_str(), &user, &token), ("https://login.home.test/oauth/account/activate/code", &answer.text_at("/userId"), &handle));
        let code = letter.codes[0].clone();
        assert_eq!(needs(&world.anyone(), &user, &handle).await.expect(200).json(), json!({"shouldSetPassword": true}));
        // Without its digits the handle is worth nothing.
        world.anyone().post(ACTIVATE, activation(&user, &handle)).await.refuses(400, INVALID);
        let wrong = if code == "111111" { "222222" } else { "111111" };
        let guess = |code: &str, password: &str| json!({"userId": user, "token": handle, "code": code, "password": password});
        world.anyone().post(WITH_CODE, guess(wrong, PASSWORD)).await.refuses(400, "Invalid code");
        for _ in 0..6 {
            // A password that may not be set costs no guess.
            world.anyone().post(WITH_CODE, guess(&code, "short")).await.expect(400);
        }
        let entered = world.anyone().post(WITH_CODE, guess(&format!(" {code} "), PASSWORD)).await.expect(200);
        assert_eq!(claims(&entered.text_at("/accessToken"))["sub"], json!(user));
        world.anyone().post(WITH_CODE, guess(&code, PASSWORD)).await.refuses(400, INVALID);
        world.log_in("ada@engines.test").await;
    }

    async fn five_wrong_codes_burn_the_right_one_and_nothing_refunds_them(world: World) {
        by_code(world).await;
        let answer = world.anyone().post(SIGN_UP, form("ada@engines.test")).await.expect(201);
        let (user, handle) = (answer.text_at("/userId"), answer.text_at("/activationToken"));
        let code = world.letter("ada@engines.test").await.codes[0].clone();
        let wrong = if code == "111111" { "222222" } else { "111111" };
        let guess = |code: &str| json!({"userId": user, "token": handle, "code": code});
        let guesses = join_all((0..16).map(|_| { let client = world.anyone(); let body = guess(wrong); async move { client.post(WITH_CODE, body).await.status } })).await;
        assert!(guesses.iter().all(|status| *status == 400));
        world.anyone().post(WITH_CODE, guess(&code)).await.refuses(400, INVALID);
        // A new one makes it good again.
        world.clock.advance_seconds(60);
        assert!(world.anyone().post(AGAIN, json!({"email": "ada@engines.test"})).await.expect(201).body.is_empty());
        let letter = world.letter("ada@engines.test").await;
        let (_, _, second) = link_of(&letter);
        assert_ne!(second, handle);
        world.anyone().post(WITH_CODE, json!({"userId": user, "token": second, "code": letter.codes[0]})).await.expect(200);
    }

    async fn codes_and_links_expire(world: World) {
        let (user, token) = signed_up(world, "ada@engines.test").await;
        world.clock.advance_seconds(7 * 86_400 - 1);
        needs(&world.anyone(), &user, &token).await.expect(200);
        world.clock.advance_seconds(1);
        needs(&world.anyone(), &user, &token).await.refuses(400, EXPIRED);
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.refuses(400, EXPIRED);
        by_code(world).await;
        let answer = world.anyone().post(SIGN_UP, form("bob@engines.test")).await.expect(201);
        let code = world.letter("bob@engines.test").await.codes[0].clone();
        world.clock.advance_seconds(120);
        let late = json!({"userId": answer.text_at("/userId"), "token": answer.text_at("/activationToken"), "code": code});
        world.anyone().post(WITH_CODE, late).await.refuses(400, EXPIRED);
        // An expired one leaves everything as it was.
        world.anyone().post(at::LOGIN, json!({"email": "bob@engines.test", "password": PASSWORD})).await.expect(400);
    }

    async fn links_made_by_the_environment_work_here(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let user = vendor.in_tenant("acme").post(at::USERS, json!({"email": "ada@engines.test", "skipInviteEmail": true})).await.expect(201).text_at("/id");
        let made = vendor.post(&format!("{}/{user}/links/generate-activation-token", at::USERS), json!({})).await.expect(201);
        let token = made.text_at("/token");
        assert!(made.text_at("/link").starts_with("https://login.home.test/oauth/account/activate?userId="));
        let answer = world.anyone().post(ACTIVATE, activation(&user, &token)).await.expect(200);
        assert_eq!(claims(&answer.text_at("/accessToken"))["tenantId"], "acme");
        assert_eq!(vendor.get(&format!("{}/{user}", at::VENDOR_USERS)).await.expect(200).at("/verified"), json!(true));
    }

    async fn a_link_is_for_one_user_one_address_and_one_environment(world: World) {
        let (user, token) = signed_up(world, "ada@engines.test").await;
        let (other, _) = signed_up(world, "bob@engines.test").await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for (user, token) in [(&other, &token), (&user, &"nonsense".to_owned()), (&user, &"x".repeat(5_000)), (&"nobody".to_owned(), &token)] {
            world.anyone().post(ACTIVATE, activation(user, token)).await.refuses(400, INVALID);
            world.anyone().post(WITH_CODE, json!({"userId": user, "token": token, "code": "123456"})).await.refuses(400, INVALID);
            needs(&world.anyone(), user, token).await.refuses(400, INVALID);
        }
        world.anyone_at(&world.away).post(ACTIVATE, activation(&user, &token)).await.refuses(400, INVALID);
        for (body, sentence) in [
            (json!({"token": token}), "userId should not be empty"),
            (json!({"userId": user}), "token should not be empty"),
            (json!({"userId": "", "token": token}), "userId should not be empty"),
            (json!({"userId": user, "token": token, "lastTermsCheck": "x".repeat(65)}), "lastTermsCheck must be shorter than or equal to 64 characters"),
            (json!({"userId": 5, "token": token}), "userId must be a string"),
        ] {
            world.anyone().post(ACTIVATE, body).await.refuses(400, sentence);
        }
        world.anyone().post(WITH_CODE, json!({"userId": user, "token": token, "code": ""})).await.refuses(400, "code should not be empty");
        world.anyone().get(NEEDS).await.expect(400);
        // A purpose is not another one.
        let reset = vendor.post(&format!("{}/{user}/links/generate-password-reset-token", at::USERS), json!({})).await.expect(201).text_at("/token");
        world.anyone().post(ACTIVATE, activation(&user, &reset)).await.refuses(400, INVALID);
        world.settle().await;
        let mut after = snapshot(&vendor).await;
        after["changes recorded"] = before["changes recorded"].clone();
        assert_eq!(after, before);
        // The address it was sent to is not the user's any more.
        vendor.put(&format!("{}/{user}/email", at::USERS), json!({"email": "new@engines.test"})).await.expect(200);
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.refuses(400, INVALID);
    }

    async fn who_may_not_come_in_is_not_activated_and_keeps_the_link(world: World) {
        let (user, token) = signed_up(world, "ada@engines.test").await;
        let vendor = world.vendor().await;
        vendor.post(&format!("{}/{user}/lock", at::USERS), json!({})).await.expect(200);
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.refuses(423, "Your account is locked");
        let read = vendor.get(&format!("{}/{user}", at::VENDOR_USERS)).await.expect(200);
        assert_eq!(read.at("/verified"), json!(false));
        vendor.post(&format!("{}/{user}/unlock", at::USERS), json!({})).await.expect(200);
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.expect(200);
    }

    async fn a_password_set_otherwise_voids_the_link(world: World) {
        let (user, token) = signed_up(world, "ada@engines.test").await;
        let vendor = world.vendor().await;
        let reset = vendor.post(&format!("{}/{user}/links/generate-password-reset-token", at::USERS), json!({})).await.expect(201).text_at("/token");
        let set = json!({"userId": user, "token": reset, "password": PASSWORD});
        world.anyone().post("/identity/resources/users/v1/passwords/reset/verify", set).await.expect(201);
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.refuses(400, INVALID);
    }

    async fn of_sixteen_uses_of_a_link_one_wins(world: World) {
        let (user, token) = signed_up(world, "ada@engines.test").await;
        let mut statuses = join_all((0..16).map(|_| { let client = world.anyone(); let body = activation(&user, &token); async move { client.post(ACTIVATE, body).await.status } })).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![400; 15]].concat());
    }

    async fn of_sixteen_uses_of_a_code_one_wins(world: World) {
        by_code(world).await;
        let answer = world.anyone().post(SIGN_UP, form("ada@engines.test")).await.expect(201);
        let code = world.letter("ada@engines.test").await.codes[0].clone();
        let body = json!({"userId": answer.text_at("/userId"), "token": answer.text_at("/activationToken"), "code": code});
        let mut statuses = join_all((0..16).map(|_| { let client = world.anyone(); let body = body.clone(); async move { client.post(WITH_CODE, body).await.status } })).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![400; 15]].concat());
    }

    async fn asking_again_tells_nothing_and_voids_the_old_link(world: World) {
        let (user, first) = signed_up(world, "ada@engines.test").await;
        world.user("ann@example.com").await;
        for email in ["ADA@engines.test", "ann@example.com", "nobody@engines.test"] {
            let answer = world.anyone().post(AGAIN, json!({"email": email, "emailMetadata": {"campaign": "spam"}})).await.expect(201);
            assert!(answer.body.is_empty());
        }
        assert!(world.letters("ann@example.com").await.is_empty(), "who is in has nothing to activate");
        assert!(world.letters("nobody@engines.test").await.is_empty());
        let letters = world.letters("ada@engines.test").await;
        assert_eq!(letters.len(), 2);
        let (_, _, second) = link_of(&letters[0]);
        world.anyone().post(ACTIVATE, activation(&user, &first)).await.refuses(400, INVALID);
        world.anyone().post(ACTIVATE, activation(&user, &second)).await.expect(200);
        for (body, sentence) in [(json!({}), "email should not be empty"), (json!({"email": "ada"}), "email must be an email"), (json!({"email": "a@b.test", "emailMetadata": 5}), "emailMetadata must be an object")] {
            world.anyone().post(AGAIN, body).await.refuses(400, sentence);
        }
    }

    async fn a_sign_in_before_the_activation_sends_it_again(world: World) {
        world.anyone().post(SIGN_UP, form("ada@engines.test")).await.expect(201);
        let refused = world.anyone().post(at::LOGIN, json!({"email": "ada@engines.test", "password": PASSWORD})).await
            .refuses(400, "Verify your email - verification email was sent to a***@engines.test");
        assert_eq!(refused.at("/errorCode"), json!("ER-01060"));
        assert_eq!(world.letters("ada@engines.test").await.len(), 2);
        world.anyone().post(at::LOGIN, json!({"email": "ada@engines.test", "password": "wrong"})).await.refuses(401, "Incorrect email or password");
        assert_eq!(world.letters("ada@engines.test").await.len(), 2, "nothing is sent for a wrong password");
        let (_, user, token) = link_of(&world.letter("ada@engines.test").await);
        world.anyone().post(ACTIVATE, json!({"userId": user, "token": token})).await.expect(200);
    }

    async fn an_administrator_has_the_mail_sent_again(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        let made = admin.post(at::USERS_V2, json!({"email": "ada@engines.test", "name": "Ada"})).await.expect(201).text_at("/id");
        let again = |id: &str| format!("/team/resources/members/v1/{id}/resendActivationEmail");
        assert!(admin.post(&again(&made), json!({})).await.expect(201).body.is_empty());
        let letters = world.letters("ada@engines.test").await;
        assert_eq!(letters.len(), 2);
        let (_, user, token) = link_of(&letters[0]);
        assert_eq!(user, made);
        admin.post(&again(&ann.id), json!({})).await.refuses(409, "The member is active already");
        admin.post(&again("nobody"), json!({})).await.expect(404);
        let stranger = world.person("bob@example.com", "rival", &[]).await;
        admin.post(&again(&stranger.id), json!({})).await.expect(404);
        ann.post(&again(&made), json!({})).await.expect(403);
        world.anyone().post(ACTIVATE, activation(&user, &token)).await.expect(200);
        admin.post(&again(&made), json!({})).await.refuses(409, "The member is active already");
    }
}
