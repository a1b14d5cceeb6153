'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { run, freePort, folder } = require('./helpers')

const CERTS = path.join(__dirname, '..', '..', 'testing', 'certs')

/**
 * nginx before a vendor: HTTP/2 over TLS, or HTTP/1.1 with and without TLS.
 * @param {import('node:test').TestContext} t
 * @param {{ origin: string }} vendor
 * @param {{ tls?: boolean, h2?: boolean, keepaliveRequests?: number, directives?: string }} [options]
 */
async function gateway (t, vendor, { tls = true, h2 = true, keepaliveRequests = 20, directives = '' } = {}) {
  const dir = folder(t)
  const port = await freePort()
  const config = path.join(dir, 'nginx.conf')
  fs.writeFileSync(config, `
    daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr;
    events { worker_connections 1024; }
    http {
      access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
      uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
      server {
        listen 127.0.0.1:${port}${tls ? ' ssl' : ''}${tls && h2 ? ' http2' : ''};
        ${tls ? `ssl_certificate ${CERTS}/trusted.pem; ssl_certificate_key ${CERTS}/trusted.key.pem;` : ''}
        http2_max_concurrent_streams 8; keepalive_requests ${keepaliveRequests};
        gzip on; gzip_types application/json; gzip_min_length 1;
        location / { proxy_pass ${vendor.origin}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; ${directives} }
      }
    }`)
  const child = await run(t, 'nginx', ['-p', dir, '-c', config], port)
  return {
    baseURL: `http${tls ? 's' : ''}://127.0.0.1:${port}/v1`,
    /** New workers; the old ones end what they have begun. */
    reload: () => child.kill('SIGHUP')
  }
}

module.exports = { gateway }
