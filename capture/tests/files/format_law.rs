//! Laws of every log format: what a writer wrote is what is read, and no bytes make a reader panic.

use std::sync::Arc;

use offpath_capture::{Exchange, LogFormat, Mapping, Options};
use proptest::prelude::*;

use crate::reading::{read_with, small_limits};

/// One request, as any of the servers saw it.
#[derive(Clone, Debug)]
struct Seen {
    /// Microseconds.
    start: i64,
    /// Milliseconds.
    took: i64,
    method: &'static str,
    path: String,
    query: String,
    status: u16,
    user: String,
    agent: String,
    port: u16,
}

impl Seen {
    fn target(&self) -> String {
        format!("{}?{}", self.path, self.query)
    }

    fn end(&self) -> i64 {
        self.start + self.took * 1000
    }
}

fn seen() -> impl Strategy<Value = Seen> {
    let method = prop_oneof![Just("GET"), Just("POST"), Just("DELETE")];
    let words = ("/[a-z0-9/~.%é]{0,20}", "[a-z0-9=&%{}|]{1,12}", "[a-z][a-z0-9.@]{0,8}", "[A-Za-z0-9/(.;)]{1,16}");
    (631_152_000i64..4_000_000_000, 0i64..100_000, method, words, 100u16..600, 1u16..u16::MAX).prop_map(
        |(seconds, took, method, (path, query, user, agent), status, port)| Seen {
            start: seconds * 1_000_000 + took % 1000 * 1000,
            took,
            method,
            path,
            query,
            status,
            user,
            agent,
            port,
        },
    )
}

fn time(micros: i64, format: &str) -> String {
    jiff::Timestamp::from_microsecond(micros).unwrap().strftime(format).to_string()
}

/// A format: how it is written, and how finely it says when a request began.
struct Writer {
    name: &'static str,
    heading: &'static str,
    /// Microseconds within which the start is told.
    within: i64,
    has_user: bool,
    has_duration: bool,
    options: fn() -> Options,
    write: fn(&Seen) -> String,
}

const RFC: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

fn nothing_said() -> Options {
    Options::default()
}

fn nginx() -> Options {
    let format =
        r#"$remote_addr:$remote_port $remote_user [$time_iso8601] "$request" $status "$http_user_agent" $request_time"#;
    Options { log_format: Some(LogFormat::new(format).unwrap()), ..Options::default() }
}

fn apache() -> Options {
    let format = r#"%h %u %t "%m %U%q" %>s %D "%{User-Agent}i""#;
    Options { log_format: Some(LogFormat::new(format).unwrap()), ..Options::default() }
}

fn mapping() -> Options {
    let mut mapping = Mapping::default();
    let names = ["when", "who", "verb", "path", "query", "status", "agent", "took"];
    mapping.columns(',', Some(names.map(str::to_owned).to_vec())).unwrap();
    for (target, place) in
        ["time", "user", "method", "path", "query", "status", "agent", "duration_ms"].iter().zip(names)
    {
        mapping.field(target, place).unwrap();
    }
    mapping.time_format("%d.%m.%Y %H:%M:%S%.f", 3600).unwrap();
    Options { mapping: Some(Arc::new(mapping)), ..Options::default() }
}

