-- Passwords, sessions and the refresh tokens that continue them.

CREATE TABLE credentials (
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL, -- what made the hash; 'native' is our own
  hash TEXT NOT NULL,
  config TEXT, -- what a foreign hash needs beside itself
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, user_id)
);

CREATE TABLE sessions (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL, -- ascending in time; the tokens' sid
  user_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- the active one, as of the last refresh
  created_at BIGINT NOT NULL,
  last_refreshed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, -- of its newest refresh token; the moment it ended, once it has
  ended_at BIGINT NOT NULL, -- 0 while it lives
  end_reason TEXT NOT NULL, -- '' while it lives
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE INDEX sessions_of_user ON sessions (environment_id, user_id, id);
CREATE INDEX sessions_of_tenant ON sessions (environment_id, tenant_id, id);
CREATE INDEX sessions_due ON sessions (expires_at);

CREATE TABLE refresh_tokens (
  environment_id TEXT NOT NULL,
  hash TEXT NOT NULL, -- SHA-256 of the value
  session_id TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, -- a rotated one is remembered until then, so that its reuse is seen
  rotated_at BIGINT NOT NULL, -- 0 while it is the session's current one
  PRIMARY KEY (environment_id, hash)
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (environment_id, session_id);
CREATE INDEX refresh_tokens_due ON refresh_tokens (expires_at);
