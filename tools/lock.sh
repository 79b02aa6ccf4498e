#!/bin/sh
# Choose versions and hashes: the runtime first, then what tests, Dask and the build need on top, with the same runtime;
# and the peers of the measurements, which share nothing with it.
set -eu
cd "$(dirname "$0")/.."
export UV_CUSTOM_COMPILE_COMMAND="make lock"
compile() { .venv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url "$@"; }
compile pyproject.toml -o requirements.lock
compile pyproject.toml --extra dask --group dev -c requirements.lock -o requirements-dev.lock
compile --group pyproject.toml:build -c requirements-dev.lock -o requirements-build.lock
compile --group pyproject.toml:peers -o requirements-peers.lock
