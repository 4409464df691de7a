import { atomAt, type Form, parseForms } from "./wast-forms.ts";
import type { Check } from "./wast-harness.ts";

/** One step of a script. */
export type Step =
  | {
      readonly kind: "module";
      readonly form: Form;
      readonly id: string;
      readonly isOnlyDefined: boolean;
    }
  | { readonly kind: "instance"; readonly id: string; readonly of: string }
  | { readonly kind: "register"; readonly name: Form; readonly id: string }
  | {
      readonly kind: "check";
      readonly form: Form;
      readonly outcome: Outcome;
      readonly id: string;
      readonly action: Action;
      readonly expected: Check["expected"];
    }
  | {
      readonly kind: "refused";
      readonly form: Form;
      readonly module: Form;
      readonly outcome: Refusal;
    };

/** What calling something ends in. */
export type Outcome = "return" | "trap" | "exhaustion" | "exception";

/** What becomes of a module that is no instance afterwards. */
export type Refusal = "invalid" | "malformed" | "unlinkable" | "trap";

/** What a check does. */
export interface Action {
  readonly action: "invoke" | "get";
  readonly name: Form;
  readonly arguments: readonly Form[];
}

/** Reads a script into its steps. */
export function readScript(script: string): readonly Step[] {
  const forms = parseForms(script);
  if (!commands.has(atomAt(forms[0] as Form, 0))) return [inlineModule(script)];
  return forms.flatMap((form): Step[] => {
    const head = atomAt(form, 0);
    switch (head) {
      case "module":
        return [moduleStep(form)];
      case "register":
        return [{ kind: "register", name: form.items[1] as Form, id: atomAt(form, 2) }];
      case "invoke":
      case "get":
        return [checkStep(form, form, "return", undefined)];
      case "assert_return":
        return [
          checkStep(form, form.items[1] as Form, "return", form.items.slice(2).map(alternatives)),
        ];
      case "assert_exhaustion":
      case "assert_exception":
        return [checkStep(form, form.items[1] as Form, head.slice(7) as Outcome, undefined)];
      case "assert_trap": {
        const subject = form.items[1] as Form;
        if (atomAt(subject, 0) !== "module") return [checkStep(form, subject, "trap", undefined)];
        return [{ kind: "refused", form, module: subject, outcome: "trap" }];
      }
      case "assert_invalid":
      case "assert_malformed":
      case "assert_unlinkable":
        return [
          {
            kind: "refused",
            form,
            module: form.items[1] as Form,
            outcome: head.slice(7) as Refusal,
          },
        ];
      default:
        throw new Error(`unknown form ${head}`);
    }
  });
}

const commands: ReadonlySet<string> = new Set([
  "module",
  "register",
  "invoke",
  "get",
  "assert_return",
  "assert_trap",
  "assert_exhaustion",
  "assert_exception",
  "assert_invalid",
  "assert_malformed",
  "assert_unlinkable",
]);

/** A script may be one module's fields, without the word. */
function inlineModule(script: string): Step {
  const form = { kind: "list", text: "", items: [], start: 0, end: script.length } as const;
  return { kind: "module", form, id: "", isOnlyDefined: false };
}

function moduleStep(form: Form): Step {
  const word = atomAt(form, 1);
  if (word === "instance") return { kind: "instance", id: atomAt(form, 2), of: atomAt(form, 3) };
  const isOnlyDefined = word === "definition";
  const id = atomAt(form, isOnlyDefined ? 2 : 1);
  return { kind: "module", form, id: id.startsWith("$") ? id : "", isOnlyDefined };
}

function checkStep(form: Form, action: Form, outcome: Outcome, expected: Check["expected"]): Step {
  const hasId = atomAt(action, 1).startsWith("$");
  const first = hasId ? 2 : 1;
  return {
    kind: "check",
    form,
    outcome,
    id: hasId ? atomAt(action, 1) : "",
    action: {
      action: atomAt(action, 0) as Action["action"],
      name: action.items[first] as Form,
      arguments: action.items.slice(first + 1),
    },
    expected,
  };
}

function alternatives(form: Form): readonly Form[] {
  return atomAt(form, 0) === "either" ? form.items.slice(1) : [form];
}
