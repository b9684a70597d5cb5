//! Every statement of the PostgreSQL ledger, and its schema. Nothing else of this dialect is in SQL.
//!
//! Times are nanoseconds since 1970 by the clock of the database; they do not pass through the client. The id of a row is
//! `campaign << 32 | number`. States and reasons are the numbers of their enums: of a row 0 ready, 1 sending, 2 accepted, 3 rejected, 4 unknown,
//! 5 skipped; of a campaign 0 importing, 1 ready, 2 running, 3 paused, 4 done, 5 cancelled.
//!
//! Every name has its schema, and no statement relies on what an earlier transaction set, so that PgBouncer may give each transaction another
//! connection. A transaction takes its locks in this order: worker, campaign, message ids, rows, bucket, counters.

mod schema;

pub(super) use schema::*;

/// The time of the transaction. Statements are sent before the answer to `BEGIN` is there: one that runs outside of a transaction, because that
/// failed, finds no time and fails too.
macro_rules! now {
    () => {
        "current_setting('nxcloud_campaign.now')::bigint"
    };
}

macro_rules! clock {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000000)::bigint"
    };
}

/// `synchronous_commit` is only raised, so that a server which waits for its replicas still does. Plans follow the indexes even before the first
/// statistics. `jit` is off: to compile a plan takes longer than it saves. `READ WRITE` is left out: a standby refuses it as unsupported, and it
/// would overrule `default_transaction_read_only`.
macro_rules! begin {
    ($statement_timeout:literal, $seqscan:literal) => {
        concat!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; ",
            "SELECT set_config('idle_in_transaction_session_timeout', '20s', true), set_config('lock_timeout', '20s', true), ",
            "set_config('statement_timeout', '", $statement_timeout, "', true), set_config('enable_seqscan', '", $seqscan, "', true), ",
            "set_config('jit', 'off', true), ",
            "set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true), ",
            "set_config('nxcloud_campaign.now', ", clock!(), "::text, true)"
        )
    };
}
pub(super) const BEGIN: &str = begin!("30s", "off");
/// For transactions on whole lists.
pub(super) const BEGIN_LONG: &str = begin!("0", "on");
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

// Campaigns.

pub(super) const ADD_BUCKET: &str =
    "INSERT INTO nxcloud_campaign.bucket(account, service) VALUES($1, $2) ON CONFLICT DO NOTHING";
pub(super) const BUCKET: &str =
    "SELECT id FROM nxcloud_campaign.bucket WHERE account = $1 AND service = $2";
pub(super) const SAME_LIST: &str =
    "SELECT 1::bigint FROM nxcloud_campaign.campaign WHERE fingerprint = $1 LIMIT 1";
pub(super) const ADD_CAMPAIGN: &str = concat!(
    "
INSERT INTO nxcloud_campaign.campaign(name, service, operation, echoes, template, list, fingerprint, number_column, bucket, state, created_at)
VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ", now!(), ") ON CONFLICT(name) DO NOTHING RETURNING id"
);
pub(super) const CAMPAIGNS: &str = "
SELECT c.id, c.name, c.service, c.operation, c.template, c.state::bigint, c.reason, c.checked, c.imported, c.columns, c.number_column, c.list,
       c.deadline, c.max_rows, c.max_cost, c.row_cost, b.rate, b.burst
FROM nxcloud_campaign.campaign c JOIN nxcloud_campaign.bucket b ON b.id = c.bucket
WHERE $1::text IS NULL OR c.name = $1 ORDER BY c.id";

