//! What a change does to a text, line by line, as `diff -u` shows it.

use std::fmt::Write as _;

/// How many lines are shown around a change.
const CONTEXT: usize = 3;

/// The most steps that comparing may take; beyond that the whole middle counts as changed.
const STEPS: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Kept(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The changes from one text to another; nothing where there are none. Line ends that are not
/// seen are shown as `\r`, a missing one at the end is named as `diff` does.
pub(super) fn unified(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let lines = compared(&split(before), &split(after));
    let mut text = format!("--- {name}\n+++ {name}\n");
    let changed = |line: &Line| !matches!(line, Line::Kept(_));
    let mut at = 0;
    while let Some(first) = lines[at..].iter().position(changed).map(|first| at + first) {
        let start = first.saturating_sub(CONTEXT).max(at);
        let mut end = first;
        // A hunk goes on as long as the next change is near.
        while let Some(next) = lines[end..].iter().position(changed).map(|next| end + next) {
            if next > end + 2 * CONTEXT && end > first {
                break;
            }
            end = next + 1;
        }
        let stop = (end + CONTEXT).min(lines.len());
        hunk(&mut text, &lines, start, stop);
        at = stop;
    }
    text
}

fn hunk(text: &mut String, lines: &[Line], start: usize, stop: usize) {
    let old = |line: &&Line| !matches!(line, Line::New(_));
    let new = |line: &&Line| !matches!(line, Line::Gone(_));
    let place = |from: usize, count: usize| if count == 0 { from } else { from + 1 };
    let shown = &lines[start..stop];
    let (olds, news) = (shown.iter().filter(old).count(), shown.iter().filter(new).count());
    let from_old = place(lines[..start].iter().filter(old).count(), olds);
    let from_new = place(lines[..start].iter().filter(new).count(), news);
    let _ = writeln!(text, "@@ -{from_old},{olds} +{from_new},{news} @@");
    for line in shown {
        let (sign, line) = match line {
            Line::Kept(line) => (' ', line),
            Line::Gone(line) => ('-', line),
            Line::New(line) => ('+', line),
        };
        let body = line.strip_suffix('\n');
        let _ = writeln!(text, "{sign}{}", body.unwrap_or(line).replace('\r', "\\r"));
        if body.is_none() {
            let _ = writeln!(text, "\\ No newline at end of file");
        }
    }
}

fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn compared<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Line<'a>> {
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = before.iter().zip(after).take_while(same).count();
    let (b, a) = (&before[head..], &after[head..]);
    let tail = b.iter().rev().zip(a.iter().rev()).take_while(same).count();
    let (b, a) = (&b[..b.len() - tail], &a[..a.len() - tail]);

    let mut lines: Vec<_> = before[..head].iter().map(|line| Line::Kept(line)).collect();
    if b.len().saturating_mul(a.len()) > STEPS {
        lines.extend(b.iter().map(|line| Line::Gone(line)));
        lines.extend(a.iter().map(|line| Line::New(line)));
    } else {
        common(b, a, &mut lines);
    }
    lines.extend(before[before.len() - tail..].iter().map(|line| Line::Kept(line)));
    lines
}

/// The longest common sequence of lines.
fn common<'a>(b: &[&'a str], a: &[&'a str], lines: &mut Vec<Line<'a>>) {
    let width = a.len() + 1;
    let mut longest = vec![0_u32; (b.len() + 1) * width];
    for i in (0..b.len()).rev() {
        for j in (0..a.len()).rev() {
            longest[i * width + j] = if b[i] == a[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < b.len() || j < a.len() {
        if i < b.len() && j < a.len() && b[i] == a[j] {
            lines.push(Line::Kept(b[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == a.len()
            || i < b.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
        {
            lines.push(Line::Gone(b[i]));
            i += 1;
        } else {
            lines.push(Line::New(a[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_change_is_shown_with_what_is_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14";
        let after = before.replace("3\n4", "3\nx\n4").replace("13\n", "");
        insta::assert_snapshot!(unified("f", before, &after), @r"
        --- f
        +++ f
        @@ -1,6 +1,7 @@
         1
         2
         3
        +x
         4
         5
         6
        @@ -10,5 +11,4 @@
         10
         11
         12
        -13
         14
        \ No newline at end of file
        ");
        assert_eq!(unified("f", "a", "a"), "");
        assert_eq!(unified("f", "", "a\n"), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
    }

    proptest! {
        #[test]
        fn a_diff_has_all_of_both_texts(a in "([ab\r]?\n){0,9}[ab]?", b in "([ab\r]?\n){0,9}[ab]?") {
            let lines = compared(&split(&a), &split(&b));
            let of = |side: fn(&Line) -> Option<String>| lines.iter().filter_map(side).collect::<String>();
            let old = of(|line| match line { Line::Kept(l) | Line::Gone(l) => Some((*l).to_owned()), Line::New(_) => None });
            let new = of(|line| match line { Line::Kept(l) | Line::New(l) => Some((*l).to_owned()), Line::Gone(_) => None });
            prop_assert_eq!((old, new), (a, b));
        }
    }
}
