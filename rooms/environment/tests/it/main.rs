//! Which environment a request means, and whose tokens count, on a real database.

#![expect(clippy::unwrap_used, reason = "tests speak by failing")]

mod store;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use blocks::outbox::{self, Event, Sink};
use blocks::settings;
use crypto::{Algorithm, JwtError, SealingKey};
use db::{Db, Migration, Settings, StoreError, Tx};
use environment::{
    AuthConfiguration, CookieSameSite, Directory, EnvironmentError, JwtAlgorithm, NewEnvironment, Purpose,
    Seed, TokenError, create_environment, create_first_environment, list_environments, move_environment,
    rotate_secret, rotate_signing_key,
};
use kit::{EnvironmentId, HandClock, Ids, Millis, RandomIds, Scope, Secret};
use serde_json::{Value, json};
use web::Address;

const HOME: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const AWAY: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const START: Millis = Millis(1_760_000_000_000);

const fn migration(number: u32, name: &'static str, text: &'static str) -> Migration {
    Migration {
        number,
        name,
        common: Some(text),
        sqlite: None,
        pg: None,
    }
}

const TABLES: [Migration; 2] = [
    migration(
        1,
        "blocks_tables",
        include_str!("../../../../migrations/0001_blocks_tables.sql"),
    ),
    migration(
        2,
        "environment_tables",
        include_str!("../../../../migrations/0002_environment_tables.sql"),
    ),
];

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Rooms list no runtime; one thread that waits is enough for them.
fn now<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

struct World {
    folder: tempfile::TempDir,
    clock: Arc<HandClock>,
    directory: Directory,
    db: Db,
}

fn opened(folder: &tempfile::TempDir, clock: &Arc<HandClock>, key: u8) -> (Db, Directory) {
    let url = format!("sqlite:{}", folder.path().join("t.db").display());
    let db = now(Db::open(Settings::new(url.parse().unwrap()))).unwrap();
    now(db.migrate(&TABLES)).unwrap();
    let ids = Ids::new(RandomIds::new());
    let sealing = SealingKey::from_bytes([key; 32]);
    let directory = Directory::new(db.clone(), Arc::clone(clock) as Arc<_>, ids, sealing);
    (db, directory)
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(START));
    let (db, directory) = opened(&folder, &clock, 9);
    World {
        folder,
        clock,
        directory,
        db,
    }
}

fn new(id: &str, url: &str) -> NewEnvironment {
    NewEnvironment {
        id: id.into(),
        secret: Secret::new("0123456789abcdef".to_owned()),
        name: "Test".to_owned(),
        public_url: url.to_owned(),
        allowed_origins: vec!["https://app.test/".to_owned()],
    }
}

impl World {
    fn with_home(self) -> Self {
        now(create_environment(
            &self.directory,
            new(HOME, "https://login.home.test"),
            &[],
        ))
        .unwrap();
        self
    }

    fn with_both(self) -> Self {
        self.with_home().with_away()
    }

    fn with_away(self) -> Self {
        now(create_environment(
            &self.directory,
            new(AWAY, "http://localhost:9999"),
            &[],
        ))
        .unwrap();
        self
    }

    fn addressed(&self, address: &Address) -> Option<String> {
        let found = now(self.directory.addressed(address)).unwrap();
        found.map(|environment| environment.id.to_string())
    }

    fn signed(&self, purpose: Purpose, claims: &Value) -> String {
        now(self
            .directory
            .sign(&HOME.into(), purpose, Algorithm::Rs256, claims))
        .unwrap()
    }

    fn user_token(&self, seconds: i64) -> String {
        let exp = kit::Clock::now(&*self.clock).seconds() + seconds;
        self.signed(
            Purpose::User,
            &json!({"type": "userToken", "aud": HOME, "sub": "u", "exp": exp}),
        )
    }

    fn verified(&self, token: &str) -> Result<Purpose, TokenError> {
        let at = kit::Clock::now(&*self.clock);
        now(self.directory.verify(token, at)).map(|token| token.purpose)
    }

    fn configured(&self, configuration: AuthConfiguration) {
        let ids = Ids::new(RandomIds::new());
        now(self.db.write(async move |tx| {
            let scope = Scope::environment(HOME.into());
            settings::put(tx, &ids, &scope, START, &configuration).await?;
            store::touch(tx, HOME).await
        }))
        .unwrap();
    }
}

