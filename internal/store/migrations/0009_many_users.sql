-- What keeps lists and figures quick among a million users. The first part finds
-- them by any part of their names and addresses: user_block.go says how, and the
-- blocks themselves are made in the background.
-- +goose Up

-- A block is a list of users, and the grams of each. number grows; reached is
-- the newest user, by time and id, up to whom all are in blocks or changed.
CREATE TABLE user_blocks (
    number     BIGINT  NOT NULL CONSTRAINT user_blocks_number PRIMARY KEY,
    reached_at BIGINT  NOT NULL,
    reached_id TEXT    NOT NULL,
    is_mixed   BOOLEAN NOT NULL -- of changed users, who are in no order of their creation
);

-- The users of blocks, 64 to a part.
CREATE TABLE user_block_parts (
    part INTEGER NOT NULL CONSTRAINT user_block_parts_part PRIMARY KEY, -- number of the block times the parts of one, and which
    ids  TEXT    NOT NULL -- one a line
);

-- Which users of a block have a character, or two in a row, in what they are
-- found by.
CREATE TABLE user_grams (
    gram    TEXT   NOT NULL,
    block   BIGINT NOT NULL,
    members BYTEA  NOT NULL,
    CONSTRAINT user_grams_gram_block PRIMARY KEY (gram, block)
);

-- Users who are not any more what their block says, or never were in one.
CREATE TABLE user_changes (
    user_id TEXT   NOT NULL CONSTRAINT user_changes_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    times   BIGINT NOT NULL
);

-- Who has a role is listed as all users are, the newest first.
ALTER TABLE user_roles ADD COLUMN user_created_at BIGINT;
UPDATE user_roles SET user_created_at = (SELECT created_at FROM users WHERE users.id = user_roles.user_id);
DROP INDEX user_roles_role_id_index;
CREATE INDEX user_roles_role_id_index ON user_roles (role_id, user_created_at, user_id);

-- How many have a role, came on a day, and were seen on a day.
INSERT INTO tallies (name, delta) SELECT 'role.' || role_id, COUNT(*) FROM user_roles GROUP BY role_id;
INSERT INTO tallies (name, delta) SELECT 'new.' || created_at / 86400000, COUNT(*) FROM users GROUP BY created_at / 86400000;
INSERT INTO tallies (name, delta) SELECT 'active.' || day, COUNT(*) FROM active_users GROUP BY day;

-- What takes long to count, as it was counted last.
CREATE TABLE figures (
    name       TEXT   NOT NULL CONSTRAINT figures_name PRIMARY KEY,
    value      TEXT   NOT NULL,
    counted_at BIGINT NOT NULL
);
