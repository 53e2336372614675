#!/usr/bin/env bash
# The check on a GPU: see docs/gpu.md, or run.sh --help. Needs a Python with PyTorch (PYTHON=PATH names one), and nothing else.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
if ! command -v "$python" > /dev/null; then
    echo "run.sh: there is no $python; PYTHON=PATH names a Python with PyTorch" >&2
    exit 2
fi
exec "$python" -u "$here/check.py" "$@"
