#!/usr/bin/env bash
# Make a virtual environment with the pinned packages and this package, as links into the checkout.
# Usage: scripts/setup-python.sh PYTHON FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
folder=$2

say() { printf 'setup: %s\n' "$*" >&2; }

# The first of these that is new enough and can make an environment.
usable() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
for candidate in "$python" python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    if usable "$candidate"; then
        python=$candidate
        break
    fi
done
if ! usable "$python"; then
    say "no Python 3.11 or newer with venv found: install one and run 'make setup PYTHON=/its/path'"
    exit 2
fi

if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
    say "$folder with $("$python" --version)"
    "$python" -m venv --clear "$folder"
fi

# What pip installs is compiled at the end, by all cores at once.
pip=("$folder/bin/python" -m pip --disable-pip-version-check install --no-compile --progress-bar off --quiet)
say "installing $(grep -c == constraints.txt) packages as pinned in constraints.txt"
# hatchling is among them, so that building this package downloads nothing unpinned.
grep -v '^torch==' constraints.txt | "${pip[@]}" --requirement /dev/stdin
# The usual build of PyTorch brings gigabytes for graphics cards along. The one without is taken where
# this machine's pip finds it; else .pt files are refused with the command that mends it.
torch=$(grep '^torch==' constraints.txt)+cpu
if ! "${pip[@]}" --constraint constraints.txt "$torch" 2>/dev/null; then
    say "pip finds no $torch here: the tests that read .pt files are skipped"
fi
# A program that KiCad's own Python runs; what it says it needs is for its windows, which never open.
interactive_bom=InteractiveHtmlBom==2.12.0
if ! "${pip[@]}" --no-deps --upgrade --target "$folder/share/InteractiveHtmlBom" "$interactive_bom"; then
    say "pip finds no $interactive_bom here: boards are built without its page"
fi
say "linking realnet_hw into $folder"
"${pip[@]}" --no-deps --no-build-isolation --editable .
"$folder/bin/python" -m pip --disable-pip-version-check check --quiet
# Sources that Python complains of do so when they are compiled: here once, or before somebody's first
# command. Left out is what takes long and is hardly ever imported, and what this Python is too old for.
say "compiling what was installed"
packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
seldom='/(torch|sympy|InSpice|skidl/tools/skidl/libs|tests?)/'
"$folder/bin/python" -W ignore -m compileall -qq -j 0 -x "$seldom" "$packages" realnet_hw ||
    say "not all of it could be compiled: what was not is compiled when it is used, if this Python can"
