//! What `generate` prints.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

/// `offpath generate`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath generate [OPTIONS] <WHAT>",
    after_help = "Examples:\n  offpath generate config > offpath.yaml\n  offpath generate completions zsh > _offpath\n  offpath generate man -o man/"
)]
pub struct Generate {
    /// What to print.
    #[command(subcommand)]
    pub what: Generated,
}

/// What `generate` prints.
#[derive(Debug, Subcommand)]
pub enum Generated {
    /// Print a configuration file with every key, or what each is now and where that comes from
    #[command(
        override_usage = "offpath generate config [OPTIONS]",
        after_help = "Examples:\n  offpath generate config > offpath.yaml\n  offpath generate config --origins\n  offpath generate config --origins --config nightly.yaml"
    )]
    Config {
        /// Print the value that each key has now, and where it comes from
        #[arg(long)]
        origins: bool,
    },
    /// Print a completion script
    #[command(
        override_usage = "offpath generate completions [OPTIONS] <SHELL>",
        after_help = "Examples:\n  offpath generate completions bash > /etc/bash_completion.d/offpath\n  offpath generate completions zsh > _offpath\n  offpath generate completions fish > offpath.fish"
    )]
    Completions {
        /// Shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the man page, or write one for each command
    #[command(
        override_usage = "offpath generate man [OPTIONS]",
        after_help = "Examples:\n  offpath generate man | man -l -\n  offpath generate man > offpath.1\n  offpath generate man -o man/"
    )]
    Man {
        /// Folder to write `offpath.1`, `offpath-check.1` and so on into
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Print the JSON Schema of a file of the run folder
    #[command(
        override_usage = "offpath generate schema [OPTIONS] <FILE>",
        after_help = "Examples:\n  offpath generate schema findings > findings.schema.json\n  offpath generate schema run | jq .properties\n  offpath generate schema findings | jq .required"
    )]
    Schema {
        /// `findings` for a line of `findings.jsonl`, `run` for `run.json`
        #[arg(value_name = "FILE")]
        file: SchemaFile,
    },
}

/// Files that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaFile {
    Findings,
    Run,
}
