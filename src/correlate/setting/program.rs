//! Client programs, by what they say of themselves.

use crate::event::ProgramKind;

/// Names of browsers, of which one stands in what a browser says.
const BROWSERS: [&str; 5] = ["firefox/", "chrome/", "safari/", "edg/", "opr/"];
/// Words of programs that look like browsers and have nobody before them.
const UNMANNED: [&str; 11] = [
    "headless",
    "bot",
    "crawler",
    "spider",
    "compatible;",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "lighthouse",
    "monitor",
];
/// Words of programs on people's devices.
const APPS: [&str; 8] = ["iphone", "ipad", "ios", "android", "cfnetwork", "darwin/", "dalvik", "okhttp"];

/// The kind of a program that says this of itself.
pub(super) fn kind(agent: &str) -> ProgramKind {
    let agent = agent.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| agent.contains(word));
    if has(&UNMANNED) {
        ProgramKind::Tool
    } else if agent.starts_with("mozilla/5.0") && has(&BROWSERS) {
        ProgramKind::Browser
    } else if has(&APPS) {
        ProgramKind::App
    } else {
        ProgramKind::Tool
    }
}

/// The program's name without its versions, which change while it is in use.
pub(super) fn name(agent: &str) -> String {
    let plain = |c: &char| !c.is_ascii_digit() && !matches!(c, '.' | '_');
    agent.chars().filter(plain).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_what_they_say() {
        const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
        for (agent, expected) in [
            (FIREFOX, ProgramKind::Browser),
            ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36", ProgramKind::Tool),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ProgramKind::Tool),
            ("okhttp/4.12.0", ProgramKind::App),
            ("Shop/5.2 (iPhone; iOS 18.1)", ProgramKind::App),
            ("python-requests/2.32", ProgramKind::Tool),
            ("curl/8.9.1", ProgramKind::Tool),
        ] {
            assert_eq!(kind(agent), expected, "{agent}");
        }
    }

    #[test]
    fn an_update_makes_no_other_program() {
        assert_eq!(name("curl/8.9.1"), name("curl/8.10.0"));
        assert_ne!(name("curl/8.9.1"), name("wget/1.21"));
    }
}
