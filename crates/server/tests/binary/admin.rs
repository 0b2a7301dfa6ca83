//! The admin listener: health, numbers, and looking without consuming.

use crate::client::Client;
use crate::server::{Launch, Server};
use serde_json::{Value, json};

fn metric(server: &Server<'_>, name: &str) -> f64 {
    let page = server.admin().get("/metrics");
    assert_eq!(page.status, 200);
    let value = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
    let values: Vec<f64> = page.body.lines().filter_map(value).collect();
    assert_eq!(values.len(), 1, "{name} in\n{}", page.body);
    values[0]
}

fn pages(client: &mut Client, path: &str, list: &str) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let answer = client.get(&format!("{path}{after}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        let rows = page[list].as_array().unwrap().clone();
        assert!(rows.len() <= 3, "{page}");
        found.extend(rows);
        if page["next"].is_null() {
            return found;
        }
        let next =
            page["next"].as_str().map_or_else(|| page["next"].to_string(), |next| next.replace(':', "%3A"));
        after = format!("&after={next}");
    }
}

#[test]
fn health_and_strange_requests() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut admin = server.admin();
    assert_eq!(admin.get("/healthz").body, "ok\n");
    assert_eq!(admin.get("/readyz").body, "ready\n");
    assert_eq!(admin.get("/nowhere").status, 404);
    assert_eq!(admin.get("/v1/queues?limit=0").status, 400);
    assert_eq!(admin.get("/v1/queues/arn:aws:sqs:us-east-1:000000000000:none/messages").status, 404);
    assert_eq!(admin.get("/v1/queues/%ff/messages").status, 404);
    admin.write(b"DELETE /v1/queues HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(admin.read().unwrap().status, 405);
}

#[test]
fn numbers_count_what_happens() {
    let launch = Launch::new(&[]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let syncs = metric(&server, "postrider_log_syncs_total{shard=\"0\"}");
    for _ in 0..5 {
        client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "x" }));
    }
    client.sqs("SendMessage", &json!({ "QueueUrl": url }));
    client.sqs("Frobnicate", &json!({}));
    client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 1 }));
    let value = |name: &str| metric(&server, name);
    assert_eq!(value("postrider_requests_total{action=\"SendMessage\",status=\"2xx\"}"), 5.0);
    assert_eq!(value("postrider_requests_total{action=\"SendMessage\",status=\"4xx\"}"), 1.0);
    assert_eq!(value("postrider_requests_total{action=\"none\",status=\"4xx\"}"), 1.0);
    assert_eq!(value("postrider_request_seconds_count{action=\"SendMessage\"}"), 6.0);
    let queue = "queue=\"arn:aws:sqs:us-east-1:000000000000:q\"";
    assert_eq!(value(&format!("postrider_messages{{{queue},state=\"available\"}}")), 4.0);
    assert_eq!(value(&format!("postrider_messages{{{queue},state=\"in_flight\"}}")), 1.0);
    assert!(value("postrider_log_syncs_total{shard=\"0\"}") >= syncs + 5.0);
    assert!(value("postrider_log_sync_seconds_sum{shard=\"0\"}") > 0.0);
    assert!(value("postrider_log_bytes{shard=\"0\"}") > 0.0);
    assert!(value("postrider_process_start_time_seconds") > 1.7e9);
    assert_eq!(value("postrider_connections"), 1.0);
}

#[test]
fn noisy_groups_are_told_from_quiet_ones() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let fifo = json!({ "QueueName": "q.fifo", "Attributes": { "FifoQueue": "true" } });
    client.ok("CreateQueue", &fifo);
    for number in 0..42 {
        let group = if number < 40 { "noisy" } else { "quiet" };
        client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "x", "MessageGroupId": group }));
    }
    for _ in 0..3 {
        client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }));
    }
    let value = |name: &str| metric(&server, name);
    let queue = "queue=\"arn:aws:sqs:us-east-1:000000000000:q\"";
    assert_eq!(value(&format!("postrider_noisy_groups{{{queue}}}")), 1.0);
    for (state, count) in [("available", 2.0), ("in_flight", 0.0), ("delayed", 0.0)] {
        assert_eq!(value(&format!("postrider_quiet_group_messages{{{queue},state=\"{state}\"}}")), count);
    }
    let page = server.admin().get("/metrics").body;
    assert!(!page.contains("postrider_noisy_groups{queue=\"arn:aws:sqs:us-east-1:000000000000:q.fifo\"}"));
    let shown = server.admin().get("/v1/queues").json();
    let [standard, fifo] = &shown["queues"].as_array().unwrap()[..] else { panic!("{shown}") };
    let quiet = json!({ "available": 2, "in_flight": 0, "delayed": 0 });
    assert_eq!(standard["groups"], json!({ "noisy": 1, "quiet": quiet }));
    assert!(standard.get("fifo").is_none() && fifo.get("groups").is_none());
    assert_eq!(fifo["fifo"]["deduplication_scope"], "queue");
}

