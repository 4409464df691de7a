import { bullmqIngressQueue } from "../../../src/queue/bullmq-ingress-queue.ts";
import { envelope, scriptedConsumer } from "../../instance/ingress-consumer.ts";

/**
 * A host in a process of its own: it delivers events, and its guest never ends the first.
 *
 * It says on stdout when the guest has it, so that the test can kill the process at that moment.
 */
const [, , path = "", prefix = "", ...ids] = process.argv;
const queue = bullmqIngressQueue({ connection: { path }, prefix, lockMs: 1_000 });
const consumer = scriptedConsumer((event) => {
  process.stdout.write(`${event.correlation_id} ${event.attempt}\n`);
  return new Promise(() => {});
});
const session = await queue.open(consumer);
for (const id of ids) void session.deliver(envelope(id), {});
