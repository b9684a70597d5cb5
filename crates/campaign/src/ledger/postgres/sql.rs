//! Every statement of the PostgreSQL ledger, and its schema. Nothing else of this dialect is in SQL.
//!
//! Times are nanoseconds since 1970 by the clock of the database. The id of a row is `campaign << 32 | number`. States and reasons are the
//! numbers of their enums: 0 ready, 1 sending, 2 accepted, 3 rejected, 4 unknown, 5 skipped.
//!
//! Every name has its schema, and no statement relies on what an earlier transaction set, so that PgBouncer may give each transaction another
//! connection. A transaction takes its locks in this order: worker, campaign, message ids, rows, bucket, counters.

/// The oldest server: `server_version_num`.
pub(super) const OLDEST: i64 = 150_000;

/// The lock under which the schema is made: `NXCL`.
pub(super) const SCHEMA_LOCK: i64 = 0x4e58_434c;

/// Each step leads from one version of the schema to the next; the first one makes version 1. Steps are never changed, only added.
pub(super) const MIGRATIONS: &[&str] = &["
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
-- Of a row, as receipts say. Not in the campaign, which turns hold locked.
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

/// `synchronous_commit` is only raised, so that a server which waits for its replicas still does. Plans follow the indexes even before the first
/// statistics. `READ WRITE` is left out: a standby refuses it as unsupported, and it would overrule `default_transaction_read_only`.
macro_rules! begin {
    ($statement_timeout:literal, $seqscan:literal) => {
        concat!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '20s'; ",
            "SET LOCAL lock_timeout = '20s'; SET LOCAL statement_timeout = '", $statement_timeout, "'; SET LOCAL enable_seqscan = ", $seqscan, "; ",
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'; ",
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint::text AS now"
        )
    };
}
pub(super) const BEGIN: &str = begin!("30s", "off");
/// For work on whole lists.
pub(super) const BEGIN_LONG: &str = begin!("0", "on");
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

// The schema.

pub(super) const SERVER: &str = "
SELECT current_setting('server_version_num')::bigint,
       to_regnamespace('nxcloud_campaign') IS NOT NULL,
       EXISTS(SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'nxcloud_campaign' AND c.relname = 'ledger' AND c.relkind = 'r'),
       EXISTS(SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'nxcloud_campaign')
                AND n.nspname NOT LIKE 'pg\\_%'
                AND NOT EXISTS(SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))";
pub(super) const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock($1)";
pub(super) const LEDGER: &str = "SELECT version, secret FROM nxcloud_campaign.ledger";
pub(super) const SET_LEDGER: &str = "
INSERT INTO nxcloud_campaign.ledger(version, secret) VALUES($1, $2) ON CONFLICT(single) DO UPDATE SET version = excluded.version";

// Campaigns.

pub(super) const ADD_BUCKET: &str =
    "INSERT INTO nxcloud_campaign.bucket(account, service) VALUES($1, $2) ON CONFLICT DO NOTHING";
pub(super) const BUCKET: &str =
    "SELECT id FROM nxcloud_campaign.bucket WHERE account = $1 AND service = $2";
pub(super) const SAME_LIST: &str =
    "SELECT 1::bigint FROM nxcloud_campaign.campaign WHERE fingerprint = $1 LIMIT 1";
pub(super) const ADD_CAMPAIGN: &str = "
INSERT INTO nxcloud_campaign.campaign(name, service, operation, echoes, template, list, fingerprint, number_column, bucket, state, created_at)
VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT(name) DO NOTHING RETURNING id";
pub(super) const CAMPAIGNS: &str = "
SELECT c.id, c.name, c.service, c.operation, c.template, c.state::bigint, c.reason, c.checked, c.imported, c.columns, c.number_column, c.list,
       c.deadline, c.max_rows, c.max_cost, c.row_cost, b.rate, b.burst
FROM nxcloud_campaign.campaign c JOIN nxcloud_campaign.bucket b ON b.id = c.bucket
WHERE $1::text IS NULL OR c.name = $1 ORDER BY c.id";

