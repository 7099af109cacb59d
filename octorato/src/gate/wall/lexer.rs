//! Cuts a shell command into words, as a shell does, without running anything.

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text; whether it was quoted, so that patterns in it mean themselves.
    Text(String, bool),
    /// The value of a variable.
    Variable(String),
    /// The output of a command.
    Command(String),
}

/// A word: what one argument is made of.
pub(super) type Word = Vec<Part>;

/// A word or what stands between words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An argument, an assignment or the name of a program.
    Word(Word),
    /// `;`, a line's end, `&`, `&&` or `||`: another command follows.
    End,
    /// `|`: another command follows and reads from this one.
    Pipe,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `<` or `>`: the next word is a file; whether it is written.
    Redirect(bool),
    /// The text of a here-document.
    Document(String),
}

/// Cuts `command` into words. What is not closed ends with the text.
pub(super) fn tokens(command: &str) -> Vec<Token> {
    tokens_within(command, 0)
}

/// How deep values within values are read; deeper ones are plain text.
const DEEPEST: usize = 32;

fn tokens_within(command: &str, depth: usize) -> Vec<Token> {
    let mut lexer = Lexer {
        depth,
        rest: command.chars().collect(),
        at: 0,
        tokens: Vec::new(),
        word: None,
        documents: Vec::new(),
    };
    lexer.run();
    lexer.tokens
}

