//! Figures as people read them: grouped thousands, shares that never round up to all, sizes.

/// `12345` as `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 case`, `2 cases`: the number with its noun.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A share in percent with one decimal. A part is never shown as all, nor as nothing.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "n/a".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    if part > 0 && share < 0.1 {
        "< 0.1 %".to_owned()
    } else if part < whole && share >= 99.95 {
        "> 99.9 %".to_owned()
    } else if part == whole || part == 0 {
        format!("{share:.0} %")
    } else {
        format!("{share:.1} %")
    }
}

/// A ratio with three decimals that is 1.000 only when nothing is missing.
pub(super) fn ratio(share: f64) -> String {
    if share < 1.0 && share > 0.9995 { "> 0.999".to_owned() } else { format!("{share:.3}") }
}

/// Bytes in the largest decimal unit that leaves a whole part.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (size, unit) in UNITS {
        if number >= size {
            return format!("{:.1} {unit}", number as f64 / size as f64);
        }
    }
    format!("{number} B")
}

/// Microseconds as a length of time, rounded to the two largest units that matter.
pub(super) fn span(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let least = match micros.unsigned_abs() {
        0..1_000_000 => 1,
        1_000_000..60_000_000 => 100_000,
        60_000_000..3_600_000_000 => 1_000_000,
        3_600_000_000..86_400_000_000 => 60_000_000,
        _ => 3_600_000_000,
    };
    let size = micros.unsigned_abs().saturating_add(least / 2) / least * least;
    let seconds = size / 1_000_000;
    let text = match seconds {
        0 if size == 0 => "0 s".to_owned(),
        0 if size < 1_000 => format!("{size} µs"),
        0 => format!("{} ms", size / 1_000),
        1..=59 => format!("{}.{} s", seconds, size % 1_000_000 / 100_000),
        60..=3_599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
    };
    format!("{sign}{text}")
}

/// Microseconds as a length of time in full, with 0, 3 or 6 decimals of a second: `3 h 38 min 05.123 s`.
pub(super) fn exact(micros: i64, decimals: usize) -> String {
    let size = micros.unsigned_abs();
    let (seconds, rest) = (size / 1_000_000, size % 1_000_000);
    let fraction = match decimals {
        0 => String::new(),
        1..=3 => format!(".{:03}", rest / 1_000),
        _ => format!(".{rest:06}"),
    };
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    let mut text = if micros < 0 { "-".to_owned() } else { String::new() };
    for (number, unit) in [(days, "d"), (hours, "h"), (minutes, "min")] {
        if number > 0 {
            text.push_str(&format!("{number} {unit} "));
        }
    }
    let padded = if seconds >= 60 { format!("{:02}", seconds % 60) } else { seconds.to_string() };
    text + &format!("{padded}{fraction} s")
}

/// Decimals of a second that keep neighbours apart: 0 when no two are closer than a second, 3, or 6 below a millisecond.
pub(super) fn decimals(sorted: impl IntoIterator<Item = i64>) -> usize {
    let mut last = None;
    let mut decimals = 0;
    for time in sorted {
        let gap = last.map_or(i64::MAX, |last: i64| time.saturating_sub(last));
        decimals = decimals.max(match gap {
            0 => 3,
            1..1_000 => 6,
            1_000..1_000_000 => 3,
            _ => 0,
        });
        last = Some(time);
    }
    decimals
}

/// An RFC 3339 time in UTC with 0, 3 or 6 decimals of a second. Anything else stays as it is.
pub(super) fn utc_exact(time: &str, decimals: usize) -> String {
    let whole = utc(time);
    if decimals == 0 || whole == time {
        return whole;
    }
    let fraction = time.get(20..time.len().saturating_sub(1)).unwrap_or("");
    format!("{whole}.{:0<6}", fraction).chars().take(whole.len() + 1 + decimals).collect()
}

/// An RFC 3339 time in UTC without its fraction: `2026-03-01 12:00:00`. Anything else stays as it is.
pub(super) fn utc(time: &str) -> String {
    let whole = time.get(..19).zip(time.get(10..11)).filter(|(_, mark)| *mark == "T" && time.ends_with('Z'));
    whole.map_or_else(|| time.to_owned(), |(whole, _)| whole.replacen('T', " ", 1))
}

/// A protocol's name as its standard spells it.
pub(super) fn protocol(name: &str) -> &str {
    match name {
        "http1" => "HTTP/1",
        "http2" => "HTTP/2",
        "http3" => "HTTP/3",
        "websocket" => "WebSocket",
        "grpc" => "gRPC",
        "graphql" => "GraphQL",
        "jsonrpc" => "JSON-RPC",
        "mcp" => "MCP",
        "a2a" => "A2A",
        "unknown" => "protocol not told",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_their_fraction_and_nothing_else() {
        assert_eq!(utc("2026-03-01T12:00:00.000400Z"), "2026-03-01 12:00:00");
        assert_eq!(utc("2026-03-01T12:00:00Z"), "2026-03-01 12:00:00");
        for other in ["", "yesterday", "2026-03-01T12:00:00+01:00", "2026-03-01é12:00:00Z"] {
            assert_eq!(utc(other), other);
        }
    }

    #[test]
    fn close_times_are_told_apart() {
        assert_eq!(decimals([0, 2_000_000, 5_000_000]), 0);
        assert_eq!(decimals([0, 2_000_000, 2_004_000]), 3);
        assert_eq!(decimals([0, 0]), 3);
        assert_eq!(decimals([0, 7, 9_000_000]), 6);
        assert_eq!(exact(13_085_123_000, 3), "3 h 38 min 05.123 s");
        assert_eq!([exact(0, 3), exact(8_812_654, 6), exact(-61_000_000, 0)], ["0.000 s", "8.812654 s", "-1 min 01 s"]);
        assert_eq!(utc_exact("2026-03-01T12:00:00.000400Z", 3), "2026-03-01 12:00:00.000");
        assert_eq!(utc_exact("2026-03-01T12:00:00.5Z", 6), "2026-03-01 12:00:00.500000");
        assert_eq!(utc_exact("2026-03-01T12:00:00Z", 3), "2026-03-01 12:00:00.000");
        assert_eq!(utc_exact("yesterday", 3), "yesterday");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_part_is_never_all_and_never_nothing() {
        assert_eq!(percent(99_999_999, 100_000_000), "> 99.9 %");
        assert_eq!(percent(1, 100_000_000), "< 0.1 %");
        assert_eq!(percent(5, 5), "100 %");
        assert_eq!(percent(0, 5), "0 %");
        assert_eq!(percent(0, 0), "n/a");
        assert_eq!(ratio(0.99999), "> 0.999");
        assert_eq!(ratio(1.0), "1.000");
    }

    #[test]
    fn lengths_of_time_keep_two_units() {
        assert_eq!(
            [0, 900, 42_000, 1_500_000, 61_000_000].map(span),
            ["0 s", "900 µs", "42 ms", "1.5 s", "1 min 01 s"]
        );
        assert_eq!([7_260_000_000, 90_000_000_000, -2_000_000].map(span), ["2 h 01 min", "1 d 01 h", "-2.0 s"]);
        assert_eq!(
            [777_599_900_000, 3_599_600_000, 59_960_000, 999_900].map(span),
            ["9 d 00 h", "1 h 00 min", "1 min 00 s", "999 ms"]
        );
        assert_eq!(span(i64::MIN), "-106751991 d 04 h");
    }
}
