//! Reads a JSON document, or JSON lines, and keeps nothing: the floor that `make bench` compares HAR and JSON logs with.

use std::io::{self, Write};

use serde::de::IgnoredAny;

fn main() -> io::Result<()> {
    for name in std::env::args().skip(1) {
        let bytes = std::fs::read(&name)?;
        let mut values = 0_u64;
        for value in serde_json::Deserializer::from_slice(&bytes).into_iter::<IgnoredAny>() {
            value?;
            values += 1;
        }
        writeln!(io::stdout(), "{values}")?;
    }
    Ok(())
}
