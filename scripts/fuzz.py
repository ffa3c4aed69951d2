#!/usr/bin/env python3
"""Runs the fuzz targets of capture/fuzz, process/fuzz and fuzz, one after another, from seeds made of real files.

`make fuzz` is this with its defaults. It needs a nightly compiler, a C++ compiler for libFuzzer (which libfuzzer-sys brings) and
the standard library; cargo-fuzz is not needed. Seeds come from the bundled history and, where OFFPATH_CORPUS names a folder, from
the captures, HAR files, event logs and nets in it. What a target learns stays in target/fuzz/corpus and is where the next run begins. An input that
breaks something is kept in target/fuzz/finds, and the exit code is 1.
"""

import argparse
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz_seeds import LONGEST, make_seeds

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


def targets():
    """Names of the targets, in the order of the manifests."""
    manifests = "".join((folder / "Cargo.toml").read_text() for folder in FUZZ)
    return re.findall(r'\[\[bin\]\]\nname = "(\w+)"', manifests)


def build(data):
    env = {**os.environ, "RUSTFLAGS": FLAGS, "CARGO_TARGET_DIR": str(data / "build")}
    command = ["cargo", "+nightly", "build", "--release", "--bins", "--target", TARGET]
    for folder in FUZZ:
        subprocess.run(command, cwd=folder, env=env, check=True)
    return data / "build" / TARGET / "release"


def is_slow(binary, find):
    """Whether an input takes a second of the processor's time. Beside other work little may last long by the clock."""
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    before = used()
    subprocess.run([binary, find], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return used() - before >= 1


def fuzz(binary, name, seconds, data):
    """Runs one target for so many seconds, whatever it finds; gives what it did."""
    finds, log = data / "finds" / name, data / f"{name}.log"
    finds.mkdir(parents=True, exist_ok=True)
    ends, executions, said = time.monotonic() + seconds, 0, ""
    before = len(list(finds.iterdir()))
    # Files that targets write.
    with tempfile.TemporaryDirectory(prefix="offpath-fuzz-") as scratch:
        while (left := int(ends - time.monotonic())) > 0:
            flags = [f"-max_total_time={left}", f"-max_len={LONGEST}", "-rss_limit_mb=512", "-timeout=1", "-print_final_stats=1"]
            flags += [f"-artifact_prefix={finds}/"]
            command, env = [binary / name, *flags, data / "corpus" / name], {**os.environ, "TMPDIR": scratch}
            with open(log, "wb") as out:
                subprocess.run(command, stdout=out, stderr=out, env=env, check=False)
            said = log.read_text(errors="replace")
            executions += int((re.findall(r"number_of_executed_units: +(\d+)", said) or [0])[0])
    cover = (re.findall(r"cov: (\d+)", said) or ["0"])[-1]
    peak = (re.findall(r"peak_rss_mb: +(\d+)", said) or ["0"])[-1]
    for find in finds.glob("timeout-*"):
        if not is_slow(binary / name, find):
            find.unlink()
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
    # In a process of its own: what it took would count as each target's peak.
    seeds = multiprocessing.Process(target=make_seeds, args=(data / "corpus", targets()))
    seeds.start()
    seeds.join()
    binary = build(data)
    print("| target | executions | edges covered | peak RSS MB | finds |\n|---|--:|--:|--:|--:|")
    found = [fuzz(binary, name, options.seconds, data) for name in options.targets or targets()]
    sys.exit(1 if any(found) else 0)


if __name__ == "__main__":
    main()
