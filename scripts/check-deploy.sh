#!/usr/bin/env bash
# Checks docker-compose.yml against the Compose Specification, by its own loader (built from its Go module and kept in
# the user's cache folder), and Prometheus's configuration and rules by promtool, with the rules' tests. No engine is
# needed.
set -euo pipefail
cd "$(dirname "$0")/.."

version='v2.16.2'
cache="${XDG_CACHE_HOME:-${HOME}/.cache}/tidemark/compose-spec-${version}"
export PATH="${PATH}:/usr/local/go/bin"
if [ ! -x "${cache}/cmd" ]; then
  command -v go >/dev/null || { echo 'Go 1.25 or newer is needed, from https://go.dev/dl' >&2; exit 1; }
  GOBIN="${cache}" go install "github.com/compose-spec/compose-go/v2/cmd@${version}"
fi
"${cache}/cmd" -no-interpolation docker-compose.yml >/dev/null
echo 'docker-compose.yml keeps to the Compose Specification.'

command -v promtool >/dev/null || { echo 'promtool is needed: install the package "prometheus"' >&2; exit 1; }
# The configuration names the rules, so they are checked with it.
promtool check config deploy/prometheus.yml
promtool test rules test/deploy/rules.test.yml
