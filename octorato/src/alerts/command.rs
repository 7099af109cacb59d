//! A sink that is a program: the alert is on its standard input.

use std::io::{self, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::courier::Failure;

/// How long to wait before looking again whether the program has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Runs a program with `input` on its standard input, without a shell. It took the alert if it ends
/// well within `timeout`; after that it is stopped, with what it has started.
///
/// What it prints is not kept. That it does not read its input is no failure.
pub(super) fn run(words: &[String], input: &[u8], timeout: Duration) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::lasting("a command without a program"));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    let started = Instant::now();
    let mut child = command.spawn().map_err(|error| {
        let message = format!("cannot start the program: `{program}`");
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Failure::lasting(message),
            _ => Failure::passing(message),
        }
        .caused_by(error)
    })?;
    if let Some(mut pipe) = child.stdin.take() {
        let input = input.to_vec();
        // A program that does not read must not hold up whoever waits for its end.
        std::thread::spawn(move || {
            let _ = pipe.write_all(&input);
        });
    }
    let ended = within(&mut child, started, timeout);
    match ended {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(Failure::passing(format!("the program failed ({status})"))),
        Ok(None) => {
            stop(&mut child);
            let seconds = timeout.as_secs();
            Err(Failure::passing(format!("the program did not end within {seconds} s")))
        }
        Err(error) => {
            stop(&mut child);
            Err(Failure::passing("cannot wait for the program").caused_by(error))
        }
    }
}

fn within(
    child: &mut Child,
    started: Instant,
    timeout: Duration,
) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = timeout.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(left.min(LOOK));
    }
}

/// Ends a program and what it has started.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // It may have ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn failed(command: &[&str], timeout: Duration) -> Failure {
        run(&words(command), b"{}\n", timeout).unwrap_err()
    }

    #[test]
    fn a_program_gets_all_of_the_alert() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("got");
        // More than a pipe holds.
        let input = vec![b'x'; 200_000];
        let script = format!("cat > {}", file.display());
        run(&words(&["sh", "-c", &script]), &input, Duration::from_secs(20)).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), input);
        // Not reading is no failure.
        run(&words(&["true"]), &input, Duration::from_secs(20)).unwrap();
    }

    #[test]
    fn what_ends_badly_or_not_at_all_has_not_taken_it() {
        let bad = failed(&["sh", "-c", "exit 3"], Duration::from_secs(20));
        assert_eq!(bad.error.to_string(), "the program failed (exit status: 3)");
        assert!(bad.is_passing);
        let none = failed(&["/no/such/program"], Duration::from_secs(20));
        assert!(!none.is_passing, "{none:?}");
        let started = Instant::now();
        let slow = failed(&["sh", "-c", "sleep 60 & sleep 60"], Duration::from_millis(50));
        assert_eq!(slow.error.to_string(), "the program did not end within 0 s");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
