// The official JavaScript SDKs against a gateway: node sdk_check.mjs BASE_URL KEY MODEL. Prints one JSON line per claim.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';

const [, , baseURL, apiKey, model] = process.argv;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Say something kind.' }];

const claims = {
  async a_chat_completion_is_answered_with_usage() {
    const answer = await client.chat.completions.create({ model, messages, max_tokens: 5 });
    assert.ok(answer.choices[0].message.content);
    assert.equal(answer.usage.completion_tokens, 5);
    assert.match(answer._request_id, /^[0-9a-f]{32}$/);
  },
  async a_stream_carries_tokens_and_no_usage_that_nobody_asked_for() {
    const stream = await client.chat.completions.create({ model, messages, max_tokens: 7, stream: true });
    let tokens = 0;
    for await (const chunk of stream) {
      assert.ok(chunk.choices.length > 0);
      if (chunk.choices[0].delta.content) tokens += 1;
    }
    assert.ok(tokens > 0);
  },
  async a_stream_carries_usage_when_asked_for() {
    const stream = await client.chat.completions.create({
      model, messages, max_tokens: 7, stream: true, stream_options: { include_usage: true },
    });
    let usage = null;
    for await (const chunk of stream) usage = chunk.usage ?? usage;
    assert.equal(usage.completion_tokens, 7);
  },
  async models_are_listed() {
    const ids = [];
    for await (const listed of client.models.list()) ids.push(listed.id);
    assert.ok(ids.includes(model));
  },
  async an_unknown_key_is_an_authentication_error() {
    const stranger = new OpenAI({ baseURL, apiKey: 'sk_' + '0'.repeat(48), maxRetries: 0 });
    await assert.rejects(stranger.chat.completions.create({ model, messages }), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      return error.code === 'invalid_api_key';
    });
  },
  async an_unknown_model_is_not_found() {
    await assert.rejects(client.chat.completions.create({ model: 'no-such-model', messages }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      return error.code === 'model_not_found';
    });
  },
  async an_abort_in_mid_stream_is_quiet() {
    const stream = await client.chat.completions.create({ model, messages, max_tokens: 200, stream: true });
    for await (const _ of stream) break;
    stream.controller.abort();
  },
  async langchain_invokes_and_streams() {
    const chat = new ChatOpenAI({ model, apiKey, maxTokens: 6, maxRetries: 0, configuration: { baseURL } });
    assert.ok((await chat.invoke('Hello')).content);
    let text = '';
    for await (const chunk of await chat.stream('Hello')) text += chunk.content;
    assert.ok(text);
  },
};

const only_on_the_mock = {
  async tools_are_called() {
    const answer = await client.chat.completions.create({
      model, messages, tool_choice: 'required',
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } } }],
    });
    assert.equal(answer.choices[0].message.tool_calls[0].function.name, 'f');
  },
  async completions_and_embeddings_work() {
    assert.ok((await client.completions.create({ model, prompt: 'Once', max_tokens: 3 })).choices[0].text);
    assert.equal((await client.embeddings.create({ model, input: ['a', 'b'] })).data.length, 2);
    const embeddings = new OpenAIEmbeddings({ model, apiKey, configuration: { baseURL } });
    assert.ok((await embeddings.embedQuery('a')).length > 0);
  },
};

if (model === 'mock-model') Object.assign(claims, only_on_the_mock);
let failed = 0;
for (const [claim, check] of Object.entries(claims)) {
  try {
    await check();
    console.log(JSON.stringify({ claim, holds: true }));
  } catch (error) {
    failed += 1;
    console.log(JSON.stringify({ claim, holds: false, error: String(error?.stack ?? error) }));
  }
}
process.exit(failed ? 1 : 0);
