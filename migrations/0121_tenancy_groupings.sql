-- How often tenants with their members have moved to or from under another: what is kept about everybody below a tenant
-- holds for one number.
ALTER TABLE hierarchies ADD COLUMN groupings BIGINT NOT NULL DEFAULT 0;
