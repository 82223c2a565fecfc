-- The tables of the front door. One text for SQLite and PostgreSQL: times are
-- BIGINT milliseconds, JSON and sealed values are TEXT, ids are TEXT.
-- Every unique index is named <table>_<columns>, so that a violation has the
-- same name on both engines (see constraint in errors.go).
-- +goose Up

CREATE TABLE settings (
    name  TEXT NOT NULL CONSTRAINT settings_name PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row; value goes up with every change of configuration, so that other
-- processes know when to forget what they cached.
CREATE TABLE revisions (
    name  TEXT   NOT NULL CONSTRAINT revisions_name PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO revisions (name, value) VALUES ('config', 1);

-- Counts kept as deltas, so that writers never wait for each other; a sweep
-- adds them up.
CREATE TABLE tallies (
    name  TEXT   NOT NULL,
    delta BIGINT NOT NULL
);
CREATE INDEX tallies_name ON tallies (name);

CREATE TABLE keys (
    id         TEXT   NOT NULL CONSTRAINT keys_id PRIMARY KEY,
    kind       TEXT   NOT NULL, -- signing or cookie
    algorithm  TEXT   NOT NULL,
    sealed     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    starts_at  BIGINT NOT NULL -- the newest one that has started is the current one
);

CREATE TABLE users (
    id                    TEXT    NOT NULL CONSTRAINT users_id PRIMARY KEY,
    username              TEXT,
    username_key          TEXT,
    primary_email         TEXT,
    email_key             TEXT,
    primary_phone         TEXT,
    name                  TEXT,
    name_key              TEXT,
    avatar                TEXT,
    custom_data           TEXT    NOT NULL,
    profile               TEXT    NOT NULL,
    logto_config          TEXT    NOT NULL,
    password_digest       TEXT, -- sealed
    password_algorithm    TEXT,
    password_is_temporary BOOLEAN NOT NULL,
    password_is_own       BOOLEAN NOT NULL DEFAULT FALSE, -- set by a holder of the account, not by an administrator
    password_is_expired   BOOLEAN NOT NULL,
    password_changed_at   BIGINT,
    is_suspended          BOOLEAN NOT NULL,
    application_id        TEXT,
    email_verified_at     BIGINT,
    phone_verified_at     BIGINT,
    last_sign_in_at       BIGINT,
    created_at            BIGINT  NOT NULL,
    updated_at            BIGINT  NOT NULL
);
CREATE UNIQUE INDEX users_username_key ON users (username_key);
CREATE UNIQUE INDEX users_email_key ON users (email_key);
CREATE UNIQUE INDEX users_primary_phone ON users (primary_phone);
CREATE INDEX users_username_lower_index ON users (lower(username)); -- for searches: username_key may keep its case
CREATE INDEX users_name_key_index ON users (name_key);
CREATE INDEX users_created_at_index ON users (created_at, id);

CREATE TABLE user_identities (
    user_id     TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    target      TEXT   NOT NULL,
    issuer      TEXT   NOT NULL, -- the provider's issuer, or '' where the target stands for it
    identity_id TEXT   NOT NULL,
    details     TEXT,
    is_own      BOOLEAN NOT NULL DEFAULT FALSE, -- linked by a holder of the account, not by an administrator
    created_at  BIGINT NOT NULL,
    CONSTRAINT user_identities_user_id_target PRIMARY KEY (user_id, target)
);
CREATE UNIQUE INDEX user_identities_target_issuer_identity_id ON user_identities (target, issuer, identity_id);

CREATE TABLE sso_identities (
    id               TEXT   NOT NULL CONSTRAINT sso_identities_id PRIMARY KEY,
    user_id          TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sso_connector_id TEXT   NOT NULL,
    issuer           TEXT   NOT NULL,
    identity_id      TEXT   NOT NULL,
    detail           TEXT,
    created_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX sso_identities_issuer_identity_id ON sso_identities (issuer, identity_id);
CREATE INDEX sso_identities_user_id_index ON sso_identities (user_id);

CREATE TABLE applications (
    id                     TEXT    NOT NULL CONSTRAINT applications_id PRIMARY KEY,
    name                   TEXT    NOT NULL,
    description            TEXT,
    type                   TEXT    NOT NULL,
    oidc_client_metadata   TEXT    NOT NULL,
    custom_client_metadata TEXT    NOT NULL,
    protected_app_metadata TEXT,
    custom_data            TEXT    NOT NULL,
    is_third_party         BOOLEAN NOT NULL,
    access_control_enabled BOOLEAN NOT NULL,
    experience             TEXT, -- application-level branding, terms and display name
    access_control         TEXT,
    created_at             BIGINT  NOT NULL
);
CREATE INDEX applications_created_at_index ON applications (created_at, id);

CREATE TABLE application_secrets (
    application_id TEXT   NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           TEXT   NOT NULL,
    hash           TEXT   NOT NULL, -- keyed
    sealed         TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    CONSTRAINT application_secrets_application_id_name PRIMARY KEY (application_id, name)
);

CREATE TABLE resources (
    id               TEXT    NOT NULL CONSTRAINT resources_id PRIMARY KEY,
    name             TEXT    NOT NULL,
    indicator        TEXT    NOT NULL,
    is_default       BOOLEAN NOT NULL,
    access_token_ttl BIGINT  NOT NULL, -- seconds
    created_at       BIGINT  NOT NULL
);
CREATE UNIQUE INDEX resources_indicator ON resources (indicator);

CREATE TABLE scopes (
    id          TEXT   NOT NULL CONSTRAINT scopes_id PRIMARY KEY,
    resource_id TEXT   NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    name        TEXT   NOT NULL,
    description TEXT,
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX scopes_resource_id_name ON scopes (resource_id, name);

CREATE TABLE roles (
    id          TEXT    NOT NULL CONSTRAINT roles_id PRIMARY KEY,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    is_default  BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL
);
CREATE UNIQUE INDEX roles_name ON roles (name);

CREATE TABLE role_scopes (
    role_id  TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    scope_id TEXT NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
    CONSTRAINT role_scopes_role_id_scope_id PRIMARY KEY (role_id, scope_id)
);
CREATE INDEX role_scopes_scope_id_index ON role_scopes (scope_id);

CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    CONSTRAINT user_roles_user_id_role_id PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_roles_role_id_index ON user_roles (role_id, user_id);

CREATE TABLE application_roles (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    role_id        TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    CONSTRAINT application_roles_application_id_role_id PRIMARY KEY (application_id, role_id)
);
CREATE INDEX application_roles_role_id_index ON application_roles (role_id, application_id);

-- What a third-party application may ask of its users.
CREATE TABLE application_user_scopes (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    scope          TEXT NOT NULL,
    CONSTRAINT application_user_scopes_application_id_scope PRIMARY KEY (application_id, scope)
);
CREATE TABLE application_resource_scopes (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    scope_id       TEXT NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
    CONSTRAINT application_resource_scopes_application_id_scope_id PRIMARY KEY (application_id, scope_id)
);

CREATE TABLE one_time_tokens (
    id          TEXT   NOT NULL CONSTRAINT one_time_tokens_id PRIMARY KEY,
    email       TEXT   NOT NULL,
    email_key   TEXT   NOT NULL,
    hash        TEXT   NOT NULL, -- keyed
    sealed      TEXT,            -- the token, where a copy is kept
    context     TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    held_by     TEXT   NOT NULL, -- interaction whose verification holds it, or ''
    held_until  BIGINT NOT NULL,
    consumed_at BIGINT,
    consumed_by TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX one_time_tokens_hash ON one_time_tokens (hash);
CREATE INDEX one_time_tokens_email_key_index ON one_time_tokens (email_key, created_at);
CREATE INDEX one_time_tokens_created_at_index ON one_time_tokens (created_at, id);
CREATE INDEX one_time_tokens_status_index ON one_time_tokens (status, created_at);

-- A run of the sign-in state machine. id is the keyed hash of the uid that the
-- browser holds; request and state are sealed, since they hold what was typed.
CREATE TABLE interactions (
    id         TEXT   NOT NULL CONSTRAINT interactions_id PRIMARY KEY,
    client_id  TEXT   NOT NULL,
    sealed     TEXT   NOT NULL,
    version    BIGINT NOT NULL, -- compare and swap
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX interactions_expires_at_index ON interactions (expires_at);

-- Codes sent by e-mail or SMS.
CREATE TABLE verification_codes (
    id         TEXT   NOT NULL CONSTRAINT verification_codes_id PRIMARY KEY,
    scope      TEXT   NOT NULL, -- interaction id, or 'management'
    template   TEXT   NOT NULL,
    recipient  TEXT   NOT NULL, -- keyed hash of the folded address
    hash       TEXT   NOT NULL, -- keyed
    tries      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX verification_codes_scope_index ON verification_codes (scope, recipient);
CREATE INDEX verification_codes_expires_at_index ON verification_codes (expires_at);

CREATE TABLE sessions (
    id              TEXT   NOT NULL CONSTRAINT sessions_id PRIMARY KEY,
    hash            TEXT   NOT NULL, -- keyed hash of the cookie
    user_id         TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id       TEXT   NOT NULL,
    last_submission TEXT   NOT NULL,
    ip              TEXT   NOT NULL,
    user_agent      TEXT   NOT NULL,
    signed_in_at    BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_user_id_index ON sessions (user_id);
CREATE INDEX sessions_expires_at_index ON sessions (expires_at);

CREATE TABLE session_applications (
    session_id      TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    application_id  TEXT    NOT NULL,
    grant_id        TEXT    NOT NULL,
    sid             TEXT    NOT NULL,
    persists_logout BOOLEAN NOT NULL,
    CONSTRAINT session_applications_session_id_application_id PRIMARY KEY (session_id, application_id)
);

CREATE TABLE grants (
    id              TEXT   NOT NULL CONSTRAINT grants_id PRIMARY KEY,
    user_id         TEXT   NOT NULL,
    application_id  TEXT   NOT NULL,
    session_id      TEXT   NOT NULL,
    scopes          TEXT   NOT NULL,
    resource_scopes TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    revoked_at      BIGINT
);
CREATE INDEX grants_user_id_index ON grants (user_id, application_id);
CREATE INDEX grants_application_id_index ON grants (application_id);
CREATE INDEX grants_expires_at_index ON grants (expires_at);

-- Codes, opaque access tokens, refresh tokens and pushed requests: everything
-- whose bearer is believed. hash is keyed; data is sealed JSON of the kind.
CREATE TABLE tokens (
    hash        TEXT   NOT NULL CONSTRAINT tokens_hash PRIMARY KEY,
    kind        TEXT   NOT NULL,
    grant_id    TEXT   NOT NULL,
    user_id     TEXT   NOT NULL,
    client_id   TEXT   NOT NULL,
    data        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    consumed_at BIGINT
);
CREATE INDEX tokens_grant_id_index ON tokens (grant_id);
CREATE INDEX tokens_user_id_index ON tokens (user_id);
CREATE INDEX tokens_expires_at_index ON tokens (expires_at);

CREATE TABLE hooks (
    id          TEXT    NOT NULL CONSTRAINT hooks_id PRIMARY KEY,
    name        TEXT    NOT NULL,
    event       TEXT,
    events      TEXT    NOT NULL,
    config      TEXT    NOT NULL, -- sealed: headers may carry credentials
    signing_key TEXT    NOT NULL, -- sealed
    enabled     BOOLEAN NOT NULL,
    created_at  BIGINT  NOT NULL
);

-- The outbox of events: written in the transaction that causes them, turned
-- into one job per hook by notify.
CREATE TABLE events (
    id            TEXT   NOT NULL CONSTRAINT events_id PRIMARY KEY,
    key           TEXT   NOT NULL,
    payload       TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX events_created_at_index ON events (created_at, id);

CREATE TABLE jobs (
    id           TEXT   NOT NULL CONSTRAINT jobs_id PRIMARY KEY,
    kind         TEXT   NOT NULL,
    lane         TEXT   NOT NULL, -- the kind, or kind/name
    dedupe_key   TEXT,
    payload      TEXT   NOT NULL, -- sealed; erased when the job is done
    state        TEXT   NOT NULL, -- queued, running, done, dead
    attempts     BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    run_at       BIGINT NOT NULL, -- while running: when the lease ends
    lease        TEXT   NOT NULL,
    last_error   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT
);
CREATE UNIQUE INDEX jobs_dedupe_key ON jobs (dedupe_key);
-- What is to be done yet, running or not: an ended lease is due like any other.
CREATE INDEX jobs_lane_run_at_index ON jobs (lane, run_at) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished_at_index ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- A message to a guest, and what became of it.
CREATE TABLE messages (
    id         TEXT   NOT NULL CONSTRAINT messages_id PRIMARY KEY,
    channel    TEXT   NOT NULL,
    recipient  TEXT   NOT NULL,
    template   TEXT   NOT NULL,
    status     TEXT   NOT NULL, -- queued, deferred, sent, failed, withheld
    attempts   BIGINT NOT NULL,
    last_error TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX messages_created_at_index ON messages (created_at, id);

CREATE TABLE logs (
    id             TEXT   NOT NULL CONSTRAINT logs_id PRIMARY KEY,
    key            TEXT   NOT NULL,
    payload        TEXT   NOT NULL,
    user_id        TEXT   NOT NULL,
    application_id TEXT   NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX logs_created_at_index ON logs (created_at, id);
CREATE INDEX logs_key_index ON logs (key, created_at);
CREATE INDEX logs_user_id_index ON logs (user_id, created_at);
CREATE INDEX logs_application_id_index ON logs (application_id, created_at);

-- Every attempt to deliver to a hook; the wire's recent-logs.
CREATE TABLE hook_logs (
    id         TEXT    NOT NULL CONSTRAINT hook_logs_id PRIMARY KEY,
    hook_id    TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    failed     BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX hook_logs_hook_id_index ON hook_logs (hook_id, created_at);
CREATE INDEX hook_logs_created_at_index ON hook_logs (created_at);

CREATE TABLE connectors (
    id                   TEXT    NOT NULL CONSTRAINT connectors_id PRIMARY KEY,
    connector_id         TEXT    NOT NULL,
    type                 TEXT    NOT NULL,
    config               TEXT    NOT NULL, -- sealed
    metadata             TEXT    NOT NULL,
    sync_profile         BOOLEAN NOT NULL,
    enable_token_storage BOOLEAN NOT NULL,
    created_at           BIGINT  NOT NULL
);

CREATE TABLE email_templates (
    id            TEXT   NOT NULL CONSTRAINT email_templates_id PRIMARY KEY,
    language_tag  TEXT   NOT NULL,
    template_type TEXT   NOT NULL,
    details       TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX email_templates_language_tag_template_type ON email_templates (language_tag, template_type);

CREATE TABLE custom_phrases (
    language_tag TEXT NOT NULL CONSTRAINT custom_phrases_language_tag PRIMARY KEY,
    id           TEXT NOT NULL,
    translation  TEXT NOT NULL
);

-- Counters over a window of time, for lock-out and rate limits. name is a
-- keyed hash of what is limited.
CREATE TABLE limits (
    name          TEXT   NOT NULL CONSTRAINT limits_name PRIMARY KEY,
    hits          BIGINT NOT NULL,
    window_ends   BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
CREATE INDEX limits_window_ends_index ON limits (window_ends);

CREATE TABLE active_users (
    day     TEXT NOT NULL, -- yyyy-mm-dd, UTC
    user_id TEXT NOT NULL,
    CONSTRAINT active_users_day_user_id PRIMARY KEY (day, user_id)
);

-- Who does the periodic work at the moment.
CREATE TABLE leases (
    name       TEXT   NOT NULL CONSTRAINT leases_name PRIMARY KEY,
    holder     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- +goose Down
SELECT 'migrations are forward only';
