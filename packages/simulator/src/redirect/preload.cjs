// Preloaded into a Node.js program by `callgather-simulator run`. Node's `fetch` and `https` ignore HTTPS_PROXY, so this
// file redirects their connections to api.telnyx.com, and reports the port that the program listens on.
'use strict'
const net = require('node:net')

const { CALLGATHER_RUN_TLS_PORT: tlsPort, CALLGATHER_RUN_REPORT_PORT: reportPort } = process.env
const connect = net.Socket.prototype.connect

/** Redirects `connect` arguments. Node's own callers pass an array of options and callback; other callers pass arguments. */
function redirect(args) {
  const [first, second] = args
  if (Array.isArray(first)) {
    if (isTelnyx(first[0])) first[0] = { ...first[0], host: '127.0.0.1', port: Number(tlsPort) }
    return args
  }
  if (isTelnyx(first)) return [{ ...first, host: '127.0.0.1', port: Number(tlsPort) }, ...args.slice(1)]
  if (second === 'api.telnyx.com') return [Number(tlsPort), '127.0.0.1', ...args.slice(2)]
  return args
}

const isTelnyx = (options) => options !== null && typeof options === 'object' && options.host === 'api.telnyx.com'

if (tlsPort) {
  net.Socket.prototype.connect = function connectToSimulator(...args) {
    return connect.apply(this, redirect(args))
  }
}

if (reportPort) {
  const listen = net.Server.prototype.listen
  net.Server.prototype.listen = function listenAndReport(...args) {
    this.once('listening', () => {
      const address = this.address()
      if (address === null || typeof address === 'string') return
      const socket = net.connect(Number(reportPort), '127.0.0.1', () => socket.end(`${address.port}\n`))
      socket.on('error', () => {})
      socket.unref()
    })
    return listen.apply(this, args)
  }
}
