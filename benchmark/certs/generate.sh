#!/bin/sh
# Makes the test authority and the mock server's certificate for 127.0.0.1. Run once; the results are committed.
set -eu
cd "$(dirname "$0")"

openssl ecparam -name prime256v1 -genkey -noout -out ca-key.pem
openssl req -x509 -new -key ca-key.pem -sha256 -days 36500 -out ca.pem -subj '/CN=bellwether benchmark CA' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'

openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out server-key.pem
openssl req -new -key server-key.pem -out server.csr -subj '/CN=127.0.0.1'
printf '%s\n' 'subjectAltName=IP:127.0.0.1,DNS:localhost' 'basicConstraints=critical,CA:FALSE' \
  'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth' > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -sha256 -days 36500 \
  -extfile server.ext -out server.pem

# Without its key nobody can sign anything else with this authority.
rm -f ca-key.pem ca.srl server.csr server.ext
