#!/bin/sh
# Starts the Collector of the image. Where a Kafka is attached (KAFKA_URL, as Heroku writes it), kafka.yaml is added.
if [ -n "${KAFKA_URL:-}" ]; then
  KAFKA_BROKERS=$(printf %s "$KAFKA_URL" | sed -E 's#kafka(\+ssl)?://##g')
  export KAFKA_BROKERS
  case "$KAFKA_URL" in
    kafka+ssl://*) ;;
    *) export KAFKA_INSECURE=true ;;
  esac
  set -- "$@" --config /etc/tidemark/kafka.yaml
fi
exec tidemark-collector "$@"
