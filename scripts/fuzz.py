#!/usr/bin/env python3
"""Runs the fuzz targets of capture/fuzz, process/fuzz and fuzz, one after another, from seeds made of real files.

`make fuzz` is this with its defaults. It needs a nightly compiler, a C++ compiler for libFuzzer (which libfuzzer-sys brings) and
the standard library; cargo-fuzz is not needed. Seeds come from the bundled history and, where OFFPATH_CORPUS names a folder, from
the captures, HAR files, event logs and nets in it. What a target learns stays in target/fuzz/corpus and is where the next run begins. An input that
breaks something is kept in target/fuzz/finds, and the exit code is 1.
"""

import argparse
import gzip
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUZZ = [ROOT / "capture/fuzz", ROOT / "process/fuzz", ROOT / "fuzz"]
TARGET = "x86_64-unknown-linux-gnu"
# Coverage as libFuzzer reads it; numbers that overflow and broken assertions are finds.
FLAGS = (
    "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table "
    "-Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-sanitizer-coverage-stack-depth "
    "-Cdebug-assertions -Coverflow-checks -Ccodegen-units=1"
)
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
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def targets():
    """Names of the targets, in the order of the manifests."""
    manifests = "".join((folder / "Cargo.toml").read_text() for folder in FUZZ)
    return re.findall(r'\[\[bin\]\]\nname = "(\w+)"', manifests)


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
        elif joined.startswith(HTTP2_PREFACE):
            yield "http2", joined[len(HTTP2_PREFACE) :]
        else:
            yield "http1", joined


def said_seed(file):
    """The JSON that the requests of a HAR file hold, with their answers, as if it were said on a WebSocket."""
    turns = []
    try:
        for entry in json.loads(file)["log"]["entries"]:
            asked = (entry["request"].get("postData") or {}).get("text") or ""
            answered = entry["response"].get("content", {}).get("text") or ""
            if asked[:1] in ("{", "["):
                turns += [asked.encode(), answered.encode()]
    except (ValueError, KeyError, TypeError, AttributeError):
        # Some files are broken on purpose.
        pass
    return b"\xff".join(turns)


def file_seeds(path):
    file = path.read_bytes()
    if file[:2] == b"\x1f\x8b":
        file = gzip.decompress(file)
    if path.suffix == ".har" or file[:1] == b"{" and b'"entries"' in file[: 1 << 16]:
        yield "har", re.split(rb'"entries"\s*:\s*\[', file, maxsplit=1)[-1]
        if seed := said_seed(file):
            yield "said", seed
    elif kind := re.search(r"\.(xes|pnml|jsonocel|xmlocel)(\.gz)?$", path.name):
        yield {"xes": "xes", "pnml": "pnml"}.get(kind[1], "ocel"), file
    elif path.suffix == ".jsonl":
        yield "json_log", file[:4096]
    elif path.suffix == ".log":
        yield "combined", file[:4096]
    else:
        yield from capture_seeds(file)


def make_seeds(corpus):
    others = os.environ.get("OFFPATH_CORPUS")
    sources = [ROOT / "fixtures"] + ([Path(others)] if others else [])
    for name in targets():
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
    for path in sorted((ROOT / "tests").rglob("*.yaml")):
        if b"openapi:" in (document := path.read_bytes()):
            keep_seed(corpus / "openapi", document)
    # The secrets of the connection that the target writes.
    lines = ["%s %s %s" % (label, "01" * 32, "5a" * size) for label, size in (
        ("CLIENT_RANDOM", 48), ("CLIENT_TRAFFIC_SECRET_0", 32), ("SERVER_TRAFFIC_SECRET_0", 32))]
    keep_seed(corpus / "key_log", "\n".join(lines).encode())
    keep_seed(corpus / "table", b"1,a,2026-03-01T10:00:00Z\n1,\"b, \"\"c\"\"\",3/4/2026 10:00 PM\nNA,a,1.3.2026\n")
    for turns in SAID:
        keep_seed(corpus / "said", b"\xff".join(turns))


def keep_seed(folder, seed):
    seed = seed[:LONGEST]
    (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def build(data):
    env = {**os.environ, "RUSTFLAGS": FLAGS, "CARGO_TARGET_DIR": str(data / "build")}
    command = ["cargo", "+nightly", "build", "--release", "--bins", "--target", TARGET]
    for folder in FUZZ:
        subprocess.run(command, cwd=folder, env=env, check=True)
    return data / "build" / TARGET / "release"


def fuzz(binary, name, seconds, data):
    """Runs one target for so many seconds, whatever it finds; gives what it did."""
    finds, log = data / "finds" / name, data / f"{name}.log"
    finds.mkdir(parents=True, exist_ok=True)
    ends, executions, said = time.monotonic() + seconds, 0, ""
    before = len(list(finds.iterdir()))
    while (left := int(ends - time.monotonic())) > 0:
        flags = [f"-max_total_time={left}", f"-max_len={LONGEST}", "-rss_limit_mb=512", "-timeout=1", "-print_final_stats=1"]
        flags += [f"-artifact_prefix={finds}/"]
        with open(log, "wb") as out:
            subprocess.run([binary / name, *flags, data / "corpus" / name], stdout=out, stderr=out, check=False)
        said = log.read_text(errors="replace")
        executions += int((re.findall(r"number_of_executed_units: +(\d+)", said) or [0])[0])
    cover = (re.findall(r"cov: (\d+)", said) or ["0"])[-1]
    peak = (re.findall(r"peak_rss_mb: +(\d+)", said) or ["0"])[-1]
    found = len(list(finds.iterdir())) - before
    print(f"| `{name}` | {executions:,} | {cover} | {peak} | {found} |", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="how long each target runs (60)")
    parser.add_argument("--data", type=Path, default=ROOT / "target/fuzz", help="where the build, seeds and finds are kept")
    parser.add_argument("targets", nargs="*", help="which targets (all)")
    options = parser.parse_args()
    data = options.data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    make_seeds(data / "corpus")
    binary = build(data)
    print("| target | executions | edges covered | peak RSS MB | finds |\n|---|--:|--:|--:|--:|")
    found = [fuzz(binary, name, options.seconds, data) for name in options.targets or targets()]
    sys.exit(1 if any(found) else 0)


if __name__ == "__main__":
    main()
