//! Documents as text: for the terminal, for Markdown, for spreadsheets.

pub(crate) mod budget;
pub(crate) mod charge;
pub(crate) mod csv;
pub(crate) mod foreign;
pub(crate) mod numbers;
pub(crate) mod report;
pub(crate) mod sync;
pub(crate) mod table;
