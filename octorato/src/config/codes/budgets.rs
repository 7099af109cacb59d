//! The codes of findings about `budgets.yaml`.

use super::{Code, Common};

codes! {
    SYNTAX = "BUD001",
        "The file is not YAML from here on, so none of its budgets is used.";
    ENCODING = "BUD002",
        "The file has a byte here that is not UTF-8, so its text is not certain.";
    UNKNOWN_KEY = "BUD003",
        "A key that Octorato does not know is most often a misspelt one, and a cap behind it would never hold.";
    DUPLICATE_KEY = "BUD004",
        "A key stands twice in one map, and either value could be the one that was meant.";
    MISSING_KEY = "BUD005",
        "A key that has no default is not there.";
    WRONG_TYPE = "BUD006",
        "The value is of another type than the key takes; nothing is converted silently, and an empty value is never a default.";
    EMPTY_TEXT = "BUD007",
        "An empty text here would match everything or name nothing.";
    AMOUNT = "BUD008",
        "Caps and percentages are plain decimals that are not negative; exponents and separators are refused because people read them differently.";
    EMPTY_FILE = "BUD009",
        "A file without any value is more likely cut off than meant, so it does not lift the budgets; `budgets: []` does.";
    SCOPE = "BUD010",
        "A budget is about one arm, one client or the operator, so exactly one of `arm`, `client` and `operator: true` is there.";
    ID = "BUD011",
        "An arm and a client are named by their ids, which are short slugs: a-z, 0-9, `.`, `_` and `-`.";
    UNKNOWN_ARM = "BUD012",
        "`arms.yaml` has no such arm, so nothing would ever count in its budget and the cap would never hold.";
    UNKNOWN_CLIENT = "BUD013",
        "`arms.yaml` has no such client, so nothing would ever count in its budget and the cap would never hold.";
    CAP = "BUD014",
        "A cap is given once: as `monthly_usd_cap`, which says the period too, or as `usd_cap` beside `period`.";
    PERIOD = "BUD015",
        "A period is `hourly`, `daily`, `weekly`, `monthly`, `yearly`, `total`, `session`, `run`, or the last hours or days, such as `rolling:24h`.";
    ANCHOR = "BUD016",
        "The first day of a period is a day of the month for `monthly`, a weekday for `weekly`, a month and a day for `yearly`, and nothing for the others.";
    TIMEZONE = "BUD017",
        "A zone is a name of the IANA database, because days and months need its clock changes.";
    ACTION = "BUD018",
        "What happens is one of `alert`, `warn` and `hard_stop`, of which only the last denies calls.";
    TIERS = "BUD019",
        "Each tier has its own part of the cap, and one place at most is the hard stop, so that the limit is certain.";
    PERCENT = "BUD020",
        "Per cent of the cap: 110 is a tenth above it. A grace is never below 100.";
    SELECTOR = "BUD021",
        "Calls are matched by `project`, `session`, `run`, `agent`, `skill`, `model` or `tag.` and a key, each with one text.";
    DUPLICATE_BUDGET = "BUD022",
        "Two budgets with one scope, match, period, zone and first day are one budget with two caps, of which either could be the one that was meant.";
    CHOICE = "BUD023",
        "The key takes one of a few words.";
    SINK = "BUD024",
        "An alert goes to a command or to a webhook, which is reached by `https` and within a time.";
    UNKNOWN_SINK = "BUD025",
        "`sinks` has no such entry, so the alert would reach nobody.";
    NO_DEFAULT = "BUD026",
        "The default is for arms that no budget names; this arm is named, but only for a part of its work, so the rest of it has no cap of its own.";
    TRIAL = "BUD027",
        "A trial says what a hard stop would have denied; without a hard stop it has nothing to say.";
    OLD_KEY = "BUD028",
        "A key of the original Octorato that has nothing to say here, so it is passed over.";
    BASIS = "BUD029",
        "What share of a plan's fee a call bears is known when the month is over, so a cap on allocated cost cannot deny a call.";
}

/// Those that `arms.yaml` has too; there is no currency, date or folder in `budgets.yaml`.
pub(in super::super) const COMMON: Common = Common {
    syntax: SYNTAX,
    encoding: ENCODING,
    unknown_key: UNKNOWN_KEY,
    duplicate_key: DUPLICATE_KEY,
    missing_key: MISSING_KEY,
    wrong_type: WRONG_TYPE,
    empty_text: EMPTY_TEXT,
    currency: AMOUNT,
    amount: AMOUNT,
    date: ANCHOR,
    relative_folder: OLD_KEY,
    home: OLD_KEY,
};
