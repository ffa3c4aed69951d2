//! Outputs of `events`: each format by its suffix.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use offpath_process::{
    ObjectLog, ObjectTrace, WriteError, write_ocel_json, write_ocel_sqlite, write_ocel_xml, write_traces_csv,
    write_traces_xes,
};

use super::super::args::{EventFormat, Events, Shared};
use super::super::replace;
use super::super::{Console, Exit};
use crate::finding::csv::harmless;

/// Where a log goes, and how.
pub(super) struct Target {
    pub(super) format: EventFormat,
    packed: bool,
    /// Standard output where there is none.
    path: Option<PathBuf>,
}

/// The outputs that are asked for: each by its suffix unless the flag says one; standard output without any.
pub(super) fn targets(args: &Events, shared: &Shared) -> Result<Vec<Target>, Exit> {
    let targets = match args.output.as_slice() {
        [] => {
            vec![Target { format: args.format.unwrap_or(EventFormat::OcelJson), packed: false, path: None }]
        }
        paths => paths.iter().map(|path| target(path, args)).collect::<Result<_, _>>()?,
    };
    if targets.iter().any(|target| target.path.is_none() && target.format == EventFormat::OcelSqlite) {
        return Err(Exit::CannotStart("--format ocel-sqlite needs a file: -o log.ocel.sqlite".to_owned()));
    }
    if shared.typed.has("--object-type") && !targets.iter().any(|target| target.format.is_flat()) {
        return Err(Exit::CannotStart("--object-type is for .xes and .csv; OCEL has objects of all types".to_owned()));
    }
    Ok(targets)
}

fn target(path: &Path, args: &Events) -> Result<Target, Exit> {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let (plain, packed) = name.strip_suffix(".gz").map_or((name.as_str(), false), |plain| (plain, true));
    let format = args.format.or_else(|| EventFormat::of_suffix(plain)).ok_or_else(|| {
        let known = ".ocel.json, .ocel.xml, .ocel.sqlite, .xes or .csv, each but the database also with .gz";
        Exit::CannotStart(format!("-o {}: no format has this suffix; files are told by {known}", path.display()))
    })?;
    if packed && format == EventFormat::OcelSqlite {
        return Err(Exit::CannotStart(format!("-o {}: a database is not written as gzip", path.display())));
    }
    replace::spare_others(path, args.force, |_| false)?;
    Ok(Target { format, packed, path: Some(path.to_owned()) })
}

impl Target {
    /// Its name, for people.
    pub(super) fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string())
    }

    /// Writes the log, or its traces where the format has those.
    pub(super) fn write(&self, log: &ObjectLog, traces: Option<&[ObjectTrace]>, console: &Console) -> Result<(), Exit> {
        let Some(path) = &self.path else {
            let mut out = BufWriter::new(io::stdout().lock());
            return console.written(self.text(log, traces, &mut out).and_then(|()| out.flush()));
        };
        self.file(path, log, traces).map_err(|error| Exit::Incomplete(format!("{}: {error}", path.display())))
    }

    /// Writes a file: under another name at first, so that nobody sees half of it.
    fn file(&self, path: &Path, log: &ObjectLog, traces: Option<&[ObjectTrace]>) -> Result<(), WriteError> {
        let special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        if special && self.format != EventFormat::OcelSqlite {
            return Ok(self.packed(log, traces, File::options().write(true).open(path)?)?);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As readable as anything else that the user makes: the process's mask takes from this.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.prefix(".offpath-events-").tempfile_in(folder)?;
        if self.format == EventFormat::OcelSqlite {
            write_ocel_sqlite(log, file.path())?;
        } else {
            self.packed(log, traces, file.as_file().try_clone()?)?;
        }
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn packed(&self, log: &ObjectLog, traces: Option<&[ObjectTrace]>, file: File) -> io::Result<()> {
        let mut out = BufWriter::new(file);
        if !self.packed {
            self.text(log, traces, &mut out)?;
            return out.flush();
        }
        let mut packed = BufWriter::new(GzEncoder::new(out, Compression::default()));
        self.text(log, traces, &mut packed)?;
        let encoder = packed.into_inner().map_err(io::IntoInnerError::into_error)?;
        encoder.finish()?.flush()
    }

    fn text(&self, log: &ObjectLog, traces: Option<&[ObjectTrace]>, out: &mut impl Write) -> io::Result<()> {
        let traces = traces.unwrap_or_default();
        match self.format {
            EventFormat::OcelJson => write_ocel_json(log, out),
            EventFormat::OcelXml => write_ocel_xml(log, out),
            EventFormat::Xes => write_traces_xes(log, traces, out),
            EventFormat::Csv => write_traces_csv(log, traces, harmless, out),
            EventFormat::OcelSqlite => Err(io::Error::other("a database is no stream")),
        }
    }
}
