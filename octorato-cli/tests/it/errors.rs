//! What is said when something is wrong: the sentence, the place, what to do.

use insta::assert_snapshot;

use crate::sandbox::Sandbox;

fn run(line: &str) -> String {
    Sandbox::agency().run(line)
}

#[test]
fn every_mistake_in_arms_yaml_is_shown_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.arms(
        "timezone: America/Mexico
clients:
  acme: { name: Acme Corporation, billing: { model: cost-plus, markup_pct: 30 } }
arms:
  - id: Acme Web
    client: acme
    roots: [clients/acme]
  - id: globex
    clinet: globex
  - id: globex
    client: globex
    roots: [~/clients/globex, ~/clients/globex]
",
    );
    assert_snapshot!(sandbox.run("report"), @r"
    [stderr]
    error[ARM012]: unknown time zone: `America/Mexico`
     --> [HOME]/.config/octorato/arms.yaml:1:11
      |
    1 | timezone: America/Mexico
      |           ^^^^^^^^^^^^^^
      |
      = help: did you mean `America/Mexico_City`?

    error[ARM014]: unknown billing model: `cost-plus`
     --> [HOME]/.config/octorato/arms.yaml:3:53
      |
    3 |   acme: { name: Acme Corporation, billing: { model: cost-plus, markup_pct: 30 } }
      |                                                     ^^^^^^^^^
      |
      = help: did you mean `cost_plus`?

    error[ARM003]: not an arm id: `Acme Web`
     --> [HOME]/.config/octorato/arms.yaml:5:9
      |
    5 |   - id: Acme Web
      |         ^^^^^^^^
      |
      = help: use a-z, 0-9, `.`, `_` and `-`, at most 64 characters, such as `acme-web`

    error[ARM010]: root is not absolute: `clients/acme`
     --> [HOME]/.config/octorato/arms.yaml:7:13
      |
    7 |     roots: [clients/acme]
      |             ^^^^^^^^^^^^
      |
      = help: write `~/clients/acme` or a whole path

    error[ARM006]: missing key in an arm: `client`
     --> [HOME]/.config/octorato/arms.yaml:8:5
      |
    8 |   - id: globex
      |     ^^
      |
      = help: add `client: …`

    error[ARM004]: unknown key in an arm: `clinet`
     --> [HOME]/.config/octorato/arms.yaml:9:5
      |
    9 |     clinet: globex
      |     ^^^^^^
      |
      = help: did you mean `client`?

    error[ARM008]: arm declared twice: `globex`
      --> [HOME]/.config/octorato/arms.yaml:10:9
       |
    10 |   - id: globex
       |         ^^^^^^
       |
       = help: the first is in line 8; give each arm its own id

    error[ARM009]: root given twice: `~/clients/globex`
      --> [HOME]/.config/octorato/arms.yaml:12:31
       |
    12 |     roots: [~/clients/globex, ~/clients/globex]
       |                               ^^^^^^^^^^^^^^^^
       |
       = help: line 12 has it; remove one, or say from which day it is whose with `{ path: …, from: YYYY-MM-DD }`

    error: configuration cannot be used: `[HOME]/.config/octorato/arms.yaml`
    hint: correct the file; `octorato explain CODE` says more about a finding
    [exit 2]
    ");
}

