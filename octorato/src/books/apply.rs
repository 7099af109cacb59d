//! Operations as lines of JSON, in batches as large as what is waiting.

use std::io::{BufRead, Read as _, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use jiff::Timestamp;
use octorato_core::{Arms, Error, ErrorKind, ReservationId, Result};
use octorato_finops::ledger::{Expire, Ledger, Operation};
use serde_json::{Value, json};

use super::lines::{Asked, Line};
use super::replies::{self, add};

/// The most operations of one commit.
const BATCH: usize = 256;

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many were answered.
    pub lines: u64,
    /// How many of them were answered with an error.
    pub errors: u64,
    /// How many reserves and extends were not granted.
    pub denied: u64,
}

/// Reads operations, one a line, does them in their order, and writes one line for each once it is
/// durable. What waits is done in one commit, of at most 256 operations.
///
/// A line that is no operation, and one that the ledger refuses, is answered with an `error`; the
/// others go on. The store's own failure ends it: every line of the batch is answered with that
/// error, since the effect of none is known, and it is the error of this function.
pub fn apply(
    ledger: &dyn Ledger,
    arms: &Arms,
    mut input: impl BufRead + Send + 'static,
    output: &mut dyn Write,
) -> Result<Applied> {
    let (sender, receiver) = sync_channel(BATCH);
    // It ends with its input, or when nobody receives any more.
    std::thread::spawn(move || send_lines(&mut input, &sender));
    let mut applied = Applied::default();
    while let Some(batch) = next_batch(&receiver) {
        let now = Timestamp::now();
        let lines: Vec<Line> = batch
            .into_iter()
            .map(|line| match line {
                Ok(text) => Line::read(&text, arms, now),
                Err(error) => Line { reference: None, op: None, asked: Err(error) },
            })
            .collect();
        let (replies, failed) = answer_all(ledger, &lines);
        for reply in replies {
            applied.lines += 1;
            applied.errors += u64::from(reply.get("error").is_some());
            let decision = reply.get("decision").and_then(Value::as_str);
            applied.denied += u64::from(decision.is_some_and(|it| it != "granted"));
            writeln!(output, "{reply}").map_err(unwritten)?;
        }
        output.flush().map_err(unwritten)?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(applied)
}

fn unwritten(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "cannot write the answers").caused_by(error)
}

/// Waits for a line, then takes what is there; nothing at the end.
fn next_batch(receiver: &Receiver<Result<String>>) -> Option<Vec<Result<String>>> {
    let mut batch = vec![receiver.recv().ok()?];
    while batch.len() < BATCH {
        match receiver.try_recv() {
            Ok(line) => batch.push(line),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    Some(batch)
}

fn send_lines(input: &mut impl BufRead, sender: &SyncSender<Result<String>>) {
    loop {
        let line = match read_line(input) {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(error) => {
                let error = Error::new(ErrorKind::Io, "cannot read on").caused_by(error);
                let _ = sender.send(Err(error));
                return;
            }
        };
        let is_blank = line.as_ref().is_ok_and(|line| line.trim().is_empty());
        if !is_blank && sender.send(line).is_err() {
            return;
        }
    }
}

/// The next line, with an error in the place of one that is too long or no text; nothing at the end.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<Result<String>>> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    let refuse = |what: &str| Ok(Some(Err(Error::new(ErrorKind::InvalidArgument, what))));
    if !bytes.ends_with(b"\n") && bytes.len() as u64 == LONGEST_LINE {
        input.skip_until(b'\n')?;
        return refuse("a line of more than 1 MiB");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Ok(text))),
        Err(_) => refuse("a line that is not UTF-8"),
    }
}

