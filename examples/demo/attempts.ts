import type { ErrorCode, GuestLimits } from "yoi-plugin-sdk";

/** What one hostile guest does, and how that must end. */
export interface Attempt {
  /** What it tries, as the rest of a sentence about the guest. */
  readonly tries: string;
  /** Its folder under fixtures/guests/. */
  readonly guest: string;
  readonly ends: Ending;
  readonly limits?: Partial<GuestLimits>;
  /** Milliseconds after which the caller gives up. */
  readonly abortAfterMs?: number;
}

/**
 * How an attempt must end: with a code, or as an ordinary answer that shows how little came of it.
 *
 * `isRun` says whether any code of the guest may have run by then.
 */
export type Ending =
  | { readonly code: ErrorCode; readonly isRun: boolean }
  | { readonly answer: string; readonly says: string };

const unrun = (code: ErrorCode): Ending => ({ code, isRun: false });
const stopped = (code: ErrorCode): Ending => ({ code, isRun: true });

/** The attempts, in the order in which they are shown. */
export const attempts: readonly (readonly [about: string, attempts: readonly Attempt[]])[] = [
  [
    "Never stopping",
    [
      { tries: "loops without end", guest: "loop", ends: stopped("runtime/timeout") },
      {
        tries: "loops in its start function",
        guest: "loop-in-start",
        ends: stopped("runtime/timeout"),
      },
      {
        tries: "loops in its allocator",
        guest: "loop-in-realloc",
        ends: stopped("runtime/timeout"),
      },
      {
        tries: "fills 32 MiB, over and over",
        guest: "bulk-fill-loop",
        ends: stopped("runtime/timeout"),
      },
      {
        tries: "loops until the caller gives up",
        guest: "loop",
        ends: stopped("runtime/aborted"),
        abortAfterMs: 100,
      },
      {
        tries: "calls itself without end",
        guest: "recursion",
        ends: stopped("runtime/stack-exhausted"),
      },
    ],
  ],
  [
    "Using up the machine",
    [
      {
        tries: "grows its memory without end",
        guest: "memory-hog",
        ends: { answer: "memory stopped growing at pages: 1024", says: "held at 64 MiB" },
      },
      {
        tries: "grows three memories at once",
        guest: "memories-hog",
        ends: { answer: "pages of all memories together: 1020", says: "held at 64 MiB" },
      },
      {
        tries: "grows a table without end",
        guest: "table-hog",
        ends: { answer: "table stopped growing at elements: 90001", says: "held at 100,000" },
      },
      {
        tries: "declares 450 million table elements",
        guest: "tables-add-up",
        ends: unrun("artifact/limit"),
      },
      {
        tries: "unfolds to a million instances",
        guest: "exploding-instances",
        ends: unrun("artifact/limit"),
      },
      {
        tries: "allocates garbage-collected arrays",
        guest: "feature-gc",
        ends: unrun("artifact/unsupported"),
      },
    ],
  ],
  [
    "Reaching out",
    [
      {
        tries: "imports sockets",
        guest: "import-wasi-sockets",
        ends: unrun("artifact/unknown-import"),
      },
      {
        tries: "imports an interface of its own",
        guest: "import-unknown",
        ends: unrun("artifact/unknown-import"),
      },
      {
        tries: "imports files that nobody granted",
        guest: "import-host-fs",
        ends: unrun("grant/denied"),
      },
      {
        tries: "looks for folders",
        guest: "wasi-preopens",
        ends: { answer: "directories seen: 0", says: "finds none" },
      },
      {
        tries: "looks for environment variables",
        guest: "wasi-environment",
        ends: { answer: "environment variables seen: 0", says: "finds none" },
      },
      { tries: "ends the process", guest: "wasi-exit", ends: stopped("runtime/trap") },
    ],
  ],
  [
    "Becoming code of the host",
    [
      {
        tries: "names a module x': globalThis.p(), 'y",
        guest: "names-core-import-module",
        ends: unrun("artifact/unsafe-name"),
      },
      {
        tries: "the same, two components deep",
        guest: "names-nested-module",
        ends: unrun("artifact/unsafe-name"),
      },
      {
        tries: "the same, as the name of an export",
        guest: "names-core-export",
        ends: unrun("artifact/unsafe-name"),
      },
      {
        tries: "traps the bindings generator",
        guest: "import-url",
        ends: unrun("artifact/unsafe-name"),
      },
    ],
  ],
  [
    "Lying",
    [
      {
        tries: "answers from outside its memory",
        guest: "pointer-outside-memory",
        ends: stopped("runtime/trap"),
      },
      {
        tries: "answers with a pointer that wraps",
        guest: "pointer-wraps",
        ends: stopped("runtime/trap"),
      },
      {
        tries: "has its input put out of bounds",
        guest: "lying-realloc",
        ends: stopped("runtime/trap"),
      },
      {
        tries: "answers with 32 MiB of text",
        guest: "output-enormous",
        ends: stopped("output/too-large"),
      },
      {
        tries: "answers with invalid UTF-8",
        guest: "output-bad-utf8",
        ends: stopped("output/malformed"),
      },
      {
        tries: "slips attachments into its answer",
        guest: "output-extra-key",
        ends: stopped("output/malformed"),
      },
    ],
  ],
];
