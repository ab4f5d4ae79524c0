-- Temporary access whose end has not been acted upon, and members by the time they joined.
CREATE INDEX memberships_expiring ON memberships (expires_at) WHERE expires_at IS NOT NULL AND valid_after < expires_at;
CREATE INDEX memberships_by_joining ON memberships (environment_id, tenant_id, created_at);

-- Pictures that users have uploaded, one per user, under a key that cannot be guessed.
CREATE TABLE profile_images (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  content_type TEXT NOT NULL,
  bytes TEXT NOT NULL, -- base64
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX profile_images_of_user ON profile_images (environment_id, user_id);
