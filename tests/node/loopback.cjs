// node -r ./loopback.cjs SERVER: the server listens on 127.0.0.1 only, whatever it asks for, and says where.
const { Server } = require('node:net')

const listen = Server.prototype.listen
Server.prototype.listen = function (...wanted) {
  const callback = wanted.findLast((one) => typeof one === 'function')
  const port = Number(typeof wanted[0] === 'object' ? wanted[0].port : wanted[0]) || 0
  this.once('listening', () => console.log(`listening on http://127.0.0.1:${this.address().port}`))
  return callback ? listen.call(this, port, '127.0.0.1', callback) : listen.call(this, port, '127.0.0.1')
}
