-- Tenants, applications, roles, permissions and their categories.

CREATE TABLE tenants (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- chosen by the caller or generated; what everybody else calls the tenant's id
  id TEXT NOT NULL, -- of the record
  parent_tenant_id TEXT NOT NULL, -- '' at the top
  name TEXT NOT NULL,
  name_key TEXT NOT NULL, -- lower-cased, for sorting
  alias TEXT,
  status TEXT,
  website TEXT,
  application_url TEXT,
  domain TEXT,
  address TEXT,
  timezone TEXT,
  date_format TEXT,
  time_format TEXT,
  currency TEXT,
  creator_name TEXT,
  creator_email TEXT,
  logo TEXT,
  logo_url TEXT,
  is_reseller BOOLEAN NOT NULL,
  metadata TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id)
);
CREATE INDEX tenants_by_name ON tenants (environment_id, name_key, tenant_id);
CREATE INDEX tenants_by_creation ON tenants (environment_id, created_at, tenant_id, name_key);
CREATE INDEX tenants_by_parent ON tenants (environment_id, parent_tenant_id, tenant_id);

CREATE TABLE tenant_aliases (
  environment_id TEXT NOT NULL,
  alias TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  PRIMARY KEY (environment_id, alias)
);
CREATE INDEX tenant_aliases_of_tenant ON tenant_aliases (environment_id, tenant_id);

-- What a tenant is found by: its id, and its name from each word on, all lower-cased.
CREATE TABLE tenant_terms (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  term TEXT NOT NULL,
  shared BIGINT NOT NULL, -- characters this term begins with in common with an earlier term of the same tenant
  PRIMARY KEY (environment_id, tenant_id, term)
);
CREATE INDEX tenant_terms_by_term ON tenant_terms (environment_id, term, shared, tenant_id);

-- How many tenants an environment has, kept in the transactions that add and remove them.
CREATE TABLE tenant_totals (
  environment_id TEXT NOT NULL,
  tenants BIGINT NOT NULL,
  PRIMARY KEY (environment_id)
);

-- Tenants that are gone for everybody but whose rows are still being removed in pieces.
CREATE TABLE tenant_removals (
  environment_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  parent_tenant_id TEXT NOT NULL, -- who takes over the sub-tenants
  created_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, tenant_id)
);

CREATE TABLE applications (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  app_url TEXT NOT NULL,
  login_url TEXT NOT NULL,
  logo_url TEXT NOT NULL,
  access_type TEXT NOT NULL,
  kind TEXT NOT NULL,
  frontend_stack TEXT NOT NULL,
  description TEXT NOT NULL,
  is_default BOOLEAN NOT NULL,
  is_active BOOLEAN NOT NULL,
  allow_dcr BOOLEAN NOT NULL,
  metadata TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX applications_one_default ON applications (environment_id) WHERE is_default;

CREATE TABLE roles (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- '' for the environment's roles
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_default BOOLEAN NOT NULL,
  first_user_role BOOLEAN NOT NULL,
  level BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX roles_by_key ON roles (environment_id, tenant_id, key);

CREATE TABLE role_permissions (
  environment_id TEXT NOT NULL,
  role_id TEXT NOT NULL,
  permission_id TEXT NOT NULL,
  tenant_id TEXT NOT NULL, -- of the role
  PRIMARY KEY (environment_id, role_id, permission_id)
);
CREATE INDEX role_permissions_by_permission ON role_permissions (environment_id, permission_id, role_id);
CREATE INDEX role_permissions_of_tenant ON role_permissions (environment_id, tenant_id, permission_id, role_id);

CREATE TABLE permission_categories (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  built_in BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX permission_categories_by_name ON permission_categories (environment_id, name);

CREATE TABLE permissions (
  environment_id TEXT NOT NULL,
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  category_id TEXT,
  assignment_type TEXT NOT NULL,
  built_in BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (environment_id, id)
);
CREATE UNIQUE INDEX permissions_by_key ON permissions (environment_id, key);
CREATE INDEX permissions_of_category ON permissions (environment_id, category_id);
