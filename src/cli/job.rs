//! From flags to a job: reads the model, prepares patterns, says what is wrong.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use offpath_capture::{self as capture, LogFormat};

use super::args::{Inputs, Shared};
use super::pipe::Second;
use super::{Console, Exit, documents, hash_key, mapping, pipe, redact};
use crate::compare::threshold::Thresholds;
use crate::correlate::{HashKey, Pseudonyms, Redaction, RedactionRules, TokenKeys};
use crate::model::Model;
use crate::pipeline::{Job, Selection, Triage};
use crate::rule;

/// Largest model file that is read.
const MODEL_BYTES: u64 = 4 << 20;
/// Largest file of keys that is read.
const JWKS_BYTES: u64 = 4 << 20;
/// Largest schema of gRPC services that is read.
const DESCRIPTOR_BYTES: u64 = 64 << 20;

/// The job that the flags describe.
pub(super) fn from_flags(
    command: &'static str,
    inputs: &Inputs,
    model: Option<&Path>,
    shared: &Shared,
    console: &Console,
) -> Result<Job, Exit> {
    let model = model.map(|path| read_model(path, console)).transpose()?;
    if let (Some(from), Some(to)) = (inputs.from, inputs.to)
        && from > to
    {
        return Err(Exit::CannotStart("--from is later than --to".to_owned()));
    }
    let hash_key = hash_key::load(shared.hash_key.as_deref(), console)?;
    let (redaction, rules) = redact::of(&inputs.redact);
    let pseudonyms = pseudonyms(redaction, &rules, &hash_key, model.as_deref())?;
    note(inputs, model.as_deref(), shared, console);
    Ok(Job {
        inputs: inputs.inputs.clone(),
        model,
        documents: Vec::new(),
        hash_key,
        redaction,
        rules,
        pseudonyms,
        token_keys: token_keys(&inputs.jwks)?,
        trusted_proxies: inputs.trusted_proxy.clone(),
        threads: threads(shared),
        memory: shared.memory,
        period: (inputs.from, inputs.to),
        sought: None,
        selection: Selection::default(),
        thresholds: Thresholds::default(),
        tables: command == "check" || command == "verify",
        triage: Triage::default(),
        command,
        clock: None,
        told: told(inputs)?,
        // Last, because a live reading's time runs from here.
        capture: reading_options(inputs, Second::WorkFolder, console)?,
    })
}

