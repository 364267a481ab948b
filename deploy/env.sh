#!/bin/sh
# Writes .env with fresh secrets for docker-compose.yml. Leaves an existing .env alone.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo ".env exists already; remove it for new secrets" >&2
  exit 0
fi
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
for name in COLLECTOR_INGEST_TOKEN COLLECTOR_ACTUATOR_TOKEN TIDEMARK_ADMIN_TOKEN GRAFANA_ADMIN_PASSWORD; do
  echo "${name}=$(secret)"
done >.env
echo "wrote .env" >&2
