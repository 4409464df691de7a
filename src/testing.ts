/**
 * For tests: whether a runtime backend keeps the rules.
 *
 * @module
 */
import { ports } from "#ports";
import {
  type BackendConformance,
  createBackendConformance,
} from "./testing/backend-conformance.ts";

/** Gives the checks that say whether a runtime backend keeps the rules; see {@link BackendConformance}. */
export const backendConformance: BackendConformance = createBackendConformance(ports.isolates);

export {
  type BackendConformance,
  type ConformanceCheck,
  type ConformanceOptions,
  type ConformanceSkip,
  conformanceRules,
} from "./testing/backend-conformance.ts";
