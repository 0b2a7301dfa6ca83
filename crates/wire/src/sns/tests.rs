//! Phones, names of platform resources, archives and replays, and the XML of answers that no golden
//! exchange has.

use proptest::prelude::*;

use super::archive::{ArchivePolicy, ReplayPolicy, ReplayStatus, Span};
use super::platform::{Platform, Resource, check_name};
use super::sms::{AccountAttribute, is_e164, is_endpoint};
use super::*;
use crate::error::sns::{self as errors, SetBy};
use crate::{ErrorKind, Output, Protocol, response};

/// What is between the root element and the metadata.
fn result(output: &Output<'_>) -> String {
    let xml = String::from_utf8(response::encode(Protocol::Query, output, "id").body).unwrap();
    let name = output.action().name();
    let open = format!("<{name}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">");
    let close = format!("<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></{name}Response>");
    let inside = xml.strip_prefix(&open).and_then(|rest| rest.strip_suffix(&close));
    inside.unwrap_or_else(|| panic!("{xml}")).to_owned()
}

#[test]
fn answers_without_members_have_a_result_or_not_as_aws_has() {
    for (output, expected) in [
        (Output::SnsAddPermission, ""),
        (Output::SnsRemovePermission, ""),
        (Output::DeleteTopic, ""),
        (Output::DeleteEndpoint, ""),
        (Output::DeletePlatformApplication, ""),
        (Output::SetTopicAttributes, ""),
        (Output::SetSubscriptionAttributes, ""),
        (Output::SetEndpointAttributes, ""),
        (Output::SetPlatformApplicationAttributes, ""),
        (Output::Unsubscribe, ""),
        (Output::PutDataProtectionPolicy, ""),
        (Output::TagResource, "<TagResourceResult/>"),
        (Output::UntagResource, "<UntagResourceResult/>"),
        (Output::SetSmsAttributes, "<SetSMSAttributesResult/>"),
        (Output::OptInPhoneNumber, "<OptInPhoneNumberResult/>"),
        (Output::CreateSmsSandboxPhoneNumber, "<CreateSMSSandboxPhoneNumberResult/>"),
        (Output::DeleteSmsSandboxPhoneNumber, "<DeleteSMSSandboxPhoneNumberResult/>"),
        (Output::VerifySmsSandboxPhoneNumber, "<VerifySMSSandboxPhoneNumberResult/>"),
    ] {
        assert_eq!(result(&output), expected);
    }
}

#[test]
fn empty_lists_and_maps_are_there() {
    for (output, expected) in [
        (Output::ListTopics(ListTopicsOutput::default()), "<Topics/>"),
        (Output::ListSubscriptions(ListSubscriptionsOutput::default()), "<Subscriptions/>"),
        (Output::ListTagsForResource(ListTagsForResourceOutput::default()), "<Tags/>"),
        (Output::PublishBatch(PublishBatchOutput::default()), "<Failed/><Successful/>"),
        (Output::GetSmsAttributes(sms::GetSmsAttributesOutput::default()), "<attributes/>"),
        (Output::ListPhoneNumbersOptedOut(sms::ListPhoneNumbersOptedOutOutput::default()), "<phoneNumbers/>"),
        (Output::ListOriginationNumbers(sms::ListOriginationNumbersOutput::default()), "<PhoneNumbers/>"),
        (
            Output::ListPlatformApplications(platform::ListPlatformApplicationsOutput::default()),
            "<PlatformApplications/>",
        ),
    ] {
        let name = output.action().name();
        assert_eq!(result(&output), format!("<{name}Result>{expected}</{name}Result>"));
    }
}

#[test]
fn lists_of_phones_are_in_order_and_the_lower_case_ones_are_lower_case() {
    let opted_out = Output::ListPhoneNumbersOptedOut(sms::ListPhoneNumbersOptedOutOutput {
        phone_numbers: vec!["+1".into(), "+2".into()],
        next_token: Some("n".into()),
    });
    assert_eq!(
        result(&opted_out),
        "<ListPhoneNumbersOptedOutResult><phoneNumbers><member>+1</member><member>+2</member></phoneNumbers>\
         <nextToken>n</nextToken></ListPhoneNumbersOptedOutResult>"
    );
    let checked = sms::CheckIfPhoneNumberIsOptedOutOutput { is_opted_out: false };
    assert_eq!(
        result(&Output::CheckIfPhoneNumberIsOptedOut(checked)),
        "<CheckIfPhoneNumberIsOptedOutResult><isOptedOut>false</isOptedOut></CheckIfPhoneNumberIsOptedOutResult>"
    );
    let number = sms::OriginationNumber {
        created_at_ms: 1_767_323_045_678,
        phone_number: "+15550100".into(),
        status: "ACTIVE".into(),
        iso2_country_code: "US".into(),
        route_type: "Transactional".into(),
        capabilities: vec!["SMS".into(), "VOICE".into()],
    };
    let numbers = sms::ListOriginationNumbersOutput { phone_numbers: vec![number], next_token: None };
    assert_eq!(
        result(&Output::ListOriginationNumbers(numbers)),
        "<ListOriginationNumbersResult><PhoneNumbers><member><CreatedAt>2026-01-02T03:04:05.678Z</CreatedAt>\
         <PhoneNumber>+15550100</PhoneNumber><Status>ACTIVE</Status><Iso2CountryCode>US</Iso2CountryCode>\
         <RouteType>Transactional</RouteType><NumberCapabilities><member>SMS</member><member>VOICE</member>\
         </NumberCapabilities></member></PhoneNumbers></ListOriginationNumbersResult>"
    );
    let phone = |status| sms::SandboxPhoneNumber { phone_number: "+1".into(), status };
    let phones = vec![phone(sms::SandboxStatus::Pending), phone(sms::SandboxStatus::Verified)];
    let listed =
        sms::ListSmsSandboxPhoneNumbersOutput { phone_numbers: phones, next_token: Some("n".into()) };
    assert_eq!(
        result(&Output::ListSmsSandboxPhoneNumbers(listed)),
        "<ListSMSSandboxPhoneNumbersResult><PhoneNumbers><member><PhoneNumber>+1</PhoneNumber><Status>Pending\
         </Status></member><member><PhoneNumber>+1</PhoneNumber><Status>Verified</Status></member>\
         </PhoneNumbers><NextToken>n</NextToken></ListSMSSandboxPhoneNumbersResult>"
    );
}

#[test]
fn endpoints_are_listed_with_their_attributes() {
    let endpoint =
        platform::Endpoint { arn: "arn:e".into(), attributes: vec![("Enabled".into(), "true".into())] };
    let listed = platform::ListEndpointsByPlatformApplicationOutput {
        endpoints: vec![endpoint],
        next_token: Some("n".into()),
    };
    assert_eq!(
        result(&Output::ListEndpointsByPlatformApplication(listed)),
        "<ListEndpointsByPlatformApplicationResult><Endpoints><member><EndpointArn>arn:e</EndpointArn>\
         <Attributes><entry><key>Enabled</key><value>true</value></entry></Attributes></member></Endpoints>\
         <NextToken>n</NextToken></ListEndpointsByPlatformApplicationResult>"
    );
}

#[test]
fn a_sequence_number_is_in_the_range_of_aws() {
    assert_eq!(sequence_number(3000), "10000000000000003000");
    assert_eq!(sequence_number(u64::MAX).len(), 20);
}

#[test]
fn a_confirmation_may_ask_for_signed_unsubscribes() {
    let asks = |value: Option<&'static str>| {
        let authenticate_on_unsubscribe = value.map(Text::from);
        ConfirmSubscription { topic_arn: "t".into(), token: "k".into(), authenticate_on_unsubscribe }
            .authenticates_on_unsubscribe()
    };
    assert!(asks(Some("true")) && asks(Some("True")));
    assert!(!asks(None) && !asks(Some("")) && !asks(Some("false")) && !asks(Some("yes")));
}

