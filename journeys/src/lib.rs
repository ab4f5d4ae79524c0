//! What the journeys stand on: a [`World`] per test on either engine, [`Client`]s that speak to it, and the real
//! server as a process where a socket or a kill is the point.
//!
//! A test is a sentence about behaviour and uses nothing but the public API:
//!
//! ```text
//! both_engines! {
//!     async fn a_role_can_be_read_back(world: World) {
//!         let vendor = world.vendor().await;
//!         vendor.post(ROLES, json!([{"key": "editor", "name": "Editor", "level": 1}])).await.expect(201);
//!         let roles = vendor.get(ROLES).await.expect(200);
//!         assert!(roles.pluck("key").contains(&"editor".to_owned()));
//!     }
//! }
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate only tests: a failed unwrap is how a test speaks"
)]

mod answer;
mod client;
pub mod crash;
mod database;
mod fixture;
mod process;
pub mod routes;
mod snapshot;
mod source;
mod token;
mod wire;
mod world;

pub use answer::Answer;
pub use client::{Client, Payload};
pub use database::{Engine, has_postgres, postgres_url};
pub use fixture::{Environment, PASSWORD, Person};
pub use process::{Launch, Running, Tokens, repository};
pub use snapshot::snapshot;
pub use source::{Statement, statements};
pub use token::{claim_names, claims, header, signed_by, tampered};
pub use wire::Other;
pub use world::{Direct, World};

/// Addresses that many journeys use.
pub mod at {
    pub const VENDOR: &str = "/auth/vendor";
    pub const LOGIN: &str = "/identity/resources/auth/v1/user";
    pub const REFRESH: &str = "/identity/resources/auth/v1/user/token/refresh";
    pub const LOGOUT: &str = "/identity/resources/auth/v1/logout";
    pub const CONFIGURATION: &str = "/identity/resources/configurations/v1";
    pub const BASIC: &str = "/identity/resources/configurations/v1/basic";
    pub const VENDORS: &str = "/vendors";
    pub const JWKS: &str = "/.well-known/jwks.json";
    pub const DISCOVERY: &str = "/.well-known/openid-configuration";
    pub const TENANTS: &str = "/tenants/resources/tenants/v1";
    pub const TENANTS_V2: &str = "/tenants/resources/tenants/v2";
    pub const SUB_TENANTS: &str = "/tenants/resources/sub-tenants/v1";
    pub const HIERARCHY: &str = "/tenants/resources/hierarchy/v1";
    pub const SUB_TENANT_USERS: &str = "/identity/resources/sub-tenants/users/v1";
    pub const ACCOUNT: &str = "/tenants/resources/account-settings/v1";
    pub const ROLES: &str = "/identity/resources/roles/v1";
    pub const ROLES_V2: &str = "/identity/resources/roles/v2";
    pub const GROUPS: &str = "/identity/resources/groups/v1";
    pub const GROUPS_V2: &str = "/identity/resources/groups/v2";
    pub const GROUPS_OF_USERS: &str = "/identity/resources/users/v3/groups";
    pub const PERMISSIONS: &str = "/identity/resources/permissions/v1";
    pub const CATEGORIES: &str = "/identity/resources/permissions/v1/categories";
    pub const APPLICATIONS: &str = "/applications/resources/applications/v1";
    pub const APPLICATION_CREDENTIALS: &str = "/applications/resources/applications/v1/credentials";
    pub const APPLICATION_CLIENTS: &str = "/applications/application-clients";
    pub const ASSIGNMENTS: &str = "/applications/resources/applications/tenant-assignments/v1";
    pub const ASSIGNMENTS_V2: &str = "/applications/resources/applications/tenant-assignments/v2";
    pub const USER_APPLICATIONS: &str = "/identity/resources/applications/v1";
    pub const ACTIVE_TENANTS: &str = "/identity/resources/applications/user-tenants/active/v1";
    pub const VENDOR_USERS: &str = "/identity/resources/vendor-only/users/v1";
    pub const USERS: &str = "/identity/resources/users/v1";
    pub const PHRASE: &str = "/identity/resources/users/v1/query/phrase";
    pub const USERS_V2: &str = "/identity/resources/users/v2";
    pub const USERS_V3: &str = "/identity/resources/users/v3";
    pub const BY_EMAIL: &str = "/identity/resources/users/v1/email";
    pub const ME: &str = "/identity/resources/users/v2/me";
    pub const ME_V3: &str = "/identity/resources/users/v3/me";
    pub const MY_TENANTS: &str = "/identity/resources/users/v1/me/tenants";
    pub const MY_AUTHORIZATION: &str = "/identity/resources/users/v1/me/authorization";
    pub const SWITCH: &str = "/identity/resources/users/v1/tenant";
    pub const AUDITS: &str = "/audits";
    pub const AUDITS_V2: &str = "/audits/resources/audits/v2";
}

/// Makes two tests of each function: `name::sqlite` and `name::postgres`, each with a world of its own.
#[macro_export]
macro_rules! both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident : $type:ty) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports, reason = "not every test names something from outside")]
            use super::*;

            $(#[$meta])*
            async fn journey($world: &$type) $body

            #[tokio::test]
            async fn sqlite() {
                let world = $crate::World::sqlite().await;
                journey(&world).await;
                world.end().await;
            }

            #[tokio::test]
            async fn postgres() {
                let world = $crate::World::postgres().await;
                journey(&world).await;
                world.end().await;
            }
        }
    )* };
}
