//! Edits of `arms.yaml` that leave every other byte as its author wrote it.

use octorato_core::{Arm, ArmId, Arms, ClientId, Error, ErrorKind, Result, Root, SourceText};
use octorato_finops::attribute::{FolderPath, normal_remote_pattern};

use super::findings::REMOTE_HINT;
use super::{arms, layout, roots, text};

/// An arm to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewArm {
    /// Its id, which no other arm has.
    pub id: ArmId,
    /// Its client; one that the file does not declare is made by being named.
    pub client: ClientId,
    /// Its folders, absolute or under `~`; they are written as they are here.
    pub roots: Vec<Root>,
    /// Its patterns of git remotes.
    pub remotes: Vec<String>,
}

/// Appends an arm to the list `arms` of an `arms.yaml`; `home` is what `~` stands for.
///
/// Comments, order, line ends and indentation stay. The result is read again: it declares exactly
/// what the text declared and the new arm, or there is an error and no result. A text that cannot
/// be used as it is gives its findings, one that has the arm already [`ErrorKind::AlreadyExists`].
///
/// ```
/// use octorato::config::edit::{NewArm, add_arm};
/// use octorato_core::{ArmId, ClientId, Root};
///
/// let acme = NewArm {
///     id: ArmId::new("acme-web")?,
///     client: ClientId::new("acme")?,
///     roots: vec![Root { path: "~/clients/acme".into(), from: None }],
///     remotes: vec![],
/// };
/// assert_eq!(
///     add_arm("# mine\narms: [] # none yet\n", &acme, Some("/home/me"))?,
///     "# mine\narms: # none yet\n  - id: acme-web\n    client: acme\n    roots: [~/clients/acme]\n"
/// );
/// # Ok::<(), octorato_core::Error>(())
/// ```
pub fn add_arm(text: &str, arm: &NewArm, home: Option<&str>) -> Result<String> {
    let before = declared(text, home)?;
    if before.arm(&arm.id).is_some() {
        return Err(Error::new(
            ErrorKind::AlreadyExists,
            format!("arm exists already: `{}`", arm.id),
        )
        .hinted("choose another id, or edit the arm in arms.yaml"));
    }
    let wanted = checked(arm, &before, home)?;
    let declares_both = |edited: &String| {
        declared(edited, home).is_ok_and(|after| is_sum(&before, &wanted, &after))
    };
    layout::edits(text, arm).into_iter().find(declares_both).ok_or_else(|| {
        Error::new(ErrorKind::Config, "arms.yaml is written in a way that cannot be extended")
            .hinted("add the arm by hand, or write `arms` as lines that start with `- `")
    })
}

/// What a text declares, or its findings as an error.
fn declared(text: &str, home: Option<&str>) -> Result<Arms> {
    let (arms, findings) = arms::parse(&SourceText::new("arms.yaml", text), home);
    arms.ok_or_else(|| text::unusable("arms.yaml", findings))
}

/// The arm that reading `arm` must give.
fn checked(arm: &NewArm, before: &Arms, home: Option<&str>) -> Result<Arm> {
    let refuse = |message: String, hint: &str| {
        Err(Error::new(ErrorKind::InvalidArgument, message).hinted(hint))
    };
    let mut seen: Vec<Root> = before.arms.iter().flat_map(|arm| arm.roots.clone()).collect();
    for root in &arm.roots {
        let path = match roots::resolve(&root.path, home) {
            Ok(path) => path,
            Err(fault) => {
                let (message, hint) = fault.explain(&root.path);
                return refuse(message, &hint);
            }
        };
        let folder = FolderPath::new(&path);
        let same = |other: &Root| {
            other.from == root.from && roots::same(&FolderPath::new(&other.path), &folder)
        };
        if seen.iter().any(same) {
            return refuse(
                format!("root belongs to an arm already: `{}`", root.path),
                "remove it there first, or give both by hand a `from` day in arms.yaml",
            );
        }
        seen.push(Root { path, from: root.from });
    }
    let mut remotes = Vec::new();
    for remote in &arm.remotes {
        let Some(pattern) = normal_remote_pattern(remote) else {
            return refuse(format!("not a git remote: `{remote}`"), REMOTE_HINT);
        };
        if let Some(owner) = before.arms.iter().find(|other| other.remotes.contains(&pattern)) {
            let message = format!("remote belongs to an arm already: `{remote}`");
            return refuse(message, &format!("remove it from `{}` first", owner.id));
        }
        remotes.push(pattern);
    }
    let own = seen.split_off(seen.len() - arm.roots.len());
    Ok(Arm {
        id: arm.id.clone(),
        client: arm.client.clone(),
        roots: own,
        remotes,
        aliases: Vec::new(),
        zone: None,
    })
}

