//! What can be typed.

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

/// What is printed, without the spaces that clap puts into empty lines.
fn run(line: &str) -> String {
    let text = Sandbox::new().run(line);
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_help_is_short_and_says_where_to_begin() {
    assert_snapshot!(run("-h"), @"
    Which client burned which tokens, to the last one, from the logs that your agents write

    Usage: octorato [OPTIONS] <COMMAND>

    Commands:
      init         Make the private folders and a first arms.yaml, and a brain if one is named
      scan         Find the work that no arm covers yet: last month per proposed client, offline
      arm          Add, list and show arms; give a session to an arm
      report       Usage and its list cost by arm, client, model, day and more
      sync         Book in the ledger what your agents' transcripts have gained, each request once
      why          Explain one request: where the log shows it, whose it is and why, what it costs and
                   why
      price        What a given usage of a model costs, exactly, class by class
      prices       The price lists that amounts are from: look, compare, take newer ones, restate
      gate         Answer a coding agent's hook: whether a prompt or a tool call may go on
      hook         The hooks that make coding agents call the gate: install, uninstall, status
      budget       What may still be spent: status, checks, extensions, alerts
      ledger       The book of what calls may cost and did cost: verify, resolve, correct, back up
      doctor       What is missing or wrong in this set-up; exits with 1 where anything is
      schema       Print the JSON Schema of a file or a document
      explain      Explain the code of a finding, such as ARM008
      completions  Print a completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown

    New here? `octorato scan` shows last month per client and proposes arms.
    ");
}

#[test]
fn sync_has_help() {
    assert_snapshot!(run("sync -h"), @"
    Book in the ledger what your agents' transcripts have gained, each request once

    Usage: octorato sync [OPTIONS]

    Options:
          --logs <DIR>          An agent's home (such as ~/.claude), a folder of transcripts or one
                                transcript; may be given more than once [default: the homes of all
                                agents on this machine]
          --watch               Go on until stopped (Ctrl-C), with a line for each change
          --interval <SECONDS>  How many seconds to wait between two looks [default: 2]
          --reattribute         Also give what is booked without an arm to the arm that claims it now,
                                since it was declared later
      -n, --dry-run             Only show what would be given to which arm; read no transcript, book
                                nothing
      -h, --help                Print help (see more with '--help')

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn the_long_help_says_what_an_arm_is() {
    assert_snapshot!(run("--help"), @"
    Which client burned which tokens, to the last one, from the logs that your agents write.

    An arm is one client's sealed cell: folders whose work is that client's. Octorato reads the
    transcripts of your agents, gives every request to its arm and prices it exactly, offline.

    Usage: octorato [OPTIONS] <COMMAND>

    Commands:
      init         Make the private folders and a first arms.yaml, and a brain if one is named
      scan         Find the work that no arm covers yet: last month per proposed client, offline
      arm          Add, list and show arms; give a session to an arm
      report       Usage and its list cost by arm, client, model, day and more
      sync         Book in the ledger what your agents' transcripts have gained, each request once
      why          Explain one request: where the log shows it, whose it is and why, what it costs and
                   why
      price        What a given usage of a model costs, exactly, class by class
      prices       The price lists that amounts are from: look, compare, take newer ones, restate
      gate         Answer a coding agent's hook: whether a prompt or a tool call may go on
      hook         The hooks that make coding agents call the gate: install, uninstall, status
      budget       What may still be spent: status, checks, extensions, alerts
      ledger       The book of what calls may cost and did cost: verify, resolve, correct, back up
      doctor       What is missing or wrong in this set-up; exits with 1 where anything is
      schema       Print the JSON Schema of a file or a document
      explain      Explain the code of a finding, such as ARM008
      completions  Print a completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Global options:
          --home <DIR>
              Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in the user's
              config folder]

          --state <DIR>
              Private state, also `$OCTORATO_STATE` [default: octorato in the user's data folder]

          --brain <DIR>
              The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings

          --json
              Print JSON instead of text for people

      -q, --quiet
              No progress and no remarks on stderr; errors are still shown

    New here? `octorato scan` shows last month per client and proposes arms.
    ");
}

#[test]
fn report_has_help() {
    assert_snapshot!(run("report --help"), @"
    Usage and its list cost by arm, client, model, day and more

    Usage: octorato report [OPTIONS]

    Options:
          --by <COLUMNS>
              What rows are told apart by, with commas between: arm, client, project, model, provider,
              day, week, month, session, message, agent, skill, reason [default: the brain's setting,
              else arm]

          --month <MONTH>
              A whole month: `2026-10`, `this` or `last`

          --since <DAY>
              The first day, such as `2026-10-01`

          --until <DAY>
              The last day, which is included

          --timezone <ZONE>
              The zone whose days and months count [default: that of arms.yaml, else UTC]

          --arm <ARM>
              Only this arm

          --client <CLIENT>
              Only the arms of this client

          --format <FORMAT>
              How to print it; `--json` is short for `--format json`

              Possible values:
              - table: For people
              - json:  One document, as `octorato schema report` describes it
              - csv:   One line per row, every count and cost a column
              - md:    A Markdown table

              [default: table]

          --costs
              Show what each token class costs instead of its tokens (table and md)

          --strict
              Exit with 1 if anything has no price or only a similar model's, or was skipped

          --ledger
              Report what the ledger has booked, after booking what the transcripts have gained: owners
              and amounts stay as they were booked, also when transcripts are gone and prices have
              changed

          --no-sync
              With --ledger: take the ledger as it is, and read no transcript

          --logs <DIR>
              An agent's home (such as ~/.claude), a folder of transcripts or one transcript; may be
              given more than once [default: the homes of all agents on this machine]

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --home <DIR>
              Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in the user's
              config folder]

          --state <DIR>
              Private state, also `$OCTORATO_STATE` [default: octorato in the user's data folder]

          --brain <DIR>
              The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings

          --json
              Print JSON instead of text for people

      -q, --quiet
              No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn scan_has_help() {
    assert_snapshot!(run("scan --help"), @r"
    Find the work that no arm covers yet: last month per proposed client, offline

    Usage: octorato scan [OPTIONS] [DIR]...

    Arguments:
      [DIR]...  Folders to look for git repositories in [default: beside the projects in the
                transcripts]

    Options:
          --write       Add the proposed arms to arms.yaml; it is made if there is none
          --logs <DIR>  An agent's home (such as ~/.claude), a folder of transcripts or one transcript;
                        may be given more than once [default: the homes of all agents on this machine]
      -h, --help        Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn init_has_help() {
    assert_snapshot!(run("init --help"), @r"
    Make the private folders and a first arms.yaml, and a brain if one is named.

    Refuses to put private files inside a git work tree. Never overwrites anything.

    Usage: octorato init [OPTIONS]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --home <DIR>
              Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in the user's
              config folder]

          --state <DIR>
              Private state, also `$OCTORATO_STATE` [default: octorato in the user's data folder]

          --brain <DIR>
              The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings

          --json
              Print JSON instead of text for people

      -q, --quiet
              No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn arm_has_help() {
    assert_snapshot!(run("arm --help"), @r"
    Add, list and show arms; give a session to an arm

    Usage: octorato arm [OPTIONS] <COMMAND>

    Commands:
      add     Add an arm to arms.yaml; comments and order of the file stay
      list    List the arms and their clients
      show    Show one arm
      assign  Give a session or a single message to an arm, whatever its folder says
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn arm_add_has_help() {
    assert_snapshot!(run("arm add --help"), @r"
    Add an arm to arms.yaml; comments and order of the file stay

    Usage: octorato arm add [OPTIONS] <ID>

    Arguments:
      <ID>  The arm's id: a-z, 0-9, `.`, `_` and `-`

    Options:
          --client <CLIENT>   The client that it belongs to [default: a client of the same name]
          --root <DIR>        A folder whose work is the arm's; may be given more than once
          --remote <PATTERN>  A git remote, such as `github.com/acme/*`; may be given more than once
      -h, --help              Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn arm_assign_has_help() {
    assert_snapshot!(run("arm assign --help"), @r"
    Give a session or a single message to an arm, whatever its folder says

    Usage: octorato arm assign [OPTIONS] <--session <ID>|--message <ID>> <ARM>

    Arguments:
      <ARM>  The arm that gets it

    Options:
          --session <ID>   A session, with all of its sub-agents
          --message <ID>   One request, by the provider's message id; stronger than its session's
                           assignment
          --reason <TEXT>  Why, for whoever asks later
          --logs <DIR>     An agent's home (such as ~/.claude), a folder of transcripts or one
                           transcript; may be given more than once [default: the homes of all agents on
                           this machine]
      -h, --help           Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn arm_list_and_arm_show_have_help() {
    assert_snapshot!(run("arm list -h"), @r"
    List the arms and their clients

    Usage: octorato arm list [OPTIONS]

    Options:
      -h, --help  Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
    assert_snapshot!(run("arm show -h"), @r"
    Show one arm

    Usage: octorato arm show [OPTIONS] <ARM>

    Arguments:
      <ARM>  The arm

    Options:
      -h, --help  Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn schema_explain_and_completions_have_help() {
    assert_snapshot!(run("schema -h"), @r"
    Print the JSON Schema of a file or a document

    Usage: octorato schema [OPTIONS] [NAME]

    Arguments:
      [NAME]  The name; all names are listed where none is given

    Options:
      -h, --help  Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
    assert_snapshot!(run("explain -h"), @r"
    Explain the code of a finding, such as ARM008

    Usage: octorato explain [OPTIONS] [CODE]

    Arguments:
      [CODE]  The code; all codes are listed where none is given

    Options:
      -h, --help  Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
    assert_snapshot!(run("completions -h"), @r"
    Print a completion script for a shell

    Usage: octorato completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help

    Global options:
          --home <DIR>   Private configuration (arms.yaml), also `$OCTORATO_HOME` [default: octorato in
                         the user's config folder]
          --state <DIR>  Private state, also `$OCTORATO_STATE` [default: octorato in the user's data
                         folder]
          --brain <DIR>  The brain, also `$OCTORATO_BRAIN`; its octorato.toml has shared settings
          --json         Print JSON instead of text for people
      -q, --quiet        No progress and no remarks on stderr; errors are still shown
    ");
}

#[test]
fn the_version_is_one_line() {
    assert_eq!(run("--version"), format!("octorato {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn schemas_are_listed_and_printed() {
    assert_snapshot!(run("schema"), @"
    arms             arms.yaml: clients and arms
    budget_alert     what a sink is told when a tier of a budget is reached
    budget_alerts    what `octorato budget alerts --json` prints
    budget_check     what `octorato budget check --json` prints
    budget_delivery  what `octorato budget alerts --deliver --json` prints
    budget_explain   what `octorato budget explain --json` prints
    budget_extend    what `octorato budget extend --json` prints
    budget_status    what `octorato budget status --json` prints
    budgets          budgets.yaml: caps and what happens at them
    doctor           what `octorato doctor --json` prints
    hook_change      what `octorato hook install --json` and `hook uninstall --json` print
    hook_status      what `octorato hook status --json` prints
    init             what `octorato init --json` prints
    ledger_answer    a line that `octorato ledger apply` writes
    ledger_copy      what `octorato ledger backup --json` and `ledger restore --json` print
    ledger_correct   what `octorato ledger correct --json` prints
    ledger_key       what `octorato ledger key rotate --json` prints
    ledger_keys      what `octorato ledger key list --json` prints
    ledger_operation a line that `octorato ledger apply` reads
    ledger_orphans   what `octorato ledger orphans --json` prints
    ledger_resolve   what `octorato ledger resolve --json` prints
    ledger_verify    what `octorato ledger verify --json` prints
    price            what `octorato price --json` prints, and a line of `price --batch`
    prices           prices.yaml: the operator's own prices
    prices_change    what `octorato prices import --json` and `prices update --json` print
    prices_diff      what `octorato prices diff --json` prints
    prices_list      what `octorato prices list --json` and `prices use --json` print
    prices_recost    what `octorato prices recost --json` prints
    prices_show      what `octorato prices show --json` and `prices explain --json` print
    report           what `octorato report --json` prints
    settings         octorato.toml: the settings of a brain
    sync             what `octorato sync --json` prints, and a line of `sync --watch --json`
    sync_claims      what `octorato sync --reattribute --dry-run --json` prints
    why              what `octorato why --json` prints
    ");
    for name in octorato::schema::ALL.iter().map(|schema| schema.name) {
        let schema: serde_json::Value =
            serde_json::from_str(&run(&format!("schema {name}"))).unwrap();
        assert!(schema["$schema"].is_string(), "{name}");
    }
}

#[test]
fn every_code_is_explained() {
    assert_snapshot!(run("explain"), @"
    ARM001  The file is not YAML from here on, so nothing in it is used.
    ARM002  The file has a byte here that is not UTF-8, so its text is not certain.
    ARM003  Ids name files, ledger scopes and command-line arguments, so they are short slugs: a-z, 0-9, `.`, `_` and `-`.
    ARM004  A key that Octorato does not know is most often a misspelt one, and ignoring it would ignore what was meant.
    ARM005  A key stands twice in one map, and either value could be the one that was meant.
    ARM006  A key that has no default is not there.
    ARM007  The value is of another type than the key takes; nothing is converted silently, and an empty value is never a default.
    ARM008  The same id names two arms, so their spending could not be told apart.
    ARM009  The same folder is given twice from the same day, so its work would have two owners; a nested folder is fine, the longest path wins.
    ARM010  A root is compared with the absolute folders in logs, so it is absolute or starts with `~`.
    ARM011  Only `~` alone or `~/` stands for a home folder, the operator's own, and only where that is known.
    ARM012  A zone is a name of the IANA database, because days and months need its clock changes.
    ARM013  A currency is an ISO 4217 code of three capital letters.
    ARM014  A client is billed by one of the models `cost_plus`, `fixed`, `retainer` and `internal`.
    ARM015  Amounts and percentages are plain decimals that are not negative; exponents and separators are refused because people read them differently.
    ARM016  A date is written YYYY-MM-DD.
    ARM017  An empty text here would match everything or name nothing.
    ARM018  No arm names this client, so nothing will ever be charged to it; an arm may name it misspelt.
    ARM019  Two arms have one folder under two names, of which one leads to the other by a link, so whose the work there is depends on the name that was used.
    ARM020  The arm has neither roots nor remotes, so no work is ever found to be its own.
    ARM021  A remote is compared with `host/owner/name`; a URL or the short form of ssh is taken as that, a path on a disk fits nothing.
    ARM022  The same remote is given to two arms, so work on it would have two owners.
    PRC001  The file is not YAML from here on, so nothing in it is used.
    PRC002  The file has a byte here that is not UTF-8, so its text is not certain.
    PRC003  A key that Octorato does not know is most often a misspelt one, and ignoring it would ignore what was meant.
    PRC004  A key stands twice in one map, or a name twice in one list, and another could be the one that was meant.
    PRC005  A key that has no default is not there.
    PRC006  The value is of another type than the key takes; nothing is converted silently, and an empty value is never a default.
    PRC007  An empty text here would match everything or name nothing.
    PRC008  A currency is an ISO 4217 code of three capital letters.
    PRC009  Rates, amounts and percentages are plain decimals that are not negative; exponents and separators are refused because people read them differently.
    PRC010  A date is written YYYY-MM-DD.
    PRC011  `until` is the last day, which is included, so it cannot be before `from`.
    PRC012  No price list and no own model is of this provider, so what was agreed with it would never apply.
    PRC013  A model is given by its name, or by the beginning of names and a `*` at the end.
    PRC014  No price list and no own model has such a name, so the entry may never apply.
    PRC015  A rate is that of a unit that Octorato counts, such as `input` or `cache_read`; web fetches are always free.
    PRC016  An amount in another currency needs an exchange rate in `fx`, because none is ever guessed.
    PRC017  Two entries fit the same work on the same days and neither is more specific, so either could be the one that was meant.
    PRC018  Tiers stand in ascending order of `above`, each with a rate of its own, so that the highest one that a request exceeds is certain.
    PRC019  Only `~` alone or `~/` stands for a home folder, the operator's own, and only where that is known.
    PRC020  The home of an agent is compared with the absolute paths of transcripts, so it is absolute or starts with `~`.
    PRC021  A plan without homes covers no work, so nobody would ever share its fee.
    PRC022  The price snapshot cannot be used, so there is nothing to price with.
    PRC023  A name that the list only resembles is either priced, and marked, or refused.
    PRC024  An own model either has rates or is priced like a model of the price list, which must have it under that very name.
    PRC025  No model that the contract is about has a list price for this way of processing, and what has no list price has no agreed one, so the contract never applies.
    BUD001  The file is not YAML from here on, so none of its budgets is used.
    BUD002  The file has a byte here that is not UTF-8, so its text is not certain.
    BUD003  A key that Octorato does not know is most often a misspelt one, and a cap behind it would never hold.
    BUD004  A key stands twice in one map, and either value could be the one that was meant.
    BUD005  A key that has no default is not there.
    BUD006  The value is of another type than the key takes; nothing is converted silently, and an empty value is never a default.
    BUD007  An empty text here would match everything or name nothing.
    BUD008  Caps and percentages are plain decimals that are not negative; exponents and separators are refused because people read them differently.
    BUD009  A file without any value is more likely cut off than meant, so it does not lift the budgets; `budgets: []` does.
    BUD010  A budget is about one arm, one client or the operator, so exactly one of `arm`, `client` and `operator: true` is there.
    BUD011  An arm and a client are named by their ids, which are short slugs: a-z, 0-9, `.`, `_` and `-`.
    BUD012  `arms.yaml` has no such arm, so nothing would ever count in its budget and the cap would never hold.
    BUD013  `arms.yaml` has no such client, so nothing would ever count in its budget and the cap would never hold.
    BUD014  A cap is given once: as `monthly_usd_cap`, which says the period too, or as `usd_cap` beside `period`.
    BUD015  A period is `hourly`, `daily`, `weekly`, `monthly`, `yearly`, `total`, `session`, `run`, or the last hours or days, such as `rolling:24h`.
    BUD016  The first day of a period is a day of the month for `monthly`, a weekday for `weekly`, a month and a day for `yearly`, and nothing for the others.
    BUD017  A zone is a name of the IANA database, because days and months need its clock changes.
    BUD018  What happens is one of `alert`, `warn` and `hard_stop`, of which only the last denies calls.
    BUD019  Each tier has its own part of the cap, and one place at most is the hard stop, so that the limit is certain.
    BUD020  Per cent of the cap: 110 is a tenth above it. A grace is never below 100.
    BUD021  Calls are matched by `project`, `session`, `run`, `agent`, `skill`, `model` or `tag.` and a key, each with one text.
    BUD022  Two budgets with one scope, match, period, zone and first day are one budget with two caps, of which either could be the one that was meant.
    BUD023  The key takes one of a few words.
    BUD024  An alert goes to a command or to a webhook, which is reached by `https` and within a time.
    BUD025  `sinks` has no such entry, so the alert would reach nobody.
    BUD026  The default is for arms that no budget names; this arm is named, but only for a part of its work, so the rest of it has no cap of its own.
    BUD027  A trial says what a hard stop would have denied; without a hard stop it has nothing to say.
    BUD028  A key of the original Octorato that has nothing to say here, so it is passed over.
    BUD029  What share of a plan's fee a call bears is known when the month is over, so a cap on allocated cost cannot deny a call.
    DOC001  Without arms nothing is anybody's: all work is unattributed, and only the operator's budgets judge it.
    DOC002  Without a `budgets.yaml` there is no cap at all, so every call is allowed.
    DOC003  A file that cannot be used lifts no cap: the budgets that were read last stay in force, and no later change of the file counts.
    DOC004  No `budgets.yaml` was ever read, so nobody can say what is allowed; the file's `on_error` answers, else deny.
    DOC005  A budget that denied calls is gone, or is only a trial or a warning now, so what it capped is capped no more.
    DOC006  A file of the configuration cannot be used, and whoever needs it stops.
    DOC007  Without a ledger nothing is booked and no cap holds over more than one process.
    DOC008  The ledger cannot be opened or read, so no call can be judged; `on_error` answers.
    DOC009  The machine's clock leapt further than a clock drifts, so the ledger's time goes on without it and opens no new period until somebody says that it is right.
    DOC010  Others on this machine could read or change what is private, or publish it with a repository.
    DOC011  Without a signing key no extension can be signed.
    DOC012  A signing key that others can read, or that is damaged, proves nothing.
    DOC013  Nobody has told what these calls cost, so the most that they can have cost stays held against the caps.
    DOC014  Alerts wait for a sink that does not take them.
    DOC015  Of the budgets none denies a call: they count, tell and warn.
    DOC016  A share of a plan's fee is known when the month is over, so a budget on allocated cost is shown and never denies.
    DOC017  A ledger that cannot grow books nothing and grants nothing.
    HOK001  The agent's settings are not what the agent can read from here on, so it runs none of the hooks in them.
    HOK002  The settings have something else where hooks belong, so they are not touched.
    HOK003  The settings file is a link to a file that is not there, and what its owner meant cannot be known.
    HOK004  The program of the hook is not there, so the agent calls nothing.
    HOK005  The program of the hook may not be run, so the agent calls nothing.
    HOK006  The hook calls another octorato than this one, which may be an old one; installing again corrects it.
    HOK007  The time-out is not the one that the gate's own deadline is made for, or in the wrong unit; an agent that gives the gate up goes on.
    HOK008  The hook lacks what makes the agent refuse when the gate cannot run, so a crash would let a call through.
    HOK009  The agent does not call the gate at an event at which money is spent.
    HOK010  The hook is not as it was installed: it was edited, is there twice, or speaks another agent's dialect.
    HOK011  A setting switches hooks off, so the gate is never called.
    HOK012  Settings of the machine's administrator let only managed hooks run, so the gate is never called.
    HOK013  Codex skips a hook that was not reviewed, without a word; `/hooks` in Codex trusts it.
    HOK014  Codex has a mark of trust for a hook in this place, and only Codex can tell whether it is for the hook as it is now.
    HOK015  Another settings file of the agent cannot be read, so what it says of hooks is not known.
    HOK016  The hook's own command line did not answer a made-up call as it must.
    HOK017  The private places are named by the environment of this shell; an agent that is started elsewhere would use others.
    HOK018  A project's settings name other private places for what runs there, so the gate would know nothing of its caps.
    ");
    assert_snapshot!(run("explain arm008"), @"ARM008  The same id names two arms, so their spending could not be told apart.");
}

#[test]
fn completions_come_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(run(&format!("completions {shell}")).contains("octorato"), "{shell}");
    }
    assert_snapshot!(run("completions bash").lines().next().unwrap(), @"_octorato() {");
}
