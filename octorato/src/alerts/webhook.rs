//! A sink that is an address: the alert is posted to it.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{StatusCode, Uri};

use super::courier::{Failure, Parcel};

/// Posts JSON to an address: HTTPS, or plain HTTP on this machine. It was taken if the answer is a
/// success (2xx) within `timeout`; a redirect is not followed, since the address may be a secret.
///
/// The header `Idempotency-Key` is the alert's id, the same for every try.
pub(super) fn post(url: &str, parcel: Parcel<'_>, timeout: Duration) -> Result<(), Failure> {
    let uri: Uri = url.parse().map_err(|_| Failure::lasting("not an address for a webhook"))?;
    let is_local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let mut settings = Agent::config_builder();
    if is_local {
        settings = settings.proxy(None);
    }
    let agent: Agent = settings
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .https_only(!is_local)
        .user_agent(concat!("octorato/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let request = agent
        .post(url)
        .header("content-type", "application/json")
        .header("idempotency-key", parcel.id);
    // The error may name the address, which may be a secret: only its kind is kept.
    let answer = request.send(parcel.body).map_err(|error| Failure::passing(reason(&error)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let message = format!("the webhook answered {status}");
    if is_passing(status) { Err(Failure::passing(message)) } else { Err(Failure::lasting(message)) }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

fn reason(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "the webhook did not answer in time",
        ureq::Error::HostNotFound => "the webhook's host is not known",
        ureq::Error::Tls(_) => "the webhook's certificate was not accepted",
        _ => "the webhook cannot be reached",
    }
}