#[test]
fn a_file_that_is_not_yaml_says_where() {
    let sandbox = Sandbox::new();
    sandbox.arms("arms:\n  - id: acme\n    client: 'acme\n");
    assert_snapshot!(sandbox.run("arm list"), @r"
    [stderr]
    error[ARM001]: not YAML: unclosed quote
     --> [HOME]/.config/octorato/arms.yaml:3:13
      |
    3 |     client: 'acme
      |             ^
      |
      = help: the text from here on may be unfinished

    error: configuration cannot be used: `[HOME]/.config/octorato/arms.yaml`
    hint: correct the file; `octorato explain CODE` says more about a finding
    [exit 2]
    ");
}

#[test]
#[cfg(unix)]
fn a_file_that_would_never_end_is_not_read() {
    let sandbox = Sandbox::agency();
    sandbox.write(".local/share/octorato/assignments.jsonl", "");
    sandbox.write("brain/octorato.toml", "");
    for (file, command) in [
        (".local/share/octorato/assignments.jsonl", "report"),
        ("brain/octorato.toml", "report --brain brain"),
        (".config/octorato/arms.yaml", "arm list"),
    ] {
        let path = sandbox.path(file);
        std::fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let seen = sandbox.run(command);
        assert!(seen.contains("error: not a regular file: `"), "{seen}");
        std::fs::remove_file(&path).unwrap();
        std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let seen = sandbox.run(command);
        assert!(seen.contains("error: file is larger than 4 MiB: `"), "{seen}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_client_without_an_arm_is_a_warning_and_the_report_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.arms(
        "clients:\n  acmee: { name: Acme }\narms:\n  - { id: acme, client: acme, roots: [/w] }\n",
    );
    assert_snapshot!(sandbox.run("report"), @r"
    all time, UTC; list cost in USD, price snapshot [prices]

     Arm    Requests  Input  Cache write  Cache read  Output  List cost  Cache hit  Cache saved
    ────────────────────────────────────────────────────────────────────────────────────────────
     Total         0      0            0           0       0      $0.00          -        $0.00
    [stderr]
    warning[ARM018]: client without an arm: `acmee`
     --> [HOME]/.config/octorato/arms.yaml:2:3
      |
    2 |   acmee: { name: Acme }
      |   ^^^^^
      |
      = help: an arm names `acme`; did it mean `acmee`?

    no transcripts were found; name a folder of them with --logs
    ");
    assert_snapshot!(sandbox.run("arm list --quiet"), @r"
     Arm   Client  Roots  Remotes
    ──────────────────────────────
     acme  acme    /w
    ");
}

#[test]
fn an_unknown_arm_or_client_names_those_that_are_known() {
    assert_snapshot!(run("report --arm acme-wbe"), @r"
    [stderr]
    error: no such arm: `acme-wbe`
    hint: did you mean `acme-web`?
    [exit 2]
    ");
    assert_snapshot!(run("report --client initech"), @r"
    [stderr]
    error: no such client: `initech`
    hint: known: acme, globex, cafe-zuerich
    [exit 2]
    ");
    assert_snapshot!(run("arm show nobody"), @r"
    [stderr]
    error: no such arm: `nobody`
    hint: `octorato arm list` shows all arms
    [exit 2]
    ");
    assert_snapshot!(run("arm assign nobody --session s"), @r"
    [stderr]
    error: no such arm: `nobody`
    hint: known: acme-web, acme-mobile, globex, cafe-zuerich
    [exit 2]
    ");
    assert_snapshot!(Sandbox::new().run("report --arm acme"), @r"
    [stderr]
    error: no such arm: `acme`
    hint: no arms are declared yet; `octorato scan` proposes some
    [exit 2]
    ");
}

#[test]
fn a_period_that_cannot_be_is_refused() {
    assert_snapshot!(run("report --month 2026-13"), @r"
    [stderr]
    error: not a month: `2026-13`
    hint: write a year and a month, such as `2026-10`
    [exit 2]
    ");
    assert_snapshot!(run("report --month October"), @r"
    [stderr]
    error: not a month: `October`
    hint: write a year and a month, such as `2026-10`
    [exit 2]
    ");
    assert_snapshot!(run("report --since 2026-10-05 --until 2026-10-01"), @r"
    [stderr]
    error: the period ends before it starts: `2026-10-05` to `2026-10-01`
    hint: the last day must not be before the first
    [exit 2]
    ");
    assert_snapshot!(run("report --since 2026-10-32"), @r"
    [stderr]
    error: invalid value '2026-10-32' for '--since <DAY>': write a day of the calendar, such as `2026-10-31`

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run("report --until 9999-12-31"), @r"
    [stderr]
    error: invalid value '9999-12-31' for '--until <DAY>': write a day before the year 9999, or leave it out for no end

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run("report --month 2026-10 --since 2026-10-01"), @r"
    [stderr]
    error: the argument '--month <MONTH>' cannot be used with '--since <DAY>'

    Usage: octorato report --month <MONTH>

    For more information, try '--help'.
    [exit 2]
    ");
}

#[test]
fn a_column_that_is_none_is_refused() {
    assert_snapshot!(run("report --by arm,modle"), @r"
    [stderr]
    error: invalid value 'modle' for '--by <COLUMNS>': not a dimension: `modle`
    use one or more of arm, client, project, model, provider, day, week, month, session, message, agent, skill, reason, with commas between

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run("report --by arm,arm"), @r"
    [stderr]
    error: the column is named twice: `arm`
    [exit 2]
    ");
    assert_snapshot!(run("report --format xml"), @r"
    [stderr]
    error: invalid value 'xml' for '--format <FORMAT>'
      [possible values: table, json, csv, md]

    For more information, try '--help'.
    [exit 2]
    ");
}

#[test]
fn a_zone_that_is_none_is_refused() {
    assert_snapshot!(run("report --timezone Mexico"), @r"
    [stderr]
    error: unknown time zone: `Mexico`
    hint: did you mean `America/Mexico_City`?
    [exit 2]
    ");
}

#[test]
fn a_folder_of_logs_that_is_not_there_is_told() {
    assert_snapshot!(run("report --logs no/such/folder"), @r"
    [stderr]
    error: cannot read the logs at: `no/such/folder`
      caused by: No such file or directory (os error 2)
    hint: name an agent's home, a folder of transcripts or one transcript
    [exit 2]
    ");
}

#[test]
fn an_arm_that_cannot_be_added_is_refused() {
    assert_snapshot!(run("arm add globex --root /w"), @r"
    [stderr]
    error: arm exists already: `globex`
    hint: choose another id, or edit the arm in arms.yaml
    [exit 2]
    ");
    assert_snapshot!(run("arm add initech"), @r"
    [stderr]
    error: the arm would cover nothing: `initech`
    hint: name at least one folder with --root or one git remote with --remote
    [exit 2]
    ");
    assert_snapshot!(run("arm add Initech --root /w"), @r"
    [stderr]
    error: invalid value 'Initech' for '<ID>': not an arm id: `Initech`
    use a-z, 0-9, `.`, `_` and `-`, at most 64 characters, such as `initech`

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run("arm add initech --root /home/dana/clients/acme"), @r"
    [stderr]
    error: root belongs to an arm already: `/home/dana/clients/acme`
    hint: remove it there first, or give both by hand a `from` day in arms.yaml
    [exit 2]
    ");
    assert_snapshot!(Sandbox::new().run("arm add acme --root /w"), @r"
    [stderr]
    error: no arms file: `[HOME]/.config/octorato/arms.yaml`
    hint: run `octorato init` first
    [exit 2]
    ");
}

#[test]
fn an_assignment_needs_one_subject() {
    assert_snapshot!(run("arm assign globex"), @r"
    [stderr]
    error: the following required arguments were not provided:
      <--session <ID>|--message <ID>>

    Usage: octorato arm assign <--session <ID>|--message <ID>> <ARM>

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run("arm assign globex --session a --message b"), @r"
    [stderr]
    error: the argument '--session <ID>' cannot be used with '--message <ID>'

    Usage: octorato arm assign <--session <ID>|--message <ID>> <ARM>

    For more information, try '--help'.
    [exit 2]
    ");
}

#[test]
fn a_line_of_assignments_that_cannot_be_read_stops_the_report() {
    let sandbox = Sandbox::agency();
    sandbox
        .write(".local/share/octorato/assignments.jsonl", "{\"session\":\"s\",\"arm\":\"A B\"}\n");
    assert_snapshot!(sandbox.run("report"), @r"
    [stderr]
    error: not an assignment: `[HOME]/.local/share/octorato/assignments.jsonl:1:27`
      caused by: not an arm id: `A B` at line 1 column 27
    hint: mend or remove the line; `octorato arm assign` writes such lines
    [exit 2]
    ");
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    assert_snapshot!(run("explain ARM999"), @r"
    [stderr]
    error: no such code: `ARM999`
    hint: `octorato explain` lists all codes
    [exit 2]
    ");
    assert_snapshot!(run("schema budget"), @"
    [stderr]
    error: no such schema: `budget`
    hint: known: arms, budget_alert, budget_alerts, budget_check, budget_delivery, budget_explain, budget_extend, budget_status, budgets, doctor, hook_change, hook_status, init, ledger_answer, ledger_copy, ledger_correct, ledger_key, ledger_keys, ledger_operation, ledger_orphans, ledger_resolve, ledger_verify, price, prices, prices_change, prices_diff, prices_list, prices_recost, prices_show, report, settings, sync, sync_claims, why
    [exit 2]
    ");
    assert_snapshot!(run("completions cmd"), @r"
    [stderr]
    error: invalid value 'cmd' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run("repot"), @r"
    [stderr]
    error: unrecognized subcommand 'repot'

      tip: a similar subcommand exists: 'report'

    Usage: octorato [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit 2]
    ");
    assert_snapshot!(run(""), @"
    [stderr]
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
    [exit 2]
    ");
}

#[test]
fn without_a_home_folder_the_variable_is_named() {
    let sandbox = Sandbox::new();
    let output = sandbox.command().env_remove("HOME").arg("init").output().unwrap();
    assert_snapshot!(sandbox.seen(&output), @r"
    [stderr]
    error: the home folder of the user is not known
    hint: set `OCTORATO_HOME`
    [exit 2]
    ");
}
