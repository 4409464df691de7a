/** What a room is: what others may import of it, and which rooms it may import itself. */
export interface Room {
  /** The files that other rooms may import; `*.types.ts` are open to every later room. */
  readonly doors: readonly string[];
  /** The earlier rooms whose doors it may import. The foundation is open to every room. */
  readonly from: readonly string[];
}

/** The foundation: files directly in src/ that import nothing but the ones before them. */
export const foundation = [
  "limits.ts",
  "diagnostic.ts",
  "errors.ts",
  "bytes.ts",
  "json.ts",
  "on-aborted.ts",
  "deadline.ts",
] as const;

/** The rooms in their order: a stage knows the ones before it, never the ones after it. */
export const rooms: ReadonlyMap<string, Room> = new Map<string, Room>([
  ["archive", { doors: ["archive.ts"], from: [] }],
  ["manifest", { doors: ["manifest.ts", "tool-declaration.ts"], from: ["archive"] }],
  [
    "package",
    { doors: ["load-package.ts", "pack-package.ts", "identity.ts"], from: ["archive", "manifest"] },
  ],
  [
    "wasm",
    {
      doors: [
        "artifact.ts",
        "admission.ts",
        "clamp.ts",
        "declared-size.ts",
        "host-imports.ts",
        "meter.ts",
        "meter-account.ts",
        "type-text.ts",
      ],
      from: ["manifest"],
    },
  ],
  ["grants", { doors: ["plan.ts"], from: ["manifest", "package"] }],
  [
    "inspect",
    {
      doors: ["inspect.ts", "render-text.ts", "diff.ts", "render-diff.ts"],
      from: ["manifest", "package", "wasm", "grants"],
    },
  ],
  [
    "host-api",
    {
      doors: [
        "host-call.ts",
        "host-api.ts",
        "http/secrets.ts",
        "log/log-api.ts",
        "wasi/wasi.ts",
        "websocket/host-connection.ts",
      ],
      from: ["manifest", "package", "wasm", "grants"],
    },
  ],
  [
    "runtime",
    {
      doors: ["backend.ts", "select-backend.ts", "isolation/isolation.ts"],
      from: ["manifest", "wasm", "grants", "host-api"],
    },
  ],
  [
    "instance",
    {
      doors: ["create-instance.ts", "timing.ts"],
      from: ["manifest", "package", "wasm", "grants", "host-api", "runtime"],
    },
  ],
  [
    "drivers",
    {
      doors: [
        "websocket-driver.ts",
        "webhook-driver.ts",
        "webhook-signature.ts",
        "timer-driver.ts",
        "webhook-listener.node.ts",
      ],
      from: ["manifest", "package", "grants", "host-api", "instance"],
    },
  ],
  [
    "registry",
    {
      doors: ["tool-registry.ts", "instance-registry.ts", "tool.ts"],
      from: ["manifest", "package", "grants", "instance"],
    },
  ],
  // Queues on engines that a host installs itself, each with an entry of its own.
  ["queue", { doors: ["bullmq-ingress-queue.ts"], from: ["manifest", "package", "instance"] }],
  ["store", { doors: ["store.ts"], from: ["manifest", "package", "grants", "inspect"] }],
  ["build", { doors: ["build-component.ts", "guest-world.ts"], from: ["manifest", "package"] }],
  [
    "cli",
    {
      doors: ["run-cli.ts", "process-io.ts"],
      from: [
        "manifest",
        "package",
        "grants",
        "inspect",
        "runtime",
        "instance",
        "registry",
        "store",
        "build",
      ],
    },
  ],
  [
    "testing",
    {
      doors: ["backend-conformance.ts"],
      from: ["manifest", "wasm", "host-api", "runtime"],
    },
  ],
  // What a guest imports: no host code, not even the foundation.
  ["pdk", { doors: [], from: [] }],
]);

/** Rooms that a browser never loads; only they and `*.node.ts` may import Node's modules. */
export const nodeRooms: ReadonlySet<string> = new Set(["queue", "store", "build", "cli"]);

/** Entries: they name what is public and choose defaults, so that they may open any room. */
export const entries: readonly string[] = [
  "index.ts",
  "node.ts",
  "browser.ts",
  "pdk.ts",
  "build.ts",
  "bullmq.ts",
  "cli.ts",
  "testing.ts",
];

/** Where platforms are composed: they may import a room's `*.node.ts` and `*.browser.ts` files. */
export const compositions: readonly string[] = [
  "ports.node.ts",
  "ports.browser.ts",
  "ports.types.ts",
];

/** One import that the table above would refuse. */
export interface Exception {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Imports of inner files that were agreed upon. One that is no longer used must go. */
export const exceptions: readonly Exception[] = [
  {
    from: "registry",
    to: "instance/input-schema.ts",
    reason: "a host's own tools are checked by the very rules that plugin tools are",
  },
  {
    from: "registry",
    to: "instance/call-options.ts",
    reason: "a call means the same through the registry and on the instance",
  },
  {
    from: "registry",
    to: "instance/tool-input.ts",
    reason: "a host's own tools are checked by the very rules that plugin tools are",
  },
  {
    from: "registry",
    to: "instance/tool-result.ts",
    reason: "a host tool's result has the same shape and bounds as a plugin tool's",
  },
  {
    from: "registry",
    to: "instance/listeners.ts",
    reason: "one kind of event listener in the library",
  },
  {
    from: "instance",
    to: "host-api/http/http-request.ts",
    reason: "an output command's request is read by the very rules of the request API",
  },
  {
    from: "instance",
    to: "host-api/http/target-url.ts",
    reason: "an output command's URL is read by the very rules of the host APIs",
  },
  {
    from: "instance",
    to: "host-api/http/address.ts",
    reason: "a private host is one for an output command as it is for the host APIs",
  },
  {
    from: "instance",
    to: "host-api/http/host-refusal.ts",
    reason: "what those rules throw",
  },
  {
    from: "instance",
    to: "host-api/host-answer.ts",
    reason: "a request that is ended reads like one that the request API ended",
  },
  {
    from: "queue",
    to: "instance/ingress-event.ts",
    reason: "an event that was kept elsewhere is read like one that is delivered",
  },
  {
    from: "queue",
    to: "instance/ingress-report.ts",
    reason: "a report means the same whatever queue the event was in",
  },
  {
    from: "queue",
    to: "instance/listeners.ts",
    reason: "a listener that throws stops no queue",
  },
];
