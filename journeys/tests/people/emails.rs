use journeys::{Client, PASSWORD, Person, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const EMAILS: &str = "/identity/resources/users/emails/v1";
const MINE: &str = "/identity/resources/users/emails/v1/me";
const VERIFY: &str = "/identity/resources/users/emails/v1/verify";
const PRIMARY: &str = "/identity/resources/users/emails/v1/me/primary";
const CHANGE: &str = "/identity/resources/users/v1/email/me";
const CHANGED: &str = "/identity/resources/users/v1/email/me/verify";
const POLICY: &str = "/identity/resources/configurations/v1/user-emails-policy";

/// The code in the newest mail to an address.
async fn code(world: &World, to: &str) -> String {
    world.letter(to).await.codes[0].clone()
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn log_in(world: &World, email: &str) -> u16 {
    let body = json!({"email": email, "password": PASSWORD});
    world.anyone().post(at::LOGIN, body).await.status
}

/// Adds and proves a further address.
async fn prove(world: &World, person: &Person, email: &str) -> String {
    let id = person
        .post(EMAILS, json!({"email": email}))
        .await
        .expect(201)
        .text_at("/id");
    let body = json!({"email": email, "code": code(world, email).await});
    assert!(person.post(VERIFY, body).await.expect(200).body.is_empty());
    id
}

async fn vendor_adds(vendor: &Client, user: &str, body: Value) -> journeys::Answer {
    vendor.post(&format!("{EMAILS}/vendor/{user}"), body).await
}

both_engines! {
    async fn an_added_address_counts_once_its_code_was_entered(world: World) {
        let ann = world.user("ann@example.com").await;
        let added = ann.post(EMAILS, json!({"email": " Second@Example.com"})).await.expect(201).json();
        assert_eq!(added["email"], "second@example.com");
        assert_eq!((&added["userId"], &added["verified"], &added["isPrimary"]), (&json!(ann.id), &json!(false), &json!(false)));
        assert!(added["createdAt"].is_string() && added["updatedAt"].is_string() && kit::is_uuid(added["id"].as_str().unwrap()));
        assert_eq!(log_in(world, "second@example.com").await, 401);

        let code = code(world, "second@example.com").await;
        let refused = ann.post(VERIFY, json!({"email": "second@example.com", "code": wrong(&code)})).await.refuses(400, "Invalid code");
        assert_eq!(refused.at("/errorCode"), "ER-01011");
        assert!(ann.post(VERIFY, json!({"email": "second@example.com", "code": code})).await.expect(200).body.is_empty());
        ann.post(VERIFY, json!({"email": "second@example.com", "code": code})).await.refuses(400, "Invalid code");
        assert_eq!(log_in(world, "second@example.com").await, 200);
        assert_eq!(log_in(world, "ann@example.com").await, 200);
        let mine = ann.get(MINE).await.expect(200);
        assert_eq!(mine.pluck("email"), ["ann@example.com", "second@example.com"]);
        assert_eq!((mine.at("/0/isPrimary"), mine.at("/1/verified")), (json!(true), json!(true)));
        let vendor = world.vendor().await;
        let found = vendor.get(&format!("{}?email=second@example.com", at::BY_EMAIL)).await.expect(200);
        assert_eq!((found.text_at("/id"), found.text_at("/email")), (ann.id.clone(), ann.email.clone()));
        world.settle().await;
        let audits = vendor.get("/audits/resources/audits/v2?count=200&offset=0").await.expect(200);
        for action in ["User email added", "User email verified"] {
            assert!(audits.pluck("action").contains(&action.to_owned()), "{action}");
        }
        assert!(!audits.text().contains(&format!("\"{code}\"")), "no record holds a code");
    }

    async fn a_code_ends_after_ten_minutes_or_five_wrong_guesses(world: World) {
        let ann = world.user("ann@example.com").await;
        ann.post(EMAILS, json!({"email": "second@example.com"})).await.expect(201);
        let late = code(world, "second@example.com").await;
        world.clock.advance_seconds(601);
        let expired = ann.post(VERIFY, json!({"email": "second@example.com", "code": late})).await.refuses(400, "Code has expired");
        assert_eq!(expired.at("/errorCode"), "ER-01017");
        // Asking again sends another code for the same address.
        ann.post(EMAILS, json!({"email": "second@example.com"})).await.expect(201);
        assert_eq!(ann.get(MINE).await.rows().len(), 2);
        let fresh = code(world, "second@example.com").await;
        for _ in 0..5 {
            ann.post(VERIFY, json!({"email": "second@example.com", "code": wrong(&fresh)})).await.refuses(400, "Invalid code");
        }
        ann.post(VERIFY, json!({"email": "second@example.com", "code": fresh})).await.refuses(400, "Invalid code");
    }

    async fn whether_an_address_is_somebodys_is_told_to_its_owner_only(world: World) {
        let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
        let shape = |answer: journeys::Answer| {
            let mut body = answer.expect(201).json();
            for member in ["id", "email"] {
                body[member].take();
            }
            body
        };
        let taken = shape(ann.post(EMAILS, json!({"email": "ben@example.com"})).await);
        let free = shape(ann.post(EMAILS, json!({"email": "free@example.com"})).await);
        assert_eq!(taken, free);
        // Whoever reads the mailbox may know.
        let body = json!({"email": "ben@example.com", "code": code(world, "ben@example.com").await});
        ann.post(VERIFY, body).await.refuses(409, "Email already exists");
        assert_eq!(log_in(world, "ben@example.com").await, 200);
        assert_eq!(ben.get(MINE).await.rows().len(), 1);
        // A claim keeps nobody else from an address.
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "free@example.com", "tenantId": "acme"})).await.expect(201);
    }

    async fn of_sixteen_who_prove_one_address_one_gets_it(world: World) {
        let mut people = Vec::new();
        for number in 0..16 {
            people.push(world.user(&format!("user{number}@example.com")).await);
        }
        let mut proofs = Vec::new();
        for person in &people {
            person.post(EMAILS, json!({"email": "shared@example.com"})).await.expect(201);
            proofs.push((person.client.clone(), code(world, "shared@example.com").await));
        }
        let mut set = tokio::task::JoinSet::new();
        for (client, code) in proofs {
            set.spawn(async move { client.post(VERIFY, json!({"email": "shared@example.com", "code": code})).await.status });
        }
        let mut statuses = set.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200);
        assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
        let vendor = world.vendor().await;
        let rows = vendor.get(&format!("{EMAILS}?_email=shared")).await.expect(200).rows();
        assert_eq!(rows.iter().filter(|row| row["verified"] == true).count(), 1);
    }

    async fn of_sixteen_right_codes_at_once_one_is_taken(world: World) {
        let ann = world.user("ann@example.com").await;
        ann.post(CHANGE, json!({"email": "new@example.com"})).await.expect(200);
        let code = code(world, "new@example.com").await;
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (client, body) = (ann.client.clone(), json!({"email": "new@example.com", "code": code}));
            set.spawn(async move { client.post(CHANGED, body).await.status });
        }
        let statuses = set.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 400].contains(status)), "{statuses:?}");
    }

    async fn creating_users_and_adding_addresses_at_once_keeps_an_address_single(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let mut set = tokio::task::JoinSet::new();
        for number in 0..16 {
            let (vendor, ann) = (vendor.clone(), ann.id.clone());
            set.spawn(async move {
                if number % 2 == 0 {
                    vendor_adds(&vendor, &ann, json!({"email": "hot@example.com"})).await.status
                } else {
                    vendor.post(at::VENDOR_USERS, json!({"email": "hot@example.com", "tenantId": "acme"})).await.status
                }
            });
        }
        let statuses = set.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
        assert_eq!(vendor.get(&format!("{EMAILS}?_email=hot")).await.expect(200).at("/_metadata/totalItems"), json!(1));
    }

    async fn another_primary_address_tells_the_old_one(world: World) {
        let ann = world.user("ann@example.com").await;
        ann.post(EMAILS, json!({"email": "second@example.com"})).await.expect(201);
        ann.post(PRIMARY, json!({"email": "second@example.com"})).await.refuses(400, "Only a verified email can become the primary one");
        ann.post(PRIMARY, json!({"email": "nobodys@example.com"})).await.refuses(404, "Email not found");
        let body = json!({"email": "second@example.com", "code": code(world, "second@example.com").await});
        ann.post(VERIFY, body).await.expect(200);
        assert!(ann.post(PRIMARY, json!({"email": "second@example.com"})).await.expect(200).body.is_empty());
        assert_eq!(ann.get(at::ME).await.expect(200).text_at("/email"), "second@example.com");
        let told = world.letter("ann@example.com").await;
        assert!(told.text.contains("second@example.com"), "{}", told.text);
        assert_eq!(log_in(world, "ann@example.com").await, 200, "the old address stays one of ann's");
        let vendor = world.vendor().await;
        let found = vendor.get("/identity/resources/users/v3?_identifier=second@&_identifierType=email").await.expect(200);
        assert_eq!(found.pluck("id"), std::slice::from_ref(&ann.id));

        let rows = ann.get(MINE).await.rows();
        assert_eq!(rows[0]["email"], "second@example.com");
        let (primary, other) = (rows[0]["id"].as_str().unwrap(), rows[1]["id"].as_str().unwrap());
        ann.delete(&format!("{EMAILS}/{primary}")).await.refuses(400, "The primary email cannot be deleted: make another one primary first");
        assert!(ann.delete(&format!("{EMAILS}/{other}")).await.expect(200).body.is_empty());
        ann.delete(&format!("{EMAILS}/{other}")).await.refuses(404, "Email not found");
        assert_eq!(log_in(world, "ann@example.com").await, 401);
    }

    async fn a_user_changes_the_own_address_by_a_code(world: World) {
        let ann = world.user("ann@example.com").await;
        world.user("ben@example.com").await;
        assert!(ann.post(CHANGE, json!({"email": "new@example.com"})).await.expect(200).body.is_empty());
        assert_eq!(ann.get(at::ME).await.text_at("/email"), "ann@example.com");
        let first = code(world, "new@example.com").await;
        ann.post(CHANGED, json!({"email": "other@example.com", "code": first})).await.refuses(400, "Invalid code");
        assert!(ann.post(CHANGED, json!({"email": "new@example.com", "code": first})).await.expect(200).body.is_empty());
        assert_eq!(ann.get(MINE).await.pluck("email"), ["new@example.com"]);
        assert_eq!((log_in(world, "new@example.com").await, log_in(world, "ann@example.com").await), (200, 401));
        assert!(world.letter("ann@example.com").await.text.contains("new@example.com"));
        ann.post(CHANGE, json!({"email": "ben@example.com"})).await.expect(200);
        let body = json!({"email": "ben@example.com", "code": code(world, "ben@example.com").await});
        ann.post(CHANGED, body).await.refuses(409, "Email already exists");
    }

    async fn the_environment_decides_whether_users_change_addresses(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), json!({"allowEmailChange": true}));
        vendor.post(POLICY, json!({"allowEmailChange": "no"})).await.expect(400);
        assert!(vendor.post(POLICY, json!({"allowEmailChange": false})).await.expect(200).body.is_empty());
        assert!(vendor.post(POLICY, json!({})).await.expect(200).body.is_empty());
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), json!({"allowEmailChange": false}));
        let said = "This environment does not let users change their email addresses";
        ann.post(EMAILS, json!({"email": "second@example.com"})).await.refuses(403, said);
        ann.post(PRIMARY, json!({"email": "second@example.com"})).await.refuses(403, said);
        ann.post(CHANGE, json!({"email": "second@example.com"})).await.refuses(403, said);
        ann.delete(&format!("{EMAILS}/{}", ann.id)).await.refuses(403, said);
        assert_eq!(ann.get(MINE).await.expect(200).rows().len(), 1);
        let away = world.vendor_of(&world.away).await;
        assert_eq!(away.get(POLICY).await.expect(200).at("/allowEmailChange"), json!(true));
    }

    async fn the_environment_adds_and_chooses_addresses(world: World) {
        let ann = world.user("ann@example.com").await;
        let ben = world.user("ben@example.com").await;
        let vendor = world.vendor().await;
        let made = vendor_adds(&vendor, &ann.id, json!({"email": "Work@Example.com"})).await.expect(201).json();
        assert_eq!((&made["email"], &made["verified"], &made["isPrimary"]), (&json!("work@example.com"), &json!(true), &json!(false)));
        assert_eq!(log_in(world, "work@example.com").await, 200);
        vendor_adds(&vendor, &ann.id, json!({"email": "work@example.com"})).await.refuses(409, "Email already exists");
        vendor_adds(&vendor, &ben.id, json!({"email": "work@example.com"})).await.refuses(409, "Email already exists");
        vendor_adds(&vendor, "nobody", json!({"email": "x@example.com"})).await.refuses(404, "User not found");
        let claimed = vendor_adds(&vendor, &ann.id, json!({"email": "claim@example.com", "isVerified": false})).await.expect(201);
        assert_eq!(claimed.at("/verified"), json!(false));
        assert_eq!(log_in(world, "claim@example.com").await, 401);
        let primary = format!("{EMAILS}/vendor/{}/primary", ann.id);
        vendor.post(&primary, json!({"email": "claim@example.com"})).await.expect(400);
        vendor.post(&primary, json!({"email": "ben@example.com"})).await.refuses(404, "Email not found");
        assert!(vendor.post(&primary, json!({"email": "work@example.com"})).await.expect(200).body.is_empty());
        let user = vendor.get(&format!("{}/{}", at::VENDOR_USERS, ann.id)).await.expect(200);
        assert_eq!((user.text_at("/email"), user.at("/verified")), ("work@example.com".to_owned(), json!(true)));
        let work = made["id"].as_str().unwrap();
        vendor.delete(&format!("{EMAILS}/vendor/{}/{work}", ann.id)).await.expect(400);
        vendor.delete(&format!("{EMAILS}/vendor/{}/{work}", ben.id)).await.refuses(404, "Email not found");
        let gone = claimed.text_at("/id");
        assert!(vendor.delete(&format!("{EMAILS}/vendor/{}/{gone}", ann.id)).await.expect(200).body.is_empty());
        // A user created with a further address of somebody is that somebody.
        world.tenant("second").await;
        let same = vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "second"})).await.expect(201);
        assert_eq!(same.text_at("/id"), ann.id);
        // Replacing the address at once keeps the list true, and tells the old one.
        vendor.put(&format!("{}/{}/email", at::USERS, ann.id), json!({"email": "final@example.com"})).await.expect(200);
        assert_eq!(ann.get(MINE).await.pluck("email"), ["final@example.com", "ann@example.com"]);
        assert!(world.letter("work@example.com").await.text.contains("final@example.com"));
        vendor.put(&format!("{}/{}/email", at::USERS, ben.id), json!({"email": "ann@example.com"})).await.refuses(409, "Email already exists");
    }

    async fn lists_of_addresses_are_paged_sorted_and_searched(world: World) {
        let ann = world.admin("ann@example.com").await;
        let vendor = world.vendor().await;
        world.tenant("rival").await;
        let ben = world.person("ben@example.com", "rival", &[]).await;
        for name in ["a1", "a2", "a3"] {
            vendor_adds(&vendor, &ann.id, json!({"email": format!("{name}@example.com")})).await.expect(201);
        }
        let list = vendor.get(&format!("{EMAILS}?_limit=2&_offset=1&_sortBy=email&_order=DESC")).await.expect(200);
        assert_eq!(list.pluck("email"), ["a3@example.com", "a2@example.com"]);
        assert_eq!(list.at("/_metadata"), json!({"totalItems": 5, "totalPages": 3}));
        assert_eq!(list.text_at("/_links/prev"), "?_offset=0&_limit=2&_order=DESC&_sortBy=email");
        let found = vendor.get(&format!("{EMAILS}?_email=a&_limit=2")).await.expect(200);
        assert_eq!((found.pluck("email"), found.at("/_metadata/totalItems")), (vec!["a1@example.com".to_owned(), "a2@example.com".to_owned()], json!(4)));
        let by_user = vendor.get(&format!("{EMAILS}?_sortBy=userId")).await.expect(200);
        assert_eq!(by_user.rows().len(), 5);
        assert!(by_user.pluck("userId").is_sorted());
        assert_eq!(vendor.get(&format!("{EMAILS}?userIds={},{}", ben.id, ann.id)).await.expect(200).rows().len(), 5);
        assert_eq!(vendor.in_tenant("rival").get(EMAILS).await.expect(200).pluck("email"), ["ben@example.com"]);
        assert_eq!(ann.get(&format!("{EMAILS}?userIds={}", ben.id)).await.expect(200).rows().len(), 0);
        assert_eq!(ann.get(EMAILS).await.expect(200).at("/_metadata/totalItems"), json!(4));
        assert_eq!(vendor.get(&format!("{EMAILS}?_offset=99")).await.expect(200).rows().len(), 0);
        for query in ["_limit=0", "_limit=x", "_offset=-1", "_sortBy=name", "_order=up"] {
            vendor.get(&format!("{EMAILS}?{query}")).await.expect(400);
        }
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        let long = format!("{}@example.com", "x".repeat(300));
        for body in [json!({}), json!({"email": ""}), json!({"email": 5}), json!({"email": null}), json!({"email": "no address"}), json!({"email": "a\r\nb@example.com"}), json!({"email": long}), json!([])] {
            for path in [EMAILS, PRIMARY, CHANGE, VERIFY, CHANGED] {
                ann.post(path, body.clone()).await.expect(400);
            }
            vendor_adds(&vendor, &ann.id, body.clone()).await.expect(400);
            vendor.post(&format!("{EMAILS}/vendor/{}/primary", ann.id), body).await.expect(400);
        }
        for code in [json!(5), json!(null), json!(""), json!("12345678901234567890"), json!("abcdef")] {
            ann.post(VERIFY, json!({"email": "ann@example.com", "code": code})).await.expect(400);
        }
        vendor_adds(&vendor, &ann.id, json!({"email": "x@example.com", "isVerified": "yes"})).await.expect(400);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_user_who_goes_takes_addresses_and_codes_along(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        prove(world, &ann, "second@example.com").await;
        ann.post(EMAILS, json!({"email": "third@example.com"})).await.expect(201);
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(vendor.get(EMAILS).await.expect(200).at("/_metadata/totalItems"), json!(0));
        let again = vendor.post(at::VENDOR_USERS, json!({"email": "second@example.com", "tenantId": "acme"})).await.expect(201);
        assert_ne!(again.text_at("/id"), ann.id);
    }

    async fn nobody_takes_on_an_address_that_may_not_come_in(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let list = "/identity/resources/configurations/restrictions/v1/email-domain";
        vendor.post(list, json!({"domain": "rival.test", "type": "BLOCK"})).await.expect(201);
        vendor.post(&format!("{list}/config"), json!({"active": true})).await.expect(201);
        world.settle().await;
        let before = snapshot(&vendor).await;
        let sentence = "This email address cannot be used";
        ann.post(EMAILS, json!({"email": "ann@rival.test"})).await.refuses(403, sentence);
        ann.post(CHANGE, json!({"email": "ann@rival.test"})).await.refuses(403, sentence);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
        assert!(world.letters("ann@rival.test").await.is_empty());
        prove(world, &ann, "ann@other.test").await;
        // The environment vouches for what it adds.
        vendor_adds(&vendor, &ann.id, json!({"email": "ann@rival.test", "verified": true})).await.expect(201);
    }
}
