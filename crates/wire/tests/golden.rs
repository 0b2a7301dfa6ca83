//! The golden exchanges: requests as SDKs write them decode into what they mean, and the answers that
//! we encode are the ones that SDKs were seen to read.

mod support;

use postrider_wire::error::{common, sns, sqs};
use postrider_wire::operation::Status;
use postrider_wire::{Action, Error, ErrorKind, Protocol, Request, Service, response, route};
use serde_json::Value;
use support::{entries, golden, members, output, service_key, text, to_form};

const FILES: [(&str, Service, Protocol); 3] = [
    ("sqs-json", Service::Sqs, Protocol::Json),
    ("sqs-query", Service::Sqs, Protocol::Query),
    ("sns", Service::Sns, Protocol::Query),
];

fn action_of(service: Service, case: &Value) -> Action {
    Action::find(service, text(&case["action"])).expect("a known action")
}

fn header<'v>(message: &'v Value, name: &str) -> Option<&'v str> {
    entries(&message["headers"]).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| text(value))
}

#[test]
fn requests_decode_into_what_they_mean() {
    let model = golden("actions");
    let mut decoded = 0;
    for (file, service, protocol) in FILES {
        let file = golden(file);
        for case in file["cases"].as_array().unwrap() {
            let sent = &case["request"];
            let body = sent["body"].as_str().map_or_else(|| sent["body"].to_string(), str::to_owned);
            let request = Request {
                method: text(&sent["method"]),
                path: text(&sent["path"]),
                query: "",
                content_type: header(sent, "Content-Type"),
                target: header(sent, "X-Amz-Target"),
                body: body.as_bytes(),
            };
            let action = action_of(service, case);
            let routed = route(&request, None);
            if action.status() == Status::Planned {
                assert_eq!(routed.unwrap_err().error.kind, ErrorKind::UnknownOperation);
                continue;
            }
            let routed = routed.unwrap();
            assert_eq!((routed.action, routed.protocol), (action, protocol));
            let members = members(&routed.decode().unwrap());
            let action = &model["services"][service_key(service)]["actions"][action.name()];
            match protocol {
                Protocol::Json => assert_eq!(members, sent["body"], "{}", case["id"]),
                Protocol::Query => {
                    // List positions follow the order of the JSON map, so only values are comparable.
                    let again = to_form(service, text(&case["action"]), action, &members);
                    let mut again: Vec<_> = again.into_iter().map(|(_, value)| value).collect();
                    let mut sent: Vec<_> =
                        entries(&sent["form"]).map(|(_, value)| text(value).to_owned()).collect();
                    again.sort();
                    sent.sort();
                    assert_eq!(again, sent, "{}", case["id"]);
                }
            }
            decoded += 1;
        }
    }
    assert_eq!(decoded, 57);
}

/// The error that each failing exchange shows, by its constructor.
fn error_of(id: &str, protocol: Protocol, message: &str) -> Error {
    let denied = |service, user_action: &str, resource: &str| {
        let reason = format!("because no identity-based policy allows the {user_action} action");
        let name = user_action.split(':').nth(1).expect("a prefix");
        let name = if service == Service::Sqs { "SendMessage" } else { name };
        common::not_authorized(service, "arn:aws:iam::210987654321:user/reader", name, resource, &reason)
    };
    match id {
        "create-queue-conflict" => sqs::queue_name_exists("VisibilityTimeout"),
        "get-queue-url-missing" | "missing-queue" => sqs::queue_does_not_exist(protocol),
        "set-attributes-unknown" => sqs::unknown_attribute("Colour"),
        "send-empty" => {
            postrider_wire::sqs::required(Some(&"".into()), "MessageBody").expect_err("it is empty")
        }
        "send-bad-chars" => sqs::invalid_message_contents(),
        "send-fifo-no-group" => {
            postrider_wire::sqs::required(None, "MessageGroupId").expect_err("it is absent")
        }
        "send-batch-same-ids" => sqs::entry_id_repeated("a"),
        "receive-too-many" => sqs::max_number_of_messages(11, 10),
        "delete-garbage" => sqs::receipt_handle_is_invalid("garbage"),
        "cancel-move-unknown" => sqs::move_task_missing(),
        "purge-twice" => sqs::purge_in_progress("orders"),
        "send-denied" => denied(Service::Sqs, "sqs:sendmessage", "arn:aws:sqs:us-east-1:210987654321:orders"),
        "topic-missing" => sns::topic_does_not_exist(),
        "topic-bad-arn" => sns::bad_arn("TopicArn", 1),
        "subscribe-bad-filter" => {
            let what = message.strip_prefix("Invalid parameter: Attributes Reason: ").expect("the prefix");
            sns::subscription_attribute(sns::SetBy::Subscribe, what)
        }
        "publish-no-default" => sns::no_default_entry(),
        "publish-batch-too-many" => sns::too_many_entries(),
        "publish-denied" => denied(Service::Sns, "SNS:Publish", "arn:aws:sns:us-east-1:210987654321:news"),
        other => panic!("{other} is not listed"),
    }
}

