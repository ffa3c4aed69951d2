//! The file itself: members in order, a manifest with their SHA-256, and nothing of when or where it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::{digest, hex};

/// Name of the member that lists the others.
const MANIFEST: &str = "manifest.json";
/// Most members of an archive that are looked at.
const MEMBERS: usize = 1_000;
/// Most bytes of the manifest.
const MANIFEST_BYTES: u64 = 1 << 20;
/// Most bytes of a member.
const MEMBER_BYTES: u64 = 4 << 30;

/// What a bundle holds, as `manifest.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of this list.
    schema_version: String,
    /// offpath's version that wrote the bundle.
    tool_version: String,
    /// What it is about.
    pub(super) subject: String,
    /// Every other member.
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Writes members, by name, and their manifest; returns its SHA-256. The same members give the same bytes.
pub(super) fn write(path: &Path, subject: &str, members: &BTreeMap<&str, Vec<u8>>) -> std::io::Result<String> {
    let listed = members.iter().map(|(name, bytes)| Member {
        name: (*name).to_owned(),
        bytes: bytes.len() as u64,
        sha256: hex(&Sha256::digest(bytes)),
    });
    let manifest = Manifest {
        schema_version: "1".to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: subject.to_owned(),
        members: listed.collect(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest)?;
    text.push(b'\n');
    let of_manifest = hex(&Sha256::digest(&text));
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, bytes) in members.iter().map(|(name, bytes)| (*name, bytes)).chain([(MANIFEST, &text)]) {
        zip.start_file(name, options.large_file(bytes.len() as u64 >= MEMBER_BYTES))?;
        zip.write_all(bytes)?;
    }
    zip.finish()?.flush()?;
    Ok(of_manifest)
}

/// What checking a bundle says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checked {
    pub(super) manifest: Manifest,
    /// SHA-256 of the manifest.
    pub(super) digest: String,
    /// Members that are fine.
    pub(super) good: usize,
    /// What does not fit, in plain words.
    pub(super) wrong: Vec<String>,
}

/// Checks every member against the manifest.
///
/// # Errors
/// Why the file is no bundle at all.
pub(super) fn check(path: &Path) -> Result<Checked, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    if zip.len() > MEMBERS {
        return Err(format!("{} members; a bundle has a few", zip.len()));
    }
    let mut text = Vec::new();
    let manifest = zip.by_name(MANIFEST).map_err(|_| format!("has no {MANIFEST}"))?;
    manifest.take(MANIFEST_BYTES).read_to_end(&mut text).map_err(|error| format!("{MANIFEST}: {error}"))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| format!("{MANIFEST}: {error}"))?;
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for at in 0..zip.len() {
        let member = match zip.by_index(at) {
            Ok(member) => member,
            Err(error) => {
                wrong.push(format!("member {at}: {error}"));
                continue;
            }
        };
        let Ok(name) = member.name().map(|name| name.into_owned()) else {
            wrong.push(format!("member {at} has no readable name"));
            continue;
        };
        if !seen.insert(name.clone()) {
            wrong.push(format!("{name} is there twice"));
        } else if let Some(listed) = manifest.members.iter().find(|listed| listed.name == name) {
            let same = digest(member.take(MEMBER_BYTES))
                .is_ok_and(|(bytes, sha256)| bytes == listed.bytes && sha256 == listed.sha256);
            if !same {
                wrong.push(format!("{name} is not what the manifest lists"));
            }
        } else if name != MANIFEST {
            wrong.push(format!("{name} is not in the manifest"));
        }
    }
    let missing = manifest.members.iter().filter(|listed| !seen.contains(&listed.name));
    wrong.extend(missing.map(|listed| format!("{} is missing", listed.name)));
    let good = manifest.members.len().saturating_sub(wrong.len());
    Ok(Checked { digest: hex(&Sha256::digest(&text)), manifest, good, wrong })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> BTreeMap<&'static str, Vec<u8>> {
        BTreeMap::from([("a.txt", b"one\n".to_vec()), ("b.jsonl", b"{}\n".repeat(1_000)), ("empty", Vec::new())])
    }

    #[test]
    fn the_same_members_are_the_same_bytes_and_fit_their_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.zip"), folder.path().join("two.zip"));
        let digest = write(&one, "F1", &members()).unwrap();
        assert_eq!(write(&two, "F1", &members()).unwrap(), digest);
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        let checked = check(&one).unwrap();
        assert_eq!((checked.digest, checked.good, checked.wrong), (digest, 3, Vec::new()));
    }

    #[test]
    fn what_was_changed_taken_out_or_put_in_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole.zip");
        write(&whole, "F1", &members()).unwrap();
        let mut zip = ZipArchive::new(File::open(&whole).unwrap()).unwrap();
        let mut manifest = String::new();
        zip.by_name(MANIFEST).unwrap().read_to_string(&mut manifest).unwrap();
        let other = folder.path().join("other.zip");
        let mut zip = ZipWriter::new(File::create(&other).unwrap());
        for (name, text) in [("a.txt", "two\n"), ("c", ""), (MANIFEST, &manifest), ("empty", "")] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let expected = ["a.txt is not what the manifest lists", "c is not in the manifest", "b.jsonl is missing"];
        assert_eq!(check(&other).unwrap().wrong, expected);
        std::fs::write(&other, "PK").unwrap();
        assert!(check(&other).is_err());
    }

    #[test]
    fn no_change_of_a_byte_goes_unnoticed_as_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        write(&path, "F1", &members()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let whole = check(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            std::fs::write(&path, &changed).unwrap();
            // Times and attributes of members are no content; whatever is still whole has the same manifest.
            if let Ok(checked) = check(&path)
                && checked.wrong.is_empty()
            {
                assert_eq!(checked.manifest, whole.manifest, "byte {at}");
            }
        }
    }
}
