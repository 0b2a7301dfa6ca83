//! Reading a recording of `strace -f -y` and proving the order of writes, syncs and replies.
//!
//! A line holds a whole system call, or its beginning (`<unfinished ...>`), or its end (`<... resumed>`).
//! The number of a line is its time: both halves of a call get the line on which they stand.

use std::collections::{HashMap, HashSet};
use std::fmt;

/// A message that was acknowledged.
#[derive(Debug)]
pub(super) struct Sent {
    /// The text that finds its entry in the log. Plain characters only, as strace prints them unescaped.
    pub(super) body: String,
    /// The text that finds its reply.
    pub(super) message_id: String,
}

/// What the trace shows.
#[derive(Debug)]
pub(super) struct Report {
    /// Replies that are proved.
    pub(super) proved: usize,
    /// Calls to fdatasync or fsync below the data directory.
    pub(super) syncs: usize,
    /// One line for each reply that is not.
    pub(super) complaints: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} replies were written after their sync, {} syncs in all", self.proved, self.syncs)
    }
}

/// One system call. `line` numbers are positions in the recording.
#[derive(Debug, Clone)]
struct Call<'a> {
    name: &'a str,
    /// The path or socket behind the file descriptor.
    target: &'a str,
    /// The text of the arguments.
    arguments: &'a str,
    began: usize,
    ended: Option<usize>,
    succeeded: bool,
}

/// Checks every message of `sent` against the recording; `data_dir` tells files of the log from others.
pub(super) fn check(recording: &str, data_dir: &str, sent: &[Sent]) -> Report {
    let calls = calls(recording);
    let of_log = |call: &&Call| call.target.starts_with(data_dir);
    let syncs: Vec<&Call> =
        calls.iter().filter(|c| matches!(c.name, "fdatasync" | "fsync")).filter(of_log).collect();
    let writes: Vec<&Call> = calls.iter().filter(|c| is_write(c.name)).filter(of_log).collect();
    let replies: Vec<&Call> = calls.iter().filter(|c| is_write(c.name) && is_socket(c.target)).collect();
    let entries = find(&writes, sent.iter().map(|sent| sent.body.as_str()).collect());
    let answers = find(&replies, sent.iter().map(|sent| sent.message_id.as_str()).collect());

    let mut report = Report { proved: 0, syncs: syncs.len(), complaints: Vec::new() };
    for message in sent {
        let entry = entries.get(message.body.as_str()).copied();
        let answer = answers.get(message.message_id.as_str()).copied();
        match proof(entry, answer, &syncs) {
            Ok(()) => report.proved += 1,
            Err(reason) => report.complaints.push(format!("{}: {reason}", message.body)),
        }
    }
    report
}

fn proof(entry: Option<&Call>, answer: Option<&Call>, syncs: &[&Call]) -> Result<(), String> {
    let entry = entry.ok_or("no write to the log holds its body")?;
    let answer = answer.ok_or("no write to a socket holds its id")?;
    let written = entry.ended.ok_or("the write to the log did not return")?;
    let covered = syncs.iter().any(|sync| {
        let returned = sync.ended.is_some_and(|ended| ended < answer.began);
        sync.succeeded && sync.target == entry.target && sync.began > written && returned
    });
    if covered {
        return Ok(());
    }
    Err(format!(
        "written at line {}, answered at line {}, and no sync of {} lies between",
        written + 1,
        answer.began + 1,
        entry.target
    ))
}

fn is_write(name: &str) -> bool {
    matches!(name, "write" | "writev" | "sendto" | "sendmsg" | "pwrite64" | "pwritev" | "pwritev2")
}

fn is_socket(target: &str) -> bool {
    target.starts_with("socket:") || target.starts_with("TCP")
}

/// The first call that holds each of the texts. All texts have the shape of one another, so that a call is
/// searched once for all of them: by every word of that length in it.
fn find<'a>(calls: &[&'a Call<'a>], texts: HashSet<&str>) -> HashMap<String, &'a Call<'a>> {
    let mut found: HashMap<String, &Call> = HashMap::new();
    for call in calls {
        let bytes = call.arguments;
        for length in texts.iter().map(|text| text.len()).collect::<HashSet<_>>() {
            for at in 0..(bytes.len() + 1).saturating_sub(length) {
                if let Some(word) = bytes.get(at..at + length).and_then(|word| texts.get(word)) {
                    found.entry((*word).to_owned()).or_insert(call);
                }
            }
        }
    }
    found
}

/// All calls of a recording, in the order in which they began.
fn calls(recording: &str) -> Vec<Call<'_>> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (at, line) in recording.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((_time, event)) = rest.trim_start().split_once(' ') else { continue };
        if event.starts_with("<... ") {
            let Some(call) = open.remove(thread).and_then(|index| calls.get_mut(index)) else { continue };
            call.ended = Some(at);
            call.succeeded = succeeded(event);
        } else if let Some((name, arguments)) = event.split_once('(') {
            let unfinished = event.trim_end().ends_with("<unfinished ...>");
            if unfinished {
                open.insert(thread, calls.len());
            }
            let ended = (!unfinished).then_some(at);
            let succeeded = !unfinished && succeeded(event);
            calls.push(Call { name, target: target(arguments), arguments, began: at, ended, succeeded });
        }
    }
    calls
}

/// What stands in the brackets behind the first file descriptor: `7</path/to/file>`.
fn target(arguments: &str) -> &str {
    let digits = arguments.len() - arguments.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(rest) = arguments[digits..].strip_prefix('<') else { return "" };
    let ends = [">,", ">)", "> "].iter().filter_map(|end| rest.find(end));
    rest[..ends.min().unwrap_or(rest.len())].trim_end_matches('>')
}

/// Whether the call returned something else than an error.
fn succeeded(event: &str) -> bool {
    event.rsplit_once("= ").is_some_and(|(_, result)| !result.starts_with('-') && !result.starts_with('?'))
}

#[cfg(test)]
mod tests;
