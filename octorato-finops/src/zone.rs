//! Time zones by their IANA names, found without looking at all of them.

use jiff::tz::TimeZone;

/// Where Linux keeps its zones.
const FOLDER: &str = "/usr/share/zoneinfo";
/// The largest file of a zone; those of today have less than 4 KiB.
const LARGEST: u64 = 256 << 10;

/// The zone of an IANA name, the same as [`TimeZone::get`] finds.
///
/// That lists the system's whole database first, some twenty folders, which a short-lived process
/// need not do: the one file is read. Where there is none of exactly this name, it is asked.
///
/// ```
/// use jiff::tz::TimeZone;
/// use octorato_finops::zone;
///
/// assert_eq!(zone::find("UTC")?, TimeZone::UTC);
/// assert_eq!(zone::find("Europe/Rome")?, TimeZone::get("Europe/Rome")?);
/// assert!(zone::find("../etc/passwd").is_err());
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn find(name: &str) -> Result<TimeZone, jiff::Error> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    let is_usual = cfg!(target_os = "linux") && std::env::var_os("TZDIR").is_none();
    let found = if is_usual { of_file(name) } else { None };
    found.map_or_else(|| TimeZone::get(name), Ok)
}

fn of_file(name: &str) -> Option<TimeZone> {
    let is_plain = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_uppercase())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
    };
    if !name.split('/').all(is_plain) {
        return None;
    }
    let bytes = crate::small_file::bytes(&std::path::Path::new(FOLDER).join(name), LARGEST).ok()?;
    TimeZone::tzif(name, &bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_file_says_what_the_whole_database_does() {
        for name in ["UTC", "Europe/Rome", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Zulu"] {
            let (found, whole) = (find(name).unwrap(), TimeZone::get(name).unwrap());
            assert_eq!(found, whole, "{name}");
            assert_eq!(found.iana_name(), whole.iana_name());
        }
        // Letters of any case are found by the database.
        assert_eq!(find("europe/rome").unwrap().iana_name(), Some("Europe/Rome"));
    }

    #[test]
    fn what_is_no_name_reads_no_file() {
        for name in ["", "/", "Europe/", "../Europe/Rome", "Europe/../Europe/Rome", "tzdata.zi"] {
            assert!(of_file(name).is_none(), "{name}");
        }
        assert!(find("Nowhere/At_All").is_err());
    }
}
