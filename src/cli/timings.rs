//! `check --timings`: how long each stage took, and what of the comparison each rule and constraint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::Console;
use crate::compare::{Clock, Part, Watch};
use crate::finding::text::display;
use crate::model::Model;
use crate::pipeline::Run;
use crate::rule;

/// Stages in the order in which they come.
const STAGES: [&str; 6] = ["reading", "correlating", "ids", "courses", "comparing", "total"];

/// A clock that begins now.
pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(Since(Instant::now()))
}

#[derive(Debug)]
struct Since(Instant);

impl Clock for Since {
    fn nanoseconds(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Says it on standard error: no output of data may differ from run to run.
pub(super) fn say(run: &Run, model: Option<&Model>, stages: &BTreeMap<&'static str, f64>, console: &Console) {
    let stages = STAGES.iter().filter_map(|stage| Some(format!("{stage} {:.3} s", stages.get(stage)?)));
    console.say_always(&format!("Timings    {}", stages.collect::<Vec<_>>().join(", ")));
    let total: u64 = run.laps.values().sum();
    let replay: u64 = run.laps.iter().filter(|(part, _)| is_replay(part)).map(|(_, nanoseconds)| nanoseconds).sum();
    if total == 0 {
        return;
    }
    let times =
        if replay == 0 { String::new() } else { format!(", {:.2} times replay alone", total as f64 / replay as f64) };
    console.say_always(&format!("Comparing  {:.3} s on all threads{times}; of these", seconds(total)));
    let mut parts: Vec<(String, u64)> = run.laps.iter().map(|(part, spent)| (name(part, model), *spent)).collect();
    parts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (name, spent) in parts {
        let share = 100.0 * spent as f64 / total as f64;
        console.say_always(&format!("{:>10.3} s {share:>5.1} %  {}", seconds(spent), display(&name)));
    }
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of one run")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// Whether it is done for lifecycles alone.
fn is_replay(part: &Part) -> bool {
    matches!(part, Part::Lives | Part::Replay | Part::Window(Watch::Life))
}

fn name(part: &Part, model: Option<&Model>) -> String {
    let constraint = |index: u16| model.and_then(|model| model.constraints.get(usize::from(index))).map(|c| &*c.id);
    match part {
        Part::Lives => "lives: which events are steps of which objects".to_owned(),
        Part::Replay => "lifecycles: replay, alignment, figures".to_owned(),
        Part::Constraint(id) => format!("constraint {id}"),
        Part::Rule(check) => rule::of_check(*check).id.to_owned(),
        Part::Settling => "settling: which deviations explain others".to_owned(),
        Part::Window(Watch::Life) => "lifecycles across cases".to_owned(),
        Part::Window(Watch::Key) => "idempotency keys across cases".to_owned(),
        Part::Window(Watch::Constraint(index)) => {
            format!("constraint {} across cases", constraint(*index).unwrap_or("?"))
        }
        Part::Window(Watch::Delegation(index)) => format!("delegation {} across cases", index + 1),
        Part::Window(Watch::Person) => "words of one person across cases".to_owned(),
        Part::Window(Watch::Listener) => "tools listed and called".to_owned(),
        Part::Window(Watch::Server) => "what servers ask their users".to_owned(),
        Part::Window(Watch::Question) => "questions and answers".to_owned(),
    }
}
