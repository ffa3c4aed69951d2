//! The command line: every flag; each command's own file says what it does with them.

#[cfg(feature = "live")]
mod capture;
mod check;
mod drift;
mod events;
mod findings;
mod generate;
mod model;
mod show;
mod value;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

#[cfg(feature = "live")]
pub(super) use capture::Capture;
pub(super) use check::{BaselineBy, Check, CheckFormat, FailOn};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
pub(super) use drift::Drift;
pub(super) use events::{EventFormat, Events};
pub(super) use findings::{
    Baseline, Findings, FindingsOf, List, ListFormat, Stale, Suppress, TriageFormat, Verify, VerifyFormat,
};
pub(super) use generate::{Generate, Generated, SchemaFile};
pub(super) use model::{
    DiffLevel, LintFormat, LintLevel, ModelCommand, ModelDiff, ModelDiffFormat, ModelFmt, ModelImport, ModelLint,
    ModelNew, ModelShow, ModelShowFormat, ModelWhat, Starter,
};
use offpath_capture::{LogFormat, TunnelPort};
pub(super) use show::{Reproduce, Show, ShowFormat};
#[cfg(feature = "live")]
use value::bpf;
use value::{bytes, log_format, pair, tunnel};

use super::period;
use super::redact::Redact;
use crate::model::AddressBlock;

/// Finds where real API traffic left the intended business process. It reads captures, HAR files and logs; it sends nothing.
#[derive(Debug, Parser)]
#[command(name = "offpath", version, max_term_width = 110, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub shared: Shared,
}

const EXAMPLES: &str = "\
Exit codes: 0 done, 1 findings at or above --fail-on, 2 could not start, 3 incomplete (input unreadable or
lost), 4 nothing judged, 101 a bug of ours. `offpath explain exit-codes` says more.

Examples:
  offpath demo                                          sample traffic, end to end
  offpath inspect shop.pcapng                           what is in a file
  offpath check day/ --model shop.model.yaml -o run/    judge a day's traffic";

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write sample traffic and its model, check it, and say where the report is
    Demo(Demo),
    /// Say what is in these files: who, which operations and objects, what could not be read
    Inspect(Inspect),
    /// Print one line an HTTP exchange, or a WebSocket message
    Exchanges(Exchanges),
    /// Write the event log for tools of process mining: OCEL 2.0, XES, CSV
    Events(Events),
    /// Show what really happened (process maps, variants) and draft a model from it
    Mine(Mine),
    /// Lint, show, compare, lay out and start models; no traffic needed
    Model(ModelCommand),
    /// Compare traffic with the intended model and report where it left the path
    Check(Check),
    /// Show one case, actor, finding or what was not seen, as a timeline
    Show(Show),
    /// List findings by cause, suppress them, compare two runs
    Findings(Findings),
    /// Say what changed between two runs, and how sure that is
    Drift(Drift),
    /// Say which earlier findings are fixed, still open, or not exercised
    Verify(Verify),
    /// Write an interface's packets into files that rotate, or into a pipe
    #[cfg(feature = "live")]
    Capture(Capture),
    /// Explain a rule, a model error, an exit code, a measure or a term
    Explain(Explain),
    /// Print a configuration file, shell completions, man pages or JSON Schemas
    Generate(Generate),
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Flags of every command")]
pub struct Shared {
    /// Say nothing on standard error but errors and the last line
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what is read, what is decided and how long it takes; never data
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colour on the terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Progress on standard error: `auto` on a terminal alone; `always` also writes lines to a file or pipe
    #[arg(long, global = true, hide_short_help = true, value_name = "WHEN", default_value = "auto")]
    pub progress: When,
    /// Threads that extract and compare [default: one a core]
    #[arg(long, global = true, hide_short_help = true, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory for events before they spill to disk, e.g. 512M or 2G
    #[arg(long, global = true, hide_short_help = true, value_name = "SIZE", default_value = "1G", value_parser = bytes)]
    pub memory: usize,
    /// File with the key of all pseudonyms [default: one made at first use for this installation]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE", env = "OFFPATH_HASH_KEY", hide_env = true)]
    pub hash_key: Option<PathBuf>,
    /// File with values for flags that are not given [default: ./offpath.yaml if there is one]
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE", env = "OFFPATH_CONFIG", hide_env = true)]
    pub config: Option<OsString>,
    /// Read no configuration: neither ./offpath.yaml nor OFFPATH_CONFIG
    #[arg(long, global = true, hide_short_help = true)]
    pub isolated: bool,
    /// What was typed.
    #[arg(skip)]
    pub typed: Typed,
}

/// Flags that were typed on the command line; the values of others are from a configuration, or their own.
#[derive(Clone, Debug, Default)]
pub struct Typed(BTreeSet<String>);

