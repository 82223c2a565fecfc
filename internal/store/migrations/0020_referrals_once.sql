-- Who was brought to the waitlist, once for each person, also of those who left.
-- +goose Up
CREATE TABLE registration_referrals (
    person_hash TEXT NOT NULL CONSTRAINT registration_referrals_person_hash PRIMARY KEY, -- keyed hash of a person_key
    referrer_id TEXT NOT NULL REFERENCES registration_requests (id) ON DELETE CASCADE
);
CREATE INDEX registration_referrals_referrer_id_index ON registration_referrals (referrer_id);
