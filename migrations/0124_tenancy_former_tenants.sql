-- Ids of tenants that were deleted. Their audit records stay, so that whoever gets such an id reads them: users of other
-- tenants may not take it.
CREATE TABLE former_tenants (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id)
);
