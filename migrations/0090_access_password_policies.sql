-- Passwords that were replaced, what is known of leaks, and locks that wrong passwords brought about.

CREATE TABLE password_history (
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  ordinal BIGINT NOT NULL, -- ascending with each password that is replaced
  kind TEXT NOT NULL,
  hash TEXT NOT NULL,
  config TEXT,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, user_id, ordinal)
);

ALTER TABLE credentials ADD COLUMN leaked BIGINT NOT NULL DEFAULT 0; -- how often, as of the last look
ALTER TABLE credentials ADD COLUMN leak_asked_at BIGINT NOT NULL DEFAULT 0; -- 0 before the first look

-- A user who is locked and stands here was locked by wrong passwords and may unlock themselves; everybody else who is
-- locked was locked by the environment.
CREATE TABLE guess_locks (
  environment_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  locked_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, user_id)
);
