//! Ending: promptly, in order, with status 0.

use crate::client::Client;
use crate::server::Launch;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn parked_long_polls_are_answered_and_do_not_hold_up_the_end() {
    let launch = Launch::new(&[]);
    let mut server = launch.start();
    let url = server.client().queue("q");
    let mut parked = server.client();
    parked.start_sqs("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": 20 }), "");
    wait_for_parked(&server, 1);
    // An idle connection and a half-sent head hold up nobody either.
    let _idle = server.client();
    let took = server.terminate();
    assert!(took < Duration::from_secs(3), "{took:?}");
    let answer = parked.read().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"), "{answer:?}");
    assert!(launch.log().contains("closed"), "{}", launch.log());
}

#[test]
fn an_interrupt_ends_it_too_and_nothing_is_lost() {
    let launch = Launch::new(&[]);
    let mut server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "kept" }));
    server.signal("-INT");
    assert!(server.wait().success());
    drop(server);
    let server = launch.start();
    let received = server.client().ok("ReceiveMessage", &json!({ "QueueUrl": url }));
    assert_eq!(received["Messages"][0]["Body"], "kept");
}

#[test]
fn a_server_that_drains_is_not_ready() {
    let launch =
        Launch::new(&["--memory", "--client-timeout-s", "4"]).expecting("some clients did not finish");
    let mut server = launch.start();
    let mut admin = server.admin();
    assert_eq!(admin.get("/readyz").status, 200);
    // A body that does not arrive keeps the drain waiting.
    let mut slow = server.client();
    begin_a_body(&mut slow);
    server.signal("-TERM");
    let deadline = Instant::now() + Duration::from_secs(3);
    loop {
        let ready = admin.get("/readyz");
        if ready.status == 503 {
            assert_eq!(ready.body, "draining\n");
            break;
        }
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(admin.get("/healthz").status, 200);
    assert!(std::net::TcpStream::connect(&server.api[0]).is_err(), "it accepts no more");
    assert!(server.wait().success());
}

#[test]
fn a_second_signal_ends_at_once() {
    let launch = Launch::new(&["--memory"]);
    let mut server = launch.start();
    let mut slow = server.client();
    begin_a_body(&mut slow);
    let asked = Instant::now();
    server.signal("-TERM");
    while !launch.log().contains("draining") {
        std::thread::sleep(Duration::from_millis(5));
    }
    server.signal("-TERM");
    assert!(server.wait().success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

/// Begins a request whose body never arrives; comes back when the server waits for that.
fn begin_a_body(client: &mut Client) {
    client.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    assert_eq!(client.read().unwrap().status, 100);
}

/// Waits until so many receives wait.
fn wait_for_parked(server: &crate::server::Server<'_>, count: u64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut admin = server.admin();
    let expected = format!("postrider_long_polls{{shard=\"0\"}} {count}\n");
    while !admin.get("/metrics").body.contains(&expected) {
        assert!(Instant::now() < deadline, "no receive was parked");
        std::thread::sleep(Duration::from_millis(10));
    }
}
