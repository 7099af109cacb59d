//! Views of a ledger file for people and stock tools: dollars as decimal text of twelve places, made
//! of integers alone.

/// The statements that make the views.
pub(super) fn views() -> String {
    [entries(), calls(), balances(), spend()].join("\n")
}

/// Two columns of an amount as dollars; nothing where there is none.
fn dollars(micro: &str, pico: &str) -> String {
    format!(
        "CASE WHEN {micro} IS NULL THEN NULL \
         WHEN {micro} >= 0 THEN \
         printf('%d.%06d%06d', {micro} / 1000000, {micro} % 1000000, {pico}) \
         WHEN {pico} = 0 THEN \
         printf('-%d.%06d000000', -{micro} / 1000000, -{micro} % 1000000) \
         ELSE printf('-%d.%06d%06d', -({micro} + 1) / 1000000, -({micro} + 1) % 1000000, \
         1000000 - {pico}) END"
    )
}

/// An instant as RFC 3339 text.
fn moment(column: &str) -> String {
    format!(
        "CASE typeof({column}) WHEN 'integer' THEN \
         strftime('%Y-%m-%dT%H:%M:%S', ({column} - (({column} % 1000) + 1000) % 1000) / 1000, \
         'unixepoch') || printf('.%03dZ', (({column} % 1000) + 1000) % 1000) \
         ELSE {column} END"
    )
}

/// An id of 16 bytes as people write it.
fn uuid(column: &str) -> String {
    let hex = format!("lower(hex({column}))");
    format!(
        "CASE typeof({column}) WHEN 'blob' THEN substr({hex}, 1, 8) || '-' || substr({hex}, 9, 4) \
         || '-' || substr({hex}, 13, 4) || '-' || substr({hex}, 17, 4) || '-' || \
         substr({hex}, 21) END"
    )
}

/// The journal, with what each entry says.
fn entries() -> String {
    format!(
        "CREATE VIEW entries AS SELECT e.sequence, {at} AS at, k.name AS kind, \
         coalesce({own}, {call}) AS id, a.client, a.arm, p.project, p.agent, p.session, p.run, \
         p.model, {usd} AS usd, {dated} AS dated \
         FROM journal e LEFT JOIN kinds k ON k.kind = e.kind \
         LEFT JOIN journal r ON r.sequence = \
         CASE WHEN e.kind BETWEEN {first} AND {last} THEN e.subject END \
         LEFT JOIN paths p ON p.number = coalesce(e.path, r.path) \
         LEFT JOIN arms a ON a.number = p.arm;",
        at = moment("e.at"),
        own = uuid("e.subject"),
        call = uuid("r.subject"),
        usd = dollars("e.micro", "e.pico"),
        dated = moment("e.dated"),
        first = crate::ledger::kind::FIRST_OF_CALLS,
        last = crate::ledger::kind::LAST_OF_CALLS,
    )
}

/// Every call: what was held, and what its last entry says.
fn calls() -> String {
    format!(
        "CREATE VIEW calls AS SELECT {id} AS id, CASE WHEN c.deadline = {never} THEN 'orphaned' \
         WHEN c.deadline IS NOT NULL THEN 'open' ELSE k.name END AS state, {reserved} AS reserved, \
         a.client, a.arm, p.project, p.agent, p.session, p.run, p.model, \
         {held} AS reserved_usd, {told} AS last_usd, {ended} AS last_at \
         FROM call_rows c JOIN journal f ON f.sequence = c.first \
         LEFT JOIN journal l ON l.sequence = c.last LEFT JOIN kinds k ON k.kind = l.kind \
         LEFT JOIN paths p ON p.number = f.path LEFT JOIN arms a ON a.number = p.arm;",
        id = uuid("c.id"),
        never = i64::MAX,
        reserved = moment("f.at"),
        held = dollars("f.micro", "f.pico"),
        told = dollars("l.micro", "l.pico"),
        ended = moment("l.at"),
    )
}

/// The sums by which calls are judged.
fn balances() -> String {
    format!(
        "CREATE VIEW balances AS SELECT g.name AS budget, lower(hex(g.id)) AS id, \
         CASE b.kind WHEN 1 THEN 'from' WHEN 2 THEN 'bucket' WHEN 3 THEN 'all time' \
         WHEN 4 THEN 'session' ELSE 'run' END AS kind, \
         CASE b.kind WHEN 1 THEN {start} ELSE b.slot END AS slot, q.label, \
         {spent} AS spent_usd, {open} AS open_usd, {orphaned} AS orphaned_usd \
         FROM balance_rows b JOIN budgets g ON g.number = b.budget \
         LEFT JOIN periods q ON q.budget = b.budget AND b.kind = 1 AND q.start = b.slot;",
        start = moment("b.slot"),
        spent = dollars("b.spent_micro", "b.spent_pico"),
        open = dollars("b.open_micro", "b.open_pico"),
        orphaned = dollars("b.orphaned_micro", "b.orphaned_pico"),
    )
}

/// What was booked by arm and month of UTC.
fn spend() -> String {
    format!(
        "CREATE VIEW spend_by_arm_month AS SELECT client, arm, month, {usd} AS spent_usd FROM \
         (SELECT a.client AS client, a.arm AS arm, \
         strftime('%Y-%m', s.posted / 1000, 'unixepoch') AS month, \
         sum(s.spent_micro) + sum(s.spent_pico) / 1000000 AS micro, \
         sum(s.spent_pico) % 1000000 AS pico \
         FROM sums s JOIN arms a ON a.number = s.arm GROUP BY a.client, a.arm, month);",
        usd = dollars("micro", "pico"),
    )
}
