#!/usr/bin/env python3
"""Measures offpath beside its peers, in one run on the same files: CPU seconds, peak memory, ratios.

`make bench` builds first and then runs this. Needs the standard library only; a peer that is not installed is named in the
result. Every command runs several times, in turn with the others, so that a busy spell of the machine meets all of them.
docs/benchmarks.md says how to read the result.
"""

import argparse
import datetime
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "target/bench"
MEGA = 1_000_000
# Orders of the two histories that tell how many bytes an order takes, beside the stories that every history has.
PROBE_ORDERS = (200, 800)
GENERATED = ["capture.pcapng", "capture.har", "access.jsonl", "access.log"]
# Connections that are open at the same time in the traffic whose size is given, and bytes of one of its exchanges.
CONNECTIONS = (1, 1_000, 50_000)
EXCHANGE_BYTES = 2_500
# Megabytes between which the growth of CPU is measured; with --long up to the second.
GROWTH = (10, 1_000)

# What is wanted of `capture -> exchanges`: heads parsed, bodies without their codings, pairs made.
LEAST_MB = 300
LEAST_EXCHANGES = 100_000
LEAST_TIMES_TSHARK = 20
LEAST_TIMES_SURICATA = 10
MOST_RSS = 100
# Event logs of the corpus and the nets that they are aligned with; and what is wanted.
ALIGNED = (("receipt", "imf02"), ("helpdesk", "imf02"), ("helpdesk", "dfg"), ("bpic2012", "imf02"))
LEAST_TIMES_PM4PY = 100
LEAST_TIMES_CRATE = 20
# What takes a peer minutes or more is not asked of pm4py, and of the crate once.
LARGE = ("bpic2012",)
CRATE_TIMES = 10
# pm4py's faster way on these logs; it prints its own CPU seconds, so that neither its import nor the reading counts.
PM4PY = """
import json, sys, time
from pm4py.objects.log.importer.xes import importer as xes
from pm4py.objects.petri_net.importer import importer as pnml
from pm4py.algo.conformance.alignments.petri_net import algorithm
log = xes.apply(sys.argv[1], parameters={"show_progress_bar": False})
net = pnml.apply(sys.argv[2])
begin = time.process_time()
found = algorithm.apply(log, *net, variant=algorithm.Variants.VERSION_DIJKSTRA_LESS_MEMORY, parameters={"show_progress_bar": False})
seconds = time.process_time() - begin
print(json.dumps({"moves": sum(one["cost"] // 10000 for one in found), "align": seconds}))
"""
# "Does not grow with the input", of two measurements of the kernel.
MOST_RSS_GROWTH = 1.2
MOST_EXPONENT = 1.05
MOST_TIMES_SKIPPING = 2

SURICATA = """%YAML 1.1
---
vars: {address-groups: {HOME_NET: any, EXTERNAL_NET: any}, port-groups: {HTTP_PORTS: any}}
default-rule-path: .
rule-files: []
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [http]}
app-layer: {protocols: {http: {enabled: yes, libhtp: {default-config: {personality: IDS}}}}}
"""


@dataclass
class Usage:
    """What one process used."""

    cpu: float
    rss: float


@dataclass
class Task:
    """One command to measure, and what came of it."""

    name: str
    command: list
    bytes: int
    exchanges: int
    count: object = None
    env: dict = field(default_factory=dict)
    # A command that fails every time is named in the result instead of measured.
    failure: str = ""
    counted: str = ""
    usages: list = field(default_factory=list)

    def run(self, folder):
        """Runs it once; its output goes to a file, which it pays for as its user would."""
        out, said = folder / "stdout", folder / "stderr"
        with open(out, "wb") as stdout, open(said, "wb") as stderr:
            process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env={**os.environ, **self.env}
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            lines = said.read_text(errors="replace").strip().splitlines() or ["no message"]
            self.failure = f"exit code {process.returncode}: {lines[-1]}"
            return
        self.usages.append(Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1000))
        if self.count and not self.counted:
            self.counted = f"{self.count(out):,}"

    def cpu(self):
        """Least CPU seconds: what the work costs when nothing disturbs it."""
        # A run below the clock's resolution is not infinitely fast.
        return max(min(usage.cpu for usage in self.usages), 0.005)

    def median(self):
        return statistics.median(usage.cpu for usage in self.usages)

    def rss(self):
        return max(usage.rss for usage in self.usages)


