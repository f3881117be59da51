#!/bin/sh
# Makes the password file from the secrets, then becomes the broker. Each secret mqtt_<user> is a user of that name.
set -eu
secrets=${SECRETS:-/run/secrets}
config=${CONFIG:-/mosquitto/config}
run=${RUN:-/run/mosquitto}
umask 077
for secret in "$secrets"/mqtt_*; do
    printf '%s:%s\n' "${secret##*/mqtt_}" "$(cat "$secret")"
done > "$run/passwords"
# For the health check of the container alone; nobody else ever learns it.
head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$run/health"
printf 'health:%s\n' "$(cat "$run/health")" >> "$run/passwords"
mosquitto_passwd -U "$run/passwords"
# Its own copy: newer brokers want such files to belong to them alone.
cat "$config/acl" > "$run/acl"
exec mosquitto -c "$config/mosquitto.conf"