macro_rules! campaign {
    ($where:literal, $lock:literal) => {
        concat!(
            "SELECT c.state::bigint, c.reason, c.echoes, c.service, c.bucket, c.deadline, c.max_rows, c.max_cost,
                    greatest(c.row_cost, (SELECT highest FROM nxcloud_campaign.cost WHERE campaign = c.id))
             FROM nxcloud_campaign.campaign c WHERE c.id = $1", $where, " FOR ", $lock, " OF c"
        )
    };
}
/// Shared by workers; a pause or a cancellation waits for their turns. Nothing is found if there are caps, which workers must not use together.
pub(super) const CAMPAIGN_SHARED: &str =
    campaign!(" AND c.max_rows IS NULL AND c.max_cost IS NULL", "SHARE");
pub(super) const CAMPAIGN_EXCLUSIVE: &str = campaign!("", "NO KEY UPDATE");
pub(super) const IMPORTED: &str =
    "SELECT imported, state::bigint FROM nxcloud_campaign.campaign WHERE id = $1 FOR NO KEY UPDATE";
pub(super) const COLUMNS: &str =
    "SELECT columns, number_column FROM nxcloud_campaign.campaign WHERE id = $1";
pub(super) const SET_IMPORTED: &str = "
UPDATE nxcloud_campaign.campaign SET imported = $2, columns = coalesce($3, columns) WHERE id = $1";
pub(super) const SET_CHECKED: &str =
    "UPDATE nxcloud_campaign.campaign SET checked = true WHERE id = $1";
pub(super) const SET_STATE: &str =
    "UPDATE nxcloud_campaign.campaign SET state = $2, reason = $3 WHERE id = $1";
pub(super) const SET_LIMITS: &str = "
UPDATE nxcloud_campaign.campaign SET deadline = $2, max_rows = $3, max_cost = $4, row_cost = $5
WHERE id = $1 AND (deadline, max_rows, max_cost, row_cost) IS DISTINCT FROM ($2, $3, $4, $5)";
/// The row is locked only when it changes: `ON CONFLICT` alone would lock it, and receipts would wait for each other's commits.
pub(super) const COSTS: &str = "
INSERT INTO nxcloud_campaign.cost(campaign, highest)
SELECT $1, $2 WHERE NOT EXISTS(SELECT FROM nxcloud_campaign.cost WHERE campaign = $1 AND highest >= $2)
ON CONFLICT(campaign) DO UPDATE SET highest = excluded.highest WHERE excluded.highest > cost.highest";

// Rows.

pub(super) const ADD_ROWS: &str = "
INSERT INTO nxcloud_campaign.list_row(id, campaign, state, skip, phone, column_values, mac, reason)
SELECT $1 + n, $2, CASE WHEN problem IS NULL THEN 0 ELSE 5 END, CASE WHEN problem IS NULL THEN NULL ELSE 2 END, phone, column_values, mac, problem
FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[]) WITH ORDINALITY AS v(phone, column_values, mac, problem, n)";
pub(super) const DISCARD_ROWS: &str =
    "DELETE FROM nxcloud_campaign.list_row WHERE id BETWEEN $1 AND $2";
pub(super) const DISCARD_TALLY: &str = "DELETE FROM nxcloud_campaign.tally WHERE campaign = $1";
pub(super) const DISCARD: &str = "DELETE FROM nxcloud_campaign.campaign WHERE id = $1";
pub(super) const SKIP_SUPPRESSED: &str = "
UPDATE nxcloud_campaign.list_row SET state = 5, skip = 1, reason = '', settled_at = $3
WHERE id BETWEEN $1 AND $2 AND state = 0 AND mac IN (SELECT mac FROM nxcloud_campaign.suppressed)";
pub(super) const SKIP_DUPLICATES: &str = "
UPDATE nxcloud_campaign.list_row r
SET state = 5, skip = 0, settled_at = $3, reason = 'the same number as row ' || (same.first & 4294967295)
FROM (SELECT id, min(id) OVER (PARTITION BY mac, phone) AS first
      FROM nxcloud_campaign.list_row WHERE id BETWEEN $1 AND $2 AND state = 0) AS same
