#!/bin/sh
# Makes the test certificates anew. They prove nothing and protect nothing: the private keys are published
# with the package so that a fault server can speak TLS offline. Never add this CA to a trust store.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

authority() { # file, common name
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
  : > "$work/$1.db"
  openssl req -new -key "$work/$1.key" -subj "/CN=$2" -out "$work/$1.csr"
  sign "$1" "$1" 20200101000000Z 21200101000000Z 'basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash' -selfsign
}

leaf() { # file, authority, subject alternative names, not before, not after
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key.pem"
  openssl req -new -key "$1.key.pem" -subj "/CN=bellwether fault server" -out "$work/$1.csr"
  sign "$1" "$2" "$4" "$5" "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$3
authorityKeyIdentifier=keyid"
}

sign() { # file, authority, not before, not after, extensions, [-selfsign]
  printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[x]\n%s\n' \
    "$work/$2.db" "$work" "$5" > "$work/sign.cnf"
  set -- "$1" "$2" "$3" "$4" "${6:--notext}"
  if [ "$5" = -selfsign ]; then issuer=; else issuer="-cert $2.pem"; fi
  openssl ca -batch -notext -config "$work/sign.cnf" -extensions x -startdate "$3" -enddate "$4" \
    -keyfile "$work/$2.key" $issuer -in "$work/$1.csr" -out "$1.pem" "$5" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
}

here=DNS:localhost,IP:127.0.0.1,IP:::1
authority ca 'bellwether test CA'
authority other-ca 'bellwether other test CA'
leaf trusted ca "$here" 20200101000000Z 21200101000000Z
leaf expired ca "$here" 20200101000000Z 20210101000000Z
leaf wrong-host ca DNS:wrong-host.invalid 20200101000000Z 21200101000000Z
leaf untrusted other-ca "$here" 20200101000000Z 21200101000000Z
rm other-ca.pem