/// The answers in the order of the lines, and the store's own failure where there was one.
fn answer_all(ledger: &dyn Ledger, lines: &[Line]) -> (Vec<Value>, Option<Error>) {
    let mut replies = Vec::with_capacity(lines.len());
    let mut failed: Option<Error> = None;
    let mut rest = lines;
    while let Some(first) = rest.first() {
        // What only asks sees what the lines before it did, so it ends a commit.
        let count = rest.iter().take_while(|line| operation(line).is_some()).count();
        let (now, later) = rest.split_at(count.max(1));
        rest = later;
        let answers = match (&failed, operation(first)) {
            (Some(error), _) => now.iter().map(|_| replies::error(error)).collect(),
            (None, Some(_)) => {
                let operations: Vec<Operation> = now.iter().filter_map(operation).collect();
                match ledger.commit(&operations) {
                    Ok(answers) => answers
                        .iter()
                        .map(|answer| answer.as_ref().map_or_else(replies::error, replies::answer))
                        .collect(),
                    Err(error) => {
                        let replies = now.iter().map(|_| replies::error(&error)).collect();
                        failed = Some(error);
                        replies
                    }
                }
            }
            (None, None) => vec![match question(ledger, first) {
                Ok(reply) => reply,
                Err(error) => replies::error(&error),
            }],
        };
        replies.extend(now.iter().zip(answers).map(|(line, reply)| whole(line, reply)));
    }
    (replies, failed)
}

/// The operation of a line that takes effect.
fn operation(line: &Line) -> Option<Operation> {
    match &line.asked {
        Ok(Asked::Commit(operation)) => Some(operation.clone()),
        _ => None,
    }
}

/// The answer to a line that has no effect.
fn question(ledger: &dyn Ledger, line: &Line) -> Result<Value> {
    let asked = match &line.asked {
        Ok(asked) => asked,
        Err(error) => return Ok(replies::error(error)),
    };
    match asked {
        Asked::Check(ask) => {
            let verdicts = ledger.check(std::slice::from_ref(ask))?;
            Ok(verdicts.first().map_or_else(|| json!({}), replies::verdict))
        }
        Asked::Call(id) => match ledger.call(*id)? {
            Some(call) => Ok(replies::call(&call)),
            None => Err(Error::new(ErrorKind::NotFound, format!("no such call: `{id}`"))),
        },
        Asked::Standings => {
            let standings: Vec<Value> = ledger.standings()?.iter().map(replies::standing).collect();
            Ok(json!({"standings": standings}))
        }
        Asked::Commit(_) => Ok(json!({})),
    }
}

/// A reply with what every reply has: the line's `ref` and `op`, and the id that it is about.
fn whole(line: &Line, mut reply: Value) -> Value {
    if let Some(op) = &line.op {
        add(&mut reply, "op", op.as_str().into());
    }
    if let Some(reference) = &line.reference {
        add(&mut reply, "ref", reference.clone());
    }
    if let Ok(Asked::Commit(operation)) = &line.asked
        && let Some(id) = id_of(operation)
    {
        add(&mut reply, "id", id.into());
    }
    reply
}

