//! Flags of `findings` and `verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{BaselineBy, FailOn, Inputs};

/// `offpath findings`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath findings [OPTIONS] <WHAT>",
    after_help = "Examples:\n  offpath findings list --run run/\n  offpath findings suppress F7c1e09ab12cd --reason 'load test' --until 2026-12-01 --by a.reviewer\n  offpath findings stale --suppressions offpath.suppressions.yaml"
)]
pub struct Findings {
    /// What to do.
    #[command(subcommand)]
    pub what: FindingsOf,
}

/// What `findings` does.
#[derive(Debug, Subcommand)]
pub enum FindingsOf {
    /// List the findings of a run by cause, or those of one cause
    List(List),
    /// Add findings to a suppression file: why, by whom and until when
    Suppress(Suppress),
    /// Say which suppressions are over, about to be, or cover nothing
    Stale(Stale),
    /// Compare two runs: what is new, changed, still there or not seen again
    Baseline(Baseline),
}

/// `offpath findings list`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath findings list [OPTIONS] [GROUP]",
    after_help = "Examples:\n  offpath findings list\n  offpath findings list G1f0c2a9b3d4e --run run/\n  offpath findings list --filter 'severity:>=high' --format jsonl"
)]
pub struct List {
    /// A group (`G` and its digits, or their beginning): lists its findings one by one
    #[arg(value_name = "GROUP")]
    pub group: Option<String>,
    /// Run folder that `check` wrote
    #[arg(short, long, value_name = "DIR", default_value = "offpath-run")]
    pub run: PathBuf,
    /// Only findings that fit, e.g. 'rule:SEQ-* actor:anna'; repeatable
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Vec<String>,
    /// Output format: groups as human and json have them, findings as jsonl and csv
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ListFormat,
}

/// Formats of `findings list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Human,
    Json,
    Jsonl,
    Csv,
}

/// `offpath findings suppress`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath findings suppress [OPTIONS] --reason <TEXT> --until <DATE> <ID>...",
    after_help = "Examples:\n  offpath findings suppress F7c1e09ab12cd --reason 'load test' --until 2026-12-01 --by a.reviewer\n  offpath findings suppress G1f0c2a9b3d4e --reason SHOP-77 --until 2026-12-01 --by a.reviewer\n  offpath findings suppress F7c1e09ab12cd --reason test --until 2026-12-01 --by me --run r/"
)]
pub struct Suppress {
    /// Findings (`F...`), or groups (`G...`) for each of their findings
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Last day on which it counts, at most a year ahead
    #[arg(long, value_name = "DATE")]
    pub until: Date,
    /// Who answers for it [default: the user's name]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// File to add to; it is made if it is not there
    #[arg(long, value_name = "FILE", default_value = "offpath.suppressions.yaml")]
    pub suppressions: PathBuf,
    /// Run folder that `check` wrote
    #[arg(short, long, value_name = "DIR", default_value = "offpath-run")]
    pub run: PathBuf,
}

/// `offpath findings stale`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath findings stale [OPTIONS]",
    after_help = "Examples:\n  offpath findings stale\n  offpath findings stale --suppressions quiet.yaml --run run/\n  offpath findings stale --format json"
)]
pub struct Stale {
    /// Suppression file
    #[arg(long, value_name = "FILE", default_value = "offpath.suppressions.yaml")]
    pub suppressions: PathBuf,
    /// Run folder that `check` wrote
    #[arg(short, long, value_name = "DIR", default_value = "offpath-run")]
    pub run: PathBuf,
    /// Day from which expiry counts [default: today, UTC]
    #[arg(long, hide_short_help = true, value_name = "DATE")]
    pub today: Option<Date>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: TriageFormat,
}

/// `offpath findings baseline`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath findings baseline [OPTIONS] <EARLIER>",
    after_help = "Examples:\n  offpath findings baseline monday/ --run tuesday/\n  offpath findings baseline monday/ --by group\n  offpath findings baseline monday/ --format json"
)]
pub struct Baseline {
    /// Run folder of the earlier run
    #[arg(value_name = "EARLIER")]
    pub earlier: PathBuf,
    /// Run folder of the later one
    #[arg(short, long, value_name = "DIR", default_value = "offpath-run")]
    pub run: PathBuf,
    /// What must be known for a finding not to be new
    #[arg(long, value_name = "WHAT", default_value = "finding")]
    pub by: BaselineBy,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: TriageFormat,
}

/// Formats of `findings stale` and `findings baseline`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TriageFormat {
    Human,
    Json,
}

/// `offpath verify`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath verify [OPTIONS] <RUN> <INPUT>...",
    after_help = "Examples:\n  offpath verify run/ after-fix.pcapng --model shop.model.yaml\n  offpath verify run/ after-fix.har --model shop.model.yaml --filter 'rule:AP-*'\n  offpath verify run/ after-fix/ --model shop.model.yaml --format markdown"
)]
pub struct Verify {
    /// Run folder with the findings to verify
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// What to read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// The intended model, the same workflow as that of the earlier run
    #[arg(short, long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: VerifyFormat,
    /// Exit 1 when an open finding is at least this grave
    #[arg(long, value_name = "LEVEL", default_value = "high")]
    pub fail_on: FailOn,
    /// Exit 0 where open findings would make it 1
    #[arg(long)]
    pub exit_zero: bool,
    /// Do not exit 3 for unreadable input
    #[arg(long, hide_short_help = true)]
    pub allow_incomplete: bool,
}

/// Formats of `verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    Human,
    Json,
    Markdown,
}
