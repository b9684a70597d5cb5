//! Every statement of the `SQLite` ledger, and its schema. Nothing else in this crate is in SQL.
//!
//! Times are nanoseconds since 1970. The id of a row is `campaign << 32 | number`. States and reasons are the numbers of their enums: 0 ready,
//! 1 sending, 2 accepted, 3 rejected, 4 unknown, 5 skipped.

/// `NXCL`.
pub(super) const APPLICATION_ID: i32 = 0x4e58_434c;

/// Each step leads from one version of the schema to the next; the first one makes version 1. Steps are never changed, only added.
pub(super) const MIGRATIONS: &[&str] = &["
CREATE TABLE ledger(secret BLOB NOT NULL, worker INTEGER NOT NULL) STRICT;

CREATE TABLE bucket(
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    service TEXT NOT NULL,
    rate INTEGER NOT NULL DEFAULT 0,          -- requests a second; 0 for no limit
    burst INTEGER NOT NULL DEFAULT 1,
    arrival INTEGER NOT NULL DEFAULT 0,       -- the theoretical arrival time of GCRA
    paused_until INTEGER NOT NULL DEFAULT 0,
    UNIQUE(account, service)
) STRICT;

CREATE TABLE campaign(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    operation TEXT NOT NULL,
    echoes INTEGER NOT NULL,
    template TEXT,
    list BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    number_column TEXT NOT NULL,
    columns TEXT NOT NULL DEFAULT '[]',
    imported INTEGER NOT NULL DEFAULT 0,
    bucket INTEGER NOT NULL REFERENCES bucket(id),
    state INTEGER NOT NULL,
    reason TEXT,
    checked INTEGER NOT NULL DEFAULT 0,
    deadline INTEGER,
    most_rows INTEGER,
    most_cost INTEGER,                        -- millionths
    row_cost INTEGER,
    highest_cost INTEGER NOT NULL DEFAULT 0,  -- of a row, as receipts say
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE row(
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    state INTEGER NOT NULL,
    skip INTEGER,
    not_before INTEGER NOT NULL DEFAULT 0,
    phone TEXT NOT NULL,
    vals TEXT NOT NULL,                       -- JSON array, in the order of campaign.columns
    mac INTEGER NOT NULL,                     -- keyed hash of the phone
    claims INTEGER NOT NULL DEFAULT 0,
    worker INTEGER,
    claimed_at INTEGER,
    settled_at INTEGER,
    code INTEGER,
    reason TEXT,
    message_id TEXT,
    receipt INTEGER,
    receipt_at INTEGER,
    receipt_signed INTEGER,
    price TEXT,
    currency TEXT,
    parts INTEGER
) STRICT;
-- The id comes last in each index by itself.
CREATE INDEX row_ready ON row(campaign, not_before) WHERE state = 0;
CREATE INDEX row_sending ON row(campaign) WHERE state = 1;
CREATE INDEX row_unknown ON row(campaign) WHERE state = 4;

-- Of services whose receipts bring back nothing of the request.
CREATE TABLE sent(
    service TEXT NOT NULL,
    message_id TEXT NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY(service, message_id, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting(
    service TEXT NOT NULL,
    message_id TEXT NOT NULL,
    receipt INTEGER NOT NULL,
    signed INTEGER NOT NULL,
    price TEXT,
    currency TEXT,
    parts INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY(service, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppressed(mac INTEGER PRIMARY KEY, at INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;

-- How many rows are in which state, kept in the transaction that changes the rows.
CREATE TABLE tally(
    campaign INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY(campaign, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision(
    row INTEGER NOT NULL,
    at INTEGER NOT NULL,
    resend INTEGER NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY(row, at)
) STRICT, WITHOUT ROWID;
"];

pub(super) const NEW_LEDGER: &str = "INSERT INTO ledger(secret, worker) VALUES(?1, 0)";
pub(super) const SECRET: &str = "SELECT secret FROM ledger";
pub(super) const WORKER: &str = "SELECT worker FROM ledger";
pub(super) const SET_WORKER: &str = "UPDATE ledger SET worker = ?1";

// Campaigns.

pub(super) const ADD_BUCKET: &str =
    "INSERT INTO bucket(account, service) VALUES(?1, ?2) ON CONFLICT DO NOTHING";
pub(super) const BUCKET: &str = "SELECT id FROM bucket WHERE account = ?1 AND service = ?2";
pub(super) const SAME_LIST: &str = "SELECT name FROM campaign WHERE fingerprint = ?1";
pub(super) const ADD_CAMPAIGN: &str = "
INSERT INTO campaign(name, service, operation, echoes, template, list, fingerprint, number_column, bucket, state, created_at)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
pub(super) const CAMPAIGNS: &str = "
SELECT c.id, c.name, c.service, c.operation, c.template, c.state, c.reason, c.checked, c.imported, c.columns, c.number_column, c.list,
       c.deadline, c.most_rows, c.most_cost, c.row_cost, b.rate, b.burst
FROM campaign c JOIN bucket b ON b.id = c.bucket
WHERE ?1 IS NULL OR c.name = ?1 ORDER BY c.id";
pub(super) const CAMPAIGN_CONTEXT: &str = "
SELECT state, reason, echoes, service, bucket, deadline, most_rows, most_cost, max(row_cost, highest_cost) FROM campaign WHERE id = ?1";
pub(super) const IMPORTED: &str = "SELECT imported, state FROM campaign WHERE id = ?1";
pub(super) const COLUMNS: &str = "SELECT columns, number_column FROM campaign WHERE id = ?1";
pub(super) const SET_IMPORTED: &str =
    "UPDATE campaign SET imported = ?2, columns = coalesce(?3, columns) WHERE id = ?1";
pub(super) const SET_CHECKED: &str = "UPDATE campaign SET checked = 1 WHERE id = ?1";
pub(super) const SET_STATE: &str = "UPDATE campaign SET state = ?2, reason = ?3 WHERE id = ?1";
pub(super) const PAUSE_ALL: &str =
    "UPDATE campaign SET state = ?3, reason = ?4 WHERE state IN (?1, ?2)";
pub(super) const SET_LIMITS: &str = "
UPDATE campaign SET deadline = ?2, most_rows = ?3, most_cost = ?4, row_cost = ?5 WHERE id = ?1";
pub(super) const COSTS: &str =
    "UPDATE campaign SET highest_cost = ?2 WHERE id = ?1 AND highest_cost < ?2";

// Rows.

pub(super) const ADD_ROW: &str = "
INSERT INTO row(id, campaign, state, skip, phone, vals, mac, reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
pub(super) const DISCARD_ROWS: &str =
    "DELETE FROM row WHERE id IN (SELECT id FROM row WHERE id BETWEEN ?1 AND ?2 LIMIT ?3)";
pub(super) const DISCARD_TALLY: &str = "DELETE FROM tally WHERE campaign = ?1";
pub(super) const DISCARD: &str = "DELETE FROM campaign WHERE id = ?1";
pub(super) const NUMBERS: &str = "SELECT mac, id FROM row WHERE id BETWEEN ?1 AND ?2 AND state = 0";
pub(super) const PHONE: &str = "SELECT phone FROM row WHERE id = ?1";
pub(super) const SKIP: &str = "
UPDATE row SET state = 5, skip = ?2, reason = ?3, settled_at = ?4 WHERE id = ?1 AND state = 0";
/// Skips ready rows of a campaign, up to a limit.
pub(super) const SKIP_READY: &str = "
UPDATE row SET state = 5, skip = ?2, settled_at = ?3
WHERE id IN (SELECT id FROM row INDEXED BY row_ready WHERE campaign = ?1 AND state = 0 LIMIT ?4)";
pub(super) const CLAIM: &str = "
UPDATE row SET state = 1, worker = ?2, claims = claims + 1, claimed_at = ?3
WHERE id IN (SELECT id FROM row INDEXED BY row_ready
             WHERE campaign = ?1 AND state = 0 AND not_before <= ?3 ORDER BY not_before, id LIMIT ?4)
RETURNING id, claims, phone, vals, mac";
pub(super) const NEXT_READY: &str = "
SELECT not_before FROM row INDEXED BY row_ready WHERE campaign = ?1 AND state = 0 ORDER BY not_before LIMIT 1";
/// Undoes a claim whose number is suppressed.
pub(super) const SKIP_CLAIMED: &str = "
UPDATE row SET state = 5, skip = ?2, settled_at = ?3, claims = claims - 1 WHERE id = ?1 AND state = 1";
pub(super) const CURRENT: &str = "SELECT state FROM row WHERE id = ?1";
pub(super) const SETTLE: &str = "
UPDATE row SET state = ?2, skip = ?3, not_before = ?4, settled_at = ?5, code = ?6, reason = ?7, message_id = coalesce(?8, message_id)
WHERE id = ?1 AND state = ?9 AND claims = ?10 AND worker = ?11";
pub(super) const SENDING: &str = "
SELECT campaign, count(*) FROM row INDEXED BY row_sending WHERE state = 1 GROUP BY campaign";
pub(super) const REAP: &str = "
UPDATE row SET state = 4, settled_at = ?1, reason = ?2
WHERE id IN (SELECT id FROM row INDEXED BY row_sending WHERE state = 1)";
/// A clock that was set back must not hold rows for longer than they were put back.
pub(super) const NOT_LATER: &str = "
UPDATE row SET not_before = ?2
WHERE id IN (SELECT id FROM row INDEXED BY row_ready WHERE campaign = ?1 AND state = 0 AND not_before > ?3)";
pub(super) const UNKNOWN: &str =
    "SELECT id FROM row INDEXED BY row_unknown WHERE campaign = ?1 AND state = 4 ORDER BY id";
pub(super) const DECIDE: &str = "
UPDATE row SET state = ?2, not_before = 0, settled_at = ?3, reason = ?4 WHERE id = ?1 AND state = 4";
pub(super) const ADD_DECISION: &str =
    "INSERT OR REPLACE INTO decision(row, at, resend, by, reason) VALUES(?1, ?2, ?3, ?4, ?5)";
pub(super) const DECISIONS: &str = "
SELECT row, at, resend, by, reason FROM decision WHERE row BETWEEN ?1 AND ?2 ORDER BY at, row";

macro_rules! rows {
    ($from:literal, $where:literal) => {
        concat!(
            "SELECT id, state, skip, phone, vals, claims, claimed_at, settled_at, code, reason, message_id, receipt, receipt_at, receipt_signed,
                    price, currency, parts
             FROM ", $from, " WHERE ", $where, " ORDER BY id LIMIT ?4"
        )
    };
}
pub(super) const ROWS: &str = rows!("row", "id > ?1 AND id <= ?2 AND ?3 > 0");
pub(super) const ROWS_READY: &str = rows!("row", "id > ?1 AND id <= ?2 AND ?3 > 0 AND state = 0");
pub(super) const ROWS_UNKNOWN: &str = rows!(
    "row INDEXED BY row_unknown",
    "id > ?1 AND id <= ?2 AND campaign = ?3 AND state = 4"
);
pub(super) const ROWS_INVALID: &str = rows!(
    "row",
    "id > ?1 AND id <= ?2 AND ?3 > 0 AND state = 5 AND skip = 2"
);

// Receipts.

pub(super) const RECEIPT_OF: &str = "
SELECT state, skip, receipt, receipt_signed, price, currency, parts FROM row WHERE id = ?1";
pub(super) const SET_RECEIPT: &str = "
UPDATE row SET state = ?2, skip = NULL, receipt = ?3, receipt_at = ?4, receipt_signed = ?5, price = ?6, currency = ?7, parts = ?8,
               reason = coalesce(?9, reason), settled_at = coalesce(settled_at, ?4), message_id = coalesce(message_id, ?10)
WHERE id = ?1";
pub(super) const ADD_SENT: &str =
    "INSERT OR IGNORE INTO sent(service, message_id, row) VALUES(?1, ?2, ?3)";
pub(super) const ROW_OF_ID: &str =
    "SELECT row FROM sent WHERE service = ?1 AND message_id = ?2 ORDER BY row DESC LIMIT 1";
pub(super) const ROW_EXISTS: &str = "SELECT 1 FROM row WHERE id = ?1";
pub(super) const ECHOES: &str = "SELECT max(echoes = 0) FROM campaign WHERE service = ?1";
pub(super) const ADD_WAITING: &str = "
INSERT INTO waiting(service, message_id, receipt, signed, price, currency, parts, at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT DO UPDATE SET receipt = excluded.receipt, signed = excluded.signed, price = coalesce(excluded.price, price),
    currency = coalesce(excluded.currency, currency), parts = coalesce(excluded.parts, parts), at = excluded.at
WHERE excluded.receipt > receipt";
pub(super) const TAKE_WAITING: &str = "
DELETE FROM waiting WHERE service = ?1 AND message_id = ?2 RETURNING receipt, signed, price, currency, parts";
pub(super) const DELETE_OLD_WAITING: &str = "DELETE FROM waiting WHERE at < ?1";

// Numbers that get nothing.

pub(super) const SUPPRESS: &str =
    "INSERT INTO suppressed(mac, at, reason) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING";
pub(super) const SUPPRESSED: &str = "SELECT mac FROM suppressed ORDER BY mac";
pub(super) const IS_SUPPRESSED: &str = "SELECT 1 FROM suppressed WHERE mac = ?1";

// Counts.

pub(super) const TALLY: &str = "
INSERT INTO tally(campaign, kind, count) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + excluded.count";
pub(super) const COUNTS: &str = "SELECT kind, count FROM tally WHERE campaign = ?1";

// The rate.

pub(super) const SET_RATE: &str = "
UPDATE bucket SET rate = ?2, burst = ?3 WHERE id = (SELECT bucket FROM campaign WHERE id = ?1)";
pub(super) const RATE_OF: &str = "
SELECT rate, burst, arrival, paused_until FROM bucket WHERE id = ?1";
pub(super) const SET_ARRIVAL: &str = "UPDATE bucket SET arrival = ?2 WHERE id = ?1";
pub(super) const SET_PAUSE: &str = "UPDATE bucket SET paused_until = ?2 WHERE id = ?1";
