-- Tenants below tenants: lists of them in every order, moves that wait for each other, and how far their members reach.

ALTER TABLE tenants ADD COLUMN sub_account_access TEXT NOT NULL DEFAULT 'defaultOff';

CREATE INDEX tenants_below_by_age ON tenants (environment_id, parent_tenant_id, created_at, tenant_id)
  WHERE parent_tenant_id <> '';
CREATE INDEX tenants_below_by_name ON tenants (environment_id, parent_tenant_id, name_key, tenant_id)
  WHERE parent_tenant_id <> '';

-- A tenant that takes over sub-tenants may go itself before it has.
CREATE INDEX tenant_removals_by_parent ON tenant_removals (environment_id, parent_tenant_id, tenant_id);

-- Moves in one environment wait here for each other: two that cross would otherwise make a loop.
CREATE TABLE hierarchies (
  environment_id TEXT NOT NULL,
  moves BIGINT NOT NULL,
  PRIMARY KEY (environment_id)
);

-- Grows with every tenant that comes, goes or gets another name: what was found before is then no longer kept.
ALTER TABLE tenant_totals ADD COLUMN edition BIGINT NOT NULL DEFAULT 0;
