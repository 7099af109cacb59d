//! Files that are made of others and committed: `cargo xtask generate [--check]`.

mod extractors;
mod limits;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use octorato_finops::price::Catalog;
use octorato_finops::price::import::{
    Format, Imported, Normalised, Origin, import, with_limits, with_supplement,
};

const PRICES: &str = "octorato-finops/data/prices.jsonl";
const NORMALISED: &str = "octorato-finops/data/prices-normalised.md";
const LIMITS: &str = "octorato-finops/data/limits.json";
const EXTRACTORS: &str = "octorato-finops/data/extractors.json";
const SUPPLEMENT: &str = "octorato-finops/data/supplement.json";

/// What `cargo xtask generate` was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Compare with what is committed instead of writing.
    check: bool,
    /// A new source of prices.
    prices: Option<NewPrices>,
    /// A new source of token limits.
    limits: Option<PathBuf>,
}

/// Where new prices come from.
#[derive(Debug, PartialEq, Eq)]
struct NewPrices {
    from: PathBuf,
    date: String,
    version: String,
}

impl NewPrices {
    /// Reads the source; what is not understood of it is for a person to look at first.
    fn import(&self) -> Result<Imported> {
        let made = self.date.parse().with_context(|| format!("not a date: `{}`", self.date))?;
        let origin = Origin { version: self.version.clone(), made };
        let imported = import(&read(&self.from)?, Some(Format::GenaiPrices), &origin)?;
        ensure!(imported.unknown.is_empty(), "not understood: {:?}", imported.unknown);
        ensure!(imported.skipped.is_empty(), "not usable: {:?}", imported.skipped);
        Ok(imported)
    }
}

impl Options {
    /// `generate --check`.
    pub(crate) fn check() -> Self {
        Self { check: true, ..Self::default() }
    }

    /// Reads the arguments after `generate`.
    pub(crate) fn parse(args: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter().copied();
        let (mut prices, mut limits, mut from) = (false, false, None);
        let (mut date, mut version) = ("2026-11-23".to_owned(), "0.2.1".to_owned());
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("`{arg}` needs a value"));
            match arg {
                "--check" => options.check = true,
                "prices" if !limits => prices = true,
                "limits" if !prices => limits = true,
                "--from" if prices || limits => from = Some(PathBuf::from(value()?)),
                "--date" if prices => value()?.clone_into(&mut date),
                "--version" if prices => value()?.clone_into(&mut version),
                _ => bail!("no such argument of generate: `{arg}`"),
            }
        }
        if prices {
            let from = from.context("`generate prices` needs `--from PATH`")?;
            options.prices = Some(NewPrices { from, date, version });
        } else if limits {
            options.limits = Some(from.context("`generate limits` needs `--from PATH`")?);
        }
        Ok(options)
    }
}

/// Makes every generated file of the workspace at `root`.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let mut files = Vec::new();
    let prices = if let Some(new) = &options.prices {
        let imported =
            new.import().with_context(|| format!("cannot use `{}`", new.from.display()))?;
        files.push((NORMALISED, list_of_changes(&imported.normalised)));
        files.push((EXTRACTORS, extractors::convert(&read(&new.from)?, &new.version)?));
        imported.text
    } else {
        let text = extractors::rewrite(&read(&root.join(EXTRACTORS))?)
            .with_context(|| format!("cannot read `{EXTRACTORS}`"))?;
        files.push((EXTRACTORS, text));
        read(&root.join(PRICES))?
    };
    let text = with_supplement(&prices, &read(&root.join(SUPPLEMENT))?)
        .with_context(|| format!("cannot apply `{SUPPLEMENT}`"))?;
    let limits = match &options.limits {
        Some(from) => {
            let text = limits::convert(&read(from)?, &Catalog::parse(text.clone())?)
                .with_context(|| format!("cannot use `{}`", from.display()))?;
            files.push((LIMITS, text.clone()));
            text
        }
        None => read(&root.join(LIMITS))?,
    };
    let text = with_limits(&text, &limits).with_context(|| format!("cannot apply `{LIMITS}`"))?;
    let catalog = Catalog::parse(text.clone()).context("the snapshot would not be readable")?;
    if options.prices.is_none() {
        let listed = read(&root.join(NORMALISED))?.lines().filter(|l| l.starts_with("| `")).count();
        let normalised = catalog.normalised();
        ensure!(
            u32::try_from(listed) == Ok(normalised),
            "`{NORMALISED}` lists {listed} rates, `{PRICES}` has {normalised}"
        );
    }
    files.push((PRICES, text));
    let stale: Vec<_> = files
        .iter()
        .filter(|(path, text)| std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(text))
        .collect();
    if options.check {
        let stale: Vec<_> = stale.iter().map(|(path, _)| *path).collect();
        ensure!(
            stale.is_empty(),
            "not as generated: {}; run `cargo xtask generate`",
            stale.join(", ")
        );
        return Ok(());
    }
    for (path, text) in stale {
        std::fs::write(root.join(path), text).with_context(|| format!("cannot write `{path}`"))?;
        eprintln!("wrote {path}");
    }
    eprintln!("price snapshot {} of {}", catalog.snapshot(), catalog.made());
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The list of rates that are not as the source writes them.
fn list_of_changes(changes: &[Normalised]) -> String {
    use std::fmt::Write as _;

    let mut text = String::from(
        "# Rates that are not as their source writes them\n\n\
         The source was written by a program that computes with floats, so some rates carry the\n\
         noise of one. Such a rate became the shortest decimal of at most ten digits within two\n\
         units in the last place of the double that was written. All other rates are as written.\n\n\
         | provider | model | rate | written | taken as |\n|---|---|---|---|---|\n",
    );
    for Normalised { provider, model, key, written, taken } in changes {
        let _ = writeln!(text, "| `{provider}` | `{model}` | {key} | {written} | {taken} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_or_refused() {
        assert_eq!(Options::parse(&[]).unwrap(), Options::default());
        assert!(Options::parse(&["--check"]).unwrap().check);
        let new = Options::parse(&["prices", "--from", "a.json", "--date", "2027-01-02"]);
        let new = new.unwrap().prices.unwrap();
        assert_eq!((new.from, &*new.date, &*new.version), ("a.json".into(), "2027-01-02", "0.2.1"));
        let limits = Options::parse(&["limits", "--from", "a.json"]).unwrap();
        assert_eq!(limits.limits, Some("a.json".into()));
        for bad in
            [&["prices"][..], &["limits"], &["--from", "a"], &["prices", "--from"], &["--chek"]]
        {
            assert!(Options::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_committed_is_as_generated() {
        run(&crate::root(), &Options::check()).unwrap();
    }
}
