//! The golden deliveries: exact text, string to sign, and the raw form.

use serde_json::Value as Json;

use super::http::{CONTENT_TYPE_DEFAULT, Form, Headers};
use super::*;
use crate::attribute::Value;
use crate::digest;
use crate::payload::Structure;

const SERVICE: &str = "http://mq.example.test:4100";
const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:news";
const TIMESTAMP: &str = "2026-01-02T03:04:05.678Z";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const MESSAGE: &str = "price {\"eur\":12.5}\nnext line";

fn case(id: &str) -> Json {
    let path = format!("{}/../../tests/golden/deliveries.json", env!("CARGO_MANIFEST_DIR"));
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone()
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn attributes() -> Vec<Attribute<'static>> {
    vec![
        Attribute { name: "kind".into(), data_type: "String".into(), value: Value::Text("invoice".into()) },
        Attribute { name: "raw".into(), data_type: "Binary".into(), value: Value::Binary((&[2, 3]).into()) },
        Attribute {
            name: "ids".into(),
            data_type: "String.Array".into(),
            value: Value::Text("[\"a\",1,true]".into()),
        },
    ]
}

/// The signature that a golden envelope has; we do not make signatures here.
fn signature(body: &str) -> Signature<'_> {
    let value = body.split("\"Signature\" : \"").nth(1).unwrap().split('"').next().unwrap();
    let version = body.split("\"SignatureVersion\" : \"").nth(1).unwrap().split('"').next().unwrap();
    Signature { version: SignatureVersion::parse(version).unwrap(), value, key_id: KEY, certificates: None }
}

#[test]
fn notifications_are_the_golden_ones() {
    let attributes = attributes();
    let first = "arn:aws:sns:us-east-1:210987654321:news:5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11";
    let second = "arn:aws:sns:us-east-1:210987654321:news:9b7e6f10-22aa-4f0d-8a51-1d2c3b4a5f60";
    let full = Notification {
        message_id: "a4f2d0c4-9a55-5f0e-8a53-8f5f3cf2a101",
        sequence_number: None,
        topic_arn: TOPIC,
        subject: Some("Price \"update\""),
        message: MESSAGE,
        timestamp: TIMESTAMP,
        service_url: SERVICE,
        subscription_arn: first,
        attributes: &attributes,
        origin: Origin::Live,
    };
    let plain = Notification { subject: None, attributes: &[], ..full };
    for (id, notification) in [
        ("sqs-envelope-v1", full),
        ("sqs-envelope-v2", plain),
        ("http-notification", Notification { subscription_arn: second, ..full }),
    ] {
        let case = case(id);
        let body = case["sqsMessage"]["Body"].as_str().or_else(|| case["request"]["body"].as_str()).unwrap();
        assert_eq!(notification.string_to_sign(), text(&case["stringToSign"]), "{id}");
        let rendered = notification.render(Some(signature(body)));
        assert_eq!(rendered, body, "{id}");
        if id == "http-notification" {
            check_headers(id, &notification.headers(Form::Envelope, CONTENT_TYPE_DEFAULT));
            check_headers("http-notification-raw", &notification.headers(Form::Raw, "application/json"));
        }
        if let Some(md5) = case["sqsMessage"]["MD5OfBody"].as_str() {
            assert_eq!(digest::body(&rendered).to_string(), md5, "{id}");
        }
    }
}

#[test]
fn a_fifo_notification_is_not_signed() {
    let case = case("fifo-envelope");
    let topic = "arn:aws:sns:us-east-1:210987654321:news.fifo";
    let subscription = "arn:aws:sns:us-east-1:210987654321:news.fifo:5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11";
    let notification = Notification {
        message_id: "a4f2d0c4-9a55-5f0e-8a53-8f5f3cf2a101",
        sequence_number: Some("10000000000000003000"),
        topic_arn: topic,
        subject: None,
        message: "step one",
        timestamp: TIMESTAMP,
        service_url: SERVICE,
        subscription_arn: subscription,
        attributes: &[],
        origin: Origin::Live,
    };
    assert_eq!(notification.render(None), text(&case["sqsMessage"]["Body"]));
}

