//! Configuration: values for flags that are not given, from one file. `docs/configuration.md` lists the keys.
//!
//! The keys are the flags themselves, read off the command line's definition, and a value becomes the flag's default:
//! flags win over the environment, which wins over the file.

use std::any::TypeId;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _};

use super::args::Cli;
use super::{Console, Exit};
use crate::model::settings::{self, Allowed, Refusal, Setting};

/// The file that is looked for, in the current folder and nowhere else.
const FILE: &str = "offpath.yaml";
/// Largest file that is read.
const LARGEST: u64 = 1 << 20;
/// Flags that no file sets: where to write and what to replace is said where it can be seen, and a reading's end
/// belongs to that reading, as does what is asked of it once.
const NEVER: [&str; 13] = [
    "output",
    "write",
    "interface",
    "force",
    "config",
    "isolated",
    "duration",
    "packets",
    "origins",
    "emit",
    "explain",
    "unmatched",
    "today",
];
/// Flags of one command that stand outside of its section as well, and whose mappings hold mappings.
pub(super) const RULES: &str = "rules";
/// A flag whose values differ from command to command.
const OF_ONE_COMMAND: &str = "format";

/// A configuration file, read.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The file, as it is named to the user; `None` without one.
    pub(super) file: Option<PathBuf>,
    /// Its values.
    pub(super) settings: Vec<Setting>,
}

impl Config {
    /// Finds and reads the file that the first look at the command line asks for.
    pub(super) fn find(matches: &ArgMatches) -> Result<Config, Exit> {
        let (named, isolated) = (chosen(matches), flag(matches, "isolated"));
        let file = match named {
            Some((_, ValueSource::CommandLine)) if isolated => {
                return Err(Exit::CannotStart("--config and --isolated exclude each other".to_owned()));
            }
            _ if isolated => None,
            Some((file, _)) => Some(file),
            None => Some(PathBuf::from(FILE)).filter(|file| file.is_file()),
        };
        file.map_or_else(|| Ok(Config::default()), |file| read(&file, console_color(matches)))
    }

    /// The command line with the file's values as defaults.
    pub(super) fn apply(&self, command: Command) -> Command {
        self.settings.iter().fold(command, |command, setting| match &setting.section {
            Some(section) => command.mut_subcommand(section, |sub| with_default(sub, setting)),
            None if long(&command, &setting.key).is_some() => with_default(command, setting),
            None => command.mut_subcommands(|sub| {
                let own =
                    self.settings.iter().any(|s| s.section.as_deref() == Some(sub.get_name()) && s.key == setting.key);
                if own { sub } else { with_default(sub, setting) }
            }),
        })
    }

    /// Says on standard error that a file is used.
    pub(super) fn announce(&self, console: &Console) {
        let Some(file) = &self.file else { return };
        // A file that nobody named must not silence its own announcement.
        console.say_always(&format!("Configured by {} (--isolated ignores it)", file.display()));
        for setting in &self.settings {
            let section = setting.section.as_deref().map(|section| format!("{section}.")).unwrap_or_default();
            // Values may name people, and stay in the file.
            console.note(&format!("{section}{} is set (line {})", setting.key, setting.place.0));
        }
    }
}

/// The file that `--config` or `OFFPATH_CONFIG` names; an empty variable names none.
fn chosen(matches: &ArgMatches) -> Option<(PathBuf, ValueSource)> {
    let (name, source) = (matches.get_one::<OsString>("config")?, matches.value_source("config")?);
    (!name.is_empty()).then(|| (PathBuf::from(name), source))
}

fn flag(matches: &ArgMatches, id: &str) -> bool {
    matches.get_flag(id)
}

fn console_color(matches: &ArgMatches) -> bool {
    use super::args::When;
    use std::io::IsTerminal as _;
    match matches.get_one::<When>("color") {
        Some(When::Always) => true,
        Some(When::Never) => false,
        _ => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stderr().is_terminal(),
    }
}

