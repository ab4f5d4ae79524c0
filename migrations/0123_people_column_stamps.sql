-- How often each block of an environment's columns was written, eight bytes for each: what a node keeps of a block in memory
-- is good as long as this has not changed.
CREATE TABLE search_stamps (
  environment_id TEXT NOT NULL PRIMARY KEY,
  stamps BYTEA NOT NULL
);
