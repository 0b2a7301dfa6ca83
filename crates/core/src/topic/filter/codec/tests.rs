//! The stored form, byte by byte. These bytes are in logs: they are added to, never changed.

use super::super::{Malformed, Number, Policy, Scope, Value};

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn array<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).expect("a number"))
}

/// The stored form of a number: twice the multiple of 1e-5.
fn stored(number: i128) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

/// `{"$or": [{"a.b": […]}, {"c": […]}], "a": {"z": […]}}` with every operator.
fn every_operator() -> Value {
    let strings = array([
        text("s"),
        text("r"),
        number("1.5"),
        Value::Null,
        object([("prefix", text("p"))]),
        object([("suffix", text("q"))]),
        object([("equals-ignore-case", text("É"))]),
        object([("wildcard", text("x*y"))]),
    ]);
    let others = array([
        object([("numeric", array([text(">"), number("-1"), text("<="), number("1e9")]))]),
        object([("numeric", array([text("<"), number("0")]))]),
        object([("cidr", text("10.0.0.0/8"))]),
        object([("cidr", text("::/0"))]),
        object([("exists", Value::Bool(false))]),
    ]);
    let refused = array([
        object([("anything-but", array([text("n"), number("7")]))]),
        object([("anything-but", object([("prefix", array([text("m")]))]))]),
    ]);
    object([
        ("$or", array([object([("a.b", strings)]), object([("c", others)])])),
        ("a", object([("z", refused)])),
    ])
}

fn every_operator_stored() -> Vec<u8> {
    let mut bytes = vec![1, 1, 3];
    // a.b
    bytes.extend([2, 1, b'a', 1, b'b', 1, 2, 1, b'r', 1, b's', 1]);
    bytes.extend(stored(300_000));
    bytes.extend([4, 1, 1, b'p', 2, 1, b'q', 3, 2, 0xc3, 0xa9, 4, 2, 1, b'x', 1, b'y']);
    // a.z
    bytes.extend([2, 1, b'a', 1, b'z', 0, 0, 0, 2, 8, 0, 1, 1, b'n', 1]);
    bytes.extend(stored(1_400_000));
    bytes.extend([0, 8, 0, 0, 0, 1, 1, 1, b'm']);
    // c
    bytes.extend([1, 1, b'c', 16, 0, 0, 4, 5, 2]);
    bytes.extend(stored(-200_000));
    bytes.push(1);
    bytes.extend(stored(200_000_000_000_000));
    bytes.extend([5, 0, 2]);
    bytes.extend(stored(0));
    bytes.extend([6, 10, 0, 0, 0, 8, 7]);
    bytes.extend([0; 17]);
    // Either of the two keys of `$or`, with a.z.
    bytes.extend([2, 2, 0, 1, 2, 1, 2]);
    bytes
}

#[test]
fn golden_bytes_of_version_1() {
    let policy = Policy::compile(&every_operator(), Scope::MessageBody).expect("a policy");
    let mut bytes = Vec::new();
    policy.encode(&mut bytes);
    assert_eq!(bytes, every_operator_stored());
    assert_eq!(Policy::decode(&bytes), Ok(policy));
}

#[test]
fn golden_bytes_of_small_policies() {
    let one = object([("kind", array([text("a"), object([("exists", Value::Bool(true))])]))]);
    for (source, scope, wanted) in [
        (object([]), Scope::MessageAttributes, &[1, 0, 0, 1, 0][..]),
        (object([]), Scope::MessageBody, &[1, 1, 0, 1, 0]),
        (
            one,
            Scope::MessageAttributes,
            &[1, 0, 1, 1, 4, b'k', b'i', b'n', b'd', 8, 1, 1, b'a', 0, 0, 1, 1, 0],
        ),
    ] {
        let policy = Policy::compile(&source, scope).expect("a policy");
        let mut bytes = Vec::new();
        policy.encode(&mut bytes);
        assert_eq!(bytes, wanted);
        assert_eq!(Policy::decode(wanted), Ok(policy));
    }
}

#[test]
fn every_cut_is_too_early_and_more_is_too_much() {
    let mut bytes = every_operator_stored();
    for len in 0..bytes.len() {
        assert_eq!(Policy::decode(&bytes[..len]), Err(Malformed::Truncated), "{len}");
    }
    bytes.push(0);
    assert_eq!(Policy::decode(&bytes), Err(Malformed::Trailing));
}

#[test]
fn what_evaluation_leans_on_is_checked() {
    for (bytes, error) in [
        (&[2, 0, 0, 1, 0][..], Malformed::Version(2)),
        (&[1, 2, 0, 1, 0], Malformed::Tag(2)),
        // No alternative; one that names a leaf that is not there; one that names a leaf twice.
        (&[1, 0, 0, 0], Malformed::Shape),
        (&[1, 0, 0, 1, 1, 0], Malformed::Shape),
        (&[1, 0, 1, 1, 1, b'a', 8, 0, 0, 0, 1, 2, 0, 0], Malformed::Shape),
        // No path; a path of two segments for an attribute.
        (&[1, 0, 1, 0], Malformed::Shape),
        (&[1, 0, 1, 2, 1, b'a', 1, b'b', 8, 0, 0, 0, 1, 1, 0], Malformed::Shape),
        // Unknown bits; strings out of order; a count of two bytes that fits one; no UTF-8.
        (&[1, 0, 1, 1, 1, b'a', 32, 0, 0, 0, 1, 1, 0], Malformed::Tag(32)),
        (&[1, 0, 1, 1, 1, b'a', 0, 2, 1, b's', 1, b'r', 0, 0, 1, 1, 0], Malformed::Shape),
        (&[1, 0, 1, 0x81, 0, 1, b'a', 8, 0, 0, 0, 1, 1, 0], Malformed::Shape),
        (&[1, 0, 1, 1, 1, 0xff, 8, 0, 0, 0, 1, 1, 0], Malformed::Value),
        // Unknown pattern; a network with host bits; `anything-but` within `anything-but`.
        (&[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 9], Malformed::Tag(9)),
        (&[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 6, 10, 0, 0, 1, 8], Malformed::Value),
        (&[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 8, 0, 0, 0, 1, 8], Malformed::Shape),
        // `anything-but` of nothing, of an address range, of patterns of two kinds, of a text and a pattern.
        (&[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 8, 0, 0, 0, 0, 1, 1, 0], Malformed::Shape),
        (&[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 8, 0, 0, 0, 1, 6, 10, 0, 0, 0, 8, 1, 1, 0], Malformed::Shape),
        (
            &[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 8, 0, 0, 0, 2, 1, 1, b'p', 2, 1, b's', 1, 1, 0],
            Malformed::Shape,
        ),
        (&[1, 0, 1, 1, 1, b'a', 0, 0, 0, 1, 8, 0, 1, 1, b't', 0, 1, 1, 1, b'p', 1, 1, 0], Malformed::Shape),
        // Leaves out of order.
        (&[1, 0, 2, 1, 1, b'b', 8, 0, 0, 0, 1, 1, b'a', 8, 0, 0, 0, 1, 2, 0, 1], Malformed::Shape),
    ] {
        assert_eq!(Policy::decode(bytes), Err(error), "{bytes:?}");
        assert!(!error.to_string().is_empty());
    }
}
