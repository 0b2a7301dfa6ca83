//! Match expressions: the objects among a key's conditions.
//!
//! Checks run in the order in which a reader of the text meets the words, because the first error is the
//! one that is reported.

use std::ops::Bound;

use super::condition::{Draft, Literals, Pattern};
use super::error::PolicyError;
use super::number::Number;
use super::pattern::{Cidr, Wildcard, folded};
use super::value::Value;

/// Reads one match expression, `{"operator": operand}`, into the conditions of its key.
pub(crate) fn expression(members: &[(Box<str>, Value)], into: &mut Draft) -> Result<(), PolicyError> {
    let Some((name, operand)) = members.first() else { return Err(PolicyError::MatchTypeMissing) };
    match &**name {
        "exists" => into.literal(exists(operand)?),
        "numeric" => into.pattern(numeric(operand)?),
        "anything-but" => into.pattern(anything_but(operand)?),
        "cidr" => into.pattern(Pattern::Cidr(Cidr::parse(text(operand, "prefix")?)?)),
        known => match affix(known, operand) {
            Some(pattern) => into.pattern(pattern?),
            None => return Err(PolicyError::MatchTypeUnknown(known.into())),
        },
    }
    alone(members)
}

/// Reads a number that stands by itself, of any size that we can keep whole.
pub(crate) fn number(number: Number) -> Result<Number, PolicyError> {
    number.is_exact().then_some(number).ok_or(PolicyError::NumberPrecision)
}

/// Reads a number of an operator.
fn bounded(value: Number) -> Result<Number, PolicyError> {
    if !value.is_in_numeric_range() {
        return Err(PolicyError::NumberRange);
    }
    number(value)
}

fn alone(members: &[(Box<str>, Value)]) -> Result<(), PolicyError> {
    if members.len() == 1 { Ok(()) } else { Err(PolicyError::MatchTypeNotAlone) }
}

/// The string behind an operator.
fn text<'a>(operand: &'a Value, operator: &'static str) -> Result<&'a str, PolicyError> {
    let Value::String(text) = operand else { return Err(PolicyError::PatternNotText(operator)) };
    Ok(text)
}

/// The operators that compare strings, which `anything-but` takes as well. `None`: not one of them.
fn affix(operator: &str, operand: &Value) -> Option<Result<Pattern, PolicyError>> {
    Some(match operator {
        "prefix" => text(operand, "prefix").map(|prefix| Pattern::Prefix(prefix.into())),
        "suffix" => text(operand, "suffix").map(|suffix| Pattern::Suffix(suffix.into())),
        "equals-ignore-case" => {
            text(operand, "equals-ignore-case").map(|pattern| Pattern::IgnoreCase(folded(pattern)))
        }
        "wildcard" => text(operand, "wildcard").and_then(Wildcard::parse).map(Pattern::Wildcard),
        _ => return None,
    })
}

fn exists(operand: &Value) -> Result<Literals, PolicyError> {
    match operand {
        Value::Bool(true) => Ok(Literals::PRESENT),
        Value::Bool(false) => Ok(Literals::ABSENT),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(PolicyError::ExistsNotBool)
        }
    }
}

fn anything_but(operand: &Value) -> Result<Pattern, PolicyError> {
    let mut refused = Draft::default();
    match operand {
        Value::String(text) => refused.string(text.clone()),
        Value::Number(value) => refused.number(bounded(*value)?),
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::String(text) => refused.string(text.clone()),
                    Value::Number(value) => refused.number(bounded(*value)?),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                        return Err(PolicyError::AnythingButElement);
                    }
                }
            }
            if items.is_empty() {
                return Err(PolicyError::EmptyArray);
            }
        }
        Value::Object(members) => anything_but_like(members, &mut refused)?,
        Value::Null | Value::Bool(_) => return Err(PolicyError::AnythingButValue),
    }
    Ok(Pattern::AnythingBut(Box::new(refused.finish())))
}

