//! `cargo xtask targets`: the workspace type-checks for systems on which it is not built here.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::{cargo, root, run_all};

/// Windows and macOS: they have other locks, syncs and clocks.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

/// Checks the code and the tests of every crate for each target.
///
/// A build script that compiles C would need the target's C compiler and headers. A check links
/// nothing, so the C compiler is replaced by one that does nothing: this says that our code fits the
/// API of each system, and nothing of whether the C code of a dependency compiles there. The flag is
/// given for these targets only, so that scripts that run here still build with the real one.
///
/// Where the standard library of a target is not installed, `rustup` is asked to add it. Without
/// `rustup`, or where it cannot (no network), the target is named as not checked, and that is no
/// error: the toolchain is what is missing, not the code that is wrong.
pub(crate) fn run() -> Result<ExitCode> {
    for target in TARGETS {
        if !is_there(target)? {
            eprintln!("not checked for {target}: rustup target add {target}");
            continue;
        }
        let mut check = cargo(&["check", "--workspace", "--all-targets", "--target", target]);
        let name = target.replace('-', "_");
        let nothing = if cfg!(windows) { "rundll32" } else { "true" };
        check.env(format!("CC_{name}"), nothing).env(format!("AR_{name}"), nothing);
        check.env(format!("RANLIB_{name}"), nothing);
        let code = run_all(vec![check])?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the compiler has the standard library of `target`, which `rustup` is asked to add.
fn is_there(target: &str) -> Result<bool> {
    if is_installed(target)? {
        return Ok(true);
    }
    eprintln!("$ rustup target add {target}");
    let added = Command::new("rustup").args(["target", "add", target]).current_dir(root()).status();
    Ok(added.is_ok_and(|status| status.success()) && is_installed(target)?)
}

fn is_installed(target: &str) -> Result<bool> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(compiler)
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(root())
        .output()
        .context("cannot run `rustc`")?;
    let Ok(folder) = String::from_utf8(out.stdout) else { return Ok(false) };
    let has_std = |name: &str| name.starts_with("libstd-");
    let files = std::fs::read_dir(folder.trim());
    Ok(out.status.success()
        && files.is_ok_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| has_std(&file.file_name().to_string_lossy())))
        }))
}
