-- What carriers report of messages, and the addresses that get none any more.
-- +goose Up

-- carrier_id is the carrier's own id of the message, "" while there is none.
-- taken_at is when the carrier had it, 0 before: from then on it is not sent
-- again, and its status is what the carrier reports: sent, then deferred,
-- delivered, bounced, complained.
ALTER TABLE messages ADD COLUMN carrier_id TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN taken_at BIGINT NOT NULL DEFAULT 0;
UPDATE messages SET taken_at = updated_at WHERE status = 'sent';
CREATE INDEX messages_carrier_id_index ON messages (carrier_id) WHERE carrier_id <> '';

-- An e-mail address that no more mail is sent to, folded as users.email_key is.
CREATE TABLE suppressions (
    address    TEXT   NOT NULL CONSTRAINT suppressions_address PRIMARY KEY,
    reason     TEXT   NOT NULL, -- bounced, complained
    detail     TEXT   NOT NULL, -- the carrier's words
    message_id TEXT   NOT NULL, -- which brought it here
    created_at BIGINT NOT NULL
);
CREATE INDEX suppressions_created_at_index ON suppressions (created_at, address);
