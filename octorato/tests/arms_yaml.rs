//! `arms.yaml` as an operator writes it, well and badly.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may fail like tests")]

use insta::assert_snapshot;
use octorato::config::arms::{self, keys, parse};
use octorato::config::codes;
use octorato_core::{
    Arms, Billing, Currency, Diagnostic, ErrorKind, Money, Root, Severity, SourceText,
};
use proptest::prelude::*;

const HOME: Option<&str> = Some("/home/me");

fn read(text: &str) -> (Option<Arms>, Vec<Diagnostic>) {
    parse(&SourceText::new("arms.yaml", text), HOME)
}

fn arms(text: &str) -> Arms {
    let (arms, findings) = read(text);
    // Many of these arms need no folder for what is looked at.
    let others: Vec<_> = findings.iter().filter(|f| f.code != codes::IDLE_ARM).collect();
    assert!(others.is_empty(), "{text}: {others:?}");
    arms.unwrap()
}

/// The findings, one a line, for a text that cannot be used.
fn findings(text: &str) -> String {
    let (arms, findings) = read(text);
    assert!(arms.is_none(), "{text}");
    let lines: Vec<String> =
        findings.iter().map(|finding| finding.to_string().replacen("arms.yaml:", "", 1)).collect();
    lines.join("\n")
}

fn root(path: &str, from: Option<&str>) -> Root {
    Root { path: path.to_owned(), from: from.map(|date| date.parse().unwrap()) }
}

const EXAMPLE: &str = r#"timezone: America/Mexico_City        # IANA; default UTC
clients:
  acme: { name: Acme Corporation, currency: USD, billing: { model: cost_plus, markup_pct: 30 } }
arms:
  - id: acme-web
    client: acme
    roots: [~/clients/acme, { path: ~/work/acme-mobile, from: 2026-03-01 }]
    remotes: ["github.com/acme/*"]
    aliases: [ACME, acme.com, "Project Bluebird"]
"#;

#[test]
fn the_documented_example_is_read_as_documented() {
    let arms = arms(EXAMPLE);
    assert_eq!(arms.zone.iana_name(), Some("America/Mexico_City"));
    let [client] = &arms.clients[..] else { panic!("one client") };
    assert_eq!((client.id.as_str(), client.name.as_str()), ("acme", "Acme Corporation"));
    assert_eq!(client.currency, Currency::USD);
    assert_eq!(client.billing, Some(Billing::CostPlus { markup_pct: 30.into() }));
    let [arm] = &arms.arms[..] else { panic!("one arm") };
    assert_eq!((arm.id.as_str(), arm.client.as_str()), ("acme-web", "acme"));
    assert_eq!(
        arm.roots,
        [
            root("/home/me/clients/acme", None),
            root("/home/me/work/acme-mobile", Some("2026-03-01")),
        ]
    );
    assert_eq!(arm.remotes, ["github.com/acme/*"]);
    assert_eq!(arm.aliases, ["ACME", "acme.com", "Project Bluebird"]);
}

#[test]
fn amounts_are_exact_decimals_in_the_client_s_currency() {
    let arms = arms(
        "clients:
  a: { currency: MXN, billing: { model: fixed, monthly: 0.1 } }
  b: { billing: { model: retainer, monthly: '2000', included: 1400.000000000001, overage_markup_pct: 12.50 } }
  c: { billing: { model: internal } }
  d: { billing: { model: cost_plus, markup_pct: 123456.12345678 } }
arms: [{ id: a, client: a }, { id: b, client: b }, { id: c, client: c }, { id: d, client: d }]
",
    );
    let mxn = Currency::new("MXN").unwrap();
    let money = |text: &str, currency| Money::parse(text, currency).unwrap();
    let billing: Vec<Billing> =
        arms.clients.iter().map(|client| client.billing.clone().unwrap()).collect();
    assert_eq!(
        billing,
        [
            Billing::Fixed { monthly: money("0.1", mxn) },
            Billing::Retainer {
                monthly: money("2000", Currency::USD),
                included: money("1400.000000000001", Currency::USD),
                overage_markup_pct: "12.5".parse().unwrap(),
            },
            Billing::Internal,
            Billing::CostPlus { markup_pct: "123456.12345678".parse().unwrap() },
        ]
    );
}

