//! The key of all pseudonyms: given, or made once for this installation.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Console, Exit};
use crate::correlate::HashKey;

/// Shortest key that is taken: 128 bits.
const SHORTEST: usize = 16;

/// Reads the given key file, else this installation's, which is made at first use.
pub(super) fn load(given: Option<&Path>, console: &Console) -> Result<HashKey, Exit> {
    if let Some(path) = given {
        let bytes =
            std::fs::read(path).map_err(|e| Exit::CannotStart(format!("--hash-key {}: {e}", path.display())))?;
        return if bytes.len() < SHORTEST {
            Err(Exit::CannotStart(format!(
                "--hash-key {}: {} bytes, at least {SHORTEST} are needed; make one with `head -c 32 /dev/urandom > FILE`",
                path.display(),
                bytes.len()
            )))
        } else {
            Ok(HashKey::new(&bytes))
        };
    }
    let Some(path) = installation_file() else {
        console.say("note: no home folder; pseudonyms of this run compare with no other run (--hash-key keeps them)");
        return random().map(|key| HashKey::new(&key));
    };
    match std::fs::read(&path) {
        Ok(bytes) if bytes.len() >= SHORTEST => return Ok(HashKey::new(&bytes)),
        Ok(bytes) => {
            return Err(Exit::CannotStart(format!(
                "{}: {} bytes, at least {SHORTEST} are needed; with another key every pseudonym changes, so restore it, or remove it to have a new one made",
                path.display(),
                bytes.len()
            )));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Exit::CannotStart(format!("{}: {error}", path.display()))),
    }
    let key = random()?;
    match store(&path, &key) {
        Ok(()) => Ok(HashKey::new(&key)),
        // Another first run was faster: its key holds for both.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read(&path).map(|bytes| HashKey::new(&bytes)).map_err(|e| Exit::CannotStart(e.to_string()))
        }
        Err(error) => {
            console.say(&format!(
                "note: {}: {error}; pseudonyms of this run compare with no other run (--hash-key keeps them)",
                path.display()
            ));
            Ok(HashKey::new(&key))
        }
    }
}

fn installation_file() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("offpath/hash.key"))
}

fn random() -> Result<[u8; 32], Exit> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|e| Exit::CannotStart(format!("no random numbers from the system: {e}")))?;
    Ok(key)
}

/// Writes the key, readable by its owner alone, under another name first: a key file is whole or not there.
fn store(path: &Path, key: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(key)?;
    file.persist_noclobber(path).map(drop).map_err(|e| e.error)
}