#[test]
fn confirmations_are_the_golden_ones() {
    for (id, kind) in [
        ("http-subscription-confirmation", ConfirmationKind::Subscription),
        ("http-unsubscribe-confirmation", ConfirmationKind::Unsubscribe),
    ] {
        let case = case(id);
        let body = text(&case["request"]["body"]);
        let confirmation = Confirmation {
            kind,
            message_id: "c3d7a1f0-55aa-4b6c-9d10-7e8f9a0b1c2d",
            token: "2336412f37fb687f5d51e6e2425a8a5872f0a1b2c3d4e5f60718293a4b5c6d7e",
            topic_arn: TOPIC,
            subscription_arn: "arn:aws:sns:us-east-1:210987654321:news:9b7e6f10-22aa-4f0d-8a51-1d2c3b4a5f60",
            timestamp: TIMESTAMP,
            service_url: SERVICE,
        };
        assert_eq!(confirmation.string_to_sign(), text(&case["stringToSign"]), "{id}");
        assert_eq!(confirmation.render(signature(body)), body, "{id}");
        check_headers(id, &confirmation.headers());
    }
}

/// The golden headers but those that the sender of a request makes itself.
fn check_headers(id: &str, headers: &Headers<'_>) {
    let golden = case(id)["request"].clone();
    let mut theirs: Vec<_> = golden["headers"].as_object().unwrap().iter().collect();
    theirs.retain(|(name, _)| !matches!(name.as_str(), "Host" | "Content-Length"));
    let mut ours: Vec<_> = headers.iter().collect();
    let mut theirs: Vec<_> = theirs.into_iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs, "{id}");
    let length = text(&golden["headers"]["Content-Length"]);
    assert_eq!(text(&golden["body"]).len().to_string(), length, "{id}");
}

#[test]
fn a_replayed_notification_says_so_and_is_the_same_otherwise() {
    let live = Notification {
        message_id: "m",
        sequence_number: Some("10000000000000000001"),
        topic_arn: "t",
        subject: None,
        message: "x",
        timestamp: TIMESTAMP,
        service_url: "u",
        subscription_arn: "s",
        attributes: &attributes(),
        origin: Origin::Live,
    };
    let replayed = Notification { origin: Origin::Archive, ..live };
    let mut parsed: Json = serde_json::from_str(&replayed.render(None)).unwrap();
    assert_eq!(parsed.as_object_mut().unwrap().remove("Replayed"), Some("true".into()));
    assert_eq!(parsed, serde_json::from_str::<Json>(&live.render(None)).unwrap());
    assert_eq!(replayed.string_to_sign(), live.string_to_sign());
}

#[test]
fn a_raw_delivery_is_the_text_and_the_attributes() {
    let case = case("sqs-raw");
    let golden = &case["sqsMessage"];
    let body = text_for(Structure::Text, MESSAGE, "sqs").unwrap();
    assert_eq!(body, text(&golden["Body"]));
    assert_eq!(digest::body(&body).to_string(), text(&golden["MD5OfBody"]));
    let md5 = digest::attributes(&attributes()).unwrap();
    assert_eq!(md5.to_string(), text(&golden["MD5OfMessageAttributes"]));
}

#[test]
fn an_envelope_is_json_whatever_it_carries() {
    let message = "\u{0}\u{1f}\"\\/\u{2028}é\u{FFFF}";
    let odd = [Attribute {
        name: "a\"b".into(),
        data_type: "String.\\".into(),
        value: Value::Text(message.into()),
    }];
    let notification = Notification {
        message_id: "m",
        sequence_number: None,
        topic_arn: "t",
        subject: Some(message),
        message,
        timestamp: "now",
        service_url: "u",
        subscription_arn: "s",
        attributes: &odd,
        origin: Origin::Live,
    };
    let parsed: Json = serde_json::from_str(&notification.render(None)).unwrap();
    assert_eq!((text(&parsed["Message"]), text(&parsed["Subject"])), (message, message));
    assert_eq!(text(&parsed["MessageAttributes"]["a\"b"]["Value"]), message);
}

#[test]
fn timestamps() {
    for (ms, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_767_323_045_678, TIMESTAMP),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] {
        assert_eq!(timestamp(ms), text);
    }
}

