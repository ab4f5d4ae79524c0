-- What users are sorted by, for pages over thousands who fit a search: of each key sixteen bytes, in columns of eight, in
-- blocks of 1,024 neighbouring numbers (those of search_docs).
CREATE TABLE search_columns (
  environment_id TEXT NOT NULL,
  kind BIGINT NOT NULL, -- which key, and which eight bytes of it
  block BIGINT NOT NULL,
  parts BYTEA NOT NULL,
  PRIMARY KEY (environment_id, kind, block)
);

-- Users from before: the job works through them, and meanwhile searches read them one by one.
INSERT INTO search_queue (environment_id, created_at, user_id, version)
SELECT environment_id, created_at, id, 1 FROM users WHERE TRUE
ON CONFLICT (environment_id, created_at, user_id) DO UPDATE SET version = search_queue.version + 1;