macro_rules! campaign {
    ($lock:literal) => {
        concat!(
            "SELECT c.state::bigint, c.reason, c.echoes, c.service, c.bucket, coalesce(c.deadline <= ", now!(), ", false), c.max_rows, c.max_cost,
                    greatest(c.row_cost, (SELECT highest FROM nxcloud_campaign.cost WHERE campaign = c.id))
             FROM nxcloud_campaign.campaign c WHERE c.id = $1 FOR ", $lock, " OF c"
        )
    };
}
/// Shared by workers; a pause, a cancellation or other limits wait for their transactions.
pub(super) const CAMPAIGN_SHARED: &str = campaign!("SHARE");
pub(super) const CAMPAIGN_EXCLUSIVE: &str = campaign!("NO KEY UPDATE");
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
pub(super) const PAUSE_RUNNING: &str =
    "UPDATE nxcloud_campaign.campaign SET state = 3, reason = $2 WHERE id = $1 AND state = 2";
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
pub(super) const SKIP_SUPPRESSED: &str = concat!(
    "
UPDATE nxcloud_campaign.list_row SET state = 5, skip = 1, reason = '', settled_at = ",
    now!(),
    "
WHERE id BETWEEN $1 AND $2 AND state = 0 AND mac IN (SELECT mac FROM nxcloud_campaign.suppressed)"
);
pub(super) const SKIP_DUPLICATES: &str = concat!(
    "
UPDATE nxcloud_campaign.list_row r
SET state = 5, skip = 0, settled_at = ",
    now!(),
    ", reason = 'the same number as row ' || (same.first & 4294967295)
FROM (SELECT id, min(id) OVER (PARTITION BY mac, phone) AS first
      FROM nxcloud_campaign.list_row WHERE id BETWEEN $1 AND $2 AND state = 0) AS same
WHERE r.id = same.id AND same.first < same.id"
);
/// Refused to who does not own the table; then the server does it by itself later.
pub(super) const ANALYZE: &str = "ANALYZE nxcloud_campaign.list_row";
pub(super) const SKIP: &str = concat!(
    "
UPDATE nxcloud_campaign.list_row r SET state = 5, skip = $1, reason = v.reason, settled_at = ",
    now!(),
    "
FROM unnest($2::bigint[], $3::text[]) AS v(id, reason) WHERE r.id = v.id AND r.state = 0"
);
/// Skips ready rows of a campaign, at most a batch.
pub(super) const SKIP_READY: &str = concat!(
    "
WITH batch AS (SELECT id FROM nxcloud_campaign.list_row WHERE campaign = $1 AND state = 0 ORDER BY not_before, id LIMIT $3 FOR UPDATE)
UPDATE nxcloud_campaign.list_row r SET state = 5, skip = $2, settled_at = ", now!(), " FROM batch WHERE r.id = batch.id"
);
/// Takes requests out of the rate of the account, at most as many as asked for; none while no row behind the cursor is ready. How many, and when, the settings of the
/// transaction say to `CLAIM`. The calculation is that of `Bucket::take`.
///
/// The time is read behind the lock. Without a limit workers need not wait for each other.
pub(super) const TAKE_PERMITS: &str = concat!(
    "
WITH campaign AS (
    SELECT bucket FROM nxcloud_campaign.campaign
    WHERE id = $1 AND state = 2 AND coalesce(deadline > ", now!(), ", true) AND (max_rows IS NOT NULL OR max_cost IS NOT NULL) = $3
), next AS (
    SELECT next.not_before - ", now!(), " AS wait FROM campaign, LATERAL (
        SELECT not_before FROM nxcloud_campaign.list_row
        WHERE campaign = $1 AND state = 0 AND (not_before, id) > (0, $5) ORDER BY not_before, id LIMIT 1) AS next
), limited AS (
    SELECT id, rate, burst, arrival, paused_until, ", clock!(), " AS now FROM nxcloud_campaign.bucket
    WHERE id = (SELECT bucket FROM campaign) AND (SELECT wait FROM next) <= 0 AND rate > 0 FOR NO KEY UPDATE
), unlimited AS (
    SELECT id, rate, burst, arrival, paused_until, ", now!(), " AS now FROM nxcloud_campaign.bucket
    WHERE id = (SELECT bucket FROM campaign) AND (SELECT wait FROM next) <= 0 AND rate = 0
), permits AS (
    SELECT id, rate, now, granted, base + granted * period AS arrival,
           CASE WHEN paused THEN paused_until - now WHEN granted = 0 THEN greatest(arrival - tolerance - now, span) ELSE span END AS wait
    FROM (SELECT * FROM limited UNION ALL SELECT * FROM unlimited) AS bucket,
         LATERAL (SELECT (999999999 + rate) / nullif(rate, 0) AS period, paused_until > now AND paused_until <= now + $4 AS paused) AS p,
         LATERAL (SELECT period * (burst - 1) AS tolerance, period * greatest(burst / 2, 1) AS span) AS t,
         LATERAL (SELECT CASE WHEN arrival > now + tolerance + period THEN now + tolerance ELSE greatest(arrival, now) END AS base) AS b,
         LATERAL (SELECT CASE WHEN paused THEN 0 WHEN rate = 0 THEN $2 WHEN base > now + tolerance THEN 0
                              ELSE least($2, (now + tolerance - base) / period + 1) END AS granted) AS g
), taken AS (
    UPDATE nxcloud_campaign.bucket SET arrival = permits.arrival FROM permits
    WHERE bucket.id = permits.id AND permits.rate > 0 AND permits.granted > 0
)
SELECT next.wait, permits.granted, permits.wait, permits.now,
       set_config('nxcloud_campaign.permits', coalesce(permits.granted, 0)::text, true),
       set_config('nxcloud_campaign.permits_at', coalesce(permits.now, 0)::text, true)
FROM (SELECT) AS one LEFT JOIN next ON true LEFT JOIN permits ON true"
);
/// Claims as many rows as there are permits. A row whose number is suppressed is skipped in place of being claimed.
pub(super) const CLAIM: &str = "
WITH next AS (SELECT n.id, EXISTS(SELECT FROM nxcloud_campaign.suppressed s WHERE s.mac = n.mac) AS is_suppressed
              FROM nxcloud_campaign.list_row n
              WHERE n.campaign = $1 AND n.state = 0 AND n.not_before <= current_setting('nxcloud_campaign.permits_at')::bigint
                AND (n.not_before, n.id) > (0, $3)
              ORDER BY n.not_before, n.id LIMIT current_setting('nxcloud_campaign.permits')::bigint FOR UPDATE OF n SKIP LOCKED),
     permits AS (SELECT current_setting('nxcloud_campaign.permits_at')::bigint AS at)