fn read(file: &Path, color: bool) -> Result<Config, Exit> {
    let cannot = |why: String| Exit::CannotStart(format!("configuration {}: {why}", file.display()));
    let size = std::fs::metadata(file).map_err(|e| cannot(e.to_string()))?.len();
    if size > LARGEST {
        return Err(cannot(format!("{size} bytes; at most {LARGEST} are read")));
    }
    let text = std::fs::read_to_string(file).map_err(|e| cannot(e.to_string()))?;
    let command = built();
    let check = |section: Option<&str>, key: &str, value: &str| check(&command, section, key, value);
    let settings = settings::read(&file.display().to_string(), &text, &allowed(&command), &check).map_err(|found| {
        let _ = write!(std::io::stderr(), "{}", found.render(color));
        cannot("it has errors, see above".to_owned())
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let settings = settings.into_iter().map(|setting| from_folder(setting, folder, &command)).collect();
    Ok(Config { file: Some(file.to_owned()), settings })
}

/// Files are named relative to the folder of the configuration.
fn from_folder(setting: Setting, folder: &Path, command: &Command) -> Setting {
    let names_file = find(command, setting.section.as_deref(), &setting.key).is_some_and(|arg| {
        let parser: &ValueParser = arg.get_value_parser();
        parser.type_id() == TypeId::of::<PathBuf>()
    });
    if !names_file {
        return setting;
    }
    let values = setting.values.iter().map(|value| folder.join(value).display().to_string()).collect();
    Setting { values, ..setting }
}

/// The command line's definition, complete.
pub(super) fn built() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The commands that a file can have a section for.
fn commands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| own(sub).next().is_some())
}

/// A command's own flags that a file can set.
fn own(sub: &Command) -> impl Iterator<Item = &Arg> {
    sub.get_arguments().filter(|arg| !arg.is_global_set() && arg.get_long().is_some_and(settable))
}

fn settable(long: &str) -> bool {
    !NEVER.contains(&long) && !matches!(long, "help" | "version")
}

/// The keys of a file: outside of sections the flags of every command and those that several have.
pub(super) fn allowed(command: &Command) -> Allowed {
    let globals = command.get_arguments().filter(|arg| arg.is_global_set()).filter_map(Arg::get_long);
    let mut keys: Vec<String> = globals.filter(|long| settable(long)).map(str::to_owned).collect();
    for long in commands(command).flat_map(own).filter_map(Arg::get_long) {
        let shared = commands(command).filter(|sub| own(sub).any(|arg| arg.get_long() == Some(long))).count() > 1;
        if (shared || long == RULES) && long != OF_ONE_COMMAND && !keys.iter().any(|key| key == long) {
            keys.push(long.to_owned());
        }
    }
    let section =
        |sub: &Command| (sub.get_name().to_owned(), own(sub).filter_map(Arg::get_long).map(str::to_owned).collect());
    Allowed { what: "a configuration", keys, sections: commands(command).map(section).collect(), nested: &[RULES] }
}

/// The flag of a key.
pub(super) fn find<'c>(command: &'c Command, section: Option<&str>, key: &str) -> Option<&'c Arg> {
    match section {
        Some(section) => long(command.find_subcommand(section)?, key),
        None => long(command, key).or_else(|| commands(command).find_map(|sub| long(sub, key))),
    }
}

fn long<'c>(command: &'c Command, key: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(key))
}

/// Whether the flag takes a value, by the flag's own parser.
fn check(command: &Command, section: Option<&str>, key: &str, value: &str) -> Result<(), Refusal> {
    let Some(arg) = find(command, section, key) else { return Ok(()) };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return match value {
            "true" | "false" => Ok(()),
            _ => Err(Refusal { title: format!("`{key}` is `true` or `false`, not `{value}`"), helps: Vec::new() }),
        };
    }
    let probe = Arg::new("probe").long("probe").value_parser(arg.get_value_parser().clone());
    let line = [OsString::from(format!("--probe={value}"))];
    match Command::new("probe").no_binary_name(true).arg(probe).try_get_matches_from(line) {
        Ok(_) => Ok(()),
        Err(error) => Err(refusal(key, value, &error)),
    }
}

fn refusal(key: &str, value: &str, error: &clap::Error) -> Refusal {
    let mut helps = Vec::new();
    if let Some(ContextValue::String(near)) = error.get(ContextKind::SuggestedValue) {
        helps.push(format!("did you mean `{near}`?"));
    }
    if let Some(ContextValue::Strings(valid)) = error.get(ContextKind::ValidValue) {
        helps.push(format!("it takes: {}", valid.join(", ")));
    }
    helps.extend(std::error::Error::source(error).map(ToString::to_string));
    Refusal { title: format!("`{key}` does not take `{value}`"), helps }
}

