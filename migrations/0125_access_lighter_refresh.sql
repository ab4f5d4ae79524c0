-- A refresh writes fewer index entries: a current token goes with its session, and a session's place in the sweep moves
-- seldom.
DROP INDEX refresh_tokens_due;
CREATE INDEX refresh_tokens_replaced ON refresh_tokens (expires_at) WHERE rotated_at > 0;

ALTER TABLE sessions ADD COLUMN sweep_at BIGINT NOT NULL DEFAULT 0; -- never before expires_at; the moment it ended, once it has
UPDATE sessions SET sweep_at = expires_at;
DROP INDEX sessions_due;
CREATE INDEX sessions_due ON sessions (sweep_at);