WHERE r.id = same.id AND same.first < same.id";
/// Refused to who does not own the table; then the server does it by itself later.
pub(super) const ANALYZE: &str = "ANALYZE nxcloud_campaign.list_row";
pub(super) const SKIP: &str = "
UPDATE nxcloud_campaign.list_row r SET state = 5, skip = $1, reason = v.reason, settled_at = $2
FROM unnest($3::bigint[], $4::text[]) AS v(id, reason) WHERE r.id = v.id AND r.state = 0";
/// Skips ready rows of a campaign, so many at once.
pub(super) const SKIP_READY: &str = "
WITH batch AS (SELECT id FROM nxcloud_campaign.list_row WHERE campaign = $1 AND state = 0 ORDER BY not_before, id LIMIT $4 FOR UPDATE)
UPDATE nxcloud_campaign.list_row r SET state = 5, skip = $2, settled_at = $3 FROM batch WHERE r.id = batch.id";
/// A row whose number is suppressed is skipped in place of being claimed.
pub(super) const CLAIM: &str = "
WITH next AS (SELECT n.id, EXISTS(SELECT FROM nxcloud_campaign.suppressed s WHERE s.mac = n.mac) AS is_suppressed
              FROM nxcloud_campaign.list_row n
              WHERE n.campaign = $1 AND n.state = 0 AND n.not_before <= $3 ORDER BY n.not_before, n.id LIMIT $4 FOR UPDATE OF n SKIP LOCKED)
UPDATE nxcloud_campaign.list_row r
SET state = CASE WHEN is_suppressed THEN 5 ELSE 1 END, skip = CASE WHEN is_suppressed THEN 1 END, settled_at = CASE WHEN is_suppressed THEN $3 ELSE r.settled_at END,
    worker = CASE WHEN is_suppressed THEN r.worker ELSE $2 END, claims = r.claims + CASE WHEN is_suppressed THEN 0 ELSE 1 END,
    claimed_at = CASE WHEN is_suppressed THEN r.claimed_at ELSE $3 END
FROM next WHERE r.id = next.id
RETURNING r.id, r.claims::bigint, r.phone, r.column_values, is_suppressed";
pub(super) const NEXT_READY: &str = "
SELECT not_before FROM nxcloud_campaign.list_row WHERE campaign = $1 AND state = 0 ORDER BY not_before, id LIMIT 1";
/// `mask` has a bit for each state from which the end of an attempt leads on, as `state::settle` says.
pub(super) const SETTLE: &str = "
WITH old AS (
    SELECT r.id, r.state AS was, v.state, v.skip, v.not_before, v.code, v.reason, v.message_id
    FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[])
         AS v(id, claim, mask, state, skip, not_before, code, reason, message_id)
    JOIN nxcloud_campaign.list_row r ON r.id = v.id
    WHERE r.worker = $1 AND r.claims = v.claim AND (v.mask >> r.state::integer) & 1 = 1
    ORDER BY r.id FOR UPDATE OF r)
UPDATE nxcloud_campaign.list_row r
SET state = old.state, skip = old.skip, not_before = old.not_before, settled_at = $2, code = old.code, reason = old.reason,
    message_id = coalesce(old.message_id, r.message_id)
FROM old WHERE r.id = old.id
RETURNING r.id, old.was::bigint, old.state, old.skip";
/// Of a turn whose end was not known: rows that the worker never began to send.
pub(super) const UNCLAIM: &str = "
UPDATE nxcloud_campaign.list_row SET state = 0, not_before = 0
WHERE worker = $1 AND state = 1 AND campaign = $2 AND NOT id = ANY($3)";
/// A clock that was set back must not hold rows for longer than they were put back.
pub(super) const NOT_LATER: &str = "
UPDATE nxcloud_campaign.list_row SET not_before = $2 WHERE campaign = $1 AND state = 0 AND not_before > $3";
pub(super) const DECIDE: &str = "
WITH found AS (SELECT id FROM nxcloud_campaign.list_row
               WHERE campaign = $1 AND state = 4 AND ($5::bigint[] IS NULL OR id = ANY($5)) ORDER BY id FOR UPDATE)
