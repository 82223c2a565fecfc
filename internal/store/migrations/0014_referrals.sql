-- How many invitations users may hold, by their roles.
-- +goose Up

CREATE TABLE role_invitation_quotas (
    role_id TEXT   NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    quota   BIGINT NOT NULL,
    CONSTRAINT role_invitation_quotas_role_id PRIMARY KEY (role_id)
);
