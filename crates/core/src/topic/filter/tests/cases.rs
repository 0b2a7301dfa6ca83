//! Cases beyond the golden vectors, by the rules of sns 12 and of event-ruler.

use super::super::{COMBINATIONS_MAX, DEPTH_MAX, Facts, Policy, PolicyError, Scope, Value};
use super::{attributes, body, compile, json, policy};

use Scope::{MessageAttributes, MessageBody};

#[track_caller]
fn check_body(source: &str, cases: &[(&str, bool)]) {
    let policy = policy(source, MessageBody);
    for (text, wanted) in cases {
        assert_eq!(policy.matches(&body(text)), *wanted, "{source} on {text}");
    }
}

#[track_caller]
fn check_attribute(source: &str, cases: &[(&str, &str, bool)]) {
    let policy = policy(source, MessageAttributes);
    for (kind, text, wanted) in cases {
        assert_eq!(policy.matches(&attributes(&[("k", kind, text)])), *wanted, "{source} on {kind} {text}");
    }
}

#[track_caller]
fn check_refused(scope: Scope, cases: &[(&str, &str)]) {
    for (source, text) in cases {
        let error = compile(source, scope).expect_err(source);
        assert_eq!(error.to_string(), *text, "{source}");
    }
}

#[test]
fn operators_on_strings() {
    check_attribute(
        r#"{"k":[{"prefix":"ab"},{"suffix":"yz"}]}"#,
        &[
            ("String", "abc", true),
            ("String", "xyz", true),
            ("String", "a", false),
            ("Number", "1", false),
            ("String.Array", r#"["q",["xyz"]]"#, true),
            ("String.Array", "[]", false),
            ("Binary", "", false),
        ],
    );
    check_attribute(r#"{"k":[{"prefix":""}]}"#, &[("String", "any", true), ("Number", "1", false)]);
    check_attribute(
        r#"{"k":[{"wildcard":"a*\\*"}]}"#,
        &[("String", "abc*", true), ("String", "a*", true), ("String", "abc", false)],
    );
    check_attribute(
        r#"{"k":[{"cidr":"2001:db8::/32"}]}"#,
        &[
            ("String", "2001:db8::9", true),
            ("String", "10.0.0.1", false),
            ("String.Array", r#"["2001:db8::"]"#, true),
        ],
    );
}

#[test]
fn anything_but_in_all_its_forms() {
    check_attribute(
        r#"{"k":[{"anything-but":["a",5]}]}"#,
        &[
            ("String", "a", false),
            ("String", "5", true),
            ("Number", "5.0", false),
            ("Number", "5.000001", true),
            ("Binary", "", false),
            ("String.Array", "[]", false),
            ("String.Array", r#"["a",5]"#, false),
            ("String.Array", r#"["a",null]"#, true),
        ],
    );
    for (refused, cases) in [
        (r#"{"prefix":["ab","cd"]}"#, [("abz", false), ("cdz", false), ("xab", true)]),
        (r#"{"suffix":"z"}"#, [("abz", false), ("z", false), ("za", true)]),
        (r#"{"wildcard":["a*b","c"]}"#, [("axb", false), ("c", false), ("cc", true)]),
        (r#"{"equals-ignore-case":["ab"]}"#, [("AB", false), ("ab", false), ("abc", true)]),
    ] {
        let source = format!(r#"{{"k":[{{"anything-but":{refused}}}]}}"#);
        for (text, wanted) in cases {
            check_attribute(&source, &[("String", text, wanted), ("Number", "1", true)]);
        }
    }
}

#[test]
fn numbers_compare_by_value_at_the_edges() {
    check_attribute(
        r#"{"k":[{"numeric":[">=",-1.5,"<",1e9]}]}"#,
        &[
            ("Number", "-1.5", true),
            ("Number", "-1.500001", false),
            ("Number", "999999999.999999999", true),
            ("Number", "1000000000", false),
            ("Number", "1e999999", false),
            ("String", "0", false),
            ("String.Array", "[7e9, 7]", true),
        ],
    );
    check_attribute(
        r#"{"k":[{"numeric":["<",0]}]}"#,
        &[("Number", "-1e-300", true), ("Number", "-0.0", false)],
    );
    check_attribute(
        r#"{"k":[{"numeric":["=",3.15]}]}"#,
        &[("Number", "315e-2", true), ("Number", "3.150001", false)],
    );
    check_body(
        r#"{"id":[123456789012345678901]}"#,
        &[(r#"{"id":123456789012345678901}"#, true), (r#"{"id":123456789012345678902}"#, false)],
    );
}

#[test]
fn existence_of_attributes() {
    let present = policy(r#"{"k":[{"exists":true}]}"#, MessageAttributes);
    let absent = policy(r#"{"k":[{"exists":false}]}"#, MessageAttributes);
    for (list, is_present, is_absent) in [
        (&[("k", "Binary", "")][..], true, false),
        (&[("k", "String.Array", "[]")], false, false),
        (&[("k", "String.Array", r#"[null,""]"#)], false, false),
        (&[("k", "String.Array", "[0]")], true, false),
        (&[("other", "Binary", "")], false, true),
        (&[], false, false),
    ] {
        assert_eq!(present.matches(&attributes(list)), is_present, "{list:?}");
        assert_eq!(absent.matches(&attributes(list)), is_absent, "{list:?}");
    }
}

#[test]
fn existence_in_bodies() {
    check_body(
        r#"{"a":{"k":[{"exists":true}]}}"#,
        &[
            (r#"{"a":{"k":0}}"#, true),
            (r#"{"a":{"k":false}}"#, true),
            (r#"{"a":{"k":[null,1]}}"#, true),
            (r#"{"a":{"k":null}}"#, false),
            (r#"{"a":{"k":""}}"#, false),
            (r#"{"a":{"k":[]}}"#, false),
            (r#"{"a":{"k":{"deeper":1}}}"#, false),
            (r#"{"a":1}"#, false),
        ],
    );
    check_body(
        r#"{"a":{"k":[{"exists":false}]}}"#,
        &[
            ("{}", true),
            (r#"{"a":[]}"#, true),
            (r#"{"a":"scalar"}"#, true),
            (r#"{"a":{"k":[]}}"#, true),
            (r#"{"a":{"k":{"deeper":1}}}"#, true),
            (r#"{"a":{"k":null}}"#, false),
            (r#"{"a.k":1}"#, false),
            ("[]", false),
            ("7", false),
            ("not json", false),
        ],
    );
}

#[test]
fn absence_speaks_of_the_whole_array_unless_a_neighbour_chose_an_element() {
    check_body(
        r#"{"r":{"id":[{"exists":false}]}}"#,
        &[(r#"{"r":[{"x":1},{"y":1}]}"#, true), (r#"{"r":[{"x":1},{"id":1}]}"#, false)],
    );
    check_body(
        r#"{"r":{"id":[{"exists":false}],"x":[1]}}"#,
        &[(r#"{"r":[{"x":1},{"x":2,"id":1}]}"#, true), (r#"{"r":[{"x":1,"id":1},{"x":2}]}"#, false)],
    );
    check_body(
        r#"{"r":{"id":[7,{"exists":false}]}}"#,
        &[(r#"{"r":[{"x":1},{"id":7}]}"#, true), (r#"{"r":[{"x":1},{"id":8}]}"#, false), ("{}", true)],
    );
}

#[test]
fn one_element_satisfies_all_keys_below_its_array() {
    check_body(
        r#"{"r":{"a":[1],"b":{"c":[2]}}}"#,
        &[
            (r#"{"r":[{"a":1,"b":{"c":2}}]}"#, true),
            (r#"{"r":[{"a":1},{"b":{"c":2}}]}"#, false),
            (r#"{"r":[5,[[{"a":1,"b":[{"c":0},{"c":2}]}]],{}]}"#, true),
            (r#"{"r":[[{"a":1},{"b":{"c":2}}]]}"#, false),
        ],
    );
    // The same however the keys are written.
    check_body(
        r#"{"r.a":[1],"r":{"b.c":[2]}}"#,
        &[(r#"{"r":[{"a":1,"b.c":2}]}"#, true), (r#"{"r":[{"a":1},{"b":{"c":2}}]}"#, false)],
    );
    check_body(
        r#"{"$or":[{"r":{"a":[1]}},{"r":{"a":[3]}}],"r":{"b":[2]}}"#,
        &[(r#"{"r":[{"a":3,"b":2}]}"#, true), (r#"{"r":[{"a":1},{"b":2}]}"#, false)],
    );
}

#[test]
fn dots_and_nesting_are_one_in_bodies_and_apart_in_attributes() {
    check_body(
        r#"{"a":{"b.c":["v"]}}"#,
        &[
            (r#"{"a.b.c":"v"}"#, true),
            (r#"{"a.b":{"c":"v"}}"#, true),
            (r#"{"a":{"b":{"c":"v"}}}"#, true),
            (r#"{"a":{"b":1},"a.b":{"c":["v"]}}"#, true),
            (r#"{"a":{"b":"v"}}"#, false),
        ],
    );
    check_body(r#"{"a":["x"],"a.b":["y"]}"#, &[(r#"{"a":["x",{"b":"y"}]}"#, true), (r#"{"a":"x"}"#, false)]);
    check_body(r#"{"":["x"],".":["y"]}"#, &[(r#"{"":"x",".":"y"}"#, true), (r#"{"":"x"}"#, false)]);
    let dotted = policy(r#"{"a.b":["v"]}"#, MessageAttributes);
    assert!(dotted.matches(&attributes(&[("a.b", "String", "v")])));
    assert!(!dotted.matches(&attributes(&[("a", "String", "v")])));
}

#[test]
fn or_nests_and_stands_beside_other_keys() {
    let source = r#"{"$or":[{"a":[1],"$or":[{"b":[1]},{"b":[2]}]},{"c":[1]}],"d":[1]}"#;
    check_body(
        source,
        &[
            (r#"{"a":1,"b":2,"d":1}"#, true),
            (r#"{"c":1,"d":1}"#, true),
            (r#"{"a":1,"d":1}"#, false),
            (r#"{"c":1}"#, false),
        ],
    );
}

#[test]
fn of_equal_keys_the_last_counts() {
    check_body(
        r#"{"a":[1],"a":[2]}"#,
        &[(r#"{"a":2}"#, true), (r#"{"a":1}"#, false), (r#"{"a":2,"a":1}"#, false)],
    );
    assert_eq!(compile(r#"{"a":[],"a":[2]}"#, MessageBody), Err(PolicyError::EmptyArray));
}

#[test]
fn the_empty_policy_asks_for_nothing() {
    for scope in [MessageAttributes, MessageBody] {
        let empty = policy("{}", scope);
        assert!(empty.is_empty() && empty.matches(&Facts::default()) && empty.matches(&body("{}")));
    }
}

#[test]
fn refusals_beyond_the_golden_ones() {
    check_refused(
        MessageBody,
        &[
            ("[]", "Filter is not an object"),
            (r#"{"a":{}}"#, "Empty objects are not allowed"),
            (r#"{"k":[{}]}"#, "Match expression name not found"),
            (r#"{"k":[{"wildcard":1}]}"#, "wildcard match pattern must be a string"),
            (r#"{"k":[{"wildcard":"**"}]}"#, "Consecutive wildcard characters at pos 0"),
            (r#"{"k":[{"equals-ignore-case":null}]}"#, "equals-ignore-case match pattern must be a string"),
            (
                r#"{"k":[{"anything-but":true}]}"#,
                "Value of anything-but must be an array or single string/number value.",
            ),
            (
                r#"{"k":[{"anything-but":[null]}]}"#,
                "Inside anything but list, start|null|boolean is not supported.",
            ),
            (r#"{"k":[{"anything-but":[]}]}"#, "Empty arrays are not allowed"),
            (r#"{"k":[{"anything-but":{}}]}"#, "Anything-But expression name not found"),
            (r#"{"k":[{"anything-but":{"prefix":1}}]}"#, "prefix match pattern must be a string"),
            (r#"{"k":[{"anything-but":{"prefix":[]}}]}"#, "Empty arrays are not allowed"),
            (r#"{"k":[{"anything-but":{"suffix":""}}]}"#, "Null prefix/suffix not allowed"),
            (r#"{"k":[{"anything-but":{"numeric":[]}}]}"#, "Unsupported anything-but pattern: numeric"),
            (
                r#"{"k":[{"anything-but":{"prefix":"a","suffix":"b"}}]}"#,
                "Only one key allowed in match expression",
            ),
            (r#"{"k":[{"numeric":5}]}"#, "Value of numeric must be an array."),
            (r#"{"k":[{"numeric":[{}]}]}"#, "Invalid member in numeric match: {"),
            (r#"{"k":[{"numeric":["=",1,2]}]}"#, "Too many elements in numeric expression"),
            (r#"{"k":[{"numeric":[">=",5,"<=",5]}]}"#, "Bottom must be less than top"),
            (
                r#"{"k":[{"numeric":["=",1000000000.1]}]}"#,
                "Value must be between -1.0E9 and 1.0E9, inclusive",
            ),
            (
                r#"{"k":[{"numeric":["=",0.000001]}]}"#,
                "Value must have at most 5 digits after the decimal point",
            ),
            (r#"{"k":[0.000001]}"#, "Value must have at most 5 digits after the decimal point"),
            (r#"{"$or":{"a":[1]}}"#, "It must be an Array followed with $or."),
            (r#"{"$or":[{"a":[1]},5]}"#, "Only JSON object is allowed in array of $or relationship."),
            (r#"{"$or":[{"a":[1]}]}"#, "There must have at least 2 Objects in $or relationship."),
            (
                r#"{"$or":[{"prefix":["a"]},{"b":[1]}]}"#,
                "prefix is Ruler reserved fieldName which cannot be used inside $or.",
            ),
            (r#"{"$or":[]}"#, "Empty arrays are not allowed"),
        ],
    );
    let nested = r#"{"$or":[{"a":[1]},{"b":{"c":[1]}}]}"#;
    assert_eq!(compile(nested, MessageAttributes), Err(PolicyError::NestedInAttributeScope));
    // What is malformed is found before what is too much.
    assert_eq!(compile(r#"{"a":{"b":[1]},"c":[]}"#, MessageAttributes), Err(PolicyError::EmptyArray));
}

#[test]
fn combinations_multiply_over_keys_and_add_up_over_or() {
    let values = |count: u64| (0..count).map(|value| value.to_string()).collect::<Vec<_>>().join(",");
    let or = |count| {
        let (a, b) = (values(count), values(10));
        compile(&format!(r#"{{"$or":[{{"a":[{a}]}},{{"b":{{"c":[{b}]}}}}],"d":[1,2]}}"#), MessageBody)
    };
    // (count · 1 + 10 · 2) · 2
    assert!(or(COMBINATIONS_MAX / 2 - 20).is_ok());
    assert_eq!(or(COMBINATIONS_MAX / 2 - 19), Err(PolicyError::TooComplex));
    let guide = |first, second| {
        let (first, second) = (values(first), values(second));
        compile(&format!(r#"{{"a":{{"b":{{"c":[{first}]}}}},"d":{{"e":[{second}]}}}}"#), MessageBody)
    };
    // first · 3 · second · 2
    assert!(guide(4, 3).is_ok() && guide(5, 5).is_ok());
    assert_eq!(guide(13, 2), Err(PolicyError::TooComplex));
}

#[test]
fn keys_of_all_or_elements_count() {
    let or = |count: usize| {
        let elements: Vec<_> = (0..count).map(|key| format!(r#"{{"k{key}":[1]}}"#)).collect();
        compile(&format!(r#"{{"$or":[{}]}}"#, elements.join(",")), MessageAttributes)
    };
    assert!(or(5).is_ok());
    assert_eq!(or(6), Err(PolicyError::TooManyKeys));
    // Leaves count, wherever they are; the keys above them do not.
    let one_parent = |count: usize| {
        let leaves: Vec<_> = (0..count).map(|key| format!(r#""k{key}":[1]"#)).collect();
        compile(&format!(r#"{{"parent":{{{}}}}}"#, leaves.join(",")), MessageBody)
    };
    assert!(one_parent(5).is_ok());
    assert_eq!(one_parent(6), Err(PolicyError::TooManyKeys));
    // A key that is there twice is one key, of which the last counts.
    assert!(compile(&format!("{{{}}}", [r#""k":[1]"#; 6].join(",")), MessageAttributes).is_ok());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        let mut value = Value::Array(vec![Value::Null]);
        for _ in 0..depth {
            value = Value::Object(vec![("a".into(), value)]);
        }
        Policy::compile(&value, MessageBody)
    };
    assert!(nested(DEPTH_MAX).is_ok());
    assert_eq!(nested(DEPTH_MAX + 1), Err(PolicyError::TooComplex));
    assert_eq!(nested(1_000), Err(PolicyError::TooComplex));
    let dotted = |steps: usize| compile(&format!(r#"{{"{}":[1]}}"#, ".".repeat(steps - 1)), MessageBody);
    assert!(dotted(DEPTH_MAX).is_ok());
    assert_eq!(dotted(DEPTH_MAX + 1), Err(PolicyError::TooComplex));
    let deep = dotted(DEPTH_MAX).expect("a policy");
    assert!(deep.matches(&body(&format!(r#"{{"{}":1}}"#, ".".repeat(DEPTH_MAX - 1)))));
    assert!(!deep.matches(&body(&format!(r#"{{"{}":1}}"#, ".".repeat(DEPTH_MAX)))));
}

#[test]
fn a_policy_knows_its_scope() {
    assert_eq!(policy(r#"{"a":[1]}"#, MessageBody).scope(), MessageBody);
    assert_eq!(json("1.0"), json("1"));
}