#[test]
fn a_client_that_only_an_arm_names_is_billed_in_dollars_under_its_id() {
    let arms = arms("arms:\n- {id: a, client: acme}\n- {id: b, client: acme}\n");
    let [client] = &arms.clients[..] else { panic!("one client") };
    assert_eq!((client.name.as_str(), client.currency), ("acme", Currency::USD));
    assert_eq!((&client.billing, &client.zone), (&None, &None));
}

#[test]
fn a_file_without_a_value_declares_no_arms() {
    for text in ["", "\n\n", "# only a comment\n", "\u{feff}", "\u{feff}# x\r\n", "---\n", "{}\n"] {
        let arms = arms(text);
        assert!(arms.arms.is_empty() && arms.clients.is_empty(), "{text:?}");
        assert_eq!(arms.zone.iana_name(), Some("UTC"));
    }
}

#[test]
fn byte_order_mark_and_windows_line_ends_change_nothing() {
    let windows = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    let (unix, windows) = (arms(EXAMPLE), arms(&windows));
    assert_eq!(unix.arms, windows.arms);
    assert_eq!(unix.clients, windows.clients);
    let broken = "\u{feff}arms:\r\n  - id: a\r\n    clent: é\r\n";
    assert!(findings(broken).contains("3:5: error[ARM004]"), "{}", findings(broken));
}

