#!/usr/bin/env bash
# Resolve the dependencies of pyproject.toml anew and write requirements/lock.txt. Run after changing them.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
pip() { "$scratch/venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
pip install --upgrade pip
pip install ${DANLU_TORCH_INDEX:+--index-url "$DANLU_TORCH_INDEX"} -r requirements/torch.txt
pip install --group test --group check --group build ".[train,serve,prove,dicom,faiss,fetch,langchain,llama-index,mcp,ner,ocr,pgvector,private,quantize,remote,scale,search,speech]"
{
  echo "# Every package but torch and those of no-deps.txt, by version. Written by scripts/lock.sh."
  pip freeze --exclude danlu | grep --invert-match '^torch=='
} > requirements/lock.txt
