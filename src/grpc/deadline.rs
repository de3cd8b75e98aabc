//! How long a client waits, as its library says in `grpc-timeout`.

use crate::engine::InvalidRequest;
use std::time::Duration;
use tonic::metadata::MetadataMap;

const HEADER: &str = "grpc-timeout";

/// How long the client of a call waits; none where it does not say.
///
/// # Errors
/// Where it says what is no time: at most eight digits and a unit.
pub(super) fn within(metadata: &MetadataMap) -> Result<Option<Duration>, InvalidRequest> {
    let Some(value) = metadata.get(HEADER) else { return Ok(None) };
    value.to_str().ok().and_then(duration).map(Some).ok_or_else(|| {
        InvalidRequest::new(HEADER, "must be at most eight digits and a unit, one of H, M, S, m, u and n")
    })
}

fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_digits_and_a_unit() {
        assert_eq!(duration("1S"), Some(Duration::from_secs(1)));
        assert_eq!(duration("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(duration("250m"), Some(Duration::from_millis(250)));
        assert_eq!((duration("5u"), duration("5n")), (Some(Duration::from_micros(5)), Some(Duration::from_nanos(5))));
        for text in ["", "S", "1", "1s", "+1S", "-1S", "123456789S", "1é"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
