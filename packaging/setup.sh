#!/bin/sh
# Makes .venv from the locks beside this file: `setup.sh` for running Hearth, `setup.sh dev` and
# `setup.sh docs` add what checks and tests, or the documentation site, need; `setup.sh web` builds
# the web client.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "setup: Hearth needs Python 3.11 or newer; on Debian or Ubuntu: apt-get install python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "setup: $("$python" -V) is too old; Hearth needs Python 3.11 or newer (set PYTHON=… to choose one)" >&2
    exit 1
fi

if [ ! -x .venv/bin/uv ]; then
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            echo "setup: installing python3-venv"
            log=$(mktemp)
            if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive \
                apt-get -q install -y --no-install-recommends python3-venv ca-certificates; } \
                >"$log" 2>&1 </dev/null; then
                cat "$log" >&2
                exit 1
            fi
            rm -f "$log"
        else
            echo "setup: python3 has no venv here; install it first, on Debian or Ubuntu: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r packaging/bootstrap.lock
fi

# uv does not read pip's configuration; pass on where this machine gets its packages from.
pip_setting() { .venv/bin/python -m pip config get "global.$1" 2>/dev/null || true; }
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(pip_setting index-url)}}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
cert=${SSL_CERT_FILE:-${PIP_CERT:-$(pip_setting cert)}}
[ -z "$cert" ] || export SSL_CERT_FILE="$cert"

install() { .venv/bin/uv pip install --quiet --python .venv/bin/python "$@"; }
case "${1:-run}" in
run)
    install --require-hashes -r packaging/requirements.lock
    install --no-deps --no-build-isolation --editable .
    ;;
dev) install --require-hashes -r packaging/requirements-dev.lock ;;
web)
    # Node comes in a wheel that not every machine can have.
    if ! install --require-hashes -r packaging/requirements-web.lock; then
        echo "setup: Node could not be installed, so there is no web client; the server runs without" >&2
        exit 0
    fi
    .venv/bin/python packaging/build_web.py build
    ;;
docs) install --require-hashes -r packaging/requirements-docs.lock ;;
lock)
    lock() {
        .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
            --no-header --no-annotate --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} "$@"
    }
    lock packaging/bootstrap.in -o packaging/bootstrap.lock
    lock pyproject.toml --group build -o packaging/requirements.lock
    lock pyproject.toml --group build --group dev -c packaging/requirements.lock \
        -o packaging/requirements-dev.lock
    lock pyproject.toml --group build --group web -c packaging/requirements-dev.lock \
        -o packaging/requirements-web.lock
    lock pyproject.toml --group build --group docs -c packaging/requirements.lock \
        -o packaging/requirements-docs.lock
    ;;
*)
    echo "setup: unknown part: $1" >&2
    exit 2
    ;;
esac
