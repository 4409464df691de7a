import type { InstanceTool, PluginInstance } from "../instance/instance.types.ts";
import { beginToolCall, failureOf } from "../instance/tool-result.ts";
import type { RegisteredTool } from "./tool.ts";

/**
 * Makes a registered tool of one that an instance offers.
 *
 * The instance itself checks the input, takes turns and bounds the output, as it can be used without
 * a registry; here only its name changes.
 *
 * @param instance The instance.
 * @param tool Its tool.
 * @param name The name in the registry, prefix included.
 * @returns The tool.
 */
export function registeredPluginTool(
  instance: PluginInstance,
  tool: InstanceTool,
  name: string,
): RegisteredTool {
  const { description, inputSchema, externalWrite, origin } = tool;
  return {
    definition: Object.freeze({ name, description, inputSchema, externalWrite, origin }),
    source: instance,
    async call(input, { callId, timeoutMs, signal }) {
      const begun = beginToolCall({ callId, tool: name, origin });
      try {
        const result = await instance.callTool(tool.name, input as never, {
          callId,
          timeoutMs,
          ...(signal === undefined ? {} : { signal }),
        });
        return Object.freeze({ ...result, tool: name });
      } catch (thrown) {
        const message = "The instance that offers the tool failed in an unexpected way.";
        return begun.fail(failureOf(thrown, { code: "instance/failed", message }));
      }
    },
  };
}
