import { defineTools, toolOutput } from "yoi-plugin-sdk/pdk";

/** What `bench/meter.ts` has a JavaScript engine do, inside a guest. */
const kinds = new Map<string, () => number>([
  ["recursion", () => fibonacci(17)],
  ["integers", integers],
  ["JSON", json],
  ["sorting", sorting],
  ["text", text],
  ["maps", maps],
]);

export const { call } = defineTools({
  work({ kind }: { kind: string }) {
    return toolOutput(String(kinds.get(kind)?.()));
  },
});

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function integers(): number {
  let sum = 0;
  for (let index = 0; index < 60_000; index += 1) sum = (sum * 31 + index) | 0;
  return sum;
}

function json(): number {
  const rows = Array.from({ length: 60 }, (_, id) => ({
    id,
    name: `n${id}`,
    list: [id, id * 2, "x".repeat(id % 7)],
  }));
  let length = 0;
  for (let round = 0; round < 6; round += 1) {
    length += JSON.stringify(JSON.parse(JSON.stringify(rows))).length;
  }
  return length;
}

function sorting(): number {
  let state = 12_345;
  const numbers = Array.from({ length: 1_500 }, () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state;
  });
  return numbers.sort((left, right) => left - right)[7] ?? 0;
}

function text(): number {
  let length = 0;
  const words = "2024-05-01 12:34 the quick brown fox; ".repeat(60);
  for (const [match] of words.matchAll(/(\d+)-(\d+)-(\d+)|[a-z]+/gu)) length += match.length;
  return length;
}

function maps(): number {
  const sums = new Map<string, number>();
  for (let index = 0; index < 4_000; index += 1) {
    const key = `k${index % 97}`;
    sums.set(key, (sums.get(key) ?? 0) + index);
  }
  return [...sums.values()].reduce((left, right) => left + right, 0);
}
