//! Formats of inputs.

/// Format of an input, found from its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputFormat {
    /// libpcap file, any byte order and time resolution.
    Pcap,
    /// pcapng file.
    Pcapng,
    /// HTTP Archive 1.1 to 1.3.
    Har,
    /// Common or combined log format.
    CombinedLog,
    /// One JSON object a line.
    JsonLog,
    /// A JSON document of records: an array, or one under a name such as `Records`.
    JsonDocument,
    /// Spans of OpenTelemetry in OTLP's JSON.
    Otlp,
    /// The W3C's extended log format: IIS, CloudFront.
    W3c,
    /// Zeek's `http.log` as columns.
    Zeek,
    /// Lines of AWS's application load balancer.
    Alb,
    /// Envoy's or Istio's default lines.
    Envoy,
    /// HAProxy's `option httplog`.
    Haproxy,
    /// Squid's native `access.log`.
    Squid,
    /// Access lines of uvicorn.
    Uvicorn,
    /// Access lines of gin, a framework for Go.
    Gin,
    /// Lines of `name=value`.
    Logfmt,
    /// Lines of [`Options::log_format`](crate::Options::log_format).
    Described,
    /// Lines of [`Options::mapping`](crate::Options::mapping).
    Mapped,
}

impl InputFormat {
    /// Every format.
    pub const ALL: [InputFormat; 18] = [
        InputFormat::Pcap,
        InputFormat::Pcapng,
        InputFormat::Har,
        InputFormat::CombinedLog,
        InputFormat::JsonLog,
        InputFormat::JsonDocument,
        InputFormat::Otlp,
        InputFormat::W3c,
        InputFormat::Zeek,
        InputFormat::Alb,
        InputFormat::Envoy,
        InputFormat::Haproxy,
        InputFormat::Squid,
        InputFormat::Uvicorn,
        InputFormat::Gin,
        InputFormat::Logfmt,
        InputFormat::Described,
        InputFormat::Mapped,
    ];

    /// Name used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            InputFormat::Pcap => "pcap",
            InputFormat::Pcapng => "pcapng",
            InputFormat::Har => "har",
            InputFormat::CombinedLog => "combined",
            InputFormat::JsonLog => "json",
            InputFormat::JsonDocument => "json-document",
            InputFormat::Otlp => "otlp",
            InputFormat::W3c => "w3c",
            InputFormat::Zeek => "zeek",
            InputFormat::Alb => "alb",
            InputFormat::Envoy => "envoy",
            InputFormat::Haproxy => "haproxy",
            InputFormat::Squid => "squid",
            InputFormat::Uvicorn => "uvicorn",
            InputFormat::Gin => "gin",
            InputFormat::Logfmt => "logfmt",
            InputFormat::Described => "log-format",
            InputFormat::Mapped => "mapping",
        }
    }
}
