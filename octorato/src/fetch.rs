//! The one file that asks the network, and only when it is told to.

use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::price::import::MAX_BYTES;
use ureq::Agent;
use ureq::http::Uri;

/// How long the whole answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The text at an address: HTTPS, or plain HTTP on this machine. Proxies are taken from the
/// environment (`HTTPS_PROXY`, `NO_PROXY`), never for this machine. Nothing is sent but the request for it.
pub(crate) fn text(url: &str) -> Result<String> {
    let shown = without_user(url);
    let refused = |why: &str| {
        Error::new(ErrorKind::InvalidArgument, format!("{why}: `{shown}`")).hinted(
            "give an address that begins with `https://`; for a file, `octorato prices import`",
        )
    };
    let uri: Uri = url.parse().map_err(|error| refused("not an address").caused_by(error))?;
    let is_local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_local => {}
        Some("http") => {
            return Err(refused("prices are not taken over a line that anybody can change"));
        }
        _ => return Err(refused("not an address")),
    }
    let mut settings = Agent::config_builder();
    if is_local {
        settings = settings.proxy(None);
    }
    let agent: Agent = settings
        .timeout_global(Some(PATIENCE))
        .max_redirects(if is_local { 0 } else { 5 })
        .https_only(!is_local)
        .user_agent(concat!("octorato/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let failed = |error: ureq::Error| {
        Error::new(ErrorKind::Io, format!("cannot fetch: `{shown}`"))
            .hinted("nothing was changed; a file that was fetched otherwise can be imported")
            .caused_by(error)
    };
    let mut answer = agent.get(url).call().map_err(failed)?;
    if !answer.status().is_success() {
        let why = format!("the answer is {}: `{shown}`", answer.status());
        return Err(Error::new(ErrorKind::Io, why).hinted("nothing was changed"));
    }
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let bytes = answer.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorKind::Data, format!("the answer is not UTF-8: `{shown}`")).caused_by(error)
    })
}

/// An address as it may be shown: without the name and the password of a user.
fn without_user(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#', '\\']).map_or(url.len(), |at| start + at);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}{}", &url[..start], &url[start + at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// The address of a server that gives one answer, then ends.
    fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        format!("http://{address}/prices.json")
    }

    #[test]
    fn an_answer_is_taken_whole_or_not_at_all() {
        let whole = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
        assert_eq!(text(&whole).unwrap(), "[]");
        let cut = server("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n[]");
        assert_eq!(text(&cut).unwrap_err().kind(), ErrorKind::Io);
        let missing = server("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n[]");
        assert_eq!(text(&missing).unwrap_err().kind(), ErrorKind::Io);
        let moved = server(
            "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n",
        );
        assert_eq!(text(&moved).unwrap_err().kind(), ErrorKind::Io);
    }

    #[test]
    fn a_password_is_not_shown() {
        for (url, shown) in [
            ("https://me:secret@example.com/p.json", "https://example.com/p.json"),
            ("https://a@b:c@example.com?x=@", "https://example.com?x=@"),
            ("https://example.com/@me", "https://example.com/@me"),
            ("me:secret@example.com", "example.com"),
            ("", ""),
        ] {
            assert_eq!(without_user(url), shown);
        }
        let error = text("http://me:secret@example.com/").unwrap_err();
        assert!(!format!("{error} {:?}", error.hint()).contains("secret"), "{error}");
    }

    #[test]
    fn what_is_no_secure_address_is_refused() {
        for url in [
            "prices.json",
            "ftp://a/b",
            "http://example.com/p.json",
            "http://127.0.0.1.example.com/",
            "",
        ] {
            assert_eq!(text(url).unwrap_err().kind(), ErrorKind::InvalidArgument, "{url}");
        }
    }
}
