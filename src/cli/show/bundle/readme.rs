//! The first file that a reader of a bundle opens.

use crate::finding::text::display;

/// What each file is, in the order in which they are read.
const FILES: [(&str, &str); 14] = [
    ("case.html", "the timeline with the evidence; opens in any browser, loads and runs nothing"),
    ("case.md", "the same as Markdown"),
    ("finding.json", "the finding: rule, severity, verdict, expected and seen, evidence"),
    ("findings.jsonl", "the findings about the case, one a line"),
    ("events.jsonl", "all events of the case in the order of time, one a line, with states before and after"),
    ("exchanges.jsonl", "the HTTP exchanges of these events, redacted, one a line"),
    (
        "origins.jsonl",
        "where each event is: input and its SHA-256, frame, entry or line, byte offset when decompressed",
    ),
    ("provenance.json", "offpath's version, the command, inputs with sizes and SHA-256, what is missing here and why"),
    ("model.yaml", "the workflow that was compared with; provenance.json has its SHA-256"),
    ("reproduction.hurl", "the requests that lead here, for Hurl, with placeholders; nothing was sent"),
    ("reproduction.arazzo.json", "the same as an Arazzo 1.0 workflow"),
    ("reproduction.openapi.json", "the operations that the workflow calls"),
    ("reproduction.har", "the same as HAR, for tools that import requests"),
    ("manifest.json", "every other file with its length and SHA-256"),
];

pub(super) fn text(name: &str, title: &str, names: &[&str], notes: &[String]) -> String {
    let mut out = format!(
        "Evidence for {}\n{}\n\nWritten by offpath {} from recorded traffic. Times are UTC. Every file is UTF-8 text.\n\nFiles\n",
        display(name),
        display(title),
        env!("CARGO_PKG_VERSION"),
    );
    for (file, what) in FILES.iter().filter(|(file, _)| *file == "manifest.json" || names.contains(file)) {
        out.push_str(&format!("  {file:<26}{what}\n"));
    }
    out.push_str(
        "\nWhat is not here\n  \
         Credentials are keyed hashes such as [secret#1f3a9c0b77d2]: equal ones are equal, none can be turned back\n  \
         without the key. Of bodies only the names and types of members are here, and ids that the events name.\n",
    );
    for note in notes {
        out.push_str(&format!("  {}\n", display(note)));
    }
    out.push_str(
        "\nHow to check it\n  \
         Compare the SHA-256 of manifest.json with the digest that you were told, and that of every file with the\n  \
         manifest: `offpath show --verify-bundle FILE` does both, and so does\n\n    \
         unzip -d bundle FILE && cd bundle && sha256sum manifest.json && python3 -c \"\n    \
         import hashlib, json\n    \
         for m in json.load(open('manifest.json'))['members']:\n      \
         ok = hashlib.sha256(open(m['name'], 'rb').read()).hexdigest() == m['sha256']\n      \
         print(m['name'], 'ok' if ok else 'CHANGED')\"\n\n  \
         The digest says that nothing was changed since; who says it, and when, is not for a hash to tell: sign it, or\n  \
         have it stamped, where that matters. With the inputs, their hashes and the command in provenance.json anybody\n  \
         can make the run again: the same input, model, options and hash key give the same findings.\n",
    );
    out
}
