-- Codes and link tokens that count once. There is at most one of a purpose for each subject: a new one replaces it.

CREATE TABLE one_time_secrets (
  environment_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  subject TEXT NOT NULL, -- what it is about, unique within the purpose
  owner TEXT NOT NULL, -- the user it goes with; '' without one
  handle_hash TEXT NOT NULL, -- SHA-256 of the token, or of the handle that the asking client holds
  code_hash TEXT NOT NULL, -- keyed digest of the code; '' for a token
  body TEXT NOT NULL, -- JSON: what it is good for
  tries BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, purpose, subject)
);
CREATE UNIQUE INDEX one_time_secrets_by_handle ON one_time_secrets (environment_id, handle_hash);
CREATE INDEX one_time_secrets_of_owner ON one_time_secrets (environment_id, owner) WHERE owner <> '';
CREATE INDEX one_time_secrets_due ON one_time_secrets (expires_at);
CREATE INDEX throttles_due ON throttles (since);
