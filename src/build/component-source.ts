import type { WorldText } from "./guest-world.ts";

/** What a JavaScript engine's toolchain turns into a component. */
export interface ComponentSource {
  /** One ES module. */
  readonly code: string;
  readonly world: WorldText;
  /** Whether the engine may import WASI; without it, the component imports host interfaces only. */
  readonly wasi: boolean;
}