#[test]
fn phone_numbers() {
    for good in ["+15551234567", "+12", "+123456789012345"] {
        assert!(is_e164(good) && is_endpoint(good), "{good}");
    }
    for bad in ["", "+", "+1", "15551234567", "+0123", "+1234567890123456", "+1 555", "+1a"] {
        assert!(!is_e164(bad), "{bad}");
    }
    for good in ["+15-551-234", "1 555 1234", "+1.5", "5", "15551234567"] {
        assert!(is_endpoint(good), "{good}");
    }
    for bad in
        ["", "+", "+15--55", "+1555.", "/1555", "-1555", "+1/5", "++1", "+1 -5", "NAA+1555", "1+5", "+15５"]
    {
        assert!(!is_endpoint(bad), "{bad}");
    }
}

#[test]
fn the_sandbox_takes_what_the_model_allows() {
    let says = |number: &str, code: Option<&'static str>| {
        let phone_number = Text::from(number.to_owned());
        let create = CreateSmsSandboxPhoneNumber { phone_number, language_code: code.map(Text::from) };
        create.check().map_or_else(|error| error.message, |()| "fine".to_owned())
    };
    for good in ["+12345678", "+1234567890123456789", "", "123456789"] {
        assert_eq!(says(good, None), "fine", "{good}");
    }
    assert_eq!(says("+12345678", Some("zh-TW")), "fine");
    let pattern = |number: &str| {
        format!(
            "1 validation error detected: Value '{number}' at 'phoneNumber' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: ^(\\+[0-9]{{8,}}|[0-9]{{0,9}})$"
        )
    };
    for bad in ["+1234567", "1234567890", "+1234567a", "++12345678", "+"] {
        assert_eq!(says(bad, None), pattern(bad));
    }
    assert!(says("+12345678901234567890", None).ends_with("length less than or equal to 20"));
    let code = says("+12345678", Some("xx"));
    assert!(
        code.contains("Value 'xx' at 'languageCode' failed") && code.contains("[en-US, en-GB,"),
        "{code}"
    );

    let verify = |password: &str| {
        let one_time_password = Text::from(password.to_owned());
        VerifySmsSandboxPhoneNumber { phone_number: "+12345678".into(), one_time_password }.check()
    };
    assert_eq!((verify("12345"), verify("12345678")), (Ok(()), Ok(())));
    assert_eq!(verify("1234"), Err(errors::too_short("oneTimePassword", "1234", 5)));
    assert_eq!(verify("123456789"), Err(errors::too_long("oneTimePassword", "123456789", 8)));
    assert_eq!(verify("1234a"), Err(errors::not_of_pattern("oneTimePassword", "1234a", "^[0-9]+$")));
    assert!(DeleteSmsSandboxPhoneNumber { phone_number: "x".into() }.check().is_err());
}

