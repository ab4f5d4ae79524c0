-- Applications as their owners configure them: which tenants may use them, their secrets, and the clients that act for them.

ALTER TABLE applications ADD COLUMN app_host TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN auto_assign BOOLEAN NOT NULL DEFAULT FALSE; -- new tenants get it, as they get the default one
ALTER TABLE applications ADD COLUMN integration_finished_at BIGINT; -- when somebody first signed in to it

-- How many applications an environment has. Whoever adds or removes one, or moves the default, holds this row.
CREATE TABLE application_totals (
  environment_id TEXT NOT NULL,
  applications BIGINT NOT NULL,
  PRIMARY KEY (environment_id)
);
INSERT INTO application_totals (environment_id, applications)
  SELECT environment_id, COUNT(*) FROM applications GROUP BY environment_id;

-- What was decided about a tenant and an application. Where nothing was, the default application is open and others are not.
CREATE TABLE application_tenants (
  environment_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  assigned BOOLEAN NOT NULL, -- false: taken away, which counts for the default application too
  access_type TEXT NOT NULL, -- '' for that of the application
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, application_id, tenant_id)
);
CREATE INDEX application_tenants_of_tenant ON application_tenants (environment_id, tenant_id, application_id);
INSERT INTO application_tenants (environment_id, application_id, tenant_id, assigned, access_type, created_at)
  SELECT t.environment_id, a.id, t.tenant_id, TRUE, '', t.created_at
  FROM tenants t JOIN applications a ON a.environment_id = t.environment_id AND a.is_default;

CREATE TABLE application_credentials (
  environment_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  client_secret TEXT NOT NULL, -- sealed
  shared_secret TEXT NOT NULL, -- sealed
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, application_id)
);

CREATE TABLE application_clients (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  secret_hash TEXT NOT NULL, -- SHA-256 of the secret
  redirect_urls TEXT NOT NULL, -- a JSON list
  external_metadata TEXT, -- a JSON object
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE INDEX application_clients_of_application ON application_clients (environment_id, application_id, created_at, id);
