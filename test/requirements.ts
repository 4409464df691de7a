/**
 * What this library promises, as data.
 *
 * A test that shows a promise kept names its id in square brackets, in its own title or in that of
 * the `describe` around it: `test("[stop/loop] an endless loop ends at its deadline", …)`. What a
 * script of `.ci/` shows is named there in a comment. `requirements.test.ts` fails on an id that
 * nothing names and on a name that is no id.
 */
export interface Requirement {
  /** Where the promise comes from: an issue with its item, or the mission's list of what must never break. */
  readonly source: string;
  /** The promise, as a fact. */
  readonly behaviour: string;
}

const never = "mission: what must never break";

/** Every promise by its id. */
export const requirements = {
  // Reading
  "load/no-compile": {
    source: never,
    behaviour: "Loading a package runs and compiles nothing of it, whatever its artifact would do.",
  },
  "load/archive-hostile": {
    source: "issue 2, item 3",
    behaviour: "A hostile archive is refused with its own code, and no two readers could disagree.",
  },
  "load/bounded": {
    source: never,
    behaviour: "What a package holds and expands to is bounded before it is allocated.",
  },
  "load/digest-vectors": {
    source: "issue 2, item 3; reference §2",
    behaviour: "Digests and packed bytes are those of the published vectors.",
  },
  "load/noise": {
    source: "issue 2, how it is judged",
    behaviour: "24 MiB of noise in place of an artifact are loaded and inspected promptly.",
  },
  "manifest/strict": {
    source: "issue 2, item 3; reference §1",
    behaviour: "A manifest with an unknown key, kind or shape is refused.",
  },
  "inspect/no-compile": {
    source: never,
    behaviour: "Inspecting a package runs and compiles nothing of it.",
  },
  "inspect/defects": {
    source: "issue 2, item 4",
    behaviour:
      "A wrong kind or world, a missing or mistyped export, an unknown or unversioned import, an unsafe name and an over-large memory are each their own diagnostic.",
  },
  "inspect/imports-exports": {
    source: "issue 2, item 4",
    behaviour: "Imports and exports are reported with versions, as the bytes have them.",
  },

  // The reader of WebAssembly
  "wasm/total": {
    source: "issue 2, item 2",
    behaviour:
      "No bytes make the reader throw anything but a PluginError, hang, or allocate out of proportion.",
  },
  "wasm/features": {
    source: "issue 2, item 2",
    behaviour: "Features outside the allowlist are refused, whatever the engine would accept.",
  },
  "wasm/names": {
    source: "issue 2, item 2 and how it is judged",
    behaviour:
      "A crafted name is refused before anything is generated from it, whatever position it takes.",
  },
  "wasm/counts": {
    source: "issue 2, item 2",
    behaviour:
      "Instances, exports and the product of nesting are counted and bounded on the bytes.",
  },
  "wasm/clamp": {
    source: "issue 2, item 2",
    behaviour: "Memory and table maxima are rewritten in the bytes before they are compiled.",
  },

  // Grants
  "grants/deny-by-default": {
    source: never,
    behaviour: "Without a grant nothing is allowed.",
  },
  "grants/both-sides": {
    source: never,
    behaviour: "Nothing is allowed that the manifest does not ask for, whatever is granted.",
  },
  "grants/binding": {
    source: never,
    behaviour: "A grant for another id, version or digest authorises nothing.",
  },
  "grants/every-time": {
    source: never,
    behaviour:
      "Grants are asked at registration and again at execution; one taken back bites at once.",
  },

  // Running
  "run/result": {
    source: never,
    behaviour: "A granted tool is called with JSON and ends as an ordinary tool result.",
  },
  "run/input-schema": {
    source: "issue 2, item 6",
    behaviour: "Input that does not fit the tool's schema never reaches the guest.",
  },
  "run/input-bound": {
    source: never,
    behaviour: "Input over its bound is refused; input at the bound is taken.",
  },
  "run/fresh": {
    source: "design: state",
    behaviour: "A call sees nothing that an earlier call of the same tool left behind.",
  },
  "run/turns": {
    source: "design: state",
    behaviour: "Calls of one instance take turns, and no more wait than the queue's bound.",
  },
  "pdk/plugin": {
    source: "issue 6, item 8; reference §6",
    behaviour:
      "A plugin that lives on is written in TypeScript as one definition; whatever its handlers do, its exports answer what hosts understand and never throw.",
  },
  "pdk/commands": {
    source: "issue 6, item 5; reference §6",
    behaviour:
      "Output commands built with the PDK carry the envelope that hosts ask for, and keep their bounds where they are made.",
  },
  "build/instance-world": {
    source: "issue 6, items 1 and 8",
    behaviour:
      "A TypeScript guest of the instance world runs the same on QuickJS and SpiderMonkey.",
  },
  "instance/hostile": {
    source: "issue 6, how it is judged",
    behaviour:
      "Whatever a guest of the instance world does in any of its steps ends as a clear, bounded error, in time, and the host goes on.",
  },
  "instance/hostile-commands": {
    source: "issue 6, how it is judged; reference §4.8",
    behaviour:
      "Output commands in excess, out of form or in another's name are refused as a batch and reported, and nothing of them is carried out.",
  },
  "drivers/ws-feeds": {
    source: "issue 6, item 6; reference §4.9",
    behaviour:
      "A granted WebSocket source is an event for each text, in order, for each close and for each break, its URL shown without a query.",
  },
  "drivers/ws-sends": {
    source: "issue 6, item 6; reference §4.8",
    behaviour:
      "Text goes out over the connection that the host owns to that very URL, bounded, or its failure is said and counted.",
  },
  "drivers/ws-grants": {
    source: "issue 6, item 6; reference §4.9",
    behaviour:
      "A connection needs manifest and grant, at its beginning, at every reconnect and send, and closes soon after its grant is gone.",
  },
  "drivers/ws-pressure": {
    source: "issue 6, item 6",
    behaviour:
      "A peer is read no faster than the ingress takes its events; what is dropped is counted and told, and a peer that takes nothing is left.",
  },
  "drivers/ws-reconnects": {
    source: "issue 6, item 6",
    behaviour:
      "What breaks is connected anew after a growing, jittered, bounded delay that status shows.",
  },
  "drivers/ws-hostile": {
    source: "issue 6, how it is judged",
    behaviour:
      "A peer that floods, stalls, vanishes, redirects, lies about its TLS or breaks the protocol costs the host nothing but another attempt.",
  },
  "drivers/ws-ends": {
    source: "issue 6, item 6",
    behaviour: "Stopping an instance closes its connections at once and leaves nothing behind.",
  },
  "webhook/delivers": {
    source: "issue 6, item 6",
    behaviour:
      "A signed request is an event with its body and a few headers; the sender learns whether there was room, and of the guest only what the host allows.",
  },
  "webhook/refuses": {
    source: "issue 6, item 6",
    behaviour:
      "A request that is unsigned or badly signed gets 401 and the guest never hears of it; without its secret nothing is taken.",
  },
  "webhook/signatures": {
    source: "issue 6, item 6",
    behaviour:
      "The signature formats of GitHub, Stripe, Slack and Standard Webhooks are verified over the raw body, and nothing else passes for them.",
  },
  "webhook/replays": {
    source: "issue 6, item 6",
    behaviour:
      "What was signed with a time is taken once, within a tolerance, and forgotten when there was no room for it.",
  },
  "webhook/bounds": {
    source: "issue 6, item 6",
    behaviour:
      "A request of another method, type, form, size or pace is answered with its own status before it costs more.",
  },
  "webhook/routes": {
    source: "issue 6, item 6",
    behaviour:
      "One handler serves several plugins by the end of the path, and each only while its instance runs.",
  },
  "webhook/rules": {
    source: "issue 6, item 6",
    behaviour: "A rule that would verify nothing by mistake is refused when the driver is made.",
  },
  "webhook/server": {
    source: "issue 6, item 6",
    behaviour:
      "In a real server, endless, dripping, abandoned and lying bodies are answered or cut off, bounded.",
  },
  "timer/durations": {
    source: "issue 6, item 6",
    behaviour: "An ISO 8601 duration of a fixed length is read exactly, in bounds, or refused.",
  },
  "timer/refused": {
    source: "issue 6, item 6",
    behaviour: "A timer source that can't be timed is refused when it is opened.",
  },
  "timer/ticks": {
    source: "issue 6, item 6",
    behaviour:
      "A timer neither drifts nor piles up: what its guest did not get is counted and told with the next event.",
  },
  "timer/ends": {
    source: "issue 6, item 6",
    behaviour: "A timer ends with its instance and keeps no process running.",
  },
  "drivers/end-to-end": {
    source: "issue 6, item 6",
    behaviour: "All three drivers feed a real guest, and stop with its instance.",
  },
  "drivers/storms": {
    source: "issue 6, how it is judged",
    behaviour:
      "Thousands of messages and requests at a real guest that is stopped, restarted or cut off end reported, in order and without a leak.",
  },
  "drivers/browser": {
    source: "issue 6, item 6",
    behaviour: "WebSockets and webhooks feed a guest in a real browser, by Web APIs alone.",
  },
  "drivers/own": {
    source: "issue 6, item 6",
    behaviour: "A host feeds an ingress with a driver that it wrote itself.",
  },
  "instance/chat-bridge": {
    source: "issue 6, item 8",
    behaviour:
      "A TypeScript chat bridge lives through start, tool, ingress, status and stop against a real WebSocket server, and a tool call and an event share its counter.",
  },
  "run/typescript-guest": {
    source: "issue 2, item 8",
    behaviour: "A tool written in TypeScript runs, built on QuickJS and on SpiderMonkey.",
  },
  "run/rust-guest": {
    source: "issue 2, item 8",
    behaviour: "A tool written in Rust runs.",
  },
  "run/wasi-inert": {
    source: "issue 2, item 5",
    behaviour:
      "A guest that imports WASI runs and finds no file, environment, clock drift or network.",
  },

  // Stopping
  "stop/loop": {
    source: never,
    behaviour: "A guest that loops without end is stopped at its deadline.",
  },
  "stop/bulk": {
    source: "decisions: V8 and Node",
    behaviour: "Loops of bulk memory and table operations are stopped as well.",
  },
  "stop/start": {
    source: "issue 2, item 5",
    behaviour: "Instantiation and start functions are stopped at their deadline.",
  },
  "stop/abort": {
    source: "issue 2, item 5",
    behaviour: "A caller's signal really stops the guest, running or waiting.",
  },
  "stop/prompt": {
    source: "issue 4",
    behaviour:
      "A loop of any shape is ended by its own metered code, and its worker serves the next call.",
  },
  "meter/exact": {
    source: "issue 4, fuel",
    behaviour: "Fuel is exactly what the instructions that ran cost, in code of any shape.",
  },
  "meter/caught": {
    source: "issue 4, fuel",
    behaviour: "No code outlives its fuel by catching, in either encoding of exceptions.",
  },
  "meter/slow": {
    source: "issue 4, prompt interruption",
    behaviour:
      "What takes the engine or the host long costs as much fuel as fills its slice in milliseconds.",
  },
  "meter/linear": {
    source: "issue 4, cost",
    behaviour:
      "Metering takes time and memory that grow with the code, however it is nested or calls.",
  },
  "stop/caught": {
    source: "issue 5, item 7",
    behaviour: "A guest that catches what ends it ends at its next slice of fuel.",
  },
  "stop/host-call": {
    source: "issue 5, item 7",
    behaviour:
      "A guest that waits for its host ends with its deadline and its signal, and its isolate serves the next call.",
  },
  "stop/next-call": {
    source: "issue 2, item 5",
    behaviour: "After a guest was stopped, trapped or lost, the next call gets a new one.",
  },
  "stop/event-loop": {
    source: "issue 2, item 5",
    behaviour: "The caller's event loop goes on while a guest misbehaves.",
  },
  "stop/idle": {
    source: "issue 2, item 5",
    behaviour: "Idle workers never keep the process alive.",
  },

  // Bounds on a running guest
  "limits/memory": {
    source: "issue 2, how it is judged",
    behaviour:
      "Growing past the memory cap fails inside the guest, all memories of it counted together.",
  },
  "limits/tables": {
    source: "issue 2, how it is judged",
    behaviour: "Tables stay within their cap and never take the process down.",
  },
  "limits/stack": {
    source: "issue 2, item 5",
    behaviour: "Endless recursion ends as its own code.",
  },
  "limits/output": {
    source: never,
    behaviour: "Output over 64 KiB is refused; output at the bound is taken.",
  },
  "limits/output-shape": {
    source: "issue 2, item 5",
    behaviour:
      "Output that is not UTF-8, not JSON or of another shape is refused with its own code.",
  },
  "limits/log": {
    source: never,
    behaviour: "What a guest writes to its standard streams is bounded and made inert.",
  },
  "limits/pointers": {
    source: "issue 2, item 9",
    behaviour: "Pointers and lengths that lie reach nothing outside the guest's own memory.",
  },
  "limits/refused-not-ignored": {
    source: never,
    behaviour: "A limit that the chosen isolation can't keep is refused when the instance is made.",
  },

  // Raw guests
  "raw/abi": {
    source: "issue 4; reference §4.4",
    behaviour:
      "Raw guests have the five imports of `yoi:tool`: exact lengths, -1 for what can't be, output errors that stay, the last output.",
  },
  "raw/limits": {
    source: "issue 4; reference §4.1",
    behaviour: "Raw guests start from the reference's limits, which a host can raise and lower.",
  },
  "raw/fuel": {
    source: "issue 4, fuel",
    behaviour: "A raw guest's fuel is reported, the same in every run and isolate.",
  },
  "raw/selection": {
    source: "issue 4; decisions: runtime kinds",
    behaviour: "The manifest alone chooses between raw modules and components.",
  },
  "raw/digest": {
    source: "issue 4; reference §4.4",
    behaviour: "The bytes that run are those that the package's digest names.",
  },
  "raw/imports": {
    source: "issue 4; reference §4.4",
    behaviour: "An import that raw guests do not have is refused and told what there is.",
  },
  "raw/host-apis": {
    source: "issue 4; acceptance §3",
    behaviour: "A raw guest that imports a host API runs only when both sides name it.",
  },
  "backend/conformance": {
    source: "issue 4; design: the public surface",
    behaviour:
      "A kit says which rules a runtime backend keeps; ours keep all, and each broken one is told.",
  },
  "backend/example": {
    source: "issue 4",
    behaviour: "The worked example of a host's own backend runs and keeps the rules.",
  },

  // Waiting for the host
  "host/bridge": {
    source: "issue 5, item 7",
    behaviour:
      "A guest's host calls are answered by shared memory or by JSPI, chosen by what the engine has and said in the instance's status.",
  },
  "host/lost": {
    source: "issue 5, item 7",
    behaviour: "A worker that dies in mid host call settles the call and is replaced.",
  },
  "host/side-by-side": {
    source: "issue 5, item 7",
    behaviour:
      "Host calls never hold up the host's event loop, and those of many instances proceed side by side.",
  },

  // Isolation
  "isolation/no-ambient": {
    source: never,
    behaviour: "No file, network, process or environment can be reached from where a guest runs.",
  },
  "isolation/no-host-code": {
    source: never,
    behaviour:
      "No byte of a guest becomes code of the host: names are checked, and the glue again.",
  },
  "isolation/generator": {
    source: "issue 2, how it is judged",
    behaviour:
      "A component that traps the bindings generator or makes it explode spoils no other load.",
  },

  // Registry and command
  "registry/names": {
    source: "issue 2, item 6",
    behaviour: "A tool's name belongs to whoever came first and is never taken over.",
  },
  "registry/snapshot": {
    source: "issue 2, item 6",
    behaviour: "A snapshot's definitions stay as they were for a whole run.",
  },
  "cli/inspect-run": {
    source: "issue 2, item 7",
    behaviour:
      "`yoi-plugin` inspects and runs packages, with exit codes and errors that say what to do.",
  },

  // Packages on disk
  "store/one-bad-package": {
    source: "issue 3, item 3",
    behaviour: "One bad package in a store never hides another.",
  },
  "store/confined": {
    source: "issue 3, item 3",
    behaviour: "A package that is linked out of its store is refused and not read.",
  },
  "store/fail-closed": {
    source: "issue 3, item 3; reference §3",
    behaviour: "The first thing wrong with an enablement record drops it, with one finding.",
  },
  "store/restore": {
    source: "issue 3, item 3",
    behaviour: "A plan restores to the same packages when the stores have newer ones.",
  },
  "store/cache-verified": {
    source: "issue 3, item 3",
    behaviour: "What a cache entry holds is what its digest says, or it is not opened.",
  },
  "store/cache-shared": {
    source: "issue 3, item 3",
    behaviour: "Several processes use one cache at once, and pruning leaves what they use.",
  },
  "cli/consent": {
    source: "issue 3, item 5",
    behaviour:
      "`yoi-plugin enable` shows what is asked, and writes pins and grants only after a yes.",
  },

  // Errors
  "errors/stable-codes": {
    source: "design: the public surface",
    behaviour: "Every error code is documented and pinned.",
  },
  "errors/inert": {
    source: "design: errors",
    behaviour:
      "Text of a guest or package in a message is bounded and holds nothing a terminal obeys.",
  },

  // Host APIs
  "fs/rules": {
    source: "issue 5, item 3; reference §5.2",
    behaviour:
      "Files are read, listed and written below granted folders only, every call authorised anew, each bound kept, in memory as on disk.",
  },
  "fs/node": {
    source: "issue 5, item 3",
    behaviour:
      "On disk, writes are put in place at once, special files are refused without waiting, and other names of a file keep its bytes.",
  },
  "grants/audit": {
    source: "issue 5, item 8",
    behaviour:
      "Every decision is told to the audit listener and, in Node, on a diagnostics channel, without a URL's query; nobody who listens changes it.",
  },
  "policies/one-question": {
    source: "issue 5, item 8; reference §5.1",
    behaviour:
      "A host call is one question to a policy, with what it reaches, and one decision in the audit trail; what is refused without asking is refused first.",
  },
  "https/works": {
    source: "issue 5, item 1",
    behaviour:
      "A component and a raw guest reach a granted HTTPS server and are given what it answers.",
  },
  "https/private": {
    source: "issue 5, item 1; decisions: private networks",
    behaviour:
      "No private address is reached, in whatever notation, by name or by redirect, unless manifest and grant name that very host and the grant allows it.",
  },
  "https/names": {
    source: "issue 5, item 1 and how it is judged; acceptance §6",
    behaviour:
      "A name is resolved once for an exchange, every answer is checked, and the connection goes to what was checked.",
  },
  "https/paths": {
    source: "issue 5, item 1; decisions: path prefix",
    behaviour: "No path that some server could read outside a granted prefix is sent.",
  },
  "https/headers": {
    source: "issue 5, item 1; decisions: guest-set headers",
    behaviour: "A guest's headers frame, route and authenticate nothing, and come once each.",
  },
  "https/targets": {
    source: "issue 5, item 1; acceptance §6",
    behaviour: "Scheme, host, port and method are the granted ones, in one spelling each.",
  },
  "https/bounds": {
    source: "issue 5, item 1; acceptance §6",
    behaviour:
      "Heads and bodies are bounded while they come, also when they are compressed, and the socket is closed.",
  },
  "https/stopped": {
    source: "issue 5, item 1",
    behaviour:
      "A deadline, an abort, a stopped instance and a revoked grant end an exchange and its socket.",
  },
  "fs/guest": {
    source: "issue 5, items 3 and 7; acceptance §6",
    behaviour:
      "Guests of each kind use granted folders for the granted operations, and no path, link, name or special file leads them elsewhere.",
  },
  "websocket/guest": {
    source: "issue 5, items 2, 7 and 8; acceptance §6",
    behaviour:
      "A guest talks to granted peers alone, over a bounded number of connections, which end with their grant and their guest.",
  },
  "secrets/named": {
    source: "issue 5, item 5",
    behaviour: "Inspection, `inspect` and `show` say which grant binds which secret, by its name.",
  },
  "secrets/unseen": {
    source: "issue 5, item 5",
    behaviour:
      "A bound secret reaches its server and nobody else: no guest, answer, event, message or report has it, though the server echoes it.",
  },
  "wasi/frozen": {
    source: "issue 5, item 4",
    behaviour: "A host can freeze a guest's clocks and seed its randomness.",
  },
  "log/bounded": {
    source: "issue 5, item 4",
    behaviour:
      "A plugin's lines reach the host's listener alone, one inert line each, bounded in bytes and in how fast they come, what is dropped counted.",
  },
  "custom/works": {
    source: "issue 5, item 6",
    behaviour: "A host's own API answers granted guests, its arguments typed by its parameters.",
  },
  "custom/refusals": {
    source: "issue 5, item 6",
    behaviour:
      "A host's own API is authorised on every call, its arguments checked, its answers bounded, and its failures tell a guest nothing that the host did not choose to tell.",
  },
  "custom/definition": {
    source: "issue 5, item 6",
    behaviour: "A definition with a name or parameter that guests could not import is refused.",
  },
  "custom/admission": {
    source: "issue 5, item 6",
    behaviour:
      "A guest imports a host's own interface with its very functions, strings and u32 in and a string out.",
  },
  "custom/raw": {
    source: "issue 5, item 6",
    behaviour:
      "A raw guest calls a host's own interface, its numbers read as that interface's parameters.",
  },
  "custom/inspected": {
    source: "issue 5, item 6",
    behaviour:
      "A host that says which APIs it has sees a package's imports held against their functions and permissions, without running it.",
  },
  "custom/example": {
    source: "issue 5, item 6",
    behaviour:
      "A worked example defines an API, grants it to a TypeScript guest, takes it back live and audits it.",
  },
  "custom/wit": {
    source: "issue 5, item 6",
    behaviour:
      "A host's own API can be written in WIT, from which guests are built that it admits.",
  },
  "custom/build": {
    source: "issue 5, item 6",
    behaviour:
      "A TypeScript guest that imports a host's own interface is built from that interface's WIT.",
  },
  "websocket/binary": {
    source: "issue 5, item 2",
    behaviour:
      "Guests of yoi:host/websocket@1.1.0 send and receive bytes, bounded as texts are, under the permission of 1.0.0.",
  },
  "websocket/ends-with-guest": {
    source: "issue 5, item 2",
    behaviour:
      "Connections end with the guest that opened them; the next guest begins with none, and an instance never has more than its bound.",
  },
  "websocket/raw": {
    source: "issue 5, items 2 and 7",
    behaviour: "Raw guests reach the WebSocket API, in its first version and in 1.1.0.",
  },
  "log/wired": {
    source: "issue 5, item 4",
    behaviour:
      "Every guest may log without a grant, and its lines are the instance's log events, inert and redacted.",
  },
  "fs/races": {
    source: "issue 5, item 3",
    behaviour:
      "Folders and files that are swapped for links while they are used lead no read and no write outside.",
  },

  // Instances whose guest lives on
  "instance/start": {
    source: "issue 6, items 1 and 2; acceptance §5",
    behaviour:
      "A guest whose start fails in whatever way gives no instance, and nothing of it is left.",
  },
  "instance/config": {
    source: "issue 6, item 1",
    behaviour: "The host's configuration reaches the guest's start as JSON of at most 64 KiB.",
  },
  "instance/one-guest": {
    source: "issue 6, item 1; acceptance §5",
    behaviour:
      "Tools, events and status are faces of one guest, which they share, one at a time, and never re-enter.",
  },
  "instance/believed": {
    source: "issue 6, item 1; reference §4.5",
    behaviour: "What a guest answers to start, status and stop is parsed, bounded and believed.",
  },
  "instance/fault": {
    source: "issue 6, items 1 and 2; decisions: after a trap or timeout",
    behaviour:
      "A guest that trapped, was stopped or gave an answer that can't be believed is never entered again.",
  },
  "instance/restart": {
    source: "issue 6, item 2",
    behaviour:
      "A guest that failed is started again as its host declared: bounded, backing off, jittered, visible in the status.",
  },
  "instance/stop": {
    source: "issue 6, item 2",
    behaviour:
      "A stop lets what runs finish within bounds, settles what waits, tells the guest, and happens once.",
  },
  "instance/stop-order": {
    source: "issue 6, item 2; reference §4.6",
    behaviour: "What feeds the guest ends before the guest; a host's shutdown ends all instances.",
  },
  "instance/dispose-starting": {
    source: "issue 6, item 2",
    behaviour: "An instance that is given up while it starts leaves nothing behind.",
  },
  "instance/no-leak": {
    source: "issue 6, how it is judged",
    behaviour: "Instances come and go without leaving anything on what outlives them.",
  },
  "instance/nothing-granted": {
    source: "issue 6, item 3",
    behaviour: "A plugin that was granted nothing is never started.",
  },
  "instance/host-only": {
    source: "issue 6, item 3; acceptance §5",
    behaviour: "A package with nothing but a service or an ingress gets its instance.",
  },
  "instance/tool-world": {
    source: "issue 6, item 3",
    behaviour:
      "Guests of the tool world and raw ones are instances of the same shape, without events.",
  },
  "instance/status": {
    source: "issue 6, item 2",
    behaviour: "The status says what the guest last said of itself, frozen.",
  },
  "instance/storm": {
    source: "issue 6, how it is judged",
    behaviour:
      "Ten thousand events at a guest while tools are called and the host stops it: nothing lost unreported, nothing double.",
  },
  "backend/living": {
    source: "issue 6, items 1 and 3",
    behaviour:
      "A host's own backend runs guests that live on, and one that breaks its contract takes nothing with it.",
  },
  "queue/own": {
    source: "issue 6, item 4",
    behaviour:
      "A host's own queue takes the place of ours, and one that breaks its contract takes nothing with it.",
  },
  "grants/surfaces": {
    source: "issue 6, item 7; reference §3 and §4.2",
    behaviour:
      "Services, ingresses and tools need both sides' permissions, their surface selected, and their grant still there, each for itself.",
  },
  "ingress/revoked": {
    source: "issue 6, item 7",
    behaviour: "A grant that is taken back stops the next event, and those that wait.",
  },
  "commands/apart": {
    source: "issue 6, item 5; reference §4.8",
    behaviour: "What becomes of output commands is reported apart from what tools answer.",
  },
  "registry/instances": {
    source: "issue 6, item 3",
    behaviour:
      "A registry opens each plugin once, by reference and digest, and leaves room for what ended.",
  },
  "registry/give-up": {
    source: "issue 6, item 2",
    behaviour: "An opening that nobody waits for any more is ended, and costs no later one.",
  },
  "registry/dispose": {
    source: "issue 6, item 2",
    behaviour: "Disposing a registry of instances stops them all and refuses what comes later.",
  },

  // Events and what guests ask for in their answers
  "ingress/envelope": {
    source: "issue 6, item 4; reference §4.7",
    behaviour:
      "An event is read once, in the reference's order, and reaches the guest complete or not at all.",
  },
  "ingress/order": {
    source: "issue 6, item 4",
    behaviour: "Events are handled one at a time, first come, first served.",
  },
  "ingress/capacity": {
    source: "issue 6, item 4; reference §4.1",
    behaviour: "A full queue refuses an event, or lets it wait for room as long as it was told.",
  },
  "ingress/retry": {
    source: "issue 6, item 4",
    behaviour:
      "A failure marked retryable is tried again, at most so often; then its event is a dead letter.",
  },
  "ingress/close": {
    source: "issue 6, item 4",
    behaviour: "A queue that closes reports every event that waits and waits for the one in hand.",
  },
  "ingress/nothing-lost": {
    source: "issue 6, how it is judged",
    behaviour: "Whatever happens to events, nothing is lost unreported and nothing is double.",
  },
  "ingress/reply": {
    source: "issue 6, items 1 and 4; decisions: `accepted: false` or `{error}` from ingress",
    behaviour: "A guest's answer to an event is parsed, bounded and believed.",
  },
  "commands/batch": {
    source: "issue 6, item 5; reference §4.8",
    behaviour: "When one command of a batch is rejected, none is carried out.",
  },
  "commands/envelope": {
    source: "issue 6, item 5; reference §4.8",
    behaviour: "A command that is not exactly one is rejected.",
  },
  "commands/authorised": {
    source: "issue 6, item 5; reference §4.8",
    behaviour: "A command reaches only what the manifest and the grants name at that moment.",
  },
  "commands/request": {
    source: "issue 6, item 5",
    behaviour:
      "A request that a command asks for is really sent, and its result comes as an event or is reported.",
  },
  "commands/loop": {
    source: "issue 6, item 5 and how it is judged",
    behaviour: "A guest that answers every result with a request is bounded in number and rate.",
  },
  "queue/crash": {
    source: "issue 6, item 4",
    behaviour: "An event whose host is killed while the guest has it is given to another host.",
  },
  "queue/shared": {
    source: "issue 6, item 4",
    behaviour: "Hosts that open the same plugin share its events, and each event is handled once.",
  },
  "queue/keys": {
    source: "issue 6, item 4",
    behaviour: "Nothing that a sender or a package chose is part of a key in Redis as it is.",
  },

  // The package itself
  "package/light": {
    source: "issue 2, item 1",
    behaviour:
      "The packed tarball, installed alone, takes at most 15 MB and brings no jco, componentize-js or binaryen.",
  },
  "package/browser-clean": {
    source: "issue 2, item 1",
    behaviour: "The main entry, bundled for a browser, reaches no Node module.",
  },
  "package/surface": {
    source: "design: the public surface",
    behaviour: "The exported names and subpaths are pinned.",
  },
  "package/notices": {
    source: "issue 2, item 1",
    behaviour: "Everything that is bundled is named with its licence in what is published.",
  },
  "browser/chromium": {
    source: "issue 2, items 1 and 5",
    behaviour: "A real browser loads, inspects and calls a plugin, and stops one that loops.",
  },
  "demo/all-stopped": {
    source: "issue 2, item 9",
    behaviour: "The demo's hostile guests are each stopped as expected, the host alive throughout.",
  },
} as const satisfies Record<string, Requirement>;

/** The id of a promise. */
export type RequirementId = keyof typeof requirements;
