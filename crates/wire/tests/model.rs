//! The service model is the oracle of shapes: every action, member, XML name and error code that
//! `actions.json` lists is in our tables, and decodes equally from the protocols of its service.

mod support;

use postrider_wire::error::Fault;
use postrider_wire::operation::Status;
use postrider_wire::{Action, Error, ErrorKind, Operation, Protocol, Service, response, route};
use serde_json::Value;
use support::{
    encode_form, entries, example, form, golden, json_request, members, output, service_key, text, to_form,
};

const SERVICES: [Service; 2] = [Service::Sqs, Service::Sns];

/// Every action of a service that is built, with its model.
fn built(model: &Value, service: Service) -> Vec<(Action, &Value)> {
    entries(&model["services"][service_key(service)]["actions"])
        .map(|(name, model)| (Action::find(service, name).expect("every action is in the table"), model))
        .filter(|(action, _)| action.status() == Status::Built)
        .collect()
}

/// Members of an example, as the model orders them; list attributes are SQS's own, and refused later.
fn example_input(model: &Value) -> Value {
    let shape = serde_json::json!({"type": "structure", "members": model["input"]});
    example("", &shape)
}

#[test]
fn every_action_is_in_the_table_and_nothing_else() {
    let model = golden("actions");
    let mut count = 0;
    for service in SERVICES {
        for (name, action) in entries(&model["services"][service_key(service)]["actions"]) {
            let row = Action::find(service, name).unwrap_or_else(|| panic!("{name} is not in the table"));
            assert_eq!((row.name(), row.service()), (name.as_str(), service));
            assert_eq!(action["responseElement"], format!("{name}Response"));
            count += 1;
        }
    }
    assert_eq!(count, Action::ALL.len());
    assert_eq!(Action::ALL.iter().filter(|action| action.status() == Status::Built).count(), count);
    let of = |service| Action::ALL.iter().filter(move |action| action.service() == service).count();
    assert_eq!(SERVICES.map(of), [23, 42]);
}

#[test]
fn every_input_member_arrives_from_json() {
    let model = golden("actions");
    for (action, model) in built(&model, Service::Sqs) {
        let sent = example_input(model);
        let body = sent.to_string();
        let target = format!("AmazonSQS.{}", action.name());
        let routed = json_request(&target, body.as_bytes());
        assert_eq!((routed.protocol, routed.action), (Protocol::Json, action));
        assert_eq!(members(&routed.decode().unwrap()), sent, "{action:?}");
    }
}

#[test]
fn every_input_member_arrives_from_query() {
    let model = golden("actions");
    for service in SERVICES {
        for (action, model) in built(&model, service) {
            let sent = example_input(model);
            let body = encode_form(&to_form(service, action.name(), model, &sent));
            let routed = route(&form(body.as_bytes()), None).unwrap();
            assert_eq!((routed.protocol, routed.action), (Protocol::Query, action));
            assert_eq!(members(&routed.decode().unwrap()), sent, "{action:?}");
        }
    }
}

/// A member that SQS requires may be absent all the same: each is missed in an order and with an error of
/// its own, so that it is absent has to survive decoding.
#[test]
fn every_member_of_sqs_may_be_absent_from_both_protocols() {
    let model = golden("actions");
    for (action, model) in built(&model, Service::Sqs) {
        let whole = example_input(model);
        let nulls: serde_json::Map<_, _> =
            entries(&whole).map(|(name, _)| (name.clone(), Value::Null)).collect();
        let body = Value::from(nulls).to_string();
        let target = format!("AmazonSQS.{}", action.name());
        assert_eq!(members(&json_request(&target, body.as_bytes()).decode().unwrap()), serde_json::json!({}));
        for absent in whole.as_object().unwrap().keys() {
            let mut sent = whole.clone();
            sent.as_object_mut().unwrap().remove(absent);
            let body = sent.to_string();
            assert_eq!(members(&json_request(&target, body.as_bytes()).decode().unwrap()), sent);
            let body = encode_form(&to_form(Service::Sqs, action.name(), model, &sent));
            let routed = route(&form(body.as_bytes()), None).unwrap();
            assert_eq!(members(&routed.decode().unwrap()), sent, "{action:?} without {absent}");
        }
    }
}

