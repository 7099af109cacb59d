//! Tables for the terminal and for Markdown.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use anstyle::Style;

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use unicode_width::UnicodeWidthStr;

use crate::printer::{BOLD, FAINT};

use super::foreign;

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
    /// How whole rows look, by their place.
    styles: BTreeMap<usize, Style>,
    total: Option<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new(), styles: BTreeMap::new(), total: None }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A row of one line that looks another way.
    pub(crate) fn styled_row(
        &mut self,
        style: Option<Style>,
        cells: impl IntoIterator<Item = String>,
    ) {
        if let Some(style) = style {
            self.styles.insert(self.rows.len(), style);
        }
        self.row(cells);
    }

    pub(crate) fn total(&mut self, cells: impl IntoIterator<Item = String>) {
        self.total = Some(cells.into_iter().collect());
    }

    /// Leaves out the columns of these headings, one after the other, until the table is no wider
    /// than `width`; true where any was left out.
    pub(crate) fn narrow(&mut self, width: usize, headings: &[&str]) -> bool {
        let mut is_cut = false;
        for heading in headings {
            if self.width() <= width {
                break;
            }
            let Some(at) = self.columns.iter().position(|(title, _)| title == heading) else {
                continue;
            };
            self.columns.remove(at);
            for row in self.rows.iter_mut().chain(&mut self.total) {
                row.remove(at);
            }
            is_cut = true;
        }
        is_cut
    }

    fn width(&self) -> usize {
        self.laid_out().lines().map(|line| line.trim_end().width()).max().unwrap_or(0)
    }

    /// The table as GitHub-flavoured Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        let safe = |cell: &String| foreign::markdown(cell.trim());
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        text += &line(self.columns.iter().map(|(title, _)| safe(title)).collect());
        for (_, align) in &self.columns {
            text += if *align == Align::Left { "| :-- " } else { "| --: " };
        }
        text += "|\n";
        for row in &self.rows {
            text += &line(row.iter().map(safe).collect());
        }
        if let Some(total) = &self.total {
            let bold = |cell: &String| {
                if cell.is_empty() { String::new() } else { format!("**{}**", safe(cell)) }
            };
            text += &line(total.iter().map(bold).collect());
        }
        text
    }
}

impl Table {
    fn laid_out(&self) -> comfy_table::Table {
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
        table
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.laid_out().lines().collect();
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
            } else if let Some(style) = self.styles.get(&(at - 2)) {
                write!(text, "{style}{line}{style:#}")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_loses_the_columns_that_it_can_do_without() {
        let mut table =
            Table::new(&[("Arm", Align::Left), ("Input", Align::Right), ("Cost", Align::Right)]);
        table.row(["acme", "1,234,567", "$1.00"].map(str::to_owned));
        table.total(["Total", "1,234,567", "$1.00"].map(str::to_owned));
        let mut wide = table.clone();
        assert!(!wide.narrow(80, &["Input"]));
        assert!(table.narrow(20, &["Nowhere", "Input"]));
        assert_eq!(
            anstream::adapter::strip_str(&table.to_string()).to_string(),
            " Arm     Cost\n──────────────\n acme   $1.00\n──────────────\n Total  $1.00"
        );
    }

    #[test]
    fn letters_that_take_two_columns_are_counted_as_two() {
        let mut table = Table::new(&[("Arm", Align::Left), ("Input", Align::Right)]);
        table.row(["客户客户客户", "1"].map(str::to_owned));
        let width = " 客户客户客户  Input ".width();
        assert!(!table.clone().narrow(width, &["Input"]));
        assert!(table.narrow(width - 1, &["Input"]));
    }

    #[test]
    fn markdown_ends_no_cell_early() {
        let mut table = Table::new(&[("A", Align::Left), ("N", Align::Right)]);
        table.row(["a|b<i>".to_owned(), "1  ".to_owned()]);
        assert_eq!(table.markdown(), "| A | N |\n| :-- | --: |\n| a\\|b&lt;i> | 1 |\n");
    }
}
