//! A tensor's elements in JSON: numbers or texts, in one list or in lists of lists, row by row.

use crate::oip::{Datatype, Elements};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// The elements, without the lists they stood in.
pub(super) struct Flat(Vec<Element>);

enum Element {
    Whole(i128),
    Real(f64),
    Text(String),
}

impl Flat {
    /// The same as elements of `datatype`; a number beyond float32 becomes infinite.
    pub(super) fn elements(self, datatype: Datatype) -> Result<Elements, String> {
        let other = |what: &str| format!("has {what} in its data, which is not of {}", datatype.name());
        let Self(elements) = self;
        match datatype {
            Datatype::Fp32 => {
                let number = |element| match element {
                    Element::Whole(value) => Ok(value as f32),
                    Element::Real(value) => Ok(value as f32),
                    Element::Text(_) => Err(other("text")),
                };
                elements.into_iter().map(number).collect::<Result<_, _>>().map(Elements::Fp32)
            }
            Datatype::Bytes => {
                let text = |element| match element {
                    Element::Text(text) => Ok(text),
                    Element::Whole(_) | Element::Real(_) => Err(other("a number")),
                };
                elements.into_iter().map(text).collect::<Result<_, _>>().map(Elements::Text)
            }
            whole => {
                let value = |element| match element {
                    Element::Whole(value) => Ok(value),
                    Element::Real(_) => Err(other("a broken number")),
                    Element::Text(_) => Err(other("text")),
                };
                Elements::whole(whole, elements.into_iter().map(value).collect::<Result<Vec<_>, _>>()?)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut elements = Vec::new();
        Gather(&mut elements).deserialize(deserializer)?;
        Ok(Self(elements))
    }
}

/// Adds what it is given to the elements.
struct Gather<'a>(&'a mut Vec<Element>);

impl<'de> DeserializeSeed<'de> for Gather<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Gather<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("numbers or texts, in a list or in lists of lists")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.push(Element::Whole(value.into()));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.push(Element::Whole(value.into()));
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.0.push(Element::Real(value));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.push(Element::Text(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Gather(self.0))?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, datatype: Datatype) -> Result<Elements, String> {
        serde_json::from_str::<Flat>(json).map_err(|error| error.to_string())?.elements(datatype)
    }

    #[test]
    fn lists_of_lists_are_read_row_by_row() {
        let numbers = Elements::Fp32(vec![1.0, 2.5, -3.0, 4.0]);
        for json in ["[1, 2.5, -3, 4]", "[[1, 2.5], [-3, 4]]", "[[[1], [2.5]], [[-3], [4e0]]]"] {
            assert_eq!(read(json, Datatype::Fp32), Ok(numbers.clone()));
        }
        assert_eq!(read("[18446744073709551615]", Datatype::Uint64), Ok(Elements::Whole(vec![u64::MAX.into()])));
        assert_eq!(
            read(r#"[["a"], ["b"]]"#, Datatype::Bytes),
            Ok(Elements::Text(vec!["a".to_owned(), "b".to_owned()]))
        );
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        assert!(read("[1.5]", Datatype::Int64).unwrap_err().contains("a broken number"));
        assert!(read("[18446744073709551616]", Datatype::Uint64).unwrap_err().contains("a broken number"));
        assert!(read("[-1]", Datatype::Uint64).unwrap_err().contains("-1, which is not of UINT64"));
        assert!(read(r#"["1"]"#, Datatype::Fp32).unwrap_err().contains("text"));
        assert!(read("[1]", Datatype::Bytes).unwrap_err().contains("a number"));
        for json in ["[true]", "[null]", "[{}]"] {
            assert!(read(json, Datatype::Fp32).unwrap_err().contains("in a list or in lists of lists"), "{json}");
        }
    }
}
