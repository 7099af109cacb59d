//! Tables for the terminal and for Markdown.

use std::fmt::{self, Write as _};

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use crate::printer::{BOLD, FAINT};

/// On which side the cells of a column begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// Rows under headings, with a total where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    total: Option<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new(), total: None }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn total(&mut self, cells: impl IntoIterator<Item = String>) {
        self.total = Some(cells.into_iter().collect());
    }

    /// The table as GitHub-flavoured Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        let line = |cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| escaped(cell.trim())).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let titles: Vec<_> = self.columns.iter().map(|(title, _)| title.clone()).collect();
        text += &line(&titles);
        for (_, align) in &self.columns {
            text += if *align == Align::Left { "| :-- " } else { "| --: " };
        }
        text += "|\n";
        for row in &self.rows {
            text += &line(row);
        }
        if let Some(total) = &self.total {
            let bold = |cell: &String| {
                if cell.is_empty() { String::new() } else { format!("**{cell}**") }
            };
            text += &line(&total.iter().map(bold).collect::<Vec<_>>());
        }
        text
    }
}

/// A cell that neither ends its column nor begins a tag.
fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|").replace('<', "&lt;").replace('\n', "<br>")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table
            .load_style(
                TableStyle::new()
                    .header_lines(ContentLineStyle::none())
                    .header_separator(LineStyle::none().fill('─'))
                    .content_lines(ContentLineStyle::none()),
            )
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(self.columns.iter().map(|(title, _)| title));
        for row in self.rows.iter().chain(&self.total) {
            table.add_row(row);
        }
        for (column, (_, align)) in table.column_iter_mut().zip(&self.columns) {
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        let lines: Vec<String> = table.lines().collect();
        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            let line = line.trim_end();
            let is_last = at + 1 == lines.len();
            if at == 1 {
                write!(text, "{FAINT}{line}{FAINT:#}")?;
            } else if at == 0 {
                write!(text, "{BOLD}{line}{BOLD:#}")?;
            } else if is_last && self.total.is_some() {
                if !self.rows.is_empty() {
                    writeln!(text, "{FAINT}{}{FAINT:#}", lines[1].trim_end())?;
                }
                write!(text, "{BOLD}{line}{BOLD:#}")?;
            } else {
                text += line;
            }
            if !is_last {
                text.push('\n');
            }
        }
        f.write_str(&text)
    }
}
