//! Courses: what one actor, credential or address did, in the order of time, handed to folds that need no model.
//!
//! Each event becomes one [`Moment`] for every lane in which somebody looks at it: by who did it, by the credential that
//! was shown, by the address that tried to log in, by the place that a cause is in. Moments are small and of one size, so
//! that they are kept on disk beyond a budget, brought together by lane and key, sorted by time, and folded by
//! [`fold`]: whatever the order of inputs and the number of threads. Each fold reads a course once, or once a pair of
//! what is few.

mod administers;
mod clock;
mod clone;
mod concurrent;
mod door;
mod fail_ok;
mod hole;
mod human_use;
mod identity_shared;
mod key_age;
mod members;
mod moment;
mod nested;
mod new_context;
mod pace;
mod place;
mod retry_storm;
mod reuse;
mod route;
#[cfg(test)]
pub(crate) mod sample;
mod shared;
mod slot;
mod stuck;
mod told;
mod unequal;
mod unsigned;
mod volume;

pub use clock::Clocks;
pub use clone::{Round, clones};
pub use door::{Door, Doors};
pub use hole::{Minute, holes};
pub use members::Bodies;
pub use moment::{Lane, Moment};
pub use nested::{Nested, Traces};
pub use route::{Class, Roster, Use, routes};
pub use slot::{Slot, slots};
pub use stuck::{Stay, Step, stuck};
pub use told::Told;
pub use volume::{Amount, volumes};

use super::deviation::Check;

/// Checks that are judged by courses.
pub const CHECKS: [Check; 39] = [
    Check::Concurrent,
    Check::FailedThenIn,
    Check::Reused,
    Check::SharedKey,
    Check::NewContext,
    Check::UrlCredential,
    Check::LongLived,
    Check::Unsigned,
    Check::UrlPersonal,
    Check::Pace,
    Check::Clones,
    Check::HumanUse,
    Check::Hole,
    Check::RetryStorm,
    Check::Plain,
    Check::AdminUse,
    Check::BodySecret,
    Check::ClockSkew,
    Check::EnvironmentMix,
    Check::Failing,
    Check::IdentityShared,
    Check::KeyAge,
    Check::KeyWide,
    Check::NotRotated,
    Check::ScopeUnused,
    Check::Spike,
    Check::Wildcard,
    Check::Unequal,
    Check::FirstUse,
    Check::ShadowRoute,
    Check::OlderRoute,
    Check::Polluted,
    Check::MemberWritten,
    Check::MemberMissing,
    Check::MemberRead,
    Check::Stuck,
    Check::Volumes,
    Check::CallLoop,
    Check::ParentUnseen,
];

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub(super) const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub(super) const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub(super) const DAY: i64 = 24 * HOUR;

/// Folds one course: all moments of one lane and key, sorted by [`Moment::order_key`].
pub fn fold(course: &[Moment], doors: &Doors, told: &mut Told) {
    let Some(first) = course.first() else { return };
    match first.lane {
        Lane::Actor => {
            unsigned::fold(course, doors, told);
            new_context::fold(course, told);
            pace::fold(course, told);
            human_use::fold(course, told);
            retry_storm::fold(course, told);
            administers::fold(course, told);
            identity_shared::fold(course, told);
            unequal::fold(course, told);
        }
        Lane::Credential => {
            concurrent::fold(course, told);
            reuse::fold(course, doors, told);
            shared::fold(course, told);
            key_age::fold(course, doors, told);
        }
        Lane::Address => fail_ok::fold(course, told),
        Lane::Url => place::url_credential(course, doors, told),
        Lane::Personal => place::url_personal(course, doors, told),
        Lane::Issuer => {
            place::long_lived(course, doors, told);
            place::wildcard(course, doors, told);
        }
        Lane::Answer => place::body_secret(course, doors, told),
        Lane::Wire => place::plain(course, told),
    }
}
