//! When a request came in and when its response was finished.

use super::Names;
use crate::access_log::meaning::Slot;
use crate::access_log::unit::Unit;

/// Names by meaning, best first.
pub(super) const NAMES: &[Names] = &[
    (
        Slot::Start,
        &[
            "start_time",
            "startutc",
            "startlocal",
            "started_at",
            "event.start",
            "request_start",
            "request_start_time",
            "start",
            "start_timestamp",
            "started",
            "starttime",
            "request_creation_time",
            "time_accept",
            "accept_date",
            "request_date",
        ],
    ),
    (
        Slot::End,
        &["msec", "time_iso8601", "time_local", "event.end", "end_time", "finished_at", "completed_at", "endtime"],
    ),
    (
        Slot::Logged,
        &[
            "@timestamp",
            "timestamp",
            "ts",
            "time",
            "datetime",
            "date_time",
            "event.created",
            "eventtime",
            "event_time",
            "requesttime",
            "requesttimeepoch",
            "timestamp_ms",
            "ts_ms",
            "_time",
            "t",
            "@t",
        ],
    ),
    (Slot::Date, &["date"]),
];

/// Durations by name; `None` is a plain `duration`, whose unit the convention or the text's own unit gives, or nothing.
pub(in crate::access_log) const DURATIONS: &[(&str, Option<Unit>)] = &[
    ("request_time", Some(Unit::Seconds)),
    ("duration", None),
    ("event.duration", Some(Unit::Nanoseconds)),
    ("duration_ms", Some(Unit::Milliseconds)),
    ("durationms", Some(Unit::Milliseconds)),
    ("request_duration_ms", Some(Unit::Milliseconds)),
    ("duration_us", Some(Unit::Microseconds)),
    ("duration_ns", Some(Unit::Nanoseconds)),
    ("duration_s", Some(Unit::Seconds)),
    ("duration_sec", Some(Unit::Seconds)),
    ("duration_seconds", Some(Unit::Seconds)),
    ("latency_human", None),
    ("latency_ms", Some(Unit::Milliseconds)),
    ("latency_us", Some(Unit::Microseconds)),
    ("latency_ns", Some(Unit::Nanoseconds)),
    ("latency_seconds", Some(Unit::Seconds)),
    ("latencies.request", Some(Unit::Milliseconds)),
    ("httprequest.latency", None),
    ("response_time_ms", Some(Unit::Milliseconds)),
    ("request_time_ms", Some(Unit::Milliseconds)),
    ("responsetime", Some(Unit::Milliseconds)),
    ("response_time", None),
    ("request_duration", None),
    ("responselatency", Some(Unit::Milliseconds)),
    ("elapsed_ms", Some(Unit::Milliseconds)),
    ("elapsed", None),
    ("properties.elapsed", None),
    ("latency", None),
    ("took_ms", Some(Unit::Milliseconds)),
    ("took", None),
    ("time_taken", None),
    ("properties.timetaken", Some(Unit::Seconds)),
    ("time_total_ms", Some(Unit::Milliseconds)),
    ("active_time", Some(Unit::Milliseconds)),
    ("time_duration", Some(Unit::Milliseconds)),
];