/// How the user told to read the inputs, by flag. Where the secrets of TLS lie is nobody's business.
fn told(inputs: &Inputs) -> Result<BTreeMap<String, String>, Exit> {
    let pairs = |pairs: &[(String, String)]| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    let mapping = inputs.mapping.as_deref().map(mapping::describe).transpose()?;
    let told = [
        ("actor", pairs(&inputs.actor)),
        ("descriptor", inputs.descriptor.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")),
        ("jwks", inputs.jwks.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")),
        ("log_field", pairs(&inputs.log_field)),
        ("log_format", inputs.log_format.as_ref().map_or("", LogFormat::as_str).to_owned()),
        ("mapping", mapping.unwrap_or_default()),
        ("trusted_proxy", inputs.trusted_proxy.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ("tunnel", inputs.tunnel.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    ];
    let told = told.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(told.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The keys of all files together.
fn token_keys(files: &[PathBuf]) -> Result<Option<Arc<TokenKeys>>, Exit> {
    let mut all: Option<TokenKeys> = None;
    for file in files {
        let cannot = |why: &dyn std::fmt::Display| Exit::CannotStart(format!("--jwks {}: {why}", file.display()));
        let mut bytes = Vec::new();
        let open = File::open(file).map_err(|error| cannot(&error))?;
        open.take(JWKS_BYTES + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
        if bytes.len() as u64 > JWKS_BYTES {
            return Err(cannot(&"larger than 4 MiB"));
        }
        let keys = TokenKeys::read(&bytes).map_err(|error| cannot(&error))?;
        all = Some(match all {
            Some(known) => known.with(keys),
            None => keys,
        });
    }
    Ok(all.map(Arc::new))
}

/// What stands for names at this level. Without a model nothing says which words of a path are names.
fn pseudonyms(
    level: Redaction,
    rules: &Arc<RedactionRules>,
    key: &HashKey,
    model: Option<&Model>,
) -> Result<Option<Pseudonyms>, Exit> {
    match (level, model) {
        (Redaction::Hash, None) => Err(Exit::CannotStart(
            "--redact hash needs a model: without one nothing says which words of a path are names; give one with --model"
                .to_owned(),
        )),
        (Redaction::Hash, Some(model)) => {
            Ok(Some(Pseudonyms::new(key.clone(), model).with_rules(Arc::clone(rules), model)))
        }
        (Redaction::Mask | Redaction::Keep, _) if rules.is_empty() => Ok(None),
        (Redaction::Mask | Redaction::Keep, model) => {
            Ok(Some(Pseudonyms::by_rules(key.clone(), Arc::clone(rules), model)))
        }
    }
}

fn note(inputs: &Inputs, model: Option<&Model>, shared: &Shared, console: &Console) {
    let spill = format!("spilling beyond {} MB", shared.memory >> 20);
    console.note(&format!("{} threads, {spill}, redaction {}", threads(shared), redact::of(&inputs.redact).0.as_str()));
    if let Some(model) = model {
        console.note(&format!("model {} {} from {}, sha256 {}", model.id, model.version, model.file, model.hash));
    }
}

/// How the inputs are to be read.
#[cfg(not(feature = "live"))]
pub(super) fn reading_options(inputs: &Inputs, second: Second, console: &Console) -> Result<capture::Options, Exit> {
    if let Some(interface) = interface(inputs)? {
        return Err(Exit::CannotStart(format!(
            "{interface}: this build has no live capture; build offpath with `--features live`, which needs libpcap"
        )));
    }
    file_options(inputs, second, console)
}

/// How the inputs are to be read; where one is an interface, Ctrl-C from here on ends the reading only.
#[cfg(feature = "live")]
pub(super) fn reading_options(inputs: &Inputs, second: Second, console: &Console) -> Result<capture::Options, Exit> {
    let live = super::live::options(inputs, interface(inputs)?, second, console)?;
    let bpf = inputs.bpf.clone();
    Ok(capture::Options { bpf, live, ..file_options(inputs, second, console)? })
}

/// What reads inputs that are named by URL; nothing unless there is one.
#[cfg(feature = "cloud")]
fn stores(inputs: &Inputs) -> Result<Option<Arc<dyn capture::Stores>>, Exit> {
    if !inputs.inputs.iter().any(|input| capture::is_store_url(input)) {
        return Ok(None);
    }
    let variables = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let surroundings = offpath_store::Surroundings::new(variables, std::env::home_dir());
    Ok(Some(Arc::new(offpath_store::Network::new(surroundings))))
}

/// Refuses inputs that are named by URL.
#[cfg(not(feature = "cloud"))]
fn stores(inputs: &Inputs) -> Result<Option<Arc<dyn capture::Stores>>, Exit> {
    match inputs.inputs.iter().find(|input| capture::is_store_url(input)) {
        None => Ok(None),
        Some(url) => Err(Exit::CannotStart(format!(
            "{}: this build reads no object stores or web servers; build offpath with `--features cloud`",
            capture::shown_url(url)
        ))),
    }
}

/// How files are to be read.
fn file_options(inputs: &Inputs, second: Second, console: &Console) -> Result<capture::Options, Exit> {
    pipe::outlast_interrupt(&inputs.inputs, second)?;
    let mapping = inputs.mapping.as_deref().map(|file| mapping::read(file, console)).transpose()?;
    let options = capture::Options {
        log_fields: inputs.log_field.iter().cloned().collect(),
        key_logs: inputs.keylog.clone(),
        tunnels: inputs.tunnel.clone(),
        schema: schema(&inputs.descriptor)?,
        actors: actors(inputs)?,
        stores: stores(inputs)?,
        log_format: inputs.log_format.clone(),
        mapping: mapping.map(Arc::new),
        ..capture::Options::default()
    };
    options.check().map_err(Exit::CannotStart)?;
    Ok(options)
}

/// The schemas of gRPC services.
fn schema(files: &[PathBuf]) -> Result<Option<Arc<capture::Schema>>, Exit> {
    let mut schema = capture::Schema::default();
    for file in files {
        let cannot = |why: &str| Exit::CannotStart(format!("--descriptor {}: {why}", file.display()));
        let size = std::fs::metadata(file).map_err(|e| cannot(&e.to_string()))?.len();
        if size > DESCRIPTOR_BYTES {
            return Err(cannot(&format!("{size} bytes; a schema has at most {DESCRIPTOR_BYTES}")));
        }
        let bytes = std::fs::read(file).map_err(|e| cannot(&e.to_string()))?;
        schema.add(&bytes).map_err(|why| {
            cannot(&format!("{why}; make it with protoc --include_imports --descriptor_set_out=FILE"))
        })?;
        if schema.methods() == 0 {
            return Err(cannot("no service is described in it"));
        }
    }
    Ok((!files.is_empty()).then(|| Arc::new(schema)))
}

/// Whose traffic each file holds. A name that no file has is a mistake, which would leave its traffic without a name.
fn actors(inputs: &Inputs) -> Result<BTreeMap<String, String>, Exit> {
    let is_there = |file: &str| capture::is_store_url(file) || Path::new(file).is_file();
    if let Some((file, _)) = inputs.actor.iter().find(|(file, _)| !is_there(file)) {
        return Err(Exit::CannotStart(format!(
            "--actor {file}: there is no such file; write its path as in the input"
        )));
    }
    Ok(inputs.actor.iter().map(|(file, actor)| (capture::shown_url(file), actor.clone())).collect())
}

/// Whether an input is a network interface by its name.
pub(super) fn is_interface(input: &str) -> bool {
    input.starts_with("interface:")
}

/// The interface to read, if any. It is read alone: beside files, its packets would be dropped until they are read.
fn interface(inputs: &Inputs) -> Result<Option<&str>, Exit> {
    match inputs.inputs.iter().find(|input| is_interface(input)) {
        Some(interface) if inputs.inputs.iter().any(|input| input != interface) => Err(Exit::CannotStart(format!(
            "{interface} is read alone; interface:any reads all interfaces, and a file of this name is ./{interface}"
        ))),
        found => Ok(found.map(String::as_str)),
    }
}

/// Threads asked for, else one a core.
pub(super) fn threads(shared: &Shared) -> usize {
    shared.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

/// The text of a model file, or of what stands for one on standard input (`-`).
pub(super) fn model_text(path: &Path) -> Result<String, Exit> {
    let cannot = |why: String| Exit::CannotStart(format!("model {}: {why}", path.display()));
    let mut bytes = Vec::new();
    let file: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(File::open(path).map_err(|e| cannot(e.to_string()))?),
    };
    file.take(MODEL_BYTES + 1).read_to_end(&mut bytes).map_err(|e| cannot(e.to_string()))?;
    if bytes.len() as u64 > MODEL_BYTES {
        return Err(cannot(format!("more than {MODEL_BYTES} bytes, the most that a model has")));
    }
    String::from_utf8(bytes)
        .map_err(|e| cannot(format!("byte {} is not UTF-8; save the file as UTF-8", e.utf8_error().valid_up_to())))
}

/// Reads and compiles a model; its errors go to standard error, its warnings, a line each, wait for the work to begin.
pub(super) fn read_model(path: &Path, console: &Console) -> Result<Arc<Model>, Exit> {
    let name = path.display().to_string();
    let cannot = |why: String| Exit::CannotStart(format!("model {name}: {why}"));
    let text = model_text(path)?;
    match Model::read_with(&name, &text, &mut documents::beside(path)) {
        Ok((model, warnings)) => {
            if !warnings.is_empty() {
                console.hold(warnings.brief());
            }
            Ok(Arc::new(model))
        }
        Err(errors) => {
            console.say_always(errors.render(console.color).trim_end());
            Err(cannot("it has errors, see above".to_owned()))
        }
    }
}

/// Compiles rule patterns; a pattern that matches no rule is a mistake.
pub(super) fn patterns(flag: &str, given: &[String]) -> Result<Vec<GlobMatcher>, Exit> {
    given
        .iter()
        .map(|text| {
            let glob = GlobBuilder::new(text).case_insensitive(true).build();
            let matcher = glob.map_err(|e| Exit::CannotStart(format!("{flag} {text}: {e}")))?.compile_matcher();
            if rule::catalogue().iter().any(|rule| matcher.is_match(rule.id)) {
                Ok(matcher)
            } else {
                let near = rule::nearest(text).map(|id| format!("; did you mean {id}?")).unwrap_or_default();
                Err(Exit::CannotStart(format!("{flag} {text}: no rule has this id{near}")))
            }
        })
        .collect()
}
