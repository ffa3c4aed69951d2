"""Executes the notebooks of this folder and fails on the first cell that does.

The run folder comes from OFFPATH_RUN, or from `--sample`, which makes a small one by hand.
"""

import argparse
import json
import os
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jupytext
import nbformat
import polars as pl
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
SECONDS = 300


def make_sample(run: Path) -> None:
    """Writes a run folder of thirty orders, each fifth shipped before it was paid."""
    begin = datetime(2026, 3, 1, tzinfo=timezone.utc)
    events, objects, findings = [], [], []
    for order in range(30):
        case = f"order:ord_{order:05}"
        steps = ["create", "ship", "pay"] if order % 5 == 0 else ["create", "pay", "ship"]
        for place, step in enumerate(steps + ["read"]):
            event = f"e{order * 16 + place:016x}"
            time = begin + timedelta(minutes=order * 7 + place)
            events.append({
                "id": event, "time": time, "end": time + timedelta(milliseconds=20), "source": "har",
                "operation": f"POST /orders/{{orderId}}/{step}", "activity": step, "read": step == "read",
                "principal": f"user:{order % 7}", "agent": "helper" if order % 6 == 0 else None,
                "outcome": "accepted", "status": 200, "case": case, "roles": ["customer"],
                "state_before": [], "state_after": [step],
            })
            objects.append({"event": event, "type": "order", "key": f"ord_{order:05}", "qualifier": "target", "declared_state": None})
        if order % 5 == 0:
            bad = events[-3]
            findings.append({
                "id": f"F{order:012x}", "rule": "SEQ-SKIP", "title": f"{case} shipped before it was paid",
                "severity": "high", "confidence": 0.9, "verdict": "proven", "time": bad["time"], "principal": bad["principal"],
                "case": case, "activity": "ship", "expected": ["create", "pay", "ship"], "observed": ["create", "ship"],
                "evidence": json.dumps([{"event": bad["id"], "role": "deviating"}]),
            })
    (run / "events").mkdir(parents=True)
    (run / "objects").mkdir()
    pl.DataFrame(events).write_parquet(run / "events" / "0.parquet")
    pl.DataFrame(objects).write_parquet(run / "objects" / "0.parquet")
    pl.DataFrame(findings).write_parquet(run / "findings.parquet")
    (run / "run.json").write_text(json.dumps({"events": len(events), "not_read": [], "errors": [], "limits": []}))


def execute(source: Path, output: Path | None) -> None:
    """Runs one notebook; a failing cell raises with the cell and its error."""
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}).execute()
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, output / source.with_suffix(".ipynb").name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", action="store_true", help="execute on a small run folder made for this")
    parser.add_argument("-o", "--output", type=Path, help="folder for executed .ipynb files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.sample:
            make_sample(Path(folder) / "run")
            os.environ["OFFPATH_RUN"] = str(Path(folder) / "run")
        elif "OFFPATH_RUN" in os.environ:
            os.environ["OFFPATH_RUN"] = str(Path(os.environ["OFFPATH_RUN"]).resolve())
        notebooks = sorted(HERE.glob("[0-9]*.py"))
        for source in notebooks:
            execute(source, arguments.output)
            print(f"{source.name}: every cell passed")
    print(f"{len(notebooks)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