#[test]
fn pages_of_phones_are_bounded() {
    let sandbox = |max_results| ListSmsSandboxPhoneNumbers { next_token: None, max_results }.check();
    let origination = |max_results| ListOriginationNumbers { next_token: None, max_results }.check();
    assert_eq!((sandbox(None), sandbox(Some(1)), sandbox(Some(100))), (Ok(()), Ok(()), Ok(())));
    assert_eq!(sandbox(Some(0)), Err(errors::too_small("maxResults", 0, 1)));
    assert_eq!(sandbox(Some(101)), Err(errors::too_large("maxResults", 101, 100)));
    assert_eq!((origination(Some(30)), origination(None)), (Ok(()), Ok(())));
    assert_eq!(origination(Some(31)), Err(errors::too_large("maxResults", 31, 30)));
}

#[test]
fn sms_attributes_of_the_account() {
    let set = |name: &str, value: &str| AccountAttribute::parse(name)?.check(value);
    for (name, value) in [
        ("MonthlySpendLimit", "1"),
        ("DeliveryStatusIAMRole", "arn:aws:iam::1:role/r"),
        ("DeliveryStatusSuccessSamplingRate", "100"),
        ("DefaultSenderID", "Shop1234567"),
        ("DefaultSMSType", "Promotional"),
        ("UsageReportS3Bucket", "reports"),
    ] {
        assert_eq!(set(name, value), Ok(()), "{name}");
        assert_eq!(AccountAttribute::parse(name).unwrap().as_str(), name);
    }
    assert_eq!(set("Colour", "x"), Err(errors::sms_attribute_unknown("Colour")));
    assert_eq!(set("DefaultSMSType", "promotional"), Err(errors::sms_type()));
    for bad in ["", "123", "Shop12345678", "Shop 1", "größe"] {
        assert_eq!(set("DefaultSenderID", bad), Err(errors::sms_sender_id()), "{bad}");
    }
    for (name, bad) in [
        ("DeliveryStatusSuccessSamplingRate", "101"),
        ("MonthlySpendLimit", "-1"),
        ("MonthlySpendLimit", "+1"),
    ] {
        assert_eq!(set(name, bad), Err(errors::sms_attribute_value(name)));
    }
}

