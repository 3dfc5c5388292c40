#!/usr/bin/env bash
# See to it that there is a Chromium for the tests of the dashboard. Where it cannot be installed those tests are skipped.
set -euo pipefail

for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome chrome; do
    command -v "$name" >/dev/null && exit 0
done
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo -n)
if command -v apt-get >/dev/null \
    && "${sudo[@]}" apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1; then
    exit 0
fi
echo 'note: no Chromium, and it cannot be installed here: the dashboard is not tested in a browser' >&2
