//! Bounds of requests: size, slowness, and what HTTP allows.

use crate::server::Launch;
use serde_json::json;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const SLOW: [&str; 3] = ["--memory", "--client-timeout-s", "1"];
/// More than the time-out, less than what would hold anybody up.
const SOON: Duration = Duration::from_secs(6);

#[test]
fn an_oversized_body_is_refused_without_being_read() {
    let launch = Launch::new(&["--memory", "--request-bytes-max", "64KiB"]);
    let server = launch.start();
    let mut client = server.client();
    let host = client.host.clone();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.0\r\n\
         x-amz-target: AmazonSQS.SendMessage\r\n"
    );
    client.write(format!("{head}content-length: 65537\r\nexpect: 100-continue\r\n\r\n").as_bytes());
    let refused = client.read().unwrap();
    assert_eq!(refused.status, 413, "{refused:?}");
    assert_eq!(refused.json()["__type"], "com.amazon.coral.service#RequestEntityTooLargeException");
    assert_eq!(refused.header("x-amzn-query-error"), Some("RequestEntityTooLarge;Sender"));
    assert!(refused.header("x-amzn-requestid").is_some());

    // Without a length it is found out on the way.
    let mut client = server.client();
    client.write(format!("{head}transfer-encoding: chunked\r\n\r\n10001\r\n").as_bytes());
    client.write(&vec![b' '; 0x10001]);
    client.write(b"\r\n0\r\n\r\n");
    assert_eq!(client.read().unwrap().status, 413);
}

#[test]
fn the_largest_message_fits_by_default() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    // Every byte takes three in a form, and six here.
    let body = "é".repeat(1 << 19);
    let escaped = body.replace('é', "\\u00e9");
    let input = format!("{{\"QueueUrl\":\"{url}\",\"MessageBody\":\"{escaped}\"}}");
    let host = client.host.clone();
    client.write(
        format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: AmazonSQS.SendMessage\r\ncontent-length: {}\r\n\r\n{input}",
            input.len()
        )
        .as_bytes(),
    );
    let sent = client.read().unwrap();
    assert_eq!(sent.status, 200, "{}", &sent.body);
    let received = client.ok("ReceiveMessage", &json!({ "QueueUrl": url }));
    assert!(received["Messages"][0]["Body"] == body.as_str());
}

#[test]
fn a_batch_of_the_largest_messages_is_told_that_it_is_too_long() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let body = "x".repeat(1 << 20);
    let entry = |id: u32| json!({ "Id": id.to_string(), "MessageBody": body });
    let entries: Vec<_> = (0..10).map(entry).collect();
    let refused = client.sqs("SendMessageBatch", &json!({ "QueueUrl": url, "Entries": entries }));
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["__type"], "com.amazonaws.sqs#BatchRequestTooLong");
}

#[test]
fn a_client_that_expects_to_be_asked_is_asked() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let (host, body) = (client.host.clone(), "{\"QueueName\":\"q\"}");
    let length = body.len();
    client.write(
        format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-amz-json-1.0\r\nexpect: 100-continue\r\n\
             x-amz-target: AmazonSQS.CreateQueue\r\ncontent-length: {length}\r\n\r\n"
        )
        .as_bytes(),
    );
    assert_eq!(client.read().unwrap().status, 100);
    client.write(body.as_bytes());
    assert_eq!(client.read().unwrap().status, 200);
}

#[test]
fn a_slow_body_is_answered_and_cut_off() {
    let launch = Launch::new(&SLOW);
    let server = launch.start();
    let mut client = server.client();
    let host = client.host.clone();
    let head = "content-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.ListQueues\r\n";
    client.write(format!("POST / HTTP/1.1\r\nhost: {host}\r\n{head}content-length: 10\r\n\r\n{{").as_bytes());
    let asked = Instant::now();
    let refused = client.read().unwrap();
    assert_eq!(refused.status, 408, "{refused:?}");
    assert_eq!(refused.json()["__type"], "com.amazon.coral.service#RequestTimeoutException");
    assert!(asked.elapsed() < SOON);
    assert!(client.read().is_err(), "the connection is closed");
}

#[test]
fn silent_and_dribbling_clients_are_closed() {
    let launch = Launch::new(&SLOW);
    let server = launch.start();
    let began = Instant::now();
    for start in ["", "P", "PRI * HTTP/2.0\r\n", "POST / HTTP/1.1\r\nhost: a\r\nx-am"] {
        let mut stream = TcpStream::connect(&server.api[0]).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        std::io::Write::write_all(&mut stream, start.as_bytes()).unwrap();
        match stream.read_to_end(&mut Vec::new()) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "after {start:?}"),
        }
    }
    assert!(began.elapsed() < 4 * SOON);
}

#[test]
fn a_long_poll_outlives_the_time_out_of_clients() {
    let launch = Launch::new(&SLOW);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let asked = Instant::now();
    let received = client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": 3 }));
    assert!(received.get("Messages").is_none());
    assert!(asked.elapsed() >= Duration::from_millis(2_900), "{:?}", asked.elapsed());
}

#[test]
fn a_connection_is_kept_and_every_answer_has_its_own_id() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let mut ids = std::collections::HashSet::new();
    for action in ["ListQueues", "Frobnicate", "ReceiveMessage", "ListQueues"] {
        let answer = client.sqs(action, &json!({}));
        let id = answer.header("x-amzn-requestid").unwrap();
        assert_eq!(id.len(), 36, "{id}");
        assert!(ids.insert(id.to_owned()));
    }
    let page = client.get("/");
    assert!(page.header("x-amzn-requestid").is_some(), "{page:?}");
}
