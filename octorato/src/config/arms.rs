//! `arms.yaml`: the clients, and the arms with their folders.

use std::path::Path;

use octorato_core::{ArmId, Arms, Diagnostic, ErrorKind, Result, SourceText};
use octorato_finops::attribute::{Disk, FolderPath, LocalDisk, NoDisk};

use super::codes;
use super::findings::Findings;
use super::reader::{PlacedRoot, Reader};
use super::roots;
use super::text;
use super::yaml::{self, Value};

/// The JSON Schema of `arms.yaml`.
pub const SCHEMA: &str = include_str!("../../schemas/arms.json");

/// The keys that each map of `arms.yaml` may have.
pub mod keys {
    /// Of the file.
    pub const FILE: &[&str] = &["timezone", "clients", "arms"];
    /// Of a client.
    pub const CLIENT: &[&str] = &["name", "currency", "billing", "timezone", "tax", "address"];
    /// Of a client's `billing`, by model and beside `model`; all of them are needed.
    pub const BILLING: &[(&str, &[&str])] = &[
        ("cost_plus", &["markup_pct"]),
        ("fixed", &["monthly"]),
        ("retainer", &["monthly", "included", "overage_markup_pct"]),
        ("internal", &[]),
    ];
    /// Of an arm.
    pub const ARM: &[&str] = &["id", "client", "roots", "remotes", "aliases", "timezone"];
    /// Of a root that is more than a path.
    pub const ROOT: &[&str] = &["path", "from"];
}

/// Reads the text of an `arms.yaml`; `home` is what `~` stands for.
///
/// Every mistake is found, not only the first. The arms are there if and only if no finding is
/// an error; a text without any value declares no arms.
pub fn parse(source: &SourceText, home: Option<&str>) -> (Option<Arms>, Vec<Diagnostic>) {
    parse_with(source, home, &NoDisk)
}

/// Like [`parse`], and `disk` is asked whether two roots are one folder.
fn parse_with(
    source: &SourceText,
    home: Option<&str>,
    disk: &dyn Disk,
) -> (Option<Arms>, Vec<Diagnostic>) {
    let mut findings = Findings::new(source, &codes::COMMON);
    let (arms, roots) = match yaml::read(source) {
        Ok(file) if matches!(file.value, Value::Null) => (Arms::none(), Vec::new()),
        Ok(file) => Reader::new(&mut findings, home).file(&file),
        Err(error) => {
            findings.syntax(&error);
            (Arms::none(), Vec::new())
        }
    };
    same_folders(&roots, disk, &mut findings);
    let (usable, findings) = findings.finish();
    (usable.then_some(arms), findings)
}

/// Warns of roots of two arms that are one folder once links are followed.
fn same_folders(roots: &[PlacedRoot], disk: &dyn Disk, findings: &mut Findings<'_>) {
    let mut known: Vec<(FolderPath, &ArmId, &PlacedRoot)> = Vec::new();
    for root in roots {
        let real = disk.real_path(&root.path).map(|path| FolderPath::new(&path));
        let Some((real, owner)) = real.zip(root.owner.as_ref()) else { continue };
        let same = known.iter().find(|(folder, of, other)| {
            *of != owner && other.from == root.from && roots::same(folder, &real)
        });
        if let Some((_, of, first)) = same {
            findings.same_folder(root.span, &root.path, of, first.span);
        }
        known.push((real, owner, root));
    }
}

/// Reads the `arms.yaml` at `path`, with the findings that leave it usable; `home` is what `~`
/// stands for. The error of an unusable file carries every finding.
///
/// Beyond what [`parse`] finds, the disk is asked whether two roots are one folder.
pub fn load(path: &Path, home: Option<&str>) -> Result<(Arms, Vec<Diagnostic>)> {
    let source = read(path)?;
    match parse_with(&source, home, &LocalDisk) {
        (Some(arms), warnings) => Ok((arms, warnings)),
        (None, findings) => Err(text::unusable(source.name(), findings)),
    }
}

/// Reads the text at `path`, which must be UTF-8, for [`parse`].
pub fn read(path: &Path) -> Result<SourceText> {
    text::read(path, &codes::COMMON).map_err(|error| match error.kind() {
        ErrorKind::NotFound => error.hinted("run `octorato init` to make one"),
        _ => error,
    })
}
