// Anthropic's JavaScript SDK, and OpenAI's on its newer routes, against a gateway: node dialect_check.mjs ROOT KEY MODEL.
// Prints one JSON line per claim.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI, { toFile } from 'openai';

const [, , root, key, model] = process.argv;
const anthropic = new Anthropic({ baseURL: root, apiKey: key, maxRetries: 0 });
const openai = new OpenAI({ baseURL: `${root}/v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Say something kind.' }];
const tools = [{ name: 'f', input_schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } }];

const claims = {
  async a_message_is_answered_with_usage() {
    const answer = await anthropic.messages.create({ model, messages, max_tokens: 5 });
    assert.ok(answer.content[0].text);
    assert.equal(answer.usage.output_tokens, 5);
    assert.equal(answer.stop_reason, 'max_tokens');
  },
  async a_bearer_token_does_as_well() {
    const bearer = new Anthropic({ baseURL: root, apiKey: null, authToken: key, maxRetries: 0 });
    assert.ok((await bearer.messages.create({ model, messages, max_tokens: 3 })).content[0].text);
  },
  async a_stream_of_messages_is_put_together() {
    const stream = anthropic.messages.stream({ model, messages, max_tokens: 7 });
    let deltas = 0;
    stream.on('text', () => { deltas += 1; });
    const whole = await stream.finalMessage();
    assert.equal(whole.usage.output_tokens, 7);
    assert.equal(deltas, 7);
  },
  async a_tool_is_called_in_a_stream_and_at_once() {
    const ask = { model, messages, tools, max_tokens: 200, tool_choice: { type: 'tool', name: 'f' } };
    const whole = await anthropic.messages.create(ask);
    const streamed = await anthropic.messages.stream(ask).finalMessage();
    assert.equal(whole.content[0].name, 'f');
    assert.deepEqual(streamed.content[0].input, whole.content[0].input);
  },
  async tokens_are_counted() {
    assert.ok((await anthropic.messages.countTokens({ model, messages, system: 'Be kind.' })).input_tokens > 0);
  },
  async a_wrong_key_and_an_unknown_model_have_their_own_errors() {
    const stranger = new Anthropic({ baseURL: root, apiKey: 'sk_' + '0'.repeat(48), maxRetries: 0 });
    await assert.rejects(stranger.messages.create({ model, messages, max_tokens: 5 }), (error) => {
      assert.ok(error instanceof Anthropic.AuthenticationError);
      return error.error.error.type === 'authentication_error';
    });
    await assert.rejects(anthropic.messages.create({ model: 'no-such-model', messages, max_tokens: 5 }), (error) => {
      assert.ok(error instanceof Anthropic.NotFoundError);
      return error.error.error.type === 'not_found_error';
    });
  },
  async a_response_is_answered_and_streamed() {
    const answer = await openai.responses.create({ model, input: 'Hello', max_output_tokens: 5 });
    assert.ok(answer.output_text);
    assert.equal(answer.usage.output_tokens, 5);
    let last = null;
    let text = '';
    for await (const event of await openai.responses.create({ model, input: 'Hello', max_output_tokens: 6, stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      last = event;
    }
    assert.equal(last.response.usage.output_tokens, 6);
    assert.equal(last.response.output_text ?? text, text);
  },
};

const with_files = {
  async a_recording_is_transcribed_though_its_file_comes_first() {
    const file = await toFile(Buffer.alloc(300_000, 7), 'speech.wav');
    assert.ok((await openai.audio.transcriptions.create({ file, model })).text);
  },
  async a_picture_is_made_and_changed() {
    assert.ok((await openai.images.generate({ model, prompt: 'a cat' })).data[0].b64_json);
    const image = await toFile(Buffer.alloc(10_000, 9), 'cat.png', { type: 'image/png' });
    assert.ok((await openai.images.edit({ model, image, prompt: 'a dog' })).data[0].b64_json);
  },
  async speech_is_made() {
    const answer = await openai.audio.speech.create({ model, voice: 'alloy', input: 'Hello' });
    assert.ok((await answer.arrayBuffer()).byteLength > 0);
  },
};

let failed = 0;
for (const [claim, check] of Object.entries({ ...claims, ...(process.argv[5] === 'files' ? with_files : {}) })) {
  try {
    await check();
    console.log(JSON.stringify({ claim, holds: true }));
  } catch (error) {
    failed += 1;
    console.log(JSON.stringify({ claim, holds: false, error: String(error?.stack ?? error) }));
  }
}
process.exit(failed ? 1 : 0);
