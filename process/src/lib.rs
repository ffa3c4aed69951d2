//! Process mining's formats and exact conformance, with no knowledge of HTTP.
//!
//! ```text
//! OCEL -> ObjectLog, seen from one type of objects
//!            ↓
//! XES  -> EventLog -> Variants ─┐
//!                               ├─ align::costs -> Verdict a variant -> Measures
//! PNML, BPMN -> Net -> Model ───┘  Explainer -> moves of a variant -> deviations
//! ```
//!
//! Everything here works on bytes that nobody vouches for: sizes are bounded before memory is taken, nothing recurses
//! on input, and what cannot be decided within a budget is said to be undecided, with the bound that is known.

pub mod align;
mod automaton;
mod bpmn;
mod change_point;
mod conformance;
mod determinise;
mod deviation;
mod directly_follows;
mod elements;
mod log;
mod marking;
mod measures;
mod metered;
mod minimise;
mod model;
mod names;
mod net;
mod ocel;
mod pnml;
mod precision;
mod problem;
mod table;
mod time;
mod xes;
mod xml;

pub use automaton::{Automaton, Dfa, Edge, Exhausted, SILENT};
pub use bpmn::{BpmnError, Labels, Process, Step, read_bpmn};
pub use change_point::{ChangePoint, Follows, Windows, change_points};
pub use conformance::{Conformance, Group, check};
pub use deviation::{Deviation, Kind};
pub use directly_follows::DirectlyFollows;
pub use elements::{Element, ElementsError, read_elements};
pub use log::{Event, EventLog, Trace, Variant};
pub use marking::MarkingGraph;
pub use measures::Measures;
pub use model::{Compiled, Model, ModelError, ModelLimits};
pub use names::Names;
pub use net::{Marking, Net, NetError, Place, Transition};
pub use ocel::{
    Change, Object, ObjectEvent, ObjectLog, ObjectTrace, OcelLimits, Relation, SQLITE_MAGIC, Types, Value, ValueKind,
    WriteError, read_ocel, read_ocel_sqlite, write_ocel_json, write_ocel_sqlite, write_ocel_xml, write_traces_csv,
    write_traces_xes,
};
pub use pnml::{PnmlError, read_pnml};
pub use precision::Precision;
pub use problem::{LogError, Problem};
pub use table::{ColumnNames, Columns, CsvReader, csv_columns};
pub use xes::{LogLimits, XesReader, write_xes};
