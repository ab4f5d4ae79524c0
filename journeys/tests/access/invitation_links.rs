use journeys::{Client, PASSWORD, Person, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const OWN: &str = "/identity/resources/tenants/invites/v1/user";
const OWN_V2: &str = "/identity/resources/tenants/invites/v2/user";
const VERIFY: &str = "/identity/resources/tenants/invites/v1/verify";
const ANY: &str = "/identity/resources/tenants/invites/v1";
const ALL: &str = "/identity/resources/tenants/invites/v1/all";
const CONFIGURATION: &str = "/identity/resources/tenants/invites/v1/configuration";
const INVALID: &str = "The invitation is invalid or has expired";

/// A link of an administrator of `acme`, without end.
async fn own_link(admin: &Person) -> String {
    let made = admin
        .post(OWN, json!({"expiresInMinutes": null, "shouldSendEmail": true}))
        .await
        .expect(201);
    made.text_at("/token")
}

fn login(email: &str, token: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "recaptchaToken": "", "invitationToken": token})
}

async fn tenants_of(world: &World, user: &str) -> Vec<String> {
    let read = world
        .vendor()
        .await
        .get(&format!("{}/{user}", at::VENDOR_USERS))
        .await
        .expect(200);
    let mut tenants: Vec<String> = serde_json::from_value(read.at("/tenantIds")).unwrap();
    tenants.sort();
    tenants
}

/// A role of the home environment with this level; its id.
async fn role(vendor: &Client, key: &str, level: i64, permissions: &[&str]) -> String {
    let made = vendor
        .post(at::ROLES, json!([{"key": key, "name": key, "level": level}]))
        .await
        .expect(201);
    let id = made.text_at("/0/id");
    if !permissions.is_empty() {
        let all = vendor.get(at::PERMISSIONS).await.expect(200).rows();
        let ids: Vec<&Value> = all
            .iter()
            .filter(|one| permissions.contains(&one["key"].as_str().unwrap()))
            .map(|one| &one["id"])
            .collect();
        assert_eq!(ids.len(), permissions.len());
        vendor
            .put(
                &format!("{}/{id}/permissions", at::ROLES),
                json!({"permissionIds": ids}),
            )
            .await;
    }
    id
}