#[test]
fn every_mistake_of_a_file_is_found_at_once_with_its_place_and_a_remedy() {
    let text = r#"timezone: Europe/Roma
client: {}
clients:
  Acme Corp: { name: Acme }
  beta:
    name: ""
    currency: usd
    billing: { model: cost-plus, markup_pct: 30 }
  gamma: { billing: { model: retainer, monthly: -5, included: 4e2, markup_pct: 3 } }
  delta: { billing: { markup_pct: 30 }, tax: 16, tax: VAT 16 }
  epsilon: ~
  zeta: { billing: { model: fixed, monthly: 2_000 }, timezone: 1 }
  2024: {}
arms:
  - id: beta
    client: beta
    root: [~/beta]
    roots: [beta, ~bob/beta, $HOME/beta, "", 7, { path: ~/b, from: 2026-02-30 }, { from: 2026-01-01 }]
    remotes: [""]
    aliases: Beta
  - id: beta
    client: gama
    roots: [/srv/x, ~/../me/./y/, { path: /srv/café, from: 2026-01-01 }]
  - id: 7
    client: null
    roots: [/srv//x/, ~/y, { path: /srv/café, from: 2026-01-01 }]
  - client: delta
    timezone: Mexico City
  - acme
"#;
    assert_snapshot!(findings(text), @r#"
    1:11: error[ARM012]: unknown time zone: `Europe/Roma`; hint: did you mean `Europe/Rome`?
    2:1: error[ARM004]: unknown key in the file: `client`; hint: did you mean `clients`?
    4:3: error[ARM003]: not a client id: `Acme Corp`; hint: use a-z, 0-9, `.`, `_` and `-`, at most 64 characters, such as `acme-corp`
    6:11: error[ARM017]: `name` is empty; hint: write a value, or remove it
    7:15: error[ARM013]: not an ISO 4217 currency code: `usd`; hint: write `USD`
    8:23: error[ARM014]: unknown billing model: `cost-plus`; hint: did you mean `cost_plus`?
    9:3: warning[ARM018]: client without an arm: `gamma`; hint: an arm names `gama`; did it mean `gamma`?
    9:23: error[ARM006]: missing key in `billing`: `overage_markup_pct`; hint: add `overage_markup_pct: …`
    9:49: error[ARM015]: `monthly` is negative: `-5`; hint: write 0 or more
    9:63: error[ARM015]: `included` is not an amount: `4e2`; hint: write a decimal such as `12.5`
    9:68: error[ARM004]: unknown key in `billing`: `markup_pct`; hint: the keys are `model`, `monthly`, `included`, `overage_markup_pct`
    10:23: error[ARM006]: missing key in `billing`: `model`; hint: add `model: …`
    10:46: error[ARM007]: `tax` must be text, not a number: `16`; hint: write `"16"`
    10:50: error[ARM005]: key given twice: `tax`; hint: it stands in line 10 already; keep one
    11:3: warning[ARM018]: client without an arm: `epsilon`; hint: add an arm with `client: epsilon`, or remove the client
    11:12: error[ARM007]: a client must be a map, not null; hint: write `{}` for the defaults, or remove the key
    12:3: warning[ARM018]: client without an arm: `zeta`; hint: add an arm with `client: zeta`, or remove the client
    12:45: error[ARM015]: `monthly` is not an amount: `2_000`; hint: write the digits without separators, with a point before decimals
    12:64: error[ARM007]: `timezone` must be text, not a number: `1`; hint: write `"1"`
    13:3: error[ARM007]: a key of `clients` must be text, not a number: `2024`; hint: write `"2024"`
    17:5: error[ARM004]: unknown key in an arm: `root`; hint: did you mean `roots`?
    18:13: error[ARM010]: root is not absolute: `beta`; hint: write `~/beta` or a whole path
    18:19: error[ARM011]: home folder of another user: `~bob/beta`; hint: write the whole path
    18:30: error[ARM010]: root with a variable: `$HOME/beta`; hint: variables are not expanded; write the folder, or `~/…` for the home folder
    18:42: error[ARM017]: empty root; hint: write a folder such as `~/clients/acme`
    18:46: error[ARM007]: a root must be text, not a number: `7`; hint: write `"7"`
    18:68: error[ARM016]: not a date: `2026-02-30`; hint: write YYYY-MM-DD before the year 9999, such as `2026-03-01`
    18:84: error[ARM006]: missing key in a root: `path`; hint: add `path: …`
    19:15: error[ARM017]: an item of `remotes` is empty; hint: write a value, or remove it
    20:14: error[ARM007]: `aliases` must be a list, not text: `Beta`; hint: write `[Beta]`
    21:9: error[ARM008]: arm declared twice: `beta`; hint: the first is in line 15; give each arm its own id
    24:9: error[ARM007]: an arm's id must be text, not a number: `7`; hint: write `"7"`
    25:13: error[ARM007]: a client's id must be text, not null; hint: write a value, or remove the key
    26:13: error[ARM009]: root given twice: `/srv//x/`; hint: line 23 has it; remove one, or say from which day it is whose with `{ path: …, from: YYYY-MM-DD }`
    26:23: error[ARM009]: root given twice: `~/y`; hint: line 23 has it; remove one, or say from which day it is whose with `{ path: …, from: YYYY-MM-DD }`
    26:36: error[ARM009]: root given twice: `/srv/café`; hint: line 23 has it; remove one, or say from which day it is whose with `{ path: …, from: YYYY-MM-DD }`
    27:5: error[ARM006]: missing key in an arm: `id`; hint: add `id: …`
    28:15: error[ARM012]: unknown time zone: `Mexico City`; hint: did you mean `America/Mexico_City`?
    29:5: error[ARM007]: an arm must be a map, not text: `acme`; hint: write `{ key: value }` or indented lines `key: value`
    "#);
}

#[test]
fn what_is_not_yaml_is_refused_where_it_breaks() {
    let texts = [
        "arms:\n  - id: acme-web\n    cli",
        "arms:\n  - id: \"acme",
        "arms: [{ id: a, client: b }",
        "arms:\n\t- id: a\n",
        "clients:\n  acme: { name: é }\n  b: name: c: d\n",
        "arms:\n  - id: @acme\n",
        "a: *nowhere\n",
        "arms: &a [*a]\n",
        "timezone: UTC\n---\ntimezone: UTC\n",
    ];
    let lines: Vec<String> = texts.iter().map(|text| findings(text)).collect();
    assert_snapshot!(lines.join("\n"), @r"
    3:5: error[ARM001]: not YAML: simple key expected `:`; hint: the text from here on may be unfinished
    2:9: error[ARM001]: not YAML: unclosed quote; hint: the text from here on may be unfinished
    1:7: error[ARM001]: not YAML: unclosed bracket `[`; hint: the text from here on may be unfinished
    2:2: error[ARM001]: not YAML: tabs disallowed within this context (block indentation); hint: indent with spaces
    3:10: error[ARM001]: not YAML: mapping values are not allowed in this context; hint: put a text with `: ` in quotes
    2:9: error[ARM001]: not YAML: unexpected character: `@`; hint: put a text with a special character in quotes
    1:4: error[ARM001]: not YAML: alias references unknown anchor; hint: put a text that starts with `*` in quotes
    1:11: error[ARM001]: not YAML: an alias that holds itself; hint: write out what is meant; `*name` must come after the end of `&name`
    3:1: error[ARM001]: not YAML: a second document after `---`; hint: keep one document in the file
    ");
}

#[test]
fn an_empty_or_wrong_value_is_never_a_default() {
    let texts = [
        "arms:\n",
        "clients:\n",
        "timezone:\n",
        "- id: a\n",
        "arms\n",
        "arms: {}\n",
        "arms: [[a]]\n",
        "arms: [{ id: true, client: x }]\n",
        "arms: [{ id: a, client: b, roots: /x }]\n",
        "arms: [{ id: a, client: b, roots: [~] }]\n",
        "arms: [{ id: a, client: b, roots: [{ path: /x, from: 20260301 }] }]\n",
        "arms: [{ id: a, client: b, roots: [{ path: /x, from: 9999-12-31 }] }]\n",
        "[arms]: []\n",
    ];
    let lines: Vec<String> = texts.iter().map(|text| findings(text)).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    1:5: error[ARM007]: `arms` must be a list, not null; hint: write `[]` for none, or remove the key
    1:8: error[ARM007]: `clients` must be a map, not null; hint: write `{}` for the defaults, or remove the key
    1:9: error[ARM007]: `timezone` must be text, not null; hint: write a value, or remove the key
    1:1: error[ARM007]: the file must be a map, not a list; hint: write `{ key: value }` or indented lines `key: value`
    1:1: error[ARM007]: the file must be a map, not text: `arms`; hint: write `{ key: value }` or indented lines `key: value`
    1:7: error[ARM007]: `arms` must be a list, not a map; hint: write `[…]` or lines that start with `- `
    1:8: error[ARM007]: an arm must be a map, not a list; hint: write `{ key: value }` or indented lines `key: value`
    1:14: error[ARM007]: an arm's id must be text, not a truth value: `true`; hint: write `"true"`
    1:35: error[ARM007]: `roots` must be a list, not text: `/x`; hint: write `[/x]`
    1:36: error[ARM007]: a root must be text, not null; hint: write `"~"` for the home folder
    1:54: error[ARM016]: not a date: `20260301`; hint: write YYYY-MM-DD before the year 9999, such as `2026-03-01`
    1:54: error[ARM016]: not a date: `9999-12-31`; hint: write YYYY-MM-DD before the year 9999, such as `2026-03-01`
    1:1: error[ARM007]: a key of the file must be text, not a list; hint: write text
    "#);
}

#[test]
fn one_folder_has_one_owner_a_day() {
    let both = |a: &str, b: &str| {
        read(&format!(
            "arms:\n  - {{ id: a, client: c, roots: [{a}] }}\n  - {{ id: b, client: c, roots: [{b}] }}\n"
        ))
        .1
    };
    for (a, b) in [
        ("/x", "/x"),
        ("/x", "/x/"),
        ("~/x", "/home/me/./x"),
        ("/x/../y", "//y"),
        ("\"/caf\\u00e9\"", "\"/cafe\\u0301\""),
        ("'C:\\X'", "c:/x/"),
        ("{ path: /x, from: 2026-01-01 }", "{ path: /x, from: 2026-01-01 }"),
        ("/x, /x", "/y"),
    ] {
        let findings = both(a, b);
        assert!(findings.iter().any(|f| f.code == codes::DUPLICATE_ROOT), "{a} {b}");
    }
    for (a, b) in [
        ("/x", "/x/y"),
        ("/x", "/X"),
        ("/x", "/xy"),
        ("/x", "{ path: /x, from: 2026-01-01 }"),
        ("{ path: /x, from: 2026-01-01 }", "{ path: /x, from: 2026-01-02 }"),
    ] {
        assert_eq!(both(a, b), [], "{a} {b}");
    }
}

#[test]
fn a_client_without_an_arm_is_a_warning_that_sees_misspelt_names() {
    let (arms, findings) =
        read("clients: { acme: {}, idle: {} }\narms: [{ id: a, client: amce }]\n");
    assert_eq!(arms.unwrap().clients.len(), 3);
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @r"
    arms.yaml:1:12: warning[ARM018]: client without an arm: `acme`; hint: an arm names `amce`; did it mean `acme`?
    arms.yaml:1:22: warning[ARM018]: client without an arm: `idle`; hint: add an arm with `client: idle`, or remove the client
    arms.yaml:2:14: warning[ARM020]: arm without roots and remotes: `a`; hint: add `roots: [~/…]`; without them it only has what `octorato arm assign` gives to it
    ");
}

#[test]
fn anchors_and_merges_may_be_used() {
    let arms = arms(
        "clients:\n  a: &base { currency: EUR, tax: VAT }\n  b: { <<: *base, tax: none }\n\
         arms:\n  - &arm { id: a, client: a }\n  - { <<: *arm, id: b, client: b }\n",
    );
    assert_eq!(arms.clients[1].currency.code(), "EUR");
    assert_eq!(arms.clients[1].tax.as_deref(), Some("none"));
    assert_eq!(arms.arms[1].id.as_str(), "b");
}

#[test]
fn an_arm_that_nothing_can_belong_to_is_a_warning() {
    let codes = |arm: &str| {
        let (arms, findings) = read(&format!("arms: [{{ id: a, client: a{arm} }}]\n"));
        assert!(arms.is_some());
        findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    for idle in ["", ", roots: []", ", remotes: [], roots: []", ", aliases: [A]"] {
        assert_eq!(codes(idle), [codes::IDLE_ARM], "{idle}");
    }
    for busy in [", roots: [/x]", ", remotes: [github.com/a/*]"] {
        assert_eq!(codes(busy), [""; 0], "{busy}");
    }
}

#[test]
fn remotes_are_taken_in_every_form_and_given_to_one_arm() {
    let arms = arms(
        "arms:\n  - { id: a, client: a, remotes: [\"https://github.com/Acme/web.git\", \
         \"git@github.com:acme/api.git\", \"gitlab.com/acme/*\", github.com/acme/api] }\n",
    );
    assert_eq!(
        arms.arms[0].remotes,
        ["github.com/acme/web", "github.com/acme/api", "gitlab.com/acme/*", "github.com/acme/api"]
    );
    let text = "arms:
  - { id: a, client: a, remotes: [github.com/acme/web, ../web, 'C:\\git\\web'] }
  - { id: b, client: a, remotes: [\"ssh://git@github.com/acme/web\", \"https://x.org/*\"] }
";
    assert_snapshot!(findings(text), @r"
    2:56: error[ARM021]: not a git remote: `../web`; hint: write host, owner and name, such as `github.com/acme/web` or `github.com/acme/*`
    2:64: error[ARM021]: not a git remote: `C:\git\web`; hint: write host, owner and name, such as `github.com/acme/web` or `github.com/acme/*`
    3:35: error[ARM022]: remote given to two arms: `ssh://git@github.com/acme/web`; hint: line 2 has it for `a`; remove one
    ");
}

#[test]
#[cfg(unix)]
fn two_roots_that_are_one_folder_through_a_link_are_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("real/web")).unwrap();
    std::os::unix::fs::symlink("real", root.join("link")).unwrap();
    let warnings = |a: &str, b: &str| {
        let (path, folder) = (root.join("arms.yaml"), root.to_str().unwrap());
        let text = format!(
            "arms:\n  - {{ id: a, client: a, roots: [{a}] }}\n  - {{ id: b, client: b, roots: [{b}] }}\n"
        );
        std::fs::write(&path, text.replace("DIR", folder)).unwrap();
        let (_, warnings) = arms::load(&path, HOME).unwrap();
        let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        lines.join("\n").replace(folder, "")
    };
    assert_snapshot!(warnings("DIR/real", "DIR/link"), @"/arms.yaml:3:33: warning[ARM019]: root is the folder of another arm, through a link: `/link`; hint: line 2 has it for `a`; work there is counted for the arm whose way of writing it the agent used; keep one");
    assert_snapshot!(warnings("DIR/link/web/none", "DIR/real/web/none"), @"/arms.yaml:3:33: warning[ARM019]: root is the folder of another arm, through a link: `/real/web/none`; hint: line 2 has it for `a`; work there is counted for the arm whose way of writing it the agent used; keep one");
    assert_eq!(warnings("DIR/real", "DIR/link/web"), ""); // nested
    assert_eq!(warnings("DIR/real", "{ path: DIR/link, from: 2026-01-01 }"), "");
    assert_eq!(warnings("DIR/real, DIR/link", "DIR/other"), ""); // one arm's own
}

#[test]
#[cfg(unix)]
fn a_pipe_or_a_huge_file_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("arms.yaml");
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    let error = arms::load(&path, HOME).unwrap_err();
    assert!(error.to_string().starts_with("not a regular file"), "{error}");
    std::fs::remove_file(&path).unwrap();
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = arms::load(&path, HOME).unwrap_err();
    assert!(error.to_string().starts_with("file is larger than 4 MiB"), "{error}");
}

proptest! {
    /// A text that was cut off, or damaged, is read to its end: arms, or a finding in the text.
    #[test]
    fn no_text_makes_the_reader_fail(
        cut in 0..=EXAMPLE.len(),
        damage in "[-\\[\\]{}:,&*!|>'\"%@`#~ \\n\\ta-z0-9\\PC]{0,12}",
    ) {
        let text = format!("{}{damage}{}", &EXAMPLE[..cut], &EXAMPLE[cut..]);
        for text in [&EXAMPLE[..cut], &text, &damage] {
            let (arms, findings) = read(text);
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            prop_assert_eq!(arms.is_none(), errors.count() > 0);
            for finding in findings {
                let (_, span) = finding.place.unwrap();
                prop_assert!(text.get(span.start..span.end).is_some(), "{text:?} {span:?}");
            }
        }
    }
}

#[test]
fn without_a_home_folder_only_the_tilde_fails() {
    let source = SourceText::new("f", "arms: [{ id: a, client: b, roots: [/x, ~/y] }]\n");
    let (_, findings) = parse(&source, None);
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), [codes::HOME]);
}

#[test]
fn a_file_that_is_missing_or_unreadable_is_an_error_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("arms.yaml");
    let error = arms::load(&path, HOME).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.hint().unwrap().contains("octorato init"));

    assert_eq!(arms::load(dir.path(), HOME).unwrap_err().kind(), ErrorKind::Io);

    std::fs::write(&path, b"arms: []\n# caf\xe9\n").unwrap();
    let error = arms::load(&path, HOME).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let finding = error.diagnostics()[0].to_string();
    assert!(
        finding.ends_with(
            "arms.yaml:2:6: error[ARM002]: not UTF-8: `0xE9`; hint: save the file as UTF-8"
        ),
        "{finding}"
    );

    std::fs::write(&path, "arms:\n  - id: A\n").unwrap();
    assert_eq!(arms::load(&path, HOME).unwrap_err().diagnostics().len(), 2);

    std::fs::write(&path, EXAMPLE).unwrap();
    assert_eq!(arms::load(&path, HOME).unwrap().0.arms.len(), 1);
}

