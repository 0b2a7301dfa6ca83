//! Golden bytes, never to be regenerated, and what a reader makes of other bytes.

use proptest::prelude::*;

use super::*;
use crate::digest;
use crate::envelope::ConfirmationKind;

fn attributes() -> Vec<Attribute<'static>> {
    vec![
        Attribute { name: "k".into(), data_type: "String".into(), value: Value::Text("v".into()) },
        Attribute { name: "b".into(), data_type: "Binary".into(), value: Value::Binary((&[0, 255]).into()) },
    ]
}

fn message() -> Message<'static> {
    Message {
        sender_id: "AID",
        trace_header: Some("Root=1"),
        body_md5: digest::body("hi"),
        group_id: None,
        deduplication_id: None,
        attributes: attributes(),
        body: "hi",
    }
}

fn publication() -> Publication<'static> {
    Publication {
        service_url: "http://h",
        signing_key_id: Some("0a"),
        signature_version: SignatureVersion::V2,
        trace_header: None,
        subject: Some("s"),
        structure: Structure::Json,
        group_id: None,
        deduplication_id: None,
        attributes: attributes(),
        message: "{}",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ATTRIBUTES: [&str; 2] = ["0e01016b0206537472696e67030176", "0f010162020642696e617279040200ff"];

#[test]
fn the_bytes_of_a_message() {
    let [text, binary] = ATTRIBUTES;
    let golden = format!(
        "01 0103414944 0206526f6f743d31 031049f68a5c8493ec2c0bf489821c21fc3b 04{text} 04{binary} 05026869"
    )
    .replace(' ', "");
    assert_eq!(hex(&message().encode()), golden);
    assert_eq!(Message::decode(&message().encode()), Ok(message()));
}

#[test]
fn the_bytes_of_a_publication() {
    let [text, binary] = ATTRIBUTES;
    let golden =
        format!("01 0108687474703a2f2f68 02023061 030132 050173 06046a736f6e 07{text} 07{binary} 08027b7d")
            .replace(' ', "");
    assert_eq!(hex(&publication().encode()), golden);
    assert_eq!(Publication::decode(&publication().encode()), Ok(publication()));
}

#[test]
fn the_bytes_of_groups_and_deduplication_ids() {
    let message = Message { group_id: Some("g"), deduplication_id: Some("d1"), ..message() };
    let [text, binary] = ATTRIBUTES;
    let golden = format!(
        "01 0103414944 0206526f6f743d31 031049f68a5c8493ec2c0bf489821c21fc3b 060167 07026431 04{text} 04{binary} \
         05026869"
    )
    .replace(' ', "");
    assert_eq!(hex(&message.encode()), golden);
    assert_eq!(Message::decode(&message.encode()), Ok(message));

    let publication = Publication { group_id: Some("g"), ..publication() };
    let golden = format!(
        "01 0108687474703a2f2f68 02023061 030132 050173 06046a736f6e 090167 07{text} 07{binary} 08027b7d"
    )
    .replace(' ', "");
    assert_eq!(hex(&publication.encode()), golden);
    assert_eq!(Publication::decode(&publication.encode()), Ok(publication.clone()));

    let publication = Publication { deduplication_id: Some("d1"), ..publication };
    let golden = format!(
        "01 0108687474703a2f2f68 02023061 030132 050173 06046a736f6e 090167 0a026431 07{text} 07{binary} 08027b7d"
    )
    .replace(' ', "");
    assert_eq!(hex(&publication.encode()), golden);
    assert_eq!(Publication::decode(&publication.encode()), Ok(publication));
}

#[test]
fn the_bytes_of_a_notice() {
    let notice = |kind| Notice {
        kind,
        service_url: "http://h",
        signing_key_id: "0a",
        signature_version: SignatureVersion::V1,
        token: "2336",
    };
    for (kind, name) in [
        (ConfirmationKind::Subscription, "20 09 737562736372696265"),
        (ConfirmationKind::Unsubscribe, "20 0b 756e737562736372696265"),
    ] {
        let golden = format!("01 0108687474703a2f2f68 02023061 030131 {name} 2104 32333336").replace(' ', "");
        let bytes = notice(kind).encode();
        assert_eq!(hex(&bytes), golden);
        assert_eq!(Notice::decode(&bytes), Ok(notice(kind)));
        for end in 0..bytes.len() {
            assert!(Notice::decode(&bytes[..end]).is_err(), "{end}");
        }
        assert_eq!(Publication::decode(&bytes), Err(Damaged("no message")));
    }
    assert_eq!(Notice::decode(&publication().encode()), Err(Damaged("no kind of confirmation")));
}

#[test]
fn unknown_fields_are_skipped_and_unknown_versions_refused() {
    let mut bytes = message().encode();
    bytes.extend([200, 3, 1, 2, 3]);
    assert_eq!(Message::decode(&bytes), Ok(message()));
    bytes[0] = 2;
    assert_eq!(Message::decode(&bytes), Err(Damaged("an unknown version")));
    assert_eq!(Message::decode(&[]), Err(Damaged("empty")));
    assert_eq!(Message::decode(&[1]), Err(Damaged("no sender id")));
}

#[test]
fn a_cut_payload_is_never_taken_for_a_whole_one() {
    let message = Message { group_id: Some("g"), deduplication_id: Some("d"), ..message() }.encode();
    let publication =
        Publication { group_id: Some("g"), deduplication_id: Some("d"), ..publication() }.encode();
    for end in 0..message.len() {
        assert!(Message::decode(&message[..end]).is_err(), "{end}");
    }
    for end in 0..publication.len() {
        assert!(Publication::decode(&publication[..end]).is_err(), "{end}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_payload_or_damaged(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut bytes = bytes;
        bytes.insert(0, VERSION);
        let _ = Message::decode(&bytes);
        let _ = Publication::decode(&bytes);
        let _ = Notice::decode(&bytes);
    }

    #[test]
    fn what_is_stored_is_read_back(
        body in "\\PC{0,300}", name in "[a-z]{1,5}", bytes in any::<Vec<u8>>(),
        group in proptest::option::of("[!-~]{1,128}"), id in proptest::option::of("[!-~]{1,128}"),
    ) {
        let attribute = Attribute {
            name: name.into(), data_type: "Binary".into(), value: Value::Binary(bytes.into()),
        };
        let message = Message {
            body: &body, attributes: vec![attribute], trace_header: None,
            group_id: group.as_deref(), deduplication_id: id.as_deref(), ..message()
        };
        let stored = message.encode();
        prop_assert_eq!(Message::decode(&stored).unwrap(), message);
    }
}
