-- Invitations, their campaigns, and what became of them. See docs/adr/0020.
-- +goose Up

-- What invitations give, ask and say. The same terms are one row: id is derived
-- from the body, so that a million invitations of a campaign share it.
CREATE TABLE invitation_terms (
    id             TEXT   NOT NULL CONSTRAINT invitation_terms_id PRIMARY KEY,
    body           TEXT   NOT NULL, -- JSON: guestlist.InvitationTerms
    created_at     BIGINT NOT NULL
);

CREATE TABLE invitation_campaigns (
    id              TEXT   NOT NULL CONSTRAINT invitation_campaigns_id PRIMARY KEY,
    name            TEXT   NOT NULL,
    state           TEXT   NOT NULL, -- uploading, uploaded, importing, sending, paused, finished, cancelled, failed
    inviter         TEXT   NOT NULL, -- JSON: guestlist.Inviter
    terms_id        TEXT   NOT NULL,
    columns         TEXT   NOT NULL, -- JSON list
    choices         TEXT   NOT NULL, -- JSON: format, mapping, waves, locale, digest
    total           BIGINT NOT NULL, -- rows
    done            BIGINT NOT NULL, -- rows that have a verdict
    verdicts        TEXT   NOT NULL, -- JSON: how many rows have which
    part            BIGINT NOT NULL, -- the next one to be worked off
    offset_in       BIGINT NOT NULL, -- rows of it that are done
    sent_to         TEXT   NOT NULL, -- id of the invitation up to which first mails were handed over
    settled_to      TEXT   NOT NULL, -- id up to which it is known what became of them
    waves_sent      BIGINT NOT NULL,
    wave_left       BIGINT NOT NULL, -- mails of the wave under way that are still to be handed over
    next_wave_at    BIGINT,          -- NULL: nothing is to be sent now
    digest_at       BIGINT,          -- of the next one; NULL: none
    idempotency_key TEXT,            -- keyed hash of the caller's, with the caller
    content         TEXT   NOT NULL, -- keyed hash of what was uploaded, and how it was to be read
    upload          TEXT   NOT NULL, -- names the request that uploads; another takes over
    error           TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT,
    finished_at     BIGINT,
    expires_at      BIGINT           -- of a file that nobody starts
);
CREATE UNIQUE INDEX invitation_campaigns_idempotency_key ON invitation_campaigns (idempotency_key);
CREATE INDEX invitation_campaigns_created_at_index ON invitation_campaigns (created_at, id);
CREATE INDEX invitation_campaigns_next_wave_at_index ON invitation_campaigns (next_wave_at) WHERE next_wave_at IS NOT NULL;
CREATE INDEX invitation_campaigns_digest_at_index ON invitation_campaigns (digest_at) WHERE digest_at IS NOT NULL;
CREATE INDEX invitation_campaigns_expires_at_index ON invitation_campaigns (expires_at) WHERE expires_at IS NOT NULL;

