#!/usr/bin/env python3
"""Checks every dependency's licence against the list in deny.toml, from cargo's own metadata.

`cargo deny check` reads the same file and checks more (advisories, bans, sources); it has to be installed for that,
so the per-commit run uses this.
"""

import json
import re
import subprocess
import sys
import tomllib


def satisfied(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with allowed licences: any branch of OR, every part of AND."""
    expression = expression.replace("/", " OR ")
    tokens = re.findall(r"\(|\)|[^\s()]+", expression)

    def parse_or(at: int) -> tuple[bool, int]:
        value, at = parse_and(at)
        while at < len(tokens) and tokens[at] == "OR":
            right, at = parse_and(at + 1)
            value = value or right
        return value, at

    def parse_and(at: int) -> tuple[bool, int]:
        value, at = parse_one(at)
        while at < len(tokens) and tokens[at] == "AND":
            right, at = parse_one(at + 1)
            value = value and right
        return value, at

    def parse_one(at: int) -> tuple[bool, int]:
        if tokens[at] == "(":
            value, at = parse_or(at + 1)
            return value, at + 1
        name = tokens[at]
        if at + 2 < len(tokens) and tokens[at + 1] == "WITH":
            return f"{name} WITH {tokens[at + 2]}" in allowed, at + 3
        return name in allowed, at + 1

    return parse_or(0)[0]


def main() -> int:
    with open("deny.toml", "rb") as file:
        allowed = set(tomllib.load(file)["licenses"]["allow"])
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--all-features", "--locked"],
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    refused = [
        f"{package['name']} {package['version']}: {package['license'] or 'no licence given'}"
        for package in metadata["packages"]
        if not package["license"] or not satisfied(package["license"], allowed)
    ]
    if refused:
        print("licences that deny.toml does not allow:", *refused, sep="\n  ", file=sys.stderr)
        return 1
    print(f"licences: {len(metadata['packages'])} packages, all allowed by deny.toml")
    return 0


if __name__ == "__main__":
    sys.exit(main())
