//! What rendering does with payloads that are not as they should be, and what an administrator sees.

use super::*;
use postrider_core::Reply;
use postrider_core::Timestamp;
use postrider_core::body::{Body, Place};
use postrider_core::event::{Occasion, Receives};
use postrider_core::id::{DedupKey, GroupKey, Uuid};
use postrider_core::outbox::Published;
use postrider_core::reply::Content;
use postrider_core::topic::subscription::{Protocol, Rendition};
use postrider_log::Log as _;
use postrider_log::memory::MemoryLog;
use postrider_wire::payload::{Publication, Structure};
use std::error::Error as _;
use std::sync::OnceLock;

const SUBSCRIPTION: Uuid = Uuid(7);

/// One key is enough for all tests: making it takes a while.
static SIGNING: OnceLock<Signing> = OnceLock::new();

fn body(payload: &[u8]) -> Body {
    Body { place: Place::default(), size: 3, resident: Some(Arc::from(payload)) }
}

fn delivery(content: Content) -> Delivery {
    let receives = Receives { count: 2, first_at: Timestamp(5), last_at: Timestamp(6) };
    let message = Peeked {
        number: 3,
        id: Uuid(9),
        sent_at: Timestamp(4),
        visible_at: Timestamp(8),
        place: postrider_core::reply::Where::InFlight,
        receives,
        source: Some(queue("source")),
        group: Some(GroupKey::of("g")),
        content,
    };
    Delivery { receipt: [0; postrider_core::queue::receipt::BYTES], message }
}

fn queue(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "000000000000", name)
}

fn copy(form: Form, payload: &[u8]) -> Content {
    Content::Copy {
        published: Published {
            message_id: Uuid(1),
            topic: Arn::of("aws", "sns", "us-east-1", "000000000000", "t"),
            published_at: Timestamp(2),
            group: None,
            fifo: None,
            occasion: Occasion::Published,
        },
        subscription: SUBSCRIPTION,
        rendition: Rendition::of_queue(form),
        body: body(payload),
    }
}

fn answer() -> Answer {
    Answer::new(Ok(Reply::Done), &*MemoryLog::new(1 << 20, 1 << 20).reader())
}

fn publication(structure: Structure, message: &str) -> Vec<u8> {
    let publication = Publication {
        deduplication_id: None,
        service_url: "http://h",
        signing_key_id: None,
        signature_version: postrider_wire::envelope::SignatureVersion::V1,
        trace_header: None,
        subject: Some("s"),
        structure,
        group_id: Some("g"),
        attributes: Vec::new(),
        message,
    };
    publication.encode()
}

