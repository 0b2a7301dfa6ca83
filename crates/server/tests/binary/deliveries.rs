//! Deliveries to web servers: asked, confirmed, delivered, noted, given up, and no hindrance to the end.

use crate::client::{Answer, Client};
use crate::server::{Launch, run, text};
use crate::signer::sign_form;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

/// A web server that answers by path: `/good` 200, `/bad` 400, `/stuck` never.
struct Endpoint {
    address: String,
    got: mpsc::Receiver<(String, Value)>,
}

impl Endpoint {
    fn start() -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (tell, got) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                std::thread::spawn(move || while serve(&stream, &tell).is_some() {});
            }
        });
        Endpoint { address, got }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request: the kind of message, and the body.
    fn next(&self) -> (String, Value) {
        self.got.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

fn serve(stream: &TcpStream, tell: &mpsc::Sender<(String, Value)>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let (mut kind, mut length) = (String::new(), 0);
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name {
            "x-amz-sns-message-type" => kind = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let status = match (&*path, &*kind) {
        (_, "SubscriptionConfirmation") | ("/good", _) => Some(200),
        ("/bad", _) => Some(400),
        _ => None,
    };
    // The test may be over.
    let _ = tell.send((kind, serde_json::from_slice(&body).ok()?));
    let Some(status) = status else {
        // Until the other side goes.
        let _ = reader.read(&mut [0; 1]);
        return None;
    };
    let mut stream = stream;
    stream.write_all(format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok()
}

fn sns(client: &mut Client, action: &str, parameters: &[(&str, &str)]) -> Answer {
    sns_with(client, action, parameters, |_, _| String::new())
}

/// The same, with the header lines that `sign` makes of the host and the body.
fn sns_with(
    client: &mut Client,
    action: &str,
    parameters: &[(&str, &str)],
    sign: impl Fn(&str, &str) -> String,
) -> Answer {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let mut body = format!("Action={action}&Version=2010-03-31");
    for (name, value) in parameters {
        body.push_str(&format!("&{name}={}", escape(value)));
    }
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n{}content-length: {}\
         \r\n\r\n{body}",
        client.host,
        sign(&client.host, &body),
        body.len()
    );
    client.write(request.as_bytes());
    let answer = client.read().unwrap();
    assert_eq!(answer.status, 200, "{action}: {answer:?}");
    answer
}

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:news";

/// Subscribes an endpoint, which confirms.
fn subscribe(client: &mut Client, endpoint: &Endpoint, path: &str) {
    let url = endpoint.url(path);
    sns(client, "Subscribe", &[("TopicArn", TOPIC), ("Protocol", "http"), ("Endpoint", &url)]);
    let (kind, asked) = endpoint.next();
    assert_eq!(kind, "SubscriptionConfirmation");
    let link = asked["SubscribeURL"].as_str().unwrap();
    let (_, path) = link.split_once(&client.host).unwrap();
    let path = path.to_owned();
    assert_eq!(client.get(&path).status, 200, "{link}");
}

#[test]
fn endpoints_confirm_and_get_what_is_published() {
    let launch = Launch::new(&[]).expecting("deliveries were dropped");
    let mut server = launch.start();
    let (mut client, endpoint) = (server.client(), Endpoint::start());
    let role = "arn:aws:iam::000000000000:role/feedback";
    sns(
        &mut client,
        "CreateTopic",
        &[
            ("Name", "news"),
            ("Attributes.entry.1.key", "HTTPSuccessFeedbackRoleArn"),
            ("Attributes.entry.1.value", role),
            ("Attributes.entry.2.key", "HTTPFailureFeedbackRoleArn"),
            ("Attributes.entry.2.value", role),
        ],
    );
    subscribe(&mut client, &endpoint, "/good");
    subscribe(&mut client, &endpoint, "/bad");
    sns(&mut client, "Publish", &[("TopicArn", TOPIC), ("Message", "hello")]);
    for _ in 0..2 {
        let (kind, notified) = endpoint.next();
        assert_eq!((&*kind, &notified["Message"]), ("Notification", &"hello".into()));
    }
    // What the endpoint was told is counted and noted a moment later.
    let mut admin = server.admin();
    let deliveries = loop {
        let page = admin.get("/v1/delivery-status").json();
        let deliveries = page["deliveries"].as_array().unwrap().clone();
        if deliveries.len() == 2 {
            break deliveries;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let status = |group: &str| {
        let of = deliveries.iter().find(|event| event["log_group"] == *group);
        of.map(|event| event["entry"]["status"].clone())
    };
    assert_eq!(status("sns/us-east-1/000000000000/news"), Some("SUCCESS".into()));
    assert_eq!(status("sns/us-east-1/000000000000/news/Failure"), Some("FAILURE".into()));
    let page = admin.get("/metrics").body;
    for line in [
        "postrider_endpoint_attempts_total{outcome=\"delivered\"} 3",
        "postrider_endpoint_attempts_total{outcome=\"refused\"} 1",
        "postrider_endpoint_deliveries_given_up_total{reason=\"refused\",to=\"dropped\"} 1",
        "postrider_delivery_status_lost_total 0",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line} in\n{page}");
    }
    server.terminate();
    let file = launch.data_dir().join("delivery-status/current.jsonl");
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 2);
}

/// Where callers have to say who they are, one who does not cannot have links to a host of his signed and sent.
#[test]
fn a_stranger_does_not_choose_the_host_of_links() {
    let credential = ("AKIDPOSTRIDERTEST001", "made-up-secret/for+tests");
    let flags = ["--memory", "--access-key-id", credential.0, "--delivery-allow", "127.0.0.0/8"];
    let launch = Launch::new(&flags).with_environment("POSTRIDER_SECRET_ACCESS_KEY", credential.1);
    let server = launch.start();
    let (mut client, endpoint) = (server.client(), Endpoint::start());
    let links = |kind: &str| {
        let (told, notice) = endpoint.next();
        assert_eq!(told, kind);
        ["SubscribeURL", "SigningCertURL"].map(|link| notice[link].as_str().unwrap().to_owned())
    };
    let sign = |host: &str, body: &str| sign_form(host, body, credential);
    client.host = "mq.example:4566".to_owned();
    sns_with(&mut client, "CreateTopic", &[("Name", "news")], sign);
    let url = endpoint.url("/good");
    sns_with(
        &mut client,
        "Subscribe",
        &[("TopicArn", TOPIC), ("Protocol", "http"), ("Endpoint", &url)],
        sign,
    );
    let asked = links("SubscriptionConfirmation");
    assert!(asked.iter().all(|link| link.starts_with("http://mq.example:4566/")), "{asked:?}");

    client.host = "evil.example".to_owned();
    let confirmed = client.get(asked[0].strip_prefix("http://mq.example:4566").unwrap());
    let (_, arn) = confirmed.body.split_once("<SubscriptionArn>").unwrap();
    let arn = arn.split('<').next().unwrap();
    let leave = format!("/?Action=Unsubscribe&SubscriptionArn={arn}");
    assert_eq!(client.get(&leave).status, 200);
    let own = format!("http://{}/", server.api[0]);
    let farewell = links("UnsubscribeConfirmation");
    assert!(farewell.iter().all(|link| link.starts_with(&own)), "{farewell:?}");
}

#[test]
fn an_endpoint_that_hangs_does_not_hold_up_the_end() {
    let launch = Launch::new(&[]);
    let mut server = launch.start();
    let (mut client, endpoint) = (server.client(), Endpoint::start());
    sns(&mut client, "CreateTopic", &[("Name", "news")]);
    subscribe(&mut client, &endpoint, "/stuck");
    sns(&mut client, "Publish", &[("TopicArn", TOPIC), ("Message", "hello")]);
    assert_eq!(endpoint.next().0, "Notification");
    let took = server.terminate();
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(server);
    // It is owed still, and attempted again.
    let server = launch.start();
    assert_eq!(endpoint.next().1["Message"], "hello");
    assert!(
        server.admin().get("/metrics").body.contains("postrider_endpoint_deliveries_owed{shard=\"0\"} 1\n")
    );
}

#[test]
fn settings_that_cannot_be_used_are_told() {
    for (flag, value, told) in [
        (
            "--delivery-ca-file",
            "/nowhere/ca.pem",
            "could not read /nowhere/ca.pem (setting delivery.ca_file)",
        ),
        ("--delivery-ca-file", "/dev/null", "setting delivery.ca_file"),
        ("--delivery-allow", "10.1.0.0/8", "bits set behind its prefix"),
        ("--delivery-attempts-max", "0", "delivery.attempts_max: it is between 1 and 16384"),
        ("--certificate-url", "sns.example", "certificate_url: it has to look like"),
    ] {
        let flags = ["serve", "--memory", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let output = run(&[&flags[..], &[flag, value]].concat(), &[]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(told), "{}", text(&output.stderr));
    }
}
