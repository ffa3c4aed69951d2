"""Seeds of the fuzz targets: real files, what stands in tests and pages, and small ones of what few files hold.

Sources are the bundled history and, where OFFPATH_CORPUS names a folder, the captures, HAR files, event logs and nets in it.
"""

import gzip
import hashlib
import json
import os
import re
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Longest input; the limits that the targets set are within reach of it.
LONGEST = 16 << 10
PCAP = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
ETHERNET, IPV4, TCP = 1, 0x0800, 6
TLS_HANDSHAKE = b"\x16\x03"
# What is said on WebSockets in each protocol that is read there: the client's turn first. Few captures hold any.
SAID = [
    [
        b'{"jsonrpc":"2.0","id":1,"method":"orders.pay","params":{"order":"o1"}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"state":"paid"}}',
        b'[{"jsonrpc":"2.0","id":2,"method":"a"},{"jsonrpc":"2.0","method":"b"}]',
        b'{"id":2,"error":{"code":-32000}}',
    ],
    [
        b'{"type":"connection_init","payload":{"authToken":"t1","headers":{"Authorization":"Bearer t2"}}}',
        b'{"type":"connection_ack"}',
        b'{"id":"1","type":"subscribe","payload":{"query":"mutation M($o: ID!) { pay(order: $o) { id } }","variables":{"o":"o1"}}}',
        b'{"id":"1","type":"next","payload":{"data":{"pay":{"id":"p1"}},"hasNext":true}}',
        b'{"id":"1","type":"complete"}',
        b'{"id":"1","type":"error","payload":[{"message":"no","path":["pay"]}]}',
    ],
    [
        b'{"id":"1","type":"start","payload":{"data":"{\\"query\\":\\"{ me { id } }\\",\\"extensions\\":{\\"persistedQuery\\":{\\"sha256Hash\\":\\"ab\\"}}}"}}',
        b'{"id":"1","type":"data","payload":{"data":{"me":null},"errors":[{"message":"no"}]}}',
        b'{"id":"1","type":"stop"}',
        b'{"id":"1","type":"complete"}',
    ],
    [
        b'{"type":"order.pay","requestId":"r1","order":"o1"}',
        b'{"type":"ack","requestId":"r1","status":"failed","error":{"code":"E1"}}',
        b'{"action":"ping"}',
        b'{"type":"pong"}',
    ],
]
# Marks of texts that are seeds of these targets, and what a seed has before the text: a byte that chooses what comes first.
WRITTEN = {"otlp": (b'"resourceSpans"', b""), "columns": (b" HTTP/", b"\0"), "document": (b'"', b"\0")}
# Small seeds of what few files hold.
SMALL = {
    "table": [b"1,a,2026-03-01T10:00:00Z\n1,\"b, \"\"c\"\"\",3/4/2026 10:00 PM\nNA,a,1.3.2026\n"],
    "event_stream": [b"\x05\xef\xbb\xbf: hello\r\nid: 1\r\nevent: add\r\ndata: {\"a\":\ndata:1}\n\nretry: 10\rdata\r\rid\n\ndata: x\n\n"],
    "grpc": [
        b"\0\0\0\0\0\2\x08\1\x80\0\0\0\x10grpc-status: 0\r\n",
        b"\1AAAAAAIIAYAAAAAQZ3JwYy1zdGF0dXM6IDANCg==",
        b'\2\0\0\0\0\x07{"a":1}\x80\0\0\0\x10grpc-status: 5\r\n',
    ],
    "websocket": [
        # A text in two frames with a ping between, a close; then one that is compressed.
        b"\x01\x82\0\0\0\0{\"\x89\x80\0\0\0\0\x80\x84\0\0\0\0a\":1\x88\x82\0\0\0\0\x03\xe8\xff\x8a\0\x82\x02\x01\x02\x88\x02\x03\xe8",
        b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0\xfe\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\0",
    ],
    "http2": [
        # GET /, its answer in two frames; POST with a body and a field that goes into the table, answered; a reset.
        b"\0\0\x03\1\5\0\0\0\1\x82\x86\x84\xff\0\0\1\1\4\0\0\0\1\x88\0\0\2\0\1\0\0\0\1{}"
        b"\xff\0\0\x0b\1\4\0\0\0\3\x83\x86\x04\x02/a\x40\1x\1y\0\0\2\0\1\0\0\0\3{}\xff\0\0\1\1\5\0\0\0\3\x8d"
        b"\xff\0\0\4\1\5\0\0\0\5\x82\x86\x84\xbe\0\0\4\3\0\0\0\0\5\0\0\0\x08",
    ],
    "log_format": [
        b'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" $request_time\n'
        b'10.0.0.7 - anna [17/May/2026:08:05:32 +0000] "GET /orders/1 HTTP/1.1" 200 5 "-" 0.250\n',
        b'%v %h %l %u [%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] "%r" %>s %O %D "%{X-Request-Id}i" "%{sid}C"\n'
        b'a.example 10.0.0.7 - anna [17/May/2026:08:05:32.250 +0200] "GET /a HTTP/1.1" 200 5 250000 "r1" "s1"\n',
        b"log_format own escape=json '{\"at\": \"$time_iso8601\", \"verb\": \"$request_method\", \"loc\": \"$request_uri\"}';\n"
        b'{"at": "2026-05-17T08:05:32+00:00", "verb": "POST", "loc": "/orders?a=b"}\n',
    ],
    "mapping": [
        b"fields:\n  time: /e/when\n  method: e.verb\n  path: [/e/where, loc]\n  user: /who/0\n  request_header: {X-Tenant: /tenant}\nvalues:\n"
        b'  host: a.example\n\xff{"e":{"when":"2026-05-17T08:05:32Z","verb":"POST","where":"/orders/7"},"who":["bob"],"tenant":"t1"}\n',
        b"pattern: '^(?<when>\\S+ \\S+) (?<verb>[A-Z]+) (?<loc>\\S+) (?<code>\\d+)$'\ntime_format: '%d.%m.%Y %H:%M:%S'\ntime_zone: '+02:00'\n"
        b"fields: {time: when, method: verb, path: loc, status: code}\n\xff17.05.2026 10:05:32 GET /orders/7 200\n",
        b"separator: ';'\ncolumns: header\nfields: {time: When, method: What, path: Where}\n\xffWhen;What;Where\n"
        b'2026-05-17T08:05:32Z;GET;"/a;b"\n',
        b"separator: tab\ncolumns: [t, -, m, p]\nfields: {time: t, method: m, url: p}\n\xff1779005132.5\tx\tPUT\thttp://a/b?c=d\n",
    ],
}
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def message(*fields):
    """A message of protobuf: numbers of fields and what they hold, a small number or bytes."""
    wire = lambda number, value: (
        bytes([number << 3, value]) if isinstance(value, int) else bytes([number << 3 | 2]) + varint(len(value)) + value
    )
    return b"".join(wire(number, value) for number, value in fields)


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def schema_seeds():
    """Descriptors of a service `s.S` whose method `M` takes and gives an `O`, and messages of it."""
    field = lambda name, number, kind, label=1, of=b"": message((1, name), (3, number), (4, label), (5, kind), *([(6, of)] if of else []))
    text, long, double, enum, nested, packed, flag, raw = 9, 3, 1, 14, 11, 5, 8, 12
    order = message(
        (1, b"O"), (2, field(b"id", 1, text)), (2, field(b"amount", 2, long)), (2, field(b"rate", 3, double)),
        (2, field(b"state", 4, enum, of=b".s.E")), (2, field(b"lines", 5, nested, 3, b".s.O")), (2, field(b"n", 6, packed, 3)),
        (2, field(b"ok", 7, flag)), (2, field(b"raw", 8, raw)),
    )
    state = message((1, b"E"), (2, message((1, b"NO"), (2, 0))), (2, message((1, b"YES"), (2, 1))))
    service = message((1, b"S"), (2, message((1, b"M"), (2, b".s.O"), (3, b".s.O"))))
    file = message((1, b"s.proto"), (2, b"s"), (4, order), (5, state), (6, service), (12, b"proto3"))
    descriptors = message((1, file))
    line = message((1, b"l1"), (2, 7), (8, b"\0\x01"))
    for said in (line, message((1, b"o1"), (4, 1), (5, line), (5, line), (6, b"\1\2\x80\1"), (7, 1)), b"\x19" + struct.pack("<d", 0.5)):
        yield struct.pack("!H", len(descriptors)) + descriptors + said


