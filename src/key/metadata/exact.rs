//! Parses JSON without loss: no duplicate names in an object, and no number that would change.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// The error for duplicate names.
pub const TWICE: &str = "the same name twice";

/// A value whose objects have no duplicate names.
pub struct Distinct(pub Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistinctVisitor).map(Self)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Distinct(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            if values.contains_key(&name) {
                return Err(A::Error::custom(TWICE));
            }
            let Distinct(value) = object.next_value()?;
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

/// The byte position of the first number that would change when written again. The input is valid JSON.
pub fn inexact_number(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at),
            b'-' | b'0'..=b'9' => {
                let of_number = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = bytes[at..].iter().take_while(|byte| of_number(byte)).count();
                if !is_exact(&json[at..at + length]) {
                    return Some(at);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

/// The position after the closing quotation mark.
fn end_of_text(bytes: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Whether a number is the same when it is written again.
fn is_exact(number: &str) -> bool {
    let again = serde_json::from_str::<Number>(number).map(|number| number.to_string());
    again.is_ok_and(|again| digits(&again) == digits(number))
}

/// The sign and the significant digits of a number, and the position of the decimal point counted from their end.
fn digits(number: &str) -> (bool, String, i64) {
    let unsigned = number.trim_start_matches('-');
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    // No number that we keep has an exponent beyond an i64.
    let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX / 2);
    let point = exponent - fraction.len() as i64 + zeros as i64;
    (unsigned.len() < number.len(), significant.to_owned(), point)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_that_lose_digits_are_found() {
        for exact in [
            "0",
            "-0",
            "0.0",
            "1.50",
            "1e2",
            "-1E+2",
            "100.0",
            "0.1",
            "1e300",
            "18446744073709551615",
            "-9223372036854775808",
            "1e-7",
            "123456789.125",
            "5e-324",
        ] {
            assert!(is_exact(exact), "{exact}");
        }
        for inexact in [
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "0.1000000000000000055",
            "3.14159265358979323846",
            "1e-400",
            "9007199254740993.5",
        ] {
            assert!(!is_exact(inexact), "{inexact}");
        }
    }

    #[test]
    fn numbers_in_texts_are_texts() {
        let wrong = "18446744073709551616";
        assert_eq!(inexact_number(&format!(r#"{{"a": "{wrong}", "\\\"{wrong}": [1, 2.5]}}"#)), None);
        assert_eq!(inexact_number(&format!(r#"{{"a": [1, {wrong}]}}"#)), Some(10));
    }

    proptest! {
        #[test]
        fn what_is_taken_comes_back(number in "-?(0|[1-9][0-9]{0,22})(\\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?") {
            if is_exact(&number) {
                let again = serde_json::from_str::<Value>(&number).expect("a number").to_string();
                prop_assert_eq!(digits(&again), digits(&number));
            }
        }

        #[test]
        fn whole_numbers_that_fit_are_exact(signed: i64, unsigned: u64) {
            prop_assert!(is_exact(&signed.to_string()) && is_exact(&unsigned.to_string()));
        }

        #[test]
        fn nothing_is_too_strange(json in "\\PC*|[\\[\\]{}\"0-9eE.,:\\\\-]*") {
            if serde_json::from_str::<Distinct>(&json).is_ok() {
                let _ = inexact_number(&json);
            }
        }
    }
}