async fn rendered(delivery: &Delivery) -> Result<String, Undeliverable> {
    let signing = SIGNING.get_or_init(|| Signing::start(None).unwrap().0);
    let queue = queue("q");
    let wanted = Wanted { queue: &queue, system: SystemSelection::all(), attributes: Selection::new(None) };
    let parcel = Courier::default().open(signing, &answer(), &delivery.message).await?;
    parcel.render(delivery, &wanted).map(|message| message.body.into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_payloads_are_errors() {
    for payload in [&b""[..], b"\xff", b"\x01\x05\xff", b"\x01"] {
        let own = delivery(Content::Own(body(payload)));
        assert!(matches!(rendered(&own).await, Err(Undeliverable::Damaged(_))));
        for form in [Form::Raw, Form::Envelope] {
            let fault = rendered(&delivery(copy(form, payload))).await.unwrap_err();
            assert!(fault.source().is_some(), "{fault}");
        }
    }
    let unstructured = publication(Structure::Json, "no json");
    let fault = rendered(&delivery(copy(Form::Raw, &unstructured))).await.unwrap_err();
    assert!(matches!(fault, Undeliverable::Unstructured(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_the_log_does_not_have_is_an_error() {
    let mut lost = delivery(Content::Own(body(b"")));
    lost.message.content = Content::Own(Body { resident: None, ..body(b"") });
    assert!(matches!(rendered(&lost).await, Err(Undeliverable::Unreadable(_))));
    assert!(matches!(peeked(&answer(), &lost.message), Err(Undeliverable::Unreadable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_without_a_key_has_no_signature() {
    let text = rendered(&delivery(copy(Form::Envelope, &publication(Structure::Text, "m")))).await.unwrap();
    assert!(text.contains("\"Message\" : \"m\"") && !text.contains("Signature"), "{text}");
}

/// A dead-letter queue has what the endpoint would have got, signed for what it says.
#[tokio::test(flavor = "multi_thread")]
async fn each_protocol_has_its_own_text_and_signature() {
    let structured = publication(Structure::Json, r#"{"default":"d","sqs":"q","https":"h"}"#);
    let signed =
        Publication { signing_key_id: Some("k"), ..Publication::decode(&structured).unwrap() }.encode();
    let (courier, queue) = (Courier::default(), queue("q"));
    let signing = SIGNING.get_or_init(|| Signing::start(None).unwrap().0);
    let wanted = Wanted { queue: &queue, system: SystemSelection::all(), attributes: Selection::new(None) };
    let mut signatures = std::collections::BTreeSet::new();
    for (protocol, text) in [(Protocol::Sqs, "q"), (Protocol::Https, "h"), (Protocol::Lambda, "d")] {
        let mut content = copy(Form::Envelope, &signed);
        if let Content::Copy { rendition, .. } = &mut content {
            rendition.protocol = protocol;
        }
        let delivery = delivery(content);
        let parcel = courier.open(signing, &answer(), &delivery.message).await.unwrap();
        let body = parcel.render(&delivery, &wanted).unwrap().body.into_owned();
        let envelope: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(envelope["Message"], text);
        signatures.insert(envelope["Signature"].to_string());
    }
    assert_eq!(signatures.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_from_an_archive_says_so() {
    let mut content = copy(Form::Envelope, &publication(Structure::Text, "m"));
    let Content::Copy { published, .. } = &mut content else { panic!() };
    published.occasion = Occasion::Replayed;
    published.fifo = Some(postrider_core::event::Fifo { sequence: 3, dedup: DedupKey::of("d") });
    let text = rendered(&delivery(content)).await.unwrap();
    assert!(text.contains("\"Replayed\" : \"true\""), "{text}");
    assert!(text.contains("\"SequenceNumber\" : \"10000000000000000003\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_is_shown_without_its_token() {
    let notice = postrider_wire::payload::Notice {
        kind: postrider_wire::envelope::ConfirmationKind::Subscription,
        service_url: "http://h",
        signing_key_id: "k",
        signature_version: postrider_wire::envelope::SignatureVersion::V2,
        token: "2336",
    };
    let mut content = copy(Form::Envelope, &notice.encode());
    let Content::Copy { published, .. } = &mut content else { panic!() };
    published.occasion = Occasion::Notice;
    let delivery = delivery(content);
    let text = rendered(&delivery).await.unwrap();
    assert!(text.contains("\"Token\" : \"2336\"") && text.contains("\"SignatureVersion\" : \"2\""), "{text}");
    let shown = peeked(&answer(), &delivery.message).unwrap();
    assert!(shown.body.starts_with("You have chosen to subscribe") && !shown.body.contains("2336"));
}

#[tokio::test(flavor = "multi_thread")]
async fn system_attributes_are_those_that_the_queue_and_the_message_have() {
    let own = Message {
        sender_id: "A",
        trace_header: Some("t"),
        body_md5: digest::body("b"),
        group_id: Some("g"),
        deduplication_id: Some("d"),
        attributes: Vec::new(),
        body: "b",
    };
    let shown = async |content: Content, name: &str| {
        let delivery = delivery(content);
        let signing = SIGNING.get_or_init(|| Signing::start(None).unwrap().0);
        let parcel = Courier::default().open(signing, &answer(), &delivery.message).await.unwrap();
        let queue = queue(name);
        let wanted =
            Wanted { queue: &queue, system: SystemSelection::all(), attributes: Selection::new(None) };
        let shown = parcel.render(&delivery, &wanted).unwrap().attributes;
        shown.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    let counted = ["SentTimestamp=4", "ApproximateReceiveCount=2", "ApproximateFirstReceiveTimestamp=5"];
    let source = "DeadLetterQueueSourceArn=arn:aws:sqs:us-east-1:000000000000:source";
    let fifo = shown(Content::Own(body(&own.encode())), "q.fifo").await;
    let numbered = "SequenceNumber=18800000000000000003";
    let ids = ["MessageGroupId=g", "MessageDeduplicationId=d", "AWSTraceHeader=t", source];
    assert_eq!(fifo, [&["SenderId=A"], &counted[..], &[numbered], &ids].concat());
    let standard = Message { deduplication_id: None, ..own };
    let standard = shown(Content::Own(body(&standard.encode())), "q").await;
    let ids = ["MessageGroupId=g", "AWSTraceHeader=t", source];
    assert_eq!(standard, [&["SenderId=A"], &counted[..], &ids].concat());
    let copied = shown(copy(Form::Raw, &publication(Structure::Text, "m")), "q").await;
    let sender = format!("SenderId={SNS_SENDER_ID}");
    assert_eq!(copied, [&[&*sender], &counted[..], &["MessageGroupId=g", source]].concat());
}

#[test]
fn an_administrator_sees_plain_values() {
    let structured = publication(Structure::Json, r#"{"default":"d","sqs":"q"}"#);
    let shown = peeked(&answer(), &delivery(copy(Form::Envelope, &structured)).message).unwrap();
    assert_eq!((&*shown.body, shown.number, shown.receive_count, shown.size), ("q", 3, 2, 3));
    assert_eq!(shown.first_received_at_ms, Some(5));
    assert_eq!(shown.group_id.as_deref(), Some("g"));
    assert_eq!(shown.dead_letter_source, Some(queue("source").to_string()));
    let publication = shown.publication.unwrap();
    assert_eq!(publication.form, "envelope");
    assert_eq!(publication.subject.as_deref(), Some("s"));
    assert_eq!(publication.subscription, format!("arn:aws:sns:us-east-1:000000000000:t:{SUBSCRIPTION}"));
}
