//! Random policies and messages from a fixed seed: nothing panics, the stored form means the same, and
//! rotten bytes are refused or harmless.

use super::super::{AttributeFact, Facts, Number, Policy, Scope, Value};

/// splitmix64: enough randomness for tests, and the same every time.
pub(in super::super) struct Dice(pub(in super::super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(in super::super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(in super::super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const KEYS: [&str; 10] = ["a", "b", "c", "a.b", "b.c", "", ".", "$or", "prefix", "ü"];
const TEXTS: [&str; 12] =
    ["", "a", "ab", "AB", "b*", "a*b", r"\*", "10.0.0.1", "10.0.0.0/8", "::/0", "ß", "<="];
const NUMBERS: [&str; 8] = ["0", "1", "1.0", "-1", "1.000001", "1e9", "1e40", "-7e-7"];
const OPERATORS: [&str; 8] =
    ["prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"];

fn number(dice: &mut Dice) -> Value {
    Value::Number(Number::parse(dice.pick(&NUMBERS)).expect("a number"))
}

/// Any JSON at all, of bounded depth.
fn any(dice: &mut Dice, depth: usize) -> Value {
    let kinds = if depth == 0 { 5 } else { 8 };
    match dice.below(kinds) {
        0 => Value::Null,
        1 => Value::Bool(dice.below(2) == 0),
        2 => number(dice),
        3 | 4 => Value::String(dice.pick(&TEXTS).into()),
        5 => Value::Array((0..dice.below(4)).map(|_| any(dice, depth - 1)).collect()),
        _ => object(dice, depth),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let members = (0..dice.below(5)).map(|_| (dice.pick(&KEYS).into(), any(dice, depth - 1)));
    Value::Object(members.collect())
}

/// An operand that its operator often takes.
fn operand(dice: &mut Dice, operator: &str) -> Value {
    match operator {
        "exists" => Value::Bool(dice.below(2) == 0),
        "numeric" => {
            let mut items = vec![Value::String(dice.pick(&["<", "<=", "=", ">", ">="]).into()), number(dice)];
            if dice.below(3) == 0 {
                items.extend([Value::String(dice.pick(&["<", "<="]).into()), number(dice)]);
            }
            Value::Array(items)
        }
        "anything-but" => match dice.below(3) {
            0 => any(dice, 1),
            1 => Value::Array(vec![number(dice), Value::String(dice.pick(&TEXTS).into())]),
            _ => {
                let inner = dice.pick(&OPERATORS);
                Value::Object(vec![(inner.into(), Value::String(dice.pick(&TEXTS).into()))])
            }
        },
        _ => Value::String(dice.pick(&TEXTS).into()),
    }
}

/// Something that is often a policy.
fn likely_policy(dice: &mut Dice, depth: usize) -> Value {
    let members = (0..=dice.below(2)).map(|_| {
        let value = match dice.below(12) {
            0 => return ("$or".into(), Value::Array((0..2).map(|_| likely_policy(dice, depth)).collect())),
            1..=4 if depth > 0 => likely_policy(dice, depth - 1),
            5 => any(dice, 2),
            _ => Value::Array((0..=dice.below(3)).map(|_| condition(dice)).collect()),
        };
        (dice.pick(&KEYS).into(), value)
    });
    Value::Object(members.collect())
}

fn condition(dice: &mut Dice) -> Value {
    if dice.below(2) == 0 {
        return any(dice, 0);
    }
    let operator = dice.pick(&OPERATORS);
    Value::Object(vec![(operator.into(), operand(dice, operator))])
}

fn facts(dice: &mut Dice) -> Facts {
    let attributes = (0..dice.below(4)).map(|_| {
        let fact = match dice.below(5) {
            0 => AttributeFact::Binary,
            1 => AttributeFact::Number(Number::parse(dice.pick(&NUMBERS)).expect("a number")),
            2 => AttributeFact::Array((0..dice.below(3)).map(|_| any(dice, 1)).collect()),
            _ => AttributeFact::Text(dice.pick(&TEXTS).into()),
        };
        (dice.pick(&KEYS).into(), fact)
    });
    let attributes = attributes.collect();
    let body = if dice.below(10) == 0 { any(dice, 3) } else { object(dice, 4) };
    Facts::new(attributes, Some(body))
}

#[test]
fn the_stored_form_means_the_same_as_what_was_compiled() {
    let mut dice = Dice(1);
    let (mut compiled, mut matched) = (0, 0);
    for round in 0..60_000 {
        let scope = dice.pick(&[Scope::MessageAttributes, Scope::MessageBody]);
        let source = likely_policy(&mut dice, 2);
        let Ok(policy) = Policy::compile(&source, scope) else { continue };
        let mut bytes = vec![0xaa];
        policy.encode(&mut bytes);
        let decoded =
            Policy::decode(&bytes[1..]).unwrap_or_else(|e| panic!("round {round}: {e}: {source:?}"));
        assert_eq!(decoded, policy, "round {round}");
        for _ in 0..4 {
            let facts = facts(&mut dice);
            let matches = policy.matches(&facts);
            assert_eq!(decoded.matches(&facts), matches, "round {round}");
            matched += usize::from(matches);
        }
        compiled += 1;
    }
    assert!(compiled > 10_000 && matched > 2_000, "{compiled} policies, {matched} matches");
}

#[test]
fn arbitrary_json_is_refused_with_a_text() {
    let mut dice = Dice(2);
    for _ in 0..50_000 {
        let source = any(&mut dice, 4);
        let scope = dice.pick(&[Scope::MessageAttributes, Scope::MessageBody]);
        if let Err(error) = Policy::compile(&source, scope) {
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn rotten_bytes_are_refused_or_harmless() {
    let mut dice = Dice(3);
    let mut bytes = Vec::new();
    for _ in 0..60_000 {
        let source = likely_policy(&mut dice, 2);
        let Ok(policy) = Policy::compile(&source, Scope::MessageBody) else { continue };
        bytes.clear();
        policy.encode(&mut bytes);
        let len = dice.below(bytes.len());
        assert!(Policy::decode(&bytes[..len]).is_err(), "cut to {len}: {source:?}");
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        if let Ok(decoded) = Policy::decode(&bytes) {
            let mut again = Vec::new();
            decoded.encode(&mut again);
            assert_eq!(again, bytes, "one policy has one encoding");
            std::hint::black_box(decoded.matches(&facts(&mut dice)));
        }
    }
}