UPDATE nxcloud_campaign.list_row r SET state = $2, not_before = 0, settled_at = $3, reason = $4 FROM found WHERE r.id = found.id
RETURNING r.id";
pub(super) const ADD_DECISIONS: &str = "
INSERT INTO nxcloud_campaign.decision(list_row, at, resend, by, reason) SELECT id, $2, $3, $4, $5 FROM unnest($1::bigint[]) AS v(id)
ON CONFLICT(list_row, at) DO UPDATE SET resend = excluded.resend, by = excluded.by, reason = excluded.reason";
pub(super) const DECISIONS: &str = "
SELECT list_row, at, resend, by, reason FROM nxcloud_campaign.decision WHERE list_row BETWEEN $1 AND $2 ORDER BY at, list_row";

macro_rules! rows {
    ($where:literal) => {
        concat!(
            "SELECT id, state::bigint, skip::bigint, phone, column_values, claims::bigint, claimed_at, settled_at, code, reason, message_id,
                    receipt::bigint, receipt_at, receipt_signed, price, currency, parts
             FROM nxcloud_campaign.list_row WHERE id > $1 AND id <= $2 AND campaign = $3 ", $where, " ORDER BY id LIMIT $4"
        )
    };
}
pub(super) const ROWS: &str = rows!("");
pub(super) const ROWS_READY: &str = rows!("AND state = 0");
pub(super) const ROWS_UNKNOWN: &str = rows!("AND state = 4");
pub(super) const ROWS_INVALID: &str = rows!("AND state = 5 AND skip = 2");

// Workers.

pub(super) const ADD_WORKER: &str =
    "INSERT INTO nxcloud_campaign.worker(id, seen, silence) VALUES($1, $2, $3)";
/// A worker's turn begins with it: a worker that has ended finds nothing, and one that is counted as silent at this moment waits for that.
pub(super) const SEEN: &str = "
UPDATE nxcloud_campaign.worker SET seen = $2 WHERE id = $1 AND seen > 0
RETURNING (SELECT version FROM nxcloud_campaign.ledger)";
pub(super) const ENDED: &str = "UPDATE nxcloud_campaign.worker SET seen = 0 WHERE id = $1";
pub(super) const REMOVE_WORKER: &str = "DELETE FROM nxcloud_campaign.worker WHERE id = $1";
/// Rows of workers that are silent; a worker within a turn is none of them.
pub(super) const REAP: &str = "
WITH silent AS (SELECT id FROM nxcloud_campaign.worker WHERE seen + silence < $1 FOR UPDATE SKIP LOCKED),
     reaped AS (UPDATE nxcloud_campaign.list_row r SET state = 4, settled_at = $1, reason = $2 FROM silent
                WHERE r.state = 1 AND r.worker = silent.id RETURNING r.campaign)
SELECT campaign, count(*) FROM reaped GROUP BY campaign";
pub(super) const DELETE_OLD_WORKERS: &str = "
DELETE FROM nxcloud_campaign.worker w
WHERE w.seen < $1 AND NOT EXISTS(SELECT FROM nxcloud_campaign.list_row r WHERE r.state = 1 AND r.worker = w.id)";

// Receipts.

pub(super) const EXIST: &str = "SELECT id FROM nxcloud_campaign.list_row WHERE id = ANY($1)";
pub(super) const RECEIPTS_OF: &str = "
SELECT id, state::bigint, skip::bigint, receipt::bigint, receipt_signed, price, currency, parts
FROM nxcloud_campaign.list_row WHERE id = ANY($1) ORDER BY id FOR UPDATE";
pub(super) const SET_RECEIPTS: &str = "
UPDATE nxcloud_campaign.list_row r
SET state = v.state, skip = NULL, receipt = v.receipt, receipt_at = $1, receipt_signed = v.signed, price = v.price, currency = v.currency,
    parts = v.parts, reason = coalesce(v.reason, r.reason), settled_at = coalesce(r.settled_at, $1),
    message_id = coalesce(r.message_id, v.message_id)
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[])
     AS v(id, state, receipt, signed, price, currency, parts, reason, message_id)