impl Typed {
    /// Those of the command that was parsed.
    pub(super) fn of(matches: &ArgMatches) -> Typed {
        let Some((_, sub)) = matches.subcommand() else { return Typed::default() };
        let typed = sub.ids().map(clap::Id::as_str).filter(|id| sub.value_source(id) == Some(ValueSource::CommandLine));
        Typed(typed.map(str::to_owned).collect())
    }

    /// Whether a flag is among them, by its long name: `--log-field`.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.0.contains(&flag.trim_start_matches('-').replace('-', "_"))
    }
}

// Variants carry no doc comments: clap would print them beside every value in --help.

/// `auto`, `always` or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

/// What to read, and how.
#[derive(Debug, Args)]
pub struct Inputs {
    /// Files, folders, globs or `-`: pcap, pcapng, HAR, logs, OTLP; gzip and zstd are opened
    #[cfg_attr(feature = "cloud", doc = "(or URLs `s3://`, `gs://`, `az://`, `https://`)")]
    #[cfg_attr(feature = "live", doc = "(or `interface:NAME`, until Ctrl-C)")]
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Only what fits, e.g. 'status:>=400 -path:/health*'; repeatable (check: findings, after judging)
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    pub filter: Vec<String>,
    /// How much of names and personal data outputs show: mask, hash or keep, and rules: 'key:*birth*=mask'; repeatable
    ///
    /// Credentials are keyed hashes at every level. A rule is header:NAME=HOW, key:NAME=HOW (of query, form, JSON, claims
    /// and logs) or shape:NAME=HOW, HOW being mask, hash or keep; `*` in a name is anything.
    #[arg(long, value_name = "HOW", default_value = "mask")]
    pub redact: Vec<Redact>,
    /// Only events from this time on (RFC 3339 or a date)
    #[arg(long, value_name = "TIME", value_parser = period::first)]
    pub from: Option<i64>,
    /// Only events up to this time (RFC 3339, or a date: all of that day)
    #[arg(long, value_name = "TIME", value_parser = period::last)]
    pub to: Option<i64>,
    /// Where a JSON log holds a field, over the conventions, e.g. --log-field user=auth.subject
    #[arg(long, hide_short_help = true, value_name = "FIELD=NAME", value_parser = pair)]
    pub log_field: Vec<(String, String)>,
    /// Key log (SSLKEYLOGFILE) that opens TLS connections; repeatable
    #[arg(long, value_name = "FILE")]
    pub keylog: Vec<PathBuf>,
    /// A port at which a tunnel over UDP is spoken besides its own, e.g. --tunnel vxlan=8473; repeatable
    #[arg(long, hide_short_help = true, value_name = "KIND=PORT", value_parser = tunnel)]
    pub tunnel: Vec<TunnelPort>,
    /// Schema of gRPC services (protoc --include_imports --descriptor_set_out): names for fields; repeatable
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub descriptor: Vec<PathBuf>,
    /// Keys that sign tokens, as a JWK set or PEM: JWTs are verified; repeatable
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub jwks: Vec<PathBuf>,
    /// Proxy whose X-Forwarded-For and identity headers are believed, e.g. 10.0.0.0/8; repeatable
    #[arg(long, hide_short_help = true, value_name = "BLOCK")]
    pub trusted_proxy: Vec<AddressBlock>,
    /// Whose traffic a file holds, where its exchanges do not say it, e.g. --actor alice.har=alice; repeatable
    #[arg(long, hide_short_help = true, value_name = "FILE=NAME", value_parser = pair)]
    pub actor: Vec<(String, String)>,
    /// Format of log lines as nginx's log_format or Apache's LogFormat has it; `nginx`, `apache`: combined lines of theirs
    #[arg(long, hide_short_help = true, value_name = "FORMAT", value_parser = log_format, conflicts_with = "mapping")]
    pub log_format: Option<LogFormat>,
    /// File that describes a log format of your own; `inspect` shows what fits
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Only packets that this BPF filter lets through, e.g. 'tcp port 8080'
    #[cfg(feature = "live")]
    #[arg(long, value_name = "FILTER", value_parser = bpf)]
    pub bpf: Option<String>,
    /// With an interface: stop after this time, e.g. 30s, 5m or '1h 30m'
    #[cfg(feature = "live")]
    #[arg(hide_short_help = true, long, value_name = "TIME", value_parser = super::live::duration)]
    pub duration: Option<std::time::Duration>,
    /// With an interface: stop after so many packets
    #[cfg(feature = "live")]
    #[arg(hide_short_help = true, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub packets: Option<u64>,
}

impl Inputs {
    /// One file, read in the usual way.
    pub(super) fn file(name: String) -> Self {
        Inputs {
            inputs: vec![name],
            filter: Vec::new(),
            redact: Vec::new(),
            from: None,
            to: None,
            log_field: Vec::new(),
            keylog: Vec::new(),
            tunnel: Vec::new(),
            descriptor: Vec::new(),
            jwks: Vec::new(),
            trusted_proxy: Vec::new(),
            actor: Vec::new(),
            log_format: None,
            mapping: None,
            #[cfg(feature = "live")]
            bpf: None,
            #[cfg(feature = "live")]
            duration: None,
            #[cfg(feature = "live")]
            packets: None,
        }
    }
}

