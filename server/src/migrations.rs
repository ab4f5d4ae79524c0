//! The schema, embedded.

use db::Migration;

const fn both(number: u32, name: &'static str, text: &'static str) -> Migration {
    Migration {
        number,
        name,
        common: Some(text),
        sqlite: None,
        pg: None,
    }
}

/// Every migration, in order. A file is added here once and never changed afterwards.
pub const MIGRATIONS: &[Migration] = &[
    both(
        1,
        "blocks_tables",
        include_str!("../../migrations/0001_blocks_tables.sql"),
    ),
    both(
        2,
        "environment_tables",
        include_str!("../../migrations/0002_environment_tables.sql"),
    ),
    both(
        3,
        "audit_tables",
        include_str!("../../migrations/0003_audit_tables.sql"),
    ),
    both(
        4,
        "tenancy_tables",
        include_str!("../../migrations/0004_tenancy_tables.sql"),
    ),
    both(
        5,
        "people_tables",
        include_str!("../../migrations/0005_people_tables.sql"),
    ),
    both(
        6,
        "access_tables",
        include_str!("../../migrations/0006_access_tables.sql"),
    ),
    both(
        10,
        "tenancy_hierarchy",
        include_str!("../../migrations/0010_tenancy_hierarchy.sql"),
    ),
    both(
        11,
        "people_sub_accounts",
        include_str!("../../migrations/0011_people_sub_accounts.sql"),
    ),
    both(
        20,
        "tenancy_applications",
        include_str!("../../migrations/0020_tenancy_applications.sql"),
    ),
    both(
        21,
        "people_applications",
        include_str!("../../migrations/0021_people_applications.sql"),
    ),
    both(
        30,
        "tenancy_role_lists",
        include_str!("../../migrations/0030_tenancy_role_lists.sql"),
    ),
    both(
        31,
        "people_groups",
        include_str!("../../migrations/0031_people_groups.sql"),
    ),
    both(
        40,
        "blocks_one_time_secrets",
        include_str!("../../migrations/0040_blocks_one_time_secrets.sql"),
    ),
    both(
        41,
        "people_identifiers",
        include_str!("../../migrations/0041_people_identifiers.sql"),
    ),
    both(
        50,
        "blocks_task_order",
        include_str!("../../migrations/0050_blocks_task_order.sql"),
    ),
    both(
        51,
        "people_members",
        include_str!("../../migrations/0051_people_members.sql"),
    ),
    both(
        60,
        "people_search",
        include_str!("../../migrations/0060_people_search.sql"),
    ),
    both(
        70,
        "environment_messages",
        include_str!("../../migrations/0070_environment_messages.sql"),
    ),
    both(
        80,
        "access_policies",
        include_str!("../../migrations/0080_access_policies.sql"),
    ),
    both(
        90,
        "access_password_policies",
        include_str!("../../migrations/0090_access_password_policies.sql"),
    ),
    both(
        110,
        "access_invitations",
        include_str!("../../migrations/0110_access_invitations.sql"),
    ),
];
