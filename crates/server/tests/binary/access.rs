//! Signatures, where there are credentials.

use crate::client::Answer;
use crate::server::{Launch, Server};
use crate::signer::sign;
use serde_json::{Value, json};

const ID: &str = "AKIDPOSTRIDERTEST001";
const SECRET: &str = "made-up-secret/for+tests";

fn closed() -> Launch {
    Launch::new(&["--memory", "--account", "123456789012"])
        .with_environment("POSTRIDER_ACCESS_KEY_ID", ID)
        .with_environment("POSTRIDER_SECRET_ACCESS_KEY", SECRET)
}

fn ask(server: &Server<'_>, credential: (&str, &str), action: &str, input: &Value) -> Answer {
    let mut client = server.client();
    let signature = sign(&client.host, action, input, credential);
    client.start_sqs(action, input, &signature);
    client.read().unwrap()
}

fn assert_refused(answer: &Answer, status: u16, json_type: &str, query_error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["__type"], json_type, "{answer:?}");
    assert_eq!(answer.header("x-amzn-query-error"), Some(query_error));
    assert!(answer.header("x-amzn-requestid").is_some());
}

#[test]
fn a_good_signature_is_let_in_and_its_account_owns_the_queue() {
    let launch = closed();
    let server = launch.start();
    let made = ask(&server, (ID, SECRET), "CreateQueue", &json!({ "QueueName": "q" }));
    assert_eq!(made.status, 200, "{made:?}");
    assert!(made.json()["QueueUrl"].as_str().unwrap().ends_with("/123456789012/q"));
}

#[test]
fn a_wrong_signature_is_refused() {
    let launch = closed();
    let server = launch.start();
    let refused = ask(&server, (ID, "wrong"), "ListQueues", &json!({}));
    let json_type = "com.amazon.coral.service#InvalidSignatureException";
    assert_refused(&refused, 403, json_type, "SignatureDoesNotMatch;Sender");
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("The request signature we calculated does not match the signature you provided.")
    );
}

#[test]
fn an_unknown_key_is_refused() {
    let launch = closed();
    let server = launch.start();
    let refused = ask(&server, ("AKIDNOBODY", SECRET), "ListQueues", &json!({}));
    let json_type = "com.amazon.coral.service#UnrecognizedClientException";
    assert_refused(&refused, 403, json_type, "InvalidClientTokenId;Sender");
    assert_eq!(refused.json()["message"], "The security token included in the request is invalid.");
}

#[test]
fn an_unsigned_request_is_refused() {
    let launch = closed();
    let server = launch.start();
    let refused = server.client().sqs("ListQueues", &json!({}));
    let json_type = "com.amazon.coral.service#AccessDeniedException";
    assert_refused(&refused, 403, json_type, "AccessDenied;Sender");

    let mut client = server.client();
    let (host, body) = (client.host.clone(), "Action=ListTopics&Version=2010-03-31");
    client.write(
        format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    );
    let refused = client.read().unwrap();
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("<Code>MissingAuthenticationToken</Code>"), "{refused:?}");
    assert!(refused.body.contains(refused.header("x-amzn-requestid").unwrap()));
}

#[test]
fn half_an_authorization_is_refused() {
    let launch = closed();
    let server = launch.start();
    let mut client = server.client();
    client.start_sqs("ListQueues", &json!({}), "authorization: AWS4-HMAC-SHA256 Credential=A\r\n");
    let json_type = "com.amazon.coral.service#IncompleteSignatureException";
    assert_refused(&client.read().unwrap(), 400, json_type, "IncompleteSignature;Sender");
}

/// While any signature is accepted, a page that somebody opens in a browser may not ask in their place.
#[test]
fn a_page_of_another_site_is_refused_in_open_mode() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let ask = |header: &str| {
        let mut client = server.client();
        let host = client.host.clone();
        let head = format!("GET /?Action=ListTopics&Version=2010-03-31 HTTP/1.1\r\nhost: {host}\r\n");
        client.write(format!("{head}{}\r\n", header.replace("HOST", &host)).as_bytes());
        client.read().unwrap()
    };
    for foreign in ["sec-fetch-site: cross-site\r\n", "origin: http://example.test\r\n", "origin: null\r\n"] {
        let refused = ask(foreign);
        assert_eq!(refused.status, 403, "{foreign}");
        assert!(refused.body.contains("<Code>AccessDenied</Code>"), "{refused:?}");
    }
    for own in ["", "sec-fetch-site: none\r\n", "origin: http://HOST\r\n"] {
        assert_eq!(ask(own).status, 200, "{own}");
    }
}
