-- Users are global in an environment; a membership puts one into a tenant. What lists are sorted and searched by is kept in
-- lower case, and repeated in the memberships, so that a list of one tenant is a walk over one index.

CREATE TABLE users (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  email_key TEXT NOT NULL, -- the address; without one U+0001 and the id, which no address begins with
  username TEXT NOT NULL, -- '' without
  username_key TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  phone_number TEXT NOT NULL, -- '' without
  verified BOOLEAN NOT NULL,
  is_locked BOOLEAN NOT NULL,
  provider TEXT NOT NULL,
  class TEXT NOT NULL, -- verified and is_locked as 0 or 1 each, then provider
  managed_by TEXT NOT NULL,
  invisible BOOLEAN NOT NULL,
  super_user BOOLEAN NOT NULL,
  mfa_enrolled BOOLEAN NOT NULL,
  mfa_bypass BOOLEAN NOT NULL,
  metadata TEXT NOT NULL, -- JSON
  vendor_metadata TEXT NOT NULL, -- JSON; '' without
  profile_picture_url TEXT NOT NULL, -- '' without
  external_id TEXT NOT NULL, -- '' without
  active_tenant TEXT NOT NULL,
  valid_after BIGINT NOT NULL,
  last_login BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX users_by_email ON users (environment_id, email_key);
CREATE UNIQUE INDEX users_by_username ON users (environment_id, username_key) WHERE username_key <> '';
CREATE INDEX users_by_name ON users (environment_id, name_key, id);
CREATE INDEX users_by_age ON users (environment_id, created_at, id);
CREATE INDEX users_by_class ON users (environment_id, class, id);
CREATE INDEX users_by_tenant ON users (environment_id, active_tenant, id);
CREATE INDEX users_by_phone ON users (environment_id, phone_number, id) WHERE phone_number <> '';
CREATE INDEX users_by_external_id ON users (environment_id, external_id, id) WHERE external_id <> '';

CREATE TABLE memberships (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  is_disabled BOOLEAN NOT NULL,
  expires_at BIGINT,
  valid_after BIGINT NOT NULL,
  sub_accounts BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  email_key TEXT NOT NULL,
  username_key TEXT NOT NULL,
  name_key TEXT NOT NULL,
  phone_number TEXT NOT NULL,
  class TEXT NOT NULL,
  invisible BOOLEAN NOT NULL,
  user_created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (environment_id, user_id, tenant_id);
CREATE INDEX memberships_by_email ON memberships (environment_id, tenant_id, email_key, user_id);
CREATE INDEX memberships_by_name ON memberships (environment_id, tenant_id, name_key, user_id);
CREATE INDEX memberships_by_age ON memberships (environment_id, tenant_id, user_created_at, user_id);
CREATE INDEX memberships_by_class ON memberships (environment_id, tenant_id, class, user_id);
CREATE INDEX memberships_by_username ON memberships (environment_id, tenant_id, username_key, user_id) WHERE username_key <> '';
CREATE INDEX memberships_by_phone ON memberships (environment_id, tenant_id, phone_number, user_id) WHERE phone_number <> '';
CREATE INDEX memberships_invisible ON memberships (environment_id, tenant_id, user_id) WHERE invisible;

CREATE TABLE member_roles (
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  role_id TEXT NOT NULL,
  PRIMARY KEY (environment_id, user_id, tenant_id, role_id)
);
CREATE INDEX member_roles_of_role ON member_roles (environment_id, role_id, tenant_id, user_id);

-- How many members a tenant has, by class, and under class '' all of them: exact, written with every membership.
-- A tenant that has grown large is ranked: its orders are counted in buckets, like those of the environment.
CREATE TABLE member_counts (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  class TEXT NOT NULL,
  members BIGINT NOT NULL,
  ranked BOOLEAN NOT NULL,
  PRIMARY KEY (environment_id, tenant_id, class)
);

-- Tenants that are being removed: nobody gets in any more, while their memberships go in pieces.
CREATE TABLE closed_tenants (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  closed_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id)
);
