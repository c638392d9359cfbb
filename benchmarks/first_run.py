"""Time and memory of every stage of the demo, from an empty project, and of the run that finds all done; and how good its bot is.

    python benchmarks/first_run.py [--docs PATH] [--threads N]

Peak memory is the proportional set size of the whole process tree (workers and children too; shared pages counted
once), sampled every 0.2 s. CPU-seconds are the kernel's own accounting of each stage.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from watching import watch

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"


def main() -> None:
    """Run the demo in a scratch folder and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, help="documents to run on (default: the handbook example)")
    parser.add_argument("--threads", type=int, help="processors to run on (default: all)")
    options = parser.parse_args()
    if options.threads:
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: options.threads]))
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        _make(project, options.docs)
        first_s, peak_mb = _run(project)
        _print_stages(project)
        again_s, _ = _run(project)
        subprocess.run([*_danlu(), "evaluate"], cwd=project, check=True)
        print(f"first run {first_s:.1f} s, peak {peak_mb} MB over the process tree; run again {again_s:.2f} s")


def _make(project: Path, docs: Path | None) -> None:
    if docs is None:
        shutil.copytree(HANDBOOK, project, ignore=shutil.ignore_patterns(".danlu"))
        return
    subprocess.run(
        [*_danlu(), "init", str(project), "--docs", str(docs.resolve())], check=True, stdout=subprocess.DEVNULL
    )


def _danlu() -> list[str]:
    return [sys.executable, "-c", "import sys; from danlu.cli.main import main; sys.exit(main())"]


def _run(project: Path) -> tuple[float, int]:
    """Wall seconds and peak megabytes of one `danlu run`."""
    process = subprocess.Popen([*_danlu(), "run"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall_s, peak_mb = watch(process)
    if process.returncode:
        sys.exit(f"danlu run ended with status {process.returncode}")
    return wall_s, peak_mb


def _print_stages(project: Path) -> None:
    runs = []
    for path in (project / ".danlu" / "artifacts").glob("*/*/run.json"):
        size_mb = sum(file.stat().st_size for file in path.parent.rglob("*") if file.is_file()) / 1e6
        runs.append((path.parent.parent.name, json.loads(path.read_text(encoding="utf-8")), size_mb))
    print(f"{'stage':<16} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'disk MB':>8}")
    for stage, run, size_mb in sorted(runs, key=lambda entry: entry[1]["started"]):
        print(f"{stage:<16} {run['wall_s']:>8.1f} {run['cpu_s']:>8.1f} {run['peak_memory_mb']:>8} {size_mb:>8.1f}")


if __name__ == "__main__":
    main()
