#!/bin/sh
# Chromium for the tests that drive the page. Never fails: without it those tests say so and skip.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the page's tests."
    if { apt-get install -y -qq chromium || { apt-get update -qq && apt-get install -y -qq chromium; }; } >/dev/null 2>&1; then
        exit 0
    fi
    echo "Chromium could not be installed."
fi
echo "The tests of the page need Chromium and will be skipped: install the package 'chromium'."
exit 0
