//! The files that a patch is about, by its headers.

/// The paths in the headers of Codex's patches (`*** Update File: x`) and of unified ones
/// (`+++ b/x`, with and without the letter).
pub(super) fn files(patch: &str) -> Vec<String> {
    const HEADERS: &[&str] =
        &["*** Add File:", "*** Update File:", "*** Delete File:", "*** Move to:"];
    let mut found = Vec::new();
    for line in patch.lines() {
        let line = line.trim();
        if let Some(file) = HEADERS.iter().find_map(|header| line.strip_prefix(header)) {
            found.push(file.trim().to_owned());
        } else if let Some(path) =
            ["--- ", "+++ ", "rename from ", "rename to ", "copy from ", "copy to "]
                .iter()
                .find_map(|header| line.strip_prefix(header))
        {
            let name = path.split('\t').next().unwrap_or_default().trim();
            found.push(name.to_owned());
            let without_letter = name.strip_prefix("a/").or_else(|| name.strip_prefix("b/"));
            found.extend(without_letter.map(str::to_owned));
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_names_its_file() {
        let codex =
            "*** Begin Patch\n*** Update File: a b.rs\n*** Move to: /w/x\n@@\n-x\n*** End Patch";
        assert_eq!(files(codex), ["a b.rs", "/w/x"]);
        assert_eq!(files("--- a/x\t2026\n+++ /dev/null\n"), ["a/x", "x", "/dev/null"]);
    }
}
