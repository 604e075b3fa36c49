#!/usr/bin/env bash
# Create .venv and install the course with its pinned versions, then say in one verdict what is there.
# Safe to run again; instant when nothing changed. PYTHON=… chooses another interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() { printf '%s\n' "$1" >&2; exit 1; }

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python py; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && is_recent "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "requirements.sh: no Python 3.11 or newer was found. Install one, or name it: PYTHON=/path/to/python bash requirements.sh"
}

venv_python() { if [ -x .venv/Scripts/python.exe ]; then echo .venv/Scripts/python.exe; else echo .venv/bin/python; fi; }

if ! [ -x "$(venv_python)" ] || ! is_recent "$(venv_python)"; then
    python=$(find_python)
    echo "Creating .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || fail "requirements.sh: '$python -m venv' failed. On Debian or Ubuntu install python3-venv, then run this again."
fi
python=$(venv_python)

# What was installed is remembered as a hash of everything that decides it.
wanted=$("$python" - <<'PY'
import hashlib, pathlib, sys
text = b"".join(pathlib.Path(name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
print(hashlib.sha256(text + sys.version.encode() + str(pathlib.Path.cwd()).encode()).hexdigest())
PY
)
if [ "$(cat .venv/installed 2>/dev/null || true)" != "$wanted" ]; then
    echo "Installing the course into .venv: PyTorch is large, so this takes some minutes the first time."
    rm -f .venv/installed
    "$python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' \
        || fail "requirements.sh: pip could not install the course (see above). Check the network, then run this again: what is there is kept."
    printf '%s\n' "$wanted" > .venv/installed
fi

exec "$python" -m scalable_ai doctor
