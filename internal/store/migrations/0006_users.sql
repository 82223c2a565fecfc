-- What hosts do with many users: deletions that can be taken back, lists by
-- state, and imports that outlive the connection that began them.
-- +goose Up

-- When the user will be deleted, NULL for who stays. Until then the user is
-- suspended; the second column says whether that was so before.
ALTER TABLE users ADD COLUMN deletion_due_at BIGINT;
ALTER TABLE users ADD COLUMN was_suspended BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX users_deletion_due_at_index ON users (created_at, id) WHERE deletion_due_at IS NOT NULL;
CREATE INDEX users_is_suspended_index ON users (created_at, id) WHERE is_suspended;
CREATE INDEX users_never_signed_in_index ON users (created_at, id) WHERE last_sign_in_at IS NULL;

CREATE TABLE user_imports (
    id          TEXT   NOT NULL CONSTRAINT user_imports_id PRIMARY KEY,
    name        TEXT   NOT NULL, -- of the file
    state       TEXT   NOT NULL, -- uploading, uploaded, running, finished, failed
    columns     TEXT   NOT NULL, -- JSON list: the header of the file
    choices     TEXT   NOT NULL, -- JSON: what the columns mean, and so on; {} before it is started
    total       BIGINT NOT NULL, -- lines
    done        BIGINT NOT NULL, -- lines that have a verdict
    created     BIGINT NOT NULL, -- users
    part        BIGINT NOT NULL, -- the next one to be worked off
    offset_in   BIGINT NOT NULL, -- lines of it that are done
    error       TEXT   NOT NULL,
    user_id     TEXT   NOT NULL, -- who uploaded it
    created_at  BIGINT NOT NULL,
    started_at  BIGINT,
    finished_at BIGINT,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX user_imports_created_at_index ON user_imports (created_at, id);
CREATE INDEX user_imports_expires_at_index ON user_imports (expires_at);

-- The lines of an import until they are done, and then what became of them.
CREATE TABLE user_import_parts (
    import_id TEXT   NOT NULL REFERENCES user_imports (id) ON DELETE CASCADE,
    kind      TEXT   NOT NULL, -- lines, verdicts
    number    BIGINT NOT NULL,
    sealed    TEXT   NOT NULL,
    CONSTRAINT user_import_parts_id PRIMARY KEY (import_id, kind, number)
);
