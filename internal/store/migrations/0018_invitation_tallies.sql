-- Counts of what was counted by campaign alone until now, and of what is open.
-- The names are those of invitationtally.go.
-- +goose Up

-- 'invitation|<campaign>|<stage>|<day>', whose campaign has 21 characters or none.
INSERT INTO tallies (name, delta)
    SELECT 'invitation-day|' || day || '|' || stage, SUM(delta)
    FROM (SELECT substr(name, length(name) - 9) AS day, delta,
            CASE WHEN substr(name, 12, 1) = '|' THEN substr(name, 13, length(name) - 23)
                ELSE substr(name, 34, length(name) - 44) END AS stage
        FROM tallies WHERE name LIKE 'invitation|%') AS counted
    GROUP BY day, stage;

INSERT INTO tallies (name, delta)
    SELECT 'invitations.open', COUNT(*) FROM invitations WHERE status = 'pending';
INSERT INTO tallies (name, delta)
    SELECT 'invitations.open|' || inviter_type || '|' || inviter_id, COUNT(*) FROM invitations
    WHERE status = 'pending' AND inviter_id <> '' GROUP BY inviter_type, inviter_id;
