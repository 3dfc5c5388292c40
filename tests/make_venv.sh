#!/usr/bin/env bash
# Create a virtual environment with pip at $1, from $PYTHON or the first suitable Python on PATH.
set -euo pipefail
venv=$1

suitable() {
    # The stable ABI that Raskt is built for needs Python 3.11 and, as yet, a build with the GIL.
    "$1" -c 'import sys, sysconfig
sys.exit(sys.version_info < (3, 11) or bool(sysconfig.get_config_var("Py_GIL_DISABLED")))' 2>/dev/null
}

found=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if command -v "$candidate" >/dev/null && suitable "$candidate"; then
        found=$(command -v "$candidate")
        break
    fi
done
if [ -z "$found" ]; then
    echo "error: no Python >= 3.11 (with the GIL) among: ${PYTHON:-python3, python3.11 to python3.14, python}" >&2
    echo "       install one, or name it: make PYTHON=/path/to/python3.12 build" >&2
    exit 1
fi

if "$found" -c 'import ensurepip, venv' 2>/dev/null; then
    "$found" -m venv --clear "$venv"
elif "$found" -c 'import virtualenv' 2>/dev/null; then
    "$found" -m virtualenv --clear --quiet "$venv"
elif command -v uv >/dev/null; then
    uv venv --quiet --clear --seed --python "$found" "$venv"
else
    echo "error: $found has no venv module (Debian and Ubuntu keep it in the package python3-venv)" >&2
    exit 1
fi
