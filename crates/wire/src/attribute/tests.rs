//! Which attributes are refused, and in which words; numbers, characters, selection, size.

use super::*;

fn given(
    name: &str,
    data_type: Option<&str>,
    text: Option<&str>,
    bytes: Option<&[u8]>,
) -> GivenAttributes<'static> {
    let owned = |text: &str| Text::from(text.to_owned());
    let value = Given {
        data_type: data_type.map(owned),
        string_value: text.map(owned),
        binary_value: bytes.map(|bytes| bytes.to_vec().into()),
        ..Given::default()
    };
    [(owned(name), value)].into_iter().collect()
}

fn sqs_says(given: &GivenAttributes<'_>) -> String {
    sqs(Action::SendMessage, Some(given)).map_or_else(|error| error.message, |_| "fine".to_owned())
}

fn sns_says(given: &GivenAttributes<'_>) -> String {
    sns("", Some(given)).map_or_else(|error| error.message, |_| "fine".to_owned())
}

#[test]
fn good_attributes_keep_name_type_and_value() {
    for (data_type, text, bytes) in [
        ("String", Some("x"), None),
        ("String.label", Some("x"), None),
        ("Number.cm", Some("-1.5e3"), None),
        ("Binary", None, Some(&[0_u8, 1][..])),
        ("Binary.png", None, Some(&[7][..])),
    ] {
        let given = given("größe.1_-", Some(data_type), text, bytes);
        for judged in [sqs(Action::SendMessage, Some(&given)).unwrap(), sns("", Some(&given)).unwrap()] {
            assert_eq!((&*judged[0].name, &*judged[0].data_type), ("größe.1_-", data_type));
            assert_eq!(judged[0].value.as_bytes(), text.map(str::as_bytes).or(bytes).unwrap());
        }
    }
}

#[test]
fn sqs_refuses_names() {
    let says = |name: &str| sqs_says(&given(name, Some("String"), Some("x"), None));
    assert_eq!(says(&"n".repeat(256)), "fine");
    assert_eq!(says(&"n".repeat(257)), "Message (user) attribute names must be shorter than 256 Bytes");
    for name in ["", "a b", "a/b", "a..b"] {
        assert!(says(name).starts_with("Message (user) attributes name can only contain"), "{name}");
    }
    for name in ["AWS.x", "aws.x", "Amazon.x", "AMAZON.x", ".x", "x."] {
        assert!(says(name).starts_with("You can't use message attribute names beginning with"), "{name}");
    }
    assert_eq!(says("AWSx"), "fine");
}

#[test]
fn sqs_refuses_types_and_values() {
    let says = |data_type, text, bytes| sqs_says(&given("n", data_type, text, bytes));
    assert_eq!(says(None, Some("x"), None), "Missing required parameter DataType");
    assert!(says(Some("Stringy"), Some("x"), None).ends_with("but was: Stringy"));
    let long = format!("String.{}", "t".repeat(250));
    assert!(says(Some(&long), Some("x"), None).starts_with("Message (user) attribute types must be shorter"));
    let empty = "Message (user) attribute 'n' must contain a non-empty value of type 'String'.";
    assert_eq!(says(Some("String"), Some(""), None), empty);
    assert_eq!(says(Some("String"), None, None), empty);
    assert_eq!(says(Some("String"), None, Some(b"x")), empty);
    assert_eq!(says(Some("String"), Some("x"), Some(b"x")), empty);
    assert!(says(Some("Binary"), Some("x"), None).ends_with("of type 'Binary'."));
    assert!(says(Some("String"), Some("bell\u{7}"), None).starts_with("Invalid characters found."));
    for label in ["\u{1}", "\u{FFFE}", "a\u{FFFF}"] {
        let data_type = format!("String.{label}");
        let refused = sqs_says(&given("n", Some(&data_type), Some("x"), None));
        assert!(refused.starts_with("Invalid characters found. Valid unicode"), "{refused}");
        assert!(
            sqs_says(&given(label, Some("String"), Some("x"), None)).starts_with("Message (user) attrib")
        );
        let refused = sns_says(&given("n", Some(&data_type), Some("x"), None));
        assert!(refused.contains("has an invalid message attribute type"), "{refused}");
        assert!(sns_says(&given(label, Some("String"), Some("x"), None)).starts_with("Invalid non-alpha"));
    }
    assert_eq!(says(Some("String.größe\u{FFFD}"), Some("x"), None), "fine");
    let not_a_number = "Can't cast the value of message (user) attribute 'n' to a number.";
    assert_eq!(says(Some("Number"), Some("12a"), None), not_a_number);
}

