//! Which of many rules can match a name, told without trying each.

use super::{Pattern, Rule};

/// A name that is looked up, with what an index asks of it.
#[derive(Clone, Copy)]
pub(in crate::price) struct Sought<'n> {
    pub(in crate::price) name: &'n str,
    hash: u64,
    parts: Parts,
}

/// The parts of three bytes of a text, a bit for each; several parts may share a bit. A text holds
/// another only if it has all of its bits.
type Parts = u64;

/// The rules of a list by what they compare names with.
#[derive(Debug, Default)]
pub(in crate::price) struct Index {
    /// The hash of each text that a rule equals, and the place of the rule, ascending.
    whole: Box<[(u64, u32)]>,
    /// What a name must hold to pass any other comparison, and the place of its rule, by place.
    loose: Box<[(Parts, u32)]>,
}

impl<'n> Sought<'n> {
    pub(in crate::price) fn new(name: &'n str) -> Self {
        Self { name, hash: hash(name), parts: parts(name) }
    }
}

impl Index {
    /// The index of rules at these places, which ascend.
    pub(in crate::price) fn of<'r>(rules: impl Iterator<Item = (usize, &'r Rule)>) -> Self {
        let (mut whole, mut loose) = (Vec::new(), Vec::new());
        for (place, rule) in rules {
            // No list of four thousand millions is read.
            let Ok(place) = u32::try_from(place) else { break };
            add(rule, place, &mut whole, &mut loose);
        }
        whole.sort_unstable();
        whole.dedup();
        Self { whole: whole.into(), loose: loose.into() }
    }

    /// The first answer of `ask`, which is asked in ascending order for every place whose rule may
    /// match, and for a few others.
    pub(in crate::price) fn first<T>(
        &self,
        sought: &Sought<'_>,
        mut ask: impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        let mut last = None;
        let mut ask = |place: u32| {
            if last == Some(place) {
                return None;
            }
            last = Some(place);
            ask(place as usize)
        };
        let from = self.whole.partition_point(|(hash, _)| *hash < sought.hash);
        let whole = self.whole[from..].iter().take_while(|(hash, _)| *hash == sought.hash);
        let mut whole = whole.map(|(_, place)| *place).peekable();
        for &(needed, place) in &self.loose {
            if needed & !sought.parts != 0 {
                continue;
            }
            while let Some(before) = whole.next_if(|before| *before < place) {
                if let found @ Some(_) = ask(before) {
                    return found;
                }
            }
            if let found @ Some(_) = ask(place) {
                return found;
            }
        }
        whole.find_map(ask)
    }
}

fn add(rule: &Rule, place: u32, whole: &mut Vec<(u64, u32)>, loose: &mut Vec<(Parts, u32)>) {
    match rule {
        Rule::Equals(text) => whole.push((hash(text), place)),
        Rule::Or(rules) => rules.iter().for_each(|rule| add(rule, place, whole, loose)),
        rule => loose.push((needed(rule), place)),
    }
}

/// What every name that passes has for sure.
fn needed(rule: &Rule) -> Parts {
    match rule {
        Rule::Equals(text)
        | Rule::StartsWith(text)
        | Rule::EndsWith(text)
        | Rule::Contains(text) => parts(text),
        Rule::Regex(Pattern { prefixes, .. }) => {
            prefixes.iter().map(|text| parts(text)).reduce(|all, one| all & one).unwrap_or(0)
        }
        Rule::Or(rules) => rules.iter().map(needed).fold(Parts::MAX, |all, one| all & one),
        Rule::And(rules) => rules.iter().map(needed).fold(0, |all, one| all | one),
        Rule::Not(_) => 0,
    }
}

fn parts(text: &str) -> Parts {
    text.as_bytes().windows(3).fold(0, |all, part| {
        let part = u32::from(part[0]) | u32::from(part[1]) << 8 | u32::from(part[2]) << 16;
        all | 1 << (part.wrapping_mul(0x9E37_79B1) >> 26)
    })
}

/// A number that is the same for the same text, and seldom for others.
fn hash(text: &str) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut chunks = text.as_bytes().chunks_exact(8);
    let mut sum = (text.len() as u64).wrapping_mul(FACTOR);
    let mut take = |chunk: u64| sum = (sum.rotate_left(29) ^ chunk).wrapping_mul(FACTOR);
    for chunk in &mut chunks {
        take(chunk.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    }
    take(chunks.remainder().iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    sum ^ sum >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Catalog;

    /// The first rule that matches is found for every name of every list, and for names like them.
    #[test]
    fn the_index_finds_what_trying_each_finds() {
        let catalog = Catalog::builtin();
        let ids: Vec<String> = catalog
            .providers()
            .iter()
            .flat_map(|provider| catalog.models(provider.id()).unwrap())
            .map(|model| model.id().to_lowercase())
            .collect();
        for provider in catalog.providers() {
            let models = catalog.models(provider.id()).unwrap();
            let index = Index::of(models.iter().map(|model| &model.rule).enumerate());
            let other = ["-20251001", "-2025-10-01", "@20251001", "-v1:0", "-tts", ""];
            for (at, id) in ids.iter().enumerate() {
                for name in [id.clone(), format!("{id}{}", other[at % 6]), format!("us.{id}")] {
                    let each = models.iter().position(|model| model.rule.is_match(&name));
                    let ask = |place: usize| models[place].rule.is_match(&name).then_some(place);
                    assert_eq!(index.first(&Sought::new(&name), ask), each, "{name}");
                }
            }
        }
    }

    #[test]
    fn places_are_asked_for_once_and_in_order() {
        let rules = [
            r#"{"or":[{"starts_with":"ab"},{"equals":"abc"},{"contains":"abc"}]}"#,
            r#"{"equals":"abc"}"#,
            r#"{"not":{"equals":"x"}}"#,
            r#"{"contains":"xyz"}"#,
            r#"{"or":[]}"#,
            r#"{"and":[{"starts_with":"a"},{"or":[{"ends_with":"bc"},{"equals":"abcabc"}]}]}"#,
        ];
        let rules: Vec<Rule> = rules.iter().map(|r| serde_json::from_str(r).unwrap()).collect();
        let index = Index::of(rules.iter().enumerate());
        let mut asked = Vec::new();
        let none: Option<()> = index.first(&Sought::new("abc"), |place| {
            asked.push(place);
            None
        });
        assert_eq!((none, &*asked), (None, &[0, 1, 2, 5][..]));
    }
}