/// Quotes may be escaped or not in XML text; nothing else may differ.
fn canonical(xml: &str) -> String {
    xml.replace("&quot;", "\"")
}

/// XML does not order map entries, and neither does the JSON value that the answer is made from.
fn sorted_elements(xml: &str) -> Vec<String> {
    let mut parts: Vec<_> = canonical(xml).split('<').map(str::to_owned).collect();
    parts.sort();
    parts
}

#[test]
fn answers_are_what_sdks_read() {
    let mut checked = 0;
    for (file, service, protocol) in FILES {
        let file = golden(file);
        for case in file["cases"].as_array().unwrap() {
            let action = action_of(service, case);
            if action.status() == Status::Planned {
                continue;
            }
            let golden = &case["response"];
            let id = header(golden, "x-amzn-RequestId").unwrap();
            let message = case["sdkParses"]["Error"]["Message"].as_str();
            let ours = match message {
                Some(message) => {
                    let error = error_of(text(&case["id"]), protocol, message);
                    response::encode_error(protocol, service, &error, id)
                }
                None => response::encode(protocol, &output(action, &case["sdkParses"]), id),
            };
            assert_eq!(u64::from(ours.status), golden["status"].as_u64().unwrap(), "{}", case["id"]);
            check_headers(&ours, golden);
            check_body(&ours.body, &golden["body"], protocol, &case["id"]);
            checked += 1;
        }
    }
    assert_eq!(checked, 57);
}

fn check_headers(ours: &response::Response<'_>, golden: &Value) {
    let mut theirs: Vec<_> = entries(&golden["headers"])
        .map(|(name, value)| (name.to_lowercase(), text(value).to_owned()))
        .collect();
    let mut ours: Vec<_> =
        ours.headers().map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
}

fn check_body(ours: &[u8], golden: &Value, protocol: Protocol, id: &Value) {
    match (protocol, golden.as_str()) {
        (Protocol::Json, Some(text)) => assert_eq!(ours, text.as_bytes(), "{id}"),
        (Protocol::Json, None) => {
            assert_eq!(serde_json::from_slice::<Value>(ours).expect("JSON"), *golden, "{id}")
        }
        (Protocol::Query, Some(xml)) => {
            let ours = std::str::from_utf8(ours).expect("UTF-8");
            assert_eq!(sorted_elements(ours), sorted_elements(xml), "{id}");
            // Where the answer has no map, order is checked too.
            if !xml.contains("Attribute") {
                assert_eq!(canonical(ours), canonical(xml), "{id}");
            }
        }
        (Protocol::Query, None) => panic!("{id} has no body"),
    }
}

#[test]
fn an_xml_answer_with_maps_is_exactly_the_golden_one() {
    use postrider_wire::attribute::{Attribute, Value as AttributeValue};
    use postrider_wire::digest::{attributes, body};
    use postrider_wire::{Output, sqs};

    let attribute = |name: &'static str, data_type: &'static str, value: AttributeValue<'static>| Attribute {
        name: name.into(),
        data_type: data_type.into(),
        value,
    };
    let message_attributes = vec![
        attribute("kind", "String", AttributeValue::Text("invoice".into())),
        attribute("amount", "Number", AttributeValue::Text("12.50".into())),
        attribute("stamp", "Binary", AttributeValue::Binary((&[0, 1, 254, 255]).into())),
    ];
    let text_of_body = "a<b & \"c\"\r";
    let output = Output::ReceiveMessage(sqs::ReceiveMessageOutput {
        messages: vec![sqs::ReceivedMessage {
            message_id: "0f6f1c1e-3b52-4e9b-9f0a-6a1d0a6b7c01".into(),
            receipt_handle: "AQEBc2FtcGxlLWhhbmRsZS0x".into(),
            md5_of_body: body(text_of_body),
            body: text_of_body.into(),
            attributes: vec![
                ("SenderId".into(), "AIDAMADEUPUSERID0001".into()),
                ("SentTimestamp".into(), "1767225700123".into()),
            ],
            md5_of_attributes: attributes(&message_attributes),
            message_attributes,
        }],
    });
    let file = golden("sqs-query");
    let case = file["cases"].as_array().unwrap().iter().find(|case| case["id"] == "receive").unwrap();
    let ours = response::encode(Protocol::Query, &output, "7d0b6c3e-1f52-5b9a-8c44-2f6f0f9be001");
    assert_eq!(String::from_utf8(ours.body).unwrap(), text(&case["response"]["body"]));
}
