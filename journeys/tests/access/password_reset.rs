use journeys::{PASSWORD, Person, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const ASK: &str = "/identity/resources/users/v1/passwords/reset";
const ASK_MAIL: &str = "/identity/resources/users/v2/passwords/reset/email";
const ASK_TEXT: &str = "/identity/resources/users/v2/passwords/reset/sms";
const CODE: &str = "/identity/resources/users/v2/passwords/reset/sms/verify";
const VALIDATE: &str = "/identity/resources/users/v1/passwords/reset/validate";
const VERIFY: &str = "/identity/resources/users/v1/passwords/reset/verify";
const NEW: &str = "Another-horse-9";
const GONE: &str = "The link has expired or is no longer valid";
const NUMBER: &str = "+15550100";

/// The link of the newest mail to an address.
async fn link(world: &World, email: &str) -> String {
    world.letter(email).await.links[0].clone()
}

/// What the query of a link carries.
fn carried(link: &str, name: &str) -> String {
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let pair = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    pair.unwrap().to_owned()
}

async fn ticket(world: &World, person: &Person) -> Value {
    world
        .anyone()
        .post(ASK, json!({"email": person.email}))
        .await
        .expect(201);
    let link = link(world, &person.email).await;
    json!({"userId": carried(&link, "userId"), "token": carried(&link, "token"), "password": NEW})
}

async fn enters(world: &World, email: &str, password: &str) -> u16 {
    world
        .anyone()
        .post(at::LOGIN, json!({"email": email, "password": password}))
        .await
        .status
}

async fn with_number(world: &World, email: &str) -> Person {
    let person = world.user(email).await;
    let vendor = world.vendor().await;
    vendor
        .post(
            &format!("/identity/resources/users/phone-numbers/v1/vendor/{}", person.id),
            json!({"phoneNumber": NUMBER}),
        )
        .await
        .expect(201);
    person
}

both_engines! {
    async fn a_forgotten_password_is_replaced_through_the_mailbox(world: World) {
        let ann = world.user("ann@example.com").await;
        let answer = world.anyone().post(ASK, json!({"email": "Ann@Example.com"})).await.expect(201);
        assert!(answer.body.is_empty());
        let link = link(world, "ann@example.com").await;
        assert!(link.starts_with(&format!("{}/oauth/account/reset-password?userId={}&token=", world.home.public_url, ann.id)), "{link}");
        let ticket = json!({"userId": ann.id, "token": carried(&link, "token"), "password": NEW});
        // Looking does not use it up, however often.
        for _ in 0..3 {
            world.anyone().post(VALIDATE, ticket.clone()).await.expect(200);
        }
        let answer = world.anyone().post(VERIFY, ticket.clone()).await.expect(201);
        assert!(answer.body.is_empty() && answer.cookies().is_empty(), "nobody is signed in by it");
        assert_eq!((enters(world, "ann@example.com", PASSWORD).await, enters(world, "ann@example.com", NEW).await), (401, 200));
        world.anyone().post(VERIFY, ticket.clone()).await.tells(400, GONE);
        world.anyone().post(VALIDATE, ticket).await.tells(400, GONE);
        world.settle().await;
        let actions = world.vendor().await.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        for action in ["Password reset requested", "Password reset"] {
            assert!(actions.contains(&action.to_owned()), "{action}: {actions:?}");
        }
    }

    async fn a_reset_ends_every_session_and_every_token_at_once(world: World) {
        let ann = world.user("ann@example.com").await;
        let elsewhere = world.log_in("ann@example.com").await;
        let ticket = ticket(world, &ann).await;
        world.clock.advance_seconds(1);
        world.anyone().post(VERIFY, ticket).await.expect(201);
        for client in [&ann.client, &elsewhere] {
            client.get(at::ME).await.expect(401);
            client.post(at::REFRESH, json!({})).await.expect(401);
        }
    }

    async fn the_answer_does_not_tell_whether_there_is_such_a_user(world: World) {
        let ann = with_number(world, "ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(&format!("{}/{}/lock", at::USERS, ann.id), json!({})).await.expect(200);
        for (path, known, unknown) in [
            (ASK, json!({"email": "ann@example.com"}), json!({"email": "nobody@example.com"})),
            (ASK, json!({"identifier": "ann@example.com", "identifierType": "email"}), json!({"identifier": "ben", "identifierType": "username"})),
            (ASK_MAIL, json!({"identifier": NUMBER, "identifierType": "phoneNumber"}), json!({"identifier": "+15550199", "identifierType": "phoneNumber"})),
            (ASK_TEXT, json!({"identifier": NUMBER, "identifierType": "phoneNumber"}), json!({"identifier": "nobody@example.com", "identifierType": "email"})),
        ] {
            let before = world.hashes.performed();
            let known = world.anyone().post(path, known).await;
            let unknown = world.anyone().post(path, unknown).await;
            assert_eq!(known.status, unknown.status);
            assert!(known.status < 300);
            let shape = |answer: &journeys::Answer| answer.body.len();
            assert_eq!(shape(&known), shape(&unknown), "{} and {}", known.text(), unknown.text());
            assert_eq!(world.hashes.performed(), before, "no password is judged");
        }
        assert!(world.letters("nobody@example.com").await.is_empty());
    }

    async fn whoever_is_asked_for_badly_is_told(world: World) {
        let vendor = world.vendor().await;
        world.user("ann@example.com").await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for path in [ASK, ASK_MAIL, ASK_TEXT] {
            for (body, sentence) in [
                (json!({}), "identifier should not be empty"),
                (json!({"email": "ann"}), "email must be an email"),
                (json!({"email": "ann@example.com\r\nBcc: eve@example.com"}), "email must be an email"),
                (json!({"email": ["ann@example.com"]}), "email must be a string"),
                (json!({"identifier": "ann@example.com"}), "identifierType must be one of"),
                (json!({"identifier": "ann@example.com", "identifierType": "id"}), "identifierType must be one of"),
                (json!({"identifier": "x".repeat(300), "identifierType": "username"}), "identifier must be shorter"),
                (json!({"email": "ann@example.com", "emailMetadata": 7}), "emailMetadata must be an object"),
            ] {
                world.anyone().post(path, body).await.tells(400, sentence);
            }
        }
        for (path, body, sentence) in [
            (VERIFY, json!({"userId": "", "token": "", "password": ""}), "userId should not be empty"),
            (VERIFY, json!({"userId": "a", "token": "b"}), "password should not be empty"),
            (VERIFY, json!({"userId": "a", "token": "b", "password": NEW}), GONE),
            (VALIDATE, json!({"userId": "a", "token": "b"}), GONE),
            (VALIDATE, json!({"token": "b"}), "userId should not be empty"),
            (CODE, json!({"sessionId": "", "otcToken": "1"}), "sessionId should not be empty"),
            (CODE, json!({"sessionId": "a"}), "otcToken should not be empty"),
            (CODE, json!({"sessionId": "a", "otcToken": "123456"}), "Invalid code"),
        ] {
            world.anyone().post(path, body).await.tells(400, sentence);
        }
        assert_eq!(snapshot(&vendor).await, before);
        assert!(world.letters("ann@example.com").await.is_empty());
    }

    async fn a_link_is_good_for_its_own_user_in_its_own_environment_alone(world: World) {
        let ann = world.user("ann@example.com").await;
        let ben = world.user("ben@example.com").await;
        let theirs = world.person_of(&world.away, "ann@example.com", "theirs", &[]).await;
        let ticket = ticket(world, &ann).await;
        let as_of = |id: &str| {
            let mut body = ticket.clone();
            body["userId"] = json!(id);
            body
        };
        for id in [ben.id.as_str(), theirs.id.as_str(), "nobody", "%"] {
            world.anyone().post(VERIFY, as_of(id)).await.tells(400, GONE);
        }
        for id in [ann.id.as_str(), theirs.id.as_str()] {
            world.anyone_at(&world.away).post(VERIFY, as_of(id)).await.tells(400, GONE);
        }
        for email in ["ann@example.com", "ben@example.com"] {
            assert_eq!(enters(world, email, PASSWORD).await, 200, "{email}");
        }
        world.anyone().post(VERIFY, ticket).await.expect(201);
        assert_eq!(enters(world, "ben@example.com", PASSWORD).await, 200);
    }

    async fn tickets_for_something_else_set_no_password(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let other = vendor.post(&format!("{}/{}/links/generate-activation-token", at::USERS, ann.id), json!({})).await.expect(201).text_at("/token");
        world.anyone().post(VERIFY, json!({"userId": ann.id, "token": other, "password": NEW})).await.tells(400, GONE);
        let own = vendor.post(&format!("{}/{}/links/generate-password-reset-token", at::USERS, ann.id), json!({})).await.expect(201).text_at("/token");
        world.anyone().post(VERIFY, json!({"userId": ann.id, "token": own, "password": NEW})).await.expect(201);
    }

    async fn a_newer_link_voids_the_older_and_each_ends_after_a_day(world: World) {
        let ann = world.user("ann@example.com").await;
        let older = ticket(world, &ann).await;
        let newer = ticket(world, &ann).await;
        world.anyone().post(VERIFY, older).await.tells(400, GONE);
        world.clock.advance_seconds(24 * 3600);
        world.anyone().post(VALIDATE, newer.clone()).await.tells(400, GONE);
        world.anyone().post(VERIFY, newer).await.tells(400, GONE);
        assert_eq!(enters(world, "ann@example.com", PASSWORD).await, 200);
    }

    async fn links_lead_where_the_environment_says_whatever_the_request_claims(world: World) {
        world.user("ann@example.com").await;
        let forged = world
            .anyone()
            .with("x-forwarded-host", "evil.example.com")
            .with("x-forwarded-proto", "http")
            .with("forwarded", "host=evil.example.com")
            .with("origin", world.home.origin)
            .with("referer", "https://evil.example.com/");
        forged.post(ASK, json!({"email": "ann@example.com"})).await.expect(201);
        let evil = world.anyone().with("frontegg-vendor-id", world.home.id).with("host", "evil.example.com");
        evil.post(ASK, json!({"email": "ann@example.com", "emailMetadata": {"redirectURL": "https://evil.example.com"}})).await.expect(201);
        let letters = world.letters("ann@example.com").await;
        assert_eq!(letters.len(), 2);
        for letter in letters {
            assert!(letter.links.iter().all(|link| link.starts_with(world.home.public_url)), "{:?}", letter.links);
            assert!(!letter.html.contains("evil") && !letter.text.contains("evil"));
        }
    }

    async fn the_link_leads_to_the_application_that_the_call_names(world: World) {
        world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let app = json!({"name": "Shop", "appURL": "https://shop.example.com", "loginURL": "https://shop.example.com/login", "accessType": "FREE_ACCESS", "type": "web", "frontendStack": "react", "isDefault": false, "isActive": true});
        let id = vendor.post(at::APPLICATIONS, app).await.expect(201).text_at("/id");
        for (named, begins) in [(id.as_str(), "https://shop.example.com/account/reset-password?"), ("nobody", world.home.public_url)] {
            world.anyone().with("frontegg-requested-application-id", named).post(ASK, json!({"email": "ann@example.com"})).await.expect(201);
            let link = link(world, "ann@example.com").await;
            assert!(link.starts_with(begins), "{link}");
        }
    }

    async fn a_get_uses_nothing_up(world: World) {
        let ann = world.user("ann@example.com").await;
        let ticket = ticket(world, &ann).await;
        let query = format!("?userId={}&token={}", ann.id, ticket["token"].as_str().unwrap());
        for path in [ASK, VERIFY, VALIDATE, ASK_MAIL, CODE] {
            let answer = world.anyone().get(&format!("{path}{query}")).await;
            assert!(answer.status >= 400, "{path}: {}", answer.status);
        }
        world.anyone().post(VERIFY, ticket).await.expect(201);
    }

    async fn one_of_sixteen_uses_of_a_link_sets_the_password(world: World) {
        let ann = world.user("ann@example.com").await;
        let ticket = ticket(world, &ann).await;
        let uses = (0..16).map(|number| {
            let mut body = ticket.clone();
            body["password"] = json!(format!("Horse-number-{number}"));
            let client = world.anyone();
            async move { client.post(VERIFY, body).await.status }
        });
        let statuses = futures_util::future::join_all(uses).await;
        let won: Vec<usize> = (0..16).filter(|number| statuses[*number] == 201).collect();
        assert_eq!(won.len(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 15);
        assert_eq!(enters(world, "ann@example.com", &format!("Horse-number-{}", won[0])).await, 200);
    }

    async fn a_password_that_may_not_be_set_leaves_the_link_good(world: World) {
        let ann = world.user("ann@example.com").await;
        let mut ticket = ticket(world, &ann).await;
        ticket["password"] = json!("short");
        world.anyone().post(VERIFY, ticket.clone()).await.tells(400, "at least 8 characters");
        ticket["password"] = json!(NEW);
        world.anyone().post(VERIFY, ticket).await.expect(201);
    }

    async fn the_mailbox_that_got_the_link_is_verified_by_it(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let id = vendor.in_tenant("acme").post(at::USERS_V2, json!({"email": "new@example.com"})).await.expect(201).text_at("/id");
        assert_eq!(vendor.get(&format!("{}/{id}", at::VENDOR_USERS)).await.expect(200).at("/verified"), json!(false));
        world.anyone().post(ASK, json!({"email": "new@example.com"})).await.expect(201);
        let link = link(world, "new@example.com").await;
        world.anyone().post(VERIFY, json!({"userId": id, "token": carried(&link, "token"), "password": NEW})).await.expect(201);
        assert_eq!(vendor.get(&format!("{}/{id}", at::VENDOR_USERS)).await.expect(200).at("/verified"), json!(true));
        assert_eq!(enters(world, "new@example.com", NEW).await, 200);
    }

    async fn a_code_to_a_number_does_the_same(world: World) {
        let ann = with_number(world, "ann@example.com").await;
        let session = world.anyone().post(ASK_TEXT, json!({"identifier": "ann@example.com", "identifierType": "email"})).await.expect(200).text_at("/sessionId");
        let letter = world.letter(NUMBER).await;
        let code = letter.codes[0].clone();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        world.anyone().post(CODE, json!({"sessionId": session, "otcToken": wrong})).await.tells(400, "Invalid code");
        let answer = world.anyone().post(CODE, json!({"sessionId": session, "otcToken": code})).await.expect(200);
        assert_eq!(answer.text_at("/userId"), ann.id);
        world.anyone().post(CODE, json!({"sessionId": session, "otcToken": code})).await.tells(400, "Invalid code");
        let ticket = json!({"userId": ann.id, "token": answer.text_at("/token"), "password": NEW});
        world.anyone().post(VERIFY, ticket).await.expect(201);
        assert_eq!(enters(world, "ann@example.com", NEW).await, 200);
    }

    async fn a_code_is_burnt_after_five_guesses_and_ends_after_ten_minutes(world: World) {
        with_number(world, "ann@example.com").await;
        let ask = async || world.anyone().post(ASK_TEXT, json!({"identifier": NUMBER, "identifierType": "phoneNumber"})).await.expect(200).text_at("/sessionId");
        let session = ask().await;
        let code = world.letter(NUMBER).await.codes[0].clone();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let guesses = (0..16).map(|_| {
            let client = world.anyone();
            let body = json!({"sessionId": session, "otcToken": wrong});
            async move { client.post(CODE, body).await.expect(400) }
        });
        futures_util::future::join_all(guesses).await;
        world.anyone().post(CODE, json!({"sessionId": session, "otcToken": code})).await.tells(400, "Invalid code");
        let session = ask().await;
        let code = world.letter(NUMBER).await.codes[0].clone();
        world.anyone_at(&world.away).post(CODE, json!({"sessionId": session, "otcToken": code})).await.tells(400, "Invalid code");
        world.clock.advance_seconds(600);
        world.anyone().post(CODE, json!({"sessionId": session, "otcToken": code})).await.tells(400, "Code has expired");
    }

    async fn one_of_sixteen_uses_of_a_code_gets_the_ticket(world: World) {
        with_number(world, "ann@example.com").await;
        let session = world.anyone().post(ASK_TEXT, json!({"identifier": NUMBER, "identifierType": "phoneNumber"})).await.expect(200).text_at("/sessionId");
        let code = world.letter(NUMBER).await.codes[0].clone();
        let uses = (0..16).map(|_| {
            let client = world.anyone();
            let body = json!({"sessionId": session, "otcToken": code});
            async move { client.post(CODE, body).await.status }
        });
        let statuses = futures_util::future::join_all(uses).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    }

    async fn a_number_that_nobody_proved_gets_no_code(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "password": PASSWORD, "tenantId": "acme", "phoneNumber": NUMBER})).await.expect(201);
        for body in [json!({"identifier": NUMBER, "identifierType": "phoneNumber"}), json!({"identifier": "ann@example.com", "identifierType": "email"})] {
            world.anyone().post(ASK_TEXT, body).await.expect(200);
        }
        assert!(world.letters(NUMBER).await.is_empty());
    }

    async fn a_reset_undoes_a_block_and_no_lock_of_the_environment(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        for _ in 0..10 {
            world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": "Wrong-horse-1"})).await.expect(401);
        }
        assert_eq!(enters(world, "ann@example.com", PASSWORD).await, 423);
        let first = ticket(world, &ann).await;
        world.anyone().post(VERIFY, first).await.expect(201);
        assert_eq!(enters(world, "ann@example.com", NEW).await, 200);
        vendor.post(&format!("{}/{}/lock", at::USERS, ann.id), json!({})).await.expect(200);
        let second = ticket(world, &ann).await;
        world.anyone().post(VERIFY, second).await.expect(201);
        assert_eq!(enters(world, "ann@example.com", NEW).await, 423);
    }

    async fn what_fills_a_mail_comes_from_the_environments_back_end_alone(world: World) {
        world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let template = json!({"type": "ResetPassword", "senderEmail": "no-reply@example.com", "subject": "Reset", "fromName": "Acme", "redirectURL": "https://app.example.com/reset", "htmlTemplate": "<p>[{{metadata.note}}] <a href=\"{{redirectURL}}\">go</a></p>"});
        vendor.post("/identity/resources/mail/v1/configs/templates", template).await.expect(201);
        let body = json!({"email": "ann@example.com", "emailMetadata": {"note": "click <b>here</b>"}});
        world.anyone().post(ASK, body.clone()).await.expect(201);
        assert!(world.letter("ann@example.com").await.html.contains("[]"));
        vendor.post(ASK, body).await.expect(201);
        let letter = world.letter("ann@example.com").await;
        assert!(letter.html.contains("[click &lt;b&gt;here"), "{}", letter.html);
        assert!(letter.links[0].starts_with("https://app.example.com/reset?userId="));
    }

    async fn a_flood_fills_no_mailbox_and_still_tells_nothing(world: World) {
        world.user("ann@example.com").await;
        let clients: Vec<_> = (1..=9).map(|number| world.limited().at_address(&format!("192.0.2.{number}"))).collect();
        for client in &clients {
            for email in ["ann@example.com", "nobody@example.com"] {
                client.post(ASK, json!({"email": email})).await.expect(201);
            }
        }
        world.settle().await;
        let actions = world.vendor().await.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        assert_eq!(actions.iter().filter(|action| *action == "Password reset requested").count(), 1, "{actions:?}");
        // One address that asks for many is slowed down by itself.
        let one = world.limited();
        let mut statuses = Vec::new();
        for number in 0..12 {
            statuses.push(one.post(ASK, json!({"email": format!("user{number}@example.com")})).await.status);
        }
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 2, "{statuses:?}");
    }

    async fn a_link_dies_with_the_address_it_was_mailed_to(world: World) {
        let vendor = world.vendor().await;
        let emails = "/identity/resources/users/emails/v1/vendor";
        let ann = world.user("ann@example.com").await;
        let ticket_of_ann = ticket(world, &ann).await;
        vendor.put(&format!("{}/{}/email", at::USERS, ann.id), json!({"email": "new@example.com"})).await.expect(200);
        world.anyone().post(VERIFY, ticket_of_ann).await.tells(400, GONE);
        let ben = world.user("ben@example.com").await;
        let second = vendor.post(&format!("{emails}/{}", ben.id), json!({"email": "second@example.com", "verified": true})).await.expect(201).text_at("/id");
        let ticket_of_ben = ticket(world, &ben).await;
        vendor.delete(&format!("{emails}/{}/{second}", ben.id)).await.expect(200);
        world.anyone().post(VERIFY, ticket_of_ben).await.tells(400, GONE);
        assert_eq!(enters(world, "ben@example.com", PASSWORD).await, 200);
    }
}
