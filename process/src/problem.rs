//! What is wrong with a log: the whole of it, or something in it.

/// A file that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LogError {
    /// Name of the file.
    pub file: String,
    /// Line that was read up to, from 1; 0 where a file has no lines.
    pub line: u64,
    /// What is wrong, and what to do.
    pub cause: String,
}

impl std::fmt::Display for LogError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", Place(&self.file, self.line), self.cause)
    }
}

/// Something wrong in a file of which the rest was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file, and of the table in a database.
    pub file: String,
    /// First line or row where it was met, from 1; 0 where that is not known.
    pub line: u64,
    /// How often.
    pub count: u64,
    /// What is wrong.
    pub cause: String,
    /// What came of it, and what to do.
    pub help: String,
    /// Whether something of the log is missing because of it.
    pub lost: bool,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem { file, line, cause, help, .. } = self;
        let times = if self.count > 1 { format!(" ({} times)", self.count) } else { String::new() };
        write!(f, "{}: {cause}{times}; {help}", Place(file, *line))
    }
}

/// A file and a line in it.
struct Place<'a>(&'a str, u64);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1 {
            0 => f.write_str(self.0),
            line => write!(f, "{}, line {line}", self.0),
        }
    }
}

/// Notes problems, equal ones once with their number.
#[derive(Debug)]
pub(crate) struct Notes {
    /// Name of the file, and of the table in a database.
    pub(crate) file: String,
    /// Line that is being read.
    pub(crate) line: u64,
    list: Vec<Problem>,
}

impl Notes {
    pub(crate) fn new(file: &str) -> Self {
        Notes { file: file.to_owned(), line: 0, list: Vec::new() }
    }

    /// Notes what is wrong where the reader is, and what came of it.
    pub(crate) fn note(&mut self, cause: &str, help: &str, lost: bool) {
        if let Some(known) = self.list.iter_mut().find(|problem| problem.cause == cause) {
            known.count += 1;
            known.lost |= lost;
            return;
        }
        let (file, cause, help) = (self.file.clone(), cause.to_owned(), help.to_owned());
        self.list.push(Problem { file, line: self.line, count: 1, cause, help, lost });
    }

    /// The first one, if any.
    pub(crate) fn first(&self) -> Option<&Problem> {
        self.list.first()
    }

    pub(crate) fn into_list(self) -> Vec<Problem> {
        self.list
    }
}
