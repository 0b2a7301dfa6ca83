//! The files of the delivery status log, written by a thread of their own.
//!
//! `delivery-status/current.jsonl` in the data directory grows to [`FILE_BYTES_MAX`]; then it becomes
//! `previous-1.jsonl`, that one `previous-2.jsonl`, and so on; the last is removed. Nothing is synced: this is a
//! log for people, and it rests on nothing.
//!
//! Invariants, whatever the disk does as long as files can be cut:
//! - no file grows beyond its bound by more than what is written at once: what cannot be moved away is emptied;
//! - a file has whole lines only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tracing::warn;

/// The folder in the data directory.
const FOLDER: &str = "delivery-status";
/// The file that grows.
const CURRENT: &str = "current.jsonl";
/// Bytes of a file, but for its last line.
pub(super) const FILE_BYTES_MAX: u64 = 16 << 20;
/// Files besides the one that grows.
pub(super) const PREVIOUS_MAX: usize = 3;
/// Lines that wait for the thread.
const WAITING_MAX: usize = 4_096;
/// How long nothing more is said of a disk that does not take lines.
const SILENCE: Duration = Duration::from_secs(60);

/// Hands lines to the thread. Ends it when dropped, after all that was handed over is written.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Option<SyncSender<String>>,
    thread: Option<JoinHandle<()>>,
    lost: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread. The folder is made with the first line.
    pub(super) fn start(data_dir: &Path) -> io::Result<Writer> {
        let (lines, waiting) = sync_channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let mut files = Files::new(data_dir.join(FOLDER), FILE_BYTES_MAX);
        let counter = lost.clone();
        let thread = std::thread::Builder::new().name("delivery-status".to_owned());
        let thread = thread.spawn(move || write_all(&mut files, &waiting, &counter))?;
        Ok(Writer { lines: Some(lines), thread: Some(thread), lost })
    }

    /// Hands a line over. False if too many wait.
    pub(super) fn write(&self, line: String) -> bool {
        self.lines.as_ref().is_some_and(|lines| lines.try_send(line).is_ok())
    }

    /// Lines that the disk did not take.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines = None;
        // A panic has ended the process already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn write_all(files: &mut Files, waiting: &Receiver<String>, lost: &AtomicU64) {
    let mut said: Option<Instant> = None;
    while let Ok(first) = waiting.recv() {
        // What has come meanwhile is written with it.
        let mut text = first;
        let mut lines = 1;
        while text.len() < 64 << 10
            && let Ok(next) = waiting.try_recv()
        {
            text.push_str(&next);
            lines += 1;
        }
        if let Err(error) = files.append(text.as_bytes()) {
            lost.fetch_add(lines, Relaxed);
            if said.is_none_or(|at| at.elapsed() >= SILENCE) {
                said = Some(Instant::now());
                let path = files.path(CURRENT);
                warn!(%error, path = %path.display(), "the delivery status log cannot be written");
            }
        }
    }
}

/// The files.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    bytes_max: u64,
    /// The one that grows, and its size.
    current: Option<(File, u64)>,
}

impl Files {
    fn new(folder: PathBuf, bytes_max: u64) -> Files {
        Files { folder, bytes_max, current: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn previous(&self, number: usize) -> PathBuf {
        self.path(&format!("previous-{number}.jsonl"))
    }

    /// Appends whole lines. After an error the file is opened anew the next time.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let (mut file, bytes) = match self.current.take() {
            Some(open) => open,
            None => self.open()?,
        };
        if let Err(error) = file.write_all(lines) {
            // Half a line would spoil the next one, too. The error that counts is the first.
            let _ = file.set_len(bytes);
            return Err(error);
        }
        let bytes = bytes + lines.len() as u64;
        if bytes < self.bytes_max {
            self.current = Some((file, bytes));
            return Ok(());
        }
        self.rotate().or_else(|error| file.set_len(0).and(Err(error)))
    }

    fn open(&self) -> io::Result<(File, u64)> {
        // Endpoints and their answers are for nobody else to read.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.path(CURRENT))?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    }

    fn rotate(&self) -> io::Result<()> {
        for number in (1..PREVIOUS_MAX).rev() {
            match fs::rename(self.previous(number), self.previous(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        fs::rename(self.path(CURRENT), self.previous(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_rotated_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::new(folder.path().join("a/b"), 10);
        for line in
            ["11111\n", "11112\n", "22221\n", "22222\n", "33331\n", "33332\n", "44441\n", "44442\n", "5\n"]
        {
            files.append(line.as_bytes()).unwrap();
        }
        let text = |path: PathBuf| fs::read_to_string(path).unwrap();
        assert_eq!(text(files.path(CURRENT)), "5\n");
        assert_eq!(text(files.previous(1)), "44441\n44442\n");
        assert_eq!(text(files.previous(3)), "22221\n22222\n");
        assert!(!files.previous(4).exists());
        // A file that is there already goes on.
        let mut again = Files::new(folder.path().join("a/b"), 10);
        again.append(b"6\n").unwrap();
        assert_eq!(text(again.path(CURRENT)), "5\n6\n");
        let mode = fs::metadata(again.path(CURRENT)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_cannot_be_moved_away_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::new(folder.path().to_owned(), 10);
        fs::write(files.previous(PREVIOUS_MAX - 1), "old\n").unwrap();
        fs::create_dir(files.previous(PREVIOUS_MAX)).unwrap();
        for _ in 0..3 {
            files.append(b"11111\n").unwrap();
            files.append(b"11112\n").unwrap_err();
            assert_eq!(fs::metadata(files.path(CURRENT)).unwrap().len(), 0);
        }
        fs::remove_dir(files.previous(PREVIOUS_MAX)).unwrap();
        files.append(b"22222222\n").unwrap();
        files.append(b"2\n").unwrap();
        assert_eq!(fs::read_to_string(files.previous(1)).unwrap(), "22222222\n2\n");
    }

    #[test]
    fn everything_handed_over_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::start(folder.path()).unwrap();
        let taken = (0..1_000).filter(|number| writer.write(format!("{number}\n"))).count();
        drop(writer);
        let text = fs::read_to_string(folder.path().join(FOLDER).join(CURRENT)).unwrap();
        assert_eq!((taken, text.lines().count()), (1_000, 1_000));
    }

    #[test]
    fn a_disk_that_does_not_take_lines_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FOLDER), "a file in the way").unwrap();
        let writer = Writer::start(folder.path()).unwrap();
        let lost = writer.lost.clone();
        assert!(writer.write("line\n".to_owned()));
        drop(writer);
        assert_eq!(lost.load(Relaxed), 1);
    }
}
