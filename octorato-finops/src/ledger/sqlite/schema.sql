-- The ledger of Octorato, format 1. Read it with any SQLite shell; the views `entries`, `calls`,
-- `balances` and `spend_by_arm_month` show dollars.
--
-- Amounts are two integers: whole microdollars (rounded down) and the picodollars above them
-- (0 to 999999), so `-0.0000005` USD is micro -1 and pico 500000. Nothing here is a float.
-- Instants are milliseconds since 1970-01-01 UTC; one with a finer part is RFC 3339 text.
-- `journal` and `postings` are only added to. Everything else is what follows from them, and
-- `octorato verify` computes it again.

-- Who this ledger is and what was agreed when it was made.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- The sequence of the last entry, the time of the last commit with what the machine said of its boot
-- then, and the policy in force.
CREATE TABLE state (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL,
    at ANY,
    boot BLOB,
    uptime_ns ANY,
    policy INTEGER,
    seal INTEGER NOT NULL
) STRICT;

-- What a kind of entry is called, and whether its postings are rows of `postings`; of the others
-- they follow from the entry itself.
CREATE TABLE kinds (
    kind INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    has_postings INTEGER NOT NULL
) STRICT;

-- Texts that come again and again, by number.
CREATE TABLE texts (
    number INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- Arms with their clients; neither is known of unattributed spend.
CREATE TABLE arms (
    number INTEGER PRIMARY KEY,
    client TEXT,
    arm TEXT
) STRICT;

-- Where spend belongs; `hash` is of all columns. `tags` is a JSON object.
CREATE TABLE paths (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    arm INTEGER NOT NULL REFERENCES arms,
    project TEXT,
    agent TEXT,
    session TEXT,
    run TEXT,
    skill TEXT,
    model TEXT,
    priced_as TEXT,
    tags TEXT
) STRICT;
CREATE INDEX paths_by_session ON paths (session) WHERE session IS NOT NULL;
CREATE INDEX paths_by_run ON paths (run) WHERE run IS NOT NULL;

-- Processes that hold calls.
CREATE TABLE holders (
    number INTEGER PRIMARY KEY,
    boot BLOB NOT NULL,
    process INTEGER NOT NULL,
    started ANY NOT NULL,
    UNIQUE (boot, process, started)
) STRICT;

-- Who billed which model at which prices, and the names of the counts that were told.
CREATE TABLE meters (
    number INTEGER PRIMARY KEY,
    description TEXT NOT NULL UNIQUE
) STRICT;

-- Policies that were adopted, as JSON.
CREATE TABLE policies (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    policy TEXT NOT NULL
) STRICT;

-- The journal. `subject` is the id of a reserved call (16 bytes), the sequence of the call's
-- reserve for what follows it, the number of an imported source, or the id of a decision.
-- `detail` is the rest, by a layout of its first byte. `link` is the first half of the
-- link by which the entry stands in its chain.
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    at ANY NOT NULL,
    kind INTEGER NOT NULL,
    path INTEGER,
    subject ANY,
    micro INTEGER,
    pico INTEGER,
    dated ANY,
    detail BLOB,
    link BLOB
) STRICT;

-- Where the entries are that are not about calls and imports: few, and looked for by their kind.
CREATE INDEX journal_by_kind ON journal (kind) WHERE kind >= 20;

-- The chains of the journal, one for each arm and one for what belongs to none: the secrets that
-- salt it, how many entries it has, and its end. A purge removes `operator_secret`.
CREATE TABLE chains (
    number INTEGER PRIMARY KEY,
    arm TEXT UNIQUE,
    client_secret BLOB NOT NULL,
    operator_secret BLOB,
    place INTEGER NOT NULL,
    head BLOB NOT NULL
) STRICT;

