-- People of outside identity providers: the identities that their holders
-- linked, and answers that SAML providers post.
-- +goose Up

-- is_own: see user_identities.
ALTER TABLE sso_identities ADD COLUMN is_own BOOLEAN NOT NULL DEFAULT FALSE;

-- Whoever has a social identity under any issuer: an administrator writes none.
CREATE INDEX user_identities_target_identity_id_index ON user_identities (target, identity_id);

-- Attempts of guests at SAML providers. The answer comes from another origin,
-- without cookies: it finds its attempt by the RelayState, and the browser that
-- fetches the result finds it by a handle.
CREATE TABLE saml_requests (
    id             TEXT   NOT NULL CONSTRAINT saml_requests_id PRIMARY KEY, -- keyed hash of the RelayState
    interaction_id TEXT   NOT NULL,
    record_id      TEXT   NOT NULL, -- the verification record of the attempt
    way            TEXT   NOT NULL, -- social, sso
    connector_id   TEXT   NOT NULL,
    pending        TEXT   NOT NULL, -- sealed
    handle         TEXT, -- keyed hash, NULL until the answer was accepted
    identity       TEXT, -- sealed, NULL until the answer was accepted
    expires_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX saml_requests_handle ON saml_requests (handle);
CREATE INDEX saml_requests_expires_at_index ON saml_requests (expires_at);

-- Assertions that were accepted, until they would be refused for their age.
CREATE TABLE saml_assertions (
    id         TEXT   NOT NULL CONSTRAINT saml_assertions_id PRIMARY KEY, -- keyed hash of connector and assertion id
    expires_at BIGINT NOT NULL
);
CREATE INDEX saml_assertions_expires_at_index ON saml_assertions (expires_at);
