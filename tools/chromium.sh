#!/bin/sh
# Browser tests need Chromium. Where there is none, root gets Debian's; nobody else is asked for a password.
set -eu
if [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "wirewatch: installing Chromium for the browser tests" >&2
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; then
        exit 0
    fi
fi
echo "wirewatch: no Chromium here, and it cannot be installed" >&2
[ -z "${CI:-}" ]
