-- What a session was opened with, and who may come in from where.

ALTER TABLE sessions ADD COLUMN device_id TEXT NOT NULL DEFAULT ''; -- the browser's device cookie
ALTER TABLE sessions ADD COLUMN impersonated BOOLEAN NOT NULL DEFAULT FALSE; -- somebody else acts in it

CREATE TABLE restriction_lists (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- '' for the environment's own
  kind TEXT NOT NULL, -- ip, email-domain
  is_active BOOLEAN NOT NULL,
  strategy TEXT NOT NULL, -- ALLOW or BLOCK: which entries count
  block_public_domains BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id, kind)
);

CREATE TABLE restriction_entries (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  strategy TEXT NOT NULL,
  value TEXT NOT NULL, -- an address, a network or a domain, in its one spelling
  is_active BOOLEAN NOT NULL,
  description TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX restriction_entries_once ON restriction_entries (environment_id, tenant_id, kind, strategy, value);
