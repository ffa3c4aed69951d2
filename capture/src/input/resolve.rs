//! From names to files: files, folders, globs and standard input, in an order that does not depend on the user's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::alike::tell_apart;
use super::copies;
use super::open::{recognise, recognise_stored};
use super::run_folder::is_run_folder;
use super::stored::FoundStored;
use crate::source::{Aside, AsideReason, Plan, PlannedInput, Source};
use crate::{InputError, InputErrorKind, InputFormat, Options, is_store_url};

/// Resolves the names and recognises each file's format.
pub(crate) fn plan(names: &[String], options: &Options) -> Plan {
    let mut found = Found::default();
    for name in names {
        match is_store_url(name) {
            true => found.stored.add(name, options.stores.as_ref()),
            false => found.add(name),
        }
    }
    found.tell_links();
    let mut inputs = found.recognise(options);
    found.recognise_stored(options, &mut inputs);
    let mut plan = Plan::default();
    let mut captures = Vec::new();
    for input in tell_apart(copies::set_aside(inputs, &mut found.aside)) {
        match input.format {
            InputFormat::Pcap | InputFormat::Pcapng => captures.push(input),
            _ => plan.sources.push(Source { inputs: vec![input] }),
        }
    }
    if !captures.is_empty() {
        plan.sources.insert(0, Source { inputs: captures });
    }
    #[cfg(feature = "live")]
    plan.sources.extend(found.interfaces.iter().map(|name| Source { inputs: vec![PlannedInput::interface(name)] }));
    found.errors.sort_by(|a, b| a.input.cmp(&b.input));
    found.errors.dedup_by(|a, b| a.input == b.input);
    plan.errors = found.errors;
    found.aside.sort();
    found.aside.dedup();
    plan.aside = found.aside;
    found.missing.sort();
    plan.missing = found.missing;
    plan
}

/// Files by the name to show, sorted; `None` is standard input.
#[derive(Default)]
struct Found {
    files: BTreeMap<String, Option<PathBuf>>,
    errors: Vec<InputError>,
    /// Links to folders that were met, and the folders.
    links: BTreeMap<PathBuf, PathBuf>,
    /// Folders of which all files were found.
    walked: BTreeSet<PathBuf>,
    aside: Vec<Aside>,
    /// Objects of stores.
    stored: FoundStored,
    /// Names that lead to no file.
    missing: Vec<String>,
    #[cfg(feature = "live")]
    interfaces: BTreeSet<String>,
}

