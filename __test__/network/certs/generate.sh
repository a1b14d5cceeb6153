#!/bin/sh
# Makes the certificates that testing/certs has no use for: a client must refuse them, or be told of them. They prove
# nothing and protect nothing.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

sign() { # file, authority ('' for itself), not before, not after, extensions
  printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[x]\n%s\n' \
    "$work/db" "$work" "$5" > "$work/sign.cnf"
  : > "$work/db"
  if [ -z "$2" ]; then issuer="-selfsign -keyfile $1.key.pem"; else issuer="-cert $2.pem -keyfile $2.key.pem"; fi
  openssl ca -batch -notext -config "$work/sign.cnf" -extensions x -startdate "$3" -enddate "$4" $issuer \
    -in "$work/$1.csr" -out "$1.pem" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
}

make() { # file, common name, authority, not before, not after, extensions
  key "$1.key.pem"
  openssl req -new -key "$1.key.pem" -subj "/CN=$2" -out "$work/$1.csr"
  sign "$1" "$3" "$4" "$5" "$6"
}

since=20200101000000Z
until=21200101000000Z
here=subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
leaf='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature'
server="$leaf
extendedKeyUsage=serverAuth"
authority='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign,digitalSignature'

make own-ca 'bellwether network test CA' '' $since $until "$authority"
make intermediate 'bellwether network test intermediate CA' own-ca $since $until "$authority"
make not-yet-valid 'not yet valid' own-ca 21000101000000Z $until "$server
$here"
make name-in-subject 127.0.0.1 own-ca $since $until "$server"
make client-only 'for clients only' own-ca $since $until "$leaf
extendedKeyUsage=clientAuth
$here"
make below-intermediate 'below an intermediate' intermediate $since $until "$server
$here"
make self-signed 'self-signed leaf' '' $since $until "$server
$here"
rm own-ca.key.pem intermediate.key.pem