UPDATE nxcloud_campaign.list_row r
SET state = CASE WHEN is_suppressed THEN 5 ELSE 1 END, skip = CASE WHEN is_suppressed THEN 1 END,
    settled_at = CASE WHEN is_suppressed THEN permits.at ELSE r.settled_at END,
    worker = CASE WHEN is_suppressed THEN r.worker ELSE $2 END, claims = r.claims + CASE WHEN is_suppressed THEN 0 ELSE 1 END,
    claimed_at = CASE WHEN is_suppressed THEN r.claimed_at ELSE permits.at END
FROM next, permits WHERE r.id = next.id
RETURNING r.id, r.claims::bigint, r.phone, r.column_values, is_suppressed, r.not_before";
/// `mask` has a bit for each state from which the end of an attempt leads on, as `state::settle` says. A row that is put back is skipped if the
/// campaign was cancelled.
pub(super) const SETTLE: &str = concat!(
    "
WITH old AS (
    SELECT r.id, r.state AS was, v.state, v.skip, v.not_before, v.code, v.reason, v.message_id
    FROM (SELECT v.id, v.claim, v.mask, v.code, v.reason, v.message_id, CASE WHEN cancelled THEN 5 ELSE v.state END AS state,
                 CASE WHEN cancelled THEN 4 ELSE v.skip END AS skip, CASE WHEN v.state = 0 THEN ", now!(), " + v.wait ELSE 0 END AS not_before
          FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[])
               AS v(id, claim, mask, state, skip, wait, code, reason, message_id),
               LATERAL (SELECT v.state = 0 AND state = 5 AS cancelled FROM nxcloud_campaign.campaign WHERE id = $2) AS campaign) AS v
    JOIN nxcloud_campaign.list_row r ON r.id = v.id
    WHERE r.worker = $1 AND r.claims = v.claim AND (v.mask >> r.state::integer) & 1 = 1
    ORDER BY r.id FOR UPDATE OF r)
UPDATE nxcloud_campaign.list_row r
SET state = old.state, skip = old.skip, not_before = old.not_before, settled_at = ", now!(), ", code = old.code, reason = old.reason,
    message_id = coalesce(old.message_id, r.message_id)
