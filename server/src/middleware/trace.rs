//! The trace that a request belongs to (W3C Trace Context), for logs and spans: with it, lines are found from a trace and back.

use std::fmt;

use axum::http::{HeaderMap, HeaderName};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A trace. Clients choose what is in it, so nothing but logs and spans may depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub id: u128,
    /// The caller's span; 0 if the trace begins here.
    pub parent: u64,
    /// Whether the caller records it.
    pub is_sampled: bool,
}

impl Trace {
    /// Begins here.
    pub fn new(id: u128) -> Self {
        Self { id, parent: 0, is_sampled: true }
    }

    /// `None` without a valid header; a client that sends two sends none.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let first = headers.get(&TRACEPARENT)?;
        let is_alone = headers.get_all(&TRACEPARENT).iter().nth(1).is_none();
        Self::parse(first.as_bytes()).filter(|_| is_alone)
    }

    /// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. Later versions may append more.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text.splitn(5, |byte| *byte == b'-');
        let version = hex(parts.next()?, 2)?;
        let (trace, parent) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        let has_more = parts.next().is_some();
        let is_valid = version != 0xff && (version > 0 || !has_more) && trace != 0 && parent != 0;
        let parent = u64::try_from(parent).ok()?;
        is_valid.then_some(Self { id: trace, parent, is_sampled: flags & 1 == 1 })
    }
}

/// Lower case only, as the standard says.
fn hex(digits: &[u8], length: usize) -> Option<u128> {
    if digits.len() != length {
        return None;
    }
    digits.iter().try_fold(0_u128, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0bf92f3577b34da6a3ce929d0e0e4736";

    fn parse(text: &str) -> Option<String> {
        Trace::parse(text.as_bytes()).map(|trace| trace.to_string())
    }

    #[test]
    fn the_id_of_a_trace_is_read_from_a_valid_header() {
        assert_eq!(parse(&format!("00-{ID}-00f067aa0ba902b7-01")).as_deref(), Some(ID));
        assert_eq!(parse(&format!("cc-{ID}-00f067aa0ba902b7-01-what-comes")).as_deref(), Some(ID), "a later version");
        for wrong in [
            "",
            "00",
            &format!("ff-{ID}-00f067aa0ba902b7-01"),
            &format!("00-{ID}-00f067aa0ba902b7-01-more"),
            &format!("00-{ID}-0000000000000000-01"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
            &format!("00-{ID}-00f067aa0ba902b7"),
            &format!("00-{ID}0-00f067aa0ba902b7-01"),
            &format!("00-{ID}-00f067aa0ba902b7-0g"),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_headers_count_as_none() {
        let value = HeaderValue::from_str(&format!("00-{ID}-00f067aa0ba902b7-01")).expect("a header");
        let mut headers = HeaderMap::new();
        headers.append(&TRACEPARENT, value.clone());
        assert!(Trace::of(&headers).is_some());
        headers.append(&TRACEPARENT, value);
        assert_eq!(Trace::of(&headers), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id in 1_u128.., parent in 1_u64.., flags: u8) {
            let trace = Trace::parse(format!("00-{id:032x}-{parent:016x}-{flags:02x}").as_bytes());
            prop_assert_eq!(trace, Some(Trace { id, parent, is_sampled: flags % 2 == 1 }));
            prop_assert_eq!(trace.map(|trace| trace.to_string()), Some(format!("{id:032x}")));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(trace) = Trace::parse(&bytes) {
                let written = trace.to_string();
                prop_assert_eq!(&bytes[3..35], written.as_bytes());
            }
        }
    }
}
