-- What hosts look for when something went wrong: refused lines of the audit
-- log, jobs that were given up, and messages that never arrived. Each index
-- holds the few rows that it is asked for.
-- +goose Up

ALTER TABLE logs ADD COLUMN failed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE logs SET failed = TRUE WHERE payload LIKE '%"result":"Error"%';
CREATE INDEX logs_failed_index ON logs (created_at, id) WHERE failed;
CREATE INDEX jobs_dead_index ON jobs (finished_at, id) WHERE state = 'dead';
CREATE INDEX messages_failed_index ON messages (created_at, id) WHERE status IN ('failed', 'bounced', 'complained');
