#!/bin/sh
# Make .venv, or bring it up to date, from lock files with hashes.
#
#   sh tools/environment.sh runtime    what wirewatch needs to run
#   sh tools/environment.sh dev        that, and what tests, checks and Dask need
#   sh tools/environment.sh peers      .venv-peers: what bench/ is measured beside; needs .venv
#
# PYTHON names the interpreter (default: python3, else the newest of 3.11 to 3.13 on PATH). Nothing else must be
# installed: where Python has neither venv nor virtualenv, uv makes the environment.
set -eu
cd "$(dirname "$0")/.."
kind=$1
case $kind in dev) lock=requirements-dev.lock ;; *) lock=requirements.lock ;; esac

say() { printf 'wirewatch: %s\n' "$*" >&2; }

suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if suits "$name"; then
            echo "$name"
            return
        fi
    done
    say "needs Python 3.11, 3.12 or 3.13; ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2>&1 || true)"
    say "install one, then name it: make PYTHON=/path/to/python3.12 demo"
    exit 1
}

# What pip was told about indexes and certificates, uv is told too.
pip_setting() { "$python" -m pip config get "global.$1" 2>/dev/null || true; }

take_over_pip_settings() {
    index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(pip_setting index-url)}}
    certificates=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
    [ -z "$certificates" ] || export SSL_CERT_FILE="$certificates"
    export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
}

install_pinned() { "$@" --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock; }

# Sets $uv. The three ways, in order: venv; virtualenv; a uv in a temporary folder, which needs pip alone.
make_environment() {
    if "$python" -m venv --clear .venv >/dev/null 2>&1 || "$python" -m virtualenv --clear .venv >/dev/null 2>&1; then
        install_pinned .venv/bin/python -m pip install
        uv=.venv/bin/uv
        return
    fi
    rm -rf .venv
    borrowed=$(mktemp -d)
    trap 'rm -rf "$borrowed"' EXIT
    if ! install_pinned "$python" -m pip install --target "$borrowed" 2>"$borrowed/errors"; then
        cat "$borrowed/errors" >&2
        say "$python can make no virtual environment here. On Debian and Ubuntu run this, then the same command again:"
        say "    sudo apt-get install -y python3-venv"
        exit 1
    fi
    say "$python has no venv: uv makes the environment instead"
    uv=$borrowed/bin/uv
    "$uv" venv --quiet --python "$python" .venv
}

python=$(find_python)
take_over_pip_settings
if [ "$kind" = peers ]; then
    say "installing $(grep -c '^[a-z0-9].*==' requirements-peers.lock) pinned packages from requirements-peers.lock"
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python .venv-peers
    .venv/bin/uv pip sync --quiet --compile-bytecode --python .venv-peers/bin/python --require-hashes requirements-peers.lock
    touch .venv-peers/peers.stamp
    exit
fi
uv=.venv/bin/uv
if ! .venv/bin/python -c '' 2>/dev/null || ! "$uv" --version >/dev/null 2>&1; then
    say "making .venv with $("$python" --version)"
    make_environment
fi

quiet=--quiet
[ ! -t 2 ] || quiet=
say "installing $(grep -c '^[a-z0-9].*==' $lock) pinned packages from $lock"
started=$(date +%s)
# compiled once, here: where PYTHONDONTWRITEBYTECODE is set every process would compile all it imports, for seconds
"$uv" pip sync $quiet --compile-bytecode --python .venv/bin/python --require-hashes "$lock" requirements-build.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
say "ready after $(($(date +%s) - started)) s"
rm -f .venv/*.stamp
touch ".venv/$kind.stamp"
