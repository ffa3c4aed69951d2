//! Processes in BPMN 2.0, as the nets that they mean.
//!
//! A token on a sequence flow is a token on a place. What needs more than plain arcs has them: a process or a part of it is
//! over when nothing is left in it, and what interrupts a part empties it.

mod diagram;
mod inclusive;
mod lower;
#[cfg(test)]
mod tests;

use std::io::Read;

use crate::elements::{ElementsError, read_elements};
use crate::net::{Net, NetError};

/// What of a process has a label in its net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Tasks that have a name: what logs hold.
    Tasks,
    /// All tasks, those without a name by their id, and messages that come in.
    Calls,
}

/// A process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its name; its id where it has none.
    pub name: String,
    /// Line at which it begins, from 1.
    pub line: u64,
    /// It begins with a token at its start and ends where nothing is left.
    pub net: Net,
    /// Nodes with a label, in the order of the file; several may have one label.
    pub steps: Vec<Step>,
    /// Lines and parts that the net does not hold.
    pub left_out: Vec<(u64, String)>,
}

/// A node with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its label in the net.
    pub label: String,
    /// Name of its element: `userTask`.
    pub element: String,
    /// Name of the innermost lane that it stands in.
    pub lane: Option<String>,
    /// Line at which it begins, from 1.
    pub line: u64,
}

/// A file of which no net can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BpmnError {
    /// The file is no XML.
    #[error(transparent)]
    File(#[from] ElementsError),
    /// A part cannot be read, and what it means matters for all else.
    #[error("line {line}: {cause}")]
    Part {
        /// Line of the part, from 1.
        line: u64,
        /// What is wrong, and what to do.
        cause: String,
    },
    /// The net makes no sense.
    #[error("the process: {0}")]
    Net(#[from] NetError),
}

impl BpmnError {
    fn part(line: u64, cause: impl Into<String>) -> Self {
        BpmnError::Part { line, cause: cause.into() }
    }

    /// Line of what is wrong, from 1.
    pub fn line(&self) -> u64 {
        match self {
            BpmnError::File(error) => error.line,
            BpmnError::Part { line, .. } => *line,
            BpmnError::Net(_) => 1,
        }
    }
}

/// Reads the processes of a file; those without a node are passed over. Prefixes of names do not matter, nor do elements of
/// other makers.
///
/// # Errors
/// When the file is damaged, holds no process, more than 4,096 nodes, or a part that no net can hold: a complex gateway, an
/// ad-hoc subprocess, an inclusive gateway that joins what no one gateway split.
pub fn read_bpmn(input: impl Read, labels: Labels) -> Result<Vec<Process>, BpmnError> {
    let elements = read_elements(input)?;
    let diagrams = diagram::read(&elements, labels)?;
    let processes: Vec<Process> = diagrams.into_iter().map(lower::process).collect::<Result<_, _>>()?;
    if processes.is_empty() {
        return Err(BpmnError::part(1, "no <process> with a node; is it BPMN 2.0?"));
    }
    Ok(processes)
}
