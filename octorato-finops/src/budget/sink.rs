//! Whom a tier tells.

use std::fmt;

use octorato_core::{Error, ErrorKind, Result};

/// Where an alert goes, how long it may take and how often it is tried again.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sink {
    target: Target,
    timeout_seconds: u32,
    retries: u32,
}

/// A program or an address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A program and its arguments, run without a shell; the alert is on its standard input.
    Command(Vec<String>),
    /// A URL to which the alert is posted.
    Webhook(String),
}

impl Sink {
    /// The time-out where none is given.
    pub const TIMEOUT_SECONDS: u32 = 5;
    /// The longest time-out.
    pub const MOST_SECONDS: u32 = 60;
    /// How often it is tried again where nothing is said.
    pub const RETRIES: u32 = 3;
    /// The most retries.
    pub const MOST_RETRIES: u32 = 10;

    /// A program and its arguments; the program must be named.
    pub fn command(words: Vec<String>) -> Result<Self> {
        if words.first().is_none_or(|program| program.trim().is_empty()) {
            return Err(Error::new(ErrorKind::InvalidArgument, "a command without a program")
                .hinted("write the program and its arguments, such as `[notify-send, octorato]`"));
        }
        Ok(Self::to(Target::Command(words)))
    }

    /// An address of `https`, or of `http` on this machine.
    ///
    /// ```
    /// use octorato_finops::budget::Sink;
    ///
    /// let sink = Sink::webhook("https://hooks.example.com/T0/secret")?;
    /// assert_eq!(sink.to_string(), "webhook hooks.example.com"); // the rest may be a password
    /// assert!(Sink::webhook("http://hooks.example.com/x").is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn webhook(url: &str) -> Result<Self> {
        let refuse = || {
            Error::new(ErrorKind::InvalidArgument, "not an address for a webhook")
                .hinted("write a whole `https://…` URL; `http://` only for this machine")
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(refuse)?;
        let host = host(rest);
        let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_safe = scheme == "https" || scheme == "http" && is_local;
        let is_clean = !url.contains(|c: char| c.is_whitespace() || c.is_control());
        if host.is_empty() || !is_safe || !is_clean {
            return Err(refuse());
        }
        Ok(Self::to(Target::Webhook(url.to_owned())))
    }

    fn to(target: Target) -> Self {
        Self { target, timeout_seconds: Self::TIMEOUT_SECONDS, retries: Self::RETRIES }
    }

    /// The same with another time-out, from 1 second to [`Self::MOST_SECONDS`].
    pub fn with_timeout(mut self, seconds: u64) -> Result<Self> {
        let fitting = u32::try_from(seconds).ok().filter(|s| (1..=Self::MOST_SECONDS).contains(s));
        self.timeout_seconds = fitting.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("not a time-out: `{seconds}` seconds"))
                .hinted(format!("write seconds from 1 to {}", Self::MOST_SECONDS))
        })?;
        Ok(self)
    }

    /// The same with another number of retries, at most [`Self::MOST_RETRIES`].
    pub fn with_retries(mut self, retries: u64) -> Result<Self> {
        let fitting = u32::try_from(retries).ok().filter(|count| *count <= Self::MOST_RETRIES);
        self.retries = fitting.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("too many retries: `{retries}`"))
                .hinted(format!("write a number from 0 to {}", Self::MOST_RETRIES))
        })?;
        Ok(self)
    }

    /// The program or the address.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How long one try may take.
    pub fn timeout_seconds(&self) -> u32 {
        self.timeout_seconds
    }

    /// How often it is tried again.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    pub(super) fn canonical(&self) -> String {
        let target = match &self.target {
            Target::Command(words) => format!("command {words:?}"),
            Target::Webhook(url) => format!("webhook {url:?}"),
        };
        format!("{target} {} {}", self.timeout_seconds, self.retries)
    }
}

/// The host of what follows `://`; a user and a password before it are not its.
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.find(']') {
        Some(end) if host.starts_with('[') => &host[..=end],
        _ => host.split(':').next().unwrap_or_default(),
    }
}

/// `command notify-send`, `webhook hooks.example.com`: without what may be secret.
impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Command(words) => {
                write!(f, "command {}", words.first().map_or("", String::as_str))
            }
            Target::Webhook(url) => {
                let rest = url.split_once("://").map_or(&**url, |(_, rest)| rest);
                write!(f, "webhook {}", host(rest))
            }
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({} s, {} retries)", self.timeout_seconds, self.retries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_nobody_can_listen_to_is_taken() {
        for url in [
            "https://a.example/x",
            "http://localhost:8080/",
            "http://127.0.0.1",
            "http://[::1]:9/x",
        ] {
            assert!(Sink::webhook(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "a.example",
            "https://",
            "https:///x",
            "http://a.example",
            "ftp://a.example",
            "http://localhost@a.example/",
            "http://localhost.a.example",
            "https://a.example/ x",
        ] {
            assert!(Sink::webhook(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_may_be_secret_is_never_shown() {
        let sink = Sink::webhook("https://user:pass@a.example:8443/token?key=1").unwrap();
        assert_eq!(
            format!("{sink} {sink:?}"),
            "webhook a.example webhook a.example (5 s, 3 retries)"
        );
        let sink = Sink::command(vec!["curl".into(), "token".into()]).unwrap();
        assert_eq!(sink.to_string(), "command curl");
    }

    #[test]
    fn tries_are_bounded() {
        let sink = || Sink::command(vec!["true".into()]).unwrap();
        assert!(sink().with_timeout(0).is_err() && sink().with_timeout(61).is_err());
        assert!(sink().with_retries(11).is_err());
        let sink = sink().with_timeout(60).unwrap().with_retries(0).unwrap();
        assert_eq!((sink.timeout_seconds(), sink.retries()), (60, 0));
    }
}