/// The id that an operation carries.
fn id_of(operation: &Operation) -> Option<String> {
    let call = |id: &ReservationId| Some(id.to_string());
    match operation {
        Operation::Reserve(reserve) => call(&reserve.id),
        Operation::Extend(extend) => call(&extend.id),
        Operation::Settle(settle) => call(&settle.id),
        Operation::Release(release) => call(&release.id),
        Operation::Resolve(resolve) => call(&resolve.id),
        Operation::Expire(Expire::Call { id, .. }) => call(id),
        Operation::Correct(correct) => Some(correct.id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octorato_finops::ledger::{Clock, MemoryLedger, Tick, WallClock};

    const CALL: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn applied(lines: &str) -> (Applied, Vec<Value>) {
        let arms = "arms: [{ id: web, client: acme, roots: [/w] }]";
        let source = octorato_core::SourceText::new("arms.yaml", arms);
        let arms = crate::config::arms::parse(&source, None).0.unwrap();
        let ledger = MemoryLedger::new(WallClock);
        let mut output = Vec::new();
        let input = std::io::Cursor::new(lines.as_bytes().to_vec());
        let applied = apply(&ledger, &arms, input, &mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        (applied, output.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn each_line_is_answered_in_its_place_and_sees_those_before_it() {
        let (applied, replies) = applied(&format!(
            r#"{{"op":"reserve","ref":1,"id":"{CALL}","path":{{"arm":"web"}},"usd":"0.05","max_output_tokens":9}}

{{"op":"call","id":"{CALL}"}}
{{"op":"settle","id":"{CALL}","usd":"0.04","request":{{"provider":"anthropic","id":"req_1"}}}}
{{"op":"settle","id":"{CALL}","usd":"0.03"}}
{{"op":"expire"}}
{{"op":"correct","call":"{CALL}","usd":"-0.01","reason":"refund"}}
{{"op":"call","id":"{CALL}"}}
{{"op":"standings","ref":{{"a":[1]}}}}
{{"op":"append","source":{{"reader":"x","key":"1"}},"at":"2026-10-01T00:00:00Z","usd":null,"size":5}}
{{"op":"check","path":{{"arm":"web","tags":{{"team":"blue"}}}},"usd":"1000"}}
"#
        ));
        assert_eq!(applied, Applied { lines: 10, errors: 1, denied: 0 });
        assert_eq!(
            replies[0],
            json!({"op": "reserve", "ref": 1, "id": CALL, "decision": "granted", "usd": "0.05",
                   "max_output_tokens": 9})
        );
        assert_eq!(replies[1]["state"], "open");
        assert_eq!(replies[1]["path"], json!({"client": "acme", "arm": "web"}));
        assert_eq!(
            replies[2],
            json!({"op": "settle", "id": CALL, "state": "settled", "held": "0.05", "usd": "0.04",
                   "overrun": "0"})
        );
        assert_eq!(replies[3]["error"]["kind"], "conflict");
        assert_eq!(replies[4], json!({"op": "expire", "orphaned": []}));
        assert_eq!(
            (&replies[6]["usd"], &replies[6]["corrected"]),
            (&json!("0.04"), &json!("-0.01"))
        );
        assert_eq!(replies[7], json!({"op": "standings", "ref": {"a": [1]}, "standings": []}));
        assert_eq!(
            replies[8],
            json!({"op": "append", "appended": "booked", "revision": 1, "usd": null})
        );
        assert_eq!(replies[9]["decision"], "granted");
    }

    #[test]
    fn what_is_no_operation_is_answered_and_the_others_go_on() {
        let (applied, replies) = applied(
            r#"
{"op":"reserve","usd":0.05}
{"op":"reserve","usd":"1e3"}
{"op":"reserve","usd":"1","usd":"2"}
{"op":"reserve","usd":"1","path":{"arm":"none"}}
{"op":"reserve","usd":"1","path":{"arm":"web","client":"globex"}}
{"op":"reserve","usd":"-1"}
{"op":"settle","id":"7","usd":"1"}
{"op":"settle","id":"01890a5d-ac96-774b-bcce-b302099a8057","usd":"1"}
{"op":"expire","reason":"x"}
{"op":"correct","usd":"1","reason":"x"}
{"op":"steal"}
{"op":"standings","surprise":1}
[]
not json
{"op":"reserve","usd":"1","path":{"arm":"web"}}"#,
        );
        assert_eq!(applied, Applied { lines: 15, errors: 14, denied: 0 });
        let kinds: Vec<&str> =
            replies.iter().map(|reply| reply["error"]["kind"].as_str().unwrap_or("-")).collect();
        assert_eq!(kinds[3..5], ["not_found", "conflict"]);
        assert_eq!((kinds[7], kinds[14]), ("not_found", "-"));
        let others = kinds.iter().filter(|kind| **kind == "invalid_argument").count();
        assert_eq!(others, 11);
    }

    #[test]
    fn a_line_without_an_end_costs_no_unbounded_memory() {
        let long = "x".repeat(3 << 20);
        let (applied, replies) = applied(&format!("{long}\n\u{0}\n{{\"op\":\"standings\"}}"));
        assert_eq!(applied, Applied { lines: 3, errors: 2, denied: 0 });
        assert_eq!(replies[0]["error"]["message"], "a line of more than 1 MiB");
    }

    /// A clock that ends the thread which reads it.
    struct Deadly;

    impl Clock for Deadly {
        fn tick(&self) -> Tick {
            panic!("as it is meant to")
        }
    }

    #[test]
    fn a_store_that_fails_acknowledges_nothing_and_ends_it() {
        let ledger = MemoryLedger::new(Deadly);
        let died = std::thread::scope(|scope| scope.spawn(|| ledger.standings()).join().is_err());
        assert!(died);
        let line = "{\"op\":\"reserve\",\"usd\":\"1\"}\n";
        let input = std::io::Cursor::new(line.repeat(2).into_bytes());
        let mut output = Vec::new();
        let error = apply(&ledger, &Arms::none(), input, &mut output).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let output = String::from_utf8(output).unwrap();
        assert!(output.lines().all(|line| line.contains("\"unavailable\"")), "{output}");
    }
}
