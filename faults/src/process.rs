//! Starting workers, with the shim before their files or without.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// This program as a worker.
pub(crate) fn worker(folder: &Path, kind: &str, numbers: &[usize]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("worker").arg(kind).arg(folder);
    command.args(numbers.iter().map(usize::to_string)).stdin(Stdio::null());
    Ok(command)
}

/// The shim, compiled.
pub(crate) struct Shim {
    library: PathBuf,
}

impl Shim {
    /// Compiles it into `folder`.
    pub(crate) fn build(folder: &Path) -> Result<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim.c");
        let library = folder.join("shim.so");
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
        cc.args(["-ldl", "-lpthread"]);
        if !cc.status().context("no C compiler `cc`")?.success() {
            bail!("the shim does not compile");
        }
        Ok(Self { library })
    }

    /// Puts it before the files of `command` in `folder`.
    pub(crate) fn before(&self, command: &mut Command, folder: &Path) -> Result<()> {
        command.env("LD_PRELOAD", &self.library).env("FAULTS_DIR", folder.canonicalize()?);
        Ok(())
    }
}
