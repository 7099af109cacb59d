//! Rates by the size of the request, of sources that keep one per field.

use std::collections::BTreeMap;

use super::snapshot::{Rate, Rates, Tier};
use super::taker::Trouble;

/// The rates of one unit: below any threshold, and above each.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    pub(super) base: Option<String>,
    pub(super) tiers: BTreeMap<u64, String>,
}

/// Rates by price key.
pub(super) type Table = BTreeMap<&'static str, Steps>;

impl Steps {
    /// Keeps a rate; says whether there was none, or the same.
    pub(super) fn set(&mut self, above: Option<u64>, rate: &str) -> bool {
        let known = match above {
            Some(above) => self.tiers.entry(above).or_insert_with(|| rate.to_owned()),
            None => self.base.get_or_insert_with(|| rate.to_owned()),
        };
        *known == rate
    }
}

/// The table in the form of a snapshot.
///
/// The highest threshold of input tokens that is crossed decides for every unit, so a unit with
/// rates above some thresholds and none above another one of the input has its base rate there. A
/// unit that has rates above thresholds only is charged below as it would be without any.
pub(super) fn rates(table: &Table, place: &str) -> Result<Rates, Trouble> {
    let thresholds = table.get("input_mtok").map(|steps| &steps.tiers);
    let mut rates = Rates::new();
    for (key, steps) in table {
        let base = rate_at(table, key, None).ok_or_else(|| {
            Trouble::new(format!("{place}: {key}"), "a rate above a threshold and none below it")
        })?;
        let mut tiers = steps.tiers.clone();
        if !tiers.is_empty() {
            for above in thresholds.into_iter().flat_map(BTreeMap::keys) {
                let there = rate_at(table, key, Some(*above)).unwrap_or(base);
                tiers.entry(*above).or_insert_with(|| there.to_owned());
            }
        }
        let base = base.to_owned();
        let tiers: Vec<_> = tiers.into_iter().map(|(above, rate)| Tier { above, rate }).collect();
        let rate = if tiers.is_empty() { Rate::Flat(base) } else { Rate::Tiered { base, tiers } };
        rates.insert((*key).to_owned(), rate);
    }
    Ok(rates)
}

/// The rate of a key above a threshold, else its base rate, else what the key that includes it has.
fn rate_at<'t>(table: &'t Table, key: &str, above: Option<u64>) -> Option<&'t str> {
    let steps = table.get(key);
    let own = steps
        .and_then(|steps| above.and_then(|above| steps.tiers.get(&above)).or(steps.base.as_ref()));
    match own {
        Some(rate) => Some(rate),
        None => rate_at(table, including(key)?, above),
    }
}

/// The key that includes another one: cached tokens are input, and so on.
fn including(key: &str) -> Option<&'static str> {
    match key {
        "input_mtok" | "output_mtok" => None,
        "cache_write_1h_mtok" => Some("cache_write_mtok"),
        _ if !key.ends_with("_mtok") => None,
        _ if key.starts_with("output_") => Some("output_mtok"),
        _ => Some("input_mtok"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(base: Option<&str>, tiers: &[(u64, &str)]) -> Steps {
        let tiers = tiers.iter().map(|&(above, rate)| (above, rate.to_owned())).collect();
        Steps { base: base.map(str::to_owned), tiers }
    }

    #[test]
    fn the_highest_threshold_of_the_input_decides_for_every_unit() {
        let table = Table::from([
            ("input_mtok", steps(Some("1"), &[(100, "2"), (200, "3")])),
            ("output_mtok", steps(Some("5"), &[(100, "6")])),
            ("cache_read_mtok", steps(Some("0.1"), &[])),
        ]);
        let json = serde_json::to_string(&rates(&table, "").unwrap()).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"cache_read_mtok":"0.1","input_mtok":{"base":"1","tiers":"#,
                r#"[{"above":100,"rate":"2"},{"above":200,"rate":"3"}]},"output_mtok":"#,
                r#"{"base":"5","tiers":[{"above":100,"rate":"6"},{"above":200,"rate":"5"}]}}"#
            )
        );
    }

    #[test]
    fn a_tier_without_a_base_is_trouble() {
        let table = Table::from([("input_mtok", steps(None, &[(100, "2")]))]);
        assert_eq!(rates(&table, "p").unwrap_err().place, "p: input_mtok");
    }

    #[test]
    fn what_has_rates_above_a_threshold_only_is_charged_below_as_what_includes_it() {
        let table = Table::from([
            ("input_mtok", steps(Some("1"), &[(100, "2"), (200, "3")])),
            ("cache_write_1h_mtok", steps(None, &[(200, "6")])),
        ]);
        let rates = rates(&table, "").unwrap();
        assert_eq!(
            serde_json::to_string(&rates["cache_write_1h_mtok"]).unwrap(),
            r#"{"base":"1","tiers":[{"above":100,"rate":"2"},{"above":200,"rate":"6"}]}"#
        );
    }

    #[test]
    fn two_rates_of_one_place_must_agree() {
        let mut steps = Steps::default();
        assert!(steps.set(None, "1") && steps.set(Some(9), "2"));
        assert!(steps.set(None, "1"));
        assert!(!steps.set(None, "2") && !steps.set(Some(9), "1"));
    }
}
