//! How fast the disk is now: small appends, each made durable.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

/// The median of an append of 96 bytes with `fdatasync`, in microseconds, while the processors are
/// kept awake: a virtual machine that sleeps through every sync would measure its timer.
pub(super) fn fdatasync(folder: &Path) -> Result<u64> {
    let path = folder.join("probe");
    let mut file = std::fs::File::create(&path)?;
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let mut times = std::thread::scope(|scope| -> Result<Vec<Duration>> {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let mut times = Vec::new();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(400) {
            let before = Instant::now();
            file.write_all(&[7; 96])?;
            file.sync_data()?;
            times.push(before.elapsed());
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        Ok(times)
    })?;
    times.sort_unstable();
    std::fs::remove_file(path)?;
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(u64::try_from(median.as_micros())?.max(1))
}
