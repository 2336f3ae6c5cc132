// node mcp_check.mjs URL KEY TRANSPORT: drives an MCP server with the TypeScript SDK and prints, as JSON, everything
// that its user sees. Run directly and through the gateway, it prints the same.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema
} from '@modelcontextprotocol/sdk/types.js'

const [url, key, kind] = process.argv.slice(2)
const Transport = kind === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport
const seen = {}

const requestInit = key === '' ? {} : { headers: { Authorization: `Bearer ${key}` } }
const transport = new Transport(new URL(url), { requestInit })
const client = new Client({ name: 'check', version: '1' }, { capabilities: { sampling: {} } })
client.setRequestHandler(CreateMessageRequestSchema, async (asked) => ({
  model: 'the-clients-own',
  role: 'assistant',
  content: { type: 'text', text: `sampled: ${asked.params.messages.length}` }
}))
const news = Promise.withResolvers()
client.setNotificationHandler(ResourceUpdatedNotificationSchema, (told) => news.resolve(told.params.uri))
client.setNotificationHandler(LoggingMessageNotificationSchema, () => {})

async function errorOf(action) {
  try {
    return { result: await action() }
  } catch (error) {
    return { code: error.code, message: error.message }
  }
}

await client.connect(transport)
seen.server = client.getServerVersion().name
await client.ping()
const { tools } = await client.listTools()
seen.tools = tools
seen.echo = await client.callTool({ name: 'echo', arguments: { message: 'käse 🧀 "quoted"' } })
seen.sum = await client.callTool({ name: 'get-sum', arguments: { a: 2, b: 40 } })
seen.image = await client.callTool({ name: 'get-tiny-image', arguments: {} })
const progress = []
seen.long = await client.callTool(
  { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } },
  undefined,
  { onprogress: (step) => progress.push(step) }
)
seen.progress = progress
seen.sampling = await client.callTool({
  name: 'trigger-sampling-request',
  arguments: { prompt: 'say something', maxTokens: 5 }
})
seen.unknownTool = await errorOf(() => client.callTool({ name: 'no-such-tool', arguments: {} }))
seen.badArguments = await errorOf(() => client.callTool({ name: 'get-sum', arguments: { a: 'x' } }))
seen.prompts = await client.listPrompts()
seen.prompt = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Köln' } })
seen.resources = (await client.listResources()).resources.length
seen.templates = await client.listResourceTemplates()
const subject = (await client.listResources()).resources[0].uri
await client.subscribeResource({ uri: subject })
await client.callTool({ name: 'toggle-subscriber-updates', arguments: {} })
seen.news = (await news.promise) === subject
await client.setLoggingLevel('error')
if (kind !== 'sse') {
  seen.hasSession = transport.sessionId !== undefined
  await transport.terminateSession()
  seen.ended = await errorOf(() => client.ping())
  delete seen.ended.message
  seen.ended = seen.ended.code !== undefined
}
await client.close()
console.log(JSON.stringify(seen, null, 1))
process.exit(0)
