#!/bin/sh
# Creates .venv in the checkout and installs the program into it.  Usage: deploy/setup.sh run|dev
# Python 3.11 to 3.13 is all it needs: no root, no Debian package. A second run finds its stamp and returns at once.
set -eu

kind=${1:-run}
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
venv=$top/.venv

case $kind in
    run) files="requirements.txt requirements-build.txt" ;;
    dev) files="requirements-dev.txt requirements-build.txt" ;;
    *) echo "usage: deploy/setup.sh run|dev" >&2; exit 2 ;;
esac

# The stamp is what was asked for: the pinned files, the project's own description and the place of the checkout
# (a virtual environment that was moved or copied has the old path in its scripts).
want=$({ echo "$top"; cat $files pyproject.toml deploy/setup.sh; } | cksum)
stamp=$venv/.installed-$kind
if [ -x "$venv/bin/congvan" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$want" ]; then
    exit 0
fi

suitable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
python=
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c "$suitable" >/dev/null 2>&1; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
    echo "congvan needs Python 3.11, 3.12 or 3.13 and found none on PATH; install one, or name it: make setup PYTHON=/path/to/python3" >&2
    exit 1
fi

if ! "$venv/bin/python" -c "$suitable" >/dev/null 2>&1 || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "== creating .venv with $("$python" --version)"
    rm -rf "$venv"
    # Debian's python3 comes without ensurepip unless python3-venv is there; an installed virtualenv, uv or pip will do.
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        "$python" -m venv "$venv"
    elif "$python" -m virtualenv --version >/dev/null 2>&1; then
        "$python" -m virtualenv --quiet "$venv"
    elif command -v uv >/dev/null 2>&1; then
        uv venv --quiet --seed --python "$python" "$venv"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip "$venv"
        "$python" -m pip --python "$venv/bin/python" install --quiet pip
    else
        echo "$python has no way to make a virtual environment; install one of python3-venv, virtualenv, uv or pip" >&2
        exit 1
    fi
fi

echo "== installing the pinned packages ($files): a minute or two"
set --
for file in $files; do set -- "$@" -r "$file"; done
# The files are complete, so nothing is resolved. Compiled when first imported instead of all at once: most of some hundred packages is never imported in a short run.
"$venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-compile --no-deps --require-hashes "$@"

echo "== installing congvan from this checkout"
"$venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-deps --no-build-isolation --editable .

# What the program imports is compiled now, once, and the cache is written even where PYTHONDONTWRITEBYTECODE is set for
# other reasons: without it every start of `congvan verify` would compile some hundred files again.
echo "== compiling what the program uses"
env -u PYTHONDONTWRITEBYTECODE "$venv/bin/python" -m compileall -q core mailbox gateway
env -u PYTHONDONTWRITEBYTECODE "$venv/bin/python" -m congvan_gateway.operations.warming

echo "$want" >"$stamp"
if [ "$kind" = dev ]; then rm -f "$venv/.installed-run"; fi
