//! Time zones by their IANA names.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::zone;

use super::nearest::nearest;

/// The zone of an IANA name, or an error that says which was probably meant.
///
/// ```
/// use octorato::config::zones;
///
/// assert!(zones::find("Europe/Rome").is_ok());
/// let error = zones::find("America/Mexico").unwrap_err();
/// assert_eq!(error.hint(), Some("did you mean `America/Mexico_City`?"));
/// ```
pub fn find(name: &str) -> Result<TimeZone> {
    zone::find(name).map_err(|_| {
        Error::new(ErrorKind::InvalidArgument, format!("unknown time zone: `{name}`"))
            .hinted(hint(name))
    })
}

/// What to write instead of a name that no zone has.
pub(super) fn hint(name: &str) -> String {
    match meant(name) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "write an IANA name such as `Europe/Rome` or `UTC`".to_owned(),
    }
}

/// The zone whose name or city begins so, else the one that is spelt nearly so.
fn meant(name: &str) -> Option<String> {
    let names: Vec<String> =
        TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect();
    let city = |name: &str| name.rsplit('/').next().unwrap_or(name).replace('_', " ");
    let wanted = name.to_lowercase().replace(' ', "_");
    if wanted.is_empty() {
        return None;
    }
    let begins = |text: &str| text.to_lowercase().replace(' ', "_").starts_with(&wanted);
    let by_beginning = names.iter().find(|name| begins(name));
    // `Mexico/General` and the like are old names; a zone of a continent is meant.
    let by_city = || names.iter().find(|name| name.contains('/') && begins(&city(name)));
    let by_spelling = || {
        let near = nearest(name, names.iter().map(String::as_str))?;
        names.iter().find(|name| *name == near)
    };
    let by_city_spelling = || {
        let cities: Vec<String> = names.iter().map(|name| city(name)).collect();
        let near = nearest(&city(name), cities.iter().map(String::as_str))?;
        names.iter().find(|name| city(name) == near)
    };
    let found = by_beginning.filter(|_| wanted.contains('/')).or_else(by_city);
    found.or_else(by_spelling).or_else(by_city_spelling).cloned()
}

/// The IANA name of this machine's zone, where it is known.
pub(super) fn of_machine() -> Option<String> {
    TimeZone::try_system().ok()?.iana_name().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_that_was_meant_is_found_by_beginning_city_or_spelling() {
        for (name, zone) in [
            ("America/Mexico", "America/Mexico_City"),
            ("Mexico City", "America/Mexico_City"),
            ("Europe/Rmoe", "Europe/Rome"),
            ("europe/rome ", "Europe/Rome"),
            ("Zurich", "Europe/Zurich"),
        ] {
            assert_eq!(meant(name).as_deref(), Some(zone), "{name}");
        }
        assert_eq!(meant(""), None);
        assert_eq!(meant("nowhere at all"), None);
    }
}
