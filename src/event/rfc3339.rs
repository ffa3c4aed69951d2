//! Times as texts.

/// Microseconds of a second and of a day.
const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;
/// First microsecond of the year 3000: what is written by hand ends here.
const END: u64 = 376_200 * DAY;

/// RFC 3339 in UTC with six decimals, so that text order is time order.
///
/// Takes microseconds since the Unix epoch; instants outside the years -9999 to 9999 become the nearest that can be said.
pub fn rfc3339(micros: i64) -> String {
    match u64::try_from(micros) {
        Ok(micros) if micros < END => of_this_age(micros),
        _ => {
            let nearest = if micros < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
            format!("{:.6}", jiff::Timestamp::from_microsecond(micros).unwrap_or(nearest))
        }
    }
}

/// The text of a time from 1970 to 2999, without a formatter: there are two in a line of `offpath exchanges`.
fn of_this_age(micros: u64) -> String {
    let (year, month, day) = date(micros / DAY);
    let second = micros % DAY / SECOND;
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let numbers = [year, month, day, second / 3600, second / 60 % 60, second % 60, micros % SECOND];
    for (digits, mut number) in text.split_mut(|byte| *byte != b'0').zip(numbers) {
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    std::str::from_utf8(&text).unwrap_or_default().to_owned()
}

/// Year, month and day of a day since 1970-01-01, counted in 400-year cycles of years that begin in March.
fn date(day: u64) -> (u64, u64, u64) {
    // From 0000-03-01.
    let day = day + 719_468;
    let (cycle, in_cycle) = (day / 146_097, day % 146_097);
    let year = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year + year / 4 - year / 100);
    // Months from March on have 153 days in fives.
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let january = month >= 10;
    (cycle * 400 + year + u64::from(january), if january { month - 9 } else { month + 3 }, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn formatted(micros: i64) -> String {
        format!("{:.6}", jiff::Timestamp::from_microsecond(micros).unwrap())
    }

    #[test]
    fn every_day_that_is_written_by_hand_is_that_of_the_calendar() {
        for day in 0..END / DAY {
            let micros = (day * DAY) as i64;
            assert_eq!(rfc3339(micros), formatted(micros));
        }
        assert_eq!(rfc3339(END as i64 - 1), "2999-12-31T23:59:59.999999Z");
        assert_eq!(rfc3339(END as i64), "3000-01-01T00:00:00.000000Z");
    }

    #[test]
    fn times_out_of_reach_are_the_nearest() {
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(rfc3339(i64::MIN), format!("{:.6}", jiff::Timestamp::MIN));
        assert_eq!(rfc3339(i64::MAX), format!("{:.6}", jiff::Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn texts_are_those_of_the_formatter(micros in -(END as i64)..2 * END as i64) {
            prop_assert_eq!(rfc3339(micros), formatted(micros));
        }
    }
}
