//! The JSON Schemas of the files that people write and of the documents that commands print.

/// A schema by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The name, as in `octorato schema arms`.
    pub name: &'static str,
    /// What it describes.
    pub about: &'static str,
    /// The JSON Schema (2020-12) itself.
    pub json: &'static str,
}

/// Every schema.
pub const ALL: &[Schema] = &[
    Schema {
        name: "arms",
        about: "arms.yaml: clients and arms",
        json: include_str!("../schemas/arms.json"),
    },
    Schema {
        name: "report",
        about: "what `octorato report --json` prints",
        json: include_str!("../schemas/report.json"),
    },
];

/// The schema of this name.
///
/// ```
/// let schema = octorato::schema::find("report").map(|schema| schema.json);
/// assert!(schema.is_some_and(|json| json.contains("list_cost")));
/// ```
pub fn find(name: &str) -> Option<&'static Schema> {
    ALL.iter().find(|schema| schema.name == name)
}
