//! Queue URLs, as clients see them: from the host that they used, through proxies, or as configured; and the
//! region that a request means (sqs 3).

use crate::client::{Answer, Client};
use crate::server::{Launch, run, text};
use crate::signer::sign;
use serde_json::{Value, json};

fn url_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["QueueUrl"].as_str().unwrap().to_owned()
}

/// Makes a queue with these header lines, and says its URL.
fn made(client: &mut Client, name: &str, more: &str) -> String {
    url_of(&client.sqs_with("CreateQueue", &json!({ "QueueName": name }), more))
}

/// Header lines that claim a signature in a region, for a server that checks none.
fn claims(region: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{region}/sqs/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    )
}

fn arn(client: &mut Client, url: &str, more: &str) -> Answer {
    client.sqs_with("GetQueueAttributes", &json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] }), more)
}

fn assert_missing(answer: &Answer) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.json()["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
}

const FORWARDED: &str = "x-forwarded-host: evil.example, mq.example\r\nx-forwarded-proto: https\r\n";

#[test]
fn a_url_has_the_host_that_the_client_used() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    for host in ["localhost:4566", "mq.example", "[::1]:4566"] {
        client.host = host.to_owned();
        let url = made(&mut client, "q", "");
        assert_eq!(url, format!("http://{host}/000000000000/q"));
        let sent = client.sqs("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "m" }));
        assert_eq!(sent.status, 200, "{sent:?}");
    }
    client.host = "no/authority".to_owned();
    assert_eq!(made(&mut client, "q", ""), format!("http://{}/000000000000/q", server.api[0]));
}

#[test]
fn strangers_cannot_forward() {
    for flags in [&["--memory"][..], &["--memory", "--trusted-proxies", "192.0.2.0/24,::1"]] {
        let launch = Launch::new(flags);
        let server = launch.start();
        let url = made(&mut server.client(), "q", FORWARDED);
        assert_eq!(url, format!("http://{}/000000000000/q", server.api[0]));
    }
}

#[test]
fn a_trusted_proxy_says_how_the_client_came() {
    let launch = Launch::new(&["--memory", "--trusted-proxies", "192.0.2.1,127.0.0.0/8"]);
    let server = launch.start();
    let mut client = server.client();
    assert_eq!(made(&mut client, "q", FORWARDED), "https://mq.example/000000000000/q");
    let port = format!("{FORWARDED}x-forwarded-port: 8443\r\n");
    assert_eq!(made(&mut client, "q", &port), "https://mq.example:8443/000000000000/q");
    let proto = "x-forwarded-proto: https\r\n";
    assert_eq!(made(&mut client, "q", proto), format!("https://{}/000000000000/q", server.api[0]));
    assert_eq!(made(&mut client, "q", ""), format!("http://{}/000000000000/q", server.api[0]));
}

/// A client signs the host that it used; a proxy may have put its own in the place.
#[test]
fn a_signature_for_the_host_in_front_of_a_trusted_proxy_is_good() {
    let (id, secret) = ("AKIDPOSTRIDERTEST001", "made-up-secret/for+tests");
    let closed = |trusted: &str| {
        Launch::new(&["--memory", "--access-key-id", id, "--trusted-proxies", trusted])
            .with_environment("POSTRIDER_SECRET_ACCESS_KEY", secret)
    };
    let input = json!({ "QueueName": "q" });
    let signed = |host: &str, key: &str| {
        format!("{}x-forwarded-host: mq.example\r\n", sign(host, "CreateQueue", &input, (id, key)))
    };
    let launch = closed("127.0.0.1");
    let server = launch.start();
    let mut client = server.client();
    let url = url_of(&client.sqs_with("CreateQueue", &input, &signed("mq.example", secret)));
    assert_eq!(url, "http://mq.example/000000000000/q");
    let own = client.host.clone();
    assert_eq!(client.sqs_with("CreateQueue", &input, &signed(&own, secret)).status, 200);
    assert_eq!(client.sqs_with("CreateQueue", &input, &signed("mq.example", "wrong")).status, 403);
    assert_eq!(client.sqs_with("CreateQueue", &input, &signed("other.example", secret)).status, 403);

    let launch = closed("192.0.2.1");
    let server = launch.start();
    let refused = server.client().sqs_with("CreateQueue", &input, &signed("mq.example", secret));
    assert_eq!(refused.status, 403, "{refused:?}");
}

#[test]
fn a_template_names_region_account_and_queue() {
    let template = "http://sqs.{region}.example.internal:4566/{account}/{name}";
    let launch = Launch::new(&["--memory", "--url", template, "--trusted-proxies", "127.0.0.1"]);
    let server = launch.start();
    let mut client = server.client();
    let more = format!("{}{FORWARDED}", claims("eu-west-1").replace("test/", "123456789012/"));
    let url = made(&mut client, "q", &more);
    assert_eq!(url, "http://sqs.eu-west-1.example.internal:4566/123456789012/q");
    let listed = client.sqs_with("ListQueues", &json!({}), &more).json();
    assert_eq!(listed["QueueUrls"], json!([url]));
    // The URL is good without a signature, too: its host says which region is meant.
    assert_eq!(
        arn(&mut client, &url, "").json()["Attributes"]["QueueArn"],
        "arn:aws:sqs:eu-west-1:123456789012:q"
    );
}