/// Every member with every kind of JSON value: what is of the member's type is read, all else is AWS's
/// error for it, and nothing panics.
#[test]
fn a_member_of_sqs_with_a_value_of_another_type_is_malformed_input() {
    let model = golden("actions");
    let values = ["\"text\"", "7", "1.5", "true", "[]", "{}", "[[]]", "[{}]", "[7]", "{\"a\":7}"];
    for (action, model) in built(&model, Service::Sqs) {
        for (member, shape) in entries(&model["input"]) {
            for value in values {
                let body = format!("{{\"{member}\":{value}}}");
                let target = format!("AmazonSQS.{}", action.name());
                let fits = match text(&shape["type"]) {
                    "string" => value == "\"text\"",
                    "integer" => value == "7",
                    "list" if shape["member"]["type"] == "structure" => matches!(value, "[]" | "[{}]"),
                    "list" => value == "[]",
                    "map" => value == "{}",
                    other => panic!("SQS has no member of type {other}"),
                };
                match json_request(&target, body.as_bytes()).decode() {
                    Ok(_) => assert!(fits, "{action:?} takes {body}"),
                    Err(error) => {
                        assert!(!fits, "{action:?} refuses {body}");
                        assert_eq!(error.kind, ErrorKind::MalformedInput);
                    }
                }
            }
        }
    }
}

#[test]
fn system_attribute_names_come_from_either_member_and_parameter() {
    let names = |operation: &Operation<'_>| {
        let Operation::ReceiveMessage(receive) = operation else { panic!("{operation:?}") };
        receive.system_names().map(str::to_owned).collect::<Vec<_>>()
    };
    for body in [
        "Action=ReceiveMessage&Version=2012-11-05&AttributeName.1=SenderId&AttributeName.2=All",
        "Action=ReceiveMessage&Version=2012-11-05&AttributeName.1=SenderId&MessageSystemAttributeName.1=All",
    ] {
        let routed = route(&form(body.as_bytes()), None).unwrap();
        assert_eq!(names(&routed.decode().unwrap()), ["SenderId", "All"]);
    }
    let body = br#"{"AttributeNames":["SenderId"],"MessageSystemAttributeNames":["All"]}"#;
    assert_eq!(names(&json_request("AmazonSQS.ReceiveMessage", body).decode().unwrap()), ["SenderId", "All"]);
}

#[test]
fn every_output_member_is_written() {
    let model = golden("actions");
    for service in SERVICES {
        for (action, model) in built(&model, service) {
            let shape = serde_json::json!({"type": "structure", "members": model["output"]});
            let mut answer = example("", &shape);
            keep_what_is_returned(&mut answer);
            let output = output(action, &answer);
            assert_eq!(output.action(), action);
            if service == Service::Sqs {
                let written = response::encode(Protocol::Json, &output, "id").body;
                if model["resultWrapper"].is_null() {
                    assert!(written.is_empty(), "{action:?} has no output shape, so no body");
                } else {
                    assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), answer, "{action:?}");
                }
            }
            let xml = String::from_utf8(response::encode(Protocol::Query, &output, "id").body).unwrap();
            check_wrapper(&xml, action, model);
            for (member, value) in entries(&answer) {
                check_xml(&xml, service, member, value, &model["xmlOutputNames"][member]);
            }
        }
    }
}

