-- Which members were given which application, and the tenant each user works in per application.

CREATE TABLE member_applications (
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, user_id, tenant_id, application_id)
);
CREATE INDEX member_applications_users ON member_applications (environment_id, application_id, user_id, tenant_id);
CREATE INDEX member_applications_members ON member_applications (environment_id, application_id, tenant_id, user_id);
INSERT INTO member_applications (environment_id, user_id, tenant_id, application_id, created_at)
  SELECT m.environment_id, m.user_id, m.tenant_id, a.id, m.created_at
  FROM memberships m JOIN applications a ON a.environment_id = m.environment_id AND a.is_default;

-- The tenant a user works in, in applications other than the default one; in that it is the user's own active tenant.
CREATE TABLE application_active_tenants (
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, user_id, application_id)
);
CREATE INDEX application_active_tenants_of_application ON application_active_tenants (environment_id, application_id, user_id);
