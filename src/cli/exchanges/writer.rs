//! Formats of `offpath exchanges`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use parquet::arrow::ArrowWriter;

use super::column::Columns;
use crate::cli::Exit;
use crate::cli::args::ExchangeFormat;

/// Bytes that are written at once.
const BUFFER: usize = 64 << 10;
/// Rows of one Parquet batch.
const BATCH: usize = 8192;

/// An open output of rows.
pub(super) enum Writer<R: 'static> {
    /// One JSON object a line.
    Jsonl(Lines<R>),
    /// Comma-separated, with a header; cells that a spreadsheet would run are defused.
    Csv(Box<csv::Writer<Box<dyn Write>>>, Columns<R>),
    /// A table.
    Parquet(Box<ParquetOutput<R>>),
}

/// JSON objects, each put together before it is handed on: it has some hundred pieces.
pub(super) struct Lines<R: 'static> {
    out: Box<dyn Write>,
    line: Vec<u8>,
    columns: Columns<R>,
}

impl<R: 'static> Lines<R> {
    fn write(&mut self, row: &R) -> io::Result<()> {
        self.line.clear();
        self.columns.write_json(row, &mut self.line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<R: Clone + 'static> Writer<R> {
    /// Opens the file, else standard output.
    pub(super) fn open(format: ExchangeFormat, path: Option<&Path>, columns: Columns<R>) -> Result<Self, Exit> {
        let fail = |path: &Path, e: &dyn std::fmt::Display| Exit::CannotStart(format!("{}: {e}", path.display()));
        let out: Box<dyn Write> = match path {
            Some(path) if format == ExchangeFormat::Parquet => {
                let file = File::create(path).map_err(|e| fail(path, &e))?;
                return Ok(Writer::Parquet(Box::new(ParquetOutput {
                    file: Some(file),
                    writer: None,
                    rows: Vec::new(),
                    columns,
                })));
            }
            Some(path) => Box::new(BufWriter::with_capacity(BUFFER, File::create(path).map_err(|e| fail(path, &e))?)),
            None => Box::new(BufWriter::with_capacity(BUFFER, io::stdout())),
        };
        Ok(match format {
            ExchangeFormat::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(columns.names()).map_err(|e| Exit::Incomplete(format!("writing exchanges: {e}")))?;
                Writer::Csv(Box::new(csv), columns)
            }
            ExchangeFormat::Jsonl | ExchangeFormat::Parquet => Writer::Jsonl(Lines { out, line: Vec::new(), columns }),
        })
    }

    /// Hands on what is written so far, for those who watch; a Parquet file is only whole at its end.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Writer::Jsonl(lines) => lines.out.flush(),
            Writer::Csv(csv, _) => csv.flush(),
            Writer::Parquet(_) => Ok(()),
        }
    }

    /// Appends one row.
    pub(super) fn write(&mut self, row: &R) -> io::Result<()> {
        match self {
            Writer::Jsonl(lines) => lines.write(row),
            Writer::Csv(csv, columns) => csv.write_record(columns.cells(row)).map_err(io::Error::other),
            Writer::Parquet(parquet) => parquet.write(row.clone()),
        }
    }

    /// Flushes, and writes Parquet's footer.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Writer::Jsonl(mut lines) => lines.out.flush(),
            Writer::Csv(mut csv, _) => csv.flush(),
            Writer::Parquet(parquet) => parquet.finish(),
        }
    }
}

/// Collects rows and writes them as Parquet batches.
pub(super) struct ParquetOutput<R: 'static> {
    file: Option<File>,
    writer: Option<ArrowWriter<File>>,
    rows: Vec<R>,
    columns: Columns<R>,
}

impl<R: 'static> ParquetOutput<R> {
    fn write(&mut self, row: R) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let rows = self.columns.table(&std::mem::take(&mut self.rows)).map_err(io::Error::other)?;
        if let Some(file) = self.file.take() {
            self.writer = Some(ArrowWriter::try_new(file, rows.schema(), None).map_err(io::Error::other)?);
        }
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(&rows)).map_err(io::Error::other)
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.writer.map_or(Ok(()), |writer| writer.close().map(drop)).map_err(io::Error::other)
    }
}