-- What an entry adds to sums, where that does not follow from the entry itself. `posted` is the
-- moment whose periods count it: `dated`, or the first moment after the closed months.
CREATE TABLE postings (
    entry INTEGER NOT NULL REFERENCES journal,
    number INTEGER NOT NULL,
    path INTEGER NOT NULL REFERENCES paths,
    dated ANY NOT NULL,
    posted ANY NOT NULL,
    spent_micro INTEGER NOT NULL,
    spent_pico INTEGER NOT NULL,
    open_micro INTEGER NOT NULL,
    open_pico INTEGER NOT NULL,
    orphaned_micro INTEGER NOT NULL,
    orphaned_pico INTEGER NOT NULL,
    PRIMARY KEY (entry, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
CREATE TRIGGER journal_is_never_deleted BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
CREATE TRIGGER postings_are_never_changed BEFORE UPDATE ON postings
    BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
CREATE TRIGGER postings_are_never_deleted BEFORE DELETE ON postings
    BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;

-- Calls by id: the sequences of the first and the last entry of their lives. `deadline` and
-- `holder` are those of calls that are open or orphans. `more` is set where a call was extended,
-- orphaned, adjusted, corrected or moved.
CREATE TABLE call_rows (
    id BLOB NOT NULL PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER,
    deadline INTEGER,
    holder INTEGER,
    more BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_outstanding ON call_rows (deadline) WHERE deadline IS NOT NULL;

-- Providers' names of calls; `key` is a hash of provider and request. `call` is the call of the live
-- meter, `sources` a JSON list of the imports that were booked by themselves.
CREATE TABLE requests (
    number INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,
    provider INTEGER NOT NULL REFERENCES texts,
    request TEXT NOT NULL,
    call BLOB,
    sources TEXT
) STRICT;
CREATE INDEX requests_by_key ON requests (key);

-- Imported usage by source; `key_hash` is a hash of reader and key. `size` counts tokens and things;
-- `last` is the entry that told it. `booked` is all that was posted of it, where that is not its
-- amount: adjusted, corrected or beside a call.
CREATE TABLE sources (
    number INTEGER PRIMARY KEY,
    key_hash INTEGER NOT NULL,
    reader INTEGER NOT NULL REFERENCES texts,
    key TEXT NOT NULL,
    path INTEGER NOT NULL REFERENCES paths,
    dated ANY NOT NULL,
    revision INTEGER NOT NULL,
    micro INTEGER,
    pico INTEGER,
    size ANY NOT NULL,
    copy_of BLOB,
    last INTEGER NOT NULL REFERENCES journal,
    booked_micro INTEGER,
    booked_pico INTEGER
) STRICT;
CREATE INDEX sources_by_key ON sources (key_hash);

-- Ids of corrections, moves, raises and keys that are used up, with what a retry must be equal to.
CREATE TABLE decisions (
    id BLOB NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Budgets that were ever in force, by number.
CREATE TABLE budgets (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT;

-- Civil periods that were opened. They stand whatever a time zone database says later.
CREATE TABLE periods (
    budget INTEGER NOT NULL REFERENCES budgets,
    start INTEGER NOT NULL,
    stop ANY NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (budget, start)
) STRICT, WITHOUT ROWID;

-- Raised limits and closed months: the sequences of their entries.
CREATE TABLE raises (
    entry INTEGER PRIMARY KEY REFERENCES journal,
    budget INTEGER NOT NULL REFERENCES budgets,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX raises_by_budget ON raises (budget, until);
CREATE TABLE closed (
    entry INTEGER PRIMARY KEY REFERENCES journal
) STRICT;

-- The sums by which calls are judged. `kind` and `slot` say which sum of its budget it is: 1 and the
-- first instant of a civil period, 2 and the number of a bucket of a rolling window, 3 for all time,
-- 4 and a session, 5 and a run. `seal` is a hash of the row.
CREATE TABLE balance_rows (
    budget INTEGER NOT NULL REFERENCES budgets,
    kind INTEGER NOT NULL,
    slot ANY NOT NULL,
    spent_micro INTEGER NOT NULL,
    spent_pico INTEGER NOT NULL,
    open_micro INTEGER NOT NULL,
    open_pico INTEGER NOT NULL,
    orphaned_micro INTEGER NOT NULL,
    orphaned_pico INTEGER NOT NULL,
    seal INTEGER NOT NULL,
    PRIMARY KEY (budget, kind, slot)
) STRICT, WITHOUT ROWID;

-- Tiers that were told to be reached, once for each period.
CREATE TABLE reached (
    budget INTEGER NOT NULL REFERENCES budgets,
    kind INTEGER NOT NULL,
    slot ANY NOT NULL,
    percent TEXT NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (budget, kind, slot, percent, action)
) STRICT, WITHOUT ROWID;

-- What was posted on a path in the minute that begins at `posted` (in the millisecond, before 1973:
-- time zones were cut finer then), for sums that are opened later. Each is a fold of the journal too.
CREATE TABLE sums (
    arm INTEGER NOT NULL REFERENCES arms,
    posted INTEGER NOT NULL,
    path INTEGER NOT NULL REFERENCES paths,
    spent_micro INTEGER NOT NULL,
    spent_pico INTEGER NOT NULL,
    open_micro INTEGER NOT NULL,
    open_pico INTEGER NOT NULL,
    orphaned_micro INTEGER NOT NULL,
    orphaned_pico INTEGER NOT NULL,
    PRIMARY KEY (arm, posted, path)
) STRICT, WITHOUT ROWID;

-- Notes that other parts of Octorato keep beside the books: alerts that were given, files that were
-- read and how far.
CREATE TABLE notes (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
