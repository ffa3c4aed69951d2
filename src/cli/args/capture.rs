//! Flags of `capture`.

use std::path::PathBuf;

use clap::Args;

use super::value::{at_least_one, bpf, bytes};
use crate::cli::live;

/// `offpath capture`
#[derive(Debug, Args)]
#[command(
    override_usage = "offpath capture [OPTIONS] -i <IF> -w <PATH>",
    after_help = "Examples:\n  offpath capture -i eth0 -f 'tcp port 8080' -w traffic/ --file-time 1h --files 24\n  offpath capture -i eth0 -w first-look.pcapng --duration 5m\n  offpath capture -i eth0 -w - | offpath exchanges -"
)]
#[command(group = clap::ArgGroup::new("rotation").args(["file_size", "file_time"]).multiple(true))]
pub struct Capture {
    /// Interface; `any` is all of them on Linux
    #[arg(short, long, value_name = "IF")]
    pub interface: String,
    /// Only packets that this BPF filter lets through, e.g. 'tcp port 8080'
    #[arg(short = 'f', long, value_name = "FILTER", value_parser = bpf)]
    pub bpf: Option<String>,
    /// File, folder (a name that ends in / is made one), or `-` for standard output
    #[arg(short, long, value_name = "PATH")]
    pub write: PathBuf,
    /// Begin a new file before one is larger than this, e.g. 100M
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub file_size: Option<usize>,
    /// Begin a new file after this time, e.g. 15m or 1h
    #[arg(long, value_name = "TIME", value_parser = live::duration)]
    pub file_time: Option<std::time::Duration>,
    /// Keep so many files, the newest; needs --file-size or --file-time
    #[arg(long, value_name = "N", value_parser = at_least_one, requires = "rotation")]
    pub files: Option<usize>,
    /// Stop after this time
    #[arg(long, value_name = "TIME", value_parser = live::duration)]
    pub duration: Option<std::time::Duration>,
    /// Stop after so many packets
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub packets: Option<u64>,
    /// Also take packets that are meant for other machines, as at a mirror port
    #[arg(long)]
    pub promiscuous: bool,
    /// As root: write as this user once the interface is open [default: nobody; root stays root]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}
