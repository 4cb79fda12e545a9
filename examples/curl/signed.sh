#!/usr/bin/env bash
# Signs a request with SDK-HMAC-SHA256 and sends it: curl/signed.sh METHOD PATH [BODY]
#   examples/curl/signed.sh POST /fgs/functions/hello/invocations-async '{"name":"world"}'
# PATH goes on from /v2/<project>; without a query. Needs bash, openssl and curl.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 METHOD PATH [BODY]" >&2; exit 2; }
method=$1 path=$2 body=${3:-}
credentials=${SENDOFF_DATA_DIR:-.sendoff}/credentials.json
field() { sed -n "s/^ *\"$1\": \"\\(.*\\)\",\\{0,1\\}$/\\1/p" "$credentials"; }
url=${SENDOFF_URL:-http://127.0.0.1:8700}
project=$(field projectId)
host=${url#*://}
date=$(date -u +%Y%m%dT%H%M%SZ)

# Every segment of the path is percent-encoded, and the path ends in a slash, on paper only.
encode() { local LC_ALL=C text=$1 out='' c; for ((i = 0; i < ${#text}; i++)); do c=${text:i:1}; case $c in [A-Za-z0-9._~/-]) out+=$c ;; *) printf -v c '%%%02X' "'$c"; out+=$c ;; esac; done; printf '%s' "$out"; }
canonical_path=$(encode "/v2/$project$path")/
payload_hash=$(printf '%s' "$body" | openssl dgst -sha256 -r | cut -d' ' -f1)
signed='content-type;host;x-project-id;x-sdk-date'
canonical=$(printf '%s\n%s\n\ncontent-type:application/json\nhost:%s\nx-project-id:%s\nx-sdk-date:%s\n\n%s\n%s' \
  "$method" "$canonical_path" "$host" "$project" "$date" "$signed" "$payload_hash")
to_sign=$(printf 'SDK-HMAC-SHA256\n%s\n%s' "$date" "$(printf '%s' "$canonical" | openssl dgst -sha256 -r | cut -d' ' -f1)")
signature=$(printf '%s' "$to_sign" | openssl dgst -sha256 -hmac "$(field secretKey)" -r | cut -d' ' -f1)

curl -sS -X "$method" "$url/v2/$project$path" \
  -H 'Content-Type: application/json' -H "X-Project-Id: $project" -H "X-Sdk-Date: $date" \
  -H "Authorization: SDK-HMAC-SHA256 Access=$(field accessKey), SignedHeaders=$signed, Signature=$signature" \
  ${body:+--data-binary "$body"}
echo
