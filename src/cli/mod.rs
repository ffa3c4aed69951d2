//! The command line: each command one file; data on standard output, everything else on standard error.

mod args;
#[cfg(feature = "live")]
mod capture;
mod check;
mod config;
mod demo;
mod documents;
mod drift;
mod event_log;
mod events;
mod exchanges;
mod exit;
mod explain;
mod filter;
mod findings;
mod generate;
mod hash_key;
mod inspect;
mod job;
#[cfg(feature = "live")]
mod live;
mod mapping;
mod mine;
mod model;
mod output;
mod period;
mod pipe;
mod preview;
mod progress;
mod redact;
mod replace;
mod run_folder;
mod show;
mod stored_run;
mod timings;
mod triage;
mod verify;
mod work_folder;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

pub use args::Cli;
pub use exit::Exit;
pub use mapping::parse as parse_mapping;

use args::{Command, Shared, Typed, When};
use config::Config;

use crate::report::terminal::Screen;

/// Parses the command line, runs the command, says the exit code in words.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    // The first look finds mistakes, and the configuration that the second one takes as defaults.
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let config = match Config::find(&matches) {
        Ok(config) => config,
        Err(exit) => return ended(&exit),
    };
    let configured = config.apply(Cli::command()).try_get_matches();
    let mut cli = match configured.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // The first look knows no configuration.
    cli.shared.typed = Typed::of(&matches);
    let console = Console::new(&cli.shared);
    config.announce(&console);
    let exit = match cli.command {
        Command::Demo(args) => demo::run(&args, &cli.shared, &console),
        Command::Inspect(args) => inspect::run(&args, &cli.shared, &console),
        Command::Exchanges(args) => exchanges::run(&args, &cli.shared, &console),
        Command::Events(args) => events::run(&args, &cli.shared, &console),
        Command::Mine(args) => mine::run(&args, &cli.shared, &console),
        Command::Model(args) => model::run(&args, &console),
        Command::Check(args) => check::run(&args, &cli.shared, &console),
        Command::Show(args) => show::run(&args, &cli.shared, &console),
        Command::Findings(args) => findings::run(&args, &console),
        Command::Drift(args) => drift::run(&args, &cli.shared, &console),
        Command::Verify(args) => verify::run(&args, &cli.shared, &console),
        #[cfg(feature = "live")]
        Command::Capture(args) => capture::run(&args, &console),
        Command::Explain(args) => explain::run(&args, &console),
        Command::Generate(args) => generate::run(&args, &matches, &config, &console),
    };
    let exit = exit.unwrap_or_else(|exit| exit);
    // A plain success needs no word beyond the output itself when asked to be quiet.
    if cli.shared.quiet && exit.code() == 0 {
        return ExitCode::SUCCESS;
    }
    ended(&exit)
}

/// Says the exit code in words.
fn ended(exit: &Exit) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{exit}");
    ExitCode::from(exit.code())
}

/// A command's end: `Err` is an exit taken early, by `?`.
pub(crate) type Ended = Result<Exit, Exit>;

fn usage(error: &clap::Error) -> ExitCode {
    // Help and version are answers, not errors. A closed pipe is nobody's problem.
    let _ = error.print();
    if error.use_stderr() {
        ended(&Exit::CannotStart("the command line is wrong".to_owned()))
    } else {
        ExitCode::SUCCESS
    }
}

/// Says that it is our bug, with what a report needs and nothing from the traffic.
fn report_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let _ = writeln!(
        std::io::stderr(),
        "offpath {} has a bug: it stopped at {place}.\nPlease report this line, the command and the kind of input (not the traffic itself).",
        env!("CARGO_PKG_VERSION"),
    );
}

/// Columns of the terminal that standard output is, if it is one.
fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(columns))
}

/// Where the command speaks, and how.
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    /// Whether standard output takes colour.
    pub(crate) color: bool,
    /// Columns of the terminal; `None` when standard output goes elsewhere.
    pub(crate) width: Option<usize>,
    /// What is said once the command line turns out to be right.
    held: std::cell::RefCell<Vec<String>>,
}

impl Console {
    fn new(shared: &Shared) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let color = match shared.color {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto => set("CLICOLOR_FORCE") || std::io::stdout().is_terminal(),
        };
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).or_else(terminal_width);
        Console { quiet: shared.quiet, verbose: shared.verbose, color, width, held: Default::default() }
    }

    /// A console that says only what must be said.
    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        Console { quiet: true, verbose: false, color: false, width: None, held: Default::default() }
    }

    /// The terminal as views need it; `run_folder` for the commands that come next.
    pub(crate) fn screen(&self, run_folder: Option<&std::path::Path>) -> Screen {
        let run_folder = run_folder.map(|folder| folder.display().to_string());
        Screen { color: self.color, width: self.width, run_folder }
    }

    /// One line on standard error, unless quiet.
    pub(crate) fn say(&self, line: &str) {
        if !self.quiet {
            self.say_always(line);
        }
    }

    /// Lines for [`Console::say_held`]: a mistake on the command line is to be seen without them.
    pub(crate) fn hold(&self, lines: String) {
        self.held.borrow_mut().push(lines);
    }

    /// Says what was held back, before the work begins.
    pub(crate) fn say_held(&self) {
        self.held.take().iter().for_each(|lines| self.say(lines));
    }

    /// One line on standard error, if that much is wanted. It never holds what the traffic holds.
    pub(crate) fn note(&self, line: &str) {
        if self.verbose {
            self.say_always(line);
        }
    }

    /// One line on standard error, quiet or not.
    pub(crate) fn say_always(&self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// Data on standard output. A closed pipe ends the command quietly, as `head` expects.
    pub(crate) fn print(&self, text: &str) -> Result<(), Exit> {
        let mut out = std::io::stdout().lock();
        self.written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// The exit of writing to standard output, if any.
    pub(crate) fn written(&self, result: std::io::Result<()>) -> Result<(), Exit> {
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Err(Exit::Done("standard output was closed".to_owned()))
            }
            Err(error) => Err(Exit::Incomplete(format!("standard output: {error}"))),
        }
    }
}
