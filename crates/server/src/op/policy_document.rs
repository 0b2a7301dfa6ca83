//! The policy of a queue or topic as a text to which statements are added, and from which they are taken (auth 6).
//!
//! A policy is kept as it was sent. What is not a policy at all is refused, and one of a topic that speaks of
//! something else; whether its parts make sense otherwise is for those who judge by it.
//!
//! Invariant: adding and removing a statement leaves all other parts of the text as they are.

use super::json_object::{Members, elements, string};
use postrider_core::Arn;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How large a policy may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Bytes.
    pub(super) bytes_max: usize,
    /// Statements.
    pub(super) statements_max: usize,
    /// Principals of all statements.
    pub(super) principals_max: usize,
}

/// Of a queue (sqs 4).
pub(super) const OF_QUEUE: Bounds = Bounds { bytes_max: 8_192, statements_max: 20, principals_max: 50 };
/// Of a topic (sns 3).
pub(super) const OF_TOPIC: Bounds = Bounds { bytes_max: 30_720, statements_max: 100, principals_max: 200 };

/// The member that has the statements.
const STATEMENT: &str = "Statement";

/// Whether a text can be a policy: an object within its bounds, with statements if any.
pub(super) fn is_policy(text: &str, bounds: &Bounds) -> bool {
    text.len() <= bounds.bytes_max
        && Document::parse(text).is_some_and(|document| document.fits(text, bounds))
}

/// Whether a text can be the policy of a topic: each statement is about one resource, the topic by its full name
/// (sns 3, auth 4).
pub(super) fn is_policy_of(text: &str, topic: &Arn) -> bool {
    is_policy(text, &OF_TOPIC)
        && Document::parse(text).is_some_and(|document| {
            document.statements.iter().all(|statement| names_only(statement, topic.as_str()))
        })
}

/// A policy in parts.
#[derive(Debug)]
pub(super) struct Document<'t> {
    /// Names and values of all members, as written. Where the statements belong, the value does not count.
    members: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    statements: Vec<Cow<'t, str>>,
}

