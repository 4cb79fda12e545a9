#!/bin/sh
# Resolves the digests of all images again and writes them into docker/compose.yaml and
# docker/Dockerfile, which name each image once. Takes a new tag as `<image>:<tag>`:
#
#   sh docker/pin-images.sh                          # the tags that are there
#   sh docker/pin-images.sh apache/kafka:4.3.1       # another tag of one image
#
# Needs `docker buildx` or `crane`, and a registry.
set -eu
cd "$(dirname "$0")"
files='compose.yaml Dockerfile'

digest_of() {
  if command -v crane >/dev/null; then crane digest "$1"
  else docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}'
  fi
}

pinned=$(sed -nE 's/^.*[-=]([a-z0-9./-]+:[A-Za-z0-9._-]+)@sha256:[0-9a-f]{64}.*$/\1/p' $files | sort -u)
for image in ${*:-$pinned}; do
  name=${image%:*}
  case $pinned in *"$name:"*) ;; *) echo "pin-images.sh: no file names the image $name" >&2; exit 1 ;; esac
  digest=$(digest_of "$image")
  case $digest in sha256:????????????????????????????????????????????????????????????????) ;; *)
    echo "pin-images.sh: the registry gave no digest of $image" >&2; exit 1 ;;
  esac
  for file in $files; do
    sed -E "s|([-=])$name:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}|\\1$image@$digest|" "$file" >"$file.new"
    mv "$file.new" "$file"
  done
  echo "$image@$digest" >&2
done
