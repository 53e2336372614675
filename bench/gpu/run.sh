#!/usr/bin/env bash
# The check on a GPU: see docs/gpu.md, or run.sh --help; run.sh --self-test tests the script. Needs a Python with PyTorch (PYTHON=PATH names one), and nothing else.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
if ! command -v "$python" > /dev/null; then
    echo "run.sh: there is no $python; PYTHON=PATH names a Python with PyTorch" >&2
    exit 2
fi
if [ "${1:-}" = --self-test ]; then
    shift
    exec "$python" -B "$here/selftest.py" "$@"
fi
exec "$python" -u "$here/check.py" "$@"
