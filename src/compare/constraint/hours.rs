//! `hours`: an activity only at certain times of the week, in a named time zone.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Context, counts};
use crate::compare::deviation::{Check, Tallies};
use crate::compare::effect::Found;
use crate::model::expression::Truth;
use crate::model::{ActivityId, Constraint, Schedule};

pub(super) fn judge(
    context: &Context<'_, '_>,
    constraint: &Constraint,
    activity: ActivityId,
    schedule: &Schedule,
    tallies: &mut Tallies,
) -> Vec<Found> {
    let history = context.history;
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        if history.activity(at) != Some(activity) || history.is_mere_retry(at) || !counts(event, Check::Guard) {
            continue;
        }
        let open = match context.applies(constraint, at) {
            Truth::True => is_open(schedule, event.time),
            Truth::False => continue,
            Truth::Unknown => None,
        };
        tallies.count(Check::Guard, event.source, open.map(|open| !open));
        if open == Some(false) {
            let life = event.objects.first().and_then(|o| history.life_of(&o.id));
            let mut deviation = Found::new(Check::Guard, at, life);
            deviation.expected = vec![schedule.text.clone()];
            deviation.observed = local(schedule, event.time).map(|t| t.into()).into_iter().collect();
            found.push(deviation);
        }
    }
    found
}

/// Whether an instant (microseconds since the Unix epoch) lies in the schedule; `None` for an unknown zone. A schedule
/// that ends at or before the minute it starts runs over midnight and belongs to the day on which it starts.
pub(super) fn is_open(schedule: &Schedule, time: i64) -> Option<bool> {
    let local = Timestamp::from_microsecond(time).ok()?.to_zoned(zone(schedule)?);
    let minute = u16::try_from(local.hour()).ok()? * 60 + u16::try_from(local.minute()).ok()?;
    let today = usize::try_from(local.weekday().to_monday_zero_offset()).ok()?;
    let day = |index: usize| schedule.days.get(index).copied().unwrap_or(false);
    let Schedule { from_minute: from, to_minute: to, .. } = *schedule;
    Some(if from < to {
        day(today) && (from..to).contains(&minute)
    } else {
        day(today) && minute >= from || day((today + 6) % 7) && minute < to
    })
}

fn zone(schedule: &Schedule) -> Option<TimeZone> {
    if schedule.zone.eq_ignore_ascii_case("utc") {
        return Some(TimeZone::UTC);
    }
    // The zones that were compiled in: the same answer on every machine.
    TimeZoneDatabase::bundled().get(&schedule.zone).ok()
}

fn local(schedule: &Schedule, time: i64) -> Option<String> {
    let local = Timestamp::from_microsecond(time).ok()?.to_zoned(zone(schedule)?);
    Some(local.strftime("%a %H:%M %Q").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(days: [bool; 7], from_minute: u16, to_minute: u16) -> Schedule {
        Schedule { text: "".into(), days, from_minute, to_minute, zone: "Europe/Paris".into() }
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn office_hours_follow_the_zone_and_its_summer_time() {
        let office = schedule([true, true, true, true, true, false, false], 7 * 60, 20 * 60);
        assert_eq!(is_open(&office, at("2026-01-05T06:00:00Z")), Some(true), "07:00 in winter");
        assert_eq!(is_open(&office, at("2026-01-05T05:59:59Z")), Some(false));
        assert_eq!(is_open(&office, at("2026-07-06T05:00:00Z")), Some(true), "07:00 in summer");
        assert_eq!(is_open(&office, at("2026-07-06T18:00:00Z")), Some(false), "20:00 is the end");
        assert_eq!(is_open(&office, at("2026-01-10T12:00:00Z")), Some(false), "a Saturday");
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_it_starts() {
        let night = schedule([false, false, false, false, true, false, false], 22 * 60, 6 * 60);
        assert_eq!(is_open(&night, at("2026-01-09T22:00:00Z")), Some(true), "Friday night");
        assert_eq!(is_open(&night, at("2026-01-10T04:00:00Z")), Some(true), "early Saturday");
        assert_eq!(is_open(&night, at("2026-01-10T22:00:00Z")), Some(false), "Saturday night");
    }
}