const WRITERS: [Writer; 15] = [
    Writer {
        name: "iis",
        heading: "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip c-port cs(User-Agent) sc-status time-taken\n",
        within: 1_000_000,
        has_user: true,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            format!(
                "{} {} {} {} {} 10.0.0.1 {} {} {} {}",
                time(s.end(), "%Y-%m-%d %H:%M:%S"),
                s.method,
                s.path,
                s.query,
                s.user,
                s.port,
                s.agent,
                s.status,
                s.took
            )
        },
    },
    Writer {
        name: "cloudfront",
        heading: "#Fields: date time x-edge-location cs-method cs-uri-stem cs-uri-query c-ip c-port cs(User-Agent) sc-status time-taken\n",
        within: 1_000_000,
        has_user: false,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            let day = time(s.end(), "%Y-%m-%d\t%H:%M:%S");
            let took = s.took as f64 / 1000.0;
            format!(
                "{day}\tFRA\t{}\t{}\t{}\t10.0.0.1\t{}\t{}\t{}\t{took:.3}",
                s.method, s.path, s.query, s.port, s.agent, s.status
            )
        },
    },
    Writer {
        name: "zeek",
        heading: "#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tmethod\turi\tuser_agent\tstatus_code\tusername\n",
        within: 1,
        has_user: true,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            let ts = format!("{}.{:06}", s.start / 1_000_000, s.start % 1_000_000);
            format!("{ts}\t10.0.0.1\t{}\t{}\t{}\t{}\t{}\t{}", s.port, s.method, s.target(), s.agent, s.status, s.user)
        },
    },
    Writer {
        name: "alb",
        heading: "",
        within: 1,
        has_user: false,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            format!(
                "h2 {} app/a/b 10.0.0.1:{} - 0.0 0.0 0.0 {} - 1 2 \"{} https://a.example:443{} HTTP/2.0\" \"{}\" - - - \"r\" \"-\" \"-\" 0 {} \"-\" \"-\" \"-\"",
                time(s.end(), RFC),
                s.port,
                s.status,
                s.method,
                s.target(),
                s.agent,
                time(s.start, RFC)
            )
        },
    },
    Writer {
        name: "envoy",
        heading: "",
        within: 1,
        has_user: false,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            format!(
                "[{}] \"{} {} HTTP/2\" {} - 1 2 {} 1 \"-\" \"{}\" \"r\" \"a.example\" \"10.0.0.9:80\"",
                time(s.start, RFC),
                s.method,
                s.target(),
                s.status,
                s.took,
                s.agent
            )
        },
    },
    Writer {
        name: "haproxy",
        heading: "",
        within: 1,
        has_user: false,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            format!(
                "10.0.0.1:{} [{}] in be/s 1/2/3/4/{} {} 5 - - ---- 1/1/1/1/0 0/0 {{{}}} \"{} {} HTTP/1.1\"",
                s.port,
                time(s.start, "%d/%b/%Y:%H:%M:%S%.3f"),
                s.took,
                s.status,
                s.agent,
                s.method,
                s.target()
            )
        },
    },
    Writer {
        name: "nginx",
        heading: "",
        within: 1_000_000,
        has_user: true,
        has_duration: true,
        options: nginx,
        write: |s| {
            format!(
                "10.0.0.1:{} {} [{}] \"{} {} HTTP/1.1\" {} \"{}\" {}.{:03}",
                s.port,
                s.user,
                time(s.end(), "%Y-%m-%dT%H:%M:%S+00:00"),
                s.method,
                s.target(),
                s.status,
                s.agent,
                s.took / 1000,
                s.took % 1000
            )
        },
    },
    Writer {
        name: "apache",
        heading: "",
        within: 1_000_000,
        has_user: true,
        has_duration: true,
        options: apache,
        write: |s| {
            format!(
                "10.0.0.1 {} [{}] \"{} {}\" {} {} \"{}\"",
                s.user,
                time(s.start, "%d/%b/%Y:%H:%M:%S +0000"),
                s.method,
                s.target(),
                s.status,
                s.took * 1000,
                s.agent
            )
        },
    },
    Writer {
        name: "mapping",
        heading: "",
        within: 1000,
        has_user: true,
        has_duration: true,
        options: mapping,
        write: |s| {
            format!(
                "{},{},{},{},\"{}\",{},\"{}\",{}",
                time(s.start + 3_600_000_000, "%d.%m.%Y %H:%M:%S%.3f"),
                s.user,
                s.method,
                s.path,
                s.query,
                s.status,
                s.agent,
                s.took
            )
        },
    },
    Writer {
        name: "squid",
        heading: "",
        within: 1000,
        has_user: true,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            let (seconds, millis) = (s.end() / 1_000_000, s.end() / 1000 % 1000);
            format!(
                "{seconds}.{millis:03} {:6} 10.0.0.1 TCP_MISS/{} 52 {} http://a.example{} {} HIER_DIRECT/10.1.1.1 text/html",
                s.took,
                s.status,
                s.method,
                s.target(),
                s.user
            )
        },
    },
    Writer {
        name: "uvicorn",
        heading: "",
        within: 1000,
        has_user: false,
        has_duration: false,
        options: nothing_said,
        // It says neither who nor how long; its time is the end.
        write: |s| {
            format!(
                "{} INFO uvicorn.access 10.0.0.1:{} - \"{} {} HTTP/1.1\" {}",
                time(s.start, "%Y-%m-%d %H:%M:%S,%3f"),
                s.port,
                s.method,
                s.target(),
                s.status
            )
        },
    },
    Writer {
        name: "logfmt",
        heading: "",
        within: 1,
        has_user: true,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            format!(
                "time={} level=info method={} path=\"{}\" status={} user={} duration={}ms user_agent=\"{}\"",
                time(s.start, RFC),
                s.method,
                s.target(),
                s.status,
                s.user,
                s.took,
                s.agent
            )
        },
    },
    Writer {
        name: "heroku",
        heading: "",
        within: 1000,
        has_user: false,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            let message = format!(
                "<158>1 {} host heroku router - at=info method={} path=\"{}\" host=a.example request_id=r fwd=\"10.0.0.1\" \
                 dyno=web.1 connect=1ms service={}ms status={} bytes=13 protocol=https",
                time(s.end(), "%Y-%m-%dT%H:%M:%S%.6f+00:00"),
                s.method,
                s.target(),
                s.took,
                s.status
            );
            format!("{} {message}", message.len() + 1)
        },
    },
    Writer {
        name: "document",
        heading: "",
        within: 1,
        has_user: true,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            let record = serde_json::json!({
                "timestamp": time(s.start, RFC), "method": s.method, "path": s.path, "query": s.query, "user": s.user,
                "status": s.status, "user_agent": s.agent, "duration_ms": s.took,
            });
            serde_json::to_string_pretty(&record).unwrap()
        },
    },
    Writer {
        name: "otlp",
        heading: "",
        within: 1,
        has_user: true,
        has_duration: true,
        options: nothing_said,
        write: |s| {
            let text = |key: &str, value: &str| serde_json::json!({"key": key, "value": {"stringValue": value}});
            let attributes = [
                text("http.request.method", s.method),
                text("url.path", &s.path),
                text("url.query", &s.query),
                text("user.id", &s.user),
                text("user_agent.original", &s.agent),
                text("client.address", "10.0.0.1"),
                serde_json::json!({"key": "http.response.status_code", "value": {"intValue": s.status.to_string()}}),
            ];
            let span = serde_json::json!({
                "kind": 2, "startTimeUnixNano": (s.start * 1000).to_string(), "endTimeUnixNano": (s.end() * 1000).to_string(),
                "attributes": attributes,
            });
            serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string()
        },
    },
];

