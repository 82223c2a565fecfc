-- Pictures that go again unless something comes to use them, and those that
-- guests upload of themselves; and what lists of requests and of users' own
-- invitations need in order not to read what they do not show.
-- +goose Up

ALTER TABLE user_assets ADD COLUMN expires_at BIGINT; -- NULL: kept
ALTER TABLE user_assets ADD COLUMN is_avatar BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE user_assets ADD COLUMN user_id TEXT REFERENCES users (id) ON DELETE CASCADE; -- whose avatar
CREATE INDEX user_assets_expires_at_index ON user_assets (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX user_assets_user_id_index ON user_assets (user_id) WHERE user_id IS NOT NULL;

DROP INDEX registration_requests_referrer_id_index;
CREATE INDEX registration_requests_referrer_index ON registration_requests (referrer_id, created_at, id) WHERE referrer_id <> '';
CREATE INDEX invitations_referral_index ON invitations (inviter_id, id) WHERE authority = 'referral';
