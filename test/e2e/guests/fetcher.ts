import {
  accepted,
  definePlugin,
  diagnosticStatusUpdate,
  hostRequestDispatch,
  jsonOutput,
  requestResult,
} from "yoi-plugin-sdk/pdk";

const results: unknown[] = [];
let url = "";

const ask = () =>
  hostRequestDispatch({ method: "GET", url }, { commandId: `fetch-${results.length}` });

/** Fetches what an event names, and keeps what came of it; a URL that ends in `again` is fetched without end. */
export const { start, handleTool, handleIngress, status, stop } = definePlugin({
  tools: { results: () => jsonOutput(`${results.length} results`, results as never) },
  ingress: {
    inbox: (event) => {
      const result = requestResult(event);
      if (result === undefined) {
        url = (event.payload as { readonly url: string }).url;
        return accepted(null, [ask()]);
      }
      const { response } = result;
      // So that a tool's output has room for it.
      const body = response?.body.slice(0, 100);
      results.push(
        response === undefined ? result : { ...result, response: { ...response, body } },
      );
      const told = diagnosticStatusUpdate({ status: { results: results.length } });
      return accepted(null, url.endsWith("again") ? [told, ask()] : [told]);
    },
  },
});