impl Found {
    fn add(&mut self, name: &str) {
        #[cfg(feature = "live")]
        if let Some(interface) = name.strip_prefix("interface:") {
            self.interfaces.insert(interface.to_owned());
            return;
        }
        let path = Path::new(name);
        if name == "-" {
            self.files.insert(name.to_owned(), None);
            return;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(name, path),
            Ok(_) => self.file(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(name) => self.pattern(name),
            Err(error) => {
                if error.kind() == io::ErrorKind::NotFound {
                    self.missing.push(name.to_owned());
                }
                self.fail(name, error.into());
            }
        }
    }

    /// Recognises every file's format, each file once.
    fn recognise(&mut self, options: &Options) -> Vec<PlannedInput> {
        let mut seen: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut inputs = Vec::new();
        for (name, path) in std::mem::take(&mut self.files) {
            if let Some(path) = &path {
                let file = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                if let Some(first) = seen.get(&file) {
                    self.aside.push(Aside { input: name, reason: AsideReason::SameFile(first.clone()) });
                    continue;
                }
                seen.insert(file, name.clone());
            }
            match recognise(path.as_deref(), options) {
                Ok(recognised) => inputs.push(PlannedInput::new(name, recognised)),
                Err(kind) => self.fail(&name, kind),
            }
        }
        inputs
    }

    /// Recognises every object's format and puts it, by its name, among the files.
    fn recognise_stored(&mut self, options: &Options, inputs: &mut Vec<PlannedInput>) {
        let mut stored = std::mem::take(&mut self.stored);
        for (name, object) in stored.objects(&mut self.aside) {
            let listed = object.object.listed;
            match recognise_stored(object, options) {
                Ok(recognised) => inputs.push(PlannedInput::new(name, recognised)),
                Err(kind) => stored.errors.push((name, kind, listed)),
            }
        }
        for (name, kind, listed) in stored.errors {
            if !listed && matches!(&kind, InputErrorKind::Store(error) if error.missing) {
                self.missing.push(name.clone());
            }
            self.fail(&name, kind);
        }
        inputs.sort_by(|a, b| a.name.cmp(&b.name));
    }

    fn file(&mut self, path: &Path) {
        self.files.insert(path.to_string_lossy().into_owned(), Some(path.to_owned()));
    }

    fn fail(&mut self, name: &str, kind: InputErrorKind) {
        self.errors.push(InputError { input: name.to_owned(), origin: None, kind });
    }

    fn folder(&mut self, name: &str, folder: &Path) {
        let before = self.found();
        let files = self.walk(folder, None);
        for file in &files {
            self.file(file);
        }
        if files.is_empty() && self.found() == before {
            self.fail(name, InputErrorKind::NoMatch);
        }
    }

    /// Number of things that were found or told of.
    fn found(&self) -> usize {
        self.files.len() + self.errors.len() + self.links.len() + self.aside.len()
    }

    /// Names the links to folders whose files were not found some other way.
    fn tell_links(&mut self) {
        for (link, folder) in std::mem::take(&mut self.links) {
            if !self.walked.contains(&folder) {
                self.fail(&link.to_string_lossy(), InputErrorKind::LinkedFolder);
            }
        }
    }

    /// Regular files below a folder, down to `depth` levels. Hidden ones are skipped, links to folders are not
    /// followed, and pipes and devices are read only when named.
    fn walk(&mut self, folder: &Path, depth: Option<usize>) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![(folder.to_owned(), 1)];
        while let Some((folder, level)) = folders.pop() {
            if is_run_folder(&folder) {
                let input = folder.to_string_lossy().into_owned();
                self.aside.push(Aside { input, reason: AsideReason::RunFolder });
                continue;
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.fail(&folder.to_string_lossy(), error.into());
                    continue;
                }
            };
            if depth.is_none() {
                self.walked.extend(fs::canonicalize(&folder));
            }
            let deeper = depth.is_none_or(|depth| level < depth);
            for entry in entries.flatten().filter(|entry| !is_hidden(Path::new(&entry.file_name()))) {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && deeper => folders.push((path, level + 1)),
                    Ok(kind) if kind.is_file() => files.push(path),
                    Ok(kind) if kind.is_symlink() => self.link(path, deeper, &mut files),
                    Ok(_) => {}
                    Err(error) => self.fail(&path.to_string_lossy(), error.into()),
                }
            }
        }
        files
    }

    /// Takes a link to a file as that file; keeps one to a folder in mind where a folder would be walked.
    fn link(&mut self, link: PathBuf, deeper: bool, files: &mut Vec<PathBuf>) {
        match fs::metadata(&link) {
            Ok(target) if target.is_file() => files.push(link),
            Ok(target) if target.is_dir() && deeper => {
                let folder = fs::canonicalize(&link).unwrap_or_else(|_| link.clone());
                self.links.insert(link, folder);
            }
            Ok(_) => {}
            Err(error) => self.fail(&link.to_string_lossy(), error.into()),
        }
    }

    fn pattern(&mut self, name: &str) {
        let matcher = match GlobBuilder::new(name).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                let what = format!("not a valid pattern ({})", error.kind());
                let remedy = "quote or correct the pattern".to_owned();
                return self.fail(name, InputErrorKind::Malformed { what, remedy });
            }
        };
        let files = self.matches(name, &matcher);
        if files.is_empty() {
            self.missing.push(name.to_owned());
            return self.fail(name, InputErrorKind::NoMatch);
        }
        for file in &files {
            self.file(file);
        }
    }

    fn matches(&mut self, pattern: &str, matcher: &GlobMatcher) -> Vec<PathBuf> {
        let base: PathBuf = Path::new(pattern).components().take_while(|part| !is_pattern_part(part)).collect();
        let walked = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base.clone() };
        if !walked.is_dir() {
            return Vec::new();
        }
        let depth = Path::new(pattern).components().count() - base.components().count();
        // `**` stands for any number of folders.
        let files = self.walk(&walked, if pattern.contains("**") { None } else { Some(depth) });
        let shown = files.into_iter().map(|path| match base.as_os_str().is_empty() {
            true => path.strip_prefix(".").map(Path::to_owned).unwrap_or(path),
            false => path,
        });
        shown.filter(|path| matcher.is_match(path)).collect()
    }
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

fn is_pattern_part(part: &Component<'_>) -> bool {
    is_pattern(&part.as_os_str().to_string_lossy())
}

fn is_hidden(name: &Path) -> bool {
    name.as_os_str().as_encoded_bytes().starts_with(b".")
}
