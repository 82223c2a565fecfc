-- People who ask to come in: the waitlist, and sign-ups that a host approves.
-- +goose Up

CREATE TABLE registration_requests (
    id             TEXT   NOT NULL CONSTRAINT registration_requests_id PRIMARY KEY,
    kind           TEXT   NOT NULL, -- waitlist, approval
    status         TEXT   NOT NULL, -- unconfirmed, requested, approved, rejected, withdrawn
    email          TEXT   NOT NULL,
    email_key      TEXT   NOT NULL,
    person_key     TEXT   NOT NULL, -- email_key without what one mailbox can vary: who refers themselves gains nothing
    name           TEXT   NOT NULL,
    locale         TEXT   NOT NULL,
    application_id TEXT   NOT NULL,
    score          BIGINT NOT NULL,
    referrer_id    TEXT   NOT NULL,
    referrals      BIGINT NOT NULL,
    referral_code  TEXT   NOT NULL,
    confirm_hash   TEXT,            -- keyed hash of the token that confirms the address
    confirm_until  BIGINT NOT NULL,
    invitation_id  TEXT   NOT NULL,
    decided_by     TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    confirmed_at   BIGINT,
    decided_at     BIGINT,
    forget_at      BIGINT           -- of one that is not confirmed
);
CREATE UNIQUE INDEX registration_requests_email_key ON registration_requests (email_key);
CREATE UNIQUE INDEX registration_requests_referral_code ON registration_requests (referral_code);
CREATE UNIQUE INDEX registration_requests_confirm_hash ON registration_requests (confirm_hash) WHERE confirm_hash IS NOT NULL;
CREATE INDEX registration_requests_person_key_index ON registration_requests (person_key);
-- The ranked list: the highest score first, then who came first.
CREATE INDEX registration_requests_rank_index ON registration_requests (status, score DESC, confirmed_at, id);
CREATE INDEX registration_requests_referrer_id_index ON registration_requests (referrer_id) WHERE referrer_id <> '';
CREATE INDEX registration_requests_forget_at_index ON registration_requests (forget_at) WHERE forget_at IS NOT NULL;
