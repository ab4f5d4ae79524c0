use std::sync::Arc;

use kit::UserId;

use super::*;

fn membership(tenant: &str, created_at: i64) -> Membership {
    Membership {
        tenant_id: tenant.to_owned(),
        role_ids: vec![],
        status: MembershipStatus::Activated,
        is_disabled: false,
        expires_at: None,
        valid_after: Millis(0),
        sub_accounts: false,
        created_at: Millis(created_at),
    }
}

fn order(memberships: &[Membership], wish: Wish<'_>, active: &str) -> Vec<String> {
    let open = in_order(memberships, wish, active, Millis(100));
    open.into_iter().map(|one| one.tenant_id.clone()).collect()
}

#[test]
fn the_tenant_is_the_wished_one_then_the_last_active_then_the_oldest() {
    let all = [membership("c", 3), membership("a", 2), membership("b", 1)];
    assert_eq!(order(&all, Wish::Prefer(None), ""), ["b", "a", "c"]);
    assert_eq!(order(&all, Wish::Prefer(None), "c"), ["c", "b", "a"]);
    assert_eq!(order(&all, Wish::Prefer(Some("a")), "c"), ["a", "c", "b"]);
    assert_eq!(order(&all, Wish::Prefer(Some("x")), "c"), ["c", "b", "a"]);
    assert_eq!(order(&all, Wish::Exactly("a"), "c"), ["a"]);
    assert!(order(&all, Wish::Exactly("x"), "c").is_empty());
}

#[test]
fn closed_memberships_are_passed_over_and_the_reason_is_told() {
    let disabled = Membership {
        is_disabled: true,
        ..membership("d", 1)
    };
    let expired = Membership {
        expires_at: Some(Millis(100)),
        ..membership("e", 2)
    };
    let invited = Membership {
        status: MembershipStatus::PendingInvitation,
        ..membership("i", 3)
    };
    let open = membership("o", 4);
    let all = [disabled.clone(), expired.clone(), invited.clone(), open];
    assert_eq!(order(&all, Wish::Prefer(Some("d")), "e"), ["o"]);
    let why = |all: &[Membership]| why_none(all, Millis(100)).to_string();
    assert_eq!(
        why(&[disabled.clone(), expired.clone(), invited]),
        Refusal::Invited.to_string()
    );
    assert_eq!(why(&[disabled.clone(), expired]), Refusal::Expired.to_string());
    assert_eq!(why(&[disabled]), Refusal::NoTenant.to_string());
    assert_eq!(why(&[]), Refusal::NoTenant.to_string());
}

#[test]
fn claims_stand_in_the_order_of_real_tokens() {
    let environment = Environment {
        id: "e".into(),
        name: "Acme".to_owned(),
        host: "login.acme.test".to_owned(),
        public_url: "https://login.acme.test".to_owned(),
        allowed_origins: Arc::from([]),
        created_at: Millis(0),
    };
    let user = UserRecord {
        id: UserId::from("u"),
        email: Some("ada@acme.test".to_owned()),
        username: None,
        name: "Ada Example".to_owned(),
        phone_number: None,
        verified: true,
        is_locked: false,
        provider: "local".to_owned(),
        managed_by: "frontegg".to_owned(),
        invisible: false,
        super_user: false,
        mfa_enrolled: false,
        mfa_bypass: false,
        metadata: r#"{"b":1,"a":[true]}"#.to_owned(),
        vendor_metadata: Some("{\"secret\":1}".to_owned()),
        profile_picture_url: None,
        external_id: None,
        active_tenant: "t".to_owned(),
        valid_after: Millis(0),
        last_login: None,
        created_at: Millis(0),
    };
    let pass = Pass {
        since: Millis(0),
        user,
        tenant: "t".into(),
        tenant_ids: vec!["t".to_owned(), "t2".to_owned()],
        roles: vec!["Admin".to_owned()],
        permissions: vec!["fe.secure.read.*".to_owned()],
        application: Application {
            id: "app".to_owned(),
            ..Application::default()
        },
        limits: Limits::default(),
    };
    let claims = Claims::new(&environment, &pass, "s", 1_760_000_000, 1_760_003_600);
    let json = serde_json::to_string(&claims).unwrap();
    let sent = concat!(
        r#"{"sub":"u","name":"Ada Example","email":"ada@acme.test","email_verified":true,"#,
        r#""metadata":METADATA,"roles":["Admin"],"permissions":["fe.secure.read.*"],"tenantId":"t","#,
        r#""tenantIds":["t","t2"],"profilePictureUrl":null,"externalId":null,"phoneNumber":null,"sid":"s","#,
        r#""type":"userToken","applicationId":"app","aud":"e","iss":"https://login.acme.test","#,
        r#""iat":1760000000,"exp":1760003600}"#
    );
    let metadata = serde_json::to_string(&claims.metadata).unwrap();
    assert_eq!(json, sent.replace("METADATA", &metadata));
    assert_eq!(claims.metadata.len(), 2);
}
