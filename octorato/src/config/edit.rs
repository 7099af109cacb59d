//! Edits of `arms.yaml` that leave every other byte as its author wrote it.

use octorato_core::{Arm, ArmId, Arms, ClientId, Error, ErrorKind, Result, Root, SourceText};

use super::quote::quoted;
use super::yaml::{self, Node, Value};
use super::{arms, roots};

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
    let wanted = resolved(arm, home)?;
    let edited = Layout::of(text)?.with(text, arm);
    let after = declared(&edited, home)?;
    if is_sum(&before, &wanted, &after) { Ok(edited) } else { Err(by_hand()) }
}

/// What a text declares, or its findings as an error.
fn declared(text: &str, home: Option<&str>) -> Result<Arms> {
    let (arms, findings) = arms::parse(&SourceText::new("arms.yaml", text), home);
    arms.ok_or_else(|| arms::unusable("arms.yaml", findings))
}

/// The arm that reading `arm` must give.
fn resolved(arm: &NewArm, home: Option<&str>) -> Result<Arm> {
    let root = |root: &Root| {
        let path = roots::resolve(&root.path, home).map_err(|_| {
            Error::new(ErrorKind::InvalidArgument, format!("not a root: `{}`", root.path))
                .hinted("write an absolute folder, or one under `~`")
        })?;
        Ok(Root { path, from: root.from })
    };
    Ok(Arm {
        id: arm.id.clone(),
        client: arm.client.clone(),
        roots: arm.roots.iter().map(root).collect::<Result<_>>()?,
        remotes: arm.remotes.clone(),
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

fn by_hand() -> Error {
    Error::new(ErrorKind::Config, "arms.yaml is written in a way that cannot be extended safely")
        .hinted("add the arm by hand, or write `arms` as lines that start with `- `")
}

/// Where an arm goes and how it looks there.
struct Layout {
    /// Bytes to leave out: the `[]` of an empty list with the space before it.
    cut: std::ops::Range<usize>,
    /// Where the new lines go; never before the cut.
    at: usize,
    /// Whether the list has to be made.
    with_key: bool,
    /// Spaces before the key `arms`.
    key_indent: usize,
    /// Spaces before the dash.
    dash_indent: usize,
    /// Spaces between the dash and the first key.
    gap: usize,
}

impl Layout {
    fn of(text: &str) -> Result<Self> {
        let source = SourceText::new("arms.yaml", text);
        let Ok(file) = yaml::read(&source) else { return Err(by_hand()) };
        let entries = match &file.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        let indent = entries.first().map_or(0, |(key, _)| column(text, key.span.start));
        let found = entries
            .iter()
            .position(|(key, _)| matches!(&key.value, Value::Text(name) if name == "arms"));
        let Some(index) = found else {
            return Ok(Self {
                cut: 0..0,
                at: end_of_content(text),
                with_key: true,
                key_indent: indent,
                dash_indent: indent + 2,
                gap: 1,
            });
        };
        let (key, list) = &entries[index];
        match &list.value {
            Value::List(items) if items.is_empty() => Self::empty_list(text, key, list, indent),
            _ => {
                let next = entries.get(index + 1).map(|(key, _)| key.span.start);
                Self::block_list(text, key, list, next, indent)
            }
        }
    }

    /// `arms: []`: the brackets give way to lines.
    fn empty_list(text: &str, key: &Node, list: &Node, key_indent: usize) -> Result<Self> {
        let open = list.span.start;
        let close = text[open..].find(']').map(|at| open + at + 1).ok_or_else(by_hand)?;
        if text[open + 1..close - 1].contains(|c: char| !c.is_ascii_whitespace()) {
            return Err(by_hand()); // a comment between the brackets
        }
        let colon = key.span.end;
        let start = text[..open].trim_end_matches([' ', '\t']).len().max(colon);
        Ok(Self {
            cut: start..close,
            at: end_of_line(text, close),
            with_key: false,
            key_indent,
            dash_indent: key_indent + 2,
            gap: 1,
        })
    }

    /// Lines that start with a dash: one more after the last arm and its comments.
    fn block_list(
        text: &str,
        key: &Node,
        list: &Node,
        next: Option<usize>,
        key_indent: usize,
    ) -> Result<Self> {
        let dash = list.span.start;
        let start = text[..dash].rfind('\n').map_or(0, |newline| newline + 1);
        let dash_indent = dash - start;
        let first = &text[dash..];
        if start <= key.span.start || !first.starts_with('-') {
            return Err(by_hand()); // a flow list, an alias
        }
        let gap = first[1..].len() - first[1..].trim_start_matches(' ').len();
        let gap = if matches!(first.as_bytes().get(1 + gap), None | Some(b'\r' | b'\n' | b'#')) {
            1 // the first key stands on a line of its own
        } else {
            gap
        };
        let limit = match next {
            Some(next) => text[..next].rfind('\n').map_or(0, |newline| newline + 1),
            None => end_of_content(text),
        };
        if limit < dash {
            return Err(by_hand()); // keys that share a line
        }
        let lines = text[dash..limit].split_inclusive('\n');
        let mut at = limit;
        for line in lines.rev() {
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            let belongs = !content.trim_end().is_empty()
                && (!content.starts_with('#') || indent > dash_indent);
            if belongs {
                break;
            }
            at -= line.len();
        }
        Ok(Self { cut: dash..dash, at, with_key: false, key_indent, dash_indent, gap })
    }

    /// The text with the arm in its place.
    fn with(&self, text: &str, arm: &NewArm) -> String {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut edited = text[..self.cut.start].to_owned();
        edited.push_str(&text[self.cut.end.max(self.cut.start)..self.at.max(self.cut.end)]);
        if !edited.is_empty() && !edited.ends_with('\n') && edited != "\u{feff}" {
            edited.push_str(newline);
        }
        for line in self.lines(arm) {
            edited.push_str(&line);
            edited.push_str(newline);
        }
        edited.push_str(&text[self.at.max(self.cut.end)..]);
        edited
    }

    fn lines(&self, arm: &NewArm) -> Vec<String> {
        let mut lines = Vec::new();
        if self.with_key {
            lines.push(format!("{}arms:", " ".repeat(self.key_indent)));
        }
        let (dash, gap) = (" ".repeat(self.dash_indent), " ".repeat(self.gap));
        let keys = " ".repeat(self.dash_indent + 1 + self.gap);
        lines.push(format!("{dash}-{gap}id: {}", quoted(arm.id.as_str())));
        lines.push(format!("{keys}client: {}", quoted(arm.client.as_str())));
        if !arm.roots.is_empty() {
            let roots: Vec<String> = arm.roots.iter().map(root).collect();
            lines.push(format!("{keys}roots: [{}]", roots.join(", ")));
        }
        if !arm.remotes.is_empty() {
            let remotes: Vec<String> = arm.remotes.iter().map(|text| quoted(text)).collect();
            lines.push(format!("{keys}remotes: [{}]", remotes.join(", ")));
        }
        lines
    }
}

fn root(root: &Root) -> String {
    match root.from {
        Some(from) => format!("{{ path: {}, from: {from} }}", quoted(&root.path)),
        None => quoted(&root.path),
    }
}

/// Characters between the start of the line and `at`, a byte-order mark not counted.
fn column(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[line..at].trim_start_matches('\u{feff}').chars().count()
}

/// After the newline of the line in which `at` lies.
fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Before a `...` that ends the document, else the end.
fn end_of_content(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "..." {
            return at;
        }
        at += line.len();
    }
    text.len()
}
