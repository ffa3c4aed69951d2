//! Values of flags.

use offpath_capture::{LogFormat, TunnelPort};

use crate::rule::SetThreshold;

pub(super) fn bytes(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: usize = digits.parse().map_err(|_| "a number, with K, M or G behind it, is expected".to_owned())?;
    let factor: usize = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().trim_end_matches("ib") {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        unit => return Err(format!("unknown unit `{unit}`; use K, M or G")),
    };
    number.checked_mul(factor).ok_or_else(|| "more than this machine can address".to_owned())
}

#[cfg(feature = "live")]
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}

/// A BPF expression that libpcap understands.
#[cfg(feature = "live")]
pub(super) fn bpf(text: &str) -> Result<String, String> {
    offpath_capture::check_filter(text).map(|()| text.to_owned())
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    LogFormat::new(text)
}

pub(super) fn tunnel(text: &str) -> Result<TunnelPort, String> {
    text.parse()
}

pub(super) fn threshold(text: &str) -> Result<SetThreshold, String> {
    text.parse()
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, name)) if !field.is_empty() && !name.is_empty() => Ok((field.to_owned(), name.to_owned())),
        _ => Err("expected FIELD=NAME, e.g. user=auth.subject".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("512M"), Ok(512 << 20));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert_eq!(bytes("17"), Ok(17));
        assert!(bytes("many").is_err());
        assert!(bytes("3X").unwrap_err().contains("unknown unit"));
    }
}
