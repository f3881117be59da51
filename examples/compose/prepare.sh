#!/bin/sh
# Makes the passwords that docker-compose.yml wants, each once: sh examples/compose/prepare.sh
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
# Nobody else on this machine may look in. The files themselves are readable, because Compose hands them over with the rights they
# have here, and the users inside the containers are others.
chmod 700 "$folder"
for user in evbridge node-red garage; do
    file=$folder/mqtt_$user
    if [ ! -s "$file" ]; then
        head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$file"
        chmod 444 "$file"
        echo "made $file"
    fi
done
