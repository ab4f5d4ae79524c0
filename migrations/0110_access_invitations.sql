-- Links by which anybody who holds one joins a tenant: one of each member who invites, and general ones.

CREATE TABLE invitation_links (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL, -- the member whose link it is; '' for a general one
  owner_since BIGINT NOT NULL, -- when that member's membership began: the link ends with it
  token_hash TEXT NOT NULL, -- SHA-256
  sealed_token TEXT NOT NULL, -- for its owner to read again
  role_ids TEXT NOT NULL, -- JSON; the tenant's default roles where it is empty
  should_send_email BOOLEAN NOT NULL, -- whether the owner hears when it is used
  expires_at BIGINT, -- NULL for never
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX invitation_links_by_token ON invitation_links (environment_id, token_hash);
CREATE UNIQUE INDEX invitation_links_of_member ON invitation_links (environment_id, tenant_id, user_id) WHERE user_id <> '';
CREATE INDEX invitation_links_of_user ON invitation_links (environment_id, user_id) WHERE user_id <> '';
CREATE INDEX invitation_links_by_age ON invitation_links (environment_id, created_at, id);
CREATE INDEX invitation_links_of_tenant ON invitation_links (environment_id, tenant_id, created_at, id);
