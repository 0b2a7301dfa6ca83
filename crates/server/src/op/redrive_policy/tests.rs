//! Every way to write the two policies wrong, and the few to write them right.

use super::*;

const DEAD: &str = "arn:aws:sqs:us-east-1:210987654321:dead";

fn source(name: &str) -> Arn {
    Arn::of("aws", "sqs", "us-east-1", "210987654321", name)
}

#[test]
fn a_redrive_policy_is_shown_in_one_form() {
    let expected = format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":4}}"#);
    let sent = [
        format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":4}}"#),
        format!(r#" {{ "maxReceiveCount" : "4" , "deadLetterTargetArn" : "{DEAD}" }} "#),
        format!(r#"{{"maxReceiveCount":"004","deadLetterTargetArn":"{DEAD}"}}"#),
        format!(
            r#"{{"maxReceiveCount":0,"deadLetterTargetArn":"x","maxReceiveCount":4,"deadLetterTargetArn":"{DEAD}"}}"#
        ),
        format!(r#"{{"maxReceiveCount":4,"\u0064eadLetterTargetArn":"{DEAD}"}}"#),
    ];
    for text in sent {
        assert_eq!(shown(&redrive(&text, &source("q")).unwrap()), expected, "{text}");
    }
    let most = format!(r#"{{"deadLetterTargetArn":"{DEAD}.fifo","maxReceiveCount":1000}}"#);
    assert_eq!(shown(&redrive(&most, &source("q.fifo")).unwrap()), most);
}

#[test]
fn a_redrive_policy_has_its_errors_in_order() {
    let no_json = ["", "x", "null", "[]", "4", "\"{}\"", "{", r#"{"maxReceiveCount":4,}"#];
    for text in no_json {
        assert_eq!(redrive(text, &source("q")), Err(errors::redrive_policy_not_json()), "{text}");
    }
    let lacks = [
        ("{}".to_owned(), COUNT),
        (r#"{"other":1}"#.to_owned(), COUNT),
        (format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":null}}"#), COUNT),
        (format!(r#"{{"deadLetterTargetArn":"{DEAD}"}}"#), COUNT),
        (r#"{"maxReceiveCount":0}"#.to_owned(), TARGET),
        (r#"{"maxReceiveCount":1,"deadLetterTargetArn":null}"#.to_owned(), TARGET),
    ];
    for (text, member) in lacks {
        let expected = errors::redrive_policy_lacks(&text, member);
        assert_eq!(redrive(&text, &source("q")), Err(expected), "{text}");
    }
    let counts = [
        ("0", "0"),
        ("1001", "1001"),
        ("-1", "-1"),
        ("1.0", "1.0"),
        ("1e2", "1e2"),
        ("99999999999", "99999999999"),
        ("\"\"", ""),
        ("\"+4\"", "+4"),
        ("\" 4\"", " 4"),
        ("\"four\"", "four"),
        ("true", "true"),
        ("[4]", "[4]"),
        ("{}", "{}"),
    ];
    for (written, told) in counts {
        let text = format!(r#"{{"deadLetterTargetArn":5,"maxReceiveCount":{written}}}"#);
        let expected = errors::redrive_policy_count(&text, told);
        assert_eq!(redrive(&text, &source("q")), Err(expected), "{text}");
    }
    for target in
        ["5", "\"\"", "\"dead\"", "\"arn:aws:sns:us-east-1:210987654321:dead\"", "[]", "\"\\ud800\""]
    {
        let text = format!(r#"{{"deadLetterTargetArn":{target},"maxReceiveCount":1,"other":1}}"#);
        let expected = errors::redrive_policy_target_is_no_queue(&text);
        assert_eq!(redrive(&text, &source("q")), Err(expected), "{text}");
    }
    let other = format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":1,"other":1}}"#);
    assert_eq!(redrive(&other, &source("q.fifo")), Err(errors::redrive_policy_target_type(&other)));
    assert_eq!(redrive(&other, &source("q")), Err(errors::redrive_policy_members(&other)));
}

fn by_queue(count: usize) -> String {
    let arns = vec![format!("\"{DEAD}\""); count].join(",");
    format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":[{arns}]}}"#)
}

#[test]
fn a_redrive_allow_policy_is_kept_as_sent() {
    let these = |count| AllowedSources::These(vec![source("dead"); count]);
    let good = [
        (r#"{"redrivePermission":"allowAll"}"#.to_owned(), AllowedSources::All),
        (r#"{ "sourceQueueArns" : [], "redrivePermission" : "denyAll" }"#.to_owned(), AllowedSources::None),
        (by_queue(1), these(1)),
        (by_queue(10), these(10)),
    ];
    for (text, sources) in good {
        let read = redrive_allow(&text).unwrap();
        assert_eq!((&*read.text, read.sources), (&*text, sources));
    }
}

#[test]
fn policies_are_as_long_as_they_may_be() {
    let padded = |text: &str, bytes: usize| format!("{text}{}", " ".repeat(bytes - text.len()));
    let policy = format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":4}}"#);
    assert!(redrive(&padded(&policy, 4_096), &source("q")).is_ok());
    assert_eq!(redrive(&padded(&policy, 4_097), &source("q")), Err(errors::redrive_policy_not_json()));
    let policy = r#"{"redrivePermission":"allowAll"}"#;
    assert!(redrive_allow(&padded(policy, 8_192)).is_ok());
    assert_eq!(redrive_allow(&padded(policy, 8_193)), Err(errors::redrive_allow_policy_format()));
}

#[test]
fn a_redrive_allow_policy_has_its_errors() {
    let format = [
        "",
        "x",
        "[]",
        "{}",
        "null",
        r#"{"redrivePermission":"AllowAll"}"#,
        r#"{"redrivePermission":1}"#,
        r#"{"redrivePermission":null}"#,
        r#"{"sourceQueueArns":[]}"#,
        r#"{"redrivePermission":"allowAll","other":1}"#,
        r#"{"redrivePermission":"byQueue","sourceQueueArns":"x"}"#,
        r#"{"redrivePermission":"byQueue","sourceQueueArns":["x"]}"#,
        r#"{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sns:us-east-1:210987654321:t"]}"#,
        r#"{"redrivePermission":"byQueue","sourceQueueArns":[1]}"#,
        r#"{"redrivePermission":"byQueue","sourceQueueArns":null}"#,
    ];
    for text in format {
        assert_eq!(redrive_allow(text), Err(errors::redrive_allow_policy_format()), "{text}");
    }
    for text in
        [r#"{"redrivePermission":"byQueue"}"#, r#"{"redrivePermission":"byQueue","sourceQueueArns":[]}"#]
    {
        assert_eq!(redrive_allow(text), Err(errors::redrive_allow_policy_needs_sources(text)));
    }
    let many = by_queue(11);
    assert_eq!(redrive_allow(&many), Err(errors::redrive_allow_policy_too_many(&many)));
    for permission in ["allowAll", "denyAll"] {
        let text = by_queue(1).replace("byQueue", permission);
        assert_eq!(redrive_allow(&text), Err(errors::redrive_allow_policy_needs_by_queue(&text)));
    }
}
