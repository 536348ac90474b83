#!/usr/bin/env bash
# Installs what the SDKs for JavaScript and Python build with, as they pin it, into target/tools. Needs node and python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=${CARGO_TARGET_DIR:-target}/tools

mkdir -p "$tools/js"
cp sdk/js/package.json sdk/js/package-lock.json "$tools/js/"
npm ci --prefix "$tools/js" --no-audit --no-fund

python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement sdk/python/requirements.txt