async fn roles_in(world: &World, user: &str, tenant: &str) -> Vec<String> {
    let read = world
        .vendor()
        .await
        .get(&format!("{}/{user}", at::VENDOR_USERS))
        .await
        .expect(200)
        .json();
    let tenants = read["tenants"].as_array().unwrap();
    let here = tenants.iter().find(|one| one["tenantId"] == tenant).unwrap();
    let mut keys: Vec<String> = here["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

both_engines! {
    async fn a_member_has_one_link_and_changes_and_takes_it_back(world: World) {
        let ann = world.admin("ann@example.com").await;
        assert!(ann.get(OWN).await.expect(200).body.is_empty(), "clients read an empty body as no link");
        let made = ann.post(OWN, json!({"expiresInMinutes": 60, "shouldSendEmail": true})).await.expect(201).json();
        assert_eq!((&made["vendorId"], &made["tenantId"], &made["userId"]), (&json!(world.home.id), &json!("acme"), &json!(ann.id)));
        assert_eq!((&made["shouldSendEmail"], &made["name"], &made["roleIds"]), (&json!(true), &json!("acme"), &json!([])));
        assert_eq!(made["expires"], "2025-10-09T09:53:20.000Z");
        assert!(made["token"].as_str().unwrap().len() >= 43, "at least 256 bits");
        assert_eq!(ann.get(OWN).await.expect(200).json(), made);
        let changed = ann.patch(OWN, json!({"expiresInMinutes": null})).await.expect(200).json();
        assert_eq!((&changed["expires"], &changed["shouldSendEmail"], &changed["token"]), (&Value::Null, &json!(true), &made["token"]));
        let changed = ann.patch(OWN, json!({"expiresInMinutes": 1, "shouldSendEmail": false})).await.expect(200).json();
        assert_eq!((&changed["expires"], &changed["shouldSendEmail"]), (&json!("2025-10-09T08:54:20.000Z"), &json!(false)));
        // A new one takes the place of the old one.
        let second = ann.post(OWN, json!({"expiresInMinutes": null, "shouldSendEmail": false})).await.expect(201).text_at("/token");
        let anyone = world.anyone();
        anyone.post(VERIFY, json!({"token": made["token"]})).await.refuses(400, INVALID);
        anyone.post(VERIFY, json!({"token": second})).await.expect(200);
        assert_eq!(world.vendor().await.get(ALL).await.expect(200).rows().len(), 1);
        assert!(ann.delete(OWN).await.expect(200).body.is_empty());
        anyone.post(VERIFY, json!({"token": second})).await.refuses(400, INVALID);
        ann.delete(OWN).await.refuses(404, "Invitation not found");
        ann.patch(OWN, json!({"shouldSendEmail": true})).await.refuses(404, "Invitation not found");
        world.settle().await;
        let audits = world.vendor().await.get("/audits/resources/audits/v2?count=200&offset=0").await.expect(200);
        for action in ["Invitation link created", "Invitation link updated", "Invitation link deleted"] {
            assert!(audits.pluck("action").contains(&action.to_owned()), "{action}");
        }
        assert!(!audits.text().contains(&second), "no record holds a token");
    }

    async fn somebody_who_signs_in_with_the_token_joins_and_lands_there(world: World) {
        let ann = world.admin("ann@example.com").await;
        let bob = world.person("bob@example.com", "elsewhere", &[]).await;
        let editor = role(&world.vendor().await, "editor", 40, &[]).await;
        let made = ann.post(OWN_V2, json!({"expiresInMinutes": null, "shouldSendEmail": true, "roleIds": [editor]})).await.expect(201);
        let token = made.text_at("/token");
        assert_eq!(made.at("/roleIds"), json!([editor]));
        // Looking uses nothing up and tells neither who invites nor what is given.
        for _ in 0..2 {
            let seen = world.anyone().post(VERIFY, json!({"token": token})).await.expect(200).json();
            assert_eq!((&seen["name"], &seen["tenantId"], &seen["token"]), (&json!("acme"), &json!("acme"), &json!(token)));
            assert!(seen.get("userId").is_none() && seen.get("roleIds").is_none());
        }
        let answer = world.anyone().post(at::LOGIN, login("bob@example.com", &token)).await.expect(200);
        let claims = journeys::claims(&answer.text_at("/accessToken"));
        assert_eq!((&claims["tenantId"], &claims["roles"]), (&json!("acme"), &json!(["editor"])));
        assert_eq!(tenants_of(world, &bob.id).await, ["acme", "elsewhere"]);
        let letters = world.letters("ann@example.com").await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].text.contains("bob@example.com") && letters[0].text.contains("acme"), "{}", letters[0].text);
        let members = world.vendor().await.in_tenant("acme").get("/team/resources/members/v1").await.expect(200);
        assert_eq!(members.at("/totalItems"), json!(2));
        // Again: a member stays what they are, and nobody is told.
        ann.post(OWN_V2, json!({"expiresInMinutes": null, "shouldSendEmail": true, "roleIds": []})).await.expect(201);
        let token = ann.get(OWN).await.text_at("/token");
        world.anyone().post(at::LOGIN, login("bob@example.com", &token)).await.expect(200);
        assert_eq!(roles_in(world, &bob.id, "acme").await, ["editor"]);
        assert_eq!(world.letters("ann@example.com").await.len(), 1);
        world.settle().await;
        let audits = world.vendor().await.get("/audits/resources/audits/v2?count=200&offset=0").await.expect(200);
        let joins = audits.pluck("action").iter().filter(|action| *action == "User joined tenant by invitation link").count();
        assert_eq!(joins, 1);
    }

    async fn sixteen_sign_ins_at_once_make_one_membership(world: World) {
        let ann = world.admin("ann@example.com").await;
        let bob = world.person("bob@example.com", "elsewhere", &[]).await;
        let token = own_link(&ann).await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (client, body) = (world.anyone(), login("bob@example.com", &token));
            calls.spawn(async move { client.post(at::LOGIN, body).await.status });
        }
        let statuses = calls.join_all().await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!(tenants_of(world, &bob.id).await, ["acme", "elsewhere"]);
        let members = world.vendor().await.in_tenant("acme").get("/team/resources/members/v1").await.expect(200);
        assert_eq!(members.at("/totalItems"), json!(2));
        assert_eq!(world.letters("ann@example.com").await.len(), 1);
    }

    async fn a_general_link_stays_good_for_many_until_it_is_taken_back(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let made = vendor.post(ANY, json!({"tenantId": "acme"})).await.expect(201).json();
        assert!(made.get("userId").is_none());
        assert_eq!((&made["expires"], &made["shouldSendEmail"]), (&Value::Null, &json!(false)));
        let token = made["token"].as_str().unwrap();
        for email in ["bob@example.com", "eve@example.com", "kim@example.com"] {
            let person = world.person(email, "elsewhere", &[]).await;
            world.anyone().post(at::LOGIN, login(email, token)).await.expect(200);
            assert_eq!(tenants_of(world, &person.id).await, ["acme", "elsewhere"]);
        }
        let path = format!("{ANY}/token/{}", made["id"].as_str().unwrap());
        vendor.in_tenant("elsewhere").delete(&path).await.refuses(404, "Invitation not found");
        assert!(vendor.delete(&path).await.expect(200).body.is_empty());
        vendor.delete(&path).await.refuses(404, "Invitation not found");
        world.person("late@example.com", "elsewhere", &[]).await;
        let refused = world.anyone().post(at::LOGIN, login("late@example.com", token)).await.refuses(400, INVALID);
        assert_eq!(refused.at("/errorCode"), "ER-01061");
    }

    async fn links_are_listed_newest_first_and_by_tenant(world: World) {
        let ann = world.admin("ann@example.com").await;
        world.tenant("second").await;
        own_link(&ann).await;
        let vendor = world.vendor().await;
        world.clock.advance_seconds(60);
        vendor.post(ANY, json!({"tenantId": "second", "expiresInMinutes": 1})).await.expect(201);
        let all = vendor.get(ALL).await.expect(200);
        assert_eq!(all.pluck("tenantId"), ["second", "acme"]);
        assert!(all.rows().iter().all(|row| row["token"].is_string()));
        assert_eq!(vendor.in_tenant("acme").get(ALL).await.expect(200).pluck("userId"), std::slice::from_ref(&ann.id));
        assert_eq!(vendor.get(&format!("{ALL}?_offset=1&_limit=1")).await.expect(200).pluck("tenantId"), ["acme"]);
        vendor.get(&format!("{ALL}?_limit=1001")).await.expect(400);
        world.clock.advance_seconds(61);
        assert_eq!(vendor.get(ALL).await.expect(200).pluck("tenantId"), ["acme"], "what has ended is gone");
        assert!(world.vendor_of(&world.away).await.get(ALL).await.expect(200).rows().is_empty());
    }

    async fn a_link_never_gives_more_than_its_owner_could(world: World) {
        let vendor = world.vendor().await;
        let strong = role(&vendor, "strong", 1, &[]).await;
        let inviter = role(&vendor, "inviter", 10, &["fe.secure.write.tenantInvites"]).await;
        let weak = role(&vendor, "weak", 20, &[]).await;
        let kim = world.person("kim@example.com", "acme", &[&inviter]).await;
        let before = snapshot(&vendor).await;
        let above = "Roles above your own level cannot be given, taken or edited";
        for roles in [json!([strong]), json!([weak, strong])] {
            kim.post(OWN_V2, json!({"expiresInMinutes": null, "shouldSendEmail": false, "roleIds": roles})).await.refuses(403, above);
        }
        vendor.post(ANY, json!({"tenantId": "acme", "userId": kim.id, "roleIds": [strong]})).await.refuses(403, above);
        assert_eq!(snapshot(&vendor).await, before);
        let made = kim.post(OWN_V2, json!({"expiresInMinutes": null, "shouldSendEmail": false, "roleIds": [inviter, weak]})).await.expect(201);
        let token = made.text_at("/token");
        // Later one of its roles is made stronger than the owner.
        vendor.patch(&format!("{}/{inviter}", at::ROLES), json!({"level": 15})).await.expect(200);
        vendor.patch(&format!("{}/{weak}", at::ROLES), json!({"level": 12})).await.expect(200);
        let bob = world.person("bob@example.com", "elsewhere", &[]).await;
        world.anyone().post(at::LOGIN, login("bob@example.com", &token)).await.expect(200);
        assert_eq!(roles_in(world, &bob.id, "acme").await, ["inviter"]);
    }

    async fn a_link_ends_with_its_time_its_owner_and_its_tenant(world: World) {
        let vendor = world.vendor().await;
        let ann = world.admin("ann@example.com").await;
        world.tenant("second").await;
        world.person("bob@example.com", "elsewhere", &[]).await;
        let tries = async |token: &str| {
            let refused = world.anyone().post(at::LOGIN, login("bob@example.com", token)).await.expect(400);
            world.anyone().post(VERIFY, json!({"token": token})).await.refuses(400, &refused.errors()[0]);
            (refused.errors()[0].clone(), refused.text_at("/errorCode"))
        };
        let invalid = (INVALID.to_owned(), "ER-01061".to_owned());
        assert_eq!(tries("nobody-made-this").await, invalid);
        let short = ann.post(OWN, json!({"expiresInMinutes": 1, "shouldSendEmail": false})).await.expect(201).text_at("/token");
        world.clock.advance_seconds(60);
        assert_eq!(tries(&short).await, invalid);

        // The owner is disabled, let in again, leaves, and comes back as somebody new.
        let token = own_link(&ann).await;
        let path = |what: &str| format!("/identity/resources/tenants/users/v1/{}/{what}", ann.id);
        vendor.in_tenant("acme").post(&path("disable"), json!({})).await.expect(200);
        assert_eq!(tries(&token).await, invalid);
        vendor.in_tenant("acme").post(&path("enable"), json!({})).await.expect(200);
        world.anyone().post(VERIFY, json!({"token": token})).await.expect(200);
        let whole = |what: &str| format!("{}/{}/{what}", at::USERS, ann.id);
        vendor.post(&whole("lock"), json!({})).await.expect(200);
        assert_eq!(tries(&token).await, invalid);
        vendor.post(&whole("unlock"), json!({})).await.expect(200);
        world.anyone().post(VERIFY, json!({"token": token})).await.expect(200);
        vendor.post(at::VENDOR_USERS, json!({"email": ann.email, "tenantId": "second"})).await.expect(201);
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(tries(&token).await, invalid);
        world.clock.advance_seconds(1);
        vendor.post(at::VENDOR_USERS, json!({"email": ann.email, "tenantId": "acme"})).await.expect(201);
        assert_eq!(tries(&token).await, invalid);

        // The tenant goes.
        let general = vendor.post(ANY, json!({"tenantId": "second"})).await.expect(201).text_at("/token");
        vendor.delete(&format!("{}/second", at::TENANTS)).await.expect(200);
        let (_, code) = tries(&general).await;
        assert!(["ER-01061", "ER-01239"].contains(&code.as_str()), "{code}");
        world.settle().await;
        assert_eq!(tries(&general).await, invalid);
    }

    async fn a_token_counts_in_its_own_environment_only(world: World) {
        world.tenant("acme").await;
        let token = world.vendor().await.post(ANY, json!({"tenantId": "acme"})).await.expect(201).text_at("/token");
        world.tenant_of(&world.away, "acme").await;
        world.person_of(&world.away, "bob@example.com", "theirs", &[]).await;
        let away = world.anyone_at(&world.away);
        away.post(VERIFY, json!({"token": token})).await.refuses(400, INVALID);
        away.post(at::LOGIN, login("bob@example.com", &token)).await.refuses(400, INVALID);
    }

    async fn a_bad_token_is_told_only_to_those_who_have_the_password(world: World) {
        world.user("bob@example.com").await;
        let wrong = json!({"email": "bob@example.com", "password": "Wrong-horse-9-battery", "invitationToken": "bad"});
        world.anyone().post(at::LOGIN, wrong).await.refuses(401, "Incorrect email or password");
        let unknown = json!({"email": "nobody@example.com", "password": PASSWORD, "invitationToken": "bad"});
        world.anyone().post(at::LOGIN, unknown).await.refuses(401, "Incorrect email or password");
        world.anyone().post(at::LOGIN, login("bob@example.com", "bad")).await.refuses(400, INVALID);
        world.anyone().post(at::LOGIN, login("bob@example.com", " ")).await.expect(200);
    }

    async fn whoever_the_gate_keeps_out_does_not_join(world: World) {
        let ann = world.admin("ann@example.com").await;
        let vendor = world.vendor().await;
        let bob = world.person("bob@example.com", "elsewhere", &[]).await;
        let token = own_link(&ann).await;
        vendor.post(&format!("{}/{}/lock", at::USERS, bob.id), json!({})).await;
        world.anyone().post(at::LOGIN, login("bob@example.com", &token)).await.expect(423);
        assert_eq!(tenants_of(world, &bob.id).await, ["elsewhere"]);
        assert!(world.letters("ann@example.com").await.is_empty());
    }

    async fn addresses_that_a_tenant_keeps_out_do_not_join(world: World) {
        let ann = world.admin("ann@example.com").await;
        let bob = world.person("bob@rival.test", "elsewhere", &[]).await;
        let token = own_link(&ann).await;
        const DOMAINS: &str = "/identity/resources/configurations/restrictions/v1/email-domain";
        ann.post(DOMAINS, json!({"domain": "rival.test", "type": "BLOCK"})).await.expect(201);
        ann.post(&format!("{DOMAINS}/config"), json!({"active": true, "type": "BLOCK"})).await.expect(201);
        world.anyone().post(at::LOGIN, login("bob@rival.test", &token)).await.refuses(403, "This email address cannot join the account");
        assert_eq!(tenants_of(world, &bob.id).await, ["elsewhere"]);
    }

    async fn nothing_is_made_or_used_where_invitations_are_off(world: World) {
        let ann = world.admin("ann@example.com").await;
        world.person("bob@example.com", "elsewhere", &[]).await;
        let vendor = world.vendor().await;
        let token = own_link(&ann).await;
        assert_eq!(ann.get(CONFIGURATION).await.expect(200).json(), json!({"tenantInvitationsAllowed": true, "emailsEnabled": true}));
        vendor.post(at::CONFIGURATION, json!({"allowTenantInvitations": false})).await;
        assert_eq!(vendor.get(CONFIGURATION).await.expect(200).at("/tenantInvitationsAllowed"), json!(false));
        let off = "Invitations are not allowed in this environment";
        ann.post(OWN, json!({"expiresInMinutes": null, "shouldSendEmail": false})).await.refuses(403, off);
        vendor.post(ANY, json!({"tenantId": "acme"})).await.refuses(403, off);
        world.anyone().post(VERIFY, json!({"token": token})).await.refuses(403, off);
        world.anyone().post(at::LOGIN, login("bob@example.com", &token)).await.refuses(403, off);
        ann.in_tenant("acme").post(at::USERS_V2, json!({"email": "new@example.com"})).await.refuses(403, off);
        vendor.in_tenant("acme").post(at::USERS_V2, json!({"email": "new@example.com"})).await.expect(201);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let ann = world.admin("ann@example.com").await;
        let vendor = world.vendor().await;
        world.tenant_of(&world.away, "theirs").await;
        let stranger = world.person("stranger@example.com", "elsewhere", &[]).await;
        own_link(&ann).await;
        let (before, links) = (snapshot(&vendor).await, vendor.get(ALL).await.json());
        for body in [
            json!({"expiresInMinutes": 0, "shouldSendEmail": false}),
            json!({"expiresInMinutes": -5, "shouldSendEmail": false}),
            json!({"expiresInMinutes": 5_256_001, "shouldSendEmail": false}),
            json!({"expiresInMinutes": "60", "shouldSendEmail": false}),
            json!({"expiresInMinutes": 60, "shouldSendEmail": "yes"}),
            json!([]),
        ] {
            ann.post(OWN, body.clone()).await.expect(400);
            ann.patch(OWN, body).await.expect(400);
        }
        for roles in [json!("x"), json!([5]), json!([""]), json!(["00000000-0000-4000-8000-00000000dead"]), json!(["nobody"]), Value::Null] {
            ann.post(OWN_V2, json!({"expiresInMinutes": null, "shouldSendEmail": false, "roleIds": roles})).await.expect(400);
        }
        for (body, status) in [
            (json!({}), 400),
            (json!({"tenantId": ""}), 400),
            (json!({"tenantId": 5}), 400),
            (json!({"tenantId": "nobody"}), 404),
            (json!({"tenantId": "theirs"}), 404),
            (json!({"tenantId": "acme", "userId": "nobody"}), 404),
            (json!({"tenantId": "acme", "userId": stranger.id}), 404),
            (json!({"tenantId": "acme", "roleIds": ["00000000-0000-4000-8000-00000000dead"]}), 400),
            (json!({"tenantId": "acme", "expiresInMinutes": 1.5}), 400),
        ] {
            vendor.post(ANY, body).await.expect(status);
        }
        vendor.in_tenant("elsewhere").post(ANY, json!({"tenantId": "acme"})).await.refuses(404, "Tenant not found");
        for body in [json!({}), json!({"token": ""}), json!({"token": 5}), json!({"token": "x".repeat(100_000)})] {
            world.anyone().post(VERIFY, body).await.expect(400);
        }
        assert_eq!(snapshot(&vendor).await, before);
        assert_eq!(vendor.get(ALL).await.json(), links);
    }

    async fn a_tenant_has_a_hundred_general_links_at_most(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        for _ in 0..99 {
            vendor.post(ANY, json!({"tenantId": "acme", "expiresInMinutes": 1})).await.expect(201);
        }
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let client = vendor.clone();
            calls.spawn(async move { client.post(ANY, json!({"tenantId": "acme"})).await.status });
        }
        let statuses = calls.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        world.clock.advance_seconds(61);
        vendor.post(ANY, json!({"tenantId": "acme"})).await.expect(201);
    }

    async fn an_environment_acts_for_a_member_with_that_members_permissions(world: World) {
        let (ann, bob) = (world.admin("ann@example.com").await, world.user("bob@example.com").await);
        let vendor = world.vendor().await.in_tenant("acme");
        let made = vendor.acting_as(&ann.id).post(OWN, json!({"expiresInMinutes": 5, "shouldSendEmail": false})).await.expect(201);
        assert_eq!(made.text_at("/userId"), ann.id);
        assert_eq!(vendor.acting_as(&ann.id).get(OWN).await.expect(200).text_at("/token"), made.text_at("/token"));
        vendor.acting_as(&bob.id).post(OWN, json!({"expiresInMinutes": 5, "shouldSendEmail": false})).await.expect(403);
        assert!(bob.get(OWN).await.expect(200).body.is_empty());
        bob.post(OWN, json!({"expiresInMinutes": 5, "shouldSendEmail": false})).await.expect(403);
        bob.delete(OWN).await.expect(403);
    }
}
