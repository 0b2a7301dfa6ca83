//! What is said of message attributes.

use super::value_invalid;
use crate::error::Error;

/// A message attribute without a value.
pub fn attribute_empty(name: &str, data_type: &str) -> Error {
    value_invalid(format!(
        "The message attribute '{name}' must contain non-empty message attribute value for message attribute \
         type '{data_type}'."
    ))
}

/// A message attribute with the value of the other kind. `field` is `String` or `Binary`.
pub fn attribute_field(name: &str, data_type: &str, field: &str) -> Error {
    value_invalid(format!("The message attribute '{name}' with type '{data_type}' must use field '{field}'."))
}

/// A message attribute type that is none of the three.
pub fn attribute_type(name: &str) -> Error {
    value_invalid(format!(
        "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
         prefixes is Binary, Number, and String."
    ))
}

/// A message attribute name of more than 256 bytes.
pub fn attribute_name_too_long() -> Error {
    value_invalid("Length of message attribute name must be less than 256 bytes.")
}

/// An empty message attribute name. The words are ours: AWS's are not known.
pub fn attribute_name_empty() -> Error {
    value_invalid("Message attribute name can not be empty.")
}

/// A message attribute name with another character.
pub fn attribute_name_character(character: char) -> Error {
    value_invalid(format!(
        "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
         alphanumeric characters, hyphens, underscores, or dots.",
        u32::from(character)
    ))
}

/// A message attribute name that starts with a dot.
pub fn attribute_name_starts_with_dot() -> Error {
    value_invalid("Invalid message attribute name starting with character '.' was found.")
}

/// A message attribute name that ends with a dot.
pub fn attribute_name_ends_with_dot() -> Error {
    value_invalid("Invalid message attribute name ending with character '.' was found.")
}

/// A message attribute name with two dots in a row.
pub fn attribute_name_successive_dots() -> Error {
    value_invalid("Message attribute name can not have successive '.' character.")
}
