//! Lines behind a first one that says what they are: columns under a heading (the heading is the input's too where the
//! first byte says so), or the line of a server with a format of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath_capture::InputFormat;
use offpath_capture_fuzz::{read_file, small};

const FIRST: [(InputFormat, &str); 9] = [
    (InputFormat::W3c, "#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status time-taken\n"),
    (
        InputFormat::Zeek,
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#fields\tts\tuid\tid.orig_h\t\
         id.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\tstatus_code\tusername\n",
    ),
    (
        InputFormat::Alb,
        "h2 2026-05-17T08:05:32.186641Z app/lb/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 \
         \"GET https://api.example:443/orders/1?a=b HTTP/2.0\" \"curl/8\" - - - \"r\" \"-\" \"-\" 0 2026-05-17T08:05:32.100000Z \"-\" \"-\" \"-\"\n",
    ),
    (
        InputFormat::Envoy,
        "[2026-05-17T08:05:32.123Z] \"POST /orders HTTP/2\" 201 - 154 532 226 100 \"203.0.113.9\" \"curl/8\" \"cc21d9b0\" \
         \"api.example\" \"10.0.2.1:80\"\n",
    ),
    (
        InputFormat::Haproxy,
        "May 17 08:05:32 lb haproxy[14389]: 10.0.1.2:33317 [17/May/2026:08:05:32.655] http-in be/srv 10/0/30/69/109 200 2750 - \
         - ---- 1/1/1/1/0 0/0 \"GET /index HTTP/1.1\"\n",
    ),
    (
        InputFormat::Squid,
        "1779005132.123    250 203.0.113.9 TCP_MISS/200 512 GET http://api.example/a - HIER_DIRECT/10.0.0.1 text/html\n",
    ),
    (InputFormat::Uvicorn, "2026-05-17T08:05:32Z INFO:     10.0.0.7:50123 - \"POST /orders HTTP/1.1\" 201 Created\n"),
    (InputFormat::Gin, "[GIN] 2026/05/17 - 08:05:32 | 200 |     1.2ms |      10.0.0.7 | GET      \"/orders\"\n"),
    (InputFormat::Logfmt, "time=2026-05-17T08:05:32Z method=POST path=\"/orders?x=1\" status=201 duration=18ms\n"),
];

fuzz_target!(|bytes: &[u8]| {
    let (&which, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let file = match which {
        0xfe => [b"#Fields: ", rest].concat(),
        0xff => [b"#separator \\x09\n#fields\t", rest].concat(),
        _ => [FIRST[usize::from(which) % FIRST.len()].1.as_bytes(), rest].concat(),
    };
    let told = read_file(("lines", &file), &small());
    if which < 0xfe {
        let (format, _) = FIRST[usize::from(which) % FIRST.len()];
        assert_eq!(told.expect("the first line says what it is").format, format);
    }
});
