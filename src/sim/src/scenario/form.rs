//! The forms of JSON values that a scenario file is made of, where serde's own are too generous or
//! their error messages name Rust's types.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// A `T` from a JSON object and from nothing else. A derived struct by itself would take an array
/// as well, its fields by their position.
#[derive(Default)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A whole number; its limits are checked with its meaning.
#[derive(Clone, Copy, Default)]
pub(super) struct Whole(pub(super) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, 0 or more, in plain digits")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
        Ok(Whole(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
        // serde_json reads what is too large for a u64 as a float.
        if value >= u64::MAX as f64 {
            return Err(E::custom(format_args!("{value:e} is more than {}", u64::MAX)));
        }
        Err(E::invalid_type(Unexpected::Float(value), &self))
    }
}

/// A whole number that may be below 0; its limits are checked with its meaning.
#[derive(Clone, Copy)]
pub(super) struct Signed(pub(super) i64);

impl<'de> Deserialize<'de> for Signed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(SignedVisitor)
    }
}

struct SignedVisitor;

impl Visitor<'_> for SignedVisitor {
    type Value = Signed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number in plain digits")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Signed, E> {
        Ok(Signed(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Signed, E> {
        let too_large = |_| E::custom(format_args!("{value} is more than {}", i64::MAX));
        i64::try_from(value).map(Signed).map_err(too_large)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Signed, E> {
        // serde_json reads what is too large for its integers as a float.
        if value.abs() >= i64::MAX as f64 {
            let (least, most) = (i64::MIN, i64::MAX);
            return Err(E::custom(format_args!("{value:e} is not within {least} to {most}")));
        }
        Err(E::invalid_type(Unexpected::Float(value), &self))
    }
}

/// So much a second, or without limit, which has a word of its own: a field that is absent leaves a
/// setting as it is, and so cannot lift a limit.
#[derive(Clone, Copy)]
pub(super) enum Rate {
    Unlimited,
    Limited(Whole),
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl Visitor<'_> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, 1 or more, in plain digits, or \"unlimited\"")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Rate, E> {
        Ok(Rate::Limited(Whole(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Rate, E> {
        if value >= u64::MAX as f64 {
            return WholeVisitor.visit_f64(value).map(Rate::Limited);
        }
        Err(E::invalid_type(Unexpected::Float(value), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Rate, E> {
        match value {
            "unlimited" => Ok(Rate::Unlimited),
            _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
        }
    }
}

/// A field that, where it is there, is not null.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Any number.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
        Ok(Number(value))
    }
}

/// A struct that is written as an array of just its fields. serde's own would call what is one too
/// many "trailing characters".
macro_rules! array {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),+ } $expected:literal) => {
        $(#[$doc])*
        pub(super) struct $name {
            $(pub(super) $field: $kind),+
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Elements;

                impl<'de> serde::de::Visitor<'de> for Elements {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expected)
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(
                        self,
                        mut elements: A,
                    ) -> Result<$name, A::Error> {
                        use serde::de::{Error, IgnoredAny};
                        let mut count = 0;
                        $(
                            let Some($field) = elements.next_element()? else {
                                return Err(A::Error::invalid_length(count, &self));
                            };
                            count += 1;
                        )+
                        let read = $name { $($field),+ };
                        if elements.next_element::<IgnoredAny>()?.is_none() {
                            return Ok(read);
                        }
                        count += 1;
                        while elements.next_element::<IgnoredAny>()?.is_some() {
                            count += 1;
                        }
                        Err(A::Error::invalid_length(count, &self))
                    }
                }

                deserializer.deserialize_seq(Elements)
            }
        }
    };
}
pub(super) use array;
