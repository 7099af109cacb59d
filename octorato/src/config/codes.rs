//! The codes of findings about the files that operators write: one sentence each.

/// A code with its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable code, such as `ARM003`.
    pub code: &'static str,
    /// What it means and why it matters, in one sentence.
    pub explanation: &'static str,
}

/// The explanation of a code.
///
/// ```
/// use octorato::config::codes;
///
/// assert!(codes::explain("ARM008").is_some_and(|sentence| sentence.contains("two arms")));
/// assert_eq!(codes::explain("ARM999"), None);
/// ```
pub fn explain(code: &str) -> Option<&'static str> {
    ALL.iter().find(|entry| entry.code == code).map(|entry| entry.explanation)
}

macro_rules! codes {
    ($($name:ident = $code:literal, $explanation:literal;)*) => {
        $(
            #[doc = $explanation]
            pub const $name: &str = $code;
        )*

        /// The codes of the file, in order.
        pub(super) const OF_FILE: &[Code] =
            &[$(Code { code: $code, explanation: $explanation }),*];
    };
}

pub mod budgets;
pub mod doctor;
pub mod hooks;
pub mod prices;

/// The codes, list by list.
const LISTS: [&[Code]; 5] =
    [OF_FILE, prices::OF_FILE, budgets::OF_FILE, doctor::OF_FILE, hooks::OF_FILE];

/// How many codes there are.
const COUNT: usize = {
    let (mut count, mut list) = (0, 0);
    while list < LISTS.len() {
        count += LISTS[list].len();
        list += 1;
    }
    count
};

/// Every code: those of `arms.yaml`, then those of `prices.yaml`, of `budgets.yaml`, of what a
/// set-up lacks, and of hooks.
pub const ALL: &[Code] = &{
    let mut all = [OF_FILE[0]; COUNT];
    let (mut at, mut list) = (0, 0);
    while list < LISTS.len() {
        let mut entry = 0;
        while entry < LISTS[list].len() {
            all[at] = LISTS[list][entry];
            (at, entry) = (at + 1, entry + 1);
        }
        list += 1;
    }
    all
};

/// The codes that more than one file has.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) syntax: &'static str,
    pub(super) encoding: &'static str,
    pub(super) unknown_key: &'static str,
    pub(super) duplicate_key: &'static str,
    pub(super) missing_key: &'static str,
    pub(super) wrong_type: &'static str,
    pub(super) empty_text: &'static str,
    pub(super) currency: &'static str,
    pub(super) amount: &'static str,
    pub(super) date: &'static str,
    pub(super) relative_folder: &'static str,
    pub(super) home: &'static str,
}

/// Those of `arms.yaml`.
pub(super) const COMMON: Common = Common {
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
    relative_folder: RELATIVE_ROOT,
    home: HOME,
};

codes! {
    SYNTAX = "ARM001",
        "The file is not YAML from here on, so nothing in it is used.";
    ENCODING = "ARM002",
        "The file has a byte here that is not UTF-8, so its text is not certain.";
    ID = "ARM003",
        "Ids name files, ledger scopes and command-line arguments, so they are short slugs: a-z, 0-9, `.`, `_` and `-`.";
    UNKNOWN_KEY = "ARM004",
        "A key that Octorato does not know is most often a misspelt one, and ignoring it would ignore what was meant.";
    DUPLICATE_KEY = "ARM005",
        "A key stands twice in one map, and either value could be the one that was meant.";
    MISSING_KEY = "ARM006",
        "A key that has no default is not there.";
    WRONG_TYPE = "ARM007",
        "The value is of another type than the key takes; nothing is converted silently, and an empty value is never a default.";
    DUPLICATE_ARM = "ARM008",
        "The same id names two arms, so their spending could not be told apart.";
    DUPLICATE_ROOT = "ARM009",
        "The same folder is given twice from the same day, so its work would have two owners; a nested folder is fine, the longest path wins.";
    RELATIVE_ROOT = "ARM010",
        "A root is compared with the absolute folders in logs, so it is absolute or starts with `~`.";
    HOME = "ARM011",
        "Only `~` alone or `~/` stands for a home folder, the operator's own, and only where that is known.";
    TIMEZONE = "ARM012",
        "A zone is a name of the IANA database, because days and months need its clock changes.";
    CURRENCY = "ARM013",
        "A currency is an ISO 4217 code of three capital letters.";
    BILLING_MODEL = "ARM014",
        "A client is billed by one of the models `cost_plus`, `fixed`, `retainer` and `internal`.";
    AMOUNT = "ARM015",
        "Amounts and percentages are plain decimals that are not negative; exponents and separators are refused because people read them differently.";
    DATE = "ARM016",
        "A date is written YYYY-MM-DD.";
    EMPTY_TEXT = "ARM017",
        "An empty text here would match everything or name nothing.";
    IDLE_CLIENT = "ARM018",
        "No arm names this client, so nothing will ever be charged to it; an arm may name it misspelt.";
    SAME_FOLDER = "ARM019",
        "Two arms have one folder under two names, of which one leads to the other by a link, so whose the work there is depends on the name that was used.";
    IDLE_ARM = "ARM020",
        "The arm has neither roots nor remotes, so no work is ever found to be its own.";
    REMOTE = "ARM021",
        "A remote is compared with `host/owner/name`; a URL or the short form of ssh is taken as that, a path on a disk fits nothing.";
    DUPLICATE_REMOTE = "ARM022",
        "The same remote is given to two arms, so work on it would have two owners.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps_and_explained_in_a_sentence() {
        for (prefix, codes) in ["ARM", "PRC", "BUD", "DOC", "HOK"].into_iter().zip(LISTS) {
            for (index, entry) in codes.iter().enumerate() {
                assert_eq!(entry.code, format!("{prefix}{:03}", index + 1));
                assert!(entry.explanation.ends_with('.'), "{}", entry.code);
                assert_eq!(explain(entry.code), Some(entry.explanation));
            }
        }
        let codes: std::collections::BTreeSet<_> = ALL.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), ALL.len());
    }
}
