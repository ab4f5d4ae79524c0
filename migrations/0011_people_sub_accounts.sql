-- Members whose roles also hold in the tenants below.
CREATE INDEX memberships_reaching_down ON memberships (environment_id, tenant_id, user_id) WHERE sub_accounts;
