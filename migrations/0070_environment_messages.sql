-- Messages on their way out, their templates and the environments' own ways of sending.

CREATE TABLE message_queues (
  environment_id TEXT NOT NULL,
  waiting BIGINT NOT NULL, -- messages of this environment that are to be sent
  next_due BIGINT NOT NULL, -- when the first of them is; the largest number where none is
  leased_until BIGINT NOT NULL, -- somebody sends until then
  faults BIGINT NOT NULL, -- rounds in a row in which nothing went
  PRIMARY KEY (environment_id)
);
-- all environments: whose turn it is
CREATE INDEX message_queues_in_order ON message_queues (next_due, environment_id) WHERE waiting > 0;

CREATE TABLE messages (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- '' where the message is about no tenant
  channel TEXT NOT NULL, -- mail, sms
  template TEXT NOT NULL,
  target TEXT NOT NULL, -- address or number
  sealed TEXT NOT NULL, -- what the template is filled with; '' once the message is dead
  state TEXT NOT NULL, -- waiting, dead
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  fault TEXT NOT NULL, -- of the last attempt
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE INDEX messages_due ON messages (environment_id, due_at, id) WHERE state = 'waiting';
CREATE INDEX messages_of_target ON messages (environment_id, target) WHERE state = 'waiting';
CREATE INDEX messages_dead ON messages (environment_id, updated_at, id) WHERE state = 'dead';

CREATE TABLE message_templates (
  environment_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  body TEXT NOT NULL, -- JSON
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, channel, kind)
);
CREATE UNIQUE INDEX message_templates_by_id ON message_templates (environment_id, id);

CREATE TABLE message_providers (
  environment_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  provider TEXT NOT NULL,
  sealed TEXT NOT NULL, -- keys and settings as JSON
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, channel)
);
