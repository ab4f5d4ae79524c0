-- Search for texts anywhere in names, addresses, usernames and numbers. A user who is written gets a row in search_queue in the
-- same transaction; a background job folds such rows into the postings, and searches look at both.

-- Whoever holds the row of an environment folds its queue.
CREATE TABLE search_heads (
  environment_id TEXT NOT NULL,
  next_doc BIGINT NOT NULL,
  PRIMARY KEY (environment_id)
);

-- The number a user has in the postings, and what of the user they hold.
CREATE TABLE search_docs (
  environment_id TEXT NOT NULL,
  doc BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (environment_id, doc)
);
CREATE UNIQUE INDEX search_docs_of_user ON search_docs (environment_id, user_id);

-- Which users of a block of numbers hold a gram: one to three neighbouring characters, or a tag, as a number.
CREATE TABLE search_postings (
  environment_id TEXT NOT NULL,
  gram BIGINT NOT NULL,
  block BIGINT NOT NULL,
  docs BYTEA NOT NULL,
  PRIMARY KEY (environment_id, gram, block)
);

CREATE TABLE search_queue (
  environment_id TEXT NOT NULL,
  created_at BIGINT NOT NULL, -- of the user, so that numbers follow age
  user_id TEXT NOT NULL,
  version BIGINT NOT NULL, -- grows when the user changes again before the job has come by
  PRIMARY KEY (environment_id, created_at, user_id)
);

-- Users from before: the job works through them, and meanwhile searches read them one by one.
INSERT INTO search_queue (environment_id, created_at, user_id, version)
SELECT environment_id, created_at, id, 1 FROM users;
