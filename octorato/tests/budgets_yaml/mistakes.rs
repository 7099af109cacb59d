//! What is refused, and what is only doubted.

use super::*;

const MISTAKES: &str = r#"on_error: alow
unpriced: free
budget: []
sinks:
  a: { command: [], timeout_seconds: 0 }
  b: { webhook: "http://hooks.example.com/x", retries: many }
  c: { command: [x], webhook: "https://a.example" }
  d: { comand: [x] }
budgets:
  - { monthly_usd_cap: 1, action_on_breach: warn }
  - { arm: acme, client: acme, monthly_usd_cap: 1, action_on_breach: warn }
  - { operator: false, monthly_usd_cap: 1, action_on_breach: warn }
  - { arm: 2024, monthly_usd_cap: ~, action_on_breach: warn }
  - { arm: Acme Corp, monthly_usd_cap: -5, action_on_breach: wran }
  - { arm: acme-wbe, monthly_usd_cap: 1e3, action_on_breach: block }
  - { arm: globex, monthly_usd_cap: "1,000", action_on_breach: stop }
  - { client: acme-web, monthly_usd_cap: .inf }
  - { arm: acme, daily_usd_cap: 5, action_on_breach: warn }
  - { arm: acme, usd_cap: 5, monthly_usd_cap: 5, action_on_breach: warn }
  - { arm: acme, usd_cap: 5, action_on_breach: warn }
  - { arm: acme, period: weekly, monthly_usd_cap: 5, action_on_breach: warn }
  - { arm: acme, period: dayly, usd_cap: 5, action_on_breach: warn }
  - { arm: acme, period: "rolling:30m", usd_cap: 5, action_on_breach: warn }
  - { arm: acme, period: daily, anchor: 3, usd_cap: 5, action_on_breach: warn }
  - { arm: acme, anchor: 32, timezone: Europe/Roma, monthly_usd_cap: 5, action_on_breach: warn }
  - { arm: acme, monthly_usd_cap: 5, grace_pct: 10, action_on_breach: hard_stop }
  - { arm: acme, monthly_usd_cap: 5, grace_pct: 110, tiers: [{ at_pct: 100, action: hard_stop }] }
  - { arm: acme, monthly_usd_cap: 5, tiers: [{ at_pct: 0, action: warn }, { at_pct: 110 %, action: warn }, { at_pct: 1 }] }
  - { arm: acme, monthly_usd_cap: 5, tiers: [{ at_pct: 50, action: warn }, { at_pct: 50.0, action: alert }] }
  - { arm: acme, monthly_usd_cap: 5, tiers: [{ at_pct: 90, action: hard_stop }, { at_pct: 95, action: hard_stop }] }
  - { arm: acme, monthly_usd_cap: 5, tiers: [{ at_pct: 90, action: hard_stop }], action_on_breach: hard_stop }
  - { arm: acme, monthly_usd_cap: 5, tiers: [{ at_pct: 110, action: alert }], grace_pct: 110, action_on_breach: warn }
  - { arm: acme, monthly_usd_cap: 5, tiers: [] }
  - { arm: acme, monthly_usd_cap: 5, action_on_breach: warn, match: { agnet: x, tag: y, arm: z, agent: 7, skill: "a*b", run: "" } }
  - { arm: acme, monthly_usd_cap: 5, action_on_breach: warn, match: {}, basis: cash, shadow: yes, sinks: [opps, a], name: " " }
  - { arm: acme, monthly_usd_cap: 99999999999999999999999999, grace_pct: 100000, action_on_breach: hard_stop }
  - { arm: client-x, monthly_usd_cap: 5, action_on_breach: warn }
  - { arm: client-x, usd_cap: 6, period: monthly, anchor: 1, timezone: Asia/Kolkata, name: again, action_on_breach: hard_stop }
default: { arm: acme, monthly_usd_cap: 5 }
"#;