-- What is done to all invitations of a filter, by a job.
CREATE TABLE invitation_actions (
    id          TEXT   NOT NULL CONSTRAINT invitation_actions_id PRIMARY KEY,
    action      TEXT   NOT NULL, -- resend, revoke, extend, delete
    state       TEXT   NOT NULL, -- running, finished, cancelled, failed
    filter      TEXT   NOT NULL, -- JSON: guestlist.InvitationFilter
    choices     TEXT   NOT NULL, -- JSON: what the action needs to know
    inviter     TEXT   NOT NULL, -- JSON: guestlist.Inviter, whoever asked for it
    done        BIGINT NOT NULL, -- invitations that were looked at
    changed     BIGINT NOT NULL,
    position    TEXT   NOT NULL, -- id of the invitation that was looked at last
    error       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX invitation_actions_created_at_index ON invitation_actions (created_at, id);

-- The rows of a campaign until they are done, and then what became of them.
CREATE TABLE invitation_campaign_parts (
    campaign_id TEXT   NOT NULL REFERENCES invitation_campaigns (id) ON DELETE CASCADE,
    kind        TEXT   NOT NULL, -- lines, verdicts
    number      BIGINT NOT NULL,
    sealed      TEXT   NOT NULL,
    CONSTRAINT invitation_campaign_parts_id PRIMARY KEY (campaign_id, kind, number)
);

-- An invitation. No secret is in it: the link is derived from the master key,
-- the id and the generation. id begins with the time: lists
-- are in its order, and imports append to every index but that of recipients.
CREATE TABLE invitations (
    id                TEXT    NOT NULL CONSTRAINT invitations_id PRIMARY KEY,
    kind              TEXT    NOT NULL, -- personal, shared
    status            TEXT    NOT NULL, -- pending, accepted, declined, revoked, expired
    name              TEXT    NOT NULL,
    recipient         TEXT    NOT NULL, -- as given; '' for a shared one
    recipient_key     TEXT    NOT NULL, -- guestlist.Identifier.Key
    organizations_key TEXT    NOT NULL, -- the set of organizations, '' for none
    inviter_type      TEXT    NOT NULL,
    inviter_id        TEXT    NOT NULL,
    authority         TEXT    NOT NULL, -- host, referral
    parent_id         TEXT    NOT NULL, -- by which the inviter came in
    campaign_id       TEXT    NOT NULL,
    application_id    TEXT    NOT NULL, -- that of the terms, for lists
    terms_id          TEXT    NOT NULL REFERENCES invitation_terms (id),
    own               TEXT    NOT NULL, -- JSON: guestlist.InvitationOwn, '' for nothing
    locale            TEXT    NOT NULL,
    generation        BIGINT  NOT NULL,
    copied            BOOLEAN NOT NULL,
    code_hash         TEXT,             -- of a shared one: its typable code, keyed
    code_sealed       TEXT,             -- and a copy for hosts
    seats             BIGINT  NOT NULL,
    taken             BIGINT  NOT NULL,
    delivery          TEXT    NOT NULL,
    delivery_error    TEXT    NOT NULL,
    message_id        TEXT    NOT NULL, -- of the latest mail
    sends             BIGINT  NOT NULL,
    send_at           BIGINT,           -- of the next mail; NULL: none, or when its campaign's turn comes. This column is the queue
    visits            BIGINT  NOT NULL,
    opened_at         BIGINT,
    sent_at           BIGINT,
    delivered_at      BIGINT,
    started_at        BIGINT,
    accepted_at       BIGINT,
    accepted_by       TEXT    NOT NULL,
    ended_at          BIGINT,
    end_reason        TEXT    NOT NULL,
    not_before        BIGINT,
    expires_at        BIGINT  NOT NULL,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL
);
-- One open personal invitation per recipient and set of organizations.
CREATE UNIQUE INDEX invitations_recipient_key_organizations_key ON invitations (recipient_key, organizations_key)
    WHERE status = 'pending' AND kind = 'personal';
CREATE UNIQUE INDEX invitations_code_hash ON invitations (code_hash) WHERE code_hash IS NOT NULL;
CREATE INDEX invitations_recipient_key_index ON invitations (recipient_key) WHERE status <> 'pending';
CREATE INDEX invitations_kind_index ON invitations (kind, id) WHERE kind <> 'personal';
CREATE INDEX invitations_campaign_id_index ON invitations (campaign_id, id) WHERE campaign_id <> '';
CREATE INDEX invitations_inviter_id_index ON invitations (inviter_id, id) WHERE campaign_id = '';
CREATE INDEX invitations_application_id_index ON invitations (application_id, id) WHERE campaign_id = '';
CREATE INDEX invitations_parent_id_index ON invitations (parent_id) WHERE parent_id <> '';
-- By campaign, so that one that pauses is stepped over and not through.
CREATE INDEX invitations_send_at_index ON invitations (campaign_id, send_at, id) WHERE send_at IS NOT NULL;
CREATE INDEX invitations_expires_at_index ON invitations (expires_at, id) WHERE status = 'pending';
CREATE INDEX invitations_status_index ON invitations (status, id) WHERE status <> 'pending';
CREATE INDEX invitations_delivery_index ON invitations (delivery, id) WHERE delivery NOT IN ('none', 'queued', 'sent');
CREATE INDEX invitations_message_id_index ON invitations (message_id) WHERE message_id <> '';

-- A seat that was taken.
CREATE TABLE redemptions (
    invitation_id TEXT    NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    user_id       TEXT    NOT NULL,
    identity      TEXT    NOT NULL,
    is_new        BOOLEAN NOT NULL,
    campaign_id   TEXT    NOT NULL,
    took          BIGINT  NOT NULL, -- ms from the first mail to acceptance
    created_at    BIGINT  NOT NULL,
    CONSTRAINT redemptions_invitation_id_user_id PRIMARY KEY (invitation_id, user_id)
);
CREATE INDEX redemptions_user_id_index ON redemptions (user_id);
CREATE INDEX redemptions_campaign_id_index ON redemptions (campaign_id, took) WHERE campaign_id <> '';

-- What was done to an invitation beside what its columns tell: refused
-- redemptions, changes, links that were asked for, mails sent again.
CREATE TABLE invitation_acts (
    id            TEXT   NOT NULL CONSTRAINT invitation_acts_id PRIMARY KEY,
    invitation_id TEXT   NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    kind          TEXT   NOT NULL,
    actor         TEXT   NOT NULL,
    detail        TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX invitation_acts_invitation_id_index ON invitation_acts (invitation_id, created_at);

-- Which invitation a message is of, so that what carriers report finds it.
ALTER TABLE messages ADD COLUMN invitation_id TEXT NOT NULL DEFAULT '';
CREATE INDEX messages_invitation_id_index ON messages (invitation_id, created_at) WHERE invitation_id <> '';
