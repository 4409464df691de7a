import { addNote, find } from "acme:crm/contacts@1.0.0";
import { log } from "yoi:host/log@1.0.0";
import { defineTools, jsonOutput, ToolError, toolOutput } from "yoi-plugin-sdk/pdk";

interface Person {
  readonly id: number;
  readonly name: string;
}

/** Every answer of a host is JSON; a refusal or a failure is `{"error":{"code","message"}}`. */
function answered<Answer>(text: string): Answer {
  const answer = JSON.parse(text);
  if (answer?.error === undefined) return answer;
  const { code, message } = answer.error;
  log("warn", `the address book answered ${code}`);
  throw new ToolError("failed", message, { code });
}

export const { call } = defineTools({
  find_person({ name }: { name: string }) {
    const people = answered<Person[]>(find(name, 10));
    return jsonOutput(`Found by that name: ${people.length}.`, people);
  },

  take_note({ name, text }: { name: string; text: string }) {
    const [person] = answered<Person[]>(find(name, 1));
    if (person === undefined) throw new ToolError("invalid_input", `Nobody is called ${name}.`);
    const { notes } = answered<{ notes: number }>(addNote(person.id, JSON.stringify({ text })));
    log("info", `took note ${notes} about contact ${person.id}`);
    return toolOutput(`Kept note ${notes} about ${person.name}.`);
  },
});
