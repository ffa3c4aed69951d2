//! Flags of `events`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Inputs;

/// `offpath events`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath events [OPTIONS] <INPUT>...",
    after_help = "Examples:\n  offpath events a.pcapng -o log.ocel.json\n  offpath events day/ --model shop.model.yaml -o log.ocel.sqlite -o log.xes.gz\n  offpath events shop.har --object-type order -o orders.csv"
)]
pub struct Events {
    /// What to read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Name activities and objects by this model instead of guessing
    #[arg(short, long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// OpenAPI document whose operations name the paths, YAML or JSON; repeatable
    #[arg(long, value_name = "FILE")]
    pub openapi: Vec<PathBuf>,
    /// Type of objects whose traces go into .xes and .csv [default: cases]
    #[arg(long, value_name = "TYPE")]
    pub object_type: Option<String>,
    /// File to write, format by suffix (.ocel.json .ocel.xml .ocel.sqlite .xes .csv, also .gz); repeatable
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// Format [default: by the suffix of -o, else ocel-json]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<EventFormat>,
    /// Replace files that exist
    #[arg(long, hide_short_help = true)]
    pub force: bool,
}

/// Formats of `events`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    OcelJson,
    OcelXml,
    OcelSqlite,
    Xes,
    Csv,
}

impl EventFormat {
    /// The format that the name of a file tells.
    pub(in crate::cli) fn of_suffix(name: &str) -> Option<EventFormat> {
        let suffixes = [
            (EventFormat::OcelJson, [".ocel.json", ".jsonocel"]),
            (EventFormat::OcelXml, [".ocel.xml", ".xmlocel"]),
            (EventFormat::OcelSqlite, [".ocel.sqlite", ".sqlite"]),
            (EventFormat::Xes, [".xes", ".xes"]),
            (EventFormat::Csv, [".csv", ".csv"]),
        ];
        suffixes.iter().find(|(_, ends)| ends.iter().any(|end| name.ends_with(end))).map(|(format, _)| *format)
    }

    /// Whether it has traces, rather than events of several objects.
    pub(in crate::cli) fn is_flat(self) -> bool {
        matches!(self, EventFormat::Xes | EventFormat::Csv)
    }
}
