-- Audit records and how many there are.

CREATE TABLE audits (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL, -- ascending in time
  tenant_id TEXT NOT NULL, -- '' for the environment's own
  created_at BIGINT NOT NULL,
  severity TEXT NOT NULL,
  severity_rank BIGINT NOT NULL, -- from Info = 0 up, for sorting
  actor_kind TEXT NOT NULL,
  actor_id TEXT,
  user_id TEXT,
  email TEXT,
  email_key TEXT NOT NULL, -- lower-cased, '' when there is none
  action TEXT NOT NULL,
  ip TEXT,
  user_agent TEXT,
  description TEXT,
  resource TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  trace_id TEXT,
  custom TEXT NOT NULL, -- members of the sender's own, a JSON object
  before_change TEXT,
  after_change TEXT,
  search_text TEXT NOT NULL, -- what a free search looks at, lower-cased
  PRIMARY KEY (environment_id, id)
);
CREATE INDEX audits_by_time ON audits (environment_id, created_at, id);
CREATE INDEX audits_of_tenant ON audits (environment_id, tenant_id, created_at, id);
CREATE INDEX audits_of_tenant_by_severity ON audits (environment_id, tenant_id, severity, created_at, id);
CREATE INDEX audits_of_tenant_by_action ON audits (environment_id, tenant_id, action, created_at, id);
CREATE INDEX audits_of_user ON audits (environment_id, user_id, created_at, id);
CREATE INDEX audits_of_email ON audits (environment_id, email_key, created_at, id);

-- Counts per hour, kept in the transactions that write records: of everything ('all'), of a tenant ('tenant'), of a
-- tenant's severe ones ('severe') and of a kind of thing ('resource').
CREATE TABLE audit_tallies (
  environment_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  hour BIGINT NOT NULL, -- its beginning, in milliseconds
  entries BIGINT NOT NULL,
  PRIMARY KEY (environment_id, kind, name, hour)
);
CREATE INDEX audit_tallies_by_hour ON audit_tallies (environment_id, kind, hour, name, entries);
