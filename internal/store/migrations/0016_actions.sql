-- How many invitations an action is about, for whoever watches it.
-- +goose Up

ALTER TABLE invitation_actions ADD COLUMN expected BIGINT NOT NULL DEFAULT 0; -- 0: not counted
