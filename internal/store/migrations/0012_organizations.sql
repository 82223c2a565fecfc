-- Organizations, who is in them as what, and who joins them by themselves.
-- +goose Up

CREATE TABLE organizations (
    id              TEXT    NOT NULL CONSTRAINT organizations_id PRIMARY KEY,
    name            TEXT    NOT NULL,
    description     TEXT,
    custom_data     TEXT    NOT NULL, -- JSON object
    is_mfa_required BOOLEAN NOT NULL,
    color           TEXT    NOT NULL, -- JSON: guestlist.OrganizationColor
    branding        TEXT    NOT NULL, -- JSON: guestlist.Branding
    custom_css      TEXT,
    created_at      BIGINT  NOT NULL
);

-- Roles and scopes are those of all organizations.
CREATE TABLE organization_scopes (
    id          TEXT NOT NULL CONSTRAINT organization_scopes_id PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT
);
CREATE UNIQUE INDEX organization_scopes_name ON organization_scopes (name);

CREATE TABLE organization_roles (
    id          TEXT NOT NULL CONSTRAINT organization_roles_id PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT,
    type        TEXT NOT NULL -- User, MachineToMachine
);
CREATE UNIQUE INDEX organization_roles_name ON organization_roles (name);

CREATE TABLE organization_role_scopes (
    role_id  TEXT NOT NULL REFERENCES organization_roles (id) ON DELETE CASCADE,
    scope_id TEXT NOT NULL REFERENCES organization_scopes (id) ON DELETE CASCADE,
    CONSTRAINT organization_role_scopes_role_id_scope_id PRIMARY KEY (role_id, scope_id)
);
CREATE INDEX organization_role_scopes_scope_id_index ON organization_role_scopes (scope_id);

-- What a role lets its members do at API resources.
CREATE TABLE organization_role_resource_scopes (
    role_id  TEXT NOT NULL REFERENCES organization_roles (id) ON DELETE CASCADE,
    scope_id TEXT NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
    CONSTRAINT organization_role_resource_scopes_role_id_scope_id PRIMARY KEY (role_id, scope_id)
);
CREATE INDEX organization_role_resource_scopes_scope_id_index ON organization_role_resource_scopes (scope_id);

CREATE TABLE organization_users (
    organization_id TEXT   NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at      BIGINT NOT NULL,
    CONSTRAINT organization_users_organization_id_user_id PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_users_user_id_index ON organization_users (user_id, organization_id);

CREATE TABLE organization_user_roles (
    organization_id TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    role_id         TEXT NOT NULL REFERENCES organization_roles (id) ON DELETE CASCADE,
    CONSTRAINT organization_user_roles_id PRIMARY KEY (organization_id, user_id, role_id),
    CONSTRAINT organization_user_roles_member FOREIGN KEY (organization_id, user_id)
        REFERENCES organization_users (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX organization_user_roles_role_id_index ON organization_user_roles (role_id, organization_id, user_id);

-- Just in time: whoever proves an address of a domain, or signs in by an
-- enterprise connector, for the first time, becomes a member with these roles.
CREATE TABLE organization_jit_domains (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    domain_key      TEXT NOT NULL, -- lower case
    domain          TEXT NOT NULL, -- as given
    CONSTRAINT organization_jit_domains_id PRIMARY KEY (organization_id, domain_key)
);
CREATE INDEX organization_jit_domains_domain_key_index ON organization_jit_domains (domain_key, organization_id);

CREATE TABLE organization_jit_roles (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    role_id         TEXT NOT NULL REFERENCES organization_roles (id) ON DELETE CASCADE,
    CONSTRAINT organization_jit_roles_id PRIMARY KEY (organization_id, role_id)
);
CREATE INDEX organization_jit_roles_role_id_index ON organization_jit_roles (role_id);

CREATE TABLE organization_jit_connectors (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connector_id    TEXT NOT NULL REFERENCES sso_connectors (id) ON DELETE CASCADE,
    CONSTRAINT organization_jit_connectors_id PRIMARY KEY (organization_id, connector_id)
);
CREATE INDEX organization_jit_connectors_connector_id_index ON organization_jit_connectors (connector_id, organization_id);

-- The invitations into one organization, the newest last.
CREATE INDEX invitations_organizations_key_index ON invitations (organizations_key, id) WHERE organizations_key <> '';
