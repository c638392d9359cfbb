#!/usr/bin/env bash
# Make .venv from the lock, or leave it when it is current. Run by every make target.
#
# The lock is complete, so pip resolves nothing (--no-deps): what is installed is what is written down. torch comes
# apart, since its builds differ by machine: on Linux the default index serves one with CUDA, of several
# gigabytes, whose own libraries come along; DANLU_TORCH_INDEX, the URL of PyTorch's CPU wheel index, gives the small one.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
wanted=$( { cat requirements/*.txt pyproject.toml scripts/setup.sh; "$python" -V; } | sha256sum | cut -d' ' -f1)
[ "$(cat .venv/stamp 2>/dev/null)" = "$wanted" ] && exit 0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "danlu needs Python 3.11 or newer, and $python is $("$python" -V 2>&1)" >&2; exit 2; }
echo "setting up .venv (once; some minutes)"
rm -rf .venv
"$python" -m venv .venv
if [ "$(uname -s)" = Linux ] && [ -z "${DANLU_TORCH_INDEX:-}${PIP_FIND_LINKS:-}" ] && ! command -v nvidia-smi > /dev/null; then
  echo "no NVIDIA GPU here: with DANLU_TORCH_INDEX set to PyTorch's CPU wheel index, set-up is several gigabytes smaller"
fi
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }
pip install --no-deps -r requirements/lock.txt
pip install --no-deps -r requirements/no-deps.txt
pip install ${DANLU_TORCH_INDEX:+--index-url "$DANLU_TORCH_INDEX"} -r requirements/torch.txt
pip install --no-deps --target .venv/apart -r requirements/apart.txt
pip install --no-deps --no-build-isolation --editable .
echo "$wanted" > .venv/stamp
