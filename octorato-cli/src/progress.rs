//! A progress bar on stderr, once reading has taken longer than a second.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use octorato::finops::logs::Progress;

/// Before this much time a bar would only flicker.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes what a bar draws to.
type Target = Box<dyn Fn() -> ProgressDrawTarget + Send + Sync>;

/// Shows how many bytes of the logs have been read.
pub(crate) struct Bar {
    /// Where to; nothing for a bar that never appears.
    target: Option<Target>,
    patience: Duration,
    started: Instant,
    bytes: AtomicU64,
    read: AtomicU64,
    drawn: OnceLock<ProgressBar>,
}

impl Bar {
    /// A bar for stderr; it never appears where that is no terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        let is_seen = std::io::stderr().is_terminal();
        Self::on(is_seen.then(|| Box::new(ProgressDrawTarget::stderr) as Target), quiet, PATIENCE)
    }

    /// A bar that appears on `target`, unless it is to be quiet, once its patience is over.
    fn on(target: Option<Target>, quiet: bool, patience: Duration) -> Self {
        Self {
            target: target.filter(|_| !quiet),
            patience,
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            read: AtomicU64::new(0),
            drawn: OnceLock::new(),
        }
    }

    fn make(&self, target: &Target) -> ProgressBar {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let bar = ProgressBar::with_draw_target(Some(bytes), target());
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
        let Some(target) = &self.target else { return };
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.drawn.get().is_some() || self.started.elapsed() >= self.patience {
            self.drawn.get_or_init(|| self.make(target)).set_position(read);
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// Remembers what was written to it.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is on the screen once half of the logs has been read.
    fn seen(quiet: bool, patience: Duration) -> String {
        let screen = Screen::default();
        let target = screen.clone();
        let target: Target =
            Box::new(move || ProgressDrawTarget::term_like(Box::new(target.clone())));
        let bar = Bar::on(Some(target), quiet, patience);
        bar.found(1, 2048);
        bar.read(1024);
        screen.0.lock().unwrap().clone()
    }

    #[test]
    fn a_bar_is_hidden_before_its_patience_is_over_and_drawn_after() {
        assert_eq!(seen(false, Duration::MAX), "");
        let drawn = seen(false, Duration::ZERO);
        assert!(drawn.contains("reading logs") && drawn.contains("1.00 KiB/2.00 KiB"), "{drawn}");
    }

    #[test]
    fn a_quiet_bar_is_never_drawn() {
        assert_eq!(seen(true, Duration::ZERO), "");
    }
}
