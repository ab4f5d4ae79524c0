-- Environments and the keys they sign with.

CREATE TABLE environments (
  environment_id TEXT NOT NULL, -- also the client id of the environment's token
  name TEXT NOT NULL,
  host TEXT NOT NULL, -- host[:port] of the public address, lower case: how requests are told apart
  public_url TEXT NOT NULL,
  secret_hash TEXT NOT NULL, -- SHA-256 in hex
  shown_host TEXT NOT NULL, -- what management clients wrote as host; '' where nobody did
  country TEXT NOT NULL,
  backend_stack TEXT NOT NULL,
  frontend_stack TEXT NOT NULL,
  open_saas_installed BOOLEAN NOT NULL,
  login_url TEXT NOT NULL,
  logo TEXT NOT NULL,
  icon TEXT NOT NULL,
  white_label_mode BOOLEAN NOT NULL,
  allowed_origins TEXT NOT NULL, -- JSON list, letter by letter as written
  position BIGINT NOT NULL, -- in order of creation
  version BIGINT NOT NULL, -- grows with every change of anything that caches hold of an environment
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id)
);
-- all environments: a host belongs to one of them
CREATE UNIQUE INDEX environments_by_host ON environments (host);
-- all environments: of two that are created at once, one waits for the other
CREATE UNIQUE INDEX environments_in_order ON environments (position);

CREATE TABLE signing_keys (
  environment_id TEXT NOT NULL,
  purpose TEXT NOT NULL, -- user, vendor, refresh, jwt_secret
  kid TEXT NOT NULL,
  position BIGINT NOT NULL, -- from 1, in order of creation
  sealed TEXT NOT NULL, -- '' once the key signs no more
  public_key TEXT NOT NULL, -- the public half as JWK; '' for symmetric keys
  longest_seconds BIGINT NOT NULL, -- the longest life of a token this key may have signed
  created_at BIGINT NOT NULL,
  retired_at BIGINT NOT NULL, -- 0 while it signs
  ends_at BIGINT NOT NULL, -- 0 while it signs; afterwards when its last token has ended
  PRIMARY KEY (environment_id, purpose, kid)
);
