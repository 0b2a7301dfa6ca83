//! Why a filter policy is refused.
//!
//! The texts are the first lines of what AWS answers (sns 12), behind `Invalid parameter: ` and, but for
//! [`PolicyError::NestedInAttributeScope`], `FilterPolicy: `. Texts that sns 12 does not list are those
//! of event-ruler, or our own where that has none; the variants say so.

use std::fmt;

/// Why a policy is refused. `Display` gives the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// The policy is JSON but no object (event-ruler's text).
    NotAnObject,
    /// An object inside the policy has no members (event-ruler's text).
    EmptyObject,
    /// A key has neither an object nor an array.
    NotAContainer(Box<str>),
    /// A key, or a list of `anything-but`, has an empty array.
    EmptyArray,
    /// A condition is an array.
    MatchValue,
    /// A condition is an object without members (event-ruler's text).
    MatchTypeMissing,
    /// A condition names an operator that does not exist.
    MatchTypeUnknown(Box<str>),
    /// A condition names several operators.
    MatchTypeNotAlone,
    /// `prefix`, `suffix`, `equals-ignore-case` or `wildcard` (the operator given) has no string.
    /// `cidr` says `prefix` here.
    PatternNotText(&'static str),
    /// `exists` has no Boolean.
    ExistsNotBool,
    /// `anything-but` is neither a string, a number, an array nor an object (event-ruler's text).
    AnythingButValue,
    /// A list of `anything-but` has something other than strings and numbers (event-ruler's text).
    AnythingButElement,
    /// `anything-but` has an object without members (event-ruler's text).
    AnythingButMissing,
    /// `anything-but` has an operator that it does not take.
    AnythingButUnsupported(Box<str>),
    /// `anything-but` has an empty prefix or suffix, which would admit nothing (event-ruler's text).
    AnythingButAffixEmpty,
    /// `cidr` has no `/`, or several.
    CidrSlash,
    /// The mask of `cidr` is not an integer.
    CidrMask,
    /// The mask of `cidr` is negative (event-ruler's text).
    CidrMaskNegative,
    /// The mask of an IPv4 `cidr` is over 31 (event-ruler's text and bound).
    CidrMaskV4,
    /// The mask of an IPv6 `cidr` is over 127 (event-ruler's text and bound).
    CidrMaskV6,
    /// The address of `cidr` is neither IPv4 nor IPv6.
    CidrAddress(Box<str>),
    /// `numeric` has no array (event-ruler's text).
    NumericNotAnArray,
    /// The first member of `numeric` is no operator but this.
    NumericMember(Box<str>),
    /// The first operator of `numeric` does not exist.
    NumericOperator(Box<str>),
    /// An operator of `numeric`, or `equals`, has no number behind it.
    NumericValue(Box<str>),
    /// Something follows a `numeric` that is complete.
    NumericElements,
    /// The second operator of `numeric` is neither `<` nor `<=`.
    NumericSecondOperator(Box<str>),
    /// In place of the second operator of `numeric` stands this.
    NumericSecondMember(Box<str>),
    /// Something follows the upper bound of `numeric`.
    NumericTerms,
    /// The bounds of `numeric` leave nothing between them, or a single number.
    NumericBounds,
    /// A number of `numeric` or `anything-but` is outside -1e9..1e9 (event-ruler's text, SNS's bounds).
    NumberRange,
    /// A number has more than five decimals, or over 31 digits before the point (our text).
    NumberPrecision,
    /// A `wildcard` escapes something other than `*` and `\` at this byte (event-ruler's text).
    WildcardEscape(usize),
    /// A `wildcard` has two `*` in a row at this byte (event-ruler's text).
    WildcardRun(usize),
    /// `$or` has no array (event-ruler's text).
    OrNotAnArray,
    /// An element of `$or` is no object (event-ruler's text).
    OrElement,
    /// `$or` has fewer than two objects (event-ruler's text).
    OrTooFew,
    /// A key inside `$or` has the name of an operator (event-ruler's text).
    OrReserved(Box<str>),
    /// More than 150 combinations, or deeper than any policy of 150 combinations.
    TooComplex,
    /// More than five leaf keys.
    TooManyKeys,
    /// An object as the value of a key in the attribute scope.
    NestedInAttributeScope,
}

