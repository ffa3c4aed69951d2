//! Captures in several files: split, shuffled, of several kinds, and open only in their turn.

use offpath_capture::Options;

use crate::messages::gzip;
use crate::packets_wire::Side::Client;
use crate::packets_wire::{Segment, Talk, ip, pcap, read};

#[test]
fn split_and_shuffled_files_read_as_one() {
    let mut talk = Talk::open(5000);
    for id in 1..=6 {
        talk.get(id);
    }
    talk.close();
    let facts = |files: &[&[u8]]| {
        let seen = read(files);
        seen.exchanges.iter().map(|e| (e.key, e.connection, e.stream, e.time, e.end)).collect::<Vec<_>>()
    };
    let whole = facts(&[&pcap(&talk.segments)]);
    assert_eq!(whole.len(), 6);
    for at in 1..talk.segments.len() {
        let (first, second) = talk.segments.split_at(at);
        assert_eq!(facts(&[&pcap(first), &pcap(second)]), whole);
        assert_eq!(facts(&[&pcap(second), &pcap(first)]), whole);
    }
    let (client, server): (Vec<_>, Vec<_>) = talk.segments.iter().cloned().partition(|s| s.side == Client);
    assert_eq!(facts(&[&pcap(&client), &pcap(&server)]), whole);
}

#[test]
fn files_joined_by_cat_read_as_one() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).get(4).close();
    let (first, second) = talk.segments.split_at(6);
    let mut other = pcap(second);
    other[16..20].copy_from_slice(&96u32.to_le_bytes());
    let joined = [pcap(first), other].concat();
    let seen = read(&[&joined]);
    assert_eq!(seen.lines(), ["1>1", "2>2", "3>3", "4>4"]);
    assert_eq!((seen.report.inputs[0].records, seen.report.errors.len()), (talk.segments.len() as u64, 0));

    // What is damaged before the second file's header costs nothing behind it.
    let joined = [pcap(first), vec![0xff; 1_000], pcap(second)].concat();
    let seen = read(&[&joined]);
    assert_eq!(seen.lines(), ["1>1", "2>2", "3>3", "4>4"]);
    assert_eq!((seen.report.inputs[0].records, seen.report.inputs[0].bytes_lost), (talk.segments.len() as u64, 1_000));
}

/// Counts, at every exchange, the files of a folder that this process holds open.
#[cfg(target_os = "linux")]
struct OpenFiles<'a> {
    folder: &'a std::path::Path,
    exchanges: Vec<String>,
    most: usize,
    progress: u64,
}

#[cfg(target_os = "linux")]
impl offpath_capture::Sink for OpenFiles<'_> {
    fn exchange(&mut self, exchange: offpath_capture::Exchange) -> std::ops::ControlFlow<()> {
        let descriptors = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
        let files = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        self.most = self.most.max(files.filter(|file| file.starts_with(self.folder)).count());
        self.exchanges.push(format!("{:?} {} {:?}", exchange.time, exchange.key, exchange.request.map(|r| r.target)));
        std::ops::ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: offpath_capture::BlindSpot) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_of_a_rotation_are_open_only_in_their_turn() {
    let mut talk = Talk::open(5000);
    for id in 0..80 {
        talk.get(id);
    }
    talk.close();
    let read_split = |per_file: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut size = 0;
        for (index, part) in talk.segments.chunks(per_file).enumerate() {
            let mut file = pcap(part);
            match index % 4 {
                1 => file = gzip(&file),
                // Damaged: not to be held open for it.
                2 => file = [gzip(&file), b"no gzip".repeat(20_000)].concat(),
                _ => {}
            }
            size += file.len() as u64;
            std::fs::write(folder.path().join(format!("{index:03}")), file).unwrap();
        }
        let options = Options::default();
        let mut plan = offpath_capture::plan(&[folder.path().to_str().unwrap().to_owned()], &options);
        let mut seen = OpenFiles { folder: folder.path(), exchanges: Vec::new(), most: 0, progress: 0 };
        let report = plan.sources.remove(0).read(&options, &mut seen);
        assert_eq!((seen.progress, report.inputs.iter().map(|input| input.bytes).sum()), (size, size));
        assert_eq!(report.inputs.iter().map(|input| input.records).sum::<u64>(), talk.segments.len() as u64);
        (seen.exchanges, seen.most, report.inputs.len())
    };
    let (whole, ..) = read_split(usize::MAX);
    let (split, most, files) = read_split(2);
    assert_eq!((whole.len(), files), (80, 83));
    assert_eq!(split, whole);
    assert_eq!(most, 1, "files open at once");
}

#[test]
fn files_of_both_byte_orders_resolutions_and_header_lengths_are_one_stream() {
    let mut talk = Talk::open(5000);
    talk.get(1).get(2).get(3).get(4).get(5).close();
    let file = |magic: u32, big_endian: bool, segments: &[Segment]| {
        let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
        let mut file: Vec<u8> = [magic, if big_endian { 0x0002_0004 } else { 0x0004_0002 }, 0, 0, 65_535, 101]
            .into_iter()
            .flat_map(word)
            .collect();
        for segment in segments {
            let packet = ip(segment);
            let micros = (segment.time % 1_000_000) as u32;
            let fraction = if magic == 0xa1b2_3c4d { micros * 1000 + 999 } else { micros };
            let header = [(segment.time / 1_000_000) as u32, fraction, packet.len() as u32, packet.len() as u32];
            file.extend(header.into_iter().flat_map(word));
            if magic == 0xa1b2_cd34 {
                file.extend([0; 8]);
            }
            file.extend(packet);
        }
        file
    };
    let kinds = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34].into_iter().flat_map(|magic| [(magic, false), (magic, true)]);
    let parts = talk.segments.chunks(talk.segments.len().div_ceil(6));
    let files: Vec<_> = kinds.zip(parts).map(|((magic, big), part)| file(magic, big, part)).collect();
    assert_eq!(files.len(), 6);
    let mut names: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    // A rotation in any order is one stream.
    for turn in 0..files.len() {
        names.rotate_left(1);
        if turn == 3 {
            names.reverse();
        }
        let seen = read(&names);
        assert_eq!((seen.lines(), seen.report.connections), (talk.read().lines(), 1));
    }
}
