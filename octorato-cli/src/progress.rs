//! A progress bar on stderr, once reading has taken longer than a second.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use octorato::finops::logs::Progress;

/// Before this much time a bar would only flicker.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how many bytes of the logs have been read.
pub(crate) struct Bar {
    shown: bool,
    started: Instant,
    bytes: AtomicU64,
    read: AtomicU64,
    drawn: OnceLock<ProgressBar>,
}

impl Bar {
    /// A bar for stderr; it never appears where that is no terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            shown: !quiet && std::io::stderr().is_terminal(),
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            read: AtomicU64::new(0),
            drawn: OnceLock::new(),
        }
    }

    fn make(&self) -> ProgressBar {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(self.bytes.load(Ordering::Relaxed)), target);
        let style =
            ProgressStyle::with_template("reading logs {bar:30} {bytes}/{total_bytes} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    }
}

impl Progress for Bar {
    fn found(&self, _files: u64, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn read(&self, bytes: u64) {
        if !self.shown {
            return;
        }
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.drawn.get().is_some() || self.started.elapsed() > PATIENCE {
            self.drawn.get_or_init(|| self.make()).set_position(read);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.drawn.get() {
            bar.finish_and_clear();
        }
    }
}