struct Lexer {
    depth: usize,
    rest: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
    word: Option<Word>,
    /// The ends of here-documents that begin after this line; whether tabs are cut.
    documents: Vec<(String, bool)>,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is = self.peek() == Some(wanted);
        self.at += usize::from(is);
        is
    }

    fn run(&mut self) {
        while let Some(c) = self.next() {
            match c {
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_word();
                    self.tokens.push(Token::End);
                    self.documents();
                }
                '#' if self.word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                ';' | '&' | '|' | '(' | ')' => self.operator(c),
                '<' | '>' => self.redirect(c),
                _ => self.of_word(c),
            }
        }
        self.end_word();
        self.documents();
    }

    fn operator(&mut self, c: char) {
        // `&>` and `&>>` write both streams.
        if c == '&' && self.peek() == Some('>') {
            self.end_word();
            return;
        }
        self.end_word();
        let token = match c {
            '(' => Token::Open,
            ')' => Token::Close,
            '|' if self.take('|') => Token::End,
            '|' => {
                self.take('&');
                Token::Pipe
            }
            _ => {
                self.take(c);
                Token::End
            }
        };
        self.tokens.push(token);
    }

    fn redirect(&mut self, c: char) {
        // The number of the stream is no word.
        let is_number = |part: &Part| matches!(part, Part::Text(text, false) if text.chars().all(|c| c.is_ascii_digit()));
        if self.word.as_ref().is_some_and(|word| word.iter().all(is_number)) {
            self.word = None;
        }
        self.end_word();
        if self.peek() == Some('(') {
            // The command of a process substitution.
            self.at += 1;
            let command = self.nested(')');
            self.tokens.push(Token::Word(vec![Part::Command(command)]));
            return;
        }
        if c == '<' && self.take('<') {
            if self.take('<') {
                return; // a here-string: the next word is text
            }
            let cuts_tabs = self.take('-');
            self.blanks();
            let end = self.raw_word();
            self.documents.push((end, cuts_tabs));
            return;
        }
        let is_more = c == '>' && (self.take('>') || self.take('|'));
        let is_both = c == '<' && self.take('>');
        if !is_more && self.take('&') {
            // `2>&1`, `>&-`; `>& file` writes a file.
            self.blanks();
            if self.peek().is_some_and(|c| c.is_ascii_digit() || c == '-') {
                while self.peek().is_some_and(|c| c.is_ascii_digit() || c == '-') {
                    self.at += 1;
                }
                return;
            }
        }
        self.tokens.push(Token::Redirect(c == '>' || is_both));
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|c| c == ' ' || c == '\t') {
            self.at += 1;
        }
    }

    /// A word with its quotes taken off and nothing else done.
    fn raw_word(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if c.is_whitespace() || ";&|<>()".contains(c) {
                break;
            }
            self.at += 1;
            if !"'\"\\".contains(c) {
                text.push(c);
            }
        }
        text
    }

    /// The texts of the here-documents that were announced on the line before.
    fn documents(&mut self) {
        for (end, cuts_tabs) in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            while self.at < self.rest.len() {
                let mut line = String::new();
                while let Some(c) = self.next() {
                    if c == '\n' {
                        break;
                    }
                    line.push(c);
                }
                let shown = if cuts_tabs { line.trim_start_matches('\t') } else { &line };
                if shown == end {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            self.tokens.push(Token::Document(text));
        }
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            self.tokens.push(Token::Word(word));
        }
    }

    fn push(&mut self, part: Part) {
        let word = self.word.get_or_insert_default();
        match (word.last_mut(), part) {
            (Some(Part::Text(before, a)), Part::Text(text, b)) if *a == b => before.push_str(&text),
            (_, part) => word.push(part),
        }
    }

    fn push_char(&mut self, c: char, is_quoted: bool) {
        self.push(Part::Text(c.to_string(), is_quoted));
    }

    fn of_word(&mut self, c: char) {
        match c {
            '\\' => match self.next() {
                Some('\n') => {}
                Some(c) => self.push_char(c, true),
                None => self.push_char('\\', true),
            },
            '\'' => {
                let text = self.until('\'');
                self.push(Part::Text(text, true));
            }
            '"' => self.in_double_quotes(),
            '`' => {
                let command = self.until_backquote();
                self.push(Part::Command(command));
            }
            '$' => self.dollar(false),
            c => self.push_char(c, false),
        }
    }

    fn until(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if c == end {
                break;
            }
            text.push(c);
        }
        text
    }

    fn until_backquote(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '`' => break,
                '\\' if matches!(self.peek(), Some('`' | '$' | '\\')) => {
                    text.extend(self.next());
                }
                c => text.push(c),
            }
        }
        text
    }

    fn in_double_quotes(&mut self) {
        self.push(Part::Text(String::new(), true));
        while let Some(c) = self.next() {
            match c {
                '"' => return,
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(c @ ('$' | '`' | '"' | '\\')) => self.push_char(c, true),
                    Some(c) => self.push(Part::Text(format!("\\{c}"), true)),
                },
                '$' => self.dollar(true),
                '`' => {
                    let command = self.until_backquote();
                    self.push(Part::Command(command));
                }
                c => self.push_char(c, true),
            }
        }
    }

    fn dollar(&mut self, is_quoted: bool) {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let command = self.nested(')');
                self.push(Part::Command(command));
            }
            Some('{') => {
                self.at += 1;
                let inner = self.nested('}');
                self.braced(&inner);
            }
            Some('\'') if !is_quoted => {
                self.at += 1;
                let text = self.ansi_text();
                self.push(Part::Text(text, true));
            }
            Some('"') if !is_quoted => {}
            // Numbers of processes.
            Some('$' | '!') => {
                self.at += 1;
                self.push(Part::Text("self".to_owned(), true));
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                    self.at += 1;
                }
                self.push(Part::Variable(name));
            }
            Some(c) if c.is_ascii_digit() || "@*#?-".contains(c) => {
                self.at += 1;
                self.push(Part::Variable(c.to_string()));
            }
            _ => self.push_char('$', true),
        }
    }

    /// `${name}`; of `${name:-word}` and the like the word may be the value.
    fn braced(&mut self, inner: &str) {
        let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let (name, rest) = inner.split_at(end.unwrap_or(inner.len()));
        self.push(Part::Variable(name.to_owned()));
        let word = rest.trim_start_matches(':');
        if let Some(word) = word.strip_prefix(['-', '=', '+']) {
            if self.depth >= DEEPEST {
                self.push(Part::Text(word.to_owned(), true));
                return;
            }
            for token in tokens_within(word, self.depth + 1) {
                if let Token::Word(word) = token {
                    for part in word {
                        self.push(part);
                    }
                }
            }
        }
    }

    /// Up to the bracket that closes the one before; quotes are kept.
    fn nested(&mut self, close: char) -> String {
        let open = if close == ')' { '(' } else { '{' };
        let (mut text, mut depth) = (String::new(), 1);
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    text.push(c);
                    text.extend(self.next());
                    continue;
                }
                '\'' | '"' => {
                    let inner = self.until(c);
                    text.push(c);
                    text.push_str(&inner);
                }
                c if c == open => depth += 1,
                c if c == close => {
                    depth -= 1;
                    if depth == 0 {
                        return text;
                    }
                }
                _ => {}
            }
            text.push(c);
        }
        text
    }

    /// The text of `$'...'`.
    fn ansi_text(&mut self) -> String {
        let mut bytes: Vec<u8> = Vec::new();
        let mut push = |c: char| bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
        let mut raw = Vec::new();
        while let Some(c) = self.next() {
            match c {
                '\'' => break,
                '\\' => {
                    raw.push((c, self.next()));
                }
                c => raw.push((c, None)),
            }
        }
        let mut at = 0;
        while let Some(&(c, escaped)) = raw.get(at) {
            at += 1;
            let Some(escaped) = escaped else {
                push(c);
                continue;
            };
            let (radix, most) = match escaped {
                'x' => (16, 2),
                'u' => (16, 4),
                'U' => (16, 8),
                '0'..='7' => (8, 3),
                'n' => {
                    push('\n');
                    continue;
                }
                't' => {
                    push('\t');
                    continue;
                }
                c => {
                    push(c);
                    continue;
                }
            };
            let mut digits = String::new();
            if radix == 8 {
                digits.push(escaped);
            }
            while let Some(&(c, None)) = raw.get(at).filter(|(c, _)| c.is_digit(radix))
                && digits.len() < most
            {
                digits.push(c);
                at += 1;
            }
            let code = u32::from_str_radix(&digits, radix).ok();
            push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &str) -> Vec<String> {
        let text = |part: &Part| match part {
            Part::Text(text, _) => text.clone(),
            Part::Variable(name) => format!("<{name}>"),
            Part::Command(command) => format!("<({command})>"),
        };
        tokens(command)
            .iter()
            .map(|token| match token {
                Token::Word(word) => word.iter().map(text).collect(),
                Token::Document(text) => format!("doc:{text}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn words_are_cut_as_a_shell_cuts_them() {
        assert_eq!(words(r#"cat 'a b'"c"\ d $'\x41\102'"#), ["cat", "a bc d", "AB"]);
        assert_eq!(words("a;b&&c|d"), ["a", "End", "b", "End", "c", "Pipe", "d"]);
        assert_eq!(
            words("a 2>&1 >x 2>/dev/null <y"),
            ["a", "Redirect(true)", "x", "Redirect(true)", "/dev/null", "Redirect(false)", "y"]
        );
        assert_eq!(
            words("echo $A ${B:-c} $(d 'e)' (f)) `g`"),
            ["echo", "<A>", "<B>c", "<(d 'e)' (f))>", "<(g)>"]
        );
        assert_eq!(words("cat <<E x\none\ntwo\nE\nb"), ["cat", "x", "End", "doc:one\ntwo\n", "b"]);
        assert_eq!(words("a # don't\nb"), ["a", "End", "b"]);
        assert_eq!(words("a 'never closed"), ["a", "never closed"]);
        assert_eq!(words("ls &> log"), ["ls", "Redirect(true)", "log"]);
        assert_eq!(words(""), Vec::<String>::new());
        assert_eq!(words(&"${a:-".repeat(100_000)).len(), 1);
    }
}