#[test]
fn sqs_refuses_too_many_and_lists() {
    let many =
        (0..11).map(|at| given(&format!("n{at}"), Some("String"), Some("x"), None).0.remove(0)).collect();
    assert_eq!(sqs_says(&many), "Number of message attributes [11] exceeds the allowed maximum [10].");
    let mut lists = given("n", Some("String"), Some("x"), None);
    lists.0[0].1.string_list_values = Some([Text::from("x")].into_iter().collect());
    let refused = sqs(Action::SendMessage, Some(&lists)).unwrap_err();
    assert_eq!(refused, error::sqs::attribute_lists(Action::SendMessage));
    assert_eq!(refused.message, "Message attribute list values in SendMessage operation are not supported.");
}

#[test]
fn only_the_trace_header_is_a_system_attribute() {
    let trace = given(TRACE_HEADER, Some("String"), Some("Root=1"), None);
    let attribute = sqs_system(Action::SendMessage, Some(&trace)).unwrap().unwrap();
    assert_eq!(attribute.value, Value::Text("Root=1".into()));
    assert_eq!(sqs_system(Action::SendMessage, None).unwrap(), None);
    let of_length = |bytes: usize| given(TRACE_HEADER, Some("String"), Some(&"x".repeat(bytes)), None);
    assert!(sqs_system(Action::SendMessage, Some(&of_length(1_024))).is_ok());
    let refusal = sqs_system(Action::SendMessage, Some(&of_length(1_025))).unwrap_err();
    assert_eq!(refusal, error::sqs::trace_header_too_long(1_024));
    for (name, data_type) in [("Other", "String"), (TRACE_HEADER, "Number"), (TRACE_HEADER, "Binary")] {
        let given = given(name, Some(data_type), Some("1"), None);
        let kind = sqs_system(Action::SendMessage, Some(&given)).unwrap_err().kind;
        assert_eq!(kind, crate::ErrorKind::InvalidParameterValue);
    }
    let says = |data_type, text, bytes| {
        let given = given(TRACE_HEADER, data_type, text, bytes);
        sqs_system(Action::SendMessage, Some(&given)).unwrap_err().message
    };
    assert_eq!(
        says(Some("Binary"), None, Some(b"x")),
        "Message system attribute 'AWSTraceHeader' must be of type 'String', but was: Binary"
    );
    let empty = "Message system attribute 'AWSTraceHeader' must contain a non-empty value of type 'String'.";
    assert_eq!(says(Some("String"), Some(""), None), empty);
    assert_eq!(says(Some("String"), None, Some(b"x")), empty);
    assert_eq!(says(None, Some("x"), None), "Missing required parameter DataType");
    assert_eq!(says(Some(""), Some("x"), None), "Missing required parameter DataType");
    assert!(says(Some("String"), Some("\u{FFFE}"), None).starts_with("Invalid characters found."));
}

#[test]
fn sns_refuses_in_its_own_words() {
    let name = |name: &str| sns_says(&given(name, Some("String"), Some("x"), None));
    assert_eq!(name(""), "Message attribute name can not be empty.");
    assert_eq!(name(&"n".repeat(256)), "fine");
    assert_eq!(name(&"n".repeat(257)), "Length of message attribute name must be less than 256 bytes.");
    assert!(name("a b").starts_with("Invalid non-alphanumeric character '#x20' was found"));
    assert_eq!(name(".a"), "Invalid message attribute name starting with character '.' was found.");
    assert_eq!(name("a."), "Invalid message attribute name ending with character '.' was found.");
    assert_eq!(name("a..b"), "Message attribute name can not have successive '.' character.");
    assert_eq!(name("AWS.SNS.SMS.SenderID"), "fine");

    let says = |data_type, text, bytes| sns_says(&given("n", data_type, text, bytes));
    assert_eq!(
        says(Some("String"), Some(""), None),
        "The message attribute 'n' must contain non-empty message attribute value for message attribute type \
         'String'."
    );
    assert_eq!(
        says(Some("Binary"), Some("x"), None),
        "The message attribute 'n' with type 'Binary' must use field 'Binary'."
    );
    assert_eq!(
        says(Some("Number"), None, Some(b"x")),
        "The message attribute 'n' with type 'Number' must use field 'String'."
    );
    assert!(says(Some("Map"), Some("x"), None).contains("has an invalid message attribute type"));
    let typeless = given("attr1", None, Some("x"), None);
    let null = sns("publishBatchRequestEntries.1.member.", Some(&typeless));
    let path = "publishBatchRequestEntries.1.member.messageAttributes.attr1.member.dataType";
    assert_eq!(null.unwrap_err(), error::sns::null_member(path));
}

