//! Body policies against the plainest possible model.
//!
//! The model works as event-ruler describes it: a message is a list of fields, each with its dotted path
//! and its place in every array of objects around it; a policy holds when each of its keys can be given a
//! field that satisfies it, such that no two fields lie in different elements of one array.

use super::super::{Facts, Number, Policy, Scope, Value};
use super::random::Dice;

struct Field<'a> {
    path: String,
    value: &'a Value,
    /// (array, element)
    places: Vec<(usize, usize)>,
}

/// Collects the fields of an object that lies at `places`. An element of an array that is no object is a
/// value of the key like any other, so only arrays around objects make places.
fn fields<'a>(object: &'a Value, path: &str, places: &[(usize, usize)], collected: &mut Collected<'a>) {
    let Value::Object(members) = object else { panic!("an object") };
    for (key, value) in members {
        let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        below(value, &path, places, places, collected);
    }
}

#[derive(Default)]
struct Collected<'a> {
    arrays: usize,
    fields: Vec<Field<'a>>,
}

/// Collects the fields of one key: `object_places` are those of the object around it, `places` also those
/// of arrays since.
fn below<'a>(
    value: &'a Value,
    path: &str,
    object_places: &[(usize, usize)],
    places: &[(usize, usize)],
    collected: &mut Collected<'a>,
) {
    match value {
        Value::Object(_) => fields(value, path, places, collected),
        Value::Array(items) => {
            collected.arrays += 1;
            let array = collected.arrays;
            for (element, item) in items.iter().enumerate() {
                below(item, path, object_places, &[places, &[(array, element)]].concat(), collected);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            collected.fields.push(Field { path: path.into(), value, places: object_places.to_vec() });
        }
    }
}

/// The ways to satisfy a policy: keys with their conditions, all of which must hold.
type Rule<'a> = Vec<(String, &'a [Value])>;

fn rules<'a>(policy: &'a Value, path: &str) -> Vec<Rule<'a>> {
    let Value::Object(members) = policy else { panic!("an object") };
    let mut all: Vec<Rule<'a>> = vec![vec![]];
    for (key, value) in members {
        let below = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        let ways = match value {
            Value::Array(parts) if **key == *"$or" => {
                parts.iter().flat_map(|part| rules(part, path)).collect()
            }
            Value::Array(conditions) => vec![vec![(below, conditions.as_slice())]],
            Value::Object(_) => rules(value, &below),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("no key"),
        };
        all =
            all.iter().flat_map(|rule| ways.iter().map(|way| [rule.clone(), way.clone()].concat())).collect();
    }
    all
}

/// The model knows equality, and three operators that need no parsing.
fn admits(condition: &Value, value: &Value) -> bool {
    let Value::Object(members) = condition else { return condition == value };
    let (name, operand) = &members[0];
    match (&**name, operand, value) {
        ("prefix", Value::String(prefix), Value::String(text)) => text.starts_with(&**prefix),
        ("anything-but", _, _) => value != operand,
        ("exists", _, Value::String(text)) => !text.is_empty(),
        ("exists", _, _) => *value != Value::Null,
        _ => false,
    }
}

fn satisfiable(rule: &[(String, &[Value])], fields: &[Field<'_>], places: &[(usize, usize)]) -> bool {
    let Some(((path, conditions), rest)) = rule.split_first() else { return true };
    fields.iter().any(|field| {
        let agrees = field
            .places
            .iter()
            .all(|(array, element)| places.iter().all(|(other, chosen)| array != other || element == chosen));
        field.path == *path
            && agrees
            && conditions.iter().any(|condition| admits(condition, field.value))
            && satisfiable(rest, fields, &[places, &field.places].concat())
    })
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.below(6) {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::Number(Number::from(dice.below(2) as i64)),
        _ => Value::String(dice.pick(&["", "x", "xy", "z"]).into()),
    }
}

/// An object whose keys are different and have no dots: those are the subject of other tests.
fn message(dice: &mut Dice, depth: usize) -> Value {
    let mut members = Vec::new();
    for key in ["a", "b", "c"] {
        if dice.below(4) > 0 {
            members.push((key.into(), part(dice, depth)));
        }
    }
    Value::Object(members)
}

fn part(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 3 } else { 8 }) {
        0..=2 => scalar(dice),
        3..=5 => Value::Array((0..dice.below(4)).map(|_| part(dice, depth - 1)).collect()),
        _ => message(dice, depth - 1),
    }
}

fn condition(dice: &mut Dice) -> Value {
    let (operator, operand) = match dice.below(6) {
        0 => ("prefix", Value::String(dice.pick(&["", "x"]).into())),
        1 => ("anything-but", Value::String("x".into())),
        2 => ("exists", Value::Bool(true)),
        _ => return scalar(dice),
    };
    Value::Object(vec![(operator.into(), operand)])
}

fn policy(dice: &mut Dice, depth: usize) -> Value {
    let mut members = Vec::new();
    for key in ["a", "b", "c", "a.b", "b.c"] {
        if dice.below(3) == 0 {
            let value = if depth > 0 && dice.below(2) == 0 {
                policy(dice, depth - 1)
            } else {
                Value::Array((0..=dice.below(2)).map(|_| condition(dice)).collect())
            };
            members.push((key.into(), value));
        }
    }
    if dice.below(6) == 0 {
        members.push(("$or".into(), Value::Array((0..2).map(|_| policy(dice, depth.min(1))).collect())));
    }
    Value::Object(members)
}

#[test]
fn bodies_match_as_in_the_model() {
    let mut dice = Dice(4);
    let (mut compared, mut matched) = (0, 0);
    for round in 0..40_000 {
        let source = policy(&mut dice, 2);
        let Ok(policy) = Policy::compile(&source, Scope::MessageBody) else { continue };
        let rules = rules(&source, "");
        for _ in 0..8 {
            let message = message(&mut dice, 4);
            let mut collected = Collected::default();
            fields(&message, "", &[], &mut collected);
            let wanted = rules.iter().any(|rule| satisfiable(rule, &collected.fields, &[]));
            let facts = Facts::new(vec![], Some(message.clone()));
            assert_eq!(policy.matches(&facts), wanted, "round {round}: {source:?} on {message:?}");
            compared += 1;
            matched += usize::from(wanted && !policy.is_empty());
        }
    }
    assert!(compared > 50_000 && matched > 5_000, "{compared} compared, {matched} matched");
}
