//! Form parsing: escapes, order, lists, prefixes, bounds.

use super::*;
use crate::ErrorKind;

fn fields(body: &str) -> Fields<'_> {
    Fields::parse("", body.as_bytes()).unwrap()
}

#[test]
fn escapes_and_borrowing() {
    let parsed = Fields::parse("A=1", b"B=a+b%26%c3%a9&C&=x&D=p=q&E=").unwrap();
    for (name, value) in [("A", "1"), ("B", "a b&é"), ("C", ""), ("", "x"), ("D", "p=q"), ("E", "")] {
        assert_eq!(parsed.value(name), Some(value), "{name}");
    }
    assert_eq!(parsed.value("F"), None);
    assert!(parsed.pairs.iter().filter(|pair| pair.0 != "B").all(|pair| matches!(pair.1, Cow::Borrowed(_))));
}

#[test]
fn broken_input_is_malformed() {
    for body in [&b"A=%"[..], b"A=%4", b"A=%zz", b"%=1", b"A=%ff", b"A=\xff", b"A=%+1"] {
        assert_eq!(Fields::parse("", body).unwrap_err().kind, ErrorKind::MalformedInput, "{body:?}");
    }
    let many = "a=&".repeat(FIELDS_MAX);
    assert!(Fields::parse("", many.as_bytes()).is_ok());
    assert!(Fields::parse("b=", many.as_bytes()).is_err());
}

#[test]
fn the_first_of_equal_names_wins_and_the_query_string_is_first() {
    assert_eq!(Fields::parse("A=1", b"A=2&A=3").unwrap().value("A"), Some("1"));
    assert_eq!(fields("L.1=a&L.1=b").form().values("L"), ["a"]);
}

#[test]
fn lists_are_in_the_order_of_their_numbers() {
    let parsed = fields("L.10=j&L.2=b&L.1=a&L.x=no&L.01=no&L.0=no&L.1.x=no&LL.1=no&L=no&L.-1=no");
    assert_eq!(parsed.form().values("L"), ["a", "b", "j"]);
}

#[test]
fn entries_are_smaller_forms() {
    let parsed = fields("E.2.Id=b&E.10.Id=c&E.1.Id=a&E.1.M.1.Name=n&E.1-=x&E.1=y&E.x.Id=no&E=z");
    let entries = parsed.form().entries("E", &["Id", "M"]);
    let ids: Vec<_> = entries.iter().map(|(number, entry)| (*number, entry.value("Id"))).collect();
    assert_eq!(ids, [(1, Some("a")), (2, Some("b")), (10, Some("c"))]);
    let inner = entries[0].1.entries("M", &["Name"]);
    assert_eq!((inner.len(), inner[0].1.value("Name")), (1, Some("n")));
}

#[test]
fn a_list_of_one_may_leave_the_number_out_and_a_numbered_one_wins() {
    assert_eq!(fields("L=a").form().values("L"), ["a"]);
    assert_eq!(fields("L=a&L.2=b").form().values("L"), ["a", "b"]);
    assert_eq!(fields("L=a&L.1=b").form().values("L"), ["b"]);
    // How some clients write an empty list.
    assert_eq!(fields("L=").form().values("L"), [""; 0]);
    assert_eq!(fields("L.1=").form().values("L"), [""]);

    let ids = |body: &str| -> Vec<(u32, Option<String>)> {
        let parsed = fields(body);
        let entries = parsed.form().entries("E", &["Id", "M"]);
        entries.iter().map(|(number, entry)| (*number, entry.value("Id").map(str::to_owned))).collect()
    };
    let id = |text: &str| Some(text.to_owned());
    assert_eq!(ids("E.Id=a"), [(1, id("a"))]);
    assert_eq!(ids("E.3.Id=b&E.Id=a"), [(1, id("a")), (3, id("b"))]);
    assert_eq!(ids("E.1.Id=b&E.Id=a"), [(1, id("b"))]);
    assert_eq!(ids("E.M.1.Name=n"), [(1, None)]);
    assert_eq!(ids("E=&E.x=1&E.x.Id=a&E..Id=a&E.0.Id=a&E.Idx=a&E.id=a"), []);
}

#[test]
fn a_default_does_not_override() {
    let mut parsed = fields("B=1&Z=2");
    parsed.default_to("QueueUrl", "/1/q");
    parsed.default_to("B", "other");
    assert_eq!((parsed.value("QueueUrl"), parsed.value("B")), (Some("/1/q"), Some("1")));
}

#[test]
fn scalars_of_the_wrong_form_are_malformed() {
    let parsed = fields("N=x&T=yes&B=*&U=True&P=%2B1&M=-1&Z=007");
    assert_eq!((i64::find(parsed.form(), "M"), i64::find(parsed.form(), "Z")), (Ok(Some(-1)), Ok(Some(7))));
    assert!(matches!(i64::find(parsed.form(), "P"), Err(Flaw::Malformed(_))));
    assert_eq!(bool::find(parsed.form(), "U"), Ok(Some(true)));
    assert!(matches!(i64::find(parsed.form(), "N"), Err(Flaw::Malformed(_))));
    assert!(matches!(bool::find(parsed.form(), "T"), Err(Flaw::Malformed(_))));
    assert!(matches!(Blob::find(parsed.form(), "B"), Err(Flaw::Malformed(_))));
}
