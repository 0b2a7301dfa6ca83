//! Attempts at small servers on loopback that behave in every way an endpoint may.

mod endpoints;
mod secure;
mod server;

use super::*;
use crate::egress::Loopback;
use server::{Server, Step};
use tokio::io::AsyncReadExt as _;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn bounds() -> Bounds {
    // Shorter than AWS's, so that a test of a time-out does not take 15 s.
    Bounds { attempt: Duration::from_secs(2), answer: Duration::from_millis(200), ..Bounds::default() }
}

fn sender() -> Sender {
    let open = Egress::new(Vec::new(), Loopback::Allowed);
    Sender::new(open, Trust::new(None).unwrap(), bounds())
}

fn attempt(url: &str) -> Attempt<'_> {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-sns-message-type", HeaderValue::from_static("Notification"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    Attempt { url, headers, body: Bytes::from_static(b"{\"Type\":1}") }
}

#[tokio::test]
async fn a_post_is_what_was_asked_for() {
    let server = Server::start(vec![vec![Step::Answer(OK)]]).await;
    let sender = sender();
    let outcome = sender.send(&attempt(&format!("http://{}/in/box?a=%20b#part", server.address))).await;
    assert_eq!(outcome.status(), Some(200));
    assert_eq!(outcome.class(), Class::Delivered);
    assert_eq!(outcome.detail, "ok");
    assert!(outcome.dwell_ms < 2_000);
    let request = server.request().await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_ascii_lowercase).collect();
    assert_eq!(lines.remove(0), "post /in/box?a=%20b http/1.1");
    lines.sort();
    assert_eq!(
        lines,
        [
            "connection: keep-alive".to_owned(),
            "content-length: 10".to_owned(),
            "content-type: text/plain; charset=utf-8".to_owned(),
            format!("host: {}", server.address),
            "x-amz-sns-message-type: notification".to_owned(),
        ]
    );
    assert_eq!(body, "{\"Type\":1}");
}

