//! Answers that came sooner after their question than a person reads.

use crate::compare::delegation::{GLANCE, tenths};
use crate::compare::deviation::{Check, Doubt, Tallies};
use crate::compare::effect::Found;
use crate::compare::history::History;
use crate::compare::words::span;
use crate::event::{Asked, Event};

/// Confidence at most: a program may answer for a person who told it to.
const MANDATE: f32 = 0.6;
/// The reason for it.
const TOLD_BEFORE: &str = "a person may have agreed beforehand to what a program then answers";
/// Confidence at most of what another agent may answer as well.
const ANYBODY: f32 = 0.4;
/// The reason for it.
const NOT_ONLY_PERSONS: &str = "what a task waits for may be given by another agent as well";

/// Judges the answers to one question.
pub(in crate::compare) fn judge(history: &History<'_>, id: &str, tallies: &mut Tallies) -> Vec<Found> {
    let mut asked: Option<(usize, Asked)> = None;
    let mut found = Vec::new();
    for (at, event) in history.events.iter().enumerate() {
        let Some(spoken) = &event.spoken else { continue };
        let own = |questions: &[crate::event::Question]| {
            questions.iter().find(|question| format!("{:016x}", question.id) == id).map(|question| question.to)
        };
        if own(&spoken.answers).is_some() && spoken.agrees {
            let verdict = asked.and_then(|(question, to)| took(history.event(question)?, event, to));
            // Who goes on with a conversation that waits for nothing answers nothing.
            if asked.is_some() || own(&spoken.answers) != Some(Asked::Anybody) {
                tallies.count(Check::HumanFast, event.source, verdict.map(|took| took < GLANCE));
            }
            if let (Some((question, to)), Some(took)) = (asked, verdict.filter(|took| *took < GLANCE)) {
                let life = event.objects.first().and_then(|object| history.life_of(&object.id));
                let mut one = Found::new(Check::HumanFast, at, life);
                one.evidence.push(question);
                one.expected = vec![format!("at least {}", span(GLANCE)).into()];
                one.observed = vec![tenths(took).into()];
                one.doubt = Some(match to {
                    Asked::Anybody => Doubt::new(ANYBODY, NOT_ONLY_PERSONS),
                    Asked::Person | Asked::PersonOnStream => Doubt::new(MANDATE, TOLD_BEFORE),
                });
                found.push(one);
            }
            asked = None;
        }
        // Who declined is asked anew; a question that is only put again was read since the first time.
        if own(&spoken.answers).is_some() && !spoken.agrees {
            asked = None;
        }
        if let Some(to) = own(&spoken.asks) {
            asked.get_or_insert((at, to));
        }
    }
    found
}

/// The longest time in microseconds that an answer may have taken; `None` where clocks differ or the two overlap without
/// a reason.
fn took(question: &Event, answer: &Event, to: Asked) -> Option<i64> {
    // What is asked at the end of an answer is known no sooner; a stream may have asked at once.
    let asked = match to {
        Asked::Person | Asked::Anybody => question.end.max(question.time),
        Asked::PersonOnStream => question.time,
    };
    let tick = answer.tick.max(question.tick).max(1) - 1;
    let took = answer.time.saturating_sub(asked);
    (question.sensor == answer.sensor && took >= 0).then(|| took.saturating_add(tick))
}
