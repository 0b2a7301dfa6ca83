//! JSON and Query of one operation decode into the same struct, and no bytes make decoding panic.

mod support;

use postrider_wire::attribute::{Given, GivenAttributes};
use postrider_wire::operation::Status;
use postrider_wire::shape::List;
use postrider_wire::{Action, Operation, Request, Service, Text, attribute, envelope, route, sqs};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use support::{encode_form, form, golden, json_request, members, to_form};

fn any_text() -> impl Strategy<Value = Text<'static>> {
    prop_oneof![any::<String>(), "[ -~]{0,20}"].prop_map(Text::from)
}

fn name() -> impl Strategy<Value = Text<'static>> {
    "[a-zA-Z0-9_.-]{1,12}".prop_map(Text::from)
}

fn given() -> impl Strategy<Value = Given<'static>> {
    let bytes = option::of(vec(any::<u8>(), 0..20)).prop_map(|bytes| bytes.map(Into::into));
    (option::of(name()), option::of(any_text()), bytes).prop_map(|(data_type, string_value, binary_value)| {
        Given {
            // A value without any member cannot be written in Query at all, so it always has a type.
            data_type: data_type.or(Some("String".into())),
            string_value,
            binary_value,
            string_list_values: None,
            binary_list_values: None,
        }
    })
}

/// Sorted and distinct names, as the map that writes them out has them.
fn attributes() -> impl Strategy<Value = Option<GivenAttributes<'static>>> {
    let map = proptest::collection::btree_map("[a-zA-Z0-9_.-]{1,12}", given(), 1..4);
    option::of(map.prop_map(|map| map.into_iter().map(|(name, value)| (Text::from(name), value)).collect()))
}

prop_compose! {
    fn entry()(
        id in option::of(name()),
        message_body in option::of(any_text()),
        delay_seconds in option::of(any::<i64>()),
        message_attributes in attributes(),
        message_system_attributes in attributes(),
        message_group_id in option::of(any_text()),
        message_deduplication_id in option::of(any_text()),
    ) -> sqs::SendMessageBatchEntry<'static> {
        sqs::SendMessageBatchEntry {
            // As above: an entry without members cannot be written in Query.
            id: id.or(Some("x".into())),
            message_body, delay_seconds, message_attributes, message_system_attributes,
            message_group_id, message_deduplication_id,
        }
    }
}

fn texts() -> impl Strategy<Value = Option<List<Text<'static>>>> {
    option::of(vec(any_text(), 1..15).prop_map(|texts| texts.into_iter().collect()))
}

fn pairs() -> impl Strategy<Value = Option<postrider_wire::shape::Pairs<'static>>> {
    let map = proptest::collection::btree_map(any::<String>(), any_text(), 1..5);
    option::of(map.prop_map(|map| map.into_iter().map(|(name, value)| (Text::from(name), value)).collect()))
}

prop_compose! {
    fn receive()(
        queue_url in option::of(any_text()),
        attribute_names in texts(),
        message_attribute_names in texts(),
        message_system_attribute_names in texts(),
        numbers in any::<[Option<i64>; 3]>(),
        receive_request_attempt_id in option::of(any_text()),
    ) -> sqs::ReceiveMessage<'static> {
        let [max_number_of_messages, visibility_timeout, wait_time_seconds] = numbers;
        sqs::ReceiveMessage {
            queue_url, attribute_names, message_attribute_names, max_number_of_messages, visibility_timeout,
            wait_time_seconds, receive_request_attempt_id, message_system_attribute_names,
        }
    }
}

fn operation() -> impl Strategy<Value = Operation<'static>> {
    let url = || option::of(any_text());
    let send = (url(), entry()).prop_map(|(queue_url, entry)| {
        Operation::SendMessage(sqs::SendMessage {
            queue_url,
            message_body: entry.message_body,
            delay_seconds: entry.delay_seconds,
            message_attributes: entry.message_attributes,
            message_system_attributes: entry.message_system_attributes,
            message_deduplication_id: entry.message_deduplication_id,
            message_group_id: entry.message_group_id,
        })
    });
    let batch = (url(), option::of(vec(entry(), 1..12))).prop_map(|(queue_url, entries)| {
        let entries = entries.map(|entries| entries.into_iter().collect());
        Operation::SendMessageBatch(sqs::SendMessageBatch { queue_url, entries })
    });
    let create = (option::of(any_text()), pairs(), pairs()).prop_map(|(queue_name, attributes, tags)| {
        Operation::CreateQueue(sqs::CreateQueue { queue_name, attributes, tags })
    });
    let permit = (url(), option::of(any_text()), texts(), texts());
    let permit = permit.prop_map(|(queue_url, label, aws_account_ids, actions)| {
        Operation::SqsAddPermission(sqs::AddPermission { queue_url, label, aws_account_ids, actions })
    });
    let start = (url(), url(), option::of(any::<i64>())).prop_map(|(source_arn, destination_arn, rate)| {
        let max_number_of_messages_per_second = rate;
        Operation::StartMessageMoveTask(sqs::StartMessageMoveTask {
            source_arn,
            destination_arn,
            max_number_of_messages_per_second,
        })
    });
    let untag = (url(), texts())
        .prop_map(|(queue_url, tag_keys)| Operation::UntagQueue(sqs::UntagQueue { queue_url, tag_keys }));
    prop_oneof![send, batch, create, untag, permit, start, receive().prop_map(Operation::ReceiveMessage)]
}