fn host(name: &str) -> Address {
    Address {
        host: Some(name.to_owned()),
        ..Address::default()
    }
}

#[test]
fn requests_find_their_environment_by_id_then_by_host_then_because_there_is_only_one() {
    let world = world();
    assert_eq!(world.addressed(&host("login.home.test")), None);
    let world = world.with_home();
    assert_eq!(world.addressed(&host("elsewhere.test")).as_deref(), Some(HOME));
    let world = world.with_away();
    assert_eq!(world.addressed(&host("elsewhere.test")), None);
    assert_eq!(
        world.addressed(&host("LOGIN.home.test:443")).as_deref(),
        Some(HOME)
    );
    let both = Address {
        vendor_host: Some("localhost:9999".to_owned()),
        ..host("login.home.test")
    };
    assert_eq!(world.addressed(&both).as_deref(), Some(AWAY));
    let by_origin = Address {
        origin: Some("http://localhost:9999".to_owned()),
        ..host("10.0.0.1:9")
    };
    assert_eq!(world.addressed(&by_origin).as_deref(), Some(AWAY));
    let named = Address {
        vendor_id: Some(HOME.to_owned()),
        ..both.clone()
    };
    assert_eq!(world.addressed(&named).as_deref(), Some(HOME));
    let nobody = Address {
        vendor_id: Some("cccccccc-0000-4000-8000-000000000003".to_owned()),
        ..both
    };
    assert_eq!(world.addressed(&nobody), None);
}

#[test]
fn a_second_environment_needs_a_host_and_an_id_of_its_own() {
    let world = world().with_home();
    let made = |new| now(create_environment(&world.directory, new, &[])).map(drop);
    assert!(matches!(
        made(new(AWAY, "http://LOGIN.home.test/")),
        Err(EnvironmentError::HostTaken(_))
    ));
    assert!(matches!(
        made(new(HOME, "https://other.test")),
        Err(EnvironmentError::Exists(_))
    ));
    for url in [
        "login.test",
        "https://",
        "https://a.test/b",
        "ftp://a.test",
        "https://u@a.test",
    ] {
        assert!(
            matches!(made(new(AWAY, url)), Err(EnvironmentError::PublicUrl)),
            "{url}"
        );
    }
    assert!(matches!(
        made(new("home", "https://other.test")),
        Err(EnvironmentError::Id)
    ));
    assert_eq!(now(list_environments(&world.directory)).unwrap().len(), 1);
}

#[test]
fn of_two_nodes_that_start_on_an_empty_database_one_makes_the_first_environment() {
    let world = world();
    let (_db, other) = opened(&world.folder, &world.clock, 9);
    let made = |directory, new| now(create_first_environment(directory, new, &[])).unwrap();
    assert!(made(&world.directory, new(HOME, "https://login.home.test")).is_some());
    assert!(made(&other, new(HOME, "https://login.home.test")).is_none());
    assert!(made(&other, new(AWAY, "https://other.test")).is_none());
    assert_eq!(now(list_environments(&other)).unwrap().len(), 1);
}

struct Refusing;

#[async_trait]
impl Seed for Refusing {
    async fn seed(&self, _: &Tx, _: &Ids, _: &EnvironmentId, _: Millis) -> Result<(), StoreError> {
        Err(StoreError::NoRow)
    }
}

#[test]
fn an_environment_whose_seeds_fail_is_not_there() {
    let world = world();
    let seeds: [Arc<dyn Seed>; 1] = [Arc::new(Refusing)];
    assert!(
        now(create_environment(
            &world.directory,
            new(HOME, "https://a.test"),
            &seeds
        ))
        .is_err()
    );
    assert!(now(list_environments(&world.directory)).unwrap().is_empty());
}

#[test]
fn cookies_start_lax_where_the_address_is_plain_http() {
    let world = world().with_both();
    let same_site = |id: &str| {
        let found = now(world.directory.configuration(&id.into())).unwrap();
        found.unwrap().cookie_same_site
    };
    assert_eq!(same_site(HOME), CookieSameSite::None);
    assert_eq!(same_site(AWAY), CookieSameSite::Lax);
}

