//! Flags of `show`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `offpath show`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath show [OPTIONS] [WHAT]",
    after_help = "Examples:\n  offpath show --run run/\n  offpath show order:ord_00412 --run run/\n  offpath show F7c1e09ab12cd --run run/ --bundle evidence.zip"
)]
pub struct Show {
    /// A case or object (`order:ord_00412` or its key), a finding (`F...`), an actor (`actor:alice`), `gaps`, `unmatched`
    /// (no activity of the model), or `access`: who may do what [default: all cases with findings]
    #[arg(value_name = "WHAT")]
    pub what: Option<String>,
    /// Run folder that `check` wrote
    #[arg(short, long, value_name = "DIR", default_value = "offpath-run")]
    pub run: PathBuf,
    /// Only events that fit, e.g. 'activity:pay status:>=400'; repeatable
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Vec<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ShowFormat,
    /// Write evidence that stands alone into a zip file: timeline, events, redacted exchanges, hashes
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Print the requests that lead there, with placeholders, for a tester; nothing is sent
    #[arg(long, value_name = "FORMAT", conflicts_with = "bundle")]
    pub reproduce: Option<Reproduce>,
    /// Check a bundle against its manifest and say its digest; needs no run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["what", "bundle", "reproduce"])]
    pub verify_bundle: Option<PathBuf>,
    /// With --bundle or --reproduce: key log that opens the run's TLS connections again; repeatable
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,
    /// Replace the bundle's file even if it is no bundle
    #[arg(long, hide_short_help = true)]
    pub force: bool,
}

// Variants carry no doc comments: clap would print them beside every value in --help.

/// Formats of `show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    Human,
    Json,
    Jsonl,
    Csv,
    Markdown,
    Html,
}

/// Formats of `show --reproduce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reproduce {
    Hurl,
    Arazzo,
    Openapi,
    Har,
}
