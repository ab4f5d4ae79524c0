-- Tenants whose members, together with those of the tenants below, are in the search index: large ones that somebody has listed.
CREATE TABLE member_families (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  groupings BIGINT NOT NULL, -- of the hierarchies, when it was begun; another number makes it void
  ready BOOLEAN NOT NULL,
  at_tenant TEXT NOT NULL, -- how far members have been queued for the index
  at_user TEXT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id)
);
CREATE INDEX member_families_to_do ON member_families (environment_id, tenant_id) WHERE NOT ready;