#[test]
fn each_protocol_gets_its_text() {
    let message =
        r#"{"default":"d","sqs":"first","sqs":"caf\u00e9","http":5,"lambda":{"a":["}"]},"odd":null}"#;
    let chosen = |protocol| text_for(Structure::Json, message, protocol).unwrap();
    assert_eq!(chosen("sqs"), "café");
    for protocol in ["http", "lambda", "odd", "email", "default"] {
        assert_eq!(chosen(protocol), "d", "{protocol}");
    }
}

#[test]
fn structured_messages_need_a_default_text() {
    let says = |message| text_for(Structure::Json, message, "sqs").unwrap_err();
    use crate::error::sns;
    for message in [r#"{"sqs":"x"}"#, r#"{"default":5}"#, r#"{"default":"x","default":null}"#, "{}"] {
        assert_eq!(says(message), sns::no_default_entry(), "{message}");
    }
    for message in ["", "x", "[]", "\"x\"", "5", "{", r#"{"default":"x"} y"#, r#"{"default":"x","a":}"#] {
        assert_eq!(says(message), sns::message_not_json(), "{message}");
    }
}

#[test]
fn timestamps_are_read_back() {
    for day in 0..60_000 {
        let ms = day * 86_400_000 + day * 7_919 % 86_400_000;
        assert_eq!(parse_timestamp(&timestamp(ms)), Some(ms));
    }
    for (text, ms) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-02T03:04:05Z", 1_767_323_045_000),
        ("2026-01-02T03:04:05.6Z", 1_767_323_045_600),
        ("2026-01-02T03:04:05.678999999Z", 1_767_323_045_678),
    ] {
        assert_eq!(parse_timestamp(text), Some(ms), "{text}");
    }
    for text in [
        "",
        "Z",
        "now",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02 03:04:05Z",
        "2026-1-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:00Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.éZ",
        "2026-01-02T03:04:05.1234567890Z",
        "2026-01-02T03:04Z",
        "2026-01-02-03T03:04:05Z",
        "1969-12-31T23:59:59Z",
        "+026-01-02T03:04:05Z",
    ] {
        assert_eq!(parse_timestamp(text), None, "{text}");
    }
}

#[test]
fn tokens_carry_bytes_and_are_told_from_other_texts() {
    let payload: Vec<u8> = (0..40).collect();
    let token = Token::new(&payload).unwrap();
    let text = token.to_string();
    assert!(text.starts_with("2336412f37000102") && text.len() == 90, "{text}");
    assert_eq!(Token::parse(&text).unwrap().payload(), payload);
    for flaw in
        ["", "randomtoken", "token", &text.to_uppercase(), &"a".repeat(31), &"a".repeat(513), "2336412f37"]
    {
        assert_eq!(Token::parse(flaw), Err(TokenFlaw::Malformed), "{flaw}");
    }
    let of_another = text.replacen("23", "24", 1);
    for unknown in [&*of_another, &text[..text.len() - 1], &"a".repeat(512)] {
        assert_eq!(Token::parse(unknown), Err(TokenFlaw::Unknown), "{unknown}");
    }
    // The tokens of the golden files have the form.
    for golden in ["2336412f37fb687f5d51e6e2425a8a5872", &"2336412f37fb687f".repeat(4)] {
        assert!(Token::parse(golden).is_ok(), "{golden}");
    }
    assert_eq!((Token::new(&[0; 10]), Token::new(&[0; 252])), (None, None));
    for length in [11, 251] {
        let token = Token::new(&vec![7; length]).unwrap();
        assert_eq!(Token::parse(&token.to_string()), Ok(token));
    }
}

#[test]
fn the_texts_of_several_protocols_are_those_of_each() {
    let message = r#"{"default":"d","sqs":"q\u00e4","http":1,"sqs":"last"}"#;
    let protocols = ["sqs", "http", "lambda"];
    let each = protocols.map(|protocol| text_for(Structure::Json, message, protocol).unwrap());
    assert_eq!(texts_for(message, &protocols).unwrap(), each);
    assert_eq!(each, ["last", "d", "d"]);
    assert_eq!(texts_for("{}", &protocols), Err(crate::error::sns::no_default_entry()));
    assert_eq!(texts_for("x", &protocols), Err(crate::error::sns::message_not_json()));
}