fn with_default(command: Command, setting: &Setting) -> Command {
    let Some(id) = long(&command, &setting.key).map(|arg| arg.get_id().clone()) else { return command };
    command.mut_arg(id, |arg| {
        if setting.values.is_empty() {
            return arg;
        }
        // Several values of a flag that takes one: the last counts, as on the command line.
        let last = setting.values.iter().rev().take(1).cloned();
        match arg.get_action() {
            ArgAction::Append => arg.default_values(setting.values.clone()),
            _ => arg.default_values(last),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../docs/configuration.md");

    fn settings(text: &str) -> Result<Vec<Setting>, String> {
        let command = built();
        let check = |section: Option<&str>, key: &str, value: &str| check(&command, section, key, value);
        settings::read("offpath.yaml", text, &allowed(&command), &check).map_err(|found| found.render(false))
    }

    fn parsed(text: &str, line: &[&str]) -> ArgMatches {
        let config = Config { file: None, settings: settings(text).unwrap() };
        config.apply(Cli::command()).try_get_matches_from(line).unwrap()
    }

    fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> T {
        matches.subcommand().unwrap().1.get_one::<T>(id).unwrap().clone()
    }

    #[test]
    fn flags_win_over_sections_and_sections_over_the_rest() {
        use crate::cli::args::FailOn;
        use crate::cli::redact::Redact;
        use crate::correlate::Redaction;
        let text =
            "threads: 3\nredact: keep\ncheck: {fail-on: low, redact: hash, select: [SEQ-*, AP-*], exit-zero: true}\n";
        let matches = parsed(text, &["offpath", "check", "x"]);
        assert_eq!(one::<usize>(&matches, "threads"), 3);
        assert_eq!(one::<Redact>(&matches, "redact"), Redact::Level(Redaction::Hash));
        assert_eq!(one::<FailOn>(&matches, "fail_on"), FailOn::Low);
        assert!(matches.subcommand().unwrap().1.get_flag("exit_zero"));
        assert_eq!(matches.subcommand().unwrap().1.get_many::<String>("select").unwrap().count(), 2);
        let matches =
            parsed(text, &["offpath", "check", "x", "--fail-on", "none", "--select", "ST-*", "--threads", "5"]);
        assert_eq!(one::<FailOn>(&matches, "fail_on"), FailOn::None);
        assert_eq!(one::<usize>(&matches, "threads"), 5);
        assert_eq!(matches.subcommand().unwrap().1.get_many::<String>("select").unwrap().count(), 1);
        assert_eq!(
            one::<Redact>(&parsed(text, &["offpath", "inspect", "x"]), "redact"),
            Redact::Level(Redaction::Keep)
        );
        let fields = parsed("log-field: {user: auth.sub, path: uri}\n", &["offpath", "inspect", "x"]);
        assert_eq!(fields.subcommand().unwrap().1.get_many::<(String, String)>("log_field").unwrap().count(), 2);
    }

    #[test]
    fn mistakes_have_a_place_and_the_nearest_name() {
        for (text, parts) in [
            ("thread: 3\n", &["offpath.yaml:1:1", "did you mean `threads`?"][..]),
            ("check:\n  fail-on: hihg\n", &["offpath.yaml:2:12", "did you mean `high`?", "it takes: critical"]),
            ("check: {fail_on: high}\n", &["did you mean `fail-on`?"]),
            ("memory: lots\n", &["`memory` does not take `lots`", "K, M or G"]),
            ("quiet: yes\n", &["`quiet` is `true` or `false`, not `yes`"]),
            ("output: run\n", &["no key `output`"]),
            ("quiet: true\nquiet: false\n", &["given twice", "first here"]),
            ("- a\n", &["must be a mapping"]),
            ("quiet: [\n", &["M001"]),
            ("rules: {FLOW-PAC: {floor: 2s}}\n", &["offpath.yaml:1:", "did you mean `FLOW-PACE`?"]),
            ("rules: {FLOW-PACE: {flor: 2s}}\n", &["did you mean `floor`?"]),
            ("rules:\n  FLOW-PACE: {floor: soon}\n", &["offpath.yaml:2:", "expected a time"]),
            ("log-field: {user: {auth: sub}}\n", &["log-field"]),
        ] {
            let error = settings(text).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
        assert_eq!(settings("# nothing\n"), Ok(Vec::new()));
        assert_eq!(settings("quiet: true\n").unwrap()[0].place, (1, 1));
    }

    /// First cells of the table under a heading.
    fn documented(heading: &str) -> Vec<String> {
        let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
        let section = section.split("\n## ").next().unwrap();
        let cells = section.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()));
        // A build without live capture has no such key.
        let mut keys: Vec<String> = cells.filter(|key| cfg!(feature = "live") || key != "bpf").collect();
        keys.sort();
        keys
    }

    #[test]
    fn every_key_is_documented_and_no_other() {
        let sorted = |keys: Vec<String>| {
            let mut keys = keys;
            keys.sort();
            keys
        };
        let Allowed { keys, sections, .. } = allowed(&built());
        assert_eq!(documented("Keys of every command"), sorted(keys.clone()));
        for (section, own) in sections {
            let own = own.into_iter().filter(|key| !keys.contains(key)).collect();
            assert_eq!(documented(&format!("Keys of `{section}`")), sorted(own), "{section}");
        }
    }
}
