-- Roles as the paged list sorts and searches them.

ALTER TABLE roles ADD COLUMN name_key TEXT NOT NULL DEFAULT ''; -- lower-cased
ALTER TABLE roles ADD COLUMN search_key TEXT NOT NULL DEFAULT ''; -- name, key and description, lower-cased
UPDATE roles SET name_key = lower(name), search_key = lower(name || ' ' || key || ' ' || description);
CREATE INDEX roles_by_environment_key ON roles (environment_id, key, id);
CREATE INDEX roles_by_name ON roles (environment_id, name_key, id);
CREATE INDEX roles_by_level ON roles (environment_id, level, key, id);
CREATE INDEX roles_by_creation ON roles (environment_id, created_at, id);
CREATE INDEX roles_by_update ON roles (environment_id, updated_at, id);
CREATE INDEX permissions_by_assignment ON permissions (environment_id, assignment_type, id);