def frames(file):
    """Link type and packets of a pcap file."""
    order = PCAP[file[:4]]
    (link,) = struct.unpack_from(order + "I", file, 20)
    at, found = 24, []
    while at + 16 <= len(file):
        (length,) = struct.unpack_from(order + "I", file, at + 8)
        found.append(file[at + 16 : at + 16 + length])
        at += 16 + length
    return link & 0xFFFF, found


def conversations(link, packets):
    """What the sides of each TCP connection over Ethernet said, as it came: a side's turn after the other's."""
    said = {}
    for packet in packets:
        if link != ETHERNET or len(packet) < 54 or struct.unpack_from("!H", packet, 12)[0] != IPV4 or packet[23] != TCP:
            continue
        start = 14 + (packet[14] & 15) * 4
        end = 14 + struct.unpack_from("!H", packet, 16)[0]
        ends = [(packet[26:30], packet[start : start + 2]), (packet[30:34], packet[start + 2 : start + 4])]
        data = packet[start + (packet[start + 12] >> 4) * 4 : end] if len(packet) > start + 12 else b""
        if data:
            turns = said.setdefault(tuple(sorted(ends)), [])
            if turns and turns[-1][0] == ends[0]:
                turns[-1][1].append(data)
            else:
                turns.append((ends[0], [data]))
    return [[b"".join(parts) for _, parts in turns] for turns in said.values()]


