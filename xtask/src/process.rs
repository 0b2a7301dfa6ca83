//! What the kernel says of a running server: how much memory it holds, now and at most so far.

use crate::tree;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Resident memory of a process, KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64, String> {
    let status = Path::new("/proc").join(pid.to_string()).join("status");
    Ok(field(&tree::read(&status)?, "VmRSS:"))
}

/// The number behind a name in a page of the kernel; zero if it is not there.
pub(crate) fn field(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

/// The most memory that the watched process has held. It goes on over restarts.
#[derive(Debug)]
pub(crate) struct Watch {
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    pid: AtomicU32,
    peak_kib: AtomicU64,
}

impl Watch {
    /// Begins to watch this process.
    pub(crate) fn begin(pid: u32) -> Watch {
        let seen = Arc::new(Seen { pid: AtomicU32::new(pid), peak_kib: AtomicU64::new(0) });
        let watched = Arc::downgrade(&seen);
        std::thread::spawn(move || {
            while let Some(seen) = watched.upgrade() {
                // A process that has just been killed has no page.
                let now = resident_kib(seen.pid.load(Ordering::SeqCst)).unwrap_or_default();
                seen.peak_kib.fetch_max(now, Ordering::SeqCst);
                drop(seen);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        Watch { seen }
    }

    /// Goes on with this process.
    pub(crate) fn turn_to(&self, pid: u32) {
        self.seen.pid.store(pid, Ordering::SeqCst);
    }

    /// Forgets the most so far.
    pub(crate) fn reset(&self) {
        self.seen.peak_kib.store(0, Ordering::SeqCst);
    }

    /// The most so far, KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.seen.peak_kib.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory() {
        assert!(resident_kib(std::process::id()).unwrap() > 100);
        assert_eq!(field("VmSize:\t 5 kB\nVmRSS:\t  7 kB\n", "VmRSS:"), 7);
        assert!(resident_kib(u32::MAX).is_err());
    }
}
