import { startDeadline } from "../deadline.ts";
import { boundedText, redactText } from "../diagnostic.ts";
import type { Json } from "../json.ts";
import { commandLimits, textLimits } from "../limits.ts";
import { eventTime } from "./event-time.ts";
import type { OutputCommandResult } from "./ingress.types.ts";
import {
  type CommandKind,
  type CommandNames,
  readOutputCommand,
} from "./output-command-envelope.ts";
import { createRequestDispatch } from "./output-command-request.ts";
import { checkWebSocketSend } from "./output-command-send.ts";
import { checkStatusUpdate } from "./output-command-status.ts";
import {
  type CommandCheck,
  type CommandOccasion,
  type CommandOutcome,
  type CommandStep,
  rejected,
} from "./output-command-step.ts";
import type { OutputCommandPorts, OutputCommands } from "./output-commands.types.ts";

/**
 * Begins to carry out the output commands of one instance: what a guest asks of the host in its answer
 * to an event, apart from any tool's result (reference §4.8).
 *
 * @param ports What the commands act on.
 * @returns The commands; dispose them with the instance.
 */
export function createOutputCommands(ports: OutputCommandPorts): OutputCommands {
  const requests = createRequestDispatch(ports);
  const checks: Readonly<Record<CommandKind, CommandCheck>> = {
    diagnostic_status_update: (command) => checkStatusUpdate(command, ports),
    websocket_send: (command) => checkWebSocketSend(command, ports),
    host_request_dispatch: (command, occasion) => requests.check(command, occasion),
  };
  const result = (names: CommandNames, outcome: CommandOutcome): OutputCommandResult =>
    Object.freeze({
      ...names,
      status: outcome.status,
      message: boundedText(redactText(outcome.message), textLimits.messageBytes.default),
      recordedAt: eventTime(ports.now()),
    });
  const rejection = (names: CommandNames, reason: string) =>
    result(names, { status: "rejected", message: `The command was rejected: ${withEnd(reason)}` });

  const checkOne = async (value: Json, occasion: CommandOccasion): Promise<Checked> => {
    const reading = readOutputCommand(value, occasion.event);
    if (!reading.ok) return { names: reading.names, step: { ok: false, reason: reading.reason } };
    const { names, command } = reading;
    const checking = Promise.resolve(command).then((read) => checks[read.kind](read, occasion));
    return { names, step: await checkedInTime(checking, ports.signal) };
  };

  return {
    get inFlight() {
      return requests.inFlight;
    },
    async run(raw, event, declaration) {
      if (raw === undefined) return none;
      if (!Array.isArray(raw)) return Object.freeze([rejection({}, "output_commands is no list")]);
      const most = commandLimits.commands.default;
      if (raw.length > most) {
        const reason = `an answer has at most ${most} commands, and this one has ${raw.length}`;
        return Object.freeze([rejection({}, reason)]);
      }
      const checked: Checked[] = [];
      for (const value of raw as readonly Json[]) {
        checked.push(await checkOne(value, { event, declaration }));
      }
      const rejections = checked.flatMap(({ names, step }) =>
        step.ok ? [] : [rejection(names, step.reason)],
      );
      if (rejections.length > 0) {
        for (const { step } of checked) if (step.ok) step.release?.();
        return Object.freeze(rejections);
      }
      const results: OutputCommandResult[] = [];
      for (const { names, step } of checked) {
        if (step.ok) results.push(result(names, await runSafely(step)));
      }
      return Object.freeze(results);
    },
    [Symbol.asyncDispose]: () => requests[Symbol.asyncDispose](),
  };
}

const none: readonly OutputCommandResult[] = Object.freeze([]);

interface Checked {
  readonly names: CommandNames;
  readonly step: CommandStep;
}

/**
 * Waits for a check, no longer than a policy may ask a person: the next event waits for it as well.
 * What a policy of the host throws rejects the command, and its text stays here.
 */
async function checkedInTime(
  checking: Promise<CommandStep>,
  signal: AbortSignal,
): Promise<CommandStep> {
  using deadline = startDeadline({ budgetMs: commandLimits.requestMs.default, signals: [signal] });
  return await new Promise<CommandStep>((resolve) => {
    let isLate = false;
    deadline.onEnd(() => {
      isLate = true;
      resolve(rejected("it could not be checked in time"));
    });
    checking.then(
      (step) => {
        if (isLate && step.ok) step.release?.();
        resolve(step);
      },
      () => resolve(rejected("it could not be checked")),
    );
  });
}

async function runSafely(step: Extract<CommandStep, { ok: true }>): Promise<CommandOutcome> {
  try {
    return await step.run();
  } catch {
    return { status: "rejected", message: "The command failed in an unexpected way." };
  }
}

function withEnd(reason: string): string {
  return reason.endsWith(".") ? reason : `${reason}.`;
}
