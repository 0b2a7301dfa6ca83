//! The commands that look at logs look at the archives of topics too.

use crate::client::Client;
use crate::server::{Launch, files, run, text};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_secs(30);
const BODY: &[u8] = b"not to be shown";

#[test]
fn the_archives_of_topics_can_be_verified_and_inspected() {
    let launch = Launch::new(&[]);
    let mut server = launch.start();
    let mut client = server.client();
    let name = "Name=t.fifo&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true";
    let archive = "&Attributes.entry.2.key=ArchivePolicy&Attributes.entry.2.value=%7B%22MessageRetentionPeriod%22%3A1%7D";
    sns(&mut client, &format!("Action=CreateTopic&{name}{archive}"));
    let topic = "arn:aws:sns:us-east-1:000000000000:t.fifo";
    for number in 0..3 {
        let message = "Message=not+to+be+shown&MessageGroupId=g";
        let id = format!("MessageDeduplicationId={number}");
        sns(&mut client, &format!("Action=Publish&TopicArn={topic}&{message}&{id}"));
        // Each in a frame of its own, so that there is something behind the damage.
        archived(&launch, number + 1);
    }
    server.terminate();

    let data_dir = launch.data_dir();
    let data_dir = data_dir.to_str().unwrap();
    let verified = run(&["log", "verify", "--data-dir", data_dir], &[]);
    let said = text(&verified.stdout);
    assert!(verified.status.success(), "{said}");
    assert!(
        said.contains(&format!("archive of topic 1 ({topic}) of shard 0: archive/0000000000000001-0000"))
    );
    assert!(said.contains("  1 segments, 3 records, ") && said.contains("sequence=1..3 time_ms="), "{said}");
    let inspected = run(&["log", "inspect", "--data-dir", data_dir], &[]);
    assert!(text(&inspected.stdout).contains("sequence=1..3 time_ms="));
    let shown = run(&["log", "inspect", "--data-dir", data_dir, "--topic", "1", "--from", "2"], &[]);
    let said = text(&shown.stdout);
    let records = said.lines().filter(|line| line.starts_with("topic=1 shard=0 sequence="));
    assert!(shown.status.success() && records.count() == 2, "{said}");
    assert!(said.contains("  publication ") && !said.contains("not to be shown"), "{said}");
    let absent = run(&["log", "inspect", "--data-dir", data_dir, "--topic", "9"], &[]);
    assert!(!absent.status.success() && text(&absent.stderr).contains("no archive of a topic 9"));

    let segment = segment(&launch).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = places(&bytes)[0];
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let damaged = run(&["log", "verify", "--data-dir", data_dir], &[]);
    let said = text(&damaged.stdout);
    assert!(!damaged.status.success() && said.contains("  damaged: 0000000001.log at byte 4096"), "{said}");
    assert!(said.contains("restore archive/0000000000000001-0000 from a copy"), "{said}");
}

fn sns(client: &mut Client, form: &str) {
    let length = form.len();
    let head =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length";
    client.write(format!("{head}: {length}\r\n\r\n{form}").as_bytes());
    let answer = client.read().unwrap();
    assert_eq!(answer.status, 200, "{form}");
}

/// Waits until the archive holds so many messages.
fn archived(launch: &Launch, messages: usize) {
    let begun = Instant::now();
    while segment(launch).is_none_or(|segment| places(&std::fs::read(segment).unwrap()).len() < messages) {
        assert!(begun.elapsed() < WITHIN, "nothing is archived");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn segment(launch: &Launch) -> Option<PathBuf> {
    let inside = |file: &PathBuf| file.starts_with(launch.data_dir().join("archive"));
    files(&launch.data_dir()).into_iter().find(|file| inside(file) && is_segment(file))
}

fn is_segment(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "log")
}

/// Where the messages are.
fn places(bytes: &[u8]) -> Vec<usize> {
    let found = bytes.windows(BODY.len()).enumerate().filter(|(_, part)| *part == BODY);
    found.map(|(at, _)| at).collect()
}