#[test]
fn names_and_arns_of_platform_resources() {
    for name in ["a", "My_app-1.0", &"a".repeat(256)] {
        assert_eq!(check_name(name), Ok(()));
    }
    assert_eq!(check_name(""), Err(errors::application_name_empty("")));
    let long = "a".repeat(257);
    assert_eq!(check_name(&long), Err(errors::application_name_too_long(&long)));
    for bad in ["a b", "a/b", "é", "a:b"] {
        assert_eq!(check_name(bad), Err(errors::application_name_characters(bad)));
    }
    let application = Resource::Application { platform: Platform::Gcm, name: "shop" };
    let endpoint = Resource::Endpoint { platform: Platform::ApnsVoipSandbox, name: "shop", id: "1-2" };
    for (text, resource) in [("app/GCM/shop", application), ("endpoint/APNS_VOIP_SANDBOX/shop/1-2", endpoint)]
    {
        assert_eq!(Resource::parse(text), Some(resource));
        assert_eq!(resource.to_string(), text);
    }
    for none in [
        "",
        "news",
        "app/GCM",
        "app/gcm/shop",
        "app/GCM/a b",
        "app/GCM/shop/1",
        "endpoint/GCM/shop",
        "endpoint/GCM/shop/",
        "endpoint/GCM/shop/1/2",
        "endpoint/XYZ/shop/1",
        "endpoint/GCM//1",
    ] {
        assert_eq!(Resource::parse(none), None, "{none}");
    }
    assert!(Resource::has_slashes_of_endpoint("endpoint/GCM/shop/1"));
    assert!(!Resource::has_slashes_of_endpoint("endpoint/GCM/shop"));
    let read = |platform: &Platform| Platform::parse(platform.as_str()) == Some(*platform);
    assert!(Platform::ALL.len() == 11 && Platform::ALL.iter().all(read));
}

