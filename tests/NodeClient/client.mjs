// The official client for Node, with nothing changed but its address: node client.mjs http://127.0.0.1:8080 MODEL
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [, , address, model] = process.argv;
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'any-key', maxRetries: 0 });
const messages = [{ role: 'user', content: 'Where is Anna?' }];
const seeded = { model, messages, max_tokens: 12, seed: 3 };

const names = [];
for await (const { id } of client.models.list()) names.push(id);
assert.ok(names.includes(model));

const whole = await client.chat.completions.create({ ...seeded, n: 2, logprobs: true, top_logprobs: 2 });
assert.equal(whole.choices.length, 2);
assert.equal(whole.usage.completion_tokens, whole.choices.flatMap(c => c.logprobs.content).length);

let text = '', usage;
for await (const chunk of await client.chat.completions.create({ ...seeded, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
}
assert.equal(text, whole.choices[0].message.content);
assert.ok(usage.completion_tokens > 0);

const tools = [{ type: 'function', function: { name: 'pick', parameters: { type: 'object', properties: { n: { enum: [1, 2] } }, required: ['n'], additionalProperties: false } } }];
const called = await client.chat.completions.create({ ...seeded, max_tokens: 60, tools, tool_choice: 'required' });
const call = called.choices[0].message.tool_calls[0];
assert.equal(call.function.name, 'pick');
assert.ok([1, 2].includes(JSON.parse(call.function.arguments).n));
await client.chat.completions.create({ ...seeded, messages: [...messages, called.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '2' }] });

const completion = await client.completions.create({ model, prompt: 'Anna ', max_tokens: 5, echo: true });
assert.ok(completion.choices[0].text.startsWith('Anna '));
const vectors = await client.embeddings.create({ model, input: ['Anna', 'Ben'] });
assert.ok(Math.abs(vectors.data[0].embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-4);

await assert.rejects(client.chat.completions.create({ ...seeded, model: 'another' }), e => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
await assert.rejects(client.chat.completions.create({ ...seeded, temperature: -1 }), e => e instanceof OpenAI.BadRequestError && e.param === 'temperature');

// Whoever leaves in the middle is no fault of anybody's.
const left = await client.chat.completions.create({ ...seeded, max_tokens: 1000, stream: true });
for await (const _ of left) break;
console.log('the client for Node is content');
