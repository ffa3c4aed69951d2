//! `offpath generate`: what the command line's definition says, in other forms.

use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory as _};

use super::args::{Cli, Generate, Generated, SchemaFile};
use super::config::{self, Config};
use super::{Console, Ended, Exit};
use crate::model::settings;
use crate::rule;

const FINDINGS_SCHEMA: &str = include_str!("../../docs/schemas/findings.schema.json");
const RUN_SCHEMA: &str = include_str!("../../docs/schemas/run.schema.json");

/// Runs the command. `matches` is the command line as it was given, without the configuration.
pub(super) fn run(args: &Generate, matches: &ArgMatches, config: &Config, console: &Console) -> Ended {
    match &args.what {
        Generated::Config { origins } => console.print(&configuration(matches, config, *origins))?,
        Generated::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "offpath", &mut script);
            console.print(&String::from_utf8_lossy(&script))?;
        }
        Generated::Man { output: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|e| Exit::Incomplete(format!("the man page: {e}")))?;
            console.print(&String::from_utf8_lossy(&page))?;
        }
        Generated::Man { output: Some(folder) } => man_pages(folder)?,
        Generated::Schema { file: SchemaFile::Findings } => console.print(FINDINGS_SCHEMA)?,
        Generated::Schema { file: SchemaFile::Run } => console.print(RUN_SCHEMA)?,
    }
    Ok(Exit::Done("generated".to_owned()))
}

fn man_pages(folder: &Path) -> Result<(), Exit> {
    let failed = |e: std::io::Error| Exit::CannotStart(format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)
}

/// Every key with what it is for, or with its value and where that comes from.
fn configuration(matches: &ArgMatches, config: &Config, origins: bool) -> String {
    let command = config::built();
    let settings::Allowed { keys, sections, .. } = config::allowed(&command);
    let mut out = match origins {
        true => String::new(),
        false => "# Values for flags that are not given. Take the `#` away from what you set.\n".to_owned(),
    };
    let line = |section: Option<&str>, key: &String| {
        let indent = if section.is_some() { "  " } else { "" };
        let Some(arg) = config::find(&command, section, key) else { return String::new() };
        if key == config::RULES {
            return rules(section, config, origins);
        }
        match origins {
            true => format!("{indent}{}\n", with_origin(arg, key, section, matches, config)),
            false => format!("\n{indent}# {}\n{indent}# {key}: {}\n", help(arg), example(arg)),
        }
    };
    keys.iter().for_each(|key| out.push_str(&line(None, key)));
    for (section, own) in &sections {
        out.push_str(&if origins { format!("{section}:\n") } else { format!("\n# {section}:\n") });
        let own: Vec<&String> =
            own.iter().filter(|key| origins_section(key, &keys, section, config, origins)).collect();
        own.iter().for_each(|key| out.push_str(&line(Some(section), key)));
    }
    out
}

/// Each threshold of a rule with its reason, or with its value and where that comes from.
fn rules(section: Option<&str>, config: &Config, origins: bool) -> String {
    let indent = if section.is_some() { "  " } else { "" };
    let set = from_file(config::RULES, section, config);
    let hash = if origins { "" } else { "# " };
    let mut out = match origins {
        true => format!("{indent}{}:\n", config::RULES),
        false => format!("\n{indent}# Numbers on which rules decide\n{indent}# {}:\n", config::RULES),
    };
    let mut of = "";
    for (rule, threshold) in rule::thresholds() {
        if rule.id != of {
            out.push_str(&format!("{indent}{hash}  {}:\n", rule.id));
            of = rule.id;
        }
        let begins = format!("{}={}=", rule.id, threshold.name);
        let own = |value: &&String| value.to_ascii_lowercase().starts_with(&begins.to_ascii_lowercase());
        let value = set.and_then(|set| Some((set, set.values.iter().rfind(own)?.rsplit_once('=')?.1)));
        let (value, origin) = match value.filter(|_| origins) {
            Some((set, value)) => {
                let file = config.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
                (value.to_owned(), format!("{file}:{}:{}", set.place.0, set.place.1))
            }
            None if origins => (threshold.text(threshold.default), "default".to_owned()),
            None => (threshold.text(threshold.default), threshold.why.to_owned()),
        };
        let line = format!("{indent}{hash}    {}: {value}", threshold.name);
        out.push_str(&format!("{line:<32}# {origin}\n"));
    }
    out
}

/// A key that stands outside of sections already is told again only where the section gives it another value.
fn origins_section(key: &String, keys: &[String], section: &str, config: &Config, origins: bool) -> bool {
    !keys.contains(key) || origins && from_file(key, Some(section), config).is_some()
}

fn from_file<'c>(key: &str, section: Option<&str>, config: &'c Config) -> Option<&'c settings::Setting> {
    config.settings.iter().find(|setting| setting.key == key && setting.section.as_deref() == section)
}

/// `memory: 2G    # offpath.yaml, line 3`.
fn with_origin(arg: &Arg, key: &str, section: Option<&str>, matches: &ArgMatches, config: &Config) -> String {
    let id = arg.get_id().as_str();
    // Only flags of every command can stand on the command line of `generate`.
    let source = arg.is_global_set().then(|| matches.value_source(id)).flatten();
    let raw = || {
        let values = matches.get_raw(id).into_iter().flatten().map(|value| value.to_string_lossy().into_owned());
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            "true".to_owned()
        } else {
            values.collect::<Vec<_>>().join(", ")
        }
    };
    let (value, origin) = match (source, from_file(key, section, config)) {
        (Some(ValueSource::CommandLine), _) => (raw(), "command line".to_owned()),
        (Some(ValueSource::EnvVariable), _) => {
            (raw(), arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
        }
        (_, Some(setting)) => {
            let file = config.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
            (list(&setting.values), format!("{file}:{}:{}", setting.place.0, setting.place.1))
        }
        (_, None) => (default(arg), "default".to_owned()),
    };
    format!("{:<32}# {origin}", format!("{key}: {value}"))
}

fn list(values: &[String]) -> String {
    match values {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn default(arg: &Arg) -> String {
    let values = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
    let values: Vec<String> = values.collect();
    if values.is_empty() { String::new() } else { list(&values) }
}

/// The default, else what a value looks like.
fn example(arg: &Arg) -> String {
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return "false".to_owned();
    }
    let names = arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string);
    let name = names.collect::<Vec<_>>().join(" ");
    match (default(arg), arg.get_action()) {
        (default, _) if !default.is_empty() => default,
        (_, ArgAction::Append) => format!("[{name}]"),
        _ => name,
    }
}

fn help(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    if values.is_empty() || matches!(arg.get_action(), ArgAction::SetTrue) {
        help
    } else {
        format!("{help}: {}", values.join(", "))
    }
}