def lines_in(path):
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def requests_in(path):
    """Lines of tshark's output whose first field, the method, is not empty."""
    with open(path, "rb") as file:
        return sum(1 for line in file if not line.startswith(b"\t"))


class Bench:
    """One run: its tools, its data, its result."""

    def __init__(self, options):
        self.options = options
        # Relative paths are meant from where the user stands, as cargo means them.
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
        self.release = options.bin.absolute() if options.bin else target / "release"
        self.data = DATA
        self.scratch = self.data / "scratch"
        self.key = self.data / "hash.key"
        self.result = []
        # What is wanted, what was measured, whether that is enough.
        self.bars = []

    def say(self, text=""):
        self.result.append(text)
        print(text, flush=True)

    def note(self, text):
        print(f"# {text}", file=sys.stderr, flush=True)

    def tool(self, name):
        path = self.release / name
        if not path.is_file():
            sys.exit(f"{path} is missing: run `make bench`, which builds it, or name its folder with --bin")
        return str(path)

    def generate(self, name, orders, formats):
        """Writes a history; gives its folder and its number of exchanges."""
        folder = self.data / name
        command = [self.tool("offpath-fixtures"), "order-to-cash", "--orders", str(orders), "--seed", "1"]
        command += ["--formats", ",".join(formats), "--out", str(folder)]
        said = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True).stderr
        return folder, int(re.search(r"(\d+) exchanges", said)[1])

    def orders(self, megabytes):
        """Orders whose capture is about so large."""
        sizes = []
        for orders in PROBE_ORDERS:
            folder, _ = self.generate("probe", orders, ["pcapng"])
            sizes.append((folder / "capture.pcapng").stat().st_size)
        an_order = (sizes[1] - sizes[0]) / (PROBE_ORDERS[1] - PROBE_ORDERS[0])
        the_rest = sizes[0] - an_order * PROBE_ORDERS[0]
        return max(1, round((megabytes * MEGA - the_rest) / an_order))

    def measure(self, tasks):
        """Runs the tasks in turn, and again, and again."""
        for number in range(self.options.runs):
            for task in tasks:
                if not task.failure:
                    self.note(f"run {number + 1} of {self.options.runs}: {task.name}")
                    task.run(self.scratch)

    def exchanges(self, name, path, exchanges):
        command = [self.tool("offpath"), "exchanges", str(path), "--format", "jsonl", "-q"]
        return Task(
            f"offpath exchanges, {name}", command, path.stat().st_size, exchanges, lines_in, {"OFFPATH_HASH_KEY": str(self.key)}
        )

    def fields(self, path, exchanges):
        """offpath with the fields of an exchange that tshark is asked for, and no more."""
        task = self.exchanges("method, target, status", path, exchanges)
        task.command += ["--fields", "method,target,status"]
        return task

    def table(self, tasks, against):
        """One table; its ratios say how many times the CPU seconds of `against` each command takes."""
        self.say(f"| command | CPU, times that of {against.name} | CPU s, best (median) | input MB | MB / CPU s | exchanges / CPU s | peak RSS MB | seen |")
        self.say("|---|--:|--:|--:|--:|--:|--:|--:|")
        for task in tasks:
            if task.failure:
                self.say(f"| {task.name} | failed: {task.failure} |||||||")
                continue
            cells = [
                task.name,
                "1" if task is against else f"{task.cpu() / against.cpu():.2f}" if against.usages else "",
                f"{task.cpu():.2f} ({task.median():.2f})",
                f"{task.bytes / MEGA:.1f}",
                f"{task.bytes / MEGA / task.cpu():,.0f}",
                f"{task.exchanges / task.cpu():,.0f}",
                f"{task.rss():.0f}",
                task.counted,
            ]
            self.say("| " + " | ".join(cells) + " |")
        self.say()

    def bar(self, wanted, measured, met):
        self.bars.append((wanted, measured, "met" if met else "MISSED"))

    def library(self, name, path, exchanges):
        """The capture library alone: exchanges are counted and dropped."""
        library = Task(name, [self.tool("examples/exchanges"), "--count", str(path)], path.stat().st_size, exchanges)
        library.count = lambda out: json.loads(out.read_text())["report"]["exchanges"]
        return library

    def packets(self, title, path, exchanges, reordering=False):
        self.say(f"## {title}")
        self.say()
        ours = self.exchanges("pcap" if path.suffix == ".pcap" else "pcapng", path, exchanges)
        library = self.library("the same without output", path, exchanges)
        fields = self.fields(path, exchanges)
        tasks, missing = [ours, fields, library], []
        others = []
        if tshark := shutil.which("tshark"):
            printed = ["-Y", "http", "-T", "fields", "-e", "http.request.method", "-e", "http.request.uri", "-e", "http.response.code"]
            base = [tshark, "-n", "-r", str(path)]
            ordered = ["-o", "tcp.reassemble_out_of_order:TRUE"]
            env = {"WIRESHARK_CONFIG_DIR": str(self.scratch), "XDG_CONFIG_HOME": str(self.scratch)}
            size = path.stat().st_size
            others.append(Task("tshark -T fields", base + printed, size, exchanges, requests_in, env))
            if reordering:
                others.append(Task("tshark, reordering on", base + ordered + printed, size, exchanges, requests_in, env))
            tasks += others
        else:
            missing.append("tshark")
        if suricata := shutil.which("suricata"):
            config, logs = self.scratch / "suricata.yaml", self.scratch / "suricata"
            config.write_text(SURICATA)
            logs.mkdir(exist_ok=True)
            eve = logs / "eve.json"
            command = ["sh", "-c", 'rm -f "$4"; exec "$0" -r "$1" -c "$2" -l "$3" -k none --runmode single']
            command += [suricata, str(path), str(config), str(logs), str(eve)]
            task = Task("suricata, eve http", command, path.stat().st_size, exchanges, lambda _: lines_in(eve))
            tasks.append(task)
            others.append(task)
        else:
            missing.append("suricata")
        self.measure(tasks)
        self.table(tasks, ours)
        if missing:
            self.say(f"Not installed here, so not measured: {', '.join(missing)}.")
            self.say()
        alike = (fields, f"{title}, the fields that tshark prints")
        for task, what in (library, title), alike, (ours, f"{title}, a JSON line an exchange"):
            if task.usages:
                self.fast(task, what, [other for other in others if other.usages])

    def fast(self, task, what, others):
        """The bars of one command over one capture."""
        speed, rate = task.bytes / MEGA / task.cpu(), task.exchanges / task.cpu()
        self.bar(f"{what}: {LEAST_MB} MB / CPU s", f"{speed:,.0f}", speed >= LEAST_MB)
        self.bar(f"{what}: {LEAST_EXCHANGES:,} exchanges / CPU s", f"{rate:,.0f}", rate >= LEAST_EXCHANGES)
        self.bar(f"{what}: less than {MOST_RSS} MB of memory", f"{task.rss():.0f}", task.rss() < MOST_RSS)
        for other in others:
            times = other.cpu() / task.cpu()
            least = LEAST_TIMES_SURICATA if other.name.startswith("suricata") else LEAST_TIMES_TSHARK
            self.bar(f"{what}: {least} times {other.name}", f"{times:.1f}", times >= least)

    def files(self, folder, exchanges):
        self.say("## The same history as HAR and as logs")
        self.say()
        har, json_log, log = (folder / name for name in GENERATED[1:])
        skip = self.tool("examples/skip_json")
        python = "import json,sys\nwith open(sys.argv[1],'rb') as f:\n json.load(f) if sys.argv[1].endswith('.har') else [json.loads(l) for l in f]"
        for name, path in ("HAR", har), ("JSON log", json_log):
            size = path.stat().st_size
            ours = self.exchanges(name, path, exchanges)
            floor = Task(f"serde_json, skipping the {name}", [skip, str(path)], size, exchanges)
            theirs = Task(f"Python's json, loading the {name}", [sys.executable, "-c", python, str(path)], size, exchanges)
            library = self.library("the same without output", path, exchanges)
            tasks = [ours, library, floor, theirs]
            self.measure(tasks)
            self.table(tasks, ours)
            if name == "HAR" and library.usages and floor.usages:
                times = library.cpu() / floor.cpu()
                wanted = f"HAR: at most {MOST_TIMES_SKIPPING} times the CPU of {floor.name}"
                self.bar(wanted, f"{times:.2f}", times <= MOST_TIMES_SKIPPING)
        ours = self.exchanges("combined log", log, exchanges)
        self.measure([ours])
        self.table([ours], ours)

    def check(self, small, large):
        """Judges two histories of different length within one budget."""
        self.say("## Judging")
        self.say()
        tasks = []
        for folder, exchanges in small, large:
            path, run = folder / "capture.pcapng", self.scratch / f"run-{exchanges}"
            command = [self.tool("offpath"), "check", str(path), "--model", str(folder / "model.yaml"), "-o", str(run)]
            command += ["--exit-zero", "-q", "--memory", self.options.memory]
            env = {"OFFPATH_HASH_KEY": str(self.key)}
            # The run folder of the last run would be in the way of the next.
            shell = ["sh", "-c", 'rm -rf "$0"; exec "$@"', str(run), *command]
            task = Task(f"offpath check, {exchanges:,} exchanges", shell, path.stat().st_size, exchanges, None, env)
            tasks.append(task)
        self.measure(tasks)
        self.table(tasks, tasks[0])
        first, second = tasks
        if first.usages and second.usages:
            input_ratio = second.bytes / first.bytes
            self.say(
                f"{input_ratio:.1f} times the input takes {second.cpu() / first.cpu():.1f} times the CPU seconds and "
                f"{second.rss() / first.rss():.2f} times the memory ({first.rss():.0f} MB, then {second.rss():.0f} MB; "
                f"`--memory {self.options.memory}`)."
            )
            self.say()

    def traffic(self, megabytes, connections):
        """API traffic of so many connections at once; gives the capture and its number of exchanges."""
        folder = self.data / f"traffic-{megabytes}-{connections}"
        each = max(1, round(megabytes * MEGA / EXCHANGE_BYTES / connections))
        self.note(f"writing traffic of {connections:,} connections")
        command = [self.tool("offpath-fixtures"), "traffic", "--connections", str(connections), "--exchanges", str(each)]
        subprocess.run(command + ["--seed", "1", "--out", str(folder)], check=True, stderr=subprocess.DEVNULL)
        return folder / "capture.pcap", connections * each

    def generic(self):
        """API calls over one, some and many connections, and those of another generator when the user names one."""
        for connections in CONNECTIONS:
            path, exchanges = self.traffic(self.options.mb, connections)
            self.packets(f"API traffic, connections at once: {connections:,}", path, exchanges)
            shutil.rmtree(path.parent)
        script = os.environ.get("OFFPATH_GEN_PCAP")
        if not script:
            return
        path, truth = self.data / "generic.pcap", self.data / "generic.truth.jsonl"
        self.note("writing traffic of another generator")
        subprocess.run(
            [sys.executable, script, "--out", str(path), "--truth", str(truth)]
            + ["--mb", str(self.options.mb), "--conns", str(self.options.mb * 50), "--seed", "1"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.packets("API traffic of another generator", path, lines_in(truth))
        path.unlink()

    def growth(self):
        """How CPU and memory grow with a capture of the same connections."""
        self.say("## Growth with the input")
        self.say()
        sizes = (GROWTH[0], GROWTH[1] if self.options.long else max(self.options.mb, 2 * GROWTH[0]))
        tasks = []
        for megabytes in sizes:
            path, exchanges = self.traffic(megabytes, CONNECTIONS[1])
            tasks.append(self.exchanges(f"{megabytes} MB", path, exchanges))
            tasks.append(self.library(f"{megabytes} MB without output", path, exchanges))
        self.measure(tasks)
        self.table(tasks, tasks[0])
        for first, last, what in (tasks[0], tasks[2], "a JSON line an exchange"), (tasks[1], tasks[3], "no output"):
            if not (first.usages and last.usages):
                continue
            exponent = math.log(last.cpu() / first.cpu()) / math.log(last.bytes / first.bytes)
            span = f"{sizes[0]} MB to {sizes[1]} MB, {what}"
            wanted = f"{span}: CPU grows by an exponent of at most {MOST_EXPONENT}"
            self.bar(wanted, f"{exponent:.3f}", exponent <= MOST_EXPONENT)
            growth = last.rss() / first.rss()
            self.bar(f"{span}: memory grows at most {MOST_RSS_GROWTH} times", f"{growth:.2f}", growth <= MOST_RSS_GROWTH)

    def conformance(self):
        """Alignments of event logs, beside pm4py and the process_mining crate where they are there."""
        corpus = os.environ.get("OFFPATH_CORPUS")
        logs = Path(corpus) / "eventlogs" if corpus else None
        if not (logs and logs.is_dir()):
            return
        self.say("## Event logs: optimal alignments")
        self.say()
        self.say("| log and net | moves | compile + align s, best | pm4py, CPU s | times | process_mining, best s | times |")
        self.say("|---|--:|--:|--:|--:|--:|--:|")
        for log, net in ALIGNED:
            files = [str(logs / f"{log}.xes.gz"), str(logs / f"models/{log}__{net}.pnml")]
            ours = self.printed([self.tool("examples/align"), *files])
            seconds = ours["compile"] + ours["align"]
            row = [f"{log} x {net}", f"{ours['moves']:,}", f"{seconds:.4f}"]
            for peer, command, least in self.aligners(log, files):
                if not command:
                    row += ["not run", ""]
                    continue
                self.note(f"{peer}: {log} x {net}")
                theirs = self.printed(command)
                times = theirs["align"] / seconds
                row += [f"{theirs['align']:.3f}", f"{times:,.0f}"]
                same = theirs["moves"] == ours["moves"]
                self.bar(f"{log} x {net}: {least} times {peer}, the same moves", f"{times:,.0f}", same and times >= least)
            self.say(f"| {' | '.join(row)} |")
        self.say()

    def aligners(self, log, files):
        """The peers' names, commands (none where it is not installed, or would take too long) and bars."""
        python = os.environ.get("OFFPATH_PYTHON", sys.executable)
        has_pm4py = subprocess.run([python, "-c", "import pm4py"], capture_output=True).returncode == 0
        pm4py = [python, "-W", "ignore", "-c", PM4PY, *files] if has_pm4py and log not in LARGE else None
        crate = self.release / "peer-process-mining"
        times = 1 if log in LARGE else CRATE_TIMES
        # One thread, as ours has.
        crate = ["env", "RAYON_NUM_THREADS=1", str(crate), *files, str(times)] if crate.is_file() else None
        return (("pm4py", pm4py, LEAST_TIMES_PM4PY), ("process_mining", crate, LEAST_TIMES_CRATE))

    def printed(self, command):
        """The JSON in the last line that a command prints."""
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        return json.loads(out.strip().splitlines()[-1])

    def verdict(self):
        self.say("## What is wanted")
        self.say()
        self.say("| wanted | measured | |")
        self.say("|---|--:|---|")
        for row in self.bars:
            self.say(f"| {' | '.join(row)} |")
        self.say()

    def head(self):
        version = subprocess.run([self.tool("offpath"), "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.say("# Benchmark")
        self.say()
        load = os.getloadavg()[0]
        today = datetime.date.today().isoformat()
        self.say(f"{today}; {version}; {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the start; best of {self.options.runs}.")
        if tshark := shutil.which("tshark"):
            line = subprocess.run([tshark, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            self.say(line.splitlines()[0])
        self.say()

    def run(self):
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.key.write_text("0123456789abcdef" * 4 + "\n")
        self.head()
        if not self.options.bin:
            # `cargo build` leaves examples out.
            build = ["cargo", "build", "--release", "--quiet", "-p", "offpath-capture", "-p", "offpath-process", "--examples"]
            subprocess.run(build, check=True, cwd=ROOT)
        self.note("writing the history")
        large = self.generate("large", self.orders(self.options.mb), ["pcapng", "har", "json", "combined"])
        small = self.generate("small", self.orders(self.options.mb / 4), ["pcapng"])
        folder, exchanges = large
        self.packets("Packets to exchanges: order-to-cash", folder / "capture.pcapng", exchanges, reordering=True)
        self.files(folder, exchanges)
        self.check(small, large)
        shutil.rmtree(folder)
        self.generic()
        self.growth()
        self.conformance()
        self.verdict()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=int, default=100, help="megabytes of the large capture (default 100)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each command (default 3)")
    parser.add_argument("--long", action="store_true", help=f"measure the growth up to {GROWTH[1]} MB")
    parser.add_argument("--memory", default="64M", help="offpath check's --memory (default 64M)")
    parser.add_argument("--bin", type=Path, help="folder of the built programs (default: cargo's release folder)")
    parser.add_argument("--out", type=Path, default=ROOT / "target/bench.md", help="file for the result")
    parser.add_argument("--keep", action="store_true", help="keep the generated data, in target/bench")
    options = parser.parse_args()
    bench = Bench(options)
    shutil.rmtree(DATA, ignore_errors=True)
    try:
        bench.run()
    finally:
        if not options.keep:
            shutil.rmtree(DATA, ignore_errors=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(bench.result) + "\n")
    failed = any("failed:" in line for line in bench.result)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
