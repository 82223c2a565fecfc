-- What finds users by any part of their names and addresses. user_block.go says
-- how; the blocks themselves are made in the background, so that this step costs
-- nothing however many users there are.
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
    part BIGINT NOT NULL CONSTRAINT user_block_parts_part PRIMARY KEY, -- number of the block times the parts of one, and which
    ids  TEXT   NOT NULL -- one a line
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
