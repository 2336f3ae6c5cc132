// OBLETH_CLIENT_KEY=sk_… node -r ./with_key.cjs CLIENT: every request of a client that has no way to be given a key
// carries one.
const { getGlobalDispatcher, setGlobalDispatcher } = require('undici')

const key = ['authorization', `Bearer ${process.env.OBLETH_CLIENT_KEY}`]
const withKey = (headers) => (Array.isArray(headers) ? [...headers, ...key] : { ...headers, [key[0]]: key[1] })

setGlobalDispatcher(
  getGlobalDispatcher().compose((dispatch) => (options, handler) => dispatch({ ...options, headers: withKey(options.headers) }, handler))
)
