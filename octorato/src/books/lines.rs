//! A line of `octorato ledger apply -`: one operation as JSON.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{
    ArmId, Arms, ClientId, Currency, Error, ErrorKind, ModelId, Money, ProviderId, RequestId,
    ReservationId, Result, SessionId,
};
use octorato_finops::ledger::{
    Append, Ask, Correct, Expire, Extend, Operation, Reference, Release, RequestKey, Reserve,
    Resolve, Settle, SourceKey, SpendPath, fresh_decision, fresh_reservation,
};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// How long a call may stay open where a line does not say.
const PATIENCE_SECONDS: u32 = 900;

/// What a line asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// An operation, which takes effect.
    Commit(Operation),
    /// What a reserve would be answered.
    Check(Ask),
    /// How it stands with a call.
    Call(ReservationId),
    /// How it stands with every budget.
    Standings,
}

/// A line, as far as it could be read.
#[derive(Debug)]
pub(super) struct Line {
    /// Comes back with the answer; any JSON.
    pub(super) reference: Option<Value>,
    /// The operation's name, where there is one.
    pub(super) op: Option<String>,
    /// What is asked, or what is wrong with the line.
    pub(super) asked: Result<Asked>,
}

impl Line {
    /// Reads a line. `arms` say whose arm it is, `now` dates the ids that the line leaves out.
    pub(super) fn read(text: &str, arms: &Arms, now: Timestamp) -> Self {
        let head: Head = match parsed(text) {
            Ok(head) => head,
            Err(error) => return Self { reference: None, op: None, asked: Err(error) },
        };
        let asked = asked(&head.op, text, &Context { arms, now });
        Self { reference: head.reference, op: Some(head.op), asked }
    }
}

struct Context<'a> {
    arms: &'a Arms,
    now: Timestamp,
}

#[derive(Deserialize)]
struct Head {
    op: String,
    #[serde(rename = "ref")]
    reference: Option<Value>,
}

/// The names of all operations.
pub(super) const OPERATIONS: &[&str] = &[
    "reserve",
    "extend",
    "settle",
    "release",
    "expire",
    "resolve",
    "correct",
    "append",
    "check",
    "call",
    "standings",
];

fn asked(op: &str, text: &str, context: &Context<'_>) -> Result<Asked> {
    Ok(match op {
        "reserve" => Asked::Commit(Operation::Reserve(reserve(parsed(text)?, context)?)),
        "extend" => Asked::Commit(Operation::Extend(extend(&parsed(text)?)?)),
        "settle" => Asked::Commit(Operation::Settle(settle(parsed(text)?)?)),
        "release" => Asked::Commit(Operation::Release(release(&parsed(text)?)?)),
        "expire" => Asked::Commit(Operation::Expire(expire(parsed(text)?)?)),
        "resolve" => Asked::Commit(Operation::Resolve(resolve(&parsed(text)?)?)),
        "correct" => Asked::Commit(Operation::Correct(correct(parsed(text)?, context)?)),
        "append" => Asked::Commit(Operation::Append(append(parsed(text)?, context)?)),
        "check" => Asked::Check(check(parsed(text)?, context)?),
        "call" => {
            let line: OfCall = parsed(text)?;
            Asked::Call(id(&line.id)?)
        }
        "standings" => {
            let _: Plain = parsed(text)?;
            Asked::Standings
        }
        _ => {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("no such `op`: `{op}`"))
                .hinted(format!("one of {}", OPERATIONS.join(", "))));
        }
    })
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, format!("not an operation: {error}"))
            .hinted("`octorato schema ledger_operation` describes the lines")
    })
}

