#!/usr/bin/env bash
# Make .venv-s3, where the tests find the S3 server that they push to and pull from, or leave it when it is current.
#
# An environment of its own: the server wants the newest botocore, and dvc-s3, which the tests push with, an older one.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
wanted=$( { cat scripts/s3_server.sh; "$python" -V; } | sha256sum | cut -d' ' -f1)
[ "$(cat .venv-s3/stamp 2>/dev/null)" = "$wanted" ] && exit 0

echo "setting up .venv-s3 (once; under a minute)"
rm -rf .venv-s3
"$python" -m venv .venv-s3
echo '*' > .venv-s3/.gitignore
.venv-s3/bin/python -m pip --quiet --disable-pip-version-check install 'moto[server]==5.2.5'
echo "$wanted" > .venv-s3/stamp
