// node stdio_bridge.mjs COMMAND ARGUMENT…: an MCP server that speaks over its standard input and output, as streamable
// HTTP. One child process for each session.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

const [command, ...args] = process.argv.slice(2)
const sessions = new Map()

async function openSession() {
  const child = new StdioClientTransport({ command, args, stderr: 'ignore' })
  const session = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => sessions.set(id, session)
  })
  session.onmessage = (message) => child.send(message)
  session.onclose = () => {
    sessions.delete(session.sessionId)
    child.close()
  }
  child.onmessage = (message) => session.send(message).catch(() => {})
  await child.start()
  await session.start()
  return session
}

const server = createServer(async (request, response) => {
  const id = request.headers['mcp-session-id']
  const session = id === undefined ? await openSession() : sessions.get(id)
  if (session === undefined) return response.writeHead(404).end()
  await session.handleRequest(request, response)
})
server.listen(0)