#[test]
fn an_environment_token_counts_only_under_the_environments_own_key() {
    let world = world().with_home();
    let exp = START.seconds() + 60;
    let vendor = json!({"type": "vendor", "vendorId": HOME, "exp": exp});
    let user = json!({"type": "userToken", "aud": HOME, "exp": exp});
    assert_eq!(
        world.verified(&world.signed(Purpose::Vendor, &vendor)).unwrap(),
        Purpose::Vendor
    );
    assert_eq!(
        world.verified(&world.signed(Purpose::User, &user)).unwrap(),
        Purpose::User
    );
    // Claims of one kind under the key of the other.
    for forged in [
        world.signed(Purpose::User, &vendor),
        world.signed(Purpose::Vendor, &user),
    ] {
        assert!(matches!(
            world.verified(&forged),
            Err(TokenError::Refused(JwtError::UnknownKey | JwtError::Signature))
        ));
    }
}

#[test]
fn tokens_of_another_environment_unnamed_expired_or_altered_do_not_count() {
    let world = world().with_both();
    let away = json!({"type": "userToken", "aud": AWAY, "exp": START.seconds() + 60});
    // Signed by home, claimed to be away's.
    assert!(matches!(
        world.verified(&world.signed(Purpose::User, &away)),
        Err(TokenError::Refused(_))
    ));
    let nobody = json!({"type": "userToken", "aud": "nobody", "exp": START.seconds() + 60});
    assert!(matches!(
        world.verified(&world.signed(Purpose::User, &nobody)),
        Err(TokenError::NoEnvironment)
    ));
    let unending = json!({"type": "userToken", "aud": HOME});
    assert!(world.verified(&world.signed(Purpose::User, &unending)).is_err());
    let token = world.user_token(60);
    assert!(world.verified(&token).is_ok());
    world.clock.advance_seconds(60);
    assert!(matches!(
        world.verified(&token),
        Err(TokenError::Refused(JwtError::Expired))
    ));
    for garbage in ["", "a", "a.b", "a.b.c", "..", &"x".repeat(100_000)] {
        let error = world.verified(garbage).unwrap_err();
        assert!(!error.is_fault(), "{garbage}: {error}");
    }
}

#[test]
fn the_environment_chooses_the_algorithm_not_the_token() {
    let world = world().with_home();
    let claims = json!({"type": "userToken", "aud": HOME, "exp": START.seconds() + 60});
    let rsa = world.user_token(60);
    let hmac = now(world
        .directory
        .sign(&HOME.into(), Purpose::User, Algorithm::Hs256, &claims))
    .unwrap();
    let held = |token: &str| world.verified(token).is_ok();
    assert!(held(&rsa) && !held(&hmac));
    world.configured(AuthConfiguration {
        jwt_algorithm: JwtAlgorithm::HS256,
        ..AuthConfiguration::default()
    });
    assert!(!held(&rsa) && held(&hmac));
}

#[test]
fn a_retired_key_verifies_until_its_last_token_has_ended() {
    let world = world().with_home();
    let old = world.user_token(3600);
    let rotated = now(rotate_signing_key(&world.directory, &HOME.into(), false)).unwrap();
    assert_eq!(rotated.kid, "aaaaaaaa-2");
    assert_eq!(rotated.previous_until, START.plus_seconds(3600));
    assert!(world.verified(&old).is_ok());
    assert!(world.verified(&world.user_token(60)).is_ok());
    let again = now(rotate_signing_key(&world.directory, &HOME.into(), false)).unwrap();
    assert_eq!(again.kid, "aaaaaaaa-3");
    assert!(world.verified(&old).is_ok());
    // A token of the first key that claims to live longer than that key ever signed for is out with the key.
    world.clock.advance_seconds(3601);
    assert!(world.verified(&world.user_token(60)).is_ok());
    assert!(world.verified(&old).is_err());
    // The private half of a retired key is not kept.
    let kept = now(world.db.read(async |tx| store::private_user_keys(tx, HOME).await)).unwrap();
    assert_eq!(kept, 1);
}

