use journeys::{PASSWORD, Payload, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const MEMBERS: &str = "/team/resources/members/v1";
const STATS: &str = "/team/resources/stats/v1/members";
const IMAGE: &str = "/team/resources/profile/me/image/v1";

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\nIDATx";

fn form(name: &str, bytes: &[u8]) -> Payload {
    let mut body = format!("--Xy\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"me.png\"\r\nContent-Type: image/png\r\n\r\n").into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--Xy--\r\n");
    Payload::Raw("multipart/form-data; boundary=Xy", body)
}

both_engines! {
    async fn the_portal_lists_the_members_of_its_tenant(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        world.person("rival@example.com", "rival", &[]).await;
        let vendor = world.vendor().await;
        let page = admin.get(&format!("{MEMBERS}?pageOffset=0&pageSize=10&sortBy=email&sortDirection=asc")).await.expect(200);
        assert_eq!((page.at("/totalItems"), page.at("/totalPages")), (json!(2), json!(1)));
        assert_eq!(page.pluck("email"), ["admin@example.com", "ann@example.com"]);
        let row = &page.rows()[0];
        assert_eq!(row["roleIds"], json!([world.role_id("Admin").await]));
        assert_eq!(row["roles"][0]["key"], "Admin");
        for (key, value) in [("id", json!(admin.id)), ("tenantId", json!("acme")), ("vendorId", json!(world.home.id)), ("activatedForTenant", json!(true)), ("mfaEnabled", json!(false)), ("isDisabled", json!(false)), ("managedBy", json!("frontegg")), ("temporaryExpirationDate", Value::Null)] {
            assert_eq!(row[key], value, "{key}");
        }
        let second = admin.get(&format!("{MEMBERS}?pageOffset=1&pageSize=1&sortBy=email&sortDirection=desc")).await.expect(200);
        assert_eq!((second.pluck("email"), second.at("/totalPages")), (vec!["admin@example.com".to_owned()], json!(2)));
        assert_eq!(admin.get(&format!("{MEMBERS}?email=ann")).await.expect(200).pluck("id"), [ann.id.as_str()]);
        assert_eq!(admin.get(&format!("{MEMBERS}?filter=NN@exa")).await.expect(200).pluck("id"), [ann.id.as_str()]);
        vendor.put(&format!("{}/{}/invisible", at::USERS, ann.id), json!({"invisible": true})).await.expect(200);
        assert_eq!(admin.get(MEMBERS).await.expect(200).pluck("email"), ["admin@example.com"]);
        for wrong in ["pageSize=0", "pageSize=201", "pageOffset=-1", "pageOffset=x", "sortBy=secret", "sortDirection=up"] {
            admin.get(&format!("{MEMBERS}?{wrong}")).await.expect(400);
        }
        ann.get(MEMBERS).await.expect(403);
    }

    async fn the_portal_sets_the_roles_of_a_member(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        let (all, some) = (world.role_id("Admin").await, world.role_id("ReadOnly").await);
        let set = admin.put(MEMBERS, json!({"id": ann.id, "roleIds": [all, some], "name": "Not here"})).await.expect(200);
        assert_eq!(set.at("/roleIds").as_array().unwrap().len(), 2);
        assert_eq!(set.at("/name"), json!("ann@example.com"), "the rest of a user is the user's own");
        let set = admin.put(MEMBERS, json!({"email": "ANN@example.com", "roleIds": [some]})).await.expect(200);
        assert_eq!(set.at("/roleIds"), json!([some]));
        let set = admin.put(MEMBERS, json!({"id": ann.id})).await.expect(200);
        assert_eq!(set.at("/roleIds"), json!([some]));
        assert_eq!(admin.put(MEMBERS, json!({"id": ann.id, "roleIds": []})).await.expect(200).at("/roleIds"), json!([]));
        let rival = world.person("rival@example.com", "rival", &[]).await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for (body, status) in [
            (json!({}), 400),
            (json!({"id": ann.id, "roleIds": "x"}), 400),
            (json!({"id": ann.id, "roleIds": [5]}), 400),
            (json!({"id": ann.id, "roleIds": ["nothing"]}), 400),
            (json!({"email": "no address"}), 400),
            (json!({"id": "nobody"}), 404),
            (json!({"id": rival.id, "roleIds": [all]}), 404),
            (json!({"email": rival.email, "roleIds": [all]}), 404),
        ] {
            let answer = admin.put(MEMBERS, body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn taking_roles_through_the_portal_needs_the_permission_to_take_them(world: World) {
        let vendor = world.vendor().await;
        let roles = vendor.post(at::ROLES, json!([{"key": "giver", "name": "Giver"}, {"key": "one", "name": "One"}, {"key": "two", "name": "Two"}])).await.expect(201).pluck("id");
        let (giver, one, two) = (&roles[0], &roles[1], &roles[2]);
        let give = world.permission_id("fe.secure.write.usersRoles").await;
        let path = format!("{}/{giver}/permissions", at::ROLES);
        vendor.put(&path, json!({"permissionIds": [give]})).await.expect(200);
        let deputy = world.person("deputy@example.com", "acme", &[giver]).await;
        let ann = world.person("ann@example.com", "acme", &[one]).await;
        deputy.put(MEMBERS, json!({"id": ann.id, "roleIds": [one, two]})).await.expect(200);
        for fewer in [json!([two]), json!([])] {
            let refused = deputy.put(MEMBERS, json!({"id": ann.id, "roleIds": fewer})).await;
            refused.refuses(403, "Taking roles needs the permission fe.secure.delete.usersRoles");
        }
        let read = vendor.in_tenant("acme").get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/roles").as_array().unwrap().len(), 2, "a refused change gives nothing either");
        let take = world.permission_id("fe.secure.delete.usersRoles").await;
        vendor.put(&path, json!({"permissionIds": [give, take]})).await.expect(200);
        let deputy = world.log_in("deputy@example.com").await;
        assert_eq!(deputy.put(MEMBERS, json!({"id": ann.id, "roleIds": [two]})).await.expect(200).at("/roleIds"), json!([two]));
    }

    async fn sixteen_changes_of_roles_at_once_lose_none(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await.in_tenant("acme");
        let many: Vec<Value> = (0..16).map(|n| json!({"key": format!("r{n}"), "name": format!("R{n}"), "level": 1})).collect();
        let roles = vendor.post(at::ROLES, Value::Array(many)).await.expect(201).pluck("id");
        let mut calls = tokio::task::JoinSet::new();
        for role in roles {
            let (vendor, path) = (vendor.clone(), format!("{}/{}/roles", at::USERS, ann.id));
            calls.spawn(async move { vendor.post(&path, json!({"roleIds": [role]})).await.status });
        }
        assert!(calls.join_all().await.iter().all(|status| *status == 201));
        let read = vendor.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/roles").as_array().unwrap().len(), 16);
        let audits = { world.settle().await; vendor.get(&format!("{}?count=50&offset=0", at::AUDITS)).await.expect(200) };
        assert_eq!(audits.pluck("action").iter().filter(|action| *action == "Roles assigned to user").count(), 16);
    }

    async fn a_removed_member_is_out_at_once(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        let both = world.user("both@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(&format!("{}/{}/tenant", at::USERS, both.id), json!({"tenantId": "second", "skipInviteEmail": true})).await.expect(201);
        for gone in [&ann, &both] {
            let answer = admin.delete(&format!("{MEMBERS}/{}", gone.id)).await.expect(200);
            assert!(answer.body.is_empty());
            gone.get(at::ME).await.expect(401);
            gone.post(at::REFRESH, json!({})).await.expect(401);
            admin.delete(&format!("{MEMBERS}/{}", gone.id)).await.refuses(404, "User not found");
        }
        vendor.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(404);
        assert_eq!(vendor.get(&format!("{}/{}", at::USERS, both.id)).await.expect(200).at("/tenantIds"), json!(["second"]));
        let again = world.log_in("both@example.com").await;
        assert_eq!(again.get(at::ME).await.expect(200).at("/tenantId"), "second");
        let rival = world.person("rival@example.com", "rival", &[]).await;
        admin.delete(&format!("{MEMBERS}/{}", rival.id)).await.refuses(404, "User not found");
        rival.get(at::ME).await.expect(200);
    }

    async fn every_way_of_shutting_somebody_out_ends_sessions_at_once(world: World) {
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        for (number, way) in ["lock", "disable", "delete", "delete-here", "move", "expire"].into_iter().enumerate() {
            let email = format!("ann{number}@example.com");
            let tenant = if way == "move" { "moving" } else { "acme" };
            let ann = world.person(&email, tenant, &[]).await;
            // A second session elsewhere, and a second token of the first.
            let other = world.log_in(&email).await;
            match way {
                "lock" => vendor.post(&format!("{}/{}/lock", at::USERS, ann.id), json!({})).await.expect(200),
                "disable" => admin.post(&format!("/identity/resources/tenants/users/v1/{}/disable", ann.id), json!({})).await.expect(200),
                "delete" => vendor.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200),
                "delete-here" => admin.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200),
                "move" => vendor.put("/identity/resources/users/v1/tenants/migrate", json!({"srcTenantId": "moving", "targetTenantId": "acme"})).await.expect(200),
                _ => {
                    let answer = admin.put(&format!("/identity/resources/users/temporary/v1/{}", ann.id), json!({"expirationInSeconds": 300})).await.expect(201);
                    world.clock.advance_seconds(300);
                    answer
                }
            };
            for session in [&ann.client, &other] {
                assert_eq!(session.get(at::ME).await.status, 401, "{way}");
                assert_eq!(session.post(at::REFRESH, json!({})).await.status, 401, "{way}");
            }
        }
    }

    async fn the_portal_shows_figures_about_members(world: World) {
        let admin = world.admin("admin@example.com").await;
        world.user("ann@example.com").await;
        assert_eq!(admin.get(STATS).await.expect(200).json(), json!({"totalItems": 2, "addedThisWeek": 2, "superAdmins": 1}));
        world.clock.advance_seconds(8 * 86_400);
        world.user("new@example.com").await;
        let later = world.log_in("admin@example.com").await;
        assert_eq!(later.get(STATS).await.expect(200).json(), json!({"totalItems": 3, "addedThisWeek": 1, "superAdmins": 1}));
        let unseen = world.admin("unseen@example.com").await;
        let vendor = world.vendor().await;
        vendor.put(&format!("{}/{}/invisible", at::USERS, unseen.id), json!({"invisible": true})).await.expect(200);
        let figures = later.get(STATS).await.expect(200).json();
        assert_eq!(figures, json!({"totalItems": 3, "addedThisWeek": 1, "superAdmins": 1}), "as the list beside it");
        assert_eq!(later.get(MEMBERS).await.expect(200).at("/totalItems"), json!(3));
    }

    async fn a_user_uploads_a_picture_that_everybody_can_load(world: World) {
        let ann = world.user("ann@example.com").await;
        let answer = ann.send("PUT", IMAGE, form("image", PNG)).await.expect(200);
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        let url = answer.text();
        let path = url.strip_prefix(world.home.public_url).unwrap().to_owned();
        assert_eq!(ann.get(at::ME).await.expect(200).at("/profilePictureUrl"), json!(url));
        let shown = world.anyone().get(&path).await.expect(200);
        assert_eq!(shown.body, PNG);
        for (name, value) in [("content-type", "image/png"), ("x-content-type-options", "nosniff"), ("content-security-policy", "default-src 'none'; sandbox")] {
            assert_eq!(shown.header(name), Some(value));
        }
        world.anyone_at(&world.away).get(&path).await.expect(404);
        let second = ann.send("PUT", IMAGE, form("image", &[b"\xff\xd8\xff\xe0".as_slice(), &[7; 64]].concat())).await.expect(200).text();
        assert_ne!(second, url);
        world.anyone().get(&path).await.refuses(404, "Picture not found");
        let path = second.strip_prefix(world.home.public_url).unwrap();
        assert_eq!(world.anyone().get(path).await.expect(200).header("content-type"), Some("image/jpeg"));
        ann.put(at::ME, json!({"name": "Ann"})).await.expect(200);
        world.anyone().get(path).await.expect(200);
        ann.put(at::ME, json!({"profilePictureUrl": "https://pictures.example.com/ann.png"})).await.expect(200);
        world.anyone().get(path).await.refuses(404, "Picture not found");
        let third = ann.send("PUT", IMAGE, form("image", PNG)).await.expect(200).text();
        let path = third.strip_prefix(world.home.public_url).unwrap();
        world.anyone().get(path).await.expect(200);
        world.vendor().await.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        world.anyone().get(path).await.expect(404);
    }

    async fn what_is_no_picture_is_refused(world: World) {
        let ann = world.user("ann@example.com").await;
        let large = [PNG, &[0; 1024 * 1024]].concat();
        for (payload, status) in [
            (form("image", b"<svg onload=alert(1)></svg>"), 400),
            (form("image", b"<html>\x89PNG"), 400),
            (form("image", b""), 400),
            (form("image", &large), 413),
            (form("image", &large.repeat(2)), 413),
            (Payload::Raw("image/png", PNG.to_vec()), 400),
            (Payload::Raw("multipart/form-data", PNG.to_vec()), 400),
            (Payload::Raw("multipart/form-data; boundary=Xy", b"--Xy\r\nfoo".to_vec()), 400),
            (Payload::Raw("multipart/form-data; boundary=Xy", b"--Xy--".to_vec()), 400),
            (Payload::Json(json!({"image": "x"})), 400),
        ] {
            let answer = ann.send("PUT", IMAGE, payload).await;
            assert_eq!(answer.status, status, "{}", answer.text());
        }
        assert_eq!(ann.get(at::ME).await.expect(200).at("/profilePictureUrl"), "");
        let login = json!({"email": "ann@example.com", "password": PASSWORD});
        world.anyone().post(at::LOGIN, login).await.expect(200);
    }
}