#[test]
fn the_last_of_repeated_names_counts() {
    let mut repeated = given("n", Some("String"), Some("1"), None);
    repeated.0.extend(given("m", Some("String"), Some("2"), None).0);
    repeated.0.extend(given("n", Some("String"), Some("3"), None).0);
    let judged = sqs(Action::SendMessage, Some(&repeated)).unwrap();
    let values: Vec<_> = judged.iter().map(|one| (&*one.name, one.value.as_bytes())).collect();
    assert_eq!(values, [("m", &b"2"[..]), ("n", b"3")]);
}

#[test]
fn numbers() {
    for good in ["0", "-0", "+1", "1.", ".5", "12.50", "1e3", "1E-3", "9e126", "1e-128", "000", "0e999"] {
        assert!(is_number(good), "{good}");
    }
    assert!(is_number(&"9".repeat(38)) && !is_number(&"9".repeat(39)));
    assert!(is_number(&format!("1{}", "0".repeat(126))));
    for bad in
        ["", "-", ".", "e1", "1e", "1e1.5", "1 ", " 1", "0x1", "1,5", "NaN", "inf", "1e127", "1e-129", "--1"]
    {
        assert!(!is_number(bad), "{bad}");
    }
}

#[test]
fn forbidden_characters() {
    for fine in ["", "plain", "\t\n\r", "\u{7F}", "\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}", "ｆｕｌｌ"]
    {
        assert!(!has_forbidden_character(fine), "{fine:?}");
    }
    for bad in ["\0", "a\u{8}", "\u{B}", "\u{1F}b", "\u{FFFE}", "x\u{FFFF}"] {
        assert!(has_forbidden_character(bad), "{bad:?}");
    }
}

#[test]
fn selection_by_name_prefix_and_wildcard() {
    let selected = |patterns: &[&'static str]| {
        let list: List<Text<'_>> = patterns.iter().copied().map(Text::from).collect();
        let selection = Selection::new(Some(&list));
        let names = ["Hello", "Help.Me", "color", "x"];
        names.into_iter().filter(|name| selection.includes(name)).collect::<Vec<_>>()
    };
    for all in ["All", ".*", "*"] {
        assert_eq!(selected(&[all]).len(), 4, "{all}");
    }
    assert_eq!(selected(&["Hel.*"]), ["Hello", "Help.Me"]);
    assert_eq!(selected(&["col.*", "x"]), ["color", "x"]);
    assert_eq!(selected(&["hello", "AWS.", "..foo", "all", "Hel*"]), [""; 0]);
    assert!(Selection::new(None).is_empty());
}

#[test]
fn size_is_name_type_and_value() {
    let given = given("é", Some("Binary"), None, Some(&[1, 2, 3]));
    assert_eq!(size(&sqs(Action::SendMessage, Some(&given)).unwrap()), 2 + 6 + 3);
}

#[test]
fn system_attributes_are_the_union_of_both_members() {
    use crate::sqs::ReceiveMessage;

    let list = |names: &[&'static str]| -> Option<List<Text<'static>>> {
        Some(names.iter().copied().map(Text::from).collect())
    };
    let select = |old: &[&'static str], new: &[&'static str]| {
        let asked = ReceiveMessage {
            attribute_names: list(old),
            message_system_attribute_names: list(new),
            ..ReceiveMessage::default()
        };
        let selection = SystemSelection::of(&asked, |name| name == "VisibilityTimeout")?;
        Ok(SystemName::ALL
            .into_iter()
            .filter(|name| selection.includes(*name))
            .map(SystemName::as_str)
            .collect())
    };
    let fine = |old: &[&'static str], new: &[&'static str]| -> Vec<&str> { select(old, new).unwrap() };
    let all = SystemName::ALL.map(SystemName::as_str);
    assert_eq!(fine(&["All"], &[]), all);
    assert_eq!(fine(&["SenderId"], &["All"]), all);
    assert_eq!(fine(&["SentTimestamp", "SentTimestamp"], &["SenderId"]), ["SenderId", "SentTimestamp"]);
    let fifo = ["SequenceNumber", "MessageGroupId", "MessageDeduplicationId", "DeadLetterQueueSourceArn"];
    assert_eq!(fine(&[], &fifo), fifo);
    assert_eq!(fine(&["VisibilityTimeout"], &[]), [""; 0]);
    for unknown in ["Colour", "all", "senderid", "", ".*"] {
        assert_eq!(select(&["All", unknown], &[]), Err(error::sqs::unknown_attribute(unknown)));
        assert_eq!(select(&[], &[unknown]), Err(error::sqs::unknown_attribute(unknown)));
    }
    assert_eq!(SystemSelection::of(&ReceiveMessage::default(), |_| false), Ok(SystemSelection::default()));
    assert_ne!(SystemSelection::default(), SystemSelection::all());
    assert!(SystemName::ALL.into_iter().all(|name| SystemName::parse(name.as_str()) == Some(name)));
}