/// Whether `after` is `before` and `arm`, and nothing else.
fn is_sum(before: &Arms, arm: &Arm, after: &Arms) -> bool {
    let same_arms =
        after.arms.split_last().is_some_and(|(last, rest)| last == arm && rest == before.arms);
    let same_clients = after.clients.starts_with(&before.clients)
        && after.clients[before.clients.len()..].iter().all(|client| client.id == arm.client);
    same_arms && same_clients && after.zone == before.zone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::init::STARTER;
    use proptest::prelude::*;

    const HOME: Option<&str> = Some("/home/me");

    fn arm(id: &str) -> NewArm {
        NewArm {
            id: ArmId::new(id).unwrap(),
            client: ClientId::new("acme").unwrap(),
            roots: vec![Root { path: "~/new".into(), from: None }],
            remotes: vec![],
        }
    }

    fn add(text: &str) -> String {
        add_arm(text, &arm("new"), HOME).unwrap()
    }

    /// Texts in many styles.
    const TEXTS: &[&str] = &[
        "",
        "\u{feff}",
        "# only a comment\n",
        "# no newline at the end",
        "timezone: UTC",
        "---\ntimezone: UTC\n...\n",
        STARTER,
        "arms: []\n",
        "arms:\n  []\ntimezone: UTC\n",
        "arms: [  ] # none\r\nclients: {}\r\n",
        "\u{feff}clients:\r\n  acme: { name: é }\r\narms:\r\n  - id: a\r\n    client: acme\r\n",
        "arms:\n- id: a\n  client: b\n\n# about the zone\ntimezone: UTC\n",
        "arms:\n  -   id: a\n      client: b\n      # about a\n\n\n# the end\n",
        "arms:\n  - id: a\n    client: b\n    aliases:\n      - |\n        x\n        # y\n",
        "arms:\n  -\n    id: a\n    client: b",
        "\"arms\" :\n  - { id: a, client: b }\n  # - id: old\n  #   client: b\n",
        "arms: &all\n  - &a { id: a, client: b }\n  - { <<: *a, id: c }\n",
        "arms: [{ id: a, client: b }]\ntimezone: UTC # [x]\n",
        "arms: [\n  { id: a, client: b }, # [a]\n]\n",
        "  arms:\n  - id: a\n    client: b\n  timezone: UTC\n",
        "{ arms: [{ id: a, client: b }], timezone: UTC }\n",
        "arms:\n  - id: a\n    client: b\nclients:\n  b:\n    address: |\n      Road 1\n\n      Town\n",
    ];

    #[test]
    fn an_arm_follows_the_last_one_in_its_style() {
        for (text, edited) in [
            ("", "arms:\n  - id: new\n    client: acme\n    roots: [~/new]\n"),
            (
                "arms:\r\n- id: a # first\r\n  client: b\r\n  # about a\r\n\r\n# zone\r\ntimezone: UTC\r\n",
                "arms:\r\n- id: a # first\r\n  client: b\r\n  # about a\r\n\
                 - id: new\r\n  client: acme\r\n  roots: [~/new]\r\n\r\n# zone\r\ntimezone: UTC\r\n",
            ),
            (
                "arms:\n   -   { id: a, client: b }",
                "arms:\n   -   { id: a, client: b }\n   -   id: new\n       client: acme\n       roots: [~/new]\n",
            ),
            (
                "arms: [{ id: a, client: b }, ] # end\n",
                "arms: [{ id: a, client: b }, { id: new, client: acme, roots: [~/new] } ] # end\n",
            ),
        ] {
            assert_eq!(add(text), edited, "{text}");
        }
    }

    #[test]
    fn what_would_not_be_the_same_file_and_one_arm_more_is_refused() {
        let kind = |text: &str, arm: &NewArm| add_arm(text, arm, HOME).unwrap_err().kind();
        let taken = "arms: [{ id: new, client: b, roots: [/home/me/x] }]\n";
        assert_eq!(kind(taken, &arm("new")), ErrorKind::AlreadyExists);
        assert_eq!(kind("arms: [{ id: A }]\n", &arm("new")), ErrorKind::Config);
        assert_eq!(kind("{ timezone: UTC }\n", &arm("new")), ErrorKind::Config);
        for root in ["x", "", "~bob/x", "~/x/", "/home/me/y/../x", "/home/me//x"] {
            let root = Root { path: root.into(), from: None };
            let arm = NewArm { roots: vec![root], ..arm("other") };
            assert_eq!(kind(taken, &arm), ErrorKind::InvalidArgument);
        }
        let arm = NewArm { remotes: vec![" ".into()], ..arm("other") };
        assert_eq!(kind(taken, &arm), ErrorKind::InvalidArgument);
    }

    fn any_root() -> impl Strategy<Value = Root> {
        let tail = prop_oneof![
            "[ -~]{1,24}",
            "\\PC{1,12}",
            prop::collection::vec(any::<char>(), 1..12)
                .prop_map(|chars| chars.into_iter().collect()),
            Just("a b/it's \"x\" # y: z".to_owned()),
            Just(r"C:\x\y".to_owned()),
        ];
        let start = prop::sample::select(vec!["/srv/", "~/", r"C:\", r"\\host\share\"]);
        let from = prop::option::of((1..=12_i8).prop_map(|m| jiff::civil::date(2026, m, 1)));
        (start, tail, from)
            .prop_map(|(start, tail, from)| Root { path: format!("{start}{tail}"), from })
    }

    proptest! {
        #[test]
        fn adding_an_arm_adds_that_arm_and_changes_no_other_byte(
            text in prop::sample::select(TEXTS),
            id in "[a-z0-9][a-z0-9._-]{1,12}",
            client in prop_oneof!["[a-z0-9][a-z0-9._-]{0,12}", Just("acme".into()), Just("no".into())],
            roots in prop::collection::vec(any_root(), 0..4),
            remotes in prop::collection::vec("[a-z]{2,8}/[!-~é]{1,8}", 0..3),
        ) {
            let id = ArmId::new(&id).unwrap();
            let arm = NewArm { id, client: ClientId::new(&client).unwrap(), roots, remotes };
            let before = declared(text, HOME).unwrap();
            let wanted = checked(&arm, &before, HOME);
            prop_assume!(wanted.is_ok());

            let edited = add_arm(text, &arm, HOME).unwrap();
            let after = declared(&edited, HOME).unwrap();
            prop_assert_eq!(after.arms.last(), Some(&wanted.unwrap()));
            prop_assert_eq!(&after.arms[..after.arms.len() - 1], &before.arms[..]);
            prop_assert_eq!(&after.clients[..before.clients.len()], &before.clients[..]);

            // What is new lies in one piece; only the brackets of an empty list are gone.
            let kept = match text.find("[]").or_else(|| text.find("[  ]")) {
                Some(open) => {
                    let close = text[open..].find(']').map_or(open, |length| open + length + 1);
                    [text[..open].trim_end_matches(' '), &text[close..]].concat()
                }
                None => text.to_owned(),
            };
            let same = |(a, b): &(u8, u8)| a == b;
            let before = kept.bytes().zip(edited.bytes()).take_while(same).count();
            let after = kept.bytes().rev().zip(edited.bytes().rev()).take_while(same).count();
            prop_assert!(before + after >= kept.len(), "{kept:?} became {edited:?}");
        }
    }
}