/// Leaves out what AWS's model has and AWS never answers: lists in attribute values, a second value of one
/// attribute; and what a move task has only in some of its states.
fn keep_what_is_returned(answer: &mut Value) {
    let each = |list: &mut Value, edit: &dyn Fn(usize, &mut serde_json::Map<String, Value>)| {
        for (at, item) in list.as_array_mut().into_iter().flatten().enumerate() {
            edit(at, item.as_object_mut().expect("a structure"));
        }
    };
    if let Some(messages) = answer.get_mut("Messages") {
        each(messages, &|_, message| {
            let attributes = message["MessageAttributes"].as_object_mut().expect("a map");
            for (at, (_, value)) in attributes.iter_mut().enumerate() {
                let value = value.as_object_mut().expect("a structure");
                value.remove("StringListValues");
                value.remove("BinaryListValues");
                value.remove(if at == 0 { "StringValue" } else { "BinaryValue" });
            }
        });
    }
    if let Some(tasks) = answer.get_mut("Results") {
        each(tasks, &|at, task| {
            let (status, other_state) = [("RUNNING", "FailureReason"), ("FAILED", "TaskHandle")][at];
            task.insert("Status".to_owned(), status.into());
            task.remove(other_state);
        });
    }
}

fn check_wrapper(xml: &str, action: Action, model: &Value) {
    assert!(xml.ends_with(&format!("</{}>", text(&model["responseElement"]))), "{xml}");
    match model["resultWrapper"].as_str() {
        Some(name) => assert!(xml.contains(&format!("<{name}")), "{xml}"),
        None => assert!(!xml.contains("Result"), "{action:?} has no result: {xml}"),
    }
}

/// Every text of `value` is in the XML, inside elements with the names that the model gives.
fn check_xml(xml: &str, service: Service, member: &str, value: &Value, names: &Value) {
    let element = |name: &str| assert!(xml.contains(&format!("<{name}>")), "no <{name}> in {xml}");
    match names {
        Value::String(name) => element(name),
        Value::Array(paths) => paths.iter().flat_map(|path| text(path).split('/')).for_each(element),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            assert_eq!(service, Service::Sns, "only SNS has no XML names of its own");
            element(member);
        }
    }
    check_texts(xml, value);
}