#[test]
fn every_mistake_of_a_file_is_found_at_once_with_its_place_and_a_remedy() {
    assert_snapshot!(findings(MISTAKES), @r#"
    1:11: error[BUD023]: unknown choice of `on_error`: `alow`; hint: did you mean `allow`?
    2:11: error[BUD023]: unknown choice of `unpriced`: `free`; hint: use one of `refuse`, `flag`
    3:1: error[BUD003]: unknown key in the file: `budget`; hint: did you mean `budgets`?
    5:17: error[BUD024]: a command without a program; hint: write the program and its arguments, such as `[notify-send, octorato]`
    5:38: error[BUD024]: not a time-out: `0` seconds; hint: write seconds from 1 to 60
    6:17: error[BUD024]: not an address for a webhook; hint: write a whole `https://…` URL; `http://` only for this machine
    6:56: error[BUD008]: `retries` is not an amount: `many`; hint: write a whole number such as `200000`
    7:3: error[BUD024]: not one target in a sink: `c`; hint: write either `command: [program, argument]` or `webhook: https://…`
    8:3: error[BUD024]: not one target in a sink: `d`; hint: write either `command: [program, argument]` or `webhook: https://…`
    8:8: error[BUD003]: unknown key in a sink: `comand`; hint: did you mean `command`?
    10:7: error[BUD010]: a budget of nobody; hint: add `arm: …`, `client: …` or `operator: true`
    11:18: error[BUD010]: a budget of two: `arm` and `client`; hint: keep one, or write two budgets; an arm's client is in arms.yaml
    12:17: error[BUD010]: `operator` is not true; hint: write `operator: true`, or remove it
    13:12: error[BUD006]: an arm's id must be text, not a number: `2024`; hint: write `"2024"`
    13:35: error[BUD006]: `monthly_usd_cap` must be a decimal, not null; hint: write a value, or remove the key
    14:12: error[BUD011]: not an arm id: `Acme Corp`; hint: use a-z, 0-9, `.`, `_` and `-`, at most 64 characters, such as `acme-corp`
    14:40: error[BUD008]: `monthly_usd_cap` is negative: `-5`; hint: write 0 or more
    14:62: error[BUD018]: unknown action: `wran`; hint: did you mean `warn`?
    15:12: error[BUD012]: no such arm in arms.yaml: `acme-wbe`; hint: did you mean `acme-web`?
    15:39: error[BUD008]: `monthly_usd_cap` is not an amount: `1e3`; hint: write a decimal such as `12.5`
    15:62: error[BUD018]: unknown action: `block`; hint: use one of `alert`, `warn`, `hard_stop`
    16:12: error[BUD012]: no such arm in arms.yaml: `globex`; hint: it is a client: write `client: globex`
    16:37: error[BUD008]: `monthly_usd_cap` is not an amount: `1,000`; hint: write the digits without separators, with a point before decimals
    16:64: error[BUD018]: unknown action: `stop`; hint: use one of `alert`, `warn`, `hard_stop`
    17:7: error[BUD005]: missing key in a budget: `action_on_breach`; hint: add `action_on_breach: …`
    17:15: error[BUD013]: no such client in arms.yaml: `acme-web`; hint: it is an arm: write `arm: acme-web`
    17:42: error[BUD008]: `monthly_usd_cap` is not an amount: `.inf`; hint: write a decimal such as `12.5`
    18:7: error[BUD005]: missing key in a budget: `monthly_usd_cap`; hint: add `monthly_usd_cap: …`
    18:18: error[BUD003]: unknown key in a budget: `daily_usd_cap`; hint: write `usd_cap: …` and `period: daily`
    19:27: error[BUD014]: two caps in a budget; hint: keep `monthly_usd_cap`, or `usd_cap` with `period`
    20:7: error[BUD005]: missing key in a budget: `period`; hint: add `period: …`
    21:26: error[BUD014]: `monthly_usd_cap` with another period: `weekly`; hint: write `usd_cap`, or remove the period
    22:26: error[BUD015]: unknown period: `dayly`; hint: did you mean `daily`?
    23:26: error[BUD015]: unknown period: `rolling:30m`; hint: write hours or days, such as `rolling:24h` or `rolling:7d`, at most 366 days
    24:41: error[BUD016]: not the first day of a daily period: `3`; hint: remove it: only weeks, months and years begin on a day
    25:26: error[BUD016]: not the first day of a monthly period: `32`; hint: write a day of the month from 1 to 31
    25:40: error[BUD017]: unknown time zone: `Europe/Roma`; hint: did you mean `Europe/Rome`?
    26:49: error[BUD020]: `grace_pct` is below the cap: `10`; hint: write per cent of the cap: 110 is a tenth above it; for a limit below the cap use `tiers`
    27:49: error[BUD019]: a grace beside a tier that is the hard stop; hint: the tier in line 27 is the limit; remove `grace_pct`
    28:56: error[BUD020]: not per cent of a cap: `0`; hint: write a number above 0 and at most 100000, with at most four decimals
    28:85: error[BUD008]: `at_pct` is not an amount: `110 %`; hint: write the digits without separators, with a point before decimals
    28:110: error[BUD005]: missing key in a tier: `action`; hint: add `action: …`
    29:86: error[BUD019]: two tiers at one place: `50`; hint: the first is in line 29
    30:91: error[BUD019]: a second hard stop; hint: the one at 90 is the limit already; keep one
    31:100: error[BUD019]: a second hard stop; hint: keep the tier, or `action_on_breach`
    32:56: error[BUD019]: a tier where `action_on_breach` is: `110`; hint: remove one of the two
    33:7: error[BUD005]: missing key in a budget: `action_on_breach`; hint: add `action_on_breach: …`
    34:71: error[BUD021]: calls are not matched by: `agnet`; hint: did you mean `agent`?
    34:81: error[BUD021]: calls are not matched by: `tag`; hint: write `tag.` and its key: `tag.team: web`
    34:89: error[BUD021]: calls are not matched by: `arm`; hint: write `arm` beside `match`; it says whom the budget is about
    34:104: error[BUD006]: `agent` must be text, not a number: `7`; hint: write `"7"`
    34:114: error[BUD021]: not a value to match: `a*b`, selector: `skill`; hint: write a text, or the beginning of texts and a `*` at the end
    34:126: error[BUD007]: `run` is empty; hint: write a value, or remove it
    35:69: error[BUD007]: `match` is empty; hint: remove it: without the key, all calls are meant
    35:80: error[BUD023]: unknown choice of `basis`: `cash`; hint: use one of `list`, `allocated`
    35:94: error[BUD006]: `shadow` must be true or false, not text: `yes`; hint: write true or false
    35:107: error[BUD025]: no such sink: `opps`; hint: add it to `sinks` at the top of the file
    35:123: error[BUD007]: `name` is empty; hint: write a value, or remove it
    36:35: error[BUD008]: 100000 per cent of the cap is out of range; hint: write a smaller amount
    38:12: error[BUD022]: budget declared twice: `again`; hint: line 37 has one of the same scope, match, period, zone and first day; keep one
    39:12: error[BUD003]: unknown key in the default: `arm`; hint: remove it: the default is for each arm that no budget names
    39:12: error[BUD005]: missing key in the default: `action_on_breach`; hint: add `action_on_breach: …`
    "#);
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let text = "budgets:
  - { arm: acme, monthly_usd_cap: 5, match: { agent: x }, action_on_breach: hard_stop }
  - { arm: acme, monthly_usd_cap: 6, match: { agent: y }, action_on_breach: warn, shadow: true }
  - { arm: acme-web, monthly_usd_cap: 6, match: { agent: y }, action_on_breach: warn }
  - { arm: acme-web, monthly_usd_cap: 7, action_on_breach: warn }
default: { monthly_usd_cap: 5, action_on_breach: warn }
";
    assert_snapshot!(findings(text), @r"
    2:12: warning[BUD026]: only a part of this arm's work has a budget, and no default: `acme`; hint: add a budget without `match` for the arm, if the rest should have one
    3:91: warning[BUD027]: a trial without a hard stop; hint: use `hard_stop`, or remove `shadow`
    ");
    assert!(read(text).0.is_some());
}

#[test]
fn a_hard_stop_counts_what_is_known_at_the_call() {
    let text = "budgets:
  - { arm: acme, monthly_usd_cap: 5, action_on_breach: hard_stop, basis: allocated }
";
    assert_snapshot!(findings(text), @"2:74: error[BUD029]: a hard stop on allocated cost; hint: use `basis: list`, or `warn` in place of `hard_stop`");
    assert!(read(text).0.is_none());
    assert!(read(&text.replace("hard_stop", "warn")).0.is_some());
}
