#!/bin/sh
# Find a Python that the course supports, then hand over to scripts/bootstrap. This much can't be written in Python:
# there may be none, or one too old to read the rest.
set -eu
cd "$(dirname "$0")/.."

version_of() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || true
}

found=""
# The Python of an existing .venv comes before those on PATH: activating another environment should rebuild nothing.
for candidate in ${PYTHON:+"$PYTHON"} .venv/bin/python python3 python3.11 python3.12 python3.13; do
    version=$(version_of "$candidate")
    case "$version" in
    3.11.* | 3.12.* | 3.13.*)
        exec env PYTHONPATH=scripts "$candidate" -P -m bootstrap "$@"
        ;;
    ?*) found="${found:+$found, }$candidate is $version" ;;
    esac
    if [ -n "${PYTHON:-}" ]; then
        found=${found:-"PYTHON=$PYTHON does not run"}
        break
    fi
done
echo "set-up: the course needs Python 3.11, 3.12 or 3.13; found: ${found:-no Python at all}." \
    "Install one (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.12;" \
    "conda: see environment.yml) and name it, in the same command: PYTHON=python3.12" >&2
exit 1