/// What of an event log is its traces.
#[derive(Debug, Default, Args)]
pub struct EventLogFlags {
    /// Type of objects whose traces are meant, where an OCEL log has several
    #[arg(long, hide_short_help = true, value_name = "TYPE")]
    pub object_type: Option<String>,
    /// Column of a CSV log that names the case
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    pub case_column: Option<String>,
    /// Column of a CSV log that names the activity
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    pub activity_column: Option<String>,
    /// Column of a CSV log that has the time
    #[arg(long, hide_short_help = true, value_name = "NAME")]
    pub time_column: Option<String>,
}

/// `offpath demo`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath demo [OPTIONS]",
    after_help = "Examples:\n  offpath demo\n  offpath demo -o /tmp/first-look\n  offpath demo && xdg-open offpath-demo/run/report.html"
)]
pub struct Demo {
    /// Folder to write
    #[arg(short, long, value_name = "DIR", default_value = "offpath-demo")]
    pub output: PathBuf,
}

/// `offpath inspect`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath inspect [OPTIONS] <INPUT>...",
    after_help = "Examples:\n  offpath inspect shop.pcapng\n  offpath inspect day/ --openapi shop.yaml --unmatched\n  offpath inspect day/ --explain /orders/ord_1/pay"
)]
pub struct Inspect {
    /// What to read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Name operations, actors and objects by this model instead of guessing
    #[arg(short, long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// OpenAPI document whose operations name the paths, YAML or JSON; repeatable
    #[arg(long, value_name = "FILE")]
    pub openapi: Vec<PathBuf>,
    /// Why a path, an actor or an id is what it is taken for, e.g. /orders/42, actor:anna or order:ord_1
    #[arg(long, value_name = "WHAT", conflicts_with_all = ["unmatched", "emit"])]
    pub explain: Option<String>,
    /// List the paths that neither the model nor a document knows
    #[arg(long, conflicts_with = "emit")]
    pub unmatched: bool,
    /// Write actors, objects and activities as the beginning of a model; an existing file is not overwritten
    #[arg(long, value_name = "FILE")]
    pub emit: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: InspectFormat,
}

/// Formats of `inspect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    Human,
    Json,
}

/// `offpath exchanges`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath exchanges [OPTIONS] <INPUT>...",
    after_help = "Examples:\n  offpath exchanges a.pcapng\n  offpath exchanges day/ --format csv -o exchanges.csv\n  offpath exchanges logs/ -o exchanges.parquet"
)]
pub struct Exchanges {
    /// What to read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// OpenAPI document whose operations are named in `operation`, YAML or JSON; repeatable
    #[arg(long, value_name = "FILE")]
    pub openapi: Vec<PathBuf>,
    /// One line a WebSocket message instead: sender, kind, length and hash, never what it says
    #[arg(long)]
    pub messages: bool,
    /// Only these, in this order, e.g. time,method,target,status; what is not asked for is not computed
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Output format [default: by the suffix of -o, else jsonl]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ExchangeFormat>,
    /// File to write instead of standard output, format by suffix (.jsonl .csv .parquet); repeatable
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// Replace files even if they are not such an output
    #[arg(long, hide_short_help = true)]
    pub force: bool,
}

/// Formats of `exchanges`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExchangeFormat {
    Jsonl,
    Csv,
    Parquet,
}

/// `offpath mine`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath mine [OPTIONS] <INPUT>...",
    after_help = "Examples:\n  offpath mine week1/\n  offpath mine week1/ -o shop.model.yaml\n  offpath mine shop.har --model shop.model.yaml"
)]
pub struct Mine {
    /// What to read.
    #[command(flatten)]
    pub inputs: Inputs,
    /// Name activities and objects by this model instead of guessing
    #[arg(short, long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// OpenAPI document whose operations name the paths, YAML or JSON; repeatable
    #[arg(long, value_name = "FILE")]
    pub openapi: Vec<PathBuf>,
    /// Draft a model into this file; an existing file is not overwritten
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What of an event log is its traces.
    #[command(flatten)]
    pub log: EventLogFlags,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: InspectFormat,
}

/// `offpath explain`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath explain [OPTIONS] [TOPIC]",
    after_help = "Examples:\n  offpath explain\n  offpath explain SEQ-SKIP\n  offpath explain exit-codes"
)]
pub struct Explain {
    /// A rule id, a model error (`M003`), `exit-codes`, a measure or a term; without it, all of them by name
    #[arg(value_name = "TOPIC")]
    pub topic: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