FROM old WHERE r.id = old.id
RETURNING r.id, old.was::bigint, old.state, old.skip"
);
/// Of a request whose answer was lost: rows that the worker never began to send.
pub(super) const UNCLAIM: &str = concat!(
    "
UPDATE nxcloud_campaign.list_row SET state = 0, not_before = ",
    now!(),
    "
WHERE worker = $1 AND state = 1 AND campaign = $2 AND NOT id = ANY($3)"
);
/// A clock that was set back must not hold rows for longer than they were put back.
pub(super) const NOT_LATER: &str = concat!(
    "
UPDATE nxcloud_campaign.list_row SET not_before = ",
    now!(),
    " WHERE campaign = $1 AND state = 0 AND not_before > ",
    now!(),
    " + $2"
);
pub(super) const DECIDE: &str = concat!(
    "
WITH found AS (SELECT id FROM nxcloud_campaign.list_row
               WHERE campaign = $1 AND state = 4 AND ($4::bigint[] IS NULL OR id = ANY($4)) ORDER BY id FOR UPDATE)
UPDATE nxcloud_campaign.list_row r SET state = $2, not_before = ", now!(), ", settled_at = ", now!(), ", reason = $3 FROM found WHERE r.id = found.id
RETURNING r.id"
);
pub(super) const ADD_DECISIONS: &str = concat!(
    "
INSERT INTO nxcloud_campaign.decision(list_row, at, resend, by, reason) SELECT id, ", now!(), ", $2, $3, $4 FROM unnest($1::bigint[]) AS v(id)
ON CONFLICT(list_row, at) DO UPDATE SET resend = excluded.resend, by = excluded.by, reason = excluded.reason"
);
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

pub(super) const ADD_WORKER: &str = concat!(
    "INSERT INTO nxcloud_campaign.worker(id, seen, silence) VALUES($1, ",
    now!(),
    ", $2)"
);
/// The first statement of a worker: one that has ended finds nothing, and one that is counted as silent at this moment waits for that.
pub(super) const SEEN: &str = concat!(
    "
UPDATE nxcloud_campaign.worker SET seen = ",
    now!(),
    " WHERE id = $1 AND seen > 0
RETURNING (SELECT version FROM nxcloud_campaign.ledger)"
);
pub(super) const ENDED: &str = "UPDATE nxcloud_campaign.worker SET seen = 0 WHERE id = $1";
pub(super) const REMOVE_WORKER: &str = "DELETE FROM nxcloud_campaign.worker WHERE id = $1";
/// Rows of workers that are silent; a worker within a transaction is none of them.
pub(super) const REAP: &str = concat!(
    "
WITH silent AS (SELECT id FROM nxcloud_campaign.worker WHERE seen + silence < ",
    now!(),
    " FOR UPDATE SKIP LOCKED),
     reaped AS (UPDATE nxcloud_campaign.list_row r SET state = 4, settled_at = ",
    now!(),
    ", reason = $1 FROM silent
                WHERE r.state = 1 AND r.worker = silent.id RETURNING r.campaign)
SELECT campaign, count(*) FROM reaped GROUP BY campaign"
);
pub(super) const DELETE_OLD_WORKERS: &str = concat!(
    "
DELETE FROM nxcloud_campaign.worker w
WHERE w.seen < ",
    now!(),
    " - $1 AND NOT EXISTS(SELECT FROM nxcloud_campaign.list_row r WHERE r.state = 1 AND r.worker = w.id)"
);

// Receipts.

pub(super) const EXIST: &str = "SELECT id FROM nxcloud_campaign.list_row WHERE id = ANY($1)";
pub(super) const RECEIPTS_OF: &str = "
SELECT id, state::bigint, skip::bigint, receipt::bigint, receipt_signed, price, currency, parts
FROM nxcloud_campaign.list_row WHERE id = ANY($1) ORDER BY id FOR UPDATE";
pub(super) const SET_RECEIPTS: &str = concat!(
    "
UPDATE nxcloud_campaign.list_row r
SET state = v.state, skip = NULL, receipt = v.receipt, receipt_at = ", now!(), ", receipt_signed = v.signed, price = v.price,
    currency = v.currency, parts = v.parts, reason = coalesce(v.reason, r.reason), settled_at = coalesce(r.settled_at, ", now!(), "),
    message_id = coalesce(r.message_id, v.message_id)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[])
     AS v(id, state, receipt, signed, price, currency, parts, reason, message_id)
WHERE r.id = v.id"
);
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
pub(super) const ADD_WAITING: &str = concat!(
    "
INSERT INTO nxcloud_campaign.waiting(service, message_id, receipt, signed, price, currency, parts, at) VALUES($1, $2, $3, $4, $5, $6, $7, ", now!(), ")
ON CONFLICT(service, message_id) DO UPDATE SET receipt = excluded.receipt, signed = excluded.signed,
    price = coalesce(excluded.price, waiting.price), currency = coalesce(excluded.currency, waiting.currency),
    parts = coalesce(excluded.parts, waiting.parts), at = excluded.at
WHERE excluded.receipt > waiting.receipt"
);
pub(super) const TAKE_WAITING: &str = "
DELETE FROM nxcloud_campaign.waiting WHERE service = $1 AND message_id = ANY($2)
RETURNING message_id, receipt::bigint, signed, price, currency, parts";
pub(super) const DELETE_OLD_WAITING: &str = concat!(
    "DELETE FROM nxcloud_campaign.waiting WHERE at < ",
    now!(),
    " - $1"
);

