-- Everything a user can be found by beside the username: e-mail addresses and phone numbers. The primary one of each kind
-- is repeated in users, where lists are sorted and searched by it.

CREATE TABLE user_identifiers (
  environment_id TEXT NOT NULL,
  kind TEXT NOT NULL, -- email or phone
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  value TEXT NOT NULL, -- as it is compared
  verified BOOLEAN NOT NULL,
  is_primary BOOLEAN NOT NULL,
  owned BOOLEAN NOT NULL, -- nobody else may have it; others are claims that wait for a proof
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, kind, id)
);
CREATE UNIQUE INDEX user_identifiers_owned ON user_identifiers (environment_id, kind, value) WHERE owned;
CREATE UNIQUE INDEX user_identifiers_of_user ON user_identifiers (environment_id, kind, user_id, value);
CREATE INDEX user_identifiers_by_value ON user_identifiers (environment_id, kind, value, id);

CREATE INDEX users_with_username ON users (environment_id, id) WHERE username_key <> '';

-- The address and the number that users have already. A first one has the id of its user.
INSERT INTO user_identifiers (environment_id, kind, id, user_id, value, verified, is_primary, owned, created_at, updated_at)
  SELECT environment_id, 'email', id, id, email_key, verified, TRUE, TRUE, created_at, created_at
  FROM users WHERE email_key LIKE '%@%';
INSERT INTO user_identifiers (environment_id, kind, id, user_id, value, verified, is_primary, owned, created_at, updated_at)
  SELECT environment_id, 'phone', id, id, phone_number, FALSE, TRUE, FALSE, created_at, created_at
  FROM users WHERE phone_number <> '';

-- Both kinds are counted in buckets; the first one is split as entries come.
INSERT INTO rankings (environment_id, list, first_key, first_id, end_key, end_id, entries)
  SELECT environment_id, 'identifiers.' || kind, '', '', '', '', COUNT(*)
  FROM user_identifiers GROUP BY environment_id, kind;
