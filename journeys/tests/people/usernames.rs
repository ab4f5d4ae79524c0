use journeys::{PASSWORD, World, at, both_engines};
use serde_json::{Value, json};

const NAMES: &str = "/identity/resources/usernames/v1";
const MINE: &str = "/identity/resources/usernames/v1/me";

both_engines! {
    async fn a_username_is_taken_used_and_given_back(world: World) {
        let ann = world.user("ann@example.com").await;
        assert_eq!(ann.get(MINE).await.expect(200).json(), json!({"username": null, "userId": ann.id}));
        assert!(ann.post(NAMES, json!({"username": "Ann_B.c-1"})).await.expect(201).body.is_empty());
        assert_eq!(ann.get(MINE).await.expect(200).json(), json!({"username": "ann_b.c-1", "userId": ann.id}));
        ann.post(NAMES, json!({"username": "other"})).await.refuses(409, "User already has a username");
        let logged = world.anyone().post(at::LOGIN, json!({"username": "ANN_b.c-1", "password": PASSWORD})).await;
        logged.expect(200);
        let ben = world.user("ben@example.com").await;
        ben.post(NAMES, json!({"username": "ANN_B.C-1"})).await.refuses(409, "Username already exists");
        ben.delete(&format!("{NAMES}/ann_b.c-1")).await.refuses(404, "Username not found");
        assert!(ann.delete(&format!("{NAMES}/Ann_b.c-1")).await.expect(200).body.is_empty());
        assert_eq!(ann.get(MINE).await.at("/username"), Value::Null);
        ben.post(NAMES, json!({"username": "ann_b.c-1"})).await.expect(201);
        let vendor = world.vendor().await;
        vendor.in_tenant("acme").acting_as(&ann.id).post(NAMES, json!({"username": "ann"})).await.expect(201);
        assert!(vendor.delete(&format!("{NAMES}/ann")).await.expect(200).body.is_empty());
        vendor.delete(&format!("{NAMES}/ann")).await.refuses(404, "Username not found");
    }

    async fn a_user_known_by_a_username_only_keeps_it_until_there_is_an_address(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let made = json!({"username": "ann", "tenantId": "acme", "password": PASSWORD});
        let ann = vendor.post(at::VENDOR_USERS, made).await.expect(201).text_at("/id");
        vendor.delete(&format!("{NAMES}/ann")).await.refuses(400, "The username is all that this user is known by");
        let add = format!("/identity/resources/users/emails/v1/vendor/{ann}");
        let email = vendor.post(&add, json!({"email": "ann@example.com"})).await.expect(201);
        assert_eq!(email.at("/isPrimary"), json!(true), "the first address is the primary one");
        vendor.delete(&format!("{NAMES}/ann")).await.expect(200);
        assert_eq!(world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.status, 200);
    }

    async fn of_sixteen_who_want_a_username_one_gets_it(world: World) {
        let mut set = tokio::task::JoinSet::new();
        for number in 0..16 {
            let client = world.user(&format!("user{number}@example.com")).await.client;
            set.spawn(async move { client.post(NAMES, json!({"username": "wanted"})).await.status });
        }
        let mut statuses = set.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201);
        assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
    }

    async fn usernames_are_listed_for_users(world: World) {
        let ann = world.admin("ann@example.com").await;
        ann.post(NAMES, json!({"username": "ann"})).await.expect(201);
        world.tenant("rival").await;
        let ben = world.person("ben@example.com", "rival", &[]).await;
        ben.post(NAMES, json!({"username": "ben"})).await.expect(201);
        let vendor = world.vendor().await;
        let all = vendor.get(NAMES).await.expect(200).json();
        assert_eq!(all, json!([{"username": "ann", "userId": ann.id}, {"username": "ben", "userId": ben.id}]));
        let names = async |query: String| vendor.get(&format!("{NAMES}?{query}")).await.expect(200).pluck("username");
        assert_eq!(names("_order=DESC&_limit=1".to_owned()).await, ["ben"]);
        assert_eq!(names("_limit=1&_offset=1".to_owned()).await, ["ben"]);
        assert_eq!(names("_usernamePrefix=AN".to_owned()).await, ["ann"]);
        assert_eq!(names("usernames=BEN,nobody".to_owned()).await, ["ben"]);
        assert_eq!(names(format!("userIds={}&_sortBy=userId", ann.id)).await, ["ann"]);
        assert_eq!(ann.get(NAMES).await.expect(200).pluck("username"), ["ann"]);
        assert!(ann.get(&format!("{NAMES}?userIds={}", ben.id)).await.expect(200).rows().is_empty());
        vendor.get(&format!("{NAMES}?_sortBy=email")).await.expect(400);
    }

    async fn wrong_usernames_are_refused(world: World) {
        let ann = world.user("ann@example.com").await;
        let said = "Username can only contain letters, numbers, dots, underscores, and hyphens";
        for name in ["", "a b", "ünï", "a@b", "a/b"] {
            ann.post(NAMES, json!({"username": name})).await.refuses(400, said);
        }
        for body in [json!({}), json!({"username": 5}), json!({"username": null}), json!({"username": "x".repeat(256)})] {
            ann.post(NAMES, body).await.expect(400);
        }
        assert_eq!(ann.get(MINE).await.at("/username"), Value::Null);
    }
}
