/**
 * A queue that keeps events in Redis, for hosts whose events must survive a crash or that share their
 * load: `yoi-plugin-sdk/bullmq`. It needs `bullmq` and `ioredis`, which this package does not install.
 *
 * @module
 */

export {
  type BullmqIngressQueueOptions,
  bullmqIngressQueue,
} from "./queue/bullmq-ingress-queue.ts";
