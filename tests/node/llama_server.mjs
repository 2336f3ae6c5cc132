// A real llama.cpp engine behind chat completions, for the tests: node llama_server.mjs MODEL.gguf
// Prints "listening on 127.0.0.1:PORT". Real tokeniser, KV cache and context errors; the weights are random.
import http from 'node:http';
import path from 'node:path';
import { getLlama } from 'node-llama-cpp';

const context_tokens = 1024;
const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error' });
const model = await llama.loadModel({ modelPath: path.resolve(process.argv[2]) });
const context = await model.createContext({
  sequences: 4, contextSize: context_tokens, threads: { ideal: 1, min: 1 }, batchSize: 512,
});
const waiters = [];
const sequence = async () => {
  while (context.sequencesLeft === 0) await new Promise((resolve) => waiters.push(resolve));
  return context.getSequence();
};

const send = (response, body, status = 200) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};
const refuse = (response, status, message, code = null) =>
  send(response, { error: { message, type: 'invalid_request_error', param: null, code } }, status);

async function chat(body, response) {
  const prompt = body.messages.map((message) => `${message.role}: ${message.content}\n`).join('') + 'assistant:';
  const tokens = model.tokenize(prompt);
  const most = body.max_tokens ?? body.max_completion_tokens ?? 64;
  if (tokens.length + most > context_tokens - 24) {
    return refuse(response, 400, `This model's maximum context length is ${context_tokens - 24} tokens`, 'context_length_exceeded');
  }
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const id = 'chatcmpl-' + Math.random().toString(36).slice(2);
  const base = { id, created: Math.floor(Date.now() / 1000), model: body.model };
  const event = (value) => response.write(`data: ${JSON.stringify(value)}\n\n`);
  const chunk = (delta, finish_reason = null) => ({
    ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  const turn = await sequence();
  let count = 0;
  let text = '';
  let finish_reason = 'length';
  try {
    if (body.stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      event(chunk({ role: 'assistant', content: '' }));
    }
    for await (const token of turn.evaluate(tokens, { temperature: 0.8, seed: 1 })) {
      if (gone.signal.aborted) break;
      if (model.isEogToken(token)) {
        finish_reason = 'stop';
        break;
      }
      count += 1;
      const word = model.detokenize([token]);
      text += word;
      if (body.stream) event(chunk({ content: word }));
      if (count >= most) break;
    }
    const usage = { prompt_tokens: tokens.length, completion_tokens: count, total_tokens: tokens.length + count };
    if (!body.stream) {
      const message = { role: 'assistant', content: text, refusal: null };
      return send(response, { ...base, object: 'chat.completion', usage, choices: [{ index: 0, message, logprobs: null, finish_reason }] });
    }
    event(chunk({}, finish_reason));
    if (body.stream_options?.include_usage) event({ ...base, object: 'chat.completion.chunk', choices: [], usage });
    response.end('data: [DONE]\n\n');
  } finally {
    turn.dispose();
    waiters.shift()?.();
  }
}

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const url = request.url.split('?')[0];
  if (url === '/health') return send(response, { ok: true });
  if (url === '/v1/models') {
    return send(response, { object: 'list', data: [{ id: 'tiny-random', object: 'model', created: 0, owned_by: 'llama.cpp' }] });
  }
  if (url !== '/v1/chat/completions') return refuse(response, 404, 'not found');
  try {
    await chat(JSON.parse(Buffer.concat(pieces)), response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else refuse(response, 400, String(error));
  }
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
