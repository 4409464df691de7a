import { bullmqIngressQueue } from "../../../src/queue/bullmq-ingress-queue.ts";
import { attempt, envelope, scriptedConsumer } from "../../instance/ingress-consumer.ts";
import { startRedis } from "./redis-server.ts";

/** A host whose Redis goes away: it says what becomes of an event, closes, and has nothing more to do. */
const redis = await startRedis();
const { connection } = redis;
const queue = bullmqIngressQueue({ connection });
const session = await queue.open(scriptedConsumer(async (event) => attempt(event)));
await session.deliver(envelope("before"), {});
await redis[Symbol.asyncDispose]();
const report = await session.deliver(envelope("after"), {});
await session.close({ code: "instance/stopped", message: "The instance is stopped." });
process.stdout.write(`${report.error?.code}\n`);
