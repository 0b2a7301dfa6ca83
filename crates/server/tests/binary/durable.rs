//! What was acknowledged survives `kill -9`; and the commands that look at the log of a stopped server.

use crate::server::{Launch, files, run, text};
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn kill_and_restart_keeps_messages_and_deletes() {
    for shards in ["1", "4"] {
        let launch = Launch::new(&["--shards", shards]);
        let mut server = launch.start();
        let mut client = server.client();
        let url = client.queue("q");
        for number in 0..20 {
            client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": number.to_string() }));
        }
        let received = client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }));
        let mut kept: BTreeSet<String> = (0..20).map(|number| number.to_string()).collect();
        for message in received["Messages"].as_array().unwrap() {
            client
                .ok("DeleteMessage", &json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] }));
            assert!(kept.remove(message["Body"].as_str().unwrap()));
        }
        server.signal("-KILL");
        server.wait();
        drop(server);

        let server = launch.start();
        let mut client = server.client();
        let mut found = BTreeSet::new();
        loop {
            let received =
                client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }));
            let Some(messages) = received["Messages"].as_array() else { break };
            found.extend(messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned()));
        }
        assert_eq!(found, kept);
    }
}

#[test]
fn the_log_can_be_verified_inspected_and_repaired() {
    let launch = Launch::new(&[]);
    let mut server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    for _ in 0..5 {
        client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "not to be shown" }));
    }
    let data_dir = launch.data_dir();
    let data_dir = data_dir.to_str().unwrap();
    let busy = run(&["log", "verify", "--data-dir", data_dir], &[]);
    assert!(!busy.status.success() && text(&busy.stderr).contains("in use by another process"));
    server.terminate();

    let verified = run(&["log", "verify", "--data-dir", data_dir], &[]);
    assert!(
        verified.status.success() && text(&verified.stdout).contains("sound"),
        "{}",
        text(&verified.stdout)
    );
    let inspected = run(&["log", "inspect", "--data-dir", data_dir], &[]);
    let lines = text(&inspected.stdout);
    assert!(inspected.status.success());
    assert_eq!(
        lines.lines().filter(|line| line.starts_with("  message queue=1 number=")).count(),
        5,
        "{lines}"
    );
    assert!(!lines.contains("not to be shown"));
    let unharmed = run(&["log", "repair", "--data-dir", data_dir], &[]);
    assert!(text(&unharmed.stdout).contains("shard 0: nothing to repair"));

    damage(&launch);
    let damaged = run(&["log", "verify", "--data-dir", data_dir], &[]);
    assert!(
        !damaged.status.success() && text(&damaged.stdout).contains("damaged"),
        "{}",
        text(&damaged.stdout)
    );
    let repaired = run(&["log", "repair", "--data-dir", data_dir], &[]);
    assert!(repaired.status.success() && text(&repaired.stdout).contains("kept a copy in"));
    assert!(run(&["log", "verify", "--data-dir", data_dir], &[]).status.success());
    assert_eq!(launch.start().admin().get("/readyz").status, 200);
}

/// Flips a bit in the first message's body: long since durable.
fn damage(launch: &Launch) {
    let segments =
        files(&launch.data_dir()).into_iter().filter(|file| file.extension().is_some_and(|end| end == "log"));
    for segment in segments {
        let mut bytes = std::fs::read(&segment).unwrap();
        let needle = b"not to be shown";
        if let Some(at) = bytes.windows(needle.len()).position(|part| part == needle) {
            bytes[at] ^= 1;
            std::fs::write(&segment, bytes).unwrap();
            return;
        }
    }
    panic!("no segment holds a message");
}