def capture_seeds(file):
    """Seeds of a pcap or pcapng file, each with the target that it is for."""
    if file[:4] == b"\x0a\x0d\x0d\x0a":
        yield "pcapng", file[28:]
    if file[:4] not in PCAP:
        return
    yield "pcap", file[16:]
    link, packets = frames(file)
    short = [bytes([len(packet[:255])]) + packet[:255] for packet in packets[:60]]
    yield "link", struct.pack("<H", link) + b"".join(short)
    for turns in conversations(link, packets):
        joined = b"\xff".join(turns)
        if joined.startswith(TLS_HANDSHAKE):
            yield "tls", joined[3:]
            yield from (("quic", seed) for seed in hello_seeds(joined))
        elif joined.startswith(HTTP2_PREFACE):
            yield "http2", joined[len(HTTP2_PREFACE) :]
        else:
            yield "http1", joined
            yield "extract", joined


def hello_seeds(joined):
    """The client's hello of a connection of TLS as QUIC carries it: in one frame, and cut into pieces."""
    (length,) = struct.unpack_from("!H", joined, 3)
    hello = joined[5 : 5 + length]
    yield b"\0\6\0" + struct.pack("!H", 0x4000 | len(hello)) + hello
    yield b"\x28" + hello


def bodies_seeds(file):
    """The JSON that the requests of a HAR file hold, with their answers: as calls, and as if it were said on a WebSocket."""
    turns = []
    try:
        for entry in json.loads(file)["log"]["entries"]:
            request, answered = entry["request"], entry["response"].get("content", {}).get("text") or ""
            asked = (request.get("postData") or {}).get("text") or ""
            if asked[:1] in ("{", "["):
                turns += [asked.encode(), answered.encode()]
                line = "%s %s\napplication/json\n" % (request["method"], request["url"])
                yield "calls", b"\xff".join([line.encode() + asked.encode(), answered.encode()])
    except (ValueError, KeyError, TypeError, AttributeError):
        # Some files are broken on purpose.
        pass
    if turns:
        yield "said", b"\xff".join(turns)


