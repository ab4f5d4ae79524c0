use journeys::{Client, PASSWORD, Person, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const ACCEPT: &str = "/identity/resources/users/v1/invitation/accept";
const ACCEPT_CODE: &str = "/identity/resources/users/v1/invitation/accept/code";
const RESET: &str = "/identity/resources/users/v1/invitation/reset";
const RESET_ALL: &str = "/identity/resources/users/v1/invitation/reset/all";
const ACTIVATION: &str = "/identity/resources/configurations/v1/activation/strategies";
const INVITATION: &str = "/identity/resources/configurations/v1/invitation/strategies";
const BULK: &str = "/identity/resources/users/bulk/v1/invite";
const INVALID: &str = "The invitation is invalid or has expired";
const NOT_WAITING: &str = "The user has no invitation that waits for an answer";

/// What a link carries under a name.
fn carried(link: &str, name: &str) -> String {
    let (_, query) = link.split_once('?').unwrap();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
}

/// The address of a link without what it carries.
fn page(link: &str) -> &str {
    link.split_once('?').unwrap().0
}

/// What the page of the newest mail's link sends.
async fn answer_to(world: &World, email: &str) -> Value {
    let link = world.letter(email).await.links[0].clone();
    json!({"userId": carried(&link, "userId"), "token": carried(&link, "token")})
}

async fn invite(vendor: &Client, tenant: &str, email: &str) -> journeys::Answer {
    vendor
        .in_tenant(tenant)
        .post(at::USERS_V2, json!({"email": email, "provider": "local"}))
        .await
}

/// Somebody with an account of their own who is invited into `acme`.
async fn invited(world: &World) -> (Client, Person) {
    world.tenant("acme").await;
    let (vendor, ann) = (
        world.vendor().await,
        world.person("ann@example.com", "home", &[]).await,
    );
    invite(&vendor, "acme", "ann@example.com").await.expect(201);
    (vendor, ann)
}

async fn status(vendor: &Client, user: &str, tenant: &str) -> String {
    let read = vendor
        .get(&format!(
            "/identity/resources/tenants/users/v1/statuses?userIds={user}"
        ))
        .await
        .expect(200);
    let found = read.json()[0]["tenantsStatuses"].clone();
    let found = found
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["tenantId"] == tenant);
    found
        .map_or("none", |one| one["status"].as_str().unwrap())
        .to_owned()
}