/// A path as a line has it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathLine {
    client: Option<ClientId>,
    arm: Option<ArmId>,
    project: Option<Arc<str>>,
    agent: Option<Arc<str>>,
    session: Option<SessionId>,
    run: Option<Arc<str>>,
    skill: Option<Arc<str>>,
    model: Option<ModelId>,
    priced_as: Option<ModelId>,
    #[serde(default)]
    tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl PathLine {
    /// The path; the client of an arm is that of `arms.yaml`, so that no line can charge another.
    fn path(self, arms: &Arms) -> Result<Arc<SpendPath>> {
        let client = match &self.arm {
            None => self.client,
            Some(id) => {
                let arm = arms.arm(id).ok_or_else(|| {
                    Error::new(ErrorKind::NotFound, format!("no such arm: `{id}`"))
                        .hinted("`octorato arm list` shows all arms")
                })?;
                if let Some(client) = self.client.filter(|client| *client != arm.client) {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        format!("the arm is another client's: `{id}`"),
                    )
                    .with("client", client)
                    .hinted("leave the client out"));
                }
                Some(arm.client.clone())
            }
        };
        Ok(Arc::new(SpendPath {
            client,
            arm: self.arm,
            project: self.project,
            agent: self.agent,
            session: self.session,
            run: self.run,
            skill: self.skill,
            model: self.model,
            priced_as: self.priced_as,
            tags: self.tags,
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLine {
    provider: ProviderId,
    id: RequestId,
}

impl KeyLine {
    fn key(self) -> RequestKey {
        RequestKey { provider: self.provider, request: self.id }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceLine {
    reader: Arc<str>,
    key: Arc<str>,
}

impl SourceLine {
    fn key(self) -> SourceKey {
        SourceKey { reader: self.reader, key: self.key }
    }
}

/// The line of an operation: its keys beside `op` and `ref`, which were read before.
macro_rules! line {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            #[serde(rename = "op")]
            _op: IgnoredAny,
            #[serde(rename = "ref")]
            _reference: Option<IgnoredAny>,
            $($field: $type,)*
        }
    };
}

line!(Plain {});
line!(OfCall { id: String });
line!(OfReserve {
    id: Option<String>,
    path: Option<PathLine>,
    usd: String,
    max_output_tokens: Option<u64>,
    patience_seconds: Option<u32>,
});
line!(OfExtend {
    id: String,
    usd: String,
    max_output_tokens: Option<u64>,
    patience_seconds: Option<u32>,
});
line!(OfSettle { id: String, usd: String, estimate: Option<bool>, request: Option<KeyLine> });
line!(OfRelease { id: String, reason: Option<String> });
line!(OfExpire {
    id: Option<String>,
    seen_usd: Option<String>,
    request: Option<KeyLine>,
    reason: Option<String>,
});
line!(OfResolve { id: String, usd: String, reason: String });
line!(OfCorrect {
    id: Option<String>,
    call: Option<String>,
    source: Option<SourceLine>,
    usd: String,
    reason: String,
});
line!(OfAppend {
    source: SourceLine,
    at: Timestamp,
    path: Option<PathLine>,
    usd: Option<String>,
    size: u64,
    request: Option<KeyLine>,
});
line!(OfCheck { path: Option<PathLine>, usd: String, max_output_tokens: Option<u64> });

fn id<T: FromStr<Err = Error>>(text: &str) -> Result<T> {
    text.parse()
}

fn usd(text: &str) -> Result<Money> {
    Money::parse(text, Currency::USD)
}

fn patience(seconds: Option<u32>) -> SignedDuration {
    SignedDuration::from_secs(seconds.unwrap_or(PATIENCE_SECONDS).into())
}

fn reserve(line: OfReserve, context: &Context<'_>) -> Result<Reserve> {
    Ok(Reserve {
        id: match &line.id {
            Some(text) => id(text)?,
            None => fresh_reservation(context.now)?,
        },
        path: line.path.unwrap_or_default().path(context.arms)?,
        amount: usd(&line.usd)?,
        max_output_tokens: line.max_output_tokens.unwrap_or(0),
        patience: patience(line.patience_seconds),
        holder: None,
    })
}

fn extend(line: &OfExtend) -> Result<Extend> {
    Ok(Extend {
        id: id(&line.id)?,
        amount: usd(&line.usd)?,
        max_output_tokens: line.max_output_tokens.unwrap_or(0),
        patience: patience(line.patience_seconds),
    })
}

fn settle(line: OfSettle) -> Result<Settle> {
    Ok(Settle {
        id: id(&line.id)?,
        amount: usd(&line.usd)?,
        is_estimate: line.estimate.unwrap_or(false),
        request: line.request.map(KeyLine::key),
        metered: None,
    })
}

fn release(line: &OfRelease) -> Result<Release> {
    let reason = line.reason.as_deref().unwrap_or("not sent").into();
    Ok(Release { id: id(&line.id)?, reason })
}

fn expire(line: OfExpire) -> Result<Expire> {
    let Some(text) = &line.id else {
        if line.seen_usd.is_some() || line.request.is_some() || line.reason.is_some() {
            return Err(Error::new(ErrorKind::InvalidArgument, "an expiry of no call").hinted(
                "name the call with `id`, or leave the rest out for all that are overdue",
            ));
        }
        return Ok(Expire::Overdue);
    };
    Ok(Expire::Call {
        id: id(text)?,
        seen: usd(line.seen_usd.as_deref().unwrap_or("0"))?,
        request: line.request.map(KeyLine::key),
        reason: line.reason.as_deref().unwrap_or("its outcome is not known").into(),
    })
}

fn resolve(line: &OfResolve) -> Result<Resolve> {
    Ok(Resolve { id: id(&line.id)?, amount: usd(&line.usd)?, reason: line.reason.as_str().into() })
}

fn correct(line: OfCorrect, context: &Context<'_>) -> Result<Correct> {
    let of = match (&line.call, line.source) {
        (Some(call), None) => Reference::Call(id(call)?),
        (None, Some(source)) => Reference::Source(source.key()),
        _ => {
            return Err(Error::new(ErrorKind::InvalidArgument, "a correction of no one thing")
                .hinted("give one of `call` and `source`"));
        }
    };
    Ok(Correct {
        id: match &line.id {
            Some(text) => id(text)?,
            None => fresh_decision(context.now)?,
        },
        of,
        delta: usd(&line.usd)?,
        reason: line.reason.into(),
    })
}

fn append(line: OfAppend, context: &Context<'_>) -> Result<Append> {
    Ok(Append {
        source: line.source.key(),
        at: line.at,
        path: line.path.unwrap_or_default().path(context.arms)?,
        amount: line.usd.as_deref().map(usd).transpose()?,
        size: line.size.into(),
        request: line.request.map(KeyLine::key),
        metered: None,
        origin: None,
    })
}

fn check(line: OfCheck, context: &Context<'_>) -> Result<Ask> {
    Ok(Ask {
        path: line.path.unwrap_or_default().path(context.arms)?,
        amount: usd(&line.usd)?,
        max_output_tokens: line.max_output_tokens.unwrap_or(0),
    })
}
