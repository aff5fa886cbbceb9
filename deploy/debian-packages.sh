#!/bin/sh
# Installs the Debian packages of a list where this user may; says which are missing where not.
# Usage: deploy/debian-packages.sh LIST
set -eu

list=$1
command -v dpkg-query >/dev/null 2>&1 || { echo "not a Debian system: see $list for what the tests use"; exit 0; }
missing=
for package in $(sed 's/#.*//' "$list"); do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "missing Debian packages, and no right to install them:$missing" >&2
    exit 0 # the tests that need one say so by name; with CI=true they fail
fi

echo "== installing Debian packages:$missing"
# A policy that starts no service: the tests run their own servers, on loopback, in folders of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
    trap '$as_root rm -f $policy' EXIT
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
