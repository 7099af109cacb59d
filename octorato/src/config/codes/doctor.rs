//! The codes of what `octorato doctor` finds, and of what is said beside budgets.

use super::Code;

codes! {
    NO_ARMS = "DOC001",
        "Without arms nothing is anybody's: all work is unattributed, and only the operator's budgets judge it.";
    NO_BUDGETS = "DOC002",
        "Without a `budgets.yaml` there is no cap at all, so every call is allowed.";
    LAST_GOOD = "DOC003",
        "A file that cannot be used lifts no cap: the budgets that were read last stay in force, and no later change of the file counts.";
    NO_POLICY = "DOC004",
        "No `budgets.yaml` was ever read, so nobody can say what is allowed; the file's `on_error` answers, else deny.";
    CAP_REMOVED = "DOC005",
        "A budget that denied calls is gone, or is only a trial or a warning now, so what it capped is capped no more.";
    UNUSABLE = "DOC006",
        "A file of the configuration cannot be used, and whoever needs it stops.";
    NO_LEDGER = "DOC007",
        "Without a ledger nothing is booked and no cap holds over more than one process.";
    BAD_LEDGER = "DOC008",
        "The ledger cannot be opened or read, so no call can be judged; `on_error` answers.";
    CLOCK = "DOC009",
        "The machine's clock leapt further than a clock drifts, so the ledger's time goes on without it and opens no new period until somebody says that it is right.";
    NOT_PRIVATE = "DOC010",
        "Others on this machine could read or change what is private, or publish it with a repository.";
    NO_KEY = "DOC011",
        "Without a signing key no extension can be signed.";
    BAD_KEY = "DOC012",
        "A signing key that others can read, or that is damaged, proves nothing.";
    ORPHANS = "DOC013",
        "Nobody has told what these calls cost, so the most that they can have cost stays held against the caps.";
    UNDELIVERED = "DOC014",
        "Alerts wait for a sink that does not take them.";
    UNENFORCED = "DOC015",
        "Of the budgets none denies a call: they count, tell and warn.";
    NOT_COUNTED = "DOC016",
        "A share of a plan's fee is known when the month is over, so a budget on allocated cost is shown and never denies.";
    DISK = "DOC017",
        "A ledger that cannot grow books nothing and grants nothing.";
}
