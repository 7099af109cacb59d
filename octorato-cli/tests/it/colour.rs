//! What is written where: colours, pipes, stdout and stderr, exit codes.

use std::process::Stdio;

use crate::sandbox::Sandbox;

const ESCAPE: u8 = 0x1b;

fn bytes(sandbox: &Sandbox, line: &str, environment: &[(&str, &str)]) -> (Vec<u8>, Vec<u8>) {
    let mut command = sandbox.command();
    let output =
        command.args(line.split_whitespace()).envs(environment.iter().copied()).output().unwrap();
    (output.stdout, output.stderr)
}

#[test]
fn a_pipe_gets_no_colours() {
    let sandbox = Sandbox::agency();
    for line in ["report", "scan", "arm list", "explain", "report --arm nobody", "--help"] {
        let (out, err) = bytes(&sandbox, line, &[]);
        assert!(!out.contains(&ESCAPE) && !err.contains(&ESCAPE), "{line}");
    }
}

#[test]
fn colours_can_be_asked_for_and_refused() {
    let sandbox = Sandbox::agency();
    let forced = [("CLICOLOR_FORCE", "1")];
    assert!(bytes(&sandbox, "report", &forced).0.contains(&ESCAPE));
    assert!(bytes(&sandbox, "report --arm nobody", &forced).1.contains(&ESCAPE));
    let refused = [("NO_COLOR", "1"), ("TERM", "xterm-256color")];
    let (out, _) = bytes(&sandbox, "report", &refused);
    assert!(!out.contains(&ESCAPE));
}

#[test]
fn data_never_has_colours() {
    let sandbox = Sandbox::agency();
    for format in ["json", "csv", "md"] {
        let line = format!("report --format {format}");
        let (out, _) = bytes(&sandbox, &line, &[("CLICOLOR_FORCE", "1")]);
        assert!(!out.contains(&ESCAPE), "{format}");
    }
}

#[test]
fn without_its_colours_a_report_reads_the_same() {
    let sandbox = Sandbox::agency();
    let coloured =
        String::from_utf8(bytes(&sandbox, "report", &[("CLICOLOR_FORCE", "1")]).0).unwrap();
    let mut plain = String::new();
    let mut pieces = coloured.split('\u{1b}');
    plain += pieces.next().unwrap();
    for piece in pieces {
        plain += piece.split_once('m').unwrap().1;
    }
    assert_eq!(plain, sandbox.stdout("report"));
}

#[test]
fn quiet_leaves_stderr_empty_and_stdout_as_it_is() {
    let sandbox = Sandbox::agency();
    for line in ["report --format csv", "scan", "report"] {
        let (out, _) = bytes(&sandbox, line, &[]);
        let (quiet, err) = bytes(&sandbox, &format!("{line} --quiet"), &[]);
        assert_eq!((out, err.len()), (quiet, 0), "{line}");
    }
}

#[test]
fn a_reader_who_has_had_enough_is_no_failure() {
    let sandbox = Sandbox::agency();
    for line in
        ["report", "report --json", "report --format csv --by session,day", "explain", "scan"]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.command();
        command.args(line.split_whitespace()).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {talk}");
        assert!(!talk.contains("error") && !talk.contains("panic"), "{line}: {talk}");
    }
}

#[test]
fn exit_codes_tell_findings_from_failures() {
    let sandbox = Sandbox::agency();
    let code = |line: &str| sandbox.output(line).status.code().unwrap();
    assert_eq!(code("report"), 0);
    assert_eq!(code("report --strict"), 1);
    assert_eq!(code("report --strict --json"), 1);
    assert_eq!(code("report --arm nobody"), 2);
    assert_eq!(code("report --by nothing"), 2);
    assert_eq!(code("nothing"), 2);
    sandbox.arms("arms: 5\n");
    assert_eq!(code("report"), 2);
}

#[test]
fn strict_is_content_where_all_is_counted_and_priced() {
    let sandbox = Sandbox::new();
    let turn = crate::transcript::Turn::new("1", "2026-10-01T09:00:00Z", "/w");
    sandbox.transcript("a", &[turn.line()]);
    assert!(sandbox.output("report --strict").status.success());
}