impl PolicyError {
    /// Whether the text stands behind `FilterPolicy: `, as all do but one.
    #[must_use]
    pub fn names_filter_policy(&self) -> bool {
        *self != Self::NestedInAttributeScope
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::NotAContainer(key) => return write!(f, "\"{key}\" must be an object or an array"),
            Self::MatchTypeUnknown(name) => return write!(f, "Unrecognized match type {name}"),
            Self::PatternNotText(name) => return write!(f, "{name} match pattern must be a string"),
            Self::AnythingButUnsupported(name) => {
                return write!(f, "Unsupported anything-but pattern: {name}");
            }
            Self::CidrAddress(address) => return write!(f, "Nonstandard IP address: {address}"),
            Self::NumericMember(text) => return write!(f, "Invalid member in numeric match: {text}"),
            Self::NumericOperator(name) => return write!(f, "Unrecognized numeric range operator: {name}"),
            Self::NumericValue(name) => return write!(f, "Value of {name} must be numeric"),
            Self::NumericSecondOperator(name) => return write!(f, "Bad numeric range operator: {name}"),
            Self::NumericSecondMember(text) => return write!(f, "Bad value in numeric range: {text}"),
            Self::WildcardEscape(at) => return write!(f, "Invalid escape character at pos {at}"),
            Self::WildcardRun(at) => return write!(f, "Consecutive wildcard characters at pos {at}"),
            Self::OrReserved(name) => {
                return write!(f, "{name} is Ruler reserved fieldName which cannot be used inside $or.");
            }
            Self::NotAnObject => "Filter is not an object",
            Self::EmptyObject => "Empty objects are not allowed",
            Self::EmptyArray => "Empty arrays are not allowed",
            Self::MatchValue => "Match value must be String, number, true, false, or null",
            Self::MatchTypeMissing => "Match expression name not found",
            Self::MatchTypeNotAlone => "Only one key allowed in match expression",
            Self::ExistsNotBool => "exists match pattern must be either true or false.",
            Self::AnythingButValue => "Value of anything-but must be an array or single string/number value.",
            Self::AnythingButElement => "Inside anything but list, start|null|boolean is not supported.",
            Self::AnythingButMissing => "Anything-But expression name not found",
            Self::AnythingButAffixEmpty => "Null prefix/suffix not allowed",
            Self::CidrSlash => "Malformed CIDR, one '/' required",
            Self::CidrMask => "Malformed CIDR, mask bits must be an integer",
            Self::CidrMaskNegative => "Malformed CIDR, mask bits must not be negative",
            Self::CidrMaskV4 => "IPv4 mask bits must be < 32",
            Self::CidrMaskV6 => "IPv6 mask bits must be < 128",
            Self::NumericNotAnArray => "Value of numeric must be an array.",
            Self::NumericElements => "Too many elements in numeric expression",
            Self::NumericTerms => "Too many terms in numeric range expression",
            Self::NumericBounds => "Bottom must be less than top",
            Self::NumberRange => "Value must be between -1.0E9 and 1.0E9, inclusive",
            Self::NumberPrecision => "Value must have at most 5 digits after the decimal point",
            Self::OrNotAnArray => "It must be an Array followed with $or.",
            Self::OrElement => "Only JSON object is allowed in array of $or relationship.",
            Self::OrTooFew => "There must have at least 2 Objects in $or relationship.",
            Self::TooComplex => "Filter policy is too complex",
            Self::TooManyKeys => "Filter policy can not have more than 5 keys",
            Self::NestedInAttributeScope => {
                "Filter policy scope MessageAttributes does not support nested filter policy"
            }
        };
        f.write_str(fixed)
    }
}

impl std::error::Error for PolicyError {}
