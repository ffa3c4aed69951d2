//! Flags of `drift`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{CheckFormat, EventLogFlags, FailOn};
use crate::drift::Mark;

/// `offpath drift`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath drift [OPTIONS] <BASE-RUN> <RUN>\n       offpath drift [OPTIONS] <LOG>",
    after_help = "Examples:\n  offpath drift monday/ tuesday/\n  offpath drift week-46/ week-47/ -o drift/ --mark 2026-11-20T10:00Z=release-7\n  offpath drift history.xes"
)]
pub struct Drift {
    /// Run folders that `check` wrote, the earlier one first; or an event log, for changes within it
    #[arg(required = true, num_args = 1..=2, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    #[command(flatten)]
    pub log: EventLogFlags,
    /// Folder for the result, or a file by suffix as of `check`; repeatable
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
    #[arg(long, value_name = "LEVEL", default_value = "medium", hide_possible_values = true)]
    pub fail_on: FailOn,
    /// A change that was announced, e.g. 2026-11-20T10:00Z=release-7; repeatable
    #[arg(long, value_name = "TIME=NAME", value_parser = mark)]
    pub mark: Vec<Mark>,
    /// Least cases on each side of a comparison
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub min_cases: u64,
    /// Share of the reported changes that may be chance
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    pub fdr: f64,
    /// Least size of a change, as Cohen's h: 0.2 is called small
    #[arg(long, value_name = "H", default_value_t = 0.1, value_parser = share)]
    pub min_effect: f64,
    /// Findings that somebody answers for until a day
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
    /// Day from which expiry counts [default: today, UTC]
    #[arg(long, hide_short_help = true, value_name = "DATE")]
    pub today: Option<Date>,
    /// Exit 0 where findings would make it 1
    #[arg(long)]
    pub exit_zero: bool,
}

/// `TIME=NAME`; of a time, seconds may be left out.
fn mark(text: &str) -> Result<Mark, String> {
    let (time, name) = text.split_once('=').ok_or("is not TIME=NAME, e.g. 2026-11-20T10:00Z=release-7")?;
    let read = time.parse::<Timestamp>().map_err(|e| format!("{time}: {e}"))?;
    if name.is_empty() {
        return Err("has no name behind the `=`".to_owned());
    }
    Ok(Mark { time: read.as_microsecond(), name: name.to_owned() })
}

/// A number above 0, to 1.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err("is not above 0 and at most 1".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_have_a_time_and_a_name() {
        assert_eq!(mark("1970-01-01T00:01Z=a=b").unwrap(), Mark { time: 60_000_000, name: "a=b".to_owned() });
        assert!(mark("2026-11-20T10:00Z").is_err() && mark("2026-11-20T10:00Z=").is_err() && mark("x=y").is_err());
        assert!(share("0").is_err() && share("2").is_err() && share("nan").is_err() && share("0.5").is_ok());
    }
}
