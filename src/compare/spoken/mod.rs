//! What agents and their servers say to each other, which needs no model: tools listed and called, questions to persons
//! and their answers, headers that announce another call than the body makes.

mod header;
mod listed;
mod question;
mod server;

pub(super) use header::judge as headers;
pub(super) use listed::judge as listed;
pub(super) use question::judge as questions;
pub(super) use server::judge as server;

use std::sync::Arc;

use super::window::{Watch, WindowKey};
use crate::event::{Asked, Event, Outcome, Question};

/// Groups in which a call is looked at again.
pub(super) fn keys(event: &Event) -> Vec<WindowKey> {
    let Some(spoken) = &event.spoken else { return Vec::new() };
    let hex = |hash: u64| -> Arc<str> { format!("{hash:016x}").into() };
    let mut keys = Vec::new();
    let listens = spoken.tool.is_some() || spoken.listing.is_some();
    if let (Some(listener), true) = (spoken.listener, listens) {
        keys.push(WindowKey { watch: Watch::Listener, group: vec![hex(spoken.server), hex(listener)] });
    }
    if spoken.listing.is_some() || spoken.version.is_some() || is_persons_answer(event) {
        keys.push(WindowKey { watch: Watch::Server, group: vec![hex(spoken.server)] });
    }
    let mut questions: Vec<u64> = spoken.asks.iter().chain(&spoken.answers).map(|question| question.id).collect();
    questions.sort_unstable();
    questions.dedup();
    keys.extend(questions.into_iter().map(|id| WindowKey { watch: Watch::Question, group: vec![hex(id)] }));
    keys
}

/// Whether an event says yes to what a server asked its user.
fn is_persons_answer(event: &Event) -> bool {
    let answers = |question: &Question| question.to != Asked::Anybody;
    let spoken = event.spoken.as_ref().filter(|_| event.outcome != Outcome::Rejected);
    spoken.is_some_and(|spoken| spoken.agrees && spoken.answers.iter().any(answers))
}
