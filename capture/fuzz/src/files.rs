//! Inputs on disk, planned and read as a user names them.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use offpath_capture::{Options, Plan, plan};

use crate::checked::{Told, read_source};

/// A file's name and what it holds.
pub type Input<'a> = (&'a str, &'a [u8]);

/// The folder of this process's files.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("offpath-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// Writes the files and plans to read them.
fn planned(files: &[Input<'_>], options: &Options) -> Plan {
    let write = |(name, bytes): &Input<'_>| {
        let path = folder().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let names: Vec<String> = files.iter().map(write).collect();
    let plan = plan(&names, options);
    let inputs = plan.sources.iter().map(|source| source.inputs.len()).sum::<usize>();
    assert_eq!(inputs + plan.errors.len() + plan.aside.len(), files.len(), "each file is read, told or set aside");
    assert!(plan.missing.is_empty());
    plan
}

/// Reads one file; none where it is no input.
pub fn read_file(file: Input<'_>, options: &Options) -> Option<Told> {
    let source = planned(&[file], options).sources.pop()?;
    Some(read_source(source, file.1.len() as u64, options))
}

/// How many of the files are read, and how many are set aside.
pub fn read_files(files: &[Input<'_>], options: &Options) -> (usize, usize) {
    let plan = planned(files, options);
    (plan.sources.iter().map(|source| source.inputs.len()).sum(), plan.aside.len())
}

/// The bytes in gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
