# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First look at a run
#
# Reads the folder that `offpath check ... -o run/` wrote: `run.json`, `events/*.parquet`, `objects/*.parquet` and
# `findings.parquet`. Set `OFFPATH_RUN` to the folder, or start the notebook beside `run/`.
#
# Each section ends with checks: a number that other tools will build on is wrong loudly or not at all.

# %%
import json
import os
from pathlib import Path

import altair as alt
import polars as pl

run = Path(os.environ.get("OFFPATH_RUN", "run"))
assert run.is_dir(), f"no run folder at {run}: set OFFPATH_RUN"

# Charts of more rows than this are aggregated first; the notebook file stays small.
alt.data_transformers.enable("default", max_rows=20_000)
# Drawings go into the notebook as pictures: the usual renderer would load its script from the network.
alt.renderers.enable("svg")


# %%
def table(pattern: str) -> pl.DataFrame:
    """Reads all Parquet files of one kind; a kind that the run did not write is an empty table."""
    files = sorted(run.glob(pattern))
    return pl.read_parquet(files) if files else pl.DataFrame()


def column(frame: pl.DataFrame, name: str, kind=pl.String) -> pl.Expr:
    """A column, or nulls where this version of the run folder has none of that name."""
    return pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)


summary = json.loads((run / "run.json").read_text()) if (run / "run.json").exists() else {}
events = table("events/*.parquet")
objects = table("objects/*.parquet")
findings = table("findings.parquet")

assert events.height > 0, "the run has no events"
assert {"id", "time", "activity", "outcome", "case"} <= set(events.columns), events.columns
assert events["id"].n_unique() == events.height, "an event id appears twice"

# %% [markdown]
# ## What was read, and what was not

# %%
window = events.select(pl.col("time").min().alias("from"), pl.col("time").max().alias("to"))
print(f"{events.height:,} events in {events['case'].n_unique():,} cases, {window['from'][0]} to {window['to'][0]} UTC")
for part in summary.get("not_read", []):
    print(f"not read: {part['count']:,} {part['reason']} ({part['bytes']:,} bytes)")
for line in summary.get("errors", []) + summary.get("limits", []):
    print("attention:", line)

if summary:
    assert summary["events"] == events.height, (summary["events"], events.height)

# %% [markdown]
# ## Who did what

# %%
actors = (
    events.select(
        column(events, "principal").fill_null("not identified"),
        column(events, "agent").fill_null("-"),
        pl.col("outcome"),
    )
    .group_by("principal", "agent")
    .agg(events=pl.len(), rejected=(pl.col("outcome") == "rejected").sum())
    .sort("events", "principal", "agent", descending=[True, False, False])
)
assert actors["events"].sum() == events.height
actors.head(15)

# %% [markdown]
# ## The observed process
#
# What followed what within a case, over accepted steps that are not mere reads. Thick is often.

# %%
steps = (
    events.with_columns(
        column(events, "activity"),
        column(events, "operation"),
        column(events, "read", pl.Boolean).fill_null(False),
    )
    .with_columns(step=pl.coalesce("activity", "operation"))
    .filter(pl.col("case").is_not_null() & ~pl.col("read") & (pl.col("outcome") == "accepted") & pl.col("step").is_not_null())
    .sort("case", "time", "id")
    .with_columns(next=pl.col("step").shift(-1).over("case"))
)
follows = (
    steps.drop_nulls("next")
    .group_by("step", "next")
    .agg(count=pl.len())
    .sort("count", "step", "next", descending=[True, False, False])
)
# Each case of n steps has n - 1 pairs: nothing was lost or doubled.
assert follows["count"].sum() == steps.height - steps["case"].n_unique()
follows.head(20)

