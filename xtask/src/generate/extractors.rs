//! How providers' responses report usage: a compact form of the extractors of genai-prices.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// The committed file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    source: String,
    version: String,
    licence: String,
    providers: BTreeMap<String, Vec<Extractor>>,
}

/// How one API of a provider reports usage.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extractor {
    flavor: String,
    root: String,
    model: String,
    /// The paths whose counts are added up to each total; a `!` marks one that must be there.
    totals: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct SourceProvider {
    id: String,
    #[serde(default)]
    extractors: Vec<SourceExtractor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceExtractor {
    api_flavor: String,
    root: Path,
    model_path: Path,
    mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    path: Path,
    dest: String,
    required: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Path {
    Key(String),
    Steps(Vec<Step>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Key(String),
    Item(Item),
}

/// The first object of an array of which a field has a value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    r#type: ItemType,
    field: String,
    r#match: Equals,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ItemType {
    ArrayMatch,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Equals {
    equals: String,
}

impl Path {
    /// `a.b[field=value].c`.
    fn to_text(&self) -> Result<String> {
        let steps = match self {
            Self::Key(only) => &vec![Step::Key(only.clone())],
            Self::Steps(steps) => steps,
        };
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['.', '[', ']', '=', '!']);
        let mut text = String::new();
        for step in steps {
            match step {
                Step::Key(key) => {
                    ensure!(is_plain(key), "a key that has no short form: `{key}`");
                    let dot = if text.is_empty() { "" } else { "." };
                    let _ = write!(text, "{dot}{key}");
                }
                Step::Item(Item { r#type: ItemType::ArrayMatch, field, r#match }) => {
                    let value = &r#match.equals;
                    ensure!(is_plain(field) && is_plain(value), "no short form: {field}={value}");
                    let _ = write!(text, "[{field}={value}]");
                }
            }
        }
        Ok(text)
    }
}

/// Reads the JSON of genai-prices.
pub(super) fn convert(source: &str, version: &str) -> Result<String> {
    let source: Vec<SourceProvider> = serde_json::from_str(source)?;
    let mut providers = BTreeMap::new();
    for provider in source.into_iter().filter(|provider| !provider.extractors.is_empty()) {
        let extractors = provider.extractors.iter().map(|extractor| {
            let mut totals: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for Mapping { path, dest, required } in &extractor.mappings {
                let mark = if *required { "!" } else { "" };
                totals.entry(dest.clone()).or_default().push(path.to_text()? + mark);
            }
            Ok(Extractor {
                flavor: extractor.api_flavor.clone(),
                root: extractor.root.to_text()?,
                model: extractor.model_path.to_text()?,
                totals,
            })
        });
        let extractors = extractors.collect::<Result<_>>().with_context(|| provider.id.clone())?;
        providers.insert(provider.id, extractors);
    }
    File {
        schema: 1,
        source: "genai-prices".to_owned(),
        version: version.to_owned(),
        licence: "MIT".to_owned(),
        providers,
    }
    .to_text()
}

/// The committed text as it is written from what it says.
pub(super) fn rewrite(text: &str) -> Result<String> {
    serde_json::from_str::<File>(text)?.to_text()
}

impl File {
    /// One line per extractor.
    fn to_text(&self) -> Result<String> {
        let (schema, source) = (self.schema, serde_json::to_string(&self.source)?);
        let version = serde_json::to_string(&self.version)?;
        let licence = serde_json::to_string(&self.licence)?;
        let mut text = format!(
            "{{\"schema\":{schema},\"source\":{source},\"version\":{version},\
             \"licence\":{licence},\"providers\":{{"
        );
        for (at, (provider, extractors)) in self.providers.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\n{}:[", serde_json::to_string(provider)?);
            for (at, extractor) in extractors.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{}", serde_json::to_string(extractor)?);
            }
            text.push(']');
        }
        text.push_str("\n}}\n");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"[{"id":"a","models":[],"extractors":[{"api_flavor":"default",
        "root":["response","usage"],"model_path":"model","mappings":[
        {"path":"in","dest":"input_tokens","required":true},
        {"path":"cached","dest":"input_tokens","required":false},
        {"path":["details",{"type":"array-match","field":"ttl","match":{"equals":"1h"}},"n"],
         "dest":"cache_write_1h_tokens","required":false}]}]},{"id":"b","models":[]}]"#;

    #[test]
    fn extractors_become_a_line_each_and_stay_as_they_are() {
        let text = convert(SOURCE, "1").unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"schema":1,"source":"genai-prices","version":"1","licence":"MIT","providers":{"#,
                "\n\"a\":[\n",
                r#"{"flavor":"default","root":"response.usage","model":"model","totals":"#,
                r#"{"cache_write_1h_tokens":["details[ttl=1h].n"],"input_tokens":["in!","cached"]}}]"#,
                "\n}}\n"
            )
        );
        assert_eq!(rewrite(&text).unwrap(), text);
    }

    #[test]
    fn what_has_no_short_form_is_refused() {
        assert!(convert(&SOURCE.replace("\"in\"", "\"i.n\""), "1").is_err());
        assert!(convert(&SOURCE.replace("equals", "regex"), "1").is_err());
        assert!(convert(&SOURCE.replace("array-match", "last"), "1").is_err());
    }
}
