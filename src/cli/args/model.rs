//! Flags of `model` and its commands.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `offpath model`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model [OPTIONS] <COMMAND>",
    after_help = "Examples:\n  offpath model new payments -o payments.model.yaml\n  offpath model lint payments.model.yaml\n  offpath model diff old.model.yaml payments.model.yaml"
)]
pub struct ModelCommand {
    /// What to do
    #[command(subcommand)]
    pub what: ModelWhat,
}

/// What is done with models.
#[derive(Debug, Subcommand)]
pub enum ModelWhat {
    /// Say what is wrong with models, what is doubtful, and what leaves a way for abuse open
    Lint(ModelLint),
    /// Say who may do what and when: tables, or a diagram of each lifecycle
    Show(ModelShow),
    /// Say who may now do what that could not before, and the reverse
    Diff(ModelDiff),
    /// Lay models out alike, comments and meaning kept
    Fmt(ModelFmt),
    /// Make a model of one in another form: BPMN, PNML, Step Functions, Arazzo, XState, SCXML
    Import(ModelImport),
    /// Print a model to start from
    New(ModelNew),
}

/// `offpath model lint`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model lint [OPTIONS] <FILE>...",
    after_help = "Exit codes: 0 nothing as grave as --fail-on, 1 warnings or advice that --fail-on asks for, 2 errors.\n\nExamples:\n  offpath model lint shop.model.yaml\n  offpath model lint models/*.yaml --fail-on warning\n  offpath model lint shop.model.yaml --format sarif > lint.sarif"
)]
pub struct ModelLint {
    /// Models
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Exit 1 for what is at least this grave; errors are always exit 2
    #[arg(long, value_name = "WHAT", default_value = "error")]
    pub fail_on: LintLevel,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: LintFormat,
}

/// What makes `model lint` fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintLevel {
    Error,
    Warning,
    Advice,
}

/// Formats of `model lint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    Human,
    Json,
    Sarif,
}

/// `offpath model show`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model show [OPTIONS] <FILE>",
    after_help = "Examples:\n  offpath model show shop.model.yaml\n  offpath model show shop.model.yaml --format mermaid --life order\n  offpath model show shop.model.yaml --format svg > shop.svg"
)]
pub struct ModelShow {
    /// The model
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only the lifecycle of this object type; repeatable
    #[arg(long, value_name = "TYPE")]
    pub life: Vec<String>,
    /// Tables, or diagrams for other programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ModelShowFormat,
}

/// Formats of `model show`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelShowFormat {
    Text,
    Mermaid,
    Dot,
    Svg,
    Json,
    Xstate,
}

/// `offpath model diff`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model diff [OPTIONS] <OLD> <NEW>",
    after_help = "Layout, order and comments are no change.\nExit codes: 0 nothing that --fail-on asks for, 1 such changes, 2 a model cannot be read.\n\nExamples:\n  offpath model diff old.model.yaml new.model.yaml\n  offpath model diff old.model.yaml new.model.yaml --format markdown >> review.md\n  offpath model diff old.model.yaml new.model.yaml --format json --fail-on any"
)]
pub struct ModelDiff {
    /// The model as it was
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The model as it is to be
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Exit 1 for changes that widen what is allowed or may do so with much harm, for any change, or for none
    #[arg(long, value_name = "WHAT", default_value = "widened")]
    pub fail_on: DiffLevel,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ModelDiffFormat,
}

/// What makes `model diff` fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffLevel {
    Widened,
    Any,
    None,
}

/// Formats of `model diff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelDiffFormat {
    Human,
    Markdown,
    Json,
}

/// `offpath model fmt`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model fmt [OPTIONS] <FILE>...",
    after_help = "A file in which a comment could not be kept is left as it is, and said (exit 2).\n\nExamples:\n  offpath model fmt shop.model.yaml\n  offpath model fmt --check models/*.yaml\n  offpath mine day/ -o draft.model.yaml && offpath model fmt draft.model.yaml"
)]
pub struct ModelFmt {
    /// Models to lay out in place
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Change nothing; exit 1 where a file is laid out otherwise
    #[arg(long)]
    pub check: bool,
}

/// `offpath model import`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model import [OPTIONS] <FILE>",
    after_help = "The format is found by content. What cannot be taken over is said with its line, and stands in the model's comments.\n\nExamples:\n  offpath model import checkout.arazzo.yaml -o checkout.model.yaml\n  offpath model import order.bpmn | offpath model lint -\n  offpath model import machine.json > machine.model.yaml"
)]
pub struct ModelImport {
    /// BPMN 2.0, PNML, a machine in Amazon's States Language, Arazzo, a machine of XState as JSON, or SCXML; documents that it names are looked for beside it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// File to write instead of standard output; an existing file is not overwritten without --force
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite the file that -o names; what was written into it by hand is lost
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// `offpath model new`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath model new [OPTIONS] <KIND>",
    after_help = "Examples:\n  offpath model new payments -o payments.model.yaml\n  offpath model new agents > agents.model.yaml\n  offpath model new fulfilment | less"
)]
pub struct ModelNew {
    /// Kind of business
    #[arg(value_name = "KIND")]
    pub kind: Starter,
    /// File to write instead of standard output; an existing file is not overwritten
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Models to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Starter {
    Payments,
    Fulfilment,
    Saas,
    Telecom,
    Claims,
    Agents,
}
