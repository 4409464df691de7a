import { setTimeout as wait } from "node:timers/promises";
import { defineHostApi, type HostApi, PluginError } from "yoi-plugin-sdk";

/** A person in this host's address book. */
export interface Contact {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly notes: string[];
}

/** An address book, and the interface of it that plugins may import. */
export interface AddressBook {
  readonly contacts: ReadonlyMap<number, Contact>;
  readonly api: HostApi;
}

const longestNote = 200;

/** Makes this host's own API; what is behind it would be a database elsewhere. */
export function createAddressBook(people: readonly Contact[]): AddressBook {
  const contacts = new Map(people.map((contact) => [contact.id, contact]));
  const api = defineHostApi({
    interface: "acme:crm/contacts@1.0.0",
    functions: {
      find: {
        params: { name: "string", limit: "u32" },
        // It runs in the host with the host's rights: what leaves here is all that a plugin gets.
        handler({ name, limit }) {
          const wanted = name.toLowerCase();
          return [...contacts.values()]
            .filter((contact) => contact.name.toLowerCase().includes(wanted))
            .slice(0, Math.min(limit, 10))
            .map(({ id, name: found }) => ({ id, name: found }));
        },
      },
      "add-note": {
        params: { id: "u32", note: "json" },
        validate: ({ note }) =>
          readNote(note) === undefined
            ? `A note is {"text"} with 1 to ${longestNote} characters.`
            : undefined,
        async handler({ id, note }, { plugin, signal }) {
          const contact = contacts.get(id);
          if (contact === undefined) {
            // A PluginError with a code `host/…` is told to the guest; anything else that is thrown is not.
            throw new PluginError({
              code: "host/not-found",
              phase: "execution",
              message: `There is no contact ${id}.`,
            });
          }
          await wait(10, undefined, { signal });
          contact.notes.push(`${readNote(note)} (${plugin.id})`);
          return { notes: contact.notes.length };
        },
      },
    },
  });
  return { contacts, api };
}

/** JSON that a stranger wrote: nothing is believed of it. */
function readNote(note: unknown): string | undefined {
  if (typeof note !== "object" || note === null || !("text" in note)) return undefined;
  const { text } = note;
  const isNote = typeof text === "string" && text.length > 0 && text.length <= longestNote;
  return isNote ? text : undefined;
}