#[test]
fn archive_policies() {
    let read = |text| ArchivePolicy::parse(SetBy::Set, text);
    for (text, retention_days) in [
        (r#"{"MessageRetentionPeriod":"30"}"#, 30),
        (r#"{"MessageRetentionPeriod":1}"#, 1),
        (r#" { "MessageRetentionPeriod" : "365" } "#, 365),
    ] {
        assert_eq!(read(text), Ok(ArchivePolicy::Active { retention_days }), "{text}");
    }
    for text in ["", "{}", r#"{"MessageRetentionPeriod":null}"#] {
        assert_eq!(read(text), Ok(ArchivePolicy::Inactive), "{text}");
    }
    for text in [
        "x",
        "[]",
        "[30]",
        "null",
        "{",
        r#"{"Other":1}"#,
        r#"{"MessageRetentionPeriod":[1]}"#,
        r#"{"MessageRetentionPeriod":"0"}"#,
        r#"{"MessageRetentionPeriod":366}"#,
        r#"{"MessageRetentionPeriod":-1}"#,
        r#"{"MessageRetentionPeriod":"+3"}"#,
        r#"{"MessageRetentionPeriod":"3 "}"#,
        r#"{"MessageRetentionPeriod":1.5}"#,
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
        assert!(error.message.starts_with("Invalid parameter: ArchivePolicy: "), "{error}");
    }
    let error = ArchivePolicy::parse(SetBy::Subscribe, "x").unwrap_err();
    assert!(error.message.starts_with("Invalid parameter: Attributes Reason: ArchivePolicy: "), "{error}");
}

#[test]
fn replay_policies() {
    let read = |text: &str| ReplayPolicy::parse(SetBy::Set, text);
    let from_ms = 1_767_323_045_000;
    let start = r#""PointType":"Timestamp","StartingPoint":"2026-01-02T03:04:05.000Z""#;
    let open = ReplayPolicy::Start(Span { from_ms, until_ms: None });
    assert_eq!(read(&format!("{{{start}}}")), Ok(open));
    let closed = ReplayPolicy::Start(Span { from_ms, until_ms: Some(from_ms + 1) });
    assert_eq!(read(&format!(r#"{{{start},"EndingPoint":"2026-01-02T03:04:05.001Z"}}"#)), Ok(closed));
    assert_eq!((read(""), read("{}")), (Ok(ReplayPolicy::Stop), Ok(ReplayPolicy::Stop)));
    for text in [
        "x".to_owned(),
        "[]".to_owned(),
        r#"["Timestamp","2026-01-02T03:04:05.000Z",null]"#.to_owned(),
        r#"{"PointType":"Timestamp"}"#.to_owned(),
        r#"{"PointType":"SequenceNumber","StartingPoint":"1"}"#.to_owned(),
        r#"{"StartingPoint":"2026-01-02T03:04:05.000Z"}"#.to_owned(),
        r#"{"EndingPoint":"2026-01-02T03:04:05.000Z"}"#.to_owned(),
        r#"{"PointType":"Timestamp","StartingPoint":"yesterday"}"#.to_owned(),
        format!(r#"{{{start},"EndingPoint":"2026-01-02T03:04:04.999Z"}}"#),
        format!(r#"{{{start},"EndingPoint":""}}"#),
        format!(r#"{{{start},"Other":1}}"#),
        format!("{{{start},{start}}}"),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
        assert!(error.message.starts_with("Invalid parameter: ReplayPolicy: "), "{error}");
    }
    assert_eq!(ReplayStatus::InProgress.as_str(), "In progress");
}

#[test]
fn data_protection_policies() {
    let statement = |operation: &str| {
        format!(
            r#"{{"DataDirection":"Inbound","Principal":["*"],"DataIdentifier":["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],"Operation":{operation}}}"#
        )
    };
    let policy = |version: &str, statements: &[String]| {
        format!(r#"{{"Name":"n","Version":"{version}","Statement":[{}]}}"#, statements.join(","))
    };
    let says = |text: &str| data_protection::check(text).map_err(|error| error.message);
    let deny = statement(r#"{"Deny":{}}"#);
    let audit = statement(r#"{"Audit":{"SampleRate":"99","FindingsDestination":{}}}"#);
    let mask = statement(r##"{"Deidentify":{"MaskConfig":{"MaskWithCharacter":"#"}}}"##);
    let good = policy("2021-06-01", &[deny.clone(), audit.clone(), mask]);
    assert_eq!((says(""), says(&good)), (Ok(()), Ok(())));
    for (bad, reason) in [
        (good.replace("2021-06-01", "2012-10-17"), "Version must be 2021-06-01"),
        (policy("2021-06-01", &[audit.clone(), audit]), "must have at most one audit statement"),
        (policy("2021-06-01", &[]), "must have a statement"),
        (format!("{good}{}", " ".repeat(30_720)), "must be at most 30720 characters long"),
        (good.replace("Inbound", "Sideways"), "must be a JSON object with Name, Version and Statement"),
        (good.replace("Deny", "Allow"), "must be a JSON object with Name, Version and Statement"),
        (policy("2021-06-01", &[statement("{}")]), "must be a JSON object with Name, Version and Statement"),
        ("{}".to_owned(), "must be a JSON object with Name, Version and Statement"),
        (format!(r#"["n","2021-06-01",[{deny}]]"#), "must be a JSON object with Name, Version and Statement"),
    ] {
        assert_eq!(
            says(&bad),
            Err(format!("Invalid parameter: DataProtectionPolicy Reason: {reason}")),
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), json in "[\\[\\]{}:,\"a-zA-Z0-9.+ -]{0,60}") {
        for text in [text.as_str(), &json] {
            let _ = ArchivePolicy::parse(SetBy::Set, text);
            let _ = ReplayPolicy::parse(SetBy::Set, text);
            let _ = data_protection::check(text);
            let _ = Resource::parse(text);
            let _ = (is_e164(text), is_endpoint(text));
            let _ = AccountAttribute::parse(text);
            let _ = crate::envelope::parse_timestamp(text);
            let _ = crate::envelope::parse_timestamp(&format!("2026-01-02T03:04:05.{text}Z"));
            let _ = crate::envelope::Token::parse(text);
        }
    }
}
