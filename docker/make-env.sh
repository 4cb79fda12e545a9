#!/bin/sh
# Creates docker/.env with random secrets. Never overwrites the file: secrets stored in Kafka can be
# decrypted with its platform key only.
set -eu
file="${1:-$(dirname "$0")/.env}"
if [ -e "$file" ]; then
  echo "$file already exists; delete it to create new secrets" >&2
  exit 1
fi
secret() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
cat >"$file" <<EOF
SENDOFF_PROJECT_ID=$(secret 16)
SENDOFF_TOKEN=$(secret 24)
SENDOFF_ACCESS_KEY=$(secret 10)
SENDOFF_SECRET_KEY=$(secret 20)
SENDOFF_INTERNAL_TOKEN=$(secret 24)
SENDOFF_PLATFORM_KEY=$(secret 32)
S3_ACCESS_KEY=$(secret 10)
S3_SECRET_KEY=$(secret 20)
EOF
echo "secrets were created in $file" >&2