# %%
# Steps stand where they usually come in a case; an arc to the right runs forward, one to the left runs back.
order = (
    steps.with_columns(place=pl.int_range(pl.len()).over("case"))
    .group_by("step")
    .agg(place=pl.col("place").mean(), count=pl.len())
    .sort("place", "step")
    .with_row_index("row")
)
rows = order.select("step", pl.col("row").cast(pl.Int64))
drawn = (
    follows.head(40)
    .join(rows, on="step")
    .join(rows.rename({"step": "next", "row": "to"}), on="next")
    .filter(pl.col("row") != pl.col("to"))
    .with_row_index("arc")
)
bends = pl.DataFrame({"t": [place / 24 for place in range(25)]})
arcs = drawn.join(bends, how="cross").with_columns(
    y=pl.col("row") + (pl.col("to") - pl.col("row")) * pl.col("t"),
    x=(pl.col("to") - pl.col("row")) * 4 * pl.col("t") * (1 - pl.col("t")),
)
lines = (
    alt.Chart(arcs)
    .mark_line(opacity=0.5, interpolate="basis")
    .encode(
        x=alt.X("x:Q", axis=None),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(reverse=True, domain=[-0.7, order.height - 0.3])),
        detail="arc:N",
        order="t:Q",
        size=alt.Size("count:Q", scale=alt.Scale(type="sqrt", range=[1, 12]), title="followed by"),
        color=alt.condition("datum.to > datum.row", alt.value("#1f5fbf"), alt.value("#a3123a")),
        tooltip=["step", "next", "count"],
    )
)
named = order.with_columns(text=pl.format("{} ({})", "step", "count"), x=pl.lit(0.0))
texts = alt.Chart(named).encode(x="x:Q", y="row:Q", text="text:N")
halo = texts.mark_text(fontWeight="bold", fontSize=13, stroke="white", strokeWidth=6, strokeJoin="round")
labels = texts.mark_text(fontWeight="bold", fontSize=13)
process_map = (lines + halo + labels).properties(width=520, height=max(120, 60 * order.height), title="What followed what: to the right forward, to the left back")
process_map

# %% [markdown]
# ## Findings over time

# %%
SEVERITIES = ["critical", "high", "medium", "low"]
if findings.height:
    assert {"id", "rule", "severity", "confidence", "time"} <= set(findings.columns), findings.columns
    assert findings["id"].n_unique() == findings.height, "a finding id appears twice"
    assert findings["confidence"].is_between(0, 1).all()
    if findings.schema["time"] == pl.String:
        findings = findings.with_columns(pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC"))
    length = findings["time"].max() - findings["time"].min()
    every = "1m" if length.total_seconds() < 7_200 else "1h" if length.days < 4 else "1d"
    names = {"1m": "minute", "1h": "hour", "1d": "day"}
    over_time = (
        findings.with_columns(pl.col("time").dt.truncate(every), pl.col("severity").cast(pl.String))
        .group_by("time", "severity")
        .agg(findings=pl.len())
        .sort("time", "severity")
    )
    assert over_time["findings"].sum() == findings.height
    chart = (
        alt.Chart(over_time)
        .mark_bar(size=max(3, min(32, 500 // max(1, int(length.total_seconds() // {"1m": 60, "1h": 3_600, "1d": 86_400}[every])))))
        .encode(
            x=alt.X("time:T", title="UTC"),
            y=alt.Y("findings:Q"),
            color=alt.Color("severity:N", sort=SEVERITIES, scale=alt.Scale(domain=SEVERITIES, range=["#a3123a", "#d9661f", "#c79a10", "#6e8aa8"])),
            tooltip=["time", "severity", "findings"],
        )
        .properties(width=720, height=220, title=f"Findings per {names[every]}")
    )
else:
    chart = "no findings"
chart

# %%
# The worst rules, and for each one case to look at with `offpath show CASE --run RUN`.
if findings.height:
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    worst = (
        findings.with_columns(
            column(findings, "case"),
            column(findings, "title"),
            rank=pl.col("severity").cast(pl.String).replace_strict(rank, default=len(rank), return_dtype=pl.Int64),
        )
        .sort("rank", "confidence", "id", descending=[False, True, False])
        .group_by("rule", maintain_order=True)
        .agg(findings=pl.len(), severity=pl.col("severity").first(), case=pl.col("case").first(), example=pl.col("title").first())
    )
else:
    worst = pl.DataFrame()
worst

# %% [markdown]
# ## Every finding leads back to events
#
# The evidence of each finding names events of this run; one that does not is a bug worth reporting.

# %%
if findings.height and "evidence" in findings.columns:
    known = set(events["id"].cast(pl.String))
    named = {entry["event"] for text in findings["evidence"].drop_nulls().to_list() for entry in json.loads(text)}
    missing = named - known
    assert not missing, f"{len(missing)} events of the evidence are not in the run, e.g. {sorted(missing)[:3]}"
    print(f"{len(named):,} events stand behind {findings.height:,} findings; all are in the run")

# %% [markdown]
# ## Objects

# %%
if objects.height:
    kinds = objects.group_by("type").agg(objects=pl.col("key").n_unique(), events=pl.col("event").n_unique()).sort("type")
    assert set(objects["event"].cast(pl.String)) <= set(events["id"].cast(pl.String)), "a relation to an unknown event"
else:
    kinds = pl.DataFrame()
kinds
