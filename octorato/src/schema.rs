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
        name: "budget_alert",
        about: "what a sink is told when a tier of a budget is reached",
        json: include_str!("../schemas/budget_alert.json"),
    },
    Schema {
        name: "budget_alerts",
        about: "what `octorato budget alerts --json` prints",
        json: include_str!("../schemas/budget_alerts.json"),
    },
    Schema {
        name: "budget_check",
        about: "what `octorato budget check --json` prints",
        json: include_str!("../schemas/budget_check.json"),
    },
    Schema {
        name: "budget_delivery",
        about: "what `octorato budget alerts --deliver --json` prints",
        json: include_str!("../schemas/budget_delivery.json"),
    },
    Schema {
        name: "budget_explain",
        about: "what `octorato budget explain --json` prints",
        json: include_str!("../schemas/budget_explain.json"),
    },
    Schema {
        name: "budget_extend",
        about: "what `octorato budget extend --json` prints",
        json: include_str!("../schemas/budget_extend.json"),
    },
    Schema {
        name: "budget_status",
        about: "what `octorato budget status --json` prints",
        json: include_str!("../schemas/budget_status.json"),
    },
    Schema {
        name: "budgets",
        about: "budgets.yaml: caps and what happens at them",
        json: include_str!("../schemas/budgets.json"),
    },
    Schema {
        name: "doctor",
        about: "what `octorato doctor --json` prints",
        json: include_str!("../schemas/doctor.json"),
    },
    Schema {
        name: "hook_change",
        about: "what `octorato hook install --json` and `hook uninstall --json` print",
        json: include_str!("../schemas/hook_change.json"),
    },
    Schema {
        name: "hook_status",
        about: "what `octorato hook status --json` prints",
        json: include_str!("../schemas/hook_status.json"),
    },
    Schema {
        name: "init",
        about: "what `octorato init --json` prints",
        json: include_str!("../schemas/init.json"),
    },
    Schema {
        name: "ledger_answer",
        about: "a line that `octorato ledger apply` writes",
        json: include_str!("../schemas/ledger_answer.json"),
    },
    Schema {
        name: "ledger_copy",
        about: "what `octorato ledger backup --json` and `ledger restore --json` print",
        json: include_str!("../schemas/ledger_copy.json"),
    },
    Schema {
        name: "ledger_correct",
        about: "what `octorato ledger correct --json` prints",
        json: include_str!("../schemas/ledger_correct.json"),
    },
    Schema {
        name: "ledger_key",
        about: "what `octorato ledger key rotate --json` prints",
        json: include_str!("../schemas/ledger_key.json"),
    },
    Schema {
        name: "ledger_keys",
        about: "what `octorato ledger key list --json` prints",
        json: include_str!("../schemas/ledger_keys.json"),
    },
    Schema {
        name: "ledger_operation",
        about: "a line that `octorato ledger apply` reads",
        json: include_str!("../schemas/ledger_operation.json"),
    },
    Schema {
        name: "ledger_orphans",
        about: "what `octorato ledger orphans --json` prints",
        json: include_str!("../schemas/ledger_orphans.json"),
    },
    Schema {
        name: "ledger_resolve",
        about: "what `octorato ledger resolve --json` prints",
        json: include_str!("../schemas/ledger_resolve.json"),
    },
    Schema {
        name: "ledger_verify",
        about: "what `octorato ledger verify --json` prints",
        json: include_str!("../schemas/ledger_verify.json"),
    },
    Schema {
        name: "price",
        about: "what `octorato price --json` prints, and a line of `price --batch`",
        json: include_str!("../schemas/price.json"),
    },
    Schema {
        name: "prices",
        about: "prices.yaml: the operator's own prices",
        json: include_str!("../schemas/prices.json"),
    },
    Schema {
        name: "prices_change",
        about: "what `octorato prices import --json` and `prices update --json` print",
        json: include_str!("../schemas/prices_change.json"),
    },
    Schema {
        name: "prices_diff",
        about: "what `octorato prices diff --json` prints",
        json: include_str!("../schemas/prices_diff.json"),
    },
    Schema {
        name: "prices_list",
        about: "what `octorato prices list --json` and `prices use --json` print",
        json: include_str!("../schemas/prices_list.json"),
    },
    Schema {
        name: "prices_recost",
        about: "what `octorato prices recost --json` prints",
        json: include_str!("../schemas/prices_recost.json"),
    },
    Schema {
        name: "prices_show",
        about: "what `octorato prices show --json` and `prices explain --json` print",
        json: include_str!("../schemas/prices_show.json"),
    },
    Schema {
        name: "report",
        about: "what `octorato report --json` prints",
        json: include_str!("../schemas/report.json"),
    },
    Schema {
        name: "settings",
        about: "octorato.toml: the settings of a brain",
        json: include_str!("../schemas/settings.json"),
    },
    Schema {
        name: "sync",
        about: "what `octorato sync --json` prints, and a line of `sync --watch --json`",
        json: include_str!("../schemas/sync.json"),
    },
    Schema {
        name: "sync_claims",
        about: "what `octorato sync --reattribute --dry-run --json` prints",
        json: include_str!("../schemas/sync_claims.json"),
    },
    Schema {
        name: "why",
        about: "what `octorato why --json` prints",
        json: include_str!("../schemas/why.json"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use octorato_brain::Settings;
    use octorato_core::SourceText;
    use serde_json::Value;

    fn settings() -> Value {
        serde_json::from_str(find("settings").unwrap().json).unwrap()
    }

    /// The keys of the table at `pointer`, which knows no others.
    fn keys(schema: &Value, pointer: &str) -> Vec<String> {
        let table = schema.pointer(pointer).unwrap();
        assert_eq!(table["additionalProperties"], false, "{pointer} is open");
        table["properties"].as_object().unwrap().keys().cloned().collect()
    }

    /// The keys that the reader knows of a table, as it tells whoever misspells one.
    fn known(heading: &str) -> Vec<String> {
        let text = format!("{heading}\nsurprise = 1\n");
        let (_, findings) = Settings::parse(&SourceText::new("f", text));
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(finding.code, "SET002");
        let hint = finding.hint.as_deref().unwrap();
        hint.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn settings_have_the_keys_of_their_reader_and_no_others() {
        let schema = settings();
        assert_eq!(keys(&schema, ""), known(""));
        assert_eq!(keys(&schema, "/properties/report"), known("[report]"));
        for (table, key) in [("", "report"), ("[report]\n", "by")] {
            let text = format!("{table}{key} = 1\n");
            let (_, findings) = Settings::parse(&SourceText::new("f", text));
            assert_eq!(findings[0].code, "SET003", "`{key}` is known, and no number");
        }
    }

    #[test]
    fn the_default_of_settings_is_that_of_their_reader() {
        let default = &settings()["properties"]["report"]["properties"]["by"]["default"];
        assert_eq!(*default, serde_json::json!(Settings::default().report.by));
    }
}
