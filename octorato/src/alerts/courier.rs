//! Brings a document to a sink: a program or an address.

use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::budget::{Sink, Target};

use super::{command, webhook};

/// The pause before the first try after a failed one; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Why a sink did not take a document.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub(super) error: Error,
    /// Whether another try soon can end otherwise.
    pub(super) is_passing: bool,
}

impl Failure {
    /// One that another try may not meet.
    pub(super) fn passing(message: impl Into<String>) -> Self {
        Self { error: Error::new(ErrorKind::Unavailable, message), is_passing: true }
    }

    /// One that another try meets again.
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        Self { error: Error::new(ErrorKind::Refused, message), is_passing: false }
    }

    pub(super) fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.error = self.error.caused_by(source);
        self
    }
}

/// What a courier carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel<'p> {
    /// The same for every try, so that a receiver can tell a second copy.
    pub(super) id: &'p str,
    /// JSON on one line, with its end.
    pub(super) body: &'p [u8],
}

/// Brings a parcel to a sink, once and again as often as the sink says. `pause` waits between two
/// tries.
pub(super) fn bring(sink: &Sink, parcel: Parcel<'_>, pause: &dyn Fn(Duration)) -> Result<()> {
    let timeout = Duration::from_secs(sink.timeout_seconds().into());
    let once = || match sink.target() {
        Target::Command(words) => command::run(words, parcel.body, timeout),
        Target::Webhook(url) => webhook::post(url, parcel, timeout),
    };
    let mut wait = FIRST_PAUSE;
    let mut left = sink.retries();
    loop {
        match once() {
            Ok(()) => return Ok(()),
            Err(failure) if failure.is_passing && left > 0 => {
                left -= 1;
                pause(wait);
                wait = (wait * 2).min(LONGEST_PAUSE);
            }
            Err(failure) => return Err(failure.error.with("sink", sink)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use super::*;

    /// A server that gives these answers, one to each request, and then tells what it was sent.
    fn server(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let told = std::thread::spawn(move || {
            let mut requests = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    reader.read_line(&mut head).unwrap();
                }
                let head = head.to_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                requests.push(format!("{head}{}", String::from_utf8(body).unwrap()));
                let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
            }
            requests
        });
        (url, told)
    }

    const PARCEL: Parcel<'_> = Parcel { id: "b-7", body: b"{\"tier\":1}\n" };

    fn bring_noting(sink: &Sink) -> (Result<()>, Vec<u128>) {
        let pauses = RefCell::new(Vec::new());
        let result = bring(sink, PARCEL, &|pause| pauses.borrow_mut().push(pause.as_millis()));
        (result, pauses.into_inner())
    }

    #[test]
    fn a_webhook_is_tried_again_with_longer_pauses_and_the_same_id() {
        let (url, told) = server(&["503 Busy", "429 Slow Down", "204 No Content"]);
        let sink = Sink::webhook(&url).unwrap();
        let (result, pauses) = bring_noting(&sink);
        result.unwrap();
        assert_eq!(pauses, [250, 500]);
        let requests = told.join().unwrap();
        assert_eq!(requests.len(), 3);
        for request in &requests {
            assert!(request.starts_with("post /hook http/1.1\r\n"), "{request}");
            assert!(request.contains("content-type: application/json\r\n"), "{request}");
            assert!(request.contains("idempotency-key: b-7\r\n"), "{request}");
            assert!(request.ends_with("\r\n\r\n{\"tier\":1}\n"), "{request}");
        }
    }

    #[test]
    fn what_is_refused_is_not_tried_again_at_once() {
        for answer in [&["404 Not Found"], &["302 Found\r\nlocation: http://192.0.2.1/"]] {
            let (url, told) = server(answer);
            let (result, pauses) = bring_noting(&Sink::webhook(&url).unwrap());
            let error = result.unwrap_err();
            assert!(error.to_string().starts_with("the webhook answered"), "{error}");
            assert!(!format!("{error:?}").contains("/hook"), "an address may be a secret");
            assert_eq!((pauses.len(), told.join().unwrap().len()), (0, 1));
        }
    }

    #[test]
    fn nobody_there_is_tried_as_often_as_the_sink_says() {
        let url = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}/hook?token=secret", listener.local_addr().unwrap())
        };
        let sink = Sink::webhook(&url).unwrap().with_retries(6).unwrap();
        let (result, pauses) = bring_noting(&sink);
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), "the webhook cannot be reached, sink: `webhook 127.0.0.1`");
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 4000]);
    }
}