// Numbers that get nothing.

pub(super) const SUPPRESS: &str = concat!(
    "
INSERT INTO nxcloud_campaign.suppressed(mac, at, reason) SELECT DISTINCT mac, ",
    now!(),
    ", $2 FROM unnest($1::bigint[]) AS v(mac) ORDER BY 1
ON CONFLICT DO NOTHING"
);

// Counts.

pub(super) const TALLY: &str = "
INSERT INTO nxcloud_campaign.tally(campaign, worker, kind, count)
SELECT campaign, $1, kind, count FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS v(campaign, kind, count)
ON CONFLICT(campaign, worker, kind) DO UPDATE SET count = tally.count + excluded.count";
/// Counters of workers that do not live become part of the shared ones. A worker that was only silent makes new ones when it goes on.
pub(super) const FOLD_COUNTERS: &str = concat!(
    "
WITH ended AS (
    SELECT campaign, worker, kind FROM nxcloud_campaign.tally t
    WHERE worker <> 0 AND NOT EXISTS(SELECT FROM nxcloud_campaign.worker w WHERE w.id = t.worker AND w.seen + w.silence >= ", now!(), ")
    FOR UPDATE SKIP LOCKED
), folded AS (
    DELETE FROM nxcloud_campaign.tally t USING ended
    WHERE (t.campaign, t.worker, t.kind) = (ended.campaign, ended.worker, ended.kind) RETURNING t.campaign, t.kind, t.count
)
INSERT INTO nxcloud_campaign.tally(campaign, worker, kind, count)
SELECT campaign, 0, kind, sum(count) FROM folded GROUP BY campaign, kind ORDER BY campaign, kind
ON CONFLICT(campaign, worker, kind) DO UPDATE SET count = tally.count + excluded.count"
);
pub(super) const COUNTS: &str = "
SELECT kind, sum(count)::bigint FROM nxcloud_campaign.tally WHERE campaign = $1 GROUP BY kind";

// The rate.

pub(super) const SET_RATE: &str = "
UPDATE nxcloud_campaign.bucket SET rate = $2, burst = $3 WHERE id = (SELECT bucket FROM nxcloud_campaign.campaign WHERE id = $1)";
/// Held by a worker that claims within caps, so that no other one of the account claims meanwhile.
pub(super) const LOCK_RATE: &str =
    "SELECT 1::bigint FROM nxcloud_campaign.bucket WHERE id = $1 FOR NO KEY UPDATE";
/// The longer pause counts. The calculation is that of `Bucket::slow_down`.
pub(super) const SLOW_DOWN: &str = concat!(
    "
UPDATE nxcloud_campaign.bucket
SET paused_until = greatest(",
    clock!(),
    " + $2, CASE WHEN paused_until <= ",
    clock!(),
    " + $3 THEN paused_until END)
WHERE id = (SELECT bucket FROM nxcloud_campaign.campaign WHERE id = $1)"
);