def file_seeds(path):
    file = path.read_bytes()
    if len(file) <= LONGEST:
        yield "file", file
    if file[:2] == b"\x1f\x8b":
        file = gzip.decompress(file)
    if path.suffix == ".har" or file[:1] == b"{" and b'"entries"' in file[: 1 << 16]:
        yield "har", re.split(rb'"entries"\s*:\s*\[', file, maxsplit=1)[-1]
        yield from bodies_seeds(file)
    elif kind := re.search(r"\.(xes|pnml|jsonocel|xmlocel)(\.gz)?$", path.name):
        yield {"xes": "xes", "pnml": "pnml"}.get(kind[1], "ocel"), file
        if kind[1] == "pnml":
            yield "import", file
    elif path.suffix == ".jsonl":
        yield "json_log", file[:4096]
    elif path.suffix == ".log":
        yield "combined", file[:4096]
    else:
        yield from capture_seeds(file)


def make_seeds(corpus, targets):
    others = os.environ.get("OFFPATH_CORPUS")
    sources = [ROOT / "fixtures"] + ([Path(others)] if others else [])
    for name in targets:
        (corpus / name).mkdir(parents=True, exist_ok=True)
    for path in sorted(path for source in sources for path in source.rglob("*")):
        if not path.is_file() or not re.search(r"\.(p?cap(ng)?|har|jsonl|log|xes|pnml|jsonocel|xmlocel)(\.gz)?$", path.name):
            continue
        try:
            seeds = list(file_seeds(path))
        except (OSError, EOFError, struct.error):
            # Some files are broken on purpose.
            continue
        for target, seed in seeds:
            keep_seed(corpus / target, seed)
    for path in sorted(path for folder in ("tests", "fixtures") for path in (ROOT / folder).rglob("*.yaml")):
        document = path.read_bytes()
        keep_seed(corpus / ("openapi" if b"openapi:" in document else "model"), document)
    for page, target in (("model", "model"), ("inputs", "mapping")):
        for block in re.findall(rb"```yaml\n(.*?)```", (ROOT / f"docs/{page}.md").read_bytes(), re.S):
            keep_seed(corpus / target, block)
    for text in literals("src/model/import"):
        keep_seed(corpus / "import", text)
    for text in literals("capture/tests/files"):
        keep_seed(corpus / "file", text)
        for target, (mark, before) in WRITTEN.items():
            if mark in text:
                keep_seed(corpus / target, before + text)
    for text in literals("src/correlate/token_keys"):
        keep_seed(corpus / "token_keys", text)
    for target, seeds in {**SMALL, "schema": schema_seeds()}.items():
        for seed in seeds:
            keep_seed(corpus / target, seed)
    # The secrets of the connection that the target writes.
    lines = ["%s %s %s" % (label, "01" * 32, "5a" * size) for label, size in (
        ("CLIENT_RANDOM", 48), ("CLIENT_TRAFFIC_SECRET_0", 32), ("SERVER_TRAFFIC_SECRET_0", 32))]
    keep_seed(corpus / "key_log", "\n".join(lines).encode())
    for turns in SAID:
        keep_seed(corpus / "said", b"\xff".join(turns))


def literals(folder):
    """Texts that stand in sources: examples of formats, among other things."""
    for path in sorted((ROOT / folder).rglob("*.rs")):
        yield from re.findall(rb'r#+"(.*?)"#', path.read_bytes(), re.S)


def keep_seed(folder, seed):
    seed = seed[:LONGEST]
    (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