/// Bytes that look enough like a request to get somewhere.
fn nearly_a_form() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("Action=SendMessage".to_owned()),
        "(MessageAttribute|SendMessageBatchRequestEntry|Attribute|Tag|E)(\\.[0-9]{1,12}|\\.Name|\\.Value|\\.){0,4}=[%+a-z0-9]{0,4}",
        "[ -~]{0,12}",
    ];
    vec(part, 0..12).prop_map(|parts| parts.join("&"))
}

proptest! {
    #[test]
    fn both_protocols_decode_alike(operation in operation()) {
        let model = golden("actions");
        let name = operation.action().name();
        let members = members(&operation);

        let body = members.to_string();
        let target = format!("AmazonSQS.{name}");
        let routed = json_request(&target, body.as_bytes());
        prop_assert_eq!(&routed.decode().unwrap(), &operation);

        let pairs = to_form(Service::Sqs, name, &model["services"]["sqs"]["actions"][name], &members);
        let body = encode_form(&pairs);
        let routed = route(&form(body.as_bytes()), None).unwrap();
        prop_assert_eq!(&routed.decode().unwrap(), &operation);
    }

    #[test]
    fn no_form_panics(at in 0..Action::ALL.len(), form_body in nearly_a_form(), raw in vec(any::<u8>(), 0..200)) {
        let name = Action::ALL[at].name();
        for rest in [form_body.as_bytes(), &raw] {
            let body = [format!("Action={name}&").as_bytes(), rest].concat();
            if let Ok(routed) = route(&form(&body), None) {
                judge(routed.decode());
            }
        }
    }

    #[test]
    fn no_json_panics(at in 0..Action::ALL.len(), json in "[\\[\\]{}:,\"a-zA-Z0-9. ]{0,60}", raw in vec(any::<u8>(), 0..200)) {
        let action = Action::ALL[at];
        if action.service() == Service::Sqs && action.status() == Status::Built {
            let target = format!("AmazonSQS.{}", action.name());
            for body in [json.as_bytes(), &raw] {
                judge(json_request(&target, body).decode());
            }
        }
    }

    #[test]
    fn no_request_line_panics(
        method in "GET|POST|[A-Z]{0,5}", path in "[/a-z0-9%?#:]{0,20}", query in ".{0,40}",
        content_type in option::of(".{0,20}"), target in option::of("(AmazonSQS\\.)?.{0,20}"),
    ) {
        let request = Request {
            method: &method, path: &path, query: &query, content_type: content_type.as_deref(),
            target: target.as_deref(), body: b"",
        };
        let _ = route(&request, None).map(|routed| judge(routed.decode()));
        let _ = postrider_wire::url::parse(&path);
    }

    #[test]
    fn no_structured_message_panics(message in "[\\[\\]{}:,\"\\\\a-z0-9. ]{0,60}") {
        let _ = envelope::text_for(postrider_wire::payload::Structure::Json, &message, "sqs");
    }

    #[test]
    fn no_number_panics(text in "[-+.eE0-9]{0,30}") {
        let _ = attribute::is_number(&text);
    }
}

/// Takes what was decoded one step further.
fn judge(decoded: Result<Operation<'_>, postrider_wire::Error>) {
    if let Ok(Operation::SendMessage(send)) = decoded {
        let _ = attribute::sqs(Action::SendMessage, send.message_attributes.as_ref());
        let _ = attribute::sqs_system(Action::SendMessage, send.message_system_attributes.as_ref());
        let _ = attribute::sns("", send.message_attributes.as_ref());
    }
}
