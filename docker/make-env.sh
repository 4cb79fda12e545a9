#!/bin/sh
# Creates docker/.env with random secrets, or adds those that a newer version needs. Never replaces
# a secret: secrets stored in Kafka can be decrypted with the platform key of the file only.
set -eu
folder="$(dirname "$0")"
file="${1:-$folder/.env}"
secret() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
# Node.js of this machine, or of the image that the services are built from.
node_script() {
  if command -v node >/dev/null; then
    node --input-type=module -
  else
    image="$(sed -n 's/^ARG NODE_IMAGE=//p' "$folder/Dockerfile")"
    docker run --rm -i --network none -e SENDOFF_PLATFORM_KEY "$image" node --input-type=module -
  fi
}
umask 077
touch "$file"
# Without a newline at its end, the last secret would run on into the first line that is added.
if [ -n "$(tail -c 1 "$file")" ]; then echo >>"$file"; fi
added=
has() { grep -q "^$1=" "$file"; }
add() {
  has "$1" && return
  echo "$1=$(secret "$2")" >>"$file"
  added="$added $1"
}
add SENDOFF_PROJECT_ID 16
add SENDOFF_TOKEN 24
add SENDOFF_ACCESS_KEY 10
add SENDOFF_SECRET_KEY 20
add SENDOFF_PLATFORM_KEY 32
add S3_ACCESS_KEY 10
add S3_SECRET_KEY 20
add DATABASE_PASSWORD 32
# Accounts at the broker. The last one is for producers and consumers of your own.
add KAFKA_ADMIN_PASSWORD 32
add KAFKA_INGRESS_PASSWORD 32
add KAFKA_EXECUTOR_PASSWORD 32
add KAFKA_RETRY_SCHEDULER_PASSWORD 32
add KAFKA_NOTIFIER_PASSWORD 32
add KAFKA_STATUS_LOGGER_PASSWORD 32
add KAFKA_OUTSIDE_PASSWORD 32
# Keys of single services, derived from the platform key.
if ! has SENDOFF_FUNCTIONS_KEY || ! has SENDOFF_SUBSCRIPTION_KEY || ! has SENDOFF_PUBLIC_KEYS; then
  SENDOFF_PLATFORM_KEY="$(sed -n 's/^SENDOFF_PLATFORM_KEY=//p' "$file")"
  export SENDOFF_PLATFORM_KEY
  derived="$(node_script <"$folder/derive-keys.mjs")"
  for line in $derived; do
    has "${line%%=*}" && continue
    echo "$line" >>"$file"
    added="$added ${line%%=*}"
  done
fi
if [ -z "$added" ]; then
  echo "$file already exists and is complete; delete it to create new secrets" >&2
  exit 1
fi
echo "secrets were created in $file:$added" >&2