#[test]
fn at_most_so_many_queues_are_counted() {
    let launch = Launch::new(&["--memory", "--metrics-queues-max", "2"]);
    let server = launch.start();
    let mut client = server.client();
    ["a", "b", "c"].iter().for_each(|name| drop(client.queue(name)));
    let page = server.admin().get("/metrics").body;
    let counted = |name: &str| page.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(counted("postrider_messages{"), 6, "two queues by three states");
    assert_eq!(counted("postrider_quiet_group_messages{"), 6);
    assert_eq!(counted("postrider_noisy_groups{"), 2);
    assert!(page.contains("postrider_messages_incomplete 1\n"));
}

#[test]
fn lists_are_paged_over_all_shards() {
    for shards in ["1", "4"] {
        let launch = Launch::new(&["--memory", "--shards", shards]);
        let server = launch.start();
        let mut client = server.client();
        let names: Vec<String> = (10..20).map(|number| format!("q{number}")).collect();
        names.iter().for_each(|name| drop(client.queue(name)));
        let mut admin = server.admin();
        let found = pages(&mut admin, "/v1/queues?limit=3", "queues");
        let found: Vec<&str> = found.iter().map(|queue| queue["name"].as_str().unwrap()).collect();
        assert_eq!(found, names);
        let one = admin.get("/v1/queues?prefix=arn:aws:sqs:us-east-1:000000000000:q15").json();
        assert_eq!(one["queues"].as_array().unwrap().len(), 1);
        assert_eq!(one["queues"][0]["visibility_s"], 30);
        assert_eq!(one["queues"][0]["messages"], json!({ "available": 0, "in_flight": 0, "delayed": 0 }));
        assert_eq!(admin.get("/v1/topics").json(), json!({ "topics": [], "next": null }));
    }
}

#[test]
fn looking_at_messages_consumes_nothing() {
    // With no memory for bodies they are read back from the log.
    for flags in [&["--body-memory", "256MiB"], &["--body-memory", "0"]] {
        let launch = Launch::new(flags);
        let server = launch.start();
        let mut client = server.client();
        let url = client.queue("q");
        for number in 0..7 {
            client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": format!("body {number}") }));
        }
        let path = "/v1/queues/arn%3Aaws%3Asqs%3Aus-east-1%3A000000000000%3Aq/messages?limit=3";
        for _ in 0..2 {
            let found = pages(&mut server.admin(), path, "messages");
            let bodies: Vec<&str> = found.iter().map(|message| message["body"].as_str().unwrap()).collect();
            assert_eq!(bodies, (0..7).map(|number| format!("body {number}")).collect::<Vec<_>>());
            assert!(found.iter().all(|message| message["receive_count"] == 0));
        }
        let received = client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 }));
        assert!(!received["Messages"].as_array().unwrap().is_empty());
    }
}

#[test]
fn other_machines_see_numbers_only() {
    let launch = Launch::new(&["--memory", "--access-key-id", "AKID", "--secret-access-key", "s"])
        .with_environment("POSTRIDER_LOG_FORMAT", "json");
    let server = launch.start();
    assert_eq!(server.admin().get("/v1/queues").status, 200, "on loopback");
    drop(server);
    let launch = Launch::new(&["--memory", "--access-key-id", "AKID", "--secret-access-key", "s"]);
    let server = launch.start_with_admin("0.0.0.0:0");
    let port = server.admin.rsplit(':').next().unwrap().to_owned();
    let mut admin = Client::connect(&format!("127.0.0.1:{port}"));
    assert_eq!(admin.get("/metrics").status, 200);
    assert_eq!(admin.get("/readyz").status, 200);
    assert_eq!(admin.get("/v1/queues").status, 403);
}
