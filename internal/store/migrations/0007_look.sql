-- Pictures that administrators upload, and settings that they try out before
-- they save them.
-- +goose Up

CREATE TABLE user_assets (
    id           TEXT   NOT NULL CONSTRAINT user_assets_id PRIMARY KEY, -- of the content
    content_type TEXT   NOT NULL,
    content      TEXT   NOT NULL, -- base64
    size         BIGINT NOT NULL, -- bytes
    created_at   BIGINT NOT NULL
);

CREATE TABLE drafts (
    id         TEXT   NOT NULL CONSTRAINT drafts_id PRIMARY KEY, -- keyed hash of handle and key
    owner      TEXT   NOT NULL,
    sealed     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX drafts_owner_index ON drafts (owner, created_at);
CREATE INDEX drafts_expires_at_index ON drafts (expires_at);

-- +goose Down
SELECT 'migrations are forward only';
