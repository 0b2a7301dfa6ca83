//! The kinds of members that structures have, and the two macros that write structures.
//!
//! A structure is a table: the field, its type, its name in JSON, its name in Query. From it come
//! the struct and both readers, so a member cannot exist in one protocol and be forgotten in the
//! other. In JSON the last of repeated members counts, unknown members are skipped, and `null` is
//! the same as absent, in lists and maps, too.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::query::{Flaw, Form, Member};
use crate::text::Text;

/// The most items that one list or map of a JSON request may have, so that a request of commas
/// does not become a hundred times its size in memory.
pub const ITEMS_MAX: usize = 10_000;
/// What is said of more.
pub(crate) const TOO_MANY_ITEMS: &str = "Too many items.";

/// A list member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// The items.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<Option<T>>()? {
                    let Some(item) = item else { continue };
                    if items.len() == ITEMS_MAX {
                        return Err(Error::custom(TOO_MANY_ITEMS));
                    }
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

/// Reads a JSON object as pairs in the order sent; a name may repeat.
pub(crate) fn pairs_from_json<'de, D, V>(deserializer: D) -> Result<Vec<(Text<'de>, V)>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Reader<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
        type Value = Vec<(Text<'de>, V)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                if pairs.len() == ITEMS_MAX {
                    return Err(Error::custom(TOO_MANY_ITEMS));
                }
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    deserializer.deserialize_map(Reader(PhantomData))
}

/// As [`pairs_from_json`], without those whose value is `null`.
pub(crate) fn present_pairs_from_json<'de, D, V>(deserializer: D) -> Result<Vec<(Text<'de>, V)>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    let pairs = pairs_from_json::<D, Option<V>>(deserializer)?;
    Ok(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// A map of text to text: attributes of queues, topics and subscriptions, and tags.
///
/// In the order sent; a name may repeat (SNS refuses repeated tag keys, so they must survive).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Pairs<'a> {
    /// The pairs.
    pub fn into_vec(self) -> Vec<(Text<'a>, Text<'a>)> {
        self.0
    }
}

impl<'a> Deref for Pairs<'a> {
    type Target = [(Text<'a>, Text<'a>)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> FromIterator<(Text<'a>, Text<'a>)> for Pairs<'a> {
    fn from_iter<I: IntoIterator<Item = (Text<'a>, Text<'a>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        present_pairs_from_json(deserializer).map(Self)
    }
}

/// `<name>.N.Name`/`.Value` (SQS attributes), `.Key`/`.Value` (tags) or `.key`/`.value` (SNS
/// attributes): which of the three is fixed by the member, and reading any of them is harmless.
impl<'f> Member<'f> for Pairs<'f> {
    fn find(form: Form<'f>, name: &str) -> Result<Option<Self>, Flaw> {
        let entries = form.entries(name, &["Name", "Key", "key", "Value", "value"]);
        if entries.is_empty() {
            return Ok(None);
        }
        let read = |(number, entry): (u32, Form<'f>)| {
            let either = |names: &[&str]| names.iter().find_map(|name| entry.value(name));
            let key =
                either(&["Name", "Key", "key"]).ok_or_else(|| Flaw::Null(format!("{number}.member.key")))?;
            // AWS calls the value of a map by its key, and that of a list by its number.
            let value = either(&["Value", "value"]).ok_or_else(|| {
                let is_map = name.ends_with(".entry");
                Flaw::Null(if is_map { format!("{key}.member") } else { format!("{number}.member.value") })
            })?;
            Ok((Text::from(key), Text::from(value)))
        };
        entries.into_iter().map(read).collect::<Result<_, _>>().map(Some)
    }
}

/// Writes a structure that both protocols have: every member may be absent.
macro_rules! shape {
    ($( $(#[$doc:meta])* $name:ident<$lt:lifetime> {
        $( $(#[$field_doc:meta])* $field:ident: $type:ty, $json:literal, $query:literal; )*
    } )*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name<$lt> {
            $( $(#[$field_doc])* pub $field: Option<$type>, )*
        }

        impl<'de: $lt, $lt> serde::de::Deserialize<'de> for $name<$lt> {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader<$lt>(std::marker::PhantomData<&$lt ()>);

                impl<'de: $lt, $lt> serde::de::Visitor<'de> for Reader<$lt> {
                    type Value = $name<$lt>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a structure")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut read = $name::default();
                        while let Some(name) = map.next_key::<crate::Text<'de>>()? {
                            match name.as_str() {
                                $( $json => read.$field = map.next_value()?, )*
                                _ => { map.next_value::<serde::de::IgnoredAny>()?; }
                            }
                        }
                        Ok(read)
                    }
                }

                deserializer.deserialize_map(Reader(std::marker::PhantomData))
            }
        }

        impl<$lt> crate::query::Shape<$lt> for $name<$lt> {
            const MEMBERS: &'static [&'static str] = &[$( $query, )*];

            fn from_form(form: crate::query::Form<$lt>) -> Result<Self, crate::query::Flaw> {
                Ok(Self { $( $field: crate::query::Field::read(form, $query)?, )* })
            }
        }
    )* };
}

/// Writes a structure that only Query has; a member that is not an `Option` is required.
macro_rules! form_shape {
    ($( $(#[$doc:meta])* $name:ident<$lt:lifetime> {
        $( $(#[$field_doc:meta])* $field:ident: $type:ty, $query:literal; )*
    } )*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name<$lt> {
            $( $(#[$field_doc])* pub $field: $type, )*
        }

        impl<$lt> crate::query::Shape<$lt> for $name<$lt> {
            const MEMBERS: &'static [&'static str] = &[$( $query, )*];

            fn from_form(form: crate::query::Form<$lt>) -> Result<Self, crate::query::Flaw> {
                Ok(Self { $( $field: crate::query::Field::read(form, $query)?, )* })
            }
        }
    )* };
}

pub(crate) use {form_shape, shape};