WHERE r.id = v.id";
/// Reply and receipt of one message exclude each other: neither would see what the other has not committed.
pub(super) const LOCK_MESSAGES: &str =
    "SELECT pg_advisory_xact_lock(1314407244, lock) FROM unnest($1::integer[]) AS v(lock)";
pub(super) const ADD_SENT: &str = "
INSERT INTO nxcloud_campaign.sent(service, message_id, list_row)
SELECT $1, message_id, id FROM unnest($2::text[], $3::bigint[]) AS v(message_id, id) ON CONFLICT DO NOTHING";
pub(super) const ROWS_OF_IDS: &str = "
SELECT message_id, max(list_row) FROM nxcloud_campaign.sent WHERE service = $1 AND message_id = ANY($2) GROUP BY message_id";
pub(super) const ECHOES: &str =
    "SELECT coalesce(bool_or(NOT echoes), false) FROM nxcloud_campaign.campaign WHERE service = $1";
pub(super) const ADD_WAITING: &str = "
INSERT INTO nxcloud_campaign.waiting(service, message_id, receipt, signed, price, currency, parts, at) VALUES($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT(service, message_id) DO UPDATE SET receipt = excluded.receipt, signed = excluded.signed,
    price = coalesce(excluded.price, waiting.price), currency = coalesce(excluded.currency, waiting.currency),
    parts = coalesce(excluded.parts, waiting.parts), at = excluded.at
WHERE excluded.receipt > waiting.receipt";
pub(super) const TAKE_WAITING: &str = "
DELETE FROM nxcloud_campaign.waiting WHERE service = $1 AND message_id = ANY($2)
RETURNING message_id, receipt::bigint, signed, price, currency, parts";
pub(super) const DELETE_OLD_WAITING: &str = "DELETE FROM nxcloud_campaign.waiting WHERE at < $1";

// Numbers that get nothing.

pub(super) const SUPPRESS: &str = "
INSERT INTO nxcloud_campaign.suppressed(mac, at, reason) SELECT DISTINCT mac, $2, $3 FROM unnest($1::bigint[]) AS v(mac) ORDER BY 1
ON CONFLICT DO NOTHING";

// Counts.

pub(super) const TALLY: &str = "
INSERT INTO nxcloud_campaign.tally(campaign, worker, kind, count)
SELECT campaign, $1, kind, count FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS v(campaign, kind, count)
ON CONFLICT(campaign, worker, kind) DO UPDATE SET count = tally.count + excluded.count";
pub(super) const COUNTS: &str = "
SELECT kind, sum(count)::bigint FROM nxcloud_campaign.tally WHERE campaign = $1 GROUP BY kind";

// The rate.

pub(super) const SET_RATE: &str = "
UPDATE nxcloud_campaign.bucket SET rate = $2, burst = $3 WHERE id = (SELECT bucket FROM nxcloud_campaign.campaign WHERE id = $1)";
/// The time is read behind the lock.
pub(super) const RATE_OF: &str = "
SELECT rate, burst, arrival, paused_until, (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint
FROM nxcloud_campaign.bucket WHERE id = $1 FOR NO KEY UPDATE";
/// Without a limit workers need not wait for each other.
pub(super) const UNLIMITED: &str = "
SELECT rate = 0 AND paused_until <= $2 FROM nxcloud_campaign.bucket WHERE id = $1";
pub(super) const SET_ARRIVAL: &str =
    "UPDATE nxcloud_campaign.bucket SET arrival = $2 WHERE id = $1";
pub(super) const SET_PAUSE: &str =
    "UPDATE nxcloud_campaign.bucket SET paused_until = $2 WHERE id = $1";
