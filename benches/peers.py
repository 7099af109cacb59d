#!/usr/bin/env python3
"""Reads one corpus with octorato, its floor and the tools that people know, side by side.

    cargo build --release --workspace
    python3 gen_corpus.py target/corpus/.claude --files 2000 --mb 1024 --projects 40 --seed 7
    python3 benches/peers.py target/corpus

CORPUS is a home folder: it holds `.claude`. The peers are installed once, from npm and PyPI, below
target/peers. Each round runs every tool once, so that a slow spell of the machine hits all of them;
the first round warms the page cache and is not counted. Wall time, CPU (user + system) and peak
memory are the operating system's own accounts of the finished process. Prints a Markdown table of
medians, and ratios against octorato pair by pair.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "target" / "peers"
CCUSAGE, TOKSCALE, AIBURN = "20.0.24", "4.17.0", "0.4.5"


def install() -> None:
    """Installs the peers unless they are there."""
    PEERS.mkdir(parents=True, exist_ok=True)
    if not (PEERS / "node_modules").exists():
        packages = [f"ccusage@{CCUSAGE}", f"@tokscale/cli-linux-x64-gnu@{TOKSCALE}"]
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", PEERS, *packages]
        subprocess.run(command, check=True, stdout=sys.stderr)
        for binary in PEERS.glob("node_modules/@*/*/bin/*"):
            binary.chmod(0o755)
    if not (PEERS / "venv").exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS / "venv"], check=True)
        pip = [PEERS / "venv/bin/pip", "install", "--quiet", f"aiburn=={AIBURN}"]
        subprocess.run(pip, check=True, stdout=sys.stderr)


def commands(corpus: pathlib.Path) -> dict[str, list]:
    """What each tool is asked: tokens and cost of everything, as JSON."""
    modules = PEERS / "node_modules"
    release = ROOT / "target" / "release"
    return {
        "floor": [release / "floor", corpus / ".claude"],
        "octorato report": [release / "octorato", "report", "--json", "--logs", corpus / ".claude"],
        "octorato report --by project,model": [
            release / "octorato", "report", "--json", "--by", "project,model",
            "--logs", corpus / ".claude",
        ],
        f"aiburn {AIBURN}": [PEERS / "venv/bin/aiburn", "daily", "--claude", "--json"],
        f"ccusage {CCUSAGE}": [
            modules / "@ccusage/ccusage-linux-x64/bin/ccusage",
            "claude", "session", "--offline", "--json", "-z", "UTC",
        ],
        f"tokscale {TOKSCALE} (cold cache)": [
            modules / "@tokscale/cli-linux-x64-gnu/bin/tokscale",
            "models", "--json", "--no-spinner", "-c", "claude", "--group-by", "workspace,model",
        ],
    }


def run(command: list, home: pathlib.Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of one run."""
    for cache in (home / ".cache", home / ".config/tokscale"):
        subprocess.run(["rm", "-rf", cache], check=True)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC", "NO_COLOR": "1",
        "OCTORATO_HOME": str(home / "none"), "OCTORATO_STATE": str(home / "none"),
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}: {command}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    install()
    corpus = arguments.corpus.resolve()
    tools = commands(corpus)
    runs: dict[str, list] = {name: [] for name in tools}
    for number in range(arguments.rounds + 1):
        for name, command in tools.items():
            measured = run(command, corpus)
            if number:
                runs[name].append(measured)
    ours = runs["octorato report"]
    print("| tool | wall s | CPU s | peak MB | wall, times octorato | CPU, times octorato |")
    print("| :-- | --: | --: | --: | --: | --: |")
    for name, measured in runs.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*measured))
        ratios = [
            statistics.median(theirs[at] / mine[at] for theirs, mine in zip(measured, ours))
            for at in (0, 1)
        ]
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
