//! Progress on standard error: a bar on a terminal; elsewhere nothing, or a line every ten seconds where it is asked for; nothing for short
//! runs.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Shared, When};
use crate::pipeline::Progress;

/// Runs shorter than this show nothing.
const QUIET: Duration = Duration::from_secs(1);
/// Interval of the lines that stand in for a bar.
const LINE: Duration = Duration::from_secs(10);

/// Progress of one run, and the time its stages took.
pub(super) struct Meter {
    bar: Option<ProgressBar>,
    lines: bool,
    total: AtomicU64,
    read: AtomicU64,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stage: Option<(&'static str, Instant)>,
    seconds: BTreeMap<&'static str, f64>,
    line: Option<Instant>,
}

impl Meter {
    fn new(show: When, terminal: bool, quiet: bool) -> Self {
        let shows = match show {
            When::Never => false,
            When::Auto => terminal && !quiet,
            When::Always => true,
        };
        let bar = (shows && terminal).then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        if let Some(bar) = &bar
            && let Ok(style) =
                ProgressStyle::with_template("{msg:<11} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left")
        {
            bar.set_style(style);
        }
        Meter {
            lines: shows && bar.is_none(),
            bar,
            total: AtomicU64::new(0),
            read: AtomicU64::new(0),
            started: Instant::now(),
            state: Mutex::new(State::default()),
        }
    }

    /// The meter that the flags ask for.
    pub(super) fn for_console(shared: &Shared) -> Self {
        Meter::new(shared.progress, std::io::stderr().is_terminal(), shared.quiet)
    }

    /// Ends the display; returns seconds by stage, and in total under `total`.
    pub(super) fn finish(self) -> BTreeMap<&'static str, f64> {
        self.close_stage();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let mut state = self.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.seconds.insert("total", self.started.elapsed().as_secs_f64());
        state.seconds
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn close_stage(&self) {
        let mut state = self.state();
        if let Some((name, since)) = state.stage.take() {
            *state.seconds.entry(name).or_default() += since.elapsed().as_secs_f64();
        }
    }

    #[expect(clippy::print_stderr, reason = "progress belongs on standard error")]
    fn line(&self, read: u64) {
        let mut state = self.state();
        if state.line.map_or(self.started, |last| last).elapsed() >= LINE {
            state.line = Some(Instant::now());
            let total = self.total.load(Ordering::Relaxed);
            eprintln!("reading: {} of {} MB", read / 1_000_000, total / 1_000_000);
        }
    }
}

impl Progress for Meter {
    fn total(&self, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_length(bytes);
        }
    }

    fn read(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            if self.started.elapsed() >= QUIET {
                bar.set_position(read);
            }
        } else if self.lines {
            self.line(read);
        }
    }

    fn stage(&self, name: &'static str) {
        self.close_stage();
        self.state().stage = Some((name, Instant::now()));
        if let Some(bar) = &self.bar {
            bar.set_message(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_or_pipe_has_lines_only_where_they_are_asked_for() {
        let shows = |show, terminal, quiet| {
            let meter = Meter::new(show, terminal, quiet);
            (meter.bar.is_some(), meter.lines)
        };
        assert_eq!(shows(When::Auto, true, false), (true, false));
        assert_eq!(shows(When::Auto, false, false), (false, false));
        assert_eq!(shows(When::Auto, true, true), (false, false));
        assert_eq!(shows(When::Always, false, false), (false, true));
        assert_eq!(shows(When::Always, true, true), (true, false));
        assert_eq!(shows(When::Never, true, false), (false, false));
    }
}
