#!/bin/sh
# Creates docker/.env with random secrets, or adds those that a newer version needs. Never replaces
# a secret: secrets stored in Kafka can be decrypted with the platform key of the file only.
set -eu
file="${1:-$(dirname "$0")/.env}"
secret() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
touch "$file"
added=
add() {
  grep -q "^$1=" "$file" && return
  echo "$1=$(secret "$2")" >>"$file"
  added="$added $1"
}
add SENDOFF_PROJECT_ID 16
add SENDOFF_TOKEN 24
add SENDOFF_ACCESS_KEY 10
add SENDOFF_SECRET_KEY 20
add SENDOFF_INTERNAL_TOKEN 24
add SENDOFF_PLATFORM_KEY 32
add S3_ACCESS_KEY 10
add S3_SECRET_KEY 20
# Accounts at the broker. The last one is for producers and consumers of your own.
add KAFKA_ADMIN_PASSWORD 32
add KAFKA_INGRESS_PASSWORD 32
add KAFKA_EXECUTOR_PASSWORD 32
add KAFKA_RETRY_SCHEDULER_PASSWORD 32
add KAFKA_NOTIFIER_PASSWORD 32
add KAFKA_STATUS_LOGGER_PASSWORD 32
add KAFKA_OUTSIDE_PASSWORD 32
if [ -z "$added" ]; then
  echo "$file already exists and is complete; delete it to create new secrets" >&2
  exit 1
fi
echo "secrets were created in $file:$added" >&2
