#!/usr/bin/env bash
# Write constraints.txt anew: the newest versions that pyproject.toml admits, in a fresh environment.
# Usage: scripts/pin.sh [PYTHON]      then look at `git diff constraints.txt` and run `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

echo "pin: installing the newest versions into a fresh environment" >&2
"$python" -m venv "$fresh/venv"
"$fresh/venv/bin/python" -m pip install --quiet '.[dev,torch]'
{
    echo "# Exact versions of every Python package that make setup installs. Written by scripts/pin.sh."
    # Which build of torch, and what drives graphics cards, is none of a pin.
    "$fresh/venv/bin/python" -m pip freeze --all --exclude realnet_hw --exclude pip |
        sed -E '/^(nvidia|cuda|triton)/d; s/^(torch==[^+]*)\+.*/\1/'
} > "$fresh/constraints.txt"
mv "$fresh/constraints.txt" constraints.txt
echo "pin: constraints.txt has $(grep -c == constraints.txt) packages" >&2