#[tokio::test]
async fn a_status_tells_the_class() {
    // The rule of sns 10; redirects are not followed (sns 9).
    for (status, class) in [
        (200, Class::Delivered),
        (201, Class::Delivered),
        (204, Class::Delivered),
        (299, Class::Delivered),
        (301, Class::Permanent),
        (302, Class::Permanent),
        (304, Class::Permanent),
        (307, Class::Permanent),
        (400, Class::Permanent),
        (401, Class::Permanent),
        (403, Class::Permanent),
        (404, Class::Permanent),
        (408, Class::Permanent),
        (410, Class::Permanent),
        (413, Class::Permanent),
        (428, Class::Permanent),
        (429, Class::Retryable),
        (430, Class::Permanent),
        (499, Class::Permanent),
        (500, Class::Retryable),
        (501, Class::Retryable),
        (503, Class::Retryable),
        (599, Class::Retryable),
        (600, Class::Retryable),
        (999, Class::Retryable),
    ] {
        let answer =
            format!("HTTP/1.1 {status} So\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        let server = Server::start(vec![vec![Step::Answer(answer.leak())]]).await;
        let outcome = sender().send(&attempt(&server.url())).await;
        assert_eq!(outcome.ending, Ending::Answered(status));
        assert_eq!(outcome.class(), class, "{status}");
        assert_eq!(server.connections(), 1);
    }
    assert_eq!(Ending::Answered(101).class(), Class::Retryable);
    for ending in [
        Ending::Unresolved,
        Ending::Unreachable,
        Ending::Untrusted,
        Ending::Closed,
        Ending::Garbled,
        Ending::TimedOut,
    ] {
        assert_eq!(ending.class(), Class::Retryable);
        assert_eq!(ending.status(), None);
    }
    assert_eq!(Ending::Malformed.class(), Class::Permanent);
    assert_eq!(Ending::Forbidden.class(), Class::Permanent);
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_apart() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    for (url, ending) in [
        (closed.as_str(), Ending::Unreachable),
        ("http://no-such-host.invalid/", Ending::Unresolved),
        ("http://10.1.2.3/", Ending::Forbidden),
        ("http://169.254.169.254/latest/meta-data/", Ending::Forbidden),
        ("http://[::ffff:169.254.169.254]/", Ending::Forbidden),
        ("http://0.0.0.0/", Ending::Forbidden),
        ("http://2130706433/", Ending::Malformed),
        ("ftp://127.0.0.1/", Ending::Malformed),
        ("nonsense", Ending::Malformed),
    ] {
        let outcome = sender().send(&attempt(url)).await;
        assert_eq!(outcome.ending, ending, "{url}: {}", outcome.detail);
        assert!(!outcome.detail.is_empty());
    }
}

#[tokio::test]
async fn a_name_is_judged_by_the_addresses_that_it_has() {
    let server = Server::start(vec![vec![Step::Answer(OK)]]).await;
    let url = format!("http://localhost:{}/", server.address.port());
    let strict = Sender::new(Egress::default(), Trust::new(None).unwrap(), bounds());
    let outcome = strict.send(&attempt(&url)).await;
    assert_eq!(outcome.ending, Ending::Forbidden, "{}", outcome.detail);
    assert_eq!(server.connections(), 0);
    // `localhost` may be ::1 too, where nobody listens: then the next address is tried.
    assert_eq!(sender().send(&attempt(&url)).await.status(), Some(200));
    let named = Egress::new(vec!["127.0.0.1".parse().unwrap()], Loopback::Refused);
    let named = Sender::new(named, Trust::new(None).unwrap(), bounds());
    let server = Server::start(vec![vec![Step::Answer(OK)]]).await;
    let url = format!("http://localhost:{}/", server.address.port());
    assert_eq!(named.send(&attempt(&url)).await.status(), Some(200));
}

#[tokio::test]
async fn an_endpoint_that_says_nothing_costs_the_attempts_time_and_its_connection() {
    let server = Server::start(vec![vec![Step::Silence]]).await;
    let outcome = sender().send(&attempt(&server.url())).await;
    assert_eq!(outcome.ending, Ending::TimedOut, "{}", outcome.detail);
    assert!((2_000..2_900).contains(&outcome.dwell_ms), "{}", outcome.dwell_ms);
    server.closed().await;
}

#[tokio::test]
async fn a_dropped_attempt_closes_its_connection() {
    let server = Server::start(vec![vec![Step::Silence]]).await;
    let sender = sender();
    let url = server.url();
    let to_send = attempt(&url);
    tokio::select! {
        outcome = sender.send(&to_send) => panic!("{outcome:?}"),
        request = server.request() => assert!(request.starts_with("POST / ")),
    }
    server.closed().await;
}

#[tokio::test]
async fn an_endpoint_that_does_not_even_read_loses_its_connection_too() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // More than the buffers of both sides take.
    let large = Attempt { body: Bytes::from(vec![b'x'; 32 << 20]), ..attempt(&url) };
    let sender = sender();
    let (outcome, accepted) = tokio::join!(sender.send(&large), listener.accept());
    assert_eq!(outcome.ending, Ending::TimedOut);
    // What was under way still arrives; nothing is sent any more.
    let (mut stream, _) = accepted.unwrap();
    let mut got = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut got)).await.unwrap();
    assert!(end.is_err() || got.len() < large.body.len(), "{}", got.len());
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let server =
        Server::start(vec![vec![Step::Endless("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789abcdef\r\n")]])
            .await;
    let outcome = sender().send(&attempt(&server.url())).await;
    assert_eq!(outcome.ending, Ending::Garbled, "{}", outcome.detail);
    server.closed().await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off_and_its_status_counts() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let server = Server::start(vec![vec![Step::Endless(head, "more and more\n")]]).await;
    let sender = sender();
    let outcome = sender.send(&attempt(&server.url())).await;
    assert_eq!(outcome.status(), Some(200));
    assert_eq!(outcome.detail.len(), 4 << 10);
    assert!(outcome.detail.starts_with("more and more more"));
    assert_eq!(sender.pool.len(), 0);
    server.closed().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let answer = "HTTP/1.1 204 OK\r\nContent-Length: 5\r\n\r\n";
    let slow = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal";
    let server =
        Server::start(vec![vec![Step::Answer(slow), Step::Silence], vec![Step::Answer(answer)]]).await;
    let sender = sender();
    let outcome = sender.send(&attempt(&server.url())).await;
    assert_eq!((outcome.status(), outcome.detail.as_str()), (Some(200), "hal"));
    assert!((200..1_500).contains(&outcome.dwell_ms), "{}", outcome.dwell_ms);
    assert_eq!(sender.pool.len(), 0);
    server.closed().await;
}

#[tokio::test]
async fn other_talk_than_http_is_told_apart_from_a_lost_connection() {
    let server = Server::start(vec![vec![Step::Answer("SSH-2.0-OpenSSH\r\n\r\n")], vec![Step::Close]]).await;
    let sender = sender();
    assert_eq!(sender.send(&attempt(&server.url())).await.ending, Ending::Garbled);
    assert_eq!(sender.send(&attempt(&server.url())).await.ending, Ending::Closed);
}

