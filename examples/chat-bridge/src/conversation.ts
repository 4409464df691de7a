/** One message in the room, as its protocol has it: `<name>: <text>`. */
export interface Message {
  readonly name: string;
  readonly text: string;
}

/** What the bridge remembers: the same for its tools and its events. */
export interface Conversation {
  /** Messages heard, and things that the host had it do. */
  readonly count: number;
  readonly names: ReadonlyMap<string, number>;
  readonly newest: readonly Message[];
  hear(message: Message): void;
  /** Counts something that the host had the bridge do. */
  act(): void;
}

const mostNames = 100;
const mostMessages = 5;
const longestName = 32;
const longestText = 200;

/** @returns The message, or `undefined` when the text is none. */
export function readMessage(text: string): Message | undefined {
  const colon = text.indexOf(": ");
  if (colon < 1) return undefined;
  return { name: text.slice(0, colon).slice(0, longestName), text: text.slice(colon + 2) };
}

/** Begins to remember; a room may go on for ever, so what is remembered is bounded. */
export function startConversation(): Conversation {
  let count = 0;
  const names = new Map<string, number>();
  const newest: Message[] = [];
  return {
    get count() {
      return count;
    },
    names,
    newest,
    hear({ name, text }) {
      count += 1;
      const counted = names.has(name) || names.size < mostNames ? name : "others";
      names.set(counted, (names.get(counted) ?? 0) + 1);
      newest.push({ name, text: text.slice(0, longestText) });
      if (newest.length > mostMessages) newest.shift();
    },
    act() {
      count += 1;
    },
  };
}
