//! Mapping files: a log format that the user describes. `docs/inputs.md` lists the keys.

use std::cell::RefCell;
use std::path::Path;

use offpath_capture::Mapping;
use sha2::{Digest as _, Sha256};

use super::{Console, Exit};
use crate::model::Diagnostics;
use crate::model::settings::{self, Allowed, Refusal};

/// Largest mapping file that is read.
const LARGEST: u64 = 1 << 20;

/// Reads a mapping file; what is wrong with it goes to standard error.
pub(super) fn read(file: &Path, console: &Console) -> Result<Mapping, Exit> {
    let cannot = |why: String| Exit::CannotStart(format!("mapping {}: {why}", file.display()));
    let size = std::fs::metadata(file).map_err(|e| cannot(e.to_string()))?.len();
    if size > LARGEST {
        return Err(cannot(format!("{size} bytes; at most {LARGEST} are read")));
    }
    let text = std::fs::read_to_string(file).map_err(|e| cannot(e.to_string()))?;
    match parse(&file.display().to_string(), &text) {
        Ok(mapping) => match mapping.missing() {
            None => Ok(mapping),
            Some(target) => Err(cannot(format!(
                "nothing says the {target} of a record; give its place under `fields:`, or one text for all under `values:`"
            ))),
        },
        Err(found) => {
            console.say_always(found.render(console.color).trim_end());
            Err(cannot("it has errors, see above".to_owned()))
        }
    }
}

/// The file's name and the SHA-256 of what it says, as a run's record has them.
pub(super) fn describe(file: &Path) -> Result<String, Exit> {
    let bytes = std::fs::read(file).map_err(|e| Exit::CannotStart(format!("mapping {}: {e}", file.display())))?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{} sha256={digest}", file.display()))
}

/// What a mapping file of this text says; `file` is its name for messages. [`Mapping::missing`] tells whether it is enough.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn parse(file: &str, text: &str) -> Result<Mapping, Diagnostics> {
    let building = RefCell::new(Building::default());
    let check = |section: Option<&str>, key: &str, value: &str| {
        building.borrow_mut().take(section, key, value).map_err(|title| Refusal { title, helps: Vec::new() })
    };
    settings::read(file, text, &allowed(), &check)?;
    Ok(building.into_inner().mapping)
}

/// Keys in the order in which they are needed: what a line is, before the places in it.
fn allowed() -> Allowed {
    let targets: Vec<String> = Mapping::targets().map(str::to_owned).collect();
    Allowed {
        what: "a mapping",
        keys: ["pattern", "separator", "columns", "time_zone", "time_format"].map(str::to_owned).to_vec(),
        sections: ["fields", "values"].map(|section| (section.to_owned(), targets.clone())).into(),
        nested: &[],
    }
}

/// A mapping as far as it is read.
#[derive(Default)]
struct Building {
    mapping: Mapping,
    separator: Option<char>,
    columns: Vec<String>,
    /// Seconds east of UTC.
    offset: i32,
    patterned: bool,
}

impl Building {
    fn take(&mut self, section: Option<&str>, key: &str, value: &str) -> Result<(), String> {
        match (section, key) {
            (None, "pattern") => {
                self.patterned = true;
                self.mapping.pattern(value).map_err(|why| format!("`pattern`: {why}"))
            }
            (None, "separator") => {
                self.separator = Some(separator(value)?);
                Ok(())
            }
            (None, "columns") => self.columns(value),
            (None, "time_zone") => {
                self.offset = offset(value)?;
                Ok(())
            }
            (None, "time_format") => {
                self.mapping.time_format(value, self.offset).map_err(|why| format!("`time_format`: {why}"))
            }
            (Some(section), target) => {
                let (target, value) = match (target, value.split_once('=')) {
                    ("request_header" | "response_header", Some((name, place))) => (format!("{target}.{name}"), place),
                    ("request_header" | "response_header", None) => {
                        return Err(format!(
                            "`{target}` takes headers by name, e.g. `{target}: {{X-Tenant: /tenant}}`"
                        ));
                    }
                    _ => (target.to_owned(), value),
                };
                match section {
                    "fields" => self.mapping.field(&target, value),
                    _ => self.mapping.value(&target, value),
                }
            }
            (None, _) => Ok(()),
        }
    }

    /// `header`, or one more column's name.
    fn columns(&mut self, value: &str) -> Result<(), String> {
        if self.patterned {
            return Err("`pattern` and `columns` exclude each other".to_owned());
        }
        let separator = self.separator.unwrap_or('\t');
        if self.columns.is_empty() && value == "header" {
            return self.mapping.columns(separator, None);
        }
        self.columns.push(value.to_owned());
        self.mapping.columns(separator, Some(self.columns.clone()))
    }
}

/// One character, or `tab` or `space`.
fn separator(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        ("space", ..) => Ok(' '),
        (_, Some(c), None) => Ok(c),
        _ => Err(format!("`separator` is one character, `tab` or `space`, not `{text}`")),
    }
}

/// `+02:00`, `-0530` or `UTC`, in seconds.
fn offset(text: &str) -> Result<i32, String> {
    if matches!(text, "UTC" | "Z") {
        return Ok(0);
    }
    let parsed = || {
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let digits = text.get(1..)?.replace(':', "");
        let number: i32 = digits.parse().ok().filter(|_| digits.len() == 4)?;
        let (hours, minutes) = (number / 100, number % 100);
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    };
    parsed().ok_or_else(|| format!("`time_zone` is an offset such as `+02:00`, or `UTC`, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse("map.yaml", text).map(|mapping| format!("{mapping:?}")).unwrap_err().render(false)
    }

    #[test]
    fn a_mapping_is_read_whatever_the_order_of_its_keys() {
        let mapping = parse(
            "map.yaml",
            "values: {method: POST}\nfields:\n  time: when\n  path: [where, what]\n  request_header: {X-Tenant: what}\n\
             time_format: '%d.%m.%Y %H:%M:%S'\ntime_zone: '+02:00'\ncolumns: [when, where, what]\nseparator: ';'\n",
        )
        .map_err(|found| found.render(false))
        .unwrap();
        assert_eq!(mapping.missing(), None);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, parts) in [
            ("feilds: {}\n", ["a mapping has no key `feilds`", "map.yaml:1"]),
            ("fields:\n  time: /t\n  usr: /u\n", ["has no key `usr`", "map.yaml:3"]),
            ("pattern: '(?<a>x'\n", ["`pattern`", "map.yaml:1"]),
            ("pattern: '(?<a>x)'\nfields: {time: b}\n", ["there is no group `b`; there are: a", "map.yaml:2"]),
            ("pattern: '(?<a>x)'\ncolumns: [a]\n", ["exclude each other", "map.yaml:2"]),
            ("time_zone: Berlin\n", ["`time_zone` is an offset", "map.yaml:1"]),
            ("time_format: '%H'\n", ["`time_format`", "map.yaml:1"]),
            ("fields: {request_header: x}\n", ["takes headers by name", "map.yaml:1"]),
        ] {
            let found = refusal(text);
            assert!(parts.iter().all(|part| found.contains(part)), "{text}: {found}");
        }
    }
}
