//! `offpath capture`: packets of an interface into files that rotate, or into a pipe.

mod files;
mod pcapng;
mod privileges;

use std::io::{self, IsTerminal as _};
use std::thread;

use offpath_capture::{InputError, Tap, TapCounts, Tapped, TappedPacket, Timestamp};

use super::args::Capture;
use super::pipe::Second;
use super::{Console, Ended, Exit, live};
use files::{Files, Names, Rotation};
use pcapng::Described;

/// Packets after which the kernel's counters are read even though more packets wait: about as many as it keeps, so that
/// those before the loss are behind.
const LOOK_EVERY: u64 = 200_000;

/// Runs the command.
pub(super) fn run(args: &Capture, console: &Console) -> Ended {
    let rotation = Rotation { size: args.file_size.map(|size| size as u64), time: args.file_time, files: args.files };
    let (folder, names) = files::named(&args.write, rotation.size.is_some() || rotation.time.is_some())?;
    refuse(args, &names, &rotation)?;
    let account = privileges::account(args.user.as_deref())?;
    let options = live::until(args.duration, args.packets, Second::AtOnce)?;
    let opened = Tap::open(&args.interface, args.bpf.as_deref(), args.promiscuous, options);
    let tap = opened.map_err(|kind| {
        let error = InputError { input: args.interface.clone(), origin: None, kind };
        Exit::CannotStart(crate::finding::text::display(&error.to_string()).to_string())
    })?;
    if let Some(folder) = &folder {
        files::enter(folder, account.as_ref())?;
    }
    if let Some(account) = &account {
        privileges::become_user(account)?;
    }
    let about = Described {
        interface: args.interface.clone(),
        filter: args.bpf.clone(),
        link: tap.link_type(),
        snap_length: Tap::SNAP_LENGTH,
    };
    let files = Files::begin(about, names, rotation).map_err(|e| cannot_write(args, account.as_ref(), &e))?;
    let whom = account.map_or_else(String::new, |account| format!(" as {}", account.name));
    console.say(&format!("capturing {} into {}{whom}; Ctrl-C ends it", args.interface, args.write.display()));
    let counted = TapCounts::default();
    Recording { tap, files, counted, held: None, untold: 0, unlooked: 0, packets: 0 }.run(args)
}

/// Refuses what cannot be meant before anything is opened.
fn refuse(args: &Capture, names: &Names, rotation: &Rotation) -> Result<(), Exit> {
    let rotates = rotation.size.is_some() || rotation.time.is_some();
    match names {
        Names::Pipe if rotates => Err(Exit::CannotStart("-w -: a pipe does not rotate".to_owned())),
        Names::Pipe if io::stdout().is_terminal() => {
            Err(Exit::CannotStart("-w -: packets are not for a terminal; pipe them, or name a file".to_owned()))
        }
        // A device or named pipe would be replaced by a file.
        Names::One(_) if args.write.exists() && !args.write.is_file() => Err(Exit::CannotStart(format!(
            "-w {}: is no file; write into a pipe with `-w - > PIPE`",
            args.write.display()
        ))),
        Names::One(_) if args.write.exists() && !args.force => Err(Exit::CannotStart(format!(
            "-w {}: exists; name another file, or replace it with --force",
            args.write.display()
        ))),
        _ => Ok(()),
    }
}

fn cannot_write(args: &Capture, account: Option<&privileges::Account>, error: &io::Error) -> Exit {
    let path = args.write.display();
    Exit::CannotStart(match account.filter(|_| error.kind() == io::ErrorKind::PermissionDenied) {
        Some(account) => format!(
            "-w {path}: the account `{}`, which writes, is not allowed to write there; name a folder that does not exist \
             yet, which is then made for it, or the folder's owner with --user NAME",
            account.name
        ),
        None => format!("-w {path}: {error}"),
    })
}

/// A capture going on.
struct Recording {
    tap: Tap,
    files: Files,
    counted: TapCounts,
    /// The packet that came last, until it is known whether some were lost beside it.
    held: Option<Held>,
    /// Packets dropped that no written packet tells of.
    untold: u64,
    /// Packets since the kernel's counters were read.
    unlooked: u64,
    packets: u64,
}

/// A packet that the kernel has back.
struct Held {
    time: Timestamp,
    wire_len: u32,
    data: Vec<u8>,
}

impl Recording {
    fn run(mut self, args: &Capture) -> Ended {
        let failed = match self.record().and_then(|failed| self.end_file().map(|()| failed)) {
            Ok(failed) => failed,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(Exit::Done("standard output was closed".to_owned()));
            }
            Err(error) => {
                let left = self.files.unfinished().map(|name| format!("; what came last is in {name}"));
                let left = left.unwrap_or_default();
                return Err(Exit::Incomplete(format!("writing {}: {error}{left}", args.write.display())));
            }
        };
        let (packets, made) = (counted(self.packets, "packet"), counted(self.files.made, "file"));
        let TapCounts { dropped, dropped_by_interface, .. } = self.counted;
        let said =
            format!("{packets} in {made}; dropped: {dropped} by the kernel, {dropped_by_interface} by the interface");
        Ok(match failed {
            Some(why) => Exit::Incomplete(format!("{}: {why}; {said}", args.interface)),
            None if self.packets == 0 => Exit::Nothing(format!("no packet came; {said}")),
            None => Exit::Done(said),
        })
    }

    /// Writes packets until the end; says why the interface failed, if it did.
    fn record(&mut self) -> io::Result<Option<String>> {
        loop {
            match self.tap.fetch() {
                Tapped::Packet(TappedPacket { time, wire_len, data }) => {
                    let came = Held { time, wire_len, data: data.to_vec() };
                    self.write_held()?;
                    self.held = Some(came);
                    (self.packets, self.unlooked) = (self.packets + 1, self.unlooked + 1);
                    if self.unlooked >= LOOK_EVERY {
                        self.look();
                    }
                }
                Tapped::Idle => {
                    // Nothing waits, so all that was dropped was dropped by now.
                    if self.held.is_some() {
                        self.look();
                        self.write_held()?;
                    }
                    self.files.flush()?;
                    if self.files.is_full(None) {
                        self.end_file()?;
                    }
                    thread::sleep(Tap::IDLE);
                }
                Tapped::Over => return Ok(None),
                Tapped::Failed(why) => return Ok(Some(why)),
            }
        }
    }

    /// Writes the packet that is held, to a new file where the present one is full.
    fn write_held(&mut self) -> io::Result<()> {
        let Some(Held { time, wire_len, data }) = self.held.take() else { return Ok(()) };
        let packet = TappedPacket { time, wire_len, data: &data };
        if self.files.is_full(Some(&packet)) {
            self.files.end(self.counted)?;
        }
        self.files.packet(&packet, std::mem::take(&mut self.untold))
    }

    fn end_file(&mut self) -> io::Result<()> {
        self.look();
        self.write_held()?;
        self.files.end(self.counted)
    }

    /// Reads the kernel's counters.
    fn look(&mut self) {
        self.unlooked = 0;
        if let Some(now) = self.tap.counts() {
            let lost = |counted: TapCounts| counted.dropped + counted.dropped_by_interface;
            self.untold += lost(now).saturating_sub(lost(self.counted));
            self.counted = now;
        }
    }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
