//! Objects of JSON in which a key that is given twice is an error: of two that contradict each other none is taken in silence.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// An object whose keys differ; of objects within it nothing is said.
#[derive(Debug, Default)]
pub(crate) struct Distinct(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Distinct;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Distinct, A::Error> {
        let mut object = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("'{key}' is given twice")));
            }
            object.insert(key, value);
        }
        Ok(Distinct(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_given_twice_is_refused_by_its_name() {
        let read = |json: &str| serde_json::from_str::<Distinct>(json);
        assert_eq!(Value::Object(read(r#"{"a":1,"b":{}}"#).unwrap().0), serde_json::json!({"a": 1, "b": {}}));
        assert!(read(r#"{"a":1,"b":2,"a":1}"#).unwrap_err().to_string().contains("'a' is given twice"));
        assert!(read("[1]").unwrap_err().to_string().contains("expected an object"));
    }
}
