#!/usr/bin/env bash
# Packs the package and installs it into empty apps beside each OpenTelemetry line and each BullMQ that it claims: without force, without
# a second copy of sdk-metrics where the app brings its own, with a clean `npm ls`; then a worker of that app loads it both ways.
set -euo pipefail
cd "$(dirname "$0")/.."

work="$(mktemp -d)"
trap 'rm -rf "${work}"' EXIT
export PATH="${PWD}/node_modules/.bin:${PATH}"
npm pack --silent --pack-destination "${work}" >/dev/null
tarball="$(ls "${work}"/tidemark-*.tgz)"

check() {
  local name="$1"
  shift
  local app="${work}/${name}"
  mkdir -p "${app}"
  echo "--- ${name}: $*"
  (
    cd "${app}"
    echo '{"name":"app","version":"1.0.0","private":true}' >package.json
    npm install --silent --no-audit --no-fund "$@" "${tarball}"
    npm ls --all >/dev/null
    copies="$(find node_modules -path '*@opentelemetry/sdk-metrics/package.json' | wc -l)"
    if [ "${name#otel}" != "${name}" ] && [ "${copies}" -ne 1 ]; then
      echo "${copies} copies of @opentelemetry/sdk-metrics instead of one" >&2
      exit 1
    fi
    export OTEL_METRICS_EXPORTER=none
    echo "import 'tidemark/register'; import { Worker } from 'bullmq'; if (typeof Worker !== 'function') process.exit(1);" >esm.mjs
    echo "require('tidemark/register'); const { Worker } = require('bullmq'); if (typeof Worker !== 'function') process.exit(1);" >cjs.cjs
    echo "import { BullMQMemoryInstrumentation, herokuDetector } from 'tidemark'; herokuDetector.detect(); new BullMQMemoryInstrumentation();" >own.mjs
    node esm.mjs
    node cjs.cjs
    node own.mjs
    node --import tidemark/register esm.mjs
    npx tidemark --version >/dev/null
  )
}

check otel-3 bullmq@6 @opentelemetry/api@^1.10 @opentelemetry/sdk-node@0.301.0
check otel-2 bullmq@5 @opentelemetry/api@~1.9.1 @opentelemetry/sdk-node@0.223.0
check bare bullmq@6 @opentelemetry/api
