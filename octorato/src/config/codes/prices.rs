//! The codes of findings about `prices.yaml`.

use super::{Code, Common};

codes! {
    SYNTAX = "PRC001",
        "The file is not YAML from here on, so nothing in it is used.";
    ENCODING = "PRC002",
        "The file has a byte here that is not UTF-8, so its text is not certain.";
    UNKNOWN_KEY = "PRC003",
        "A key that Octorato does not know is most often a misspelt one, and ignoring it would ignore what was meant.";
    DUPLICATE_KEY = "PRC004",
        "A key stands twice in one map, or a name twice in one list, and another could be the one that was meant.";
    MISSING_KEY = "PRC005",
        "A key that has no default is not there.";
    WRONG_TYPE = "PRC006",
        "The value is of another type than the key takes; nothing is converted silently, and an empty value is never a default.";
    EMPTY_TEXT = "PRC007",
        "An empty text here would match everything or name nothing.";
    CURRENCY = "PRC008",
        "A currency is an ISO 4217 code of three capital letters.";
    AMOUNT = "PRC009",
        "Rates, amounts and percentages are plain decimals that are not negative; exponents and separators are refused because people read them differently.";
    DATE = "PRC010",
        "A date is written YYYY-MM-DD.";
    DATE_ORDER = "PRC011",
        "`until` is the last day, which is included, so it cannot be before `from`.";
    PROVIDER = "PRC012",
        "No price list and no own model is of this provider, so what was agreed with it would never apply.";
    MODEL = "PRC013",
        "A model is given by its name, or by the beginning of names and a `*` at the end.";
    UNKNOWN_MODEL = "PRC014",
        "No price list and no own model has such a name, so the entry may never apply.";
    UNIT = "PRC015",
        "A rate is that of a unit that Octorato counts, such as `input` or `cache_read`; web fetches are always free.";
    EXCHANGE_RATE = "PRC016",
        "An amount in another currency needs an exchange rate in `fx`, because none is ever guessed.";
    CONFLICT = "PRC017",
        "Two entries fit the same work on the same days and neither is more specific, so either could be the one that was meant.";
    TIERS = "PRC018",
        "Tiers stand in ascending order of `above`, each with a rate of its own, so that the highest one that a request exceeds is certain.";
    HOME = "PRC019",
        "Only `~` alone or `~/` stands for a home folder, the operator's own, and only where that is known.";
    RELATIVE_HOME = "PRC020",
        "The home of an agent is compared with the absolute paths of transcripts, so it is absolute or starts with `~`.";
    IDLE_PLAN = "PRC021",
        "A plan without homes covers no work, so nobody would ever share its fee.";
    SNAPSHOT = "PRC022",
        "The price snapshot cannot be used, so there is nothing to price with.";
    SIMILAR_MODELS = "PRC023",
        "A name that the list only resembles is either priced, and marked, or refused.";
    OWN_PRICE = "PRC024",
        "An own model either has rates or is priced like a model of the price list, which must have it under that very name.";
    IDLE_WAY = "PRC025",
        "No model that the contract is about has a list price for this way of processing, and what has no list price has no agreed one, so the contract never applies.";
}

/// Those that `arms.yaml` has too.
pub(in super::super) const COMMON: Common = Common {
    syntax: SYNTAX,
    encoding: ENCODING,
    unknown_key: UNKNOWN_KEY,
    duplicate_key: DUPLICATE_KEY,
    missing_key: MISSING_KEY,
    wrong_type: WRONG_TYPE,
    empty_text: EMPTY_TEXT,
    currency: CURRENCY,
    amount: AMOUNT,
    date: DATE,
    relative_folder: RELATIVE_HOME,
    home: HOME,
};
