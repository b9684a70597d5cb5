//! The schema, and the statements that make it.

/// The oldest server: `server_version_num`.
pub(in super::super) const OLDEST: i64 = 150_000;

/// The lock under which the schema is made: `NXCL`.
pub(in super::super) const SCHEMA_LOCK: i64 = 0x4e58_434c;

/// Each step leads from one version of the schema to the next; the first one makes version 1. Steps are never changed, only added.
pub(in super::super) const MIGRATIONS: &[&str] = &["
CREATE SCHEMA nxcloud_campaign;

CREATE TABLE nxcloud_campaign.ledger(
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL,
    secret bytea NOT NULL
);

CREATE TABLE nxcloud_campaign.bucket(
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    service text NOT NULL,
    rate bigint NOT NULL DEFAULT 0,          -- requests a second; 0 for no limit
    burst bigint NOT NULL DEFAULT 1,
    arrival bigint NOT NULL DEFAULT 0,       -- the theoretical arrival time of GCRA
    paused_until bigint NOT NULL DEFAULT 0,
    UNIQUE(account, service)
);

CREATE TABLE nxcloud_campaign.campaign(
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    service text NOT NULL,
    operation text NOT NULL,
    echoes boolean NOT NULL,
    template text,
    list bytea NOT NULL,
    fingerprint bytea NOT NULL,
    number_column text NOT NULL,
    columns text NOT NULL DEFAULT '[]',
    imported bigint NOT NULL DEFAULT 0,
    bucket bigint NOT NULL REFERENCES nxcloud_campaign.bucket(id),
    state smallint NOT NULL,
    reason text,
    checked boolean NOT NULL DEFAULT false,
    deadline bigint,
    max_rows bigint,
    max_cost bigint,                        -- millionths
    row_cost bigint,
    created_at bigint NOT NULL
);
-- Of a row, as receipts say. Not in the campaign, which workers hold locked.
CREATE TABLE nxcloud_campaign.cost(campaign bigint PRIMARY KEY, highest bigint NOT NULL);

CREATE TABLE nxcloud_campaign.list_row(
    id bigint PRIMARY KEY,
    campaign bigint NOT NULL,
    not_before bigint NOT NULL DEFAULT 0,
    mac bigint NOT NULL,                     -- keyed hash of the phone
    worker bigint,
    claimed_at bigint,
    settled_at bigint,
    code bigint,
    receipt_at bigint,
    claims integer NOT NULL DEFAULT 0,
    parts bigint,
    state smallint NOT NULL,
    skip smallint,
    receipt smallint,
    receipt_signed boolean,
    phone text NOT NULL,
    column_values text NOT NULL,                      -- JSON array, in the order of campaign.columns
    reason text,
    message_id text,
    price text,
    currency text
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX list_row_ready ON nxcloud_campaign.list_row(campaign, not_before, id) WHERE state = 0;
CREATE INDEX list_row_sending ON nxcloud_campaign.list_row(worker) WHERE state = 1;
CREATE INDEX list_row_unknown ON nxcloud_campaign.list_row(campaign, id) WHERE state = 4;

-- Of services whose receipts bring back nothing of the request.
CREATE TABLE nxcloud_campaign.sent(
    service text NOT NULL,
    message_id text NOT NULL,
    list_row bigint NOT NULL,
    PRIMARY KEY(service, message_id, list_row)
);
CREATE TABLE nxcloud_campaign.waiting(
    service text NOT NULL,
    message_id text NOT NULL,
    receipt smallint NOT NULL,
    signed boolean NOT NULL,
    price text,
    currency text,
    parts bigint,
    at bigint NOT NULL,
    PRIMARY KEY(service, message_id)
);

CREATE TABLE nxcloud_campaign.suppressed(mac bigint PRIMARY KEY, at bigint NOT NULL, reason text NOT NULL);

-- How many rows are in which state, kept in the transaction that changes the rows. Each worker has its own counters; 0 is for the rest.
CREATE TABLE nxcloud_campaign.tally(
    campaign bigint NOT NULL,
    worker bigint NOT NULL,
    kind bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY(campaign, worker, kind)
) WITH (fillfactor = 50);

CREATE TABLE nxcloud_campaign.decision(
    list_row bigint NOT NULL,
    at bigint NOT NULL,
    resend boolean NOT NULL,
    by text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY(list_row, at)
);

CREATE TABLE nxcloud_campaign.worker(
    id bigint PRIMARY KEY,
    seen bigint NOT NULL,                    -- 0 when it has ended
    silence bigint NOT NULL                  -- after which its rows are unknown
) WITH (fillfactor = 50);
"];

pub(in super::super) const SERVER: &str = "
SELECT current_setting('server_version_num')::bigint,
       to_regnamespace('nxcloud_campaign') IS NOT NULL,
       EXISTS(SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'nxcloud_campaign' AND c.relname = 'ledger' AND c.relkind = 'r'),
       EXISTS(SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'nxcloud_campaign')
                AND n.nspname NOT LIKE 'pg\\_%'
                AND NOT EXISTS(SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))";
pub(in super::super) const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock($1)";
pub(in super::super) const LEDGER: &str = "SELECT version, secret FROM nxcloud_campaign.ledger";
pub(in super::super) const SET_LEDGER: &str = "
INSERT INTO nxcloud_campaign.ledger(version, secret) VALUES($1, $2) ON CONFLICT(single) DO UPDATE SET version = excluded.version";