impl<'t> Document<'t> {
    /// The policy that AddPermission begins with on a queue that has none.
    pub(super) fn new(queue: &Arn) -> Document<'t> {
        let quoted = |text: &str| Cow::Owned(serde_json::Value::from(text).to_string());
        let members = vec![
            ("Version".into(), quoted("2008-10-17")),
            ("Id".into(), quoted(&format!("{queue}/SQSDefaultPolicy"))),
            (STATEMENT.into(), "".into()),
        ];
        Document { members, statements: Vec::new() }
    }

    /// Reads a text; `None` if it is not an object, or its statements are none.
    pub(super) fn parse(text: &'t str) -> Option<Document<'t>> {
        let read = Members::parse(text)?;
        let statements = match read.find(STATEMENT) {
            Some(one) if is_object(one) => vec![one],
            Some(several) => elements(several).filter(|found| found.iter().all(|one| is_object(one)))?,
            None => Vec::new(),
        };
        // Of repeated names the last counts, in its place.
        let mut names = BTreeSet::new();
        let last = read.iter().rev().filter(|(name, _)| names.insert(*name));
        let mut members: Vec<(Cow<'_, str>, Cow<'_, str>)> =
            last.map(|(name, value)| (name.to_owned().into(), value.get().into())).collect();
        members.reverse();
        if read.find(STATEMENT).is_none() {
            members.push((STATEMENT.into(), "".into()));
        }
        Some(Document { members, statements: statements.iter().map(|one| one.get().into()).collect() })
    }

    /// Whether a statement has this `Sid`.
    pub(super) fn has(&self, sid: &str) -> bool {
        self.statements.iter().any(|statement| sid_of(statement).as_deref() == Some(sid))
    }

    /// Adds a statement at the end.
    pub(super) fn add(&mut self, statement: String) {
        self.statements.push(statement.into());
    }

    /// Takes all statements of this `Sid` away.
    pub(super) fn remove(&mut self, sid: &str) {
        self.statements.retain(|statement| sid_of(statement).as_deref() != Some(sid));
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The policy as text; `None` if it is beyond the bounds.
    pub(super) fn text(&self, bounds: &Bounds) -> Option<String> {
        let mut text = String::from("{");
        for (name, value) in &self.members {
            if text.len() > 1 {
                text.push(',');
            }
            text.extend([&*serde_json::Value::from(&**name).to_string(), ":"]);
            if name == STATEMENT {
                text.extend(["[", &self.statements.join(","), "]"]);
            } else {
                text.push_str(value);
            }
        }
        text.push('}');
        self.fits(&text, bounds).then_some(text)
    }

    fn fits(&self, text: &str, bounds: &Bounds) -> bool {
        text.len() <= bounds.bytes_max
            && self.statements.len() <= bounds.statements_max
            && self.statements.iter().map(|one| principals(one)).sum::<usize>() <= bounds.principals_max
    }
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn sid_of(statement: &str) -> Option<String> {
    Members::parse(statement)?.find("Sid").and_then(string)
}

/// Whether a statement has a `Resource`, and it is this one.
fn names_only(statement: &str, resource: &str) -> bool {
    let Some(named) = Members::parse(statement).and_then(|members| members.find("Resource")) else {
        return false;
    };
    let sole = elements(named).unwrap_or_else(|| vec![named]);
    matches!(&sole[..], [one] if string(one).as_deref() == Some(resource))
}

/// How many principals a statement names: `"*"`, or one or several of each kind.
fn principals(statement: &str) -> usize {
    let Some(named) = Members::parse(statement).and_then(|members| members.find("Principal")) else {
        return 0;
    };
    let of_kind = |ids: &RawValue| elements(ids).map_or(1, |ids| ids.len());
    Members::parse(named.get()).map_or(1, |kinds| kinds.iter().map(|(_, ids)| of_kind(ids)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn what_is_no_policy_is_told() {
        let statements = |count: usize| format!(r#"{{"Statement":[{}]}}"#, vec!["{}"; count].join(","));
        let long = |bytes: usize| format!(r#"{{"Id":"{}"}}"#, "x".repeat(bytes - 9));
        for text in ["{}", r#"{"Statement":{}}"#, r#"{"Statement":[]}"#, &statements(20), &long(8_192)] {
            assert!(is_policy(text, &OF_QUEUE), "{text}");
        }
        let bad =
            ["", "no json", "[]", r#"{"Statement":1}"#, r#"{"Statement":["a"]}"#, r#"{"Statement":"{}"}"#];
        for text in bad.into_iter().chain([&*statements(21), &*long(8_193)]) {
            assert!(!is_policy(text, &OF_QUEUE), "{text}");
        }
    }

    #[test]
    fn principals_are_counted_over_all_statements() {
        let several =
            |count: usize| format!(r#"{{"Principal":{{"AWS":[{}]}}}}"#, vec!["\"1\""; count].join(","));
        let two_kinds = r#"{"Principal":{"AWS":"1","Service":["a","b"]}}"#;
        for (statement, count) in
            [(&*several(50), 50), (two_kinds, 3), (r#"{"Principal":"*"}"#, 1), ("{}", 0)]
        {
            assert_eq!(principals(statement), count, "{statement}");
        }
        let policy = |a, b| format!(r#"{{"Statement":[{},{}]}}"#, several(a), several(b));
        assert!(is_policy(&policy(30, 20), &OF_QUEUE) && !is_policy(&policy(30, 21), &OF_QUEUE));
    }

    #[test]
    fn a_policy_of_a_topic_is_about_the_topic_only() {
        let topic = Arn::parse("arn:aws:sns:us-east-1:000000000000:news").unwrap();
        let is_policy = |statements: &str| is_policy_of(&format!(r#"{{"Statement":{statements}}}"#), &topic);
        let own = format!(r#"{{"Resource":"{topic}"}}"#);
        for good in ["[]", &own, &format!(r#"[{own},{{"Resource":["{topic}"]}}]"#)] {
            assert!(is_policy(good), "{good}");
        }
        let other = own.replace("news", "other");
        for bad in [
            "{}",
            &other,
            &own.replace("news", "*"),
            &format!("[{own},{other}]"),
            r#"{"Resource":"*"}"#,
            r#"{"Resource":[]}"#,
            r#"{"Resource":null}"#,
            &format!(r#"{{"Resource":["{topic}","{topic}"]}}"#),
            &format!(r#"{{"NotResource":"{topic}"}}"#),
        ] {
            assert!(!is_policy(bad), "{bad}");
        }
        assert!(is_policy_of("{}", &topic) && !is_policy_of("[]", &topic));
    }

    #[test]
    fn a_policy_of_any_size_is_judged_at_once() {
        let members = (0..300_000).map(|at| format!(r#""{at}":1"#)).collect::<Vec<_>>().join(",");
        let text = format!("{{{members}}}");
        assert!(text.len() > 3 << 20 && text.len() < 4 << 20, "{}", text.len());
        let started = Instant::now();
        assert!(!is_policy(&text, &OF_QUEUE));
        assert_eq!(Document::parse(&text).unwrap().members.len(), 300_001);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }

    #[test]
    fn of_repeated_members_the_last_counts_where_it_is() {
        let text = r#"{"Id":"a","Statement":[],"Id":"b","Version":"v","Statement":{"Sid":"s"}}"#;
        let expected = r#"{"Id":"b","Version":"v","Statement":[{"Sid":"s"}]}"#;
        assert_eq!(Document::parse(text).unwrap().text(&OF_QUEUE).as_deref(), Some(expected));
    }

    #[test]
    fn statements_come_and_go_and_the_rest_stays_as_written() {
        let text =
            r#"{ "Id": "a\u0062", "Statement": { "Sid":"one",  "x": 1.0 }, "Version" : "2012-10-17" }"#;
        let mut document = Document::parse(text).unwrap();
        assert!(document.has("one") && !document.has("two"));
        document.add(r#"{"Sid":"two"}"#.to_owned());
        let expected = r#"{"Id":"a\u0062","Statement":[{ "Sid":"one",  "x": 1.0 },{"Sid":"two"}],"Version":"2012-10-17"}"#;
        assert_eq!(document.text(&OF_QUEUE).as_deref(), Some(expected));
        let mut document = Document::parse(expected).unwrap();
        document.remove("one");
        assert!(!document.is_empty());
        document.remove("two");
        assert!(document.is_empty());
    }

    #[test]
    fn a_policy_without_statements_gets_some_and_too_many_are_refused() {
        let mut document = Document::parse(r#"{"Id":"a"}"#).unwrap();
        document.add("{}".to_owned());
        assert_eq!(document.text(&OF_QUEUE).as_deref(), Some(r#"{"Id":"a","Statement":[{}]}"#));
        (0..20).for_each(|_| document.add("{}".to_owned()));
        assert_eq!(document.text(&OF_QUEUE), None);
    }
}