/// Reads `{"prefix": "s"}` or `{"prefix": ["s", …]}` behind `anything-but`.
fn anything_but_like(members: &[(Box<str>, Value)], refused: &mut Draft) -> Result<(), PolicyError> {
    let Some((name, operand)) = members.first() else { return Err(PolicyError::AnythingButMissing) };
    let patterns = match operand {
        Value::Array(items) => items.as_slice(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(operand)
        }
    };
    // The operator is judged before its operand, whatever that is.
    if affix(name, &Value::Null).is_none() {
        return Err(PolicyError::AnythingButUnsupported(name.clone()));
    }
    for pattern in patterns {
        let pattern = affix(name, pattern).expect("the operator was just found")?;
        if let Pattern::Prefix(affix) | Pattern::Suffix(affix) = &pattern
            && affix.is_empty()
        {
            return Err(PolicyError::AnythingButAffixEmpty);
        }
        refused.pattern(pattern);
    }
    if patterns.is_empty() {
        return Err(PolicyError::EmptyArray);
    }
    alone(members)
}

/// Reads `["=", n]`, `["<", n]`, `[">", n]` or `[">", n, "<=", m]`.
fn numeric(operand: &Value) -> Result<Pattern, PolicyError> {
    let Value::Array(items) = operand else { return Err(PolicyError::NumericNotAnArray) };
    let mut items = items.iter();
    let operator = match items.next() {
        Some(Value::String(operator)) => &**operator,
        other => return Err(PolicyError::NumericMember(token(other))),
    };
    let (bottom, top) = match operator {
        "=" => {
            let value = operand_of("equals", items.next())?;
            (Bound::Included(value), Bound::Included(value))
        }
        "<" => (Bound::Unbounded, Bound::Excluded(operand_of(operator, items.next())?)),
        "<=" => (Bound::Unbounded, Bound::Included(operand_of(operator, items.next())?)),
        ">" => {
            let bottom = operand_of(operator, items.next())?;
            (Bound::Excluded(bottom), upper(bottom, &mut items)?)
        }
        ">=" => {
            let bottom = operand_of(operator, items.next())?;
            (Bound::Included(bottom), upper(bottom, &mut items)?)
        }
        unknown => return Err(PolicyError::NumericOperator(unknown.into())),
    };
    if items.next().is_some() {
        return Err(PolicyError::NumericElements);
    }
    Ok(Pattern::Range(bottom, top))
}

/// Reads the second half of a range, if there is one, up to the end of the array.
fn upper(bottom: Number, items: &mut std::slice::Iter<'_, Value>) -> Result<Bound<Number>, PolicyError> {
    let operator = match items.next() {
        None => return Ok(Bound::Unbounded),
        Some(Value::String(operator)) => &**operator,
        other => return Err(PolicyError::NumericSecondMember(token(other))),
    };
    if operator != "<" && operator != "<=" {
        return Err(PolicyError::NumericSecondOperator(operator.into()));
    }
    let top = operand_of(operator, items.next())?;
    if items.next().is_some() {
        return Err(PolicyError::NumericTerms);
    }
    if bottom >= top {
        return Err(PolicyError::NumericBounds);
    }
    Ok(if operator == "<" { Bound::Excluded(top) } else { Bound::Included(top) })
}

/// The number behind an operator of `numeric`.
fn operand_of(operator: &str, value: Option<&Value>) -> Result<Number, PolicyError> {
    let Some(Value::Number(value)) = value else { return Err(PolicyError::NumericValue(operator.into())) };
    bounded(*value)
}

/// What a reader of the text would call the next word.
fn token(value: Option<&Value>) -> Box<str> {
    match value {
        None => "]".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::Bool(literal)) => literal.to_string().into(),
        Some(Value::Number(number)) => number.to_string().into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(_)) => "[".into(),
        Some(Value::Object(_)) => "{".into(),
    }
}
