//! Values that are to be written, in the order and the style in which they shall stand.

/// A value with its keys in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    Text(String),
    Number(u32),
    True,
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
}

/// How a text is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// What ends a line.
    pub(super) newline: &'static str,
    /// One step of indentation.
    pub(super) unit: String,
    /// Whether the whole text is in one line.
    pub(super) flat: bool,
}

impl Style {
    /// The style of a text; that of a new one is two blanks and lines of their own.
    pub(super) fn of(text: &str) -> Self {
        let body = text.trim();
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let indented = body.lines().skip(1).find(|line| {
            line.starts_with([' ', '\t'])
                && !line.trim().is_empty()
                && !line.trim().starts_with('*')
        });
        let unit = indented.map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
        // Deeper lines come first only where a text is indented oddly.
        let unit = if unit.starts_with('\t') { "\t" } else { unit.get(..8).unwrap_or(unit) };
        let flat = !body.contains('\n') && body.contains(':');
        Self { newline, unit: unit.to_owned(), flat }
    }
}

impl Tree {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// In one line.
    pub(super) fn flat(&self) -> String {
        self.print(None)
    }

    /// In lines of their own; the first one stands where it is put, which is indented by `indent`.
    pub(super) fn pretty(&self, style: &Style, indent: &str) -> String {
        self.print(Some((style, indent)))
    }

    fn print(&self, lines: Option<(&Style, &str)>) -> String {
        match self {
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::Number(number) => number.to_string(),
            Self::True => "true".to_owned(),
            Self::List(items) => block('[', ']', lines, items, Self::print),
            Self::Map(members) => block('{', '}', lines, members, |(key, value), lines| {
                format!("\"{key}\": {}", value.print(lines))
            }),
        }
    }

    /// The value as other JSON is compared with it.
    pub(super) fn value(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::True => true.into(),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Map(members) => {
                let pair = |(key, value): &(&str, Self)| ((*key).to_owned(), value.value());
                serde_json::Value::Object(members.iter().map(pair).collect())
            }
        }
    }
}

fn block<T>(
    open: char,
    close: char,
    lines: Option<(&Style, &str)>,
    items: &[T],
    print: impl Fn(&T, Option<(&Style, &str)>) -> String,
) -> String {
    let Some((style, indent)) = lines.filter(|_| !items.is_empty()) else {
        let items: Vec<_> = items.iter().map(|item| print(item, None)).collect();
        return format!("{open}{}{close}", items.join(", "));
    };
    let inner = format!("{indent}{}", style.unit);
    let newline = style.newline;
    let items: Vec<_> = items
        .iter()
        .map(|item| format!("{newline}{inner}{}", print(item, Some((style, &inner)))))
        .collect();
    format!("{open}{}{newline}{indent}{close}", items.join(","))
}
