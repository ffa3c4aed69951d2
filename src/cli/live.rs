//! Reading a network interface: what is asked for, and how Ctrl-C and `--duration` end it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use offpath_capture::LiveOptions;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::args::Inputs;
use super::pipe::{Second, spare};
use super::{Console, Exit};

/// When to stop, if an interface is to be read; from here on a first Ctrl-C stops only the reading.
pub(super) fn options(
    inputs: &Inputs,
    interface: Option<&str>,
    second: Second,
    console: &Console,
) -> Result<LiveOptions, Exit> {
    let Some(interface) = interface else {
        return match inputs.duration.is_some() || inputs.packets.is_some() {
            true => Err(Exit::CannotStart(
                "--duration and --packets are for reading an interface, e.g. interface:eth0".to_owned(),
            )),
            false => Ok(LiveOptions::default()),
        };
    };
    let options = until(inputs.duration, inputs.packets, second)?;
    console
        .say(&format!("reading {interface}{}; Ctrl-C ends the reading, and what was read is analysed", words(inputs)));
    Ok(options)
}

/// Stops at the first Ctrl-C, after a time, or after so many packets, whichever comes first.
pub(super) fn until(duration: Option<Duration>, packets: Option<u64>, second: Second) -> Result<LiveOptions, Exit> {
    let stop = Arc::new(AtomicBool::new(false));
    let caught = [SIGINT, SIGTERM].into_iter().try_for_each(|signal| spare(signal, &stop, second));
    caught.map_err(|e| Exit::CannotStart(format!("signals cannot be caught: {e}")))?;
    if let Some(duration) = duration {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            thread::sleep(duration);
            stop.store(true, Ordering::Relaxed);
        });
    }
    Ok(LiveOptions { stop, packets })
}

fn words(inputs: &Inputs) -> String {
    let duration = inputs.duration.map(|duration| format!("for {duration:?}"));
    let packets = inputs.packets.map(|packets| match packets {
        1 => "until a packet has come".to_owned(),
        more => format!("until {more} packets have come"),
    });
    let parts: Vec<String> = duration.into_iter().chain(packets).collect();
    if parts.is_empty() { String::new() } else { format!(" {}", parts.join(" or ")) }
}

/// A duration in words, such as `30s` or `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wanted = "expected a time span with a unit, e.g. 30s, 5m or 1h 30m";
    let span: jiff::SignedDuration = text.parse().map_err(|_| wanted.to_owned())?;
    Duration::try_from(span).ok().filter(|span| !span.is_zero()).ok_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        for wrong in ["30", "0s", "-5s", "soon", ""] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
