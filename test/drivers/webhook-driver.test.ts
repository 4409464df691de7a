import { describe, expect, test } from "vitest";
import { githubRequest, openWebhook } from "./webhook-sender.ts";

describe("[webhook/delivers] a signed request", () => {
  test("is an event with its body and the few headers that a guest may know", async () => {
    const webhook = await openWebhook();
    const answer = await webhook.send(
      githubRequest('{"action":"opened","number":7}', {
        "user-agent": "GitHub-Hookshot/1",
        "x-github-event": "issues",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        authorization: "Bearer x",
        cookie: "a=b",
        "x-forwarded-for": "192.0.2.1",
      }),
    );
    expect(answer).toEqual({ status: 202, text: "" });
    expect(webhook.events).toEqual([
      {
        kind: "webhook",
        correlation_id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        payload: {
          headers: {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/1",
            "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "x-github-event": "issues",
          },
          body: { action: "opened", number: 7 },
        },
      },
    ]);
  });
});