fn compare(writer: &Writer, read: &Exchange, wrote: &Seen) -> Result<(), TestCaseError> {
    let request = read.request.as_ref().unwrap();
    let named = |what: &str| format!("{}: {what} of {wrote:?}", writer.name);
    prop_assert_eq!(&request.method, wrote.method, "{}", named("method"));
    prop_assert_eq!(&request.target, &wrote.target(), "{}", named("target"));
    let status = (wrote.status >= 100).then_some(wrote.status);
    prop_assert_eq!(read.response.as_ref().map(|r| r.status), status, "{}", named("status"));
    prop_assert!((read.time.0 - wrote.start).abs() < writer.within.max(2), "{} {:?}", named("start"), read.time);
    if let Some(end) = read.end.filter(|_| writer.has_duration) {
        prop_assert_eq!(end.0 - read.time.0, wrote.took * 1000, "{}", named("duration"));
    }
    if writer.has_user {
        prop_assert_eq!(read.log.user.as_deref(), Some(&*wrote.user), "{}", named("user"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_format_reads_back_as_written(all in proptest::collection::vec(seen(), 1..5)) {
        for writer in &WRITERS {
            let lines: Vec<String> = all.iter().map(writer.write).collect();
            let content = format!("{}{}\n", writer.heading, lines.join("\n"));
            let outcome = read_with(&content, &(writer.options)());
            prop_assert!(outcome.errors.is_empty(), "{}: {:?}\n{content}", writer.name, outcome.errors);
            prop_assert_eq!(outcome.exchanges.len(), all.len(), "{}:\n{}", writer.name, content);
            for (read, wrote) in outcome.exchanges.iter().zip(&all) {
                compare(writer, read, wrote)?;
            }
        }
    }

    #[test]
    fn a_damaged_line_costs_no_other(one in seen(), at in 0usize..400, byte in any::<u8>()) {
        for writer in WRITERS.iter().filter(|writer| !matches!(writer.name, "document")) {
            let line = (writer.write)(&one);
            let mut broken = line.clone().into_bytes();
            let at = at % broken.len();
            broken[at] = byte;
            let content = [format!("{}{line}\n", writer.heading).as_bytes(), &broken, format!("\n{line}\n").as_bytes()].concat();
            let outcome = read_with(&content, &(writer.options)());
            prop_assert!(outcome.exchanges.len() >= 2, "{}: {:?}", writer.name, String::from_utf8_lossy(&content));
        }
    }

    #[test]
    fn any_bytes_behind_a_beginning_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for writer in &WRITERS {
            let options = Options { limits: small_limits().limits, ..(writer.options)() };
            read_with([writer.heading.as_bytes(), &bytes].concat(), &options);
        }
        for start in ["{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{", "{\"Records\":[{\"eventName\":", "[{\"a\":"] {
            read_with([start.as_bytes(), &bytes].concat(), &small_limits());
        }
    }
}
