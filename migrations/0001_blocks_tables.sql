-- Tables of the building blocks. Every key starts with the environment.

CREATE TABLE settings (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- '' for the environment's own document
  name TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, name, tenant_id)
);
CREATE INDEX settings_of_tenant ON settings (environment_id, tenant_id);

CREATE TABLE outbox (
  environment_id TEXT NOT NULL,
  topic TEXT NOT NULL,
  id TEXT NOT NULL, -- ascending in time
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, topic, id)
);
CREATE INDEX outbox_in_order ON outbox (topic, id);

CREATE TABLE tasks (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  task_order TEXT NOT NULL,
  task_cursor TEXT NOT NULL,
  total BIGINT NOT NULL,
  done BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  errors TEXT NOT NULL,
  leased_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE INDEX tasks_open ON tasks (kind, created_at, id) WHERE state IN ('NotStarted', 'InProgress');

CREATE TABLE throttles (
  environment_id TEXT NOT NULL,
  what TEXT NOT NULL,
  who TEXT NOT NULL,
  since BIGINT NOT NULL,
  hits BIGINT NOT NULL,
  PRIMARY KEY (environment_id, what, who)
);

CREATE TABLE rankings (
  environment_id TEXT NOT NULL,
  list TEXT NOT NULL,
  first_key TEXT NOT NULL,
  first_id TEXT NOT NULL,
  end_key TEXT NOT NULL, -- the bucket ends before (end_key, end_id); both '' in the last one
  end_id TEXT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (environment_id, list, first_key, first_id)
);
