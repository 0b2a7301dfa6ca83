//! Every operator against the plainest possible model, in both scopes.
//!
//! The model has texts as lists of characters, numbers as thousandths, addresses as strings of bits, and tries
//! everything.

use super::super::{AttributeFact, Facts, Number, Policy, Scope, Value};
use super::random::Dice;

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
enum Plain {
    Null,
    Bool(bool),
    Thousandths(i64),
    Text(String),
}

/// What stands under a key of a message.
#[derive(Clone, Debug)]
enum Offer {
    Absent,
    Binary,
    One(Plain),
    Several(Vec<Plain>),
}

#[derive(Clone, Debug)]
enum Condition {
    Literal(Plain),
    Prefix(String),
    Suffix(String),
    IgnoreCase(String),
    Wildcard(Vec<Glob>),
    Range(Vec<(&'static str, i64)>),
    Cidr([u8; 4], usize),
    Exists(bool),
    AnythingBut(Vec<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Glob {
    Any,
    One(char),
}

fn bits(address: [u8; 4]) -> String {
    address.iter().map(|byte| format!("{byte:08b}")).collect()
}

fn parse_address(text: &str) -> Option<[u8; 4]> {
    let parts: Vec<u8> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

fn fits(pattern: &[Glob], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((Glob::Any, rest)), _) => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
        (Some((Glob::One(wanted), rest)), Some((first, others))) => wanted == first && fits(rest, others),
        (Some((Glob::One(_), _)), None) => false,
    }
}

fn admits(condition: &Condition, value: &Plain) -> bool {
    match (condition, value) {
        (Condition::Literal(literal), _) => literal == value,
        (Condition::AnythingBut(refused), _) => !refused.iter().any(|other| admits(other, value)),
        (Condition::Exists(wanted), _) => {
            *wanted && *value != Plain::Null && *value != Plain::Text("".into())
        }
        (Condition::Range(bounds), Plain::Thousandths(number)) => {
            bounds.iter().all(|(operator, bound)| match *operator {
                "=" => number == bound,
                "<" => number < bound,
                "<=" => number <= bound,
                ">" => number > bound,
                _ => number >= bound,
            })
        }
        (Condition::Prefix(prefix), Plain::Text(text)) => {
            let wanted: Vec<char> = prefix.chars().collect();
            text.chars().take(wanted.len()).eq(wanted)
        }
        (Condition::Suffix(suffix), Plain::Text(text)) => {
            let wanted: Vec<char> = suffix.chars().rev().collect();
            text.chars().rev().take(wanted.len()).eq(wanted)
        }
        (Condition::IgnoreCase(pattern), Plain::Text(text)) => pattern.to_lowercase() == text.to_lowercase(),
        (Condition::Wildcard(pattern), Plain::Text(text)) => fits(pattern, &text.chars().collect::<Vec<_>>()),
        (Condition::Cidr(network, mask), Plain::Text(text)) => {
            parse_address(text).is_some_and(|address| bits(address)[..*mask] == bits(*network)[..*mask])
        }
        _ => false,
    }
}

/// Whether a key's conditions hold for what the message offers; `siblings` says whether it offers anything.
fn holds(conditions: &[Condition], offer: &Offer, siblings: bool) -> bool {
    let any = |value: &Plain| conditions.iter().any(|condition| admits(condition, value));
    let wants =
        |wanted| conditions.iter().any(|c| matches!(c, Condition::Exists(exists) if *exists == wanted));
    match offer {
        Offer::Absent => siblings && wants(false),
        Offer::Binary => wants(true),
        Offer::One(value) => any(value),
        Offer::Several(values) => values.iter().any(any),
    }
}

fn decimal(thousandths: i64) -> Number {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, fraction) = (thousandths.abs() / 1_000, thousandths.abs() % 1_000);
    Number::parse(&format!("{sign}{whole}.{fraction:03}")).expect("a number")
}

fn text(text: impl Into<Box<str>>) -> Value {
    Value::String(text.into())
}

fn plain(value: &Plain) -> Value {
    match value {
        Plain::Null => Value::Null,
        Plain::Bool(literal) => Value::Bool(*literal),
        Plain::Thousandths(number) => Value::Number(decimal(*number)),
        Plain::Text(text) => Value::String(text.as_str().into()),
    }
}

fn pattern(globs: &[Glob]) -> String {
    globs.iter().fold(String::new(), |text, glob| match glob {
        Glob::Any => text + "*",
        Glob::One(escaped @ ('*' | '\\')) => format!("{text}\\{escaped}"),
        Glob::One(character) => format!("{text}{character}"),
    })
}

/// The condition as a policy has it.
fn written(condition: &Condition) -> Value {
    let (operator, operand) = match condition {
        Condition::Literal(literal) => return plain(literal),
        Condition::Prefix(prefix) => ("prefix", text(prefix.as_str())),
        Condition::Suffix(suffix) => ("suffix", text(suffix.as_str())),
        Condition::IgnoreCase(pattern) => ("equals-ignore-case", text(pattern.as_str())),
        Condition::Wildcard(globs) => ("wildcard", text(pattern(globs))),
        Condition::Range(bounds) => {
            let pair = |(operator, bound): &(&str, i64)| [text(*operator), Value::Number(decimal(*bound))];
            ("numeric", Value::Array(bounds.iter().flat_map(pair).collect()))
        }
        Condition::Cidr([a, b, c, d], mask) => ("cidr", text(format!("{a}.{b}.{c}.{d}/{mask}"))),
        Condition::Exists(wanted) => ("exists", Value::Bool(*wanted)),
        Condition::AnythingBut(refused) => {
            let operands =
                |of: fn(Value) -> Value| Value::Array(refused.iter().map(written).map(of).collect());
            let operand = match written(&refused[0]) {
                Value::Object(members) => Value::Object(vec![(members[0].0.clone(), operands(operand_of))]),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    operands(|literal| literal)
                }
            };
            ("anything-but", operand)
        }
    };
    Value::Object(vec![(operator.into(), operand)])
}

fn operand_of(expression: Value) -> Value {
    let Value::Object(mut members) = expression else { panic!("a match expression") };
    members.remove(0).1
}

fn random_text(dice: &mut Dice) -> String {
    (0..dice.below(5)).map(|_| dice.pick(&['a', 'b', 'A', 'é', 'É', '*', '\\'])).collect()
}

fn address(dice: &mut Dice) -> [u8; 4] {
    [10, 0, dice.pick(&[0, 1, 128]), dice.pick(&[0, 1, 255])]
}

fn scalar(dice: &mut Dice) -> Plain {
    match dice.below(8) {
        0 => Plain::Null,
        1 => Plain::Bool(dice.below(2) == 0),
        2 | 3 => Plain::Thousandths(dice.below(9) as i64 * 500 - 2_000),
        4 => Plain::Text(address(dice).map(|byte| byte.to_string()).join(".")),
        _ => Plain::Text(random_text(dice)),
    }
}

fn globs(dice: &mut Dice) -> Vec<Glob> {
    let mut globs: Vec<Glob> = Vec::new();
    for _ in 0..dice.below(6) {
        let next = match dice.below(3) {
            0 => Glob::Any,
            _ => Glob::One(dice.pick(&['a', 'b', 'é', '*', '\\'])),
        };
        if next != Glob::Any || globs.last() != Some(&Glob::Any) {
            globs.push(next);
        }
    }
    globs
}

fn range(dice: &mut Dice) -> Vec<(&'static str, i64)> {
    let bottom = dice.below(9) as i64 * 500 - 2_000;
    let top = bottom + 500 + dice.below(4) as i64 * 500;
    match dice.below(4) {
        0 => vec![("=", bottom)],
        1 => vec![(dice.pick(&["<", "<="]), bottom)],
        2 => vec![(dice.pick(&[">", ">="]), bottom)],
        _ => vec![(dice.pick(&[">", ">="]), bottom), (dice.pick(&["<", "<="]), top)],
    }
}

fn affix(dice: &mut Dice, which: usize) -> Condition {
    match which {
        0 => Condition::Prefix(random_text(dice) + "a"),
        1 => Condition::Suffix(random_text(dice) + "b"),
        2 => Condition::IgnoreCase(random_text(dice)),
        _ => Condition::Wildcard(globs(dice)),
    }
}

fn condition(dice: &mut Dice) -> Condition {
    let which = dice.below(4);
    match dice.below(9) {
        0 => Condition::Range(range(dice)),
        1 => Condition::Cidr(address(dice), dice.below(32)),
        2 => Condition::Exists(dice.below(2) == 0),
        3 => Condition::AnythingBut((0..=dice.below(2)).map(|_| affix(dice, which)).collect()),
        4 => {
            let literals = (0..=dice.below(2)).map(|_| scalar(dice));
            let known = literals.filter(|value| matches!(value, Plain::Text(_) | Plain::Thousandths(_)));
            let mut refused: Vec<_> = known.map(Condition::Literal).collect();
            refused.push(Condition::Literal(Plain::Text("b".into())));
            Condition::AnythingBut(refused)
        }
        5 | 6 => affix(dice, which),
        _ => Condition::Literal(scalar(dice)),
    }
}

fn offer(dice: &mut Dice) -> Offer {
    match dice.below(6) {
        0 => Offer::Absent,
        1 => Offer::Several((0..=dice.below(3)).map(|_| scalar(dice)).collect()),
        _ => Offer::One(scalar(dice)),
    }
}

const KEYS: [&str; 3] = ["a", "b", "c"];

/// The offers as attributes. Text and numbers only may stand alone there, so the rest becomes an array.
fn as_attributes(offers: &[Offer]) -> Facts {
    let fact = |(key, offer): (&&str, &Offer)| {
        let fact = match offer {
            Offer::Absent => return None,
            Offer::Binary => AttributeFact::Binary,
            Offer::One(Plain::Text(text)) => AttributeFact::Text(text.as_str().into()),
            Offer::One(Plain::Thousandths(number)) => AttributeFact::Number(decimal(*number)),
            Offer::One(other) => AttributeFact::Array(vec![plain(other)]),
            Offer::Several(values) => AttributeFact::Array(values.iter().map(plain).collect()),
        };
        Some(((*key).into(), fact))
    };
    Facts::new(KEYS.iter().zip(offers).filter_map(fact).collect(), None)
}

fn as_body(offers: &[Offer]) -> Facts {
    let member = |(key, offer): (&&str, &Offer)| {
        let value = match offer {
            Offer::Absent | Offer::Binary => return None,
            Offer::One(value) => plain(value),
            Offer::Several(values) => Value::Array(values.iter().map(plain).collect()),
        };
        Some(((*key).into(), value))
    };
    Facts::new(vec![], Some(Value::Object(KEYS.iter().zip(offers).filter_map(member).collect())))
}

/// A condition of one of a few kinds: of mixed ones some nearly always admits a value.
fn condition_like(dice: &mut Dice, kinds: &[usize]) -> Condition {
    match dice.pick(kinds) {
        which @ 0..=3 => affix(dice, which),
        4 => Condition::Range(range(dice)),
        5 => Condition::Cidr(address(dice), 24 + dice.below(8)),
        which @ 6..=9 => Condition::AnythingBut((0..8).map(|_| affix(dice, which - 6)).collect()),
        10 => {
            let offered = (0..30).map(|_| scalar(dice));
            let listed = offered.filter(|value| matches!(value, Plain::Text(_) | Plain::Thousandths(_)));
            let common = ["", "a", "b", "é"].map(|text| Plain::Text(text.into()));
            Condition::AnythingBut(listed.chain(common).map(Condition::Literal).collect())
        }
        _ => condition(dice),
    }
}

/// Many patterns are judged all at once, by other code than a few.
#[test]
fn many_conditions_of_one_key_are_as_in_the_model() {
    let mut dice = Dice(7);
    let kinds: Vec<Vec<usize>> = (0..=11)
        .map(|kind| vec![kind])
        .chain([
            vec![0, 1],
            vec![2, 3, 3],
            vec![6, 7],
            vec![6, 9],
            vec![8, 10],
            vec![6, 7, 8, 9],
            vec![4, 5, 10],
        ])
        .collect();
    let mut results = vec![[0, 0]; kinds.len()];
    for round in 0..5_000 {
        let which = dice.below(kinds.len());
        let count = if kinds[which].iter().any(|kind| (6..=9).contains(kind)) { 12 } else { 60 };
        let conditions: Vec<Condition> =
            (0..5 + dice.below(count)).map(|_| condition_like(&mut dice, &kinds[which])).collect();
        let written = Value::Array(conditions.iter().map(written).collect());
        let source = Value::Object(vec![("a".into(), written)]);
        let policy =
            Policy::compile(&source, Scope::MessageBody).unwrap_or_else(|e| panic!("{e}: {source:?}"));
        for _ in 0..12 {
            let offer = offer(&mut dice);
            let expected = holds(&conditions, &offer, true);
            let facts = as_body(std::slice::from_ref(&offer));
            assert_eq!(policy.matches(&facts), expected, "round {round}: {source:?} on {offer:?}");
            results[which][usize::from(expected)] += 1;
        }
    }
    for (kinds, results) in kinds.iter().zip(results) {
        assert!(results.iter().all(|count| *count > 20), "{kinds:?}: {results:?} refused and matched");
    }
}

#[test]
fn every_operator_is_as_in_the_model() {
    let mut dice = Dice(6);
    let (mut compared, mut matched) = (0, 0);
    for round in 0..60_000 {
        let scope = dice.pick(&[Scope::MessageAttributes, Scope::MessageBody]);
        let wanted: Vec<Vec<Condition>> = (0..=dice.below(2))
            .map(|_| (0..=dice.below(2)).map(|_| condition(&mut dice)).collect())
            .collect();
        let key = |(key, conditions): (&&str, &Vec<Condition>)| {
            ((*key).into(), Value::Array(conditions.iter().map(written).collect()))
        };
        let source = Value::Object(KEYS.iter().zip(&wanted).map(key).collect());
        let policy = Policy::compile(&source, scope).unwrap_or_else(|error| panic!("{error}: {source:?}"));
        for _ in 0..6 {
            let mut offers = [offer(&mut dice), offer(&mut dice), offer(&mut dice)];
            if scope == Scope::MessageAttributes && dice.below(8) == 0 {
                offers[0] = Offer::Binary;
            }
            let (facts, siblings) = match scope {
                Scope::MessageAttributes => {
                    (as_attributes(&offers), !offers.iter().all(|offer| matches!(offer, Offer::Absent)))
                }
                Scope::MessageBody => (as_body(&offers), true),
            };
            let expected = wanted.iter().zip(&offers).all(|(conditions, o)| holds(conditions, o, siblings));
            assert_eq!(policy.matches(&facts), expected, "round {round}: {source:?} on {offers:?}");
            compared += 1;
            matched += usize::from(expected);
        }
    }
    assert!(compared > 300_000 && matched > 50_000, "{compared} compared, {matched} matched");
}