#[test]
fn a_base_url_is_followed_by_account_and_name() {
    let launch = Launch::new(&["--memory", "--url", "https://mq.example/below/"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    assert_eq!(url, "https://mq.example/below/000000000000/q");
    client.ok("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "m" }));
}

#[test]
fn what_cannot_be_configured_is_refused_by_name() {
    for (flag, value, expected) in [
        ("--url", "http://mq.example/{name}", "url: {name} can only be at the end, as /{account}/{name}"),
        ("--url", "http://{zone}.example", "url: the names in braces are {region}, {account}, and {name}"),
        ("--url", "mq.example", "url: it has to look like http://sqs.example:4566"),
        ("--region", "US East", "region: a region looks like us-east-1"),
        ("--trusted-proxies", "10.0.0.0/33", "10.0.0.0/33 is no address such as 192.0.2.7 and no network"),
        ("--trusted-proxies", "proxy.example", "proxy.example is no address such as"),
    ] {
        let refused = run(&["config", flag, value], &[]);
        assert!(!refused.status.success(), "{flag} {value}");
        let told = text(&refused.stderr);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn regions_are_apart_on_one_endpoint() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let (east, west) = (claims("us-east-1"), claims("eu-west-1"));
    let url = made(&mut client, "q", &east);
    assert_eq!(made(&mut client, "q", &west), url, "one endpoint, one URL");
    let region = |client: &mut Client, more: &str| {
        arn(client, &url, more).json()["Attributes"]["QueueArn"].as_str().unwrap().to_owned()
    };
    assert_eq!(region(&mut client, &east), "arn:aws:sqs:us-east-1:000000000000:q");
    assert_eq!(region(&mut client, &west), "arn:aws:sqs:eu-west-1:000000000000:q");
    let input = json!({ "QueueUrl": url, "MessageBody": "east" });
    assert_eq!(client.sqs_with("SendMessage", &input, &east).status, 200);
    let received = |client: &mut Client, more: &str| {
        client.sqs_with("ReceiveMessage", &json!({ "QueueUrl": url }), more).json()["Messages"].clone()
    };
    assert_eq!(received(&mut client, &west), Value::Null);
    assert_eq!(received(&mut client, &east)[0]["Body"], "east");
    assert_missing(&arn(&mut client, &url, &claims("ap-south-1")));
}

#[test]
fn who_does_not_sign_means_the_region_of_the_host_or_the_configured_one() {
    let launch = Launch::new(&["--memory", "--region", "eu-north-1"]);
    let server = launch.start();
    let mut client = server.client();
    let local = client.queue("q");
    let of = |client: &mut Client, url: &str, more: &str| {
        let answer = arn(client, url, more);
        answer.json()["Attributes"]["QueueArn"].as_str().unwrap_or("missing").to_owned()
    };
    assert_eq!(of(&mut client, &local, ""), "arn:aws:sqs:eu-north-1:000000000000:q");

    for host in ["sqs.eu-west-1.localhost:4566", "eu-west-1.queue.localhost"] {
        client.host = host.to_owned();
        let url = made(&mut client, "q", "");
        assert_eq!(url, format!("http://{host}/000000000000/q"));
        assert_eq!(of(&mut client, &url, ""), "arn:aws:sqs:eu-west-1:000000000000:q");
        // The URL says it, too, whatever host it is sent to; and a signature goes before it.
        client.host = "sqs.example:1".to_owned();
        assert_eq!(of(&mut client, &url, ""), "arn:aws:sqs:eu-west-1:000000000000:q");
        assert_eq!(of(&mut client, &url, &claims("eu-north-1")), "arn:aws:sqs:eu-north-1:000000000000:q");
    }
    // A host that only begins like one of AWS names no region.
    assert_eq!(
        of(&mut client, "http://sqs.example.com/000000000000/q", ""),
        "arn:aws:sqs:eu-north-1:000000000000:q"
    );
}

#[test]
fn a_url_may_be_asked_for_at_any_path() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let (one, two) = (client.queue("one"), client.queue("two"));
    for path in ["/", "/000000000000/one", "/000000000000/missing", "/anything/at/all"] {
        let asked = client.get(&format!("{path}?Action=GetQueueUrl&Version=2012-11-05&QueueName=two"));
        assert_eq!(asked.status, 200, "{asked:?}");
        assert!(asked.body.contains(&format!("<QueueUrl>{two}</QueueUrl>")), "{path}: {asked:?}");
    }
    assert_ne!(one, two);
}

#[test]
fn links_of_notifications_are_below_the_same_base() {
    let launch = Launch::new(&["--memory", "--trusted-proxies", "127.0.0.1"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let mut ask = |query: &str, more: &str| {
        let answer = client.fetch(&format!("/?Version=2010-03-31&{query}"), more);
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    let topic = "arn:aws:sns:us-east-1:000000000000:t";
    ask("Action=CreateTopic&Name=t", "");
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    ask(&format!("Action=Subscribe&TopicArn={topic}&Protocol=sqs&Endpoint={queue}"), "");
    ask(&format!("Action=Publish&TopicArn={topic}&Message=m"), FORWARDED);
    let received = client.ok("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": 5 }));
    let envelope: Value = serde_json::from_str(received["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    for link in ["SigningCertURL", "UnsubscribeURL"] {
        assert!(envelope[link].as_str().unwrap().starts_with("https://mq.example/"), "{envelope}");
    }
}
