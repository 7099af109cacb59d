//! A command that signs.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};

/// A command of the operator that signs what it reads from its standard input and writes the
/// signature to its standard output: 64 bytes, or 128 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments. No shell reads them.
    pub words: Vec<Arc<str>>,
    /// How long it may take, with the operator's touch of a key, say.
    pub patience: Duration,
}

impl Command {
    /// Runs it. [`ErrorKind::Unavailable`] where it does not answer in time, fails, or answers
    /// something else; it is ended then.
    pub(super) fn run(&self, bytes: &[u8]) -> Result<[u8; 64]> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(Error::new(ErrorKind::Config, "the command that signs has no words"));
        };
        let child = Process::new(&**program)
            .args(arguments.iter().map(|word| &**word))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| self.failed("cannot be started").caused_by(source))?;
        let mut child = Ended(child);
        let answer = match (child.0.stdin.take(), child.0.stdout.take()) {
            (Some(input), Some(output)) => self.converse(input, output, bytes)?,
            _ => return Err(self.failed("has no input or no output")),
        };
        // It has closed its output, or said more than a signature.
        drop(child);
        signature(&answer).ok_or_else(|| self.failed("answered no signature"))
    }

    /// Says `bytes` and hears at most what a signature can be.
    fn converse(
        &self,
        mut input: ChildStdin,
        output: ChildStdout,
        bytes: &[u8],
    ) -> Result<Vec<u8>> {
        let (tell, heard) = mpsc::channel();
        thread::spawn(move || {
            let mut answer = Vec::new();
            let read = output.take(200).read_to_end(&mut answer);
            let _ = tell.send(read.map(|_| answer));
        });
        let bytes = bytes.to_vec();
        // A command that reads nothing must not hold this thread; what it answers decides.
        thread::spawn(move || {
            let _ = input.write_all(&bytes);
        });
        match heard.recv_timeout(self.patience) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(self.failed("cannot be heard").caused_by(source)),
            Err(_) => Err(self.failed("did not answer in time")),
        }
    }

    fn failed(&self, how: &str) -> Error {
        let program = self.words.first().map_or("", |word| word);
        Error::new(ErrorKind::Unavailable, format!("the command that signs {how}: `{program}`"))
    }
}

/// A child that is ended at the latest when this is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signature(answer: &[u8]) -> Option<[u8; 64]> {
    if let Ok(raw) = answer.try_into() {
        return Some(raw);
    }
    let text = std::str::from_utf8(answer).ok()?.trim();
    let (first, second) = text.split_at_checked(64)?;
    let mut whole = [0; 64];
    let (start, end) = whole.split_at_mut(32);
    start.copy_from_slice(blake3::Hash::from_hex(first).ok()?.as_bytes());
    end.copy_from_slice(blake3::Hash::from_hex(second).ok()?.as_bytes());
    Some(whole)
}
