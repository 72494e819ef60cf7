#!/bin/sh
# Makes the certificates of these tests, for a hundred years. Needs OpenSSL 3.0 or 3.1: later ones make no version 1.
set -eu
cd "$(dirname "$0")"
DAYS=36500
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }
# A certificate that signs itself: NAME CN EXTENSION...
self() {
    name=$1 cn=$2; shift 2
    key "$name"
    extensions=""
    for extension; do extensions="$extensions -addext $extension"; done
    # shellcheck disable=SC2086 # a list of words
    openssl req -x509 -new -key "$name.key" -days $DAYS -subj "/CN=$cn" $extensions -out "$name.pem"
}
# One that AUTHORITY signs: NAME CN AUTHORITY EXTENSION...; without extensions it is of version 1.
signed() {
    name=$1 cn=$2 authority=$3; shift 3
    key "$name"
    openssl req -new -key "$name.key" -subj "/CN=$cn" -out "$name.csr"
    extensions=""
    if [ $# -gt 0 ]; then
        printf '%s\n' "$@" > "$name.ext"
        extensions="-extfile $name.ext"
    fi
    # shellcheck disable=SC2086
    openssl x509 -req -in "$name.csr" -CA "$authority.pem" -CAkey "$authority.key" -set_serial 7 -days $DAYS \
        $extensions -out "$name.pem" 2>/dev/null
    rm -f "$name.csr" "$name.ext"
}
NAMES=subjectAltName=DNS:localhost,IP:127.0.0.1
self root Root
self other Root
self selfmade localhost $NAMES
self stranger localhost $NAMES
self elsewhere elsewhere subjectAltName=DNS:elsewhere.test,DNS:*.elsewhere.test
self for-mail localhost $NAMES extendedKeyUsage=emailProtection
signed authority localhost root basicConstraints=critical,CA:TRUE $NAMES
signed usual localhost root basicConstraints=CA:FALSE $NAMES
signed version1 client root
signed forged1 client other
signed forged localhost other basicConstraints=critical,CA:TRUE $NAMES
# An end entity that has signed another one.
signed below localhost usual basicConstraints=critical,CA:TRUE $NAMES
# An authority that ends before what it has signed.
DAYS=7300 self brief Brief
signed outlives localhost brief basicConstraints=critical,CA:TRUE $NAMES
