-- Groups of a tenant's members; what a group's roles grant counts for each of them.

CREATE TABLE user_groups (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL, -- lower-cased, for sorting
  color TEXT NOT NULL,
  description TEXT NOT NULL,
  metadata TEXT NOT NULL, -- JSON
  managed_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id, id)
);
CREATE UNIQUE INDEX user_groups_by_name ON user_groups (environment_id, tenant_id, name);
CREATE INDEX user_groups_sorted ON user_groups (environment_id, tenant_id, name_key, id);
CREATE INDEX user_groups_by_creation ON user_groups (environment_id, tenant_id, created_at, id);
CREATE INDEX user_groups_by_update ON user_groups (environment_id, tenant_id, updated_at, id);

-- Rows of a deleted group may outlive it for a while; they grant nothing.
CREATE TABLE group_members (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  group_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id, group_id, user_id)
);
CREATE INDEX group_members_of_user ON group_members (environment_id, user_id, tenant_id, group_id);

CREATE TABLE group_roles (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- of the group
  group_id TEXT NOT NULL,
  role_id TEXT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id, group_id, role_id)
);
CREATE INDEX group_roles_of_role ON group_roles (environment_id, role_id, tenant_id, group_id);
