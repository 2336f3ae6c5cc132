// Counts tokens by real BPE vocabularies: a JSON array of texts on standard input, {vocabulary: [count, …]} on standard
// output. Usage: node count_tokens.mjs o200k_base cl100k_base <texts.json
import { readFileSync } from "node:fs";
import { Tiktoken } from "js-tiktoken/lite";

const texts = JSON.parse(readFileSync(0, "utf8"));
const counts = {};
for (const name of process.argv.slice(2)) {
  const { default: ranks } = await import(`js-tiktoken/ranks/${name}`);
  const vocabulary = new Tiktoken(ranks);
  counts[name] = texts.map((text) => vocabulary.encode(text, "all", []).length);
}
process.stdout.write(JSON.stringify(counts));