#[test]
fn after_a_leak_no_key_but_the_new_one_verifies() {
    let world = world().with_home();
    let old = world.user_token(3600);
    now(rotate_signing_key(&world.directory, &HOME.into(), false)).unwrap();
    assert!(world.verified(&old).is_ok());
    now(rotate_signing_key(&world.directory, &HOME.into(), true)).unwrap();
    assert!(world.verified(&old).is_err());
    assert!(world.verified(&world.user_token(60)).is_ok());
}

#[test]
fn another_process_sees_a_rotation_without_being_told() {
    let world = world().with_home();
    let (_other, server) = opened(&world.folder, &world.clock, 9);
    let claims = json!({"type": "userToken", "aud": HOME, "exp": START.seconds() + 600});
    let signed = || {
        let token = now(server.sign(&HOME.into(), Purpose::User, Algorithm::Rs256, &claims)).unwrap();
        token.split('.').next().unwrap().to_owned()
    };
    let before = signed();
    now(rotate_signing_key(&world.directory, &HOME.into(), false)).unwrap();
    assert_eq!(signed(), before);
    world.clock.advance_seconds(2);
    assert_ne!(signed(), before);
}

#[test]
fn an_environment_can_move_unless_somebody_lives_there() {
    let world = world().with_both();
    let moved = |url: &str| now(move_environment(&world.directory, &HOME.into(), url));
    assert!(matches!(
        moved("http://localhost:9999"),
        Err(EnvironmentError::HostTaken(_))
    ));
    moved("https://id.home.test").unwrap();
    assert_eq!(world.addressed(&host("id.home.test")).as_deref(), Some(HOME));
    assert_eq!(world.addressed(&host("login.home.test")), None);
    let home = now(world.directory.by_id(HOME)).unwrap().unwrap();
    assert_eq!(home.public_url, "https://id.home.test");
}

#[test]
fn only_the_right_sealing_key_opens_the_keys_and_commands_name_what_is_missing() {
    let world = world().with_home();
    let (_db, wrong) = opened(&world.folder, &world.clock, 8);
    assert!(now(world.directory.opens()).unwrap());
    assert!(!now(wrong.opens()).unwrap());
    let claims = json!({"exp": 1});
    let fault = now(wrong.sign(&HOME.into(), Purpose::User, Algorithm::Rs256, &claims)).unwrap_err();
    assert!(fault.is_fault());
    let fresh = Secret::new("fedcba9876543210".to_owned());
    for refused in [
        now(rotate_secret(&world.directory, &AWAY.into(), &fresh)),
        now(rotate_signing_key(&world.directory, &AWAY.into(), false)).map(drop),
        now(move_environment(&world.directory, &AWAY.into(), "https://x.test")),
    ] {
        assert!(matches!(refused, Err(EnvironmentError::NotFound(_))));
    }
    let short = Secret::new("short".to_owned());
    assert!(matches!(
        now(rotate_secret(&world.directory, &HOME.into(), &short)),
        Err(EnvironmentError::Secret)
    ));
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

#[async_trait]
impl Sink for Heard {
    fn topic(&self) -> &'static str {
        blocks::audit::TOPIC
    }

    async fn take(&self, _: &Tx, events: &[Event]) -> Result<(), StoreError> {
        let mut heard = self.0.lock().unwrap();
        heard.extend(events.iter().map(|event| event.body.clone()));
        Ok(())
    }
}

#[test]
fn what_was_created_rotated_and_moved_stands_in_the_outbox_for_the_audit() {
    let world = world().with_home();
    world.clock.advance_seconds(1);
    let fresh = Secret::new("fedcba9876543210".to_owned());
    now(rotate_secret(&world.directory, &HOME.into(), &fresh)).unwrap();
    world.clock.advance_seconds(1);
    now(rotate_signing_key(&world.directory, &HOME.into(), false)).unwrap();
    let heard = Arc::new(Heard::default());
    now(outbox::drain(&world.db, Arc::clone(&heard) as Arc<_>)).unwrap();
    let bodies = heard.0.lock().unwrap().clone();
    assert_eq!(bodies.len(), 3);
    for (body, action) in bodies.iter().zip([
        "Environment created",
        "Environment secret rotated",
        "Signing keys rotated",
    ]) {
        let record: Value = serde_json::from_str(body).unwrap();
        assert_eq!(record["action"], action);
        assert!(!body.contains("0123456789abcdef") && !body.contains("fedcba9876543210"));
    }
}
