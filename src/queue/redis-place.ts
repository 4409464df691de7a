import type { QueueOptions } from "bullmq";

/** Where in which Redis an instance's events lie. */
export interface RedisPlace {
  /** The queue's name there. */
  readonly name: string;
  readonly options: Pick<QueueOptions, "connection" | "prefix">;
}
