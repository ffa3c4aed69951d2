//! Flags of `check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::value::threshold;
use super::{EventLogFlags, Inputs};
use crate::finding::baseline::Known;
use crate::model::Severity;
use crate::rule::SetThreshold;

/// `offpath check`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath check [OPTIONS] <INPUT>...",
    after_help = "Examples:\n  offpath check shop.pcapng --model shop.model.yaml -o run/\n  offpath check day/ --model shop.model.yaml -o r.sarif -o r.html --fail-on critical\n  offpath check access.log --select 'SEQ-*' --format jsonl"
)]
pub struct Check {
    /// What to read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// The intended model (PNML for event logs); else rules that need none
    #[arg(short, long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// OpenAPI document that describes the operations, YAML or JSON; repeatable
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub openapi: Vec<PathBuf>,
    /// Run folder [offpath-run], or a file by suffix (see --help); repeatable
    ///
    /// Suffixes: .html .sarif .jsonl .csv .parquet .md .json .xml (JUnit) .ocsf. Where only files are named, no folder is kept. The name of a new folder with a dot and letters
    /// behind it ends in `/`: `-o run.front/`.
    #[arg(short, long, value_name = "PATH")]
    pub output: Vec<PathBuf>,
    /// Replace files even if they are not such an output
    #[arg(long, hide_short_help = true)]
    pub force: bool,
    /// Print human (usual), json, jsonl, csv, sarif, markdown, junit, ocsf
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub format: CheckFormat,
    /// Exit 1 from critical, high, medium, low or none on
    #[arg(long, value_name = "LEVEL", default_value = "high", hide_possible_values = true)]
    pub fail_on: FailOn,
    /// Say on standard error how long each stage and each part of the comparison took
    #[arg(long, hide_short_help = true)]
    pub timings: bool,
    /// Only these rules, e.g. 'SEQ-*'; repeatable
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules; repeatable
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// A number on which a rule decides, e.g. FLOW-PACE.floor=2s; repeatable
    #[arg(long, hide_short_help = true, value_name = "RULE.NAME=VALUE", value_parser = threshold)]
    pub rules: Vec<SetThreshold>,
    /// Findings that somebody answers for until a day
    ///
    /// `offpath findings suppress` adds to such a file; docs/suppressions.md says what it may hold.
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
    /// Exit 2 when a suppression is unused or expired
    #[arg(long, hide_short_help = true)]
    pub strict_suppressions: bool,
    /// List suppressed findings too
    #[arg(long, hide_short_help = true)]
    pub show_suppressed: bool,
    /// Day from which expiry counts, to judge as on that day [default: today, UTC]
    #[arg(long, hide_short_help = true, value_name = "DATE")]
    pub today: Option<Date>,
    /// Run folder to compare with: only what is new makes the exit 1
    #[arg(long, value_name = "DIR")]
    pub baseline: Option<PathBuf>,
    /// What must be known for a finding not to be new: the finding, or its group [default: finding]
    #[arg(long, hide_short_help = true, value_name = "WHAT")]
    pub baseline_by: Option<BaselineBy>,
    /// Show only what is new; the run folder has all
    #[arg(long)]
    pub only_new: bool,
    /// Attributes that name an event's activity in XES event logs, e.g. concept:name,lifecycle:transition
    #[arg(long, hide_short_help = true, value_name = "KEY", value_delimiter = ',')]
    pub classifier: Vec<String>,
    /// What of an event log is its traces.
    #[command(flatten)]
    pub log: EventLogFlags,
    /// Exit 0 where findings would make it 1
    #[arg(long)]
    pub exit_zero: bool,
    /// Do not exit 3 for unreadable input
    #[arg(long, hide_short_help = true)]
    pub allow_incomplete: bool,
}

/// Formats of `check` on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    Human,
    Json,
    Jsonl,
    Csv,
    Sarif,
    Markdown,
    Junit,
    Ocsf,
}

/// What must be known for a finding not to be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BaselineBy {
    Finding,
    Group,
}

impl BaselineBy {
    /// Name used on the command line and in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            BaselineBy::Finding => "finding",
            BaselineBy::Group => "group",
        }
    }

    /// What it says to those who compare.
    pub fn known(self) -> Known {
        match self {
            BaselineBy::Finding => Known::Finding,
            BaselineBy::Group => Known::Group,
        }
    }
}

/// Lowest severity that makes `check` exit 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    None,
}

impl FailOn {
    /// The severity; `None` never fails.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Critical => Some(Severity::Critical),
            FailOn::High => Some(Severity::High),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::Low => Some(Severity::Low),
            FailOn::None => None,
        }
    }
}
