-- The other ways in: enterprise identity providers, the domains that a social
-- connector is believed for, what new people are asked, and captchas.
-- +goose Up

ALTER TABLE connectors ADD COLUMN trusted_email_domains TEXT; -- JSON list; NULL where nothing was said

CREATE TABLE sso_connectors (
    id                   TEXT    NOT NULL CONSTRAINT sso_connectors_id PRIMARY KEY,
    provider_name        TEXT    NOT NULL,
    connector_name       TEXT    NOT NULL,
    config               TEXT    NOT NULL, -- sealed
    domains              TEXT    NOT NULL, -- JSON list, in the order given
    branding             TEXT    NOT NULL,
    sync_profile         BOOLEAN NOT NULL,
    enable_token_storage BOOLEAN NOT NULL,
    created_at           BIGINT  NOT NULL
);
CREATE UNIQUE INDEX sso_connectors_connector_name ON sso_connectors (connector_name);
CREATE INDEX sso_connectors_created_at_index ON sso_connectors (created_at, id);

-- The same domains again, to find connectors by.
CREATE TABLE sso_connector_domains (
    domain       TEXT NOT NULL,
    connector_id TEXT NOT NULL REFERENCES sso_connectors (id) ON DELETE CASCADE,
    CONSTRAINT sso_connector_domains_domain_connector_id PRIMARY KEY (domain, connector_id)
);
CREATE INDEX sso_connector_domains_connector_id_index ON sso_connector_domains (connector_id);

-- Identities go with their connector.
CREATE INDEX sso_identities_sso_connector_id_index ON sso_identities (sso_connector_id);

CREATE TABLE custom_profile_fields (
    id          TEXT    NOT NULL CONSTRAINT custom_profile_fields_id PRIMARY KEY,
    name        TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    description TEXT,
    required    BOOLEAN NOT NULL,
    config      TEXT    NOT NULL,
    sie_order   BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL
);
CREATE UNIQUE INDEX custom_profile_fields_name ON custom_profile_fields (name);

-- There is one row at most.
CREATE TABLE captcha_providers (
    tenant_id  TEXT   NOT NULL CONSTRAINT captcha_providers_tenant_id PRIMARY KEY,
    id         TEXT   NOT NULL,
    config     TEXT   NOT NULL, -- sealed
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- +goose Down
SELECT 'migrations are forward only';
