//! BPF expressions over the packets of capture files: libpcap compiles and runs them, our own reader reads.

use pcap::{BpfProgram, Capture, Linktype};

use crate::interface::message;
use crate::tcp::Frame;

/// Link types that an expression is tried on before any packet is seen; Ethernet first, as the one to complain about.
const COMMON_LINKS: [u16; 6] = [1, 113, 276, 101, 0, 228];

/// Says what is wrong with a BPF expression, in libpcap's words; nothing is wrong if it fits any common link type.
///
/// libpcap asks the machine's resolver for host names in it; addresses and port numbers ask nobody.
pub fn check_filter(expression: &str) -> Result<(), String> {
    let mut complaint = None;
    for link in COMMON_LINKS {
        match compile(expression, link) {
            Ok(_) => return Ok(()),
            Err(error) => complaint = complaint.or(Some(error)),
        }
    }
    complaint.map_or(Ok(()), Err)
}

/// An expression and its program for each link type seen so far.
pub(super) struct Filter {
    expression: String,
    programs: Vec<(u16, Option<BpfProgram>)>,
    /// Packets that it held back.
    pub(super) held_back: u64,
    /// Where a link type was met for which the expression means nothing, and why.
    pub(super) misfits: Vec<(Frame, String)>,
}

/// What a filter says to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    HoldBack,
    /// The expression means nothing for this link type.
    Misfit,
}

impl Filter {
    pub(super) fn new(expression: &str) -> Self {
        Filter { expression: expression.to_owned(), programs: Vec::new(), held_back: 0, misfits: Vec::new() }
    }

    /// Judges a packet's captured bytes.
    pub(super) fn judge(&mut self, link: u16, data: &[u8], frame: Frame) -> Verdict {
        let at = match self.programs.iter().position(|(known, _)| *known == link) {
            Some(at) => at,
            None => {
                let program = compile(&self.expression, link);
                let program = program.map_err(|error| self.misfits.push((frame, error))).ok();
                self.programs.push((link, program));
                self.programs.len() - 1
            }
        };
        match self.programs.get(at) {
            Some((_, Some(program))) if program.filter(data) => Verdict::Pass,
            Some((_, Some(_))) => {
                self.held_back += 1;
                Verdict::HoldBack
            }
            _ => Verdict::Misfit,
        }
    }
}

fn compile(expression: &str, link: u16) -> Result<BpfProgram, String> {
    // Files number two link types otherwise than libpcap's calls do.
    let link = match link {
        100 => 11,
        101 => 12,
        other => i32::from(other),
    };
    let capture = Capture::dead(Linktype(link)).map_err(message)?;
    capture.compile(expression, true).map_err(message)
}
