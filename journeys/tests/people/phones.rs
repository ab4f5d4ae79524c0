use journeys::{World, at, both_engines, snapshot};
use serde_json::{Value, json};

const PHONES: &str = "/identity/resources/users/phone-numbers/v1";
const MINE: &str = "/identity/resources/users/phone-numbers/v1/me";
const VERIFY: &str = "/identity/resources/users/phone-numbers/v1/verify";
const PREVERIFY: &str = "/identity/resources/users/phone-numbers/v1/preverify";
const CHANGE: &str = "/identity/resources/users/v1/phone";
const ONE: &str = "+14155550101";
const TWO: &str = "+14155550102";

/// The code in the newest message to a number or an address.
async fn code(world: &World, to: &str) -> String {
    world.letter(to).await.codes[0].clone()
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

both_engines! {
    async fn a_number_counts_once_its_code_was_entered(world: World) {
        let ann = world.user("ann@example.com").await;
        let added = ann.post(PHONES, json!({"phoneNumber": "+1-415-555-0101"})).await.expect(201).json();
        assert_eq!(added["phoneNumber"], ONE);
        let row = ann.get(MINE).await.expect(200).rows().remove(0);
        assert_eq!((&row["id"], &row["userId"], &row["phoneNumber"], &row["verified"]), (&added["id"], &json!(ann.id), &json!(ONE), &json!(false)));
        assert!(row["createdAt"].is_string() && row["updatedAt"].is_string());
        assert_eq!(ann.get(at::ME).await.at("/phoneNumber"), Value::Null);
        let code = code(world, ONE).await;
        let refused = ann.post(VERIFY, json!({"otcToken": added["otcToken"], "code": wrong(&code)})).await.refuses(400, "Invalid code");
        assert_eq!(refused.at("/errorCode"), "ER-01011");
        let ben = world.user("ben@example.com").await;
        ben.post(VERIFY, json!({"otcToken": added["otcToken"], "code": code})).await.refuses(400, "Invalid code");
        assert!(ann.post(VERIFY, json!({"otcToken": added["otcToken"], "code": code})).await.expect(200).body.is_empty());
        ann.post(VERIFY, json!({"otcToken": added["otcToken"], "code": code})).await.refuses(400, "Invalid code");
        assert_eq!(ann.get(MINE).await.at("/0/verified"), json!(true));
        assert_eq!(ann.get(at::ME).await.at("/phoneNumber"), json!(ONE));
        let vendor = world.vendor().await;
        let found = vendor.get("/identity/resources/users/v3?_identifier=%2B1415&_identifierType=phoneNumber").await.expect(200);
        assert_eq!(found.pluck("id"), std::slice::from_ref(&ann.id));
        ann.post(PHONES, json!({"phoneNumber": ONE})).await.refuses(409, "Phone number already exists");
    }

    async fn a_number_may_be_proved_before_it_is_added(world: World) {
        let ann = world.user("ann@example.com").await;
        let asked = ann.post(PREVERIFY, json!({"phoneNumber": ONE})).await.expect(200);
        assert_eq!(asked.text_at("/phoneNumber"), ONE);
        assert_eq!(ann.get(MINE).await.rows().len(), 0);
        let body = json!({"otcToken": asked.text_at("/otcToken"), "code": code(world, ONE).await});
        world.clock.advance_seconds(599);
        ann.post(VERIFY, body).await.expect(200);
        assert_eq!(ann.get(MINE).await.at("/0/verified"), json!(true));
        let silent = ann.post(PHONES, json!({"phoneNumber": TWO, "verify": false})).await.expect(201);
        assert!(silent.at("/otcToken").is_null());
        assert!(world.letters(TWO).await.is_empty());
        let late = ann.post(PREVERIFY, json!({"phoneNumber": TWO})).await.expect(200);
        let body = json!({"otcToken": late.text_at("/otcToken"), "code": code(world, TWO).await});
        world.clock.advance_seconds(601);
        ann.post(VERIFY, body).await.refuses(400, "Code has expired");
    }

    async fn whether_a_number_is_somebodys_is_told_to_its_owner_only(world: World) {
        let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
        let vendor = world.vendor().await;
        vendor.post(&format!("{PHONES}/vendor/{}", ben.id), json!({"phoneNumber": ONE})).await.expect(201);
        let taken = ann.post(PHONES, json!({"phoneNumber": ONE})).await.expect(201);
        ann.post(PHONES, json!({"phoneNumber": TWO})).await.expect(201);
        let body = json!({"otcToken": taken.text_at("/otcToken"), "code": code(world, ONE).await});
        ann.post(VERIFY, body).await.refuses(409, "Phone number already exists");
        assert_eq!(ben.get(MINE).await.at("/0/verified"), json!(true));
    }

    async fn a_verified_number_goes_by_a_code_and_another_at_once(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let add = format!("{PHONES}/vendor/{}", ann.id);
        assert!(vendor.post(&add, json!({"phoneNumber": ONE})).await.expect(201).body.is_empty());
        vendor.post(&add, json!({"phoneNumber": TWO})).await.expect(201);
        let unproved = ann.post(PHONES, json!({"phoneNumber": "+14155550103", "verify": false})).await.expect(201).text_at("/id");
        assert_eq!(ann.delete(&format!("{PHONES}/{unproved}")).await.expect(200).json(), json!({}));
        let rows = ann.get(MINE).await.rows();
        assert_eq!(rows.len(), 2);
        let first = rows[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(rows[0]["phoneNumber"], ONE);
        let asked = ann.delete(&format!("{PHONES}/{first}")).await.expect(200);
        assert_eq!(asked.text_at("/phoneNumber"), ONE);
        assert_eq!(ann.get(MINE).await.rows().len(), 2);
        let (token, code) = (asked.text_at("/otcToken"), code(world, ONE).await);
        let verify = format!("{PHONES}/{first}/delete/verify");
        ann.post(&verify, json!({"otcToken": token, "code": wrong(&code)})).await.refuses(400, "Invalid code");
        let second = rows[1]["id"].as_str().unwrap();
        ann.post(&format!("{PHONES}/{second}/delete/verify"), json!({"otcToken": token, "code": code})).await.refuses(400, "Invalid code");
        let ben = world.user("ben@example.com").await;
        ben.delete(&format!("{PHONES}/{first}")).await.refuses(404, "Phone number not found");
        ben.post(&verify, json!({"otcToken": token, "code": code})).await.refuses(404, "Phone number not found");
        assert!(ann.post(&verify, json!({"otcToken": token, "code": code})).await.expect(200).body.is_empty());
        assert_eq!(ann.get(at::ME).await.at("/phoneNumber"), json!(TWO), "the next verified number is shown");
        assert!(vendor.delete(&format!("{PHONES}/vendor/{}/{second}", ann.id)).await.expect(200).body.is_empty());
        vendor.delete(&format!("{PHONES}/vendor/{}/{second}", ann.id)).await.refuses(404, "Phone number not found");
        assert_eq!(ann.get(at::ME).await.at("/phoneNumber"), Value::Null);
    }

    async fn a_verified_number_is_one_users_alone(world: World) {
        let vendor = world.vendor().await;
        let mut people = Vec::new();
        for number in 0..16 {
            people.push(world.user(&format!("user{number}@example.com")).await.id);
        }
        let mut set = tokio::task::JoinSet::new();
        for id in people {
            let vendor = vendor.clone();
            set.spawn(async move { vendor.post(&format!("{PHONES}/vendor/{id}"), json!({"phoneNumber": ONE})).await.status });
        }
        let mut statuses = set.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201);
        assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
    }

    async fn a_profile_number_is_listed_and_takes_no_verified_one_away(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let made = json!({"email": "ann@example.com", "tenantId": "acme", "phoneNumber": ONE, "password": journeys::PASSWORD});
        let ann = vendor.post(at::VENDOR_USERS, made).await.expect(201).text_at("/id");
        let list = vendor.get(PHONES).await.expect(200);
        assert_eq!((list.pluck("phoneNumber"), list.at("/items/0/verified")), (vec![ONE.to_owned()], json!(false)));
        vendor.post(&format!("{PHONES}/vendor/{ann}"), json!({"phoneNumber": ONE})).await.expect(201);
        let me = world.log_in("ann@example.com").await;
        me.put(at::ME, json!({"phoneNumber": TWO})).await.expect(200);
        assert_eq!(me.get(at::ME).await.at("/phoneNumber"), json!(TWO));
        let rows = me.get(MINE).await.rows();
        assert_eq!(rows.iter().map(|row| row["phoneNumber"].as_str().unwrap()).collect::<Vec<_>>(), [TWO, ONE]);
        assert_eq!((&rows[0]["verified"], &rows[1]["verified"]), (&json!(false), &json!(true)));
    }

    async fn a_user_replaces_the_number_by_a_code(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(&format!("{PHONES}/vendor/{}", ann.id), json!({"phoneNumber": ONE})).await.expect(201);
        let id = ann.post(CHANGE, json!({"phoneNumber": TWO})).await.expect(200).text_at("/changePhoneId");
        let code = code(world, TWO).await;
        let verify = format!("{CHANGE}/verify");
        ann.post(&verify, json!({"changePhoneId": id, "code": wrong(&code)})).await.refuses(400, "Invalid code");
        assert!(ann.post(&verify, json!({"changePhoneId": id, "code": code})).await.expect(200).body.is_empty());
        let mine = ann.get(MINE).await;
        assert_eq!((mine.pluck("phoneNumber"), mine.at("/0/verified")), (vec![TWO.to_owned()], json!(true)));
        assert_eq!(ann.get(at::ME).await.at("/phoneNumber"), json!(TWO));
    }

    async fn a_lost_number_is_replaced_through_the_mailbox(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(&format!("{PHONES}/vendor/{}", ann.id), json!({"phoneNumber": ONE})).await.expect(201);
        let reset = format!("{CHANGE}/reset");
        let nobody = world.anyone();
        let token = nobody.post(&reset, json!({"email": "ann@example.com"})).await.expect(200).text_at("/resetPhoneNumberToken");
        let unknown = nobody.post(&reset, json!({"email": "unknown@example.com"})).await.expect(200).text_at("/resetPhoneNumberToken");
        assert!(world.letters("unknown@example.com").await.is_empty());
        let code = code(world, "ann@example.com").await;
        let verify = format!("{reset}/verify");
        for token in [&unknown, "made-up"] {
            nobody.post(&verify, json!({"resetPhoneNumberToken": token, "code": code})).await.refuses(400, "Invalid code");
        }
        nobody.post(&verify, json!({"resetPhoneNumberToken": token, "code": wrong(&code)})).await.refuses(400, "Invalid code");
        let ticket = nobody.post(&verify, json!({"resetPhoneNumberToken": token, "code": code})).await.expect(200).text_at("/changePhoneNumberToken");
        let change = format!("{CHANGE}/change");
        nobody.put(&change, json!({"changePhoneNumberToken": ticket, "phoneNumber": "no number"})).await.expect(400);
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (nobody, change, body) = (nobody.clone(), change.clone(), json!({"changePhoneNumberToken": ticket, "phoneNumber": TWO}));
            set.spawn(async move { nobody.put(&change, body).await.status });
        }
        let statuses = set.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        nobody.put(&change, json!({"changePhoneNumberToken": ticket, "phoneNumber": TWO})).await.refuses(400, "The token is invalid or has expired");
        let mine = ann.get(MINE).await.rows();
        assert_eq!((mine.len(), &mine[0]["phoneNumber"], &mine[0]["verified"]), (1, &json!(TWO), &json!(false)), "nobody has proved it");
        assert_eq!(ann.get(at::ME).await.at("/phoneNumber"), json!(TWO));
        // So whoever has it may still prove it.
        let ben = world.user("ben@example.com").await;
        vendor.post(&format!("{PHONES}/vendor/{}", ben.id), json!({"phoneNumber": TWO})).await.expect(201);
    }

    async fn lists_of_numbers_are_paged_sorted_and_searched(world: World) {
        let ann = world.admin("ann@example.com").await;
        world.tenant("rival").await;
        let ben = world.person("ben@example.com", "rival", &[]).await;
        let vendor = world.vendor().await;
        for (id, phone) in [(&ann.id, ONE), (&ann.id, TWO), (&ben.id, "+4930123456")] {
            vendor.post(&format!("{PHONES}/vendor/{id}"), json!({"phoneNumber": phone})).await.expect(201);
        }
        for path in [PHONES, "/identity/resources/users/phone-numbers/v2"] {
            let list = vendor.get(&format!("{path}?_limit=2&_sortBy=phoneNumber")).await.expect(200);
            assert_eq!(list.pluck("phoneNumber"), [ONE, TWO]);
            assert_eq!(list.at("/_metadata"), json!({"totalItems": 3, "totalPages": 2}));
            for prefix in ["%2B49", "+49", "49"] {
                assert_eq!(vendor.get(&format!("{path}?_phoneNumber={prefix}")).await.expect(200).pluck("userId"), std::slice::from_ref(&ben.id));
            }
            assert_eq!(ann.get(path).await.expect(200).rows().len(), 2);
            vendor.get(&format!("{path}?_sortBy=email")).await.expect(400);
        }
        let named = vendor.get(&format!("/identity/resources/users/phone-numbers/v2?userIds={}&_sortBy=userId", ann.id)).await.expect(200);
        assert_eq!(named.rows().len(), 2);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for body in [json!({}), json!({"phoneNumber": ""}), json!({"phoneNumber": 5}), json!({"phoneNumber": "4155550101"}), json!({"phoneNumber": "+1 415"}), json!({"phoneNumber": "+0155550101"}), json!({"phoneNumber": format!("+{}", "1".repeat(99))}), json!([])] {
            for path in [PHONES, PREVERIFY, CHANGE] {
                ann.post(path, body.clone()).await.expect(400);
            }
            vendor.post(&format!("{PHONES}/vendor/{}", ann.id), body).await.expect(400);
        }
        for body in [json!({}), json!({"otcToken": 5, "code": "000000"}), json!({"otcToken": "x"}), json!({"otcToken": "x", "code": "000000"})] {
            ann.post(VERIFY, body).await.expect(400);
        }
        vendor.post(&format!("{PHONES}/vendor/nobody"), json!({"phoneNumber": ONE})).await.refuses(404, "User not found");
        let nobody = world.anyone();
        nobody.post(&format!("{CHANGE}/reset"), json!({"email": "no address"})).await.expect(400);
        nobody.put(&format!("{CHANGE}/change"), json!({"changePhoneNumberToken": "x", "phoneNumber": ONE})).await.expect(400);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }
}
