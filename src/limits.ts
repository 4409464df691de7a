/**
 * Every number of the library: its unit, its default, why it is that, and what it does not bound.
 *
 * The reference's bounds are in reference §2 and §4.1; where decisions.md changes one, the reason says so.
 */

/** One bound. */
export interface Limit {
  readonly unit: "bytes" | "ms" | "count" | "ratio" | "levels" | "instructions";
  readonly default: number;
  /** Why this number. */
  readonly reason: string;
  /** What a reader might think it bounds and it does not. */
  readonly doesNotBound: string;
}

/** Numbers, one for each entry of a table of limits. */
export type LimitValues<Table> = { readonly [Name in keyof Table]: number };

function limit(
  unit: Limit["unit"],
  value: number,
  reason: string,
  doesNotBound = "nothing beyond its name",
): Limit {
  return { unit, default: value, reason, doesNotBound };
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** What a message, label or log line may hold. */
export const textLimits = {
  messageBytes: limit("bytes", 512, "reference §4.1: diagnostics and error text"),
  diagnostics: limit("count", 64, "a report stays readable, however broken the package"),
} as const satisfies Record<string, Limit>;

/** What a package may hold, on disk and expanded (reference §2, decisions "Bounds on package size"). */
export const packageLimits = {
  packageBytes: limit(
    "bytes",
    32 * MiB,
    "a JavaScript guest is 1 to 12 MB",
    "memory after expansion",
  ),
  entryBytes: limit("bytes", 24 * MiB, "one artifact", "the package as a whole"),
  expandedBytes: limit("bytes", 64 * MiB, "reference §2", "what a guest allocates when it runs"),
  entries: limit("count", 512, "reference §2"),
  manifestBytes: limit("bytes", 64 * KiB, "reference §1"),
  pathBytes: limit("bytes", 1024, "longer than any real path, shorter than an attack"),
  expansionRatio: limit("ratio", 100, "decisions: 100:1", "entries below expansionFloorBytes"),
  expansionFloorBytes: limit("bytes", 1 * MiB, "small text files compress better than 100:1"),
} as const satisfies Record<string, Limit>;

/** What the expansion of one DEFLATE stream may cost beyond the bytes that go in and come out. */
export const inflateLimits = {
  blockBytes: limit(
    "bytes",
    64,
    "a block with codes of its own costs 11 bytes or more: below this, compressors use the fixed ones",
    "blocks with the fixed codes, or stored ones",
  ),
  spareBlocks: limit("count", 64, "streams that were flushed early"),
} as const satisfies Record<string, Limit>;

/** What the reading of a package directory may cost beyond the files that are packed. */
export const directoryLimits = {
  visitedFiles: limit("count", 20_000, "ignored files next to the packed ones", "ignored folders"),
  ignoreFileBytes: limit("bytes", 64 * KiB, ".yoiignore"),
  ignorePatterns: limit("count", 1_000, "lines of .yoiignore that are patterns"),
} as const satisfies Record<string, Limit>;

/** The reference implementation's own package bounds, for saying when a package exceeds them. */
export const referencePackageLimits = {
  packageBytes: 16 * MiB,
  entryBytes: 8 * MiB,
} as const;

/** What a WebAssembly artifact may declare, checked on its bytes before anything compiles them. */
export const artifactLimits = {
  artifactBytes: limit("bytes", 24 * MiB, "packageLimits.entryBytes", "what it compiles to"),
  nesting: limit(
    "levels",
    16,
    "real components nest two or three deep; instance and component types count as levels",
    "types of values inside one another",
  ),
  items: limit(
    "count",
    200_000,
    "types, functions, imports and exports of all modules together; a 12 MB guest has about 60,000",
  ),
  componentItems: limit(
    "count",
    10_000,
    "20,000 exports in 209 KB made the bindings generator write 49 MB",
    "items of core modules",
  ),
  readComponentItems: limit(
    "count",
    50_000,
    "so that a component over componentItems can still be shown; real ones have up to 5,000",
    "what is admitted, which componentItems bounds",
  ),
  typeLevels: limit("levels", 100, "value types inside one another; other tools stop there too"),
  typeNodes: limit(
    "count",
    100_000,
    "types in the signatures of lifted and lowered functions, every use counted; all of WASI is 15,000",
    "types that no function uses",
  ),
  signatureCharacters: limit(
    "count",
    2_048,
    "the text of a signature; types that double at every level have endless ones",
    "signatures as such, only their text",
  ),
  signatureCharactersInAll: limit(
    "count",
    4_000_000,
    "the texts of all types and signatures together; real components have up to 400,000",
  ),
  nameBytes: limit("bytes", 512, "WIT names with package and version stay below 200"),
  glueBytes: limit("bytes", 4 * MiB, "real glue is 90 to 300 KB", "the core modules beside it"),
  keptImages: limit(
    "count",
    16,
    "prepared components that a backend keeps for their next instance",
  ),
  preparationMs: limit("ms", 30_000, "a 12 MB guest takes about 1 s here; slow machines exist"),
} as const satisfies Record<string, Limit>;

/** How deep the reader of artifacts follows nesting, whatever a host sets. */
export const deepestNesting: Limit = limit(
  "levels",
  256,
  "its recursion fits the stack of every engine with a wide margin",
);

/** What a component guest may use while it runs; every one can be set by the host (decisions "Guest limits"). */
export const guestLimits = {
  timeoutMs: limit(
    "ms",
    10_000,
    "decisions: 10 s wall per call",
    "time spent waiting in the queue",
  ),
  startTimeoutMs: limit("ms", 10_000, "instantiation and start functions, per instance"),
  memoryBytes: limit(
    "bytes",
    64 * MiB,
    "decisions: all linear memories of an instance together",
    "the engine's own code and objects",
  ),
  tableElements: limit("count", 100_000, "decisions: all tables of an instance together"),
  coreInstances: limit("count", 64, "a JavaScript guest has up to 14"),
  fuel: limit(
    "instructions",
    Number.MAX_SAFE_INTEGER,
    "components are bounded by time unless the host sets fuel",
  ),
  inputBytes: limit("bytes", 64 * KiB, "reference §4.1"),
  outputBytes: limit("bytes", 64 * KiB, "reference §4.1", "what the guest allocates to build it"),
  summaryBytes: limit("bytes", 1024, "reference §4.1"),
  hostCalls: limit(
    "count",
    10_000,
    "host calls of one call, granted or refused",
    "the time they take",
  ),
  logBytes: limit("bytes", 64 * KiB, "stdout, stderr and log lines kept of one call"),
  queuedCalls: limit("count", 64, "calls waiting for their turn at one instance"),
} as const satisfies Record<string, Limit>;

/** The reference's limits for raw guests (reference §4.1), where they differ from {@link guestLimits}. */
export const rawGuestDefaults = {
  timeoutMs: 1_000,
  startTimeoutMs: 1_000,
  memoryBytes: 2 * MiB,
  tableElements: 256,
  coreInstances: 1,
  fuel: 5_000_000,
} as const;

/** What deciding about grants may keep and show. */
export const grantLimits = {
  labelBytes: limit(
    "bytes",
    240,
    "reference §3: the bound of a diagnostic; a label fills a line or three",
  ),
  displayPathBytes: limit("bytes", 120, "reference §5.4: the path of a URL that is shown"),
  boundNoteBytes: limit("bytes", 100, "what a label says of secrets: two or three of their names"),
  rememberedAnswers: limit(
    "count",
    1_000,
    "a guest chooses paths, so that what `ask` remembers would grow without end; the oldest goes",
    "questions that are being asked at this moment",
  ),
} as const satisfies Record<string, Limit>;

/** What a guest and the host exchange in one host call. */
export const hostCallLimits = {
  questionBytes: limit(
    "bytes",
    512 * KiB,
    "64 KiB to write, escaped as JSON; each API has its own, smaller bounds",
    "the arguments together",
  ),
  arguments: limit("count", 4, "the functions of our interfaces take up to two"),
  answerBytes: limit("bytes", 512 * KiB, "a body of 64 KiB, escaped as JSON, and its headers"),
  channelBytes: limit("bytes", 64 * KiB, "longer answers cross in parts", "the answer"),
} as const satisfies Record<string, Limit>;

/** How isolates stop guests. */
export const isolationLimits = {
  stopGraceMs: limit(
    "ms",
    250,
    "a metered guest answers within a few ms; one that does not is terminated with its worker",
  ),
  inlineTurnMs: limit(
    "ms",
    10,
    "an inline guest that has its host calls answered at once lets the caller's event loop have a turn this often",
    "how long an inline guest computes between two host calls",
  ),
} as const satisfies Record<string, Limit>;

/** What the inert WASI stand-ins take from or give to a guest at once. */
export const wasiLimits = {
  streamChunkBytes: limit(
    "bytes",
    4096,
    "WASI 0.2 guarantees a guest this much per blocking write",
  ),
  randomBytes: limit("bytes", 65_536, "the most that crypto.getRandomValues gives at once"),
  pollables: limit("count", 1024, "pollables of one poll; toolchains wait on a handful"),
} as const satisfies Record<string, Limit>;

/** What one call of the `fs` API takes, gives and shows (reference §4.1, §5.2). */
export const fsLimits = {
  descriptorBytes: limit("bytes", 64 * KiB, "reference §4.1", "the content of a write beside it"),
  pathBytes: limit("bytes", 4096, "reference §4.1: a path, and a granted root"),
  readBytes: limit("bytes", 64 * KiB, "reference §4.1", "the file: what is beyond is cut"),
  writeBytes: limit("bytes", 64 * KiB, "reference §4.1", "what a plugin writes in all"),
  listEntries: limit("count", 256, "reference §4.1", "the folder: what is beyond is cut"),
  displayPathBytes: limit("bytes", 160, "reference §5.2: a path that is shown, redacted"),
} as const satisfies Record<string, Limit>;

/** What a host's own API takes and gives in one call. */
export const customApiLimits = {
  argumentBytes: limit("bytes", 64 * KiB, "reference §4.1: the largest descriptor", "all together"),
  customAnswerBytes: limit("bytes", 64 * KiB, "what a tool's input and output have as well"),
  parameters: limit("count", 4, "more are better one JSON object"),
  customFunctions: limit("count", 64, "functions of one interface"),
} as const satisfies Record<string, Limit>;

/** What one plugin instance may log through the `log` API. */
export const logLimits = {
  lineBytes: limit("bytes", 4 * KiB, "a line that somebody reads; what is beyond is cut"),
  burstLines: limit("count", 100, "what a call that goes wrong has to say at once"),
  linesPerSecond: limit("count", 10, "taken again after a burst, as many in every second"),
  burstBytes: limit("bytes", 64 * KiB, "what guestLimits.logBytes keeps of one call"),
  bytesPerSecond: limit("bytes", 8 * KiB, "taken again after a burst, as many in every second"),
} as const satisfies Record<string, Limit>;

/** What an in-memory file system holds. */
export const memoryFileLimits = {
  memoryBytes: limit("bytes", 64 * MiB, "contents and names of all files together"),
  memoryEntries: limit("count", 10_000, "files and folders", "their contents"),
} as const satisfies Record<string, Limit>;

/** What an instance of a guest that lives on keeps, waits for and tries again (reference §4.1, §4.6, §4.9). */
export const instanceLimits = {
  configBytes: limit("bytes", 64 * KiB, "what a guest's other inputs have", "what it makes of it"),
  ingressCapacity: limit(
    "count",
    32,
    "reference §4.1: events that wait; each has up to 64 KiB",
    "the event that the guest has, and those that a durable queue keeps elsewhere",
  ),
  ingressAttempts: limit(
    "count",
    3,
    "a fault that passes is over by then; only failures marked retryable are tried again",
    "deliveries by a durable queue after a host's crash",
  ),
  ingressRetryMs: limit("ms", 200, "before the second attempt at an event; doubled, and jittered"),
  keptCommands: limit("count", 32, "reference §4.1: results of output commands in a status"),
  keptDiagnostics: limit("count", 32, "diagnostics in a status; listeners hear of all"),
  sources: limit("count", 4, "reference §4.9: sources of one instance, those that failed too"),
  maxRestarts: limit(
    "count",
    5,
    "restarts in a row: what five don't cure needs a person",
    "restarts of a guest that stayed up for steadyMs in between",
  ),
  initialDelayMs: limit("ms", 500, "before the first restart; doubled with each one in a row"),
  maxDelayMs: limit("ms", 30_000, "between two restarts, or two attempts at an event"),
  steadyMs: limit("ms", 60_000, "a guest that stays up for so long has recovered"),
} as const satisfies Record<string, Limit>;

/** What tools and their calls are named and described with. */
export const callLimits = {
  toolNameBytes: limit("bytes", 128, "reference §4.2"),
  callIdBytes: limit("bytes", 128, "longer than the ids of any model's API"),
  schemaBytes: limit("bytes", 256 * KiB, "a host tool's schema; a plugin's lies in its manifest"),
} as const satisfies Record<string, Limit>;

/** What events, and the queue in which they wait for a guest, may hold and take (reference §4.1, §4.7). */
export const ingressLimits = {
  eventBytes: limit(
    "bytes",
    64 * KiB,
    "reference §4.1: the JSON of an event, its envelope included",
  ),
  correlationIdBytes: limit(
    "bytes",
    128,
    "output commands name the event by this id, and theirs have 128 (reference §4.1)",
  ),
  waitingForRoom: limit(
    "count",
    1_024,
    "deliveries that wait until a full queue has room, each with its event; 64 MiB at the most",
    "events in the queue, which ingressCapacity bounds",
  ),
} as const satisfies Record<string, Limit>;

/** What a queue of events keeps in Redis, and how long it waits for it. */
export const durableQueueLimits = {
  lockMs: limit(
    "ms",
    30_000,
    "an event whose host is silent for so long is given to another one; twice that until it is noticed",
    "how long a guest may take: its host renews the lock",
  ),
  openMs: limit("ms", 10_000, "a Redis that is starting answers by then"),
  answerMs: limit("ms", 5_000, "one question to Redis; what is asked may still be done later"),
  closeMs: limit("ms", 2_000, "how long closing waits for Redis", "the event that the guest has"),
  roomPollMs: limit("ms", 100, "how often a delivery that waits for room looks again"),
  reportPollMs: limit(
    "ms",
    2_000,
    "how often reports are looked for whose announcement was missed",
  ),
  keptReports: limit("count", 1_000, "reports of events, by which a repeated delivery is told"),
  keptReportsMs: limit(
    "ms",
    60 * 60 * 1000,
    "how long a report is kept, unless there are too many",
  ),
  keptDeadLetters: limit("count", 1_000, "events that were given up; the oldest one goes"),
} as const satisfies Record<string, Limit>;

/** What the output commands in a guest's answers may hold, and how many requests they may cause. */
export const commandLimits = {
  commands: limit("count", 16, "reference §4.1: commands of one answer"),
  payloadBytes: limit("bytes", 16 * KiB, "reference §4.1: the JSON of one command's payload"),
  idBytes: limit("bytes", 128, "reference §4.1: each of a command's three ids"),
  requestsInFlight: limit(
    "count",
    4,
    "requests of one instance that run, or whose result waits to be taken",
  ),
  requestBurst: limit("count", 16, "requests at once, as many as one answer may ask for"),
  requestsPerMinute: limit(
    "count",
    60,
    "taken again after a burst: what bounds a guest that answers every result with a request",
  ),
  requestMs: limit("ms", 30_000, "one request, a policy's questions to a person included"),
  resultWaitMs: limit("ms", 10_000, "how long a result waits for room in a full queue"),
} as const satisfies Record<string, Limit>;

/** What the drivers that feed ingresses wait for, keep and try again (reference §4.9). */
export const driverLimits = {
  keepAliveMs: limit(
    "ms",
    30_000,
    "a silence of this length makes the host ask for a sign of life",
  ),
  pongMs: limit("ms", 10_000, "a peer that gives no sign of life is cut off", "browsers: no pings"),
  grantCheckMs: limit(
    "ms",
    1_000,
    "a connection in use ends so soon after its grant is taken back",
    "grant policies without a precheck, which are asked at the next connection or send",
  ),
  firstReconnectMs: limit("ms", 1_000, "before the first attempt to connect anew; then doubled"),
  lastReconnectMs: limit("ms", 60_000, "between two attempts to connect, jitter included"),
  settledMs: limit(
    "ms",
    60_000,
    "a connection that stays up for so long counts as a new beginning",
  ),
  roomWaitMs: limit(
    "ms",
    10_000,
    "what a connection waits for room in a full queue, unread meanwhile; then the event is dropped",
    "the time that an event spends in the queue",
  ),
  waitingSends: limit("count", 16, "reference §4.1: as many as one answer has commands"),
  shortestPeriodMs: limit("ms", 1_000, "timers are not for busy waiting"),
  longestPeriodMs: limit("ms", 24 * 24 * 60 * 60 * 1000, "24 days: the longest that engines time"),
  durationCharacters: limit("count", 40, "an ISO 8601 duration of every part, with room to spare"),
} as const satisfies Record<string, Limit>;

/** What one webhook takes, waits for and remembers. */
export const webhookLimits = {
  webhookBytes: limit(
    "bytes",
    48 * KiB,
    "a body, so that it fits an event of 64 KiB with its envelope",
    "its JSON as text, in which a character may take six bytes: the event's own bound refuses that",
  ),
  webhookBodyMs: limit("ms", 10_000, "a body arrives by then, or the request is refused"),
  requestsAtOnce: limit(
    "count",
    32,
    "requests to one webhook that are read, checked or answered at the same time",
    "connections of the host's server",
  ),
  answerMs: limit(
    "ms",
    2_500,
    "how long an answer waits for what becomes of the event; common senders give up after 3 s",
    "the event, which goes on",
  ),
  retryAfterSeconds: limit("count", 5, "what senders are told who come while there is no room"),
  toleranceMs: limit("ms", 300_000, "how old or far ahead a signature's timestamp may be"),
  rememberedSignatures: limit(
    "count",
    10_000,
    "signatures of the tolerated time, 64 bytes each, by which a replay is known",
  ),
  signatureCharacters: limit("count", 1_024, "a signature header; Stripe's have about 200"),
  signaturesInHeader: limit("count", 4, "two while a secret is being rotated, with room to spare"),
  webhookSecrets: limit("count", 4, "secrets of one webhook while they are rotated"),
  longestWebhookSecret: limit("bytes", 4096, "a key of the longest kind; HMAC hashes long ones"),
  shortestWebhookSecret: limit("bytes", 16, "a key of fewer bytes can be guessed"),
  passedHeaders: limit("count", 16, "headers that the guest sees"),
  webhookNameBytes: limit("bytes", 64, "a webhook's name in its source and URL"),
} as const satisfies Record<string, Limit>;

/** What the command line reads and lists at once. */
export const cliLimits = {
  inputBytes: limit("bytes", 1 * MiB, "a tool's input; more than any instance takes by default"),
  grantsFileBytes: limit("bytes", 256 * KiB, "a grant record; real ones have a dozen lines"),
  listedItems: limit("count", 64, "tools, permissions or targets in one message for people"),
  listedPackages: limit("count", 128, "reference §4.1: items of `list`; its JSON is whole"),
  listedProblems: limit("count", 3, "reference §4.1: problems of one item of `list`"),
  listedTextBytes: limit("bytes", 240, "reference §4.1: one text of `list`"),
} as const satisfies Record<string, Limit>;

/** What discovery looks at (reference §2, §3). */
export const storeLimits = {
  packagesPerStore: limit("count", 128, "reference §2", "other files in the store's folder"),
  visitedFiles: limit(
    "count",
    20_000,
    "names in a store's folder, packages or not",
    "what is below its folders, which nobody looks at",
  ),
} as const satisfies Record<string, Limit>;

/** What findings, enablement records and plans may hold (reference §3). */
export const recordLimits = {
  diagnosticBytes: limit("bytes", 240, "reference §3: the bound of a diagnostic's message"),
  labelBytes: limit("bytes", 255, "what file systems allow a file's name"),
  enabledPlugins: limit("count", 256, "more than a project and a user store hold together"),
  enablementBytes: limit("bytes", 1 * MiB, "a record with grants has a few dozen lines"),
  planBytes: limit("bytes", 16 * MiB, "a manifest of 64 KiB for every enabled plugin"),
  changeWaitMs: limit("ms", 2_000, "how long a change waits for another one of the same file"),
  staleChangeMs: limit("ms", 30_000, "a change takes milliseconds; one of this age has crashed"),
} as const satisfies Record<string, Limit>;

/** What the cache of packages keeps besides packages, and for how long. */
export const cacheLimits = {
  leftoverMs: limit(
    "ms",
    24 * 60 * 60 * 1000,
    "a file that nobody finished writing in a day never will be",
  ),
  foreignUseMs: limit(
    "ms",
    24 * 60 * 60 * 1000,
    "of a process on another machine nobody can say whether it lives",
    "uses by processes of this machine, which hold until they end",
  ),
} as const satisfies Record<string, Limit>;

/** What the text of an inspection shows; its JSON is whole. */
export const inspectionLimits = {
  columns: limit("count", 80, "what a terminal has unless told otherwise"),
  minColumns: limit("count", 40, "below this, labels and text no longer stand side by side"),
  maxColumns: limit("count", 200, "longer lines are hard to read"),
  listedItems: limit("count", 40, "imports, exports and permissions of one list"),
  paragraphBytes: limit("bytes", 1_000, "one description or label: a dozen lines"),
} as const satisfies Record<string, Limit>;

/** What guests pay in fuel beside one unit for each instruction, and how often the host is asked. */
export const meterLimits = {
  sliceFuel: limit(
    "instructions",
    100_000,
    "about 0.1 ms: the host is asked this often, and asking costs less than 1 % of it",
    "the fuel of a call, which is the sum of all slices",
  ),
  bulkBytes: limit("bytes", 8, "bytes that a bulk operation moves for one unit: an i64.store's"),
  bulkFuel: limit("instructions", 16, "the fixed cost of memory.fill, memory.copy and memory.init"),
  tableFuel: limit("instructions", 128, "the fixed cost of table.fill, table.copy and table.init"),
  growFuel: limit("instructions", 512, "the fixed cost of memory.grow and table.grow"),
  throwFuel: limit("instructions", 1024, "throwing takes the engine microseconds"),
  hostCallFuel: limit(
    "instructions",
    2048,
    "a call out of WebAssembly takes 10 µs with what it copies, and 64 KiB of randomness 100 µs: so many of them fill a slice in milliseconds",
    "what the host does for an answer, which has its own limits",
  ),
  freeLocals: limit(
    "count",
    64,
    "more than most functions have; each further one costs a unit, because entering the function clears it",
  ),
  codeEdits: limit(
    "count",
    4_000_000,
    "metering a module takes 30 bytes of memory for each; real code has one in 15 bytes",
    "how much larger the code becomes",
  ),
  callsBetweenAsking: limit(
    "count",
    256,
    "calls that one body may make one after the other before the host is asked",
    "calls in a loop: each iteration asks",
  ),
  fuelBetweenAsking: limit(
    "instructions",
    4096,
    "a function that calls nothing and costs more asks at its entry",
  ),
  callsWithoutAsking: limit(
    "count",
    8,
    "a function with no more calls than this leaves asking to those that it calls, if they do",
  ),
  paidAheadFuel: limit(
    "instructions",
    255,
    "what a caller pays for the entry of a function, together with its own next payment",
  ),
} as const satisfies Record<string, Limit>;

/** What one exchange through the `https` and `request` APIs may hold and take. */
export const httpLimits = {
  descriptorBytes: limit("bytes", 48 * KiB, "reference §4.1: the JSON of a request"),
  bodyBytes: limit("bytes", 32 * KiB, "reference §4.1: a request's body"),
  requestHeaders: limit("count", 16, "reference §4.1", "headers that the host binds or adds"),
  responseHeaders: limit("count", 16, "reference §4.1: the first ones that a guest may see"),
  headerNameBytes: limit("bytes", 64, "reference §4.1"),
  headerValueBytes: limit("bytes", 1024, "reference §4.1"),
  responseBytes: limit(
    "bytes",
    64 * KiB,
    "reference §4.1: a response's body after decoding; what is longer is cut",
    "the JSON around it, in which a character may take six bytes",
  ),
  wireBytes: limit(
    "bytes",
    1 * MiB,
    "what a response's body may take before decoding: compressed blocks may hold nothing at all",
  ),
  responseHeadBytes: limit("bytes", 32 * KiB, "a response's status line and headers as they come"),
  socketBytes: limit(
    "bytes",
    4 * MiB,
    "all that a server sends in one exchange: early hints, chunk extensions and padding give nothing",
  ),
  timeoutMs: limit(
    "ms",
    5_000,
    "reference §4.1: one exchange from the resolver's first question to the body's last byte",
    "the guest's call, which may end it earlier",
  ),
  exchangesInFlight: limit("count", 8, "exchanges of one instance at the same time"),
  resolvedAddresses: limit("count", 64, "answers for one host name; every one of them is checked"),
  nameServerMs: limit("ms", 1_000, "a question to a name server is lost by then, and asked again"),
  otherAddressesMs: limit(
    "ms",
    300,
    "a name's IPv6 addresses, when it has IPv4 ones, or the other way round: some servers never answer",
  ),
  revocationMs: limit(
    "ms",
    50,
    "a grant that is taken back ends what it had begun within this time",
    "grant policies without a precheck, which are asked at the next call",
  ),
  secretBytes: limit("bytes", 4096, "a bearer token of the longest kind"),
  shortestSecret: limit(
    "bytes",
    4,
    "a shorter one can't be told from ordinary text in what flows back",
  ),
} as const satisfies Record<string, Limit>;

/** What the connections of the `websocket` API may hold and take. */
export const webSocketLimits = {
  descriptorBytes: limit("bytes", 8 * KiB, "reference §4.1: the JSON of an open"),
  sentBytes: limit("bytes", 32 * KiB, "reference §4.1: one message that goes out"),
  messageBytes: limit(
    "bytes",
    64 * KiB,
    "reference §4.1: one message that comes in",
    "each frame of it, which the reference bounds by 32 KiB: no WebSocket of Node or a browser shows frames, and a message costs as much memory in one as in many",
  ),
  openHandles: limit("count", 4, "reference §4.1: connections of one instance, opening ones too"),
  openTimeoutMs: limit("ms", 5_000, "reference §4.9: resolving, connecting and the handshake"),
  sendTimeoutMs: limit("ms", 5_000, "as long as an open may take: a peer that never reads"),
  receiveTimeoutMs: limit("ms", 5_000, "reference §4.1: a wait that names no time"),
  maxReceiveTimeoutMs: limit("ms", 30_000, "reference §4.1: a wait that names a longer time"),
  handleAgeMs: limit("ms", 15 * 60 * 1000, "reference §4.1: a connection that is older is closed"),
  controlFrames: limit("count", 16, "reference §4.1: pings and pongs during one receive"),
  queuedBytes: limit(
    "bytes",
    1 * MiB,
    "messages that wait for the guest, 16 bytes added to each; Node pauses the peer far below it",
    "what the system's own socket buffers hold",
  ),
  closeGraceMs: limit("ms", 500, "a peer that does not answer a close is cut off"),
} as const satisfies Record<string, Limit>;

/** What the conformance kit gives the guests that it tries a backend with. */
export const conformanceLimits = {
  callMs: limit("ms", 10_000, "calls that are to be answered"),
  stoppedCallMs: limit("ms", 60, "calls that are to be stopped: enough for a guest to be entered"),
  patienceMs: limit(
    "ms",
    5_000,
    "past its deadline a call must be settled; a busy machine is slow",
    "a backend that blocks the caller's thread, which no clock interrupts",
  ),
  memoryBytes: limit("bytes", 512 * KiB, "twice what the kit's guests start with"),
  tableElements: limit("count", 64, "the kit's guests start with one"),
  fuel: limit("instructions", 1_000_000, "a thousand times what the kit's guests need to answer"),
  outputBytes: limit("bytes", 1_000, "far from any default, so that it is this limit that is kept"),
  hostCalls: limit("count", 5, "far from any default, too"),
} as const satisfies Record<string, Limit>;

/** What JSON from outside may hold, whatever its byte bound. */
export const jsonLimits = {
  depth: limit("levels", 64, "JSON.stringify and structuredClone overflow far deeper"),
} as const satisfies Record<string, Limit>;

/** Limits of a package, resolved. */
export type PackageLimits = LimitValues<typeof packageLimits>;
/** Limits of stores, resolved. */
export type StoreLimits = LimitValues<typeof storeLimits>;
/** Limits of an artifact, resolved. */
export type ArtifactLimits = LimitValues<typeof artifactLimits>;
/** Limits of a running guest, resolved. */
export type GuestLimits = LimitValues<typeof guestLimits>;

/** Limits of the `log` API, resolved. */
export type LogLimits = LimitValues<typeof logLimits>;
/** Limits of the `fs` API, resolved. */
export type FsLimits = LimitValues<typeof fsLimits>;

/** A table's defaults as plain numbers. */
export function defaultLimits<Table extends Record<string, Limit>>(
  table: Table,
): LimitValues<Table> {
  return mergeLimits(table, undefined, () => {
    throw new RangeError("a default limit is invalid");
  });
}

/**
 * Lays a host's numbers over a table's defaults.
 *
 * @param table The table of limits.
 * @param overrides The host's numbers; a key that the table does not have is refused.
 * @param refuse Called with what is wrong; throws.
 * @returns Frozen numbers, one for each limit.
 */
export function mergeLimits<Table extends Record<string, Limit>>(
  table: Table,
  overrides: Partial<LimitValues<Table>> | undefined,
  refuse: (message: string) => never,
): LimitValues<Table> {
  const merged: Record<string, number> = Object.create(null);
  for (const [name, { default: value }] of Object.entries(table)) merged[name] = value;
  for (const [name, value] of Object.entries(overrides ?? {})) {
    if (value === undefined) continue;
    if (!Object.hasOwn(table, name)) refuse(`There is no limit named ${JSON.stringify(name)}.`);
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      refuse(`The limit ${name} must be a whole number of at least 1.`);
    }
    merged[name] = value as number;
  }
  return Object.freeze(merged) as LimitValues<Table>;
}
