//! What to write for `--mapping` about lines of columns that no known format fits: proposed from what stands in them.

use std::borrow::Cow;

use super::guess::ROLES;
use super::mapping::cells;
use super::target;

/// Lines looked at.
const LINES: usize = 20;
/// Fewest columns: a time, a method and a path.
const FEWEST: usize = 3;
/// Most columns of a proposal.
const MOST: usize = 64;
/// Separators with their words in a mapping, in the order in which they are tried.
const SEPARATORS: [(char, &str); 5] = [('|', "'|'"), ('\t', "tab"), (';', "';'"), (',', "','"), (' ', "space")];
/// The columns of a line.
type Row<'l> = Vec<Cow<'l, str>>;

/// What lines are, and a mapping for them in one line of YAML; `None` where their columns do not show a time, a method and a
/// path. Nothing of what the lines say is in it but the names of columns.
pub(crate) fn propose(text: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(LINES).collect();
    // What was looked at may end in the middle of a line.
    if lines.len() > 1 && lines.len() < LINES && !text.ends_with('\n') {
        lines.pop();
    }
    SEPARATORS.iter().find_map(|(separator, word)| {
        let rows: Vec<Row<'_>> = lines.iter().map(|line| cells(line, *separator)).collect();
        let width = rows.first().map(Vec::len).filter(|width| (FEWEST..=MOST).contains(width))?;
        if rows.iter().any(|row| row.len() != width) {
            return None;
        }
        let (heading, rows) = split_heading(&rows);
        let fields = fields(rows, width, heading)?;
        let columns = match heading {
            Some(_) => "header".to_owned(),
            None => format!("[{}]", (1..=width).map(column).collect::<Vec<_>>().join(", ")),
        };
        let fields: Vec<String> = fields.iter().map(|(role, name)| format!("{role}: {name}")).collect();
        Some(format!(
            "{width} columns a line; try `--mapping` with a file that says {{columns: {columns}, separator: {word}, fields: {{{}}}}} \
             and add what else is there: user, host, duration_ms, ...",
            fields.join(", ")
        ))
    })
}

/// The first row apart, where it names the columns: words, above rows that begin to say something.
fn split_heading<'r, 'l>(rows: &'r [Row<'l>]) -> (Option<&'r Row<'l>>, &'r [Row<'l>]) {
    let is_name = |cell: &Cow<'_, str>| {
        cell.starts_with(|c: char| c.is_ascii_alphabetic())
            && cell.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
            && ROLES.iter().all(|(_, fits)| !fits(cell))
    };
    match rows.split_first() {
        Some((first, rest)) if !rest.is_empty() && first.iter().all(is_name) => (Some(first), rest),
        _ => (None, rows),
    }
}

/// Targets with the columns that hold them; `None` where not all that every exchange needs is among them.
fn fields(rows: &[Row<'_>], width: usize, heading: Option<&Row<'_>>) -> Option<Vec<(&'static str, String)>> {
    let holds = |at: usize, fits: fn(&str) -> bool| {
        let mut said =
            rows.iter().filter_map(|row| row.get(at)).filter(|cell| !matches!(&***cell, "-" | "")).peekable();
        said.peek().is_some() && said.all(|cell| fits(cell))
    };
    let mut found: Vec<(&'static str, usize)> = Vec::new();
    for (role, fits) in ROLES {
        let is_said = |what: &str| found.iter().any(|(known, _)| *known == what);
        if matches!(role, "method" | "path") && is_said("request_line") {
            continue;
        }
        let behind =
            found.iter().filter(|(known, _)| matches!(*known, "path" | "request_line")).map(|(_, at)| at + 1).max();
        // A duration of three digits looks like a status, which stands behind the path.
        let from = if role == "status" { behind.unwrap_or(0) } else { 0 };
        let free = |at: &usize| found.iter().all(|(_, taken)| taken != at) && holds(*at, fits);
        if let Some(at) = (from..width).chain(0..from).find(free) {
            found.push((role, at));
        }
    }
    let has = |role: &str| found.iter().any(|(known, _)| *known == role);
    if !has("time") || !(has("request_line") || has("method") && has("path")) {
        return None;
    }
    for (at, name) in heading.into_iter().flatten().enumerate() {
        let is_new = |target: &&str| found.iter().all(|(role, taken)| role != target && *taken != at);
        found.extend(
            target::names().find(|target| name.eq_ignore_ascii_case(target)).filter(is_new).map(|target| (target, at)),
        );
    }
    let name =
        |at: usize| heading.and_then(|names| names.get(at)).map_or_else(|| column(at + 1), |name| format!("'{name}'"));
    Some(found.into_iter().map(|(role, at)| (role, name(at))).collect())
}

fn column(number: usize) -> String {
    format!("c{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_what_stands_in_them() {
        let text = "2026-05-10T13:55:36.120Z|10.0.0.7|bob|GET|/orders/7|200|120\n\
                    2026-05-10T13:55:37.120Z|10.0.0.7|-|POST|/orders/7/approve|-|532\n\
                    2026-05-10T13:55:38.1";
        let proposed = propose(text).unwrap();
        for part in [
            "7 columns",
            "{columns: [c1, c2, c3, c4, c5, c6, c7], separator: '|', ",
            "fields: {time: c1, method: c4, path: c5, status: c6, client: c2}}",
        ] {
            assert!(proposed.contains(part), "{part} in {proposed}");
        }
        assert!(!proposed.contains("bob"), "{proposed}");
    }

    #[test]
    fn a_heading_names_the_columns() {
        let text = "when;who did;user;what\n10/Oct/2000:13:55:36 +0000;x;anna;\"GET /a;b HTTP/1.1\"\n";
        let proposed = propose(text).unwrap();
        let wanted = "{columns: header, separator: ';', fields: {request_line: 'what', time: 'when', user: 'user'}}";
        assert!(proposed.contains(wanted), "{proposed}");
    }

    #[test]
    fn other_lines_get_no_proposal() {
        for text in ["", "hello there\nthis is\n", "a,b,c\n1,2,3\n", "2026-05-10 13:55:36 worker started job 7\n"] {
            assert_eq!(propose(text), None, "{text}");
        }
        proptest::proptest!(|(text in "[ |;,\"a/0-9:\\-\n\té]{0,200}")| { let _ = propose(&text); });
    }
}