both_engines! {
    async fn new_people_are_mailed_an_activation_and_known_ones_an_invitation(world: World) {
        let (vendor, ann) = invited(world).await;
        let letters = world.letters("ann@example.com").await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].subject, "You are invited to acme");
        assert_eq!(page(&letters[0].links[0]), format!("{}/oauth/account/invitation/accept", world.home.public_url));
        assert_eq!(carried(&letters[0].links[0], "userId"), ann.id);
        assert!(carried(&letters[0].links[0], "token").len() >= 43 && letters[0].text.contains("7 days"));
        assert_eq!(status(&vendor, &ann.id, "acme").await, "PendingInvitation");

        let new = invite(&vendor, "acme", "new@example.com").await.expect(201).text_at("/id");
        let letter = world.letter("new@example.com").await;
        assert_eq!(page(&letter.links[0]), format!("{}/oauth/account/activate", world.home.public_url));
        assert_eq!(carried(&letter.links[0], "userId"), new);
        let ticket = people::ACTIVATE_USER;
        let (environment, token) = (kit::EnvironmentId::from(world.home.id), carried(&letter.links[0], "token"));
        let shown = world.db().read(async move |tx| ticket.look(tx, &environment, &token, kit::Millis(1_760_000_000_000)).await).await.unwrap();
        assert_eq!(shown.good().unwrap().subject, new);
        assert_eq!(status(&vendor, &new, "acme").await, "NotActivated");
    }

    async fn every_way_of_adding_people_sends_the_mail_unless_it_is_to_be_silent(world: World) {
        world.tenant("acme").await;
        world.tenant("other").await;
        let vendor = world.vendor().await;
        let here = vendor.in_tenant("acme");
        here.post(at::SUB_TENANTS, json!({"tenantId": "below", "name": "Below", "parentTenantId": "acme"})).await.expect(201);
        here.post(at::USERS, json!({"email": "v1@example.com"})).await.expect(201);
        here.post(at::USERS_V2, json!({"email": "v2@example.com"})).await.expect(201);
        here.post(BULK, json!({"users": [{"email": "bulk@example.com"}, {"email": "quiet-bulk@example.com", "skipInviteEmail": true}]})).await.expect(202);
        here.post(at::SUB_TENANT_USERS, json!({"user": {"email": "sub@example.com"}, "subTenants": [{"tenantId": "below"}]})).await.expect(201);
        here.post("/identity/resources/sub-tenants/users/v2", json!({"users": [{"email": "sub2@example.com"}], "tenantId": "below"})).await.expect(201);
        here.post(at::USERS, json!({"email": "quiet@example.com", "skipInviteEmail": true})).await.expect(201);
        let silent = vendor.post(at::VENDOR_USERS, json!({"email": "vendor@example.com", "tenantId": "acme"})).await.expect(201).text_at("/id");
        for who in ["v1", "v2", "bulk", "sub", "sub2"] {
            let letters = world.letters(&format!("{who}@example.com")).await;
            assert_eq!(letters.len(), 1, "{who}");
            assert!(letters[0].links[0].contains("/account/activate?"), "{who}");
        }
        for who in ["quiet", "quiet-bulk", "vendor"] {
            assert!(world.letters(&format!("{who}@example.com")).await.is_empty(), "{who}");
        }
        vendor.post(&format!("{}/{silent}/tenant", at::USERS), json!({"tenantId": "other"})).await.expect(201);
        assert_eq!(world.letter("vendor@example.com").await.subject, "You are invited to other");
        let failing = json!({"email": "never@example.com", "roleIds": ["00000000-0000-4000-8000-00000000dead"]});
        here.post(at::USERS, failing).await.expect(400);
        assert!(world.letters("never@example.com").await.is_empty(), "what is refused mails nobody");
    }

    async fn the_mail_says_who_invites_and_what_the_caller_wants_said(world: World) {
        let admin = world.admin("boss@example.com").await;
        let vendor = world.vendor().await;
        let template = json!({"type": "ActivateUser", "senderEmail": "us@home.test", "fromName": "Us", "subject": "{{issuerName}} waits", "htmlTemplate": "<p>{{issuerEmail}} {{metadata.team}} {{name}} {{tenantName}}</p><a href=\"{{redirectURL}}\">go</a>", "redirectURL": "https://app.home.test/hello", "active": true});
        vendor.post("/identity/resources/mail/v1/configs/templates", template).await;
        let body = json!({"email": "new@example.com", "name": "<script>alert(1)</script>{{token}}", "emailMetadata": {"team": "Red & blue"}});
        admin.with("host", "evil.test").with("frontegg-vendor-id", world.home.id).with("x-forwarded-host", "evil.test").with("origin", "https://evil.test").post(at::USERS_V2, body).await.expect(201);
        let letter = world.letter("new@example.com").await;
        assert_eq!(letter.subject, "boss@example.com waits");
        assert!(letter.html.contains("boss@example.com Red &amp; blue &lt;script&gt;") && letter.html.contains("acme"), "{}", letter.html);
        assert!(!letter.html.contains("<script>") && !letter.html.contains("evil.test"), "{}", letter.html);
        assert_eq!(page(&letter.links[0]), "https://app.home.test/hello");
        for (values, status) in [(json!("text"), 400), (json!({"x": "y".repeat(20_000)}), 400), (Value::Null, 201)] {
            admin.post(at::USERS_V2, json!({"email": "other@example.com", "emailMetadata": values})).await.expect(status);
        }
    }

    async fn an_invitation_is_accepted_once(world: World) {
        let (vendor, ann) = invited(world).await;
        let body = answer_to(world, "ann@example.com").await;
        // Reading the page, or asking with another verb, uses nothing up.
        world.anyone().get(ACCEPT).await.expect(405);
        assert!(world.anyone().post(ACCEPT, body.clone()).await.expect(200).body.is_empty());
        assert_eq!(status(&vendor, &ann.id, "acme").await, "Activated");
        let refused = world.anyone().post(ACCEPT, body).await.refuses(400, INVALID);
        assert_eq!(refused.at("/errorCode"), "ER-01061");
        let tenants = ann.get(at::MY_TENANTS).await.expect(200).json();
        assert_eq!(tenants["tenants"].as_array().unwrap().len(), 2, "{tenants}");
        ann.put(at::SWITCH, json!({"tenantId": "acme"})).await;
        world.settle().await;
        let audits = vendor.get("/audits/resources/audits/v2?count=200&offset=0").await.expect(200);
        assert_eq!(audits.pluck("action").iter().filter(|action| *action == "User accepted invitation").count(), 1);
    }

    async fn of_sixteen_who_accept_at_once_one_succeeds(world: World) {
        let (vendor, ann) = invited(world).await;
        let body = answer_to(world, "ann@example.com").await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (client, body) = (world.anyone(), body.clone());
            calls.spawn(async move { client.post(ACCEPT, body).await.status });
        }
        let mut statuses = calls.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200);
        assert!(statuses[1..].iter().all(|status| *status == 400), "{statuses:?}");
        assert_eq!(status(&vendor, &ann.id, "acme").await, "Activated");
    }

    async fn an_invitation_is_good_for_nothing_else(world: World) {
        let (vendor, ann) = invited(world).await;
        let good = answer_to(world, "ann@example.com").await;
        let bob = world.person("bob@example.com", "home", &[]).await;
        let away = world.person_of(&world.away, "ann@example.com", "home", &[]).await;
        let before = snapshot(&vendor).await;
        for (client, user) in [(world.anyone(), bob.id.as_str()), (world.anyone(), "nobody"), (world.anyone_at(&world.away), ann.id.as_str()), (world.anyone_at(&world.away), away.id.as_str())] {
            client.post(ACCEPT, json!({"userId": user, "token": good["token"]})).await.refuses(400, INVALID);
        }
        for body in [
            json!({}), json!({"userId": ann.id}), json!({"token": good["token"]}), json!({"userId": ann.id, "token": ""}),
            json!({"userId": 5, "token": good["token"]}), json!({"userId": ann.id, "token": ["x"]}),
            json!({"userId": ann.id, "token": "x".repeat(100_000)}), json!({"userId": "", "token": good["token"]}), json!([]),
        ] {
            world.anyone().post(ACCEPT, body).await.expect(400);
        }
        // Tickets of other kinds are none of this kind, and the other way round.
        let link = format!("/identity/resources/users/v1/{}/links/generate-activation-token", ann.id);
        let other = vendor.post(&link, json!({})).await.expect(201).text_at("/token");
        world.anyone().post(ACCEPT, json!({"userId": ann.id, "token": other})).await.refuses(400, INVALID);
        world.anyone().post(ACCEPT_CODE, json!({"userId": ann.id, "token": good["token"], "code": "000000"})).await.refuses(400, "Invalid code");
        assert_eq!(snapshot(&vendor).await, before);
        assert_eq!(status(&vendor, &ann.id, "acme").await, "PendingInvitation");
        // It is for one tenant: another invitation of the same user leaves it alone.
        world.tenant("second").await;
        invite(&vendor, "second", "ann@example.com").await.expect(201);
        let second = answer_to(world, "ann@example.com").await;
        world.anyone().post(ACCEPT, good).await.expect(200);
        assert_eq!((status(&vendor, &ann.id, "acme").await, status(&vendor, &ann.id, "second").await), ("Activated".to_owned(), "PendingInvitation".to_owned()));
        world.anyone().post(ACCEPT, second).await.expect(200);
    }

    async fn an_invitation_ends_with_its_time_its_membership_its_address_and_its_user(world: World) {
        let (vendor, ann) = invited(world).await;
        let first = answer_to(world, "ann@example.com").await;
        world.clock.advance_seconds(7 * 24 * 3600);
        let vendor = { drop(vendor); world.vendor().await };
        world.anyone().post(ACCEPT, first).await.refuses(400, INVALID);
        assert_eq!(status(&vendor, &ann.id, "acme").await, "PendingInvitation", "only the link has ended");

        invite(&vendor, "acme", "ann@example.com").await.expect(201);
        let second = answer_to(world, "ann@example.com").await;
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        world.anyone().post(ACCEPT, second.clone()).await.refuses(400, INVALID);
        world.clock.advance_seconds(1);
        let quiet = json!({"email": "ann@example.com", "skipInviteEmail": true});
        vendor.in_tenant("acme").post(at::USERS, quiet).await.expect(201);
        world.anyone().post(ACCEPT, second).await.refuses(400, INVALID);
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);

        invite(&vendor, "acme", "ann@example.com").await.expect(201);
        let third = answer_to(world, "ann@example.com").await;
        vendor.put(&format!("{}/{}/email", at::USERS, ann.id), json!({"email": "moved@example.com"})).await.expect(200);
        world.anyone().post(ACCEPT, third).await.refuses(400, INVALID);

        invite(&vendor, "acme", "moved@example.com").await.expect(201);
        let fourth = answer_to(world, "moved@example.com").await;
        vendor.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        world.anyone().post(ACCEPT, fourth).await.refuses(400, INVALID);
    }

    async fn an_invitation_into_a_tenant_that_went_says_so(world: World) {
        let (vendor, _) = invited(world).await;
        let body = answer_to(world, "ann@example.com").await;
        vendor.delete(&format!("{}/acme", at::TENANTS)).await.expect(200);
        let refused = world.anyone().post(ACCEPT, body).await.refuses(400, "The account of this invitation is locked");
        assert_eq!(refused.at("/errorCode"), "ER-01239");
    }

    async fn inviting_somebody_who_waits_sends_a_new_mail_and_changes_nothing_else(world: World) {
        let (vendor, ann) = invited(world).await;
        let first = answer_to(world, "ann@example.com").await;
        let role = vendor.post(at::ROLES, json!([{"key": "late", "name": "Late", "level": 9}])).await.expect(201).text_at("/0/id");
        let whole = format!("{}/{}", at::VENDOR_USERS, ann.id);
        let before = vendor.get(&whole).await.expect(200).json();
        let again = vendor.in_tenant("acme").post(at::USERS_V2, json!({"email": "Ann@Example.com", "roleIds": [role]})).await.expect(201);
        assert_eq!(again.text_at("/id"), ann.id);
        assert_eq!(world.letters("ann@example.com").await.len(), 2);
        assert_eq!(vendor.get(&whole).await.expect(200).json(), before);
        world.anyone().post(ACCEPT, first).await.refuses(400, INVALID);
        world.anyone().post(ACCEPT, answer_to(world, "ann@example.com").await).await.expect(200);
        invite(&vendor, "acme", "ann@example.com").await.refuses(409, "User already exists");
        assert_eq!(world.letters("ann@example.com").await.len(), 2);
        // A new user who has not activated the account gets the activation again.
        invite(&vendor, "acme", "new@example.com").await.expect(201);
        invite(&vendor, "acme", "new@example.com").await.expect(201);
        let letters = world.letters("new@example.com").await;
        assert_eq!(letters.len(), 2);
        assert!(letters.iter().all(|letter| letter.links[0].contains("/account/activate?")));
        assert_ne!(letters[0].links, letters[1].links);
        vendor.in_tenant("acme").post(at::USERS_V2, json!({"email": "new@example.com", "skipInviteEmail": true})).await.expect(409);
        // The other routes that make users stay as strict as they were.
        vendor.in_tenant("acme").post(at::USERS, json!({"email": "new@example.com"})).await.expect(409);
    }

    async fn by_code_the_mail_brings_six_digits_that_five_wrong_ones_burn(world: World) {
        world.tenant("acme").await;
        let (vendor, ann) = (world.vendor().await, world.person("ann@example.com", "home", &[]).await);
        vendor.post(INVITATION, json!({"strategy": "code", "codeExpiration": 90})).await.expect(200);
        vendor.post(ACTIVATION, json!({"strategy": "code"})).await.expect(200);
        assert_eq!(vendor.get(INVITATION).await.expect(200).json(), json!({"strategy": "code", "codeExpiration": 90}));
        invite(&vendor, "acme", "new@example.com").await.expect(201);
        let letter = world.letter("new@example.com").await;
        assert!(letter.links[0].contains("/account/activate/code?") && letter.codes.len() == 1, "{}", letter.text);

        invite(&vendor, "acme", "ann@example.com").await.expect(201);
        let with = async |code: &str| {
            let mut body = answer_to(world, "ann@example.com").await;
            body["code"] = json!(code);
            body
        };
        let letter = world.letter("ann@example.com").await;
        assert_eq!(page(&letter.links[0]), format!("{}/oauth/account/invitation/code", world.home.public_url));
        let code = letter.codes[0].clone();
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        // The link of the mail alone is worth nothing.
        world.anyone().post(ACCEPT, answer_to(world, "ann@example.com").await).await.refuses(400, INVALID);
        for _ in 0..5 {
            let refused = world.anyone().post(ACCEPT_CODE, with(&wrong).await).await.refuses(400, "Invalid code");
            assert_eq!(refused.at("/errorCode"), "ER-01011");
        }
        world.anyone().post(ACCEPT_CODE, with(&code).await).await.refuses(400, "Invalid code");

        invite(&vendor, "acme", "ann@example.com").await.expect(201);
        let code = world.letter("ann@example.com").await.codes[0].clone();
        world.clock.advance_seconds(90);
        let refused = world.anyone().post(ACCEPT_CODE, with(&code).await).await.refuses(400, "Code has expired");
        assert_eq!(refused.at("/errorCode"), "ER-01017");

        invite(&vendor, "acme", "ann@example.com").await.expect(201);
        let code = world.letter("ann@example.com").await.codes[0].clone();
        // The right code under another user's name costs a try and is not used up.
        let mut other = with(&code).await;
        other["userId"] = json!("somebody-else");
        world.anyone().post(ACCEPT_CODE, other).await.refuses(400, INVALID);
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (client, body) = (world.anyone(), with(&code).await);
            calls.spawn(async move { client.post(ACCEPT_CODE, body).await.status });
        }
        let statuses = calls.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 400].contains(status)), "{statuses:?}");
        assert_eq!(status(&vendor, &ann.id, "acme").await, "Activated");
        for body in [json!({}), json!({"userId": ann.id, "token": "x"}), json!({"userId": ann.id, "token": "x", "code": 123_456}), json!({"userId": ann.id, "token": "x", "code": ""})] {
            world.anyone().post(ACCEPT_CODE, body).await.expect(400);
        }
    }

    async fn how_mails_prove_themselves_is_the_environments_to_say(world: World) {
        let vendor = world.vendor().await;
        let usual = json!({"strategy": "link", "codeExpiration": 600});
        for path in [ACTIVATION, INVITATION] {
            assert_eq!(vendor.get(path).await.expect(200).json(), usual);
            for body in [
                json!({"strategy": "pigeon"}), json!({"strategy": 5}), json!({"strategy": "code", "codeExpiration": 59}),
                json!({"strategy": "code", "codeExpiration": 604_801}), json!({"strategy": "code", "codeExpiration": "600"}), json!([]),
            ] {
                vendor.post(path, body).await.expect(400);
            }
            assert_eq!(vendor.get(path).await.expect(200).json(), usual);
            assert!(vendor.post(path, json!({"strategy": "code", "codeExpiration": 60})).await.expect(200).body.is_empty());
            assert_eq!(vendor.get(path).await.expect(200).json(), json!({"strategy": "code", "codeExpiration": 60}));
            assert_eq!(world.vendor_of(&world.away).await.get(path).await.expect(200).json(), usual);
        }
        vendor.post(ACTIVATION, json!({"codeExpiration": 60})).await.refuses(400, "strategy must be one of the following values: link, code");
        vendor.post(INVITATION, json!({"codeExpiration": 120})).await.expect(200);
        assert_eq!(vendor.get(INVITATION).await.expect(200).json(), json!({"strategy": "code", "codeExpiration": 120}));
        world.settle().await;
        let audits = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        for action in ["Activation strategy changed", "Invitation strategy changed"] {
            assert!(audits.pluck("action").contains(&action.to_owned()), "{action}");
        }
    }

    async fn accepting_sets_a_password_where_there_is_none(world: World) {
        world.tenant("acme").await;
        world.tenant("home").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "bare@example.com", "tenantId": "home"})).await.expect(201);
        invite(&vendor, "acme", "bare@example.com").await.expect(201);
        let mut body = answer_to(world, "bare@example.com").await;
        body["password"] = json!("short");
        world.anyone().post(ACCEPT, body.clone()).await.expect(400);
        body["password"] = json!(PASSWORD);
        world.anyone().post(ACCEPT, body).await.expect(200);
        world.log_in("bare@example.com").await;
        // Who has one keeps it.
        world.person("ann@example.com", "home", &[]).await;
        invite(&vendor, "acme", "ann@example.com").await.expect(201);
        let mut body = answer_to(world, "ann@example.com").await;
        body["password"] = json!("Another-horse-9-battery");
        world.anyone().post(ACCEPT, body).await.expect(200);
        world.log_in("ann@example.com").await;
    }

    async fn a_reset_sends_the_member_a_new_mail_and_the_old_one_stops_working(world: World) {
        let (vendor, ann) = invited(world).await;
        let first = answer_to(world, "ann@example.com").await;
        let here = vendor.in_tenant("acme");
        let told = here.post(RESET, json!({"email": "Ann@example.com"})).await.expect(200).json();
        let second = answer_to(world, "ann@example.com").await;
        assert_eq!((&told["userId"], &told["tenantId"], &told["token"]), (&second["userId"], &json!("acme"), &second["token"]));
        assert_eq!(told["link"], json!(world.letter("ann@example.com").await.links[0]));
        world.anyone().post(ACCEPT, first).await.refuses(400, INVALID);
        // Users cause the mail and do not see the link.
        let admin = world.admin("boss@example.com").await;
        assert!(admin.post(RESET, json!({"email": "ann@example.com"})).await.expect(200).body.is_empty());
        world.anyone().post(ACCEPT, second).await.refuses(400, INVALID);
        world.anyone().post(ACCEPT, answer_to(world, "ann@example.com").await).await.expect(200);
        here.post(RESET, json!({"email": "ann@example.com"})).await.refuses(400, NOT_WAITING);
        assert_eq!(world.letters("ann@example.com").await.len(), 3);
        // A new user gets the activation.
        invite(&vendor, "acme", "new@example.com").await.expect(201);
        let told = here.post(RESET, json!({"email": "new@example.com"})).await.expect(200);
        assert!(told.text_at("/link").contains("/account/activate?"));
        // Strangers and members of other tenants are alike.
        world.person("else@example.com", "elsewhere", &[]).await;
        for path in [RESET, RESET_ALL] {
            for email in ["else@example.com", "nobody@example.com"] {
                here.post(path, json!({"email": email})).await.refuses(404, "User not found");
                admin.post(path, json!({"email": email})).await.refuses(404, "User not found");
            }
            for body in [json!({}), json!({"email": ""}), json!({"email": "x"}), json!({"email": 5}), json!({"email": "a@b.test\r\nBcc: c@d.test"})] {
                here.post(path, body).await.expect(400);
            }
        }
        assert!(world.letters("else@example.com").await.is_empty());
        assert_eq!(status(&vendor, &ann.id, "acme").await, "Activated");
    }

    async fn all_invitations_of_a_user_are_sent_again_below_a_tenant(world: World) {
        world.tenant("acme").await;
        let (vendor, ann) = (world.vendor().await, world.person("ann@example.com", "home", &[]).await);
        world.tenant("beside").await;
        let mut tenants = vec!["acme".to_owned()];
        for n in 0..24 {
            let id = format!("below{n:02}");
            vendor.post(at::SUB_TENANTS, json!({"tenantId": id, "name": id, "parentTenantId": "acme"})).await.expect(201);
            tenants.push(id);
        }
        for tenant in tenants.iter().map(String::as_str).chain(["beside"]) {
            let silent = tenant == "below23";
            vendor.in_tenant(tenant).post(at::USERS_V2, json!({"email": "ann@example.com", "skipInviteEmail": silent})).await.expect(201);
        }
        let first = world.letters("ann@example.com").await;
        assert_eq!(first.len(), 25);
        let old: Vec<Value> = first.iter().map(|letter| json!({"userId": ann.id, "token": carried(&letter.links[0], "token")})).collect();
        assert!(vendor.in_tenant("acme").post(RESET_ALL, json!({"email": "ann@example.com"})).await.expect(200).body.is_empty());
        let letters = world.letters("ann@example.com").await;
        assert_eq!(letters.len(), 25 + 24, "the tenant and 23 below it; not what was silent, nor what stands beside");
        let mut accepted = 0;
        for body in old {
            accepted += usize::from(world.anyone().post(ACCEPT, body).await.status == 200);
        }
        assert_eq!(accepted, 1, "only the one beside is still good");
        for letter in &letters[..24] {
            world.anyone().post(ACCEPT, json!({"userId": ann.id, "token": carried(&letter.links[0], "token")})).await.expect(200);
        }
        for tenant in ["acme", "below00", "below22", "beside"] {
            assert_eq!(status(&vendor, &ann.id, tenant).await, "Activated", "{tenant}");
        }
        vendor.in_tenant("acme").post(RESET_ALL, json!({"email": "ann@example.com"})).await.refuses(400, NOT_WAITING);
    }

    async fn addresses_that_are_kept_out_are_not_invited(world: World) {
        let admin = world.admin("boss@example.com").await;
        let vendor = world.vendor().await;
        const DOMAINS: &str = "/identity/resources/configurations/restrictions/v1/email-domain";
        admin.post(DOMAINS, json!({"domain": "rival.test", "type": "BLOCK"})).await.expect(201);
        admin.post(&format!("{DOMAINS}/config"), json!({"active": true, "type": "BLOCK"})).await.expect(201);
        world.settle().await;
        let before = snapshot(&vendor).await;
        let refused = "This email address cannot be invited";
        for caller in [admin.client.clone(), vendor.in_tenant("acme")] {
            caller.post(at::USERS_V2, json!({"email": "eve@rival.test"})).await.refuses(403, refused);
        }
        let task = admin.post(BULK, json!({"users": [{"email": "eve@rival.test"}]})).await.expect(202).text_at("/id");
        world.settle().await;
        let status = admin.get(&format!("/identity/resources/users/bulk/v1/status/{task}")).await.expect(200);
        assert_eq!(status.at("/errors/0/error"), refused);
        assert_eq!(snapshot(&vendor).await, before);
        assert!(world.letters("eve@rival.test").await.is_empty());
        // The environment vouches for those it makes itself.
        vendor.post(at::VENDOR_USERS, json!({"email": "eve@rival.test", "tenantId": "acme"})).await.expect(201);
        // Somebody who is there already is kept out by every way into one more account.
        world.tenant("other").await;
        let mia = json!({"email": "mia@rival.test", "tenantId": "other"});
        let mia = vendor.post(at::VENDOR_USERS, mia).await.expect(201).text_at("/id");
        vendor.in_tenant("acme").post(at::USERS_V2, json!({"email": "mia@rival.test"})).await.refuses(403, refused);
        let path = format!("{}/{mia}/tenant", at::USERS);
        vendor.post(&path, json!({"tenantId": "acme"})).await.refuses(403, refused);
        assert_eq!(vendor.get(&format!("{}/{mia}", at::VENDOR_USERS)).await.expect(200).at("/tenantIds"), json!(["other"]));
    }

    async fn mails_that_users_cause_are_bounded(world: World) {
        let (_, _) = invited(world).await;
        let admin = world.admin("boss@example.com").await;
        let limited = world.limited().bearing(&admin.token());
        limited.post(RESET, json!({"email": "ann@example.com"})).await.expect(200);
        limited.post(RESET, json!({"email": "ann@example.com"})).await.expect(429);
        limited.post(RESET_ALL, json!({"email": "nobody@example.com"})).await.expect(404);
        limited.post(RESET_ALL, json!({"email": "nobody@example.com"})).await.expect(429);
    }
}