fn check_texts(xml: &str, value: &Value) {
    match value {
        Value::Object(members) => members.values().for_each(|value| check_texts(xml, value)),
        Value::Array(items) => items.iter().for_each(|value| check_texts(xml, value)),
        Value::String(text) => {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(xml.contains(&format!(">{escaped}</")), "{escaped} is not in {xml}");
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => {
            assert!(xml.contains(&format!(">{other}</")))
        }
    }
}

/// Every error that the model lists for an operation of SQS is written with its codes in both protocols.
#[test]
fn every_error_of_every_operation_of_sqs_is_written() {
    let model = golden("actions");
    let errors = &model["services"]["sqs"]["errors"];
    let mut written = 0;
    for (action, model) in built(&model, Service::Sqs) {
        for name in model["errors"].as_array().unwrap() {
            let expected = &errors[text(name)];
            let kind = ErrorKind::ALL.iter().find(|kind| kind.codes().json_type == expected["__type"]);
            let kind = *kind.unwrap_or_else(|| panic!("{action:?} can fail with {name}"));
            let error = Error::new(kind, "some text");
            let (code, fault) = (text(&expected["queryCode"]), text(&expected["fault"]));

            let json = response::encode_error(Protocol::Json, Service::Sqs, &error, "id");
            assert_eq!(u64::from(json.status), expected["http"].as_u64().unwrap());
            assert_eq!(json.query_error, Some(&*format!("{code};{fault}")));
            let body: Value = serde_json::from_slice(&json.body).unwrap();
            assert_eq!(body, serde_json::json!({"__type": expected["__type"], "message": "some text"}));

            let xml = response::encode_error(Protocol::Query, Service::Sqs, &error, "id");
            assert_eq!((xml.status, xml.query_error), (json.status, None));
            let xml = String::from_utf8(xml.body).unwrap();
            let parts =
                format!("<Type>{fault}</Type><Code>{code}</Code><Message>some text</Message><Detail/>");
            assert!(xml.contains(&parts), "{xml}");
            written += 1;
        }
    }
    assert_eq!(written, 163);
}

/// The same for SNS, which has XML only.
#[test]
fn every_error_of_every_operation_of_sns_is_written() {
    let model = golden("actions");
    let errors = &model["services"]["sns"]["errors"];
    let mut written = 0;
    for (action, model) in built(&model, Service::Sns) {
        for name in model["errors"].as_array().unwrap() {
            let expected = &errors[text(name)];
            let (code, fault) = (text(&expected["code"]), text(&expected["fault"]));
            let is_kind = |kind: &&ErrorKind| kind.codes().json_type.is_empty() && kind.codes().query == code;
            let kind = ErrorKind::ALL.iter().find(is_kind);
            let kind = *kind.unwrap_or_else(|| panic!("{action:?} can fail with {name}"));
            let error = Error::new(kind, "some text");
            let xml = response::encode_error(Protocol::Query, Service::Sns, &error, "id");
            assert_eq!((u64::from(xml.status), xml.query_error), (expected["http"].as_u64().unwrap(), None));
            let expected = format!(
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>{fault}</Type>\
                 <Code>{code}</Code><Message>some text</Message></Error><RequestId>id</RequestId></ErrorResponse>"
            );
            assert_eq!(String::from_utf8(xml.body).unwrap(), expected);
            written += 1;
        }
    }
    assert_eq!(written, 226);
}

/// SNS misses a required member before it looks at anything else, and AWS's text names it.
#[test]
fn every_required_member_of_sns_is_missed() {
    let model = golden("actions");
    let mut missed = 0;
    for (action, model) in built(&model, Service::Sns) {
        for member in model["required"].as_array().unwrap() {
            let mut sent = example_input(model);
            sent.as_object_mut().unwrap().remove(text(member));
            let body = encode_form(&to_form(Service::Sns, action.name(), model, &sent));
            let error = route(&form(body.as_bytes()), None).unwrap().decode().unwrap_err();
            let path = format!("{}{}", text(member)[..1].to_lowercase(), &text(member)[1..]);
            assert_eq!(error, postrider_wire::error::sns::null_member(&path), "{action:?}");
            missed += 1;
        }
    }
    assert_eq!(missed, 52);
}

/// And the others may be absent.
#[test]
fn every_other_member_of_sns_may_be_absent() {
    let model = golden("actions");
    for (action, model) in built(&model, Service::Sns) {
        for absent in example_input(model).as_object().unwrap().keys() {
            if model["required"].as_array().unwrap().iter().any(|required| required == absent) {
                continue;
            }
            let mut sent = example_input(model);
            sent.as_object_mut().unwrap().remove(absent);
            let body = encode_form(&to_form(Service::Sns, action.name(), model, &sent));
            let routed = route(&form(body.as_bytes()), None).unwrap();
            assert_eq!(members(&routed.decode().unwrap()), sent, "{action:?} without {absent}");
        }
    }
}

#[test]
fn every_error_of_the_model_is_in_the_table() {
    let model = golden("actions");
    let fault = |model: &Value| if model["fault"] == "Receiver" { Fault::Receiver } else { Fault::Sender };
    let all = || ErrorKind::ALL.iter().map(|kind| kind.codes());
    for (name, error) in entries(&model["services"]["sqs"]["errors"]) {
        let row = all().find(|row| row.json_type == error["__type"]).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(row.query, error["queryCode"], "{name}");
        assert_eq!(
            (u64::from(row.status), row.fault),
            (error["http"].as_u64().unwrap(), fault(error)),
            "{name}"
        );
    }
    for (name, error) in entries(&model["services"]["sns"]["errors"]) {
        let is_row =
            |row: &postrider_wire::error::Codes| row.json_type.is_empty() && row.query == error["code"];
        let row = all().find(is_row).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(
            (u64::from(row.status), row.fault),
            (error["http"].as_u64().unwrap(), fault(error)),
            "{name}"
        );
    }
}