mod schema {
    use super::*;
    use serde_json::Value;

    fn names<'s>(schema: &'s Value, pointer: &str) -> Vec<&'s str> {
        let properties = schema.pointer(&format!("{pointer}/properties")).unwrap();
        let closed = schema.pointer(&format!("{pointer}/additionalProperties"));
        assert_eq!(closed, Some(&Value::Bool(false)), "{pointer} is open");
        properties.as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn sorted<'k>(keys: &[&'k str]) -> Vec<&'k str> {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn it_has_the_keys_of_the_reader_and_no_others() {
        let schema: Value = serde_json::from_str(arms::SCHEMA).unwrap();
        for (pointer, keys) in [
            ("", keys::FILE),
            ("/$defs/client", keys::CLIENT),
            ("/$defs/arm", keys::ARM),
            ("/$defs/root", keys::ROOT),
        ] {
            let mut found = names(&schema, pointer);
            found.sort_unstable();
            assert_eq!(found, sorted(keys), "{pointer}");
        }
        let models = schema["$defs"]["billing"]["oneOf"].as_array().unwrap();
        assert_eq!(models.len(), keys::BILLING.len());
        for (index, (model, amounts)) in keys::BILLING.iter().enumerate() {
            let pointer = format!("/$defs/billing/oneOf/{index}");
            let mut found = names(&schema, &pointer);
            found.sort_unstable();
            let all: Vec<&str> = ["model"].iter().chain(*amounts).copied().collect();
            assert_eq!(found, sorted(&all), "{model}");
            assert_eq!(models[index]["properties"]["model"]["const"], *model);
            let mut required: Vec<&str> = models[index]["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|k| k.as_str().unwrap())
                .collect();
            required.sort_unstable();
            assert_eq!(required, sorted(&all), "{model}");
        }
    }
}
