"""Invariant 12: `danlu --help` never imports torch, nor anything else that is heavy."""

import subprocess
import sys

import pytest

HEAVY = (
    "torch transformers peft gguf tokenizers safetensors numpy scipy pyarrow pydantic yaml ftfy jinja2 sqlite3 rich docx pypdfium2"
    " resiliparse rjieba Stemmer py3langid ray mlflow starlette uvicorn asyncio multiprocessing ssl"
).split()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["--version"], ["--lang", "zh", "--help"], ["nonsense"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = "import sys\nfrom danlu.cli.main import main\nmain(sys.argv[1:])"
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    imported = {
        line.rsplit("|", 1)[1].strip().split(".")[0] for line in ran.stderr.splitlines() if line.count("|") == 2
    }
    assert "danlu" in imported
    assert imported.isdisjoint(HEAVY)