#[tokio::test]
async fn an_answer_is_printable() {
    let answer = "HTTP/1.1 500 Oh\r\nContent-Length: 13\r\n\r\na\nb\x1b[31m\tcd\u{e9}";
    let packed = "HTTP/1.1 500 Oh\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x0b";
    let server = Server::start(vec![vec![Step::Answer(answer), Step::Answer(packed)]]).await;
    let sender = sender();
    assert_eq!(sender.send(&attempt(&server.url())).await.detail, "a b [31m cd\u{e9}");
    assert_eq!(sender.send(&attempt(&server.url())).await.detail, "");
}

#[tokio::test]
async fn a_connection_serves_one_attempt_after_another() {
    let server = Server::start(vec![vec![Step::Answer(OK), Step::Answer(OK), Step::Answer(OK)]]).await;
    let sender = sender();
    for _ in 0..3 {
        assert_eq!(sender.send(&attempt(&server.url())).await.status(), Some(200));
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(sender.pool.len(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_no_attempt() {
    // The second connection shows the nasty case: it is closed upon the second request, without an answer.
    let server = Server::start(vec![
        vec![Step::Answer(OK), Step::Hang],
        vec![Step::Answer(OK), Step::Close],
        vec![Step::Answer(OK)],
    ])
    .await;
    let sender = sender();
    assert_eq!(sender.send(&attempt(&server.url())).await.status(), Some(200));
    server.closed().await;
    assert_eq!(sender.send(&attempt(&server.url())).await.status(), Some(200));
    assert_eq!(sender.send(&attempt(&server.url())).await.status(), Some(200));
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn idle_connections_are_few_and_not_for_long() {
    let answers = || vec![Step::Answer(OK)];
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(Server::start(vec![answers(), answers(), answers()]).await);
    }
    let few = Bounds { idle_max: 3, idle_per_endpoint_max: 2, idle: Duration::from_millis(300), ..bounds() };
    let open = Egress::new(Vec::new(), Loopback::Allowed);
    let sender = Sender::new(open, Trust::new(None).unwrap(), few);
    let url = servers[0].url();
    let one = attempt(&url);
    let (a, b, c) = tokio::join!(sender.send(&one), sender.send(&one), sender.send(&one));
    assert_eq!([a.status(), b.status(), c.status()], [Some(200); 3]);
    assert_eq!(servers[0].connections(), 3);
    assert_eq!(sender.pool.len(), 2);
    for server in &servers[1..] {
        assert_eq!(sender.send(&attempt(&server.url())).await.status(), Some(200));
    }
    assert_eq!(sender.pool.len(), 3);
    for _ in 0..3 {
        servers[0].closed().await;
    }
    for server in &servers[1..] {
        server.closed().await;
    }
    assert_eq!(sender.pool.len(), 0);
}

#[tokio::test]
async fn credentials_are_given_to_who_asks_for_them() {
    let basic = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    let digest = "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
    for (challenge, scheme) in
        [(basic, "Basic bWU6c2U6Y3JAdA=="), (digest, "Digest username=\"me\", realm=\"x\"")]
    {
        let server = Server::start(vec![vec![Step::Answer(challenge), Step::Answer(OK)]]).await;
        let url = format!("http://me:se%3Acr%40t@{}/p", server.address);
        let outcome = sender().send(&attempt(&url)).await;
        assert_eq!(outcome.status(), Some(200));
        let first = server.request().await;
        assert!(!first.to_ascii_lowercase().contains("authorization"), "{first}");
        assert!(!first.contains("se%3A"), "{first}");
        let second = server.request().await;
        assert!(second.contains(&format!("authorization: {scheme}")), "{second}");
        assert!(second.ends_with("{\"Type\":1}"));
        assert_eq!(server.connections(), 1);
    }
    let server = Server::start(vec![vec![Step::Answer(basic), Step::Answer(basic)]]).await;
    let outcome = sender().send(&attempt(&format!("http://me:wrong@{}/", server.address))).await;
    assert_eq!((outcome.status(), outcome.class()), (Some(401), Class::Permanent));
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let server = Server::start(vec![vec![Step::Answer(OK)]]).await;
    let url = server.url();
    let large = Attempt { body: Bytes::from("x".repeat(1 << 20)), ..attempt(&url) };
    assert_eq!(sender().send(&large).await.status(), Some(200));
    let request = server.request().await;
    assert_eq!(request.split_once("\r\n\r\n").unwrap().1.len(), 1 << 20);
}
