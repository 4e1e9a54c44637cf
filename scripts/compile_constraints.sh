#!/bin/sh
# Rewrite constraints.txt: every package of every extra, direct and transitive, for Python 3.11 to 3.13
# on any platform. Needs uv. CUDA's packages are left out: constraints would not install them, but a
# pinned CUDA release fits one torch wheel only, and TORCH_INDEX_URL may choose another.
set -eu
cd "$(dirname "$0")/.."
{
    echo "# Written by scripts/compile_constraints.sh. Do not edit by hand."
    uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
        --no-emit-index-url --no-emit-package mlops-workshop pyproject.toml "$@" |
        grep -Ev '^(nvidia-|cuda-|triton|mlops-workshop)'
} >constraints.new
mv constraints.new constraints.txt
