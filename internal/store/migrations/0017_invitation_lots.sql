-- Where the invitations of an inviter, or for an application, lie in campaigns:
-- lists find them by few rows, and imports fill no further index. See
-- invitationlot.go.
-- +goose Up

CREATE TABLE invitation_lots (
    kind        TEXT NOT NULL, -- inviter, application
    value       TEXT NOT NULL, -- its id
    campaign_id TEXT NOT NULL,
    first_id    TEXT NOT NULL, -- of the invitations
    last_id     TEXT NOT NULL,
    CONSTRAINT invitation_lots_id PRIMARY KEY (kind, value, campaign_id)
);
CREATE INDEX invitation_lots_last_id_index ON invitation_lots (kind, value, last_id);

INSERT INTO invitation_lots (kind, value, campaign_id, first_id, last_id)
    SELECT 'inviter', inviter_id, campaign_id, MIN(id), MAX(id) FROM invitations
    WHERE campaign_id <> '' AND inviter_id <> '' GROUP BY inviter_id, campaign_id;
INSERT INTO invitation_lots (kind, value, campaign_id, first_id, last_id)
    SELECT 'application', application_id, campaign_id, MIN(id), MAX(id) FROM invitations
    WHERE campaign_id <> '' AND application_id <> '' GROUP BY application_id, campaign_id;
