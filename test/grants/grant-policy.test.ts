import { describe, expect, test } from "vitest";
import type { Action, Decision, GrantPolicy, GrantRequest } from "../../src/grants/grants.types.ts";
import {
  all,
  any,
  ask,
  createAuthority,
  grantRequested,
  record,
  revocable,
} from "../../src/grants/plan.ts";
import { grantLimits } from "../../src/limits.ts";
import { boundRecord, permit, stubPackage } from "./stub-package.ts";

const permissions = [permit.surface("tool"), permit.tool("echo"), permit.hostApi("https")];
const pkg = stubPackage({ permissions });
const echo: Action = { kind: "tool", name: "echo", externalWrite: false };
const other: Action = { kind: "tool", name: "other", externalWrite: false };
const yes: GrantPolicy = { decide: () => ({ allowed: true }) };
const no: GrantPolicy = {
  decide: () => ({ allowed: false, code: "grant/denied", message: "not today" }),
};
const decide = (policy: GrantPolicy, action: Action = echo): Promise<Decision> =>
  createAuthority(pkg, policy).decide(action, "execution");
const request = (action: Action = echo): GrantRequest => ({
  plugin: pkg.identity,
  action,
  at: "execution",
});

describe("a policy", () => {
  test("[grants/both-sides] can_never_allow_what_the_manifest_does_not_ask_for_and_is_not_even_asked", async () => {
    let asked = 0;
    const eager: GrantPolicy = {
      decide: () => {
        asked += 1;
        return { allowed: true };
      },
    };
    expect(await decide(eager, other)).toMatchObject({ allowed: false, code: "grant/denied" });
    expect(asked).toBe(0);
    expect(await decide(eager)).toEqual({ allowed: true });
    expect(asked).toBe(1);
  });

  test.each<[string, () => unknown]>([
    ["undefined", () => undefined],
    ["null", () => null],
    ["true", () => true],
    ["a string", () => "allowed"],
    ["a truthy allowed", () => ({ allowed: 1 })],
    ["an empty object", () => ({})],
    ["a promise of nothing", async () => undefined],
    [
      "a throw",
      () => {
        throw new Error("secret of the host");
      },
    ],
    ["a rejection", () => Promise.reject(new TypeError("secret of the host"))],
    [
      "a getter that throws",
      () => ({
        get allowed(): boolean {
          throw new Error("secret of the host");
        },
      }),
    ],
    [
      "a thenable that throws",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is the hostile part
        get then(): never {
          throw new Error("secret of the host");
        },
      }),
    ],
  ])("that answers %s refuses", async (_, answer) => {
    const decision = await decide({ decide: answer as () => Decision });
    expect(decision).toMatchObject({ allowed: false, code: "grant/denied" });
    expect(JSON.stringify(decision)).not.toContain("secret of the host");
  });

  test("that changes its mind between two reads is read once", async () => {
    let reads = 0;
    const answer = {
      get allowed() {
        reads += 1;
        return reads > 1;
      },
    };
    expect(await decide({ decide: () => answer as never })).toMatchObject({ allowed: false });
    expect(reads).toBe(1);
  });

  test("that refuses is quoted with its code, bounded and inert", async () => {
    const refuse = (code: string, message: unknown) =>
      decide({ decide: () => ({ allowed: false, code, message }) as never });
    expect(await refuse("host/quota", "come back tomorrow")).toEqual({
      allowed: false,
      code: "host/quota",
      message: "come back tomorrow",
    });
    expect(await refuse("nonsense", "")).toMatchObject({ code: "grant/denied" });
    expect(await refuse("constructor", 7)).toMatchObject({ code: "grant/denied" });
    const long = await refuse("grant/denied", `\u001b[2J${"x".repeat(10_000)}`);
    expect(long).toMatchObject({ message: expect.stringMatching(/^ \[2Jx{100,506}…$/u) });
  });

  test("sees a frozen question and nothing of a URL's query", async () => {
    const seen: GrantRequest[] = [];
    const policy: GrantPolicy = {
      decide: (question) => {
        seen.push(question);
        return { allowed: true };
      },
    };
    const target = { kind: "url", url: "https://a.example/x?key=1#y", method: "GET" } as const;
    await decide(policy, { kind: "host_api", api: "https", target });
    expect(seen).toEqual([
      {
        plugin: pkg.identity,
        action: {
          kind: "host_api",
          api: "https",
          target: { kind: "url", url: "https://a.example/x", method: "GET", isPrivate: false },
        },
        at: "execution",
      },
    ]);
    const action = seen[0]?.action;
    expect(Object.isFrozen(seen[0]) && Object.isFrozen(action)).toBe(true);
    expect(action?.kind === "host_api" && Object.isFrozen(action.target)).toBe(true);
  });

  test("[grants/every-time] is obeyed at the next question when it changes its mind", async () => {
    let isAllowed = true;
    const authority = createAuthority(pkg, {
      decide: () =>
        isAllowed ? { allowed: true } : { allowed: false, code: "grant/denied", message: "gone" },
    });
    expect(await authority.decide(echo, "registration")).toEqual({ allowed: true });
    isAllowed = false;
    expect(await authority.decide(echo, "execution")).toMatchObject({ message: "gone" });
  });
});

describe("all and any", () => {
  test("all_needs_every_one_and_stops_at_the_first_refusal", async () => {
    let asked = 0;
    const counting: GrantPolicy = {
      decide: () => {
        asked += 1;
        return { allowed: true };
      },
    };
    expect(await decide(all(yes, counting))).toEqual({ allowed: true });
    expect(await decide(all(no, counting))).toMatchObject({ message: "not today" });
    expect(asked).toBe(1);
  });

  test("any_needs_one_and_asks_nobody_after_it", async () => {
    let asked = 0;
    const counting: GrantPolicy = {
      decide: () => {
        asked += 1;
        return { allowed: false, code: "grant/denied", message: "no" };
      },
    };
    expect(await decide(any(counting, yes, counting))).toEqual({ allowed: true });
    expect(asked).toBe(1);
    expect(await decide(any(no, counting))).toMatchObject({ allowed: false });
  });

  test("without_any_policy_nothing_is_allowed", async () => {
    expect(await decide(all())).toMatchObject({ allowed: false });
    expect(await decide(any())).toMatchObject({ allowed: false });
  });

  test("one_that_throws_refuses_for_itself_only", async () => {
    const broken: GrantPolicy = {
      decide: () => {
        throw new Error("broken");
      },
    };
    expect(await decide(any(broken, yes))).toEqual({ allowed: true });
    expect(await decide(all(yes, broken))).toMatchObject({ allowed: false });
  });

  test("records_for_several_packages_stand_side_by_side", async () => {
    const second = stubPackage({ id: "example.second", permissions });
    const policy = any(
      grantRequested(second),
      boundRecord(pkg, { permissions: permissions.slice(0, 1) }),
    );
    expect(await createAuthority(second, policy).decide(echo, "execution")).toEqual({
      allowed: true,
    });
    // The refusal is the one of the record about this package, not "bound to another".
    expect(await decide(policy)).toMatchObject({
      code: "grant/denied",
      message: "No grant allows tool.echo.",
    });
  });

  test("targets_are_those_of_every_part_that_is_about_the_package", () => {
    const https = [{ host: "a.example", methods: ["GET"], path_prefixes: [] }];
    const foreign = { ...grantRequested(pkg, { https }), version: "9" };
    const broken: GrantPolicy = { ...yes, targets: () => "everything" as never };
    const targetsOf = (policy: GrantPolicy) => createAuthority(pkg, policy).targets().https;
    expect(targetsOf(all(grantRequested(pkg, { https }), yes, broken))).toEqual(https);
    expect(targetsOf(any(foreign, grantRequested(pkg, { https })))).toEqual(https);
    expect(targetsOf(record(foreign))).toEqual([]);
    expect(targetsOf(broken)).toEqual([]);
  });
});

describe("ask", () => {
  const asking = (
    answer: (question: GrantRequest) => boolean | Decision | Promise<boolean | Decision>,
    remember?: boolean | ((question: GrantRequest) => string | undefined),
  ) => {
    const questions: GrantRequest[] = [];
    const policy = ask(
      (question) => {
        questions.push(question);
        return answer(question);
      },
      remember === undefined ? {} : { remember },
    );
    return { policy, questions };
  };

  test("asks_every_time_unless_told_to_remember", async () => {
    const { policy, questions } = asking(() => true);
    await decide(policy);
    await decide(policy);
    expect(questions).toHaveLength(2);
  });

  test("remembers_yes_and_no_for_the_same_question_at_any_check_point", async () => {
    for (const answer of [true, false]) {
      const { policy, questions } = asking(async () => answer, true);
      const authority = createAuthority(pkg, policy);
      const decisions = await Promise.all([
        authority.decide(echo, "registration"),
        authority.decide(echo, "execution"),
      ]);
      decisions.push(await authority.decide(echo, "host-call"));
      expect(decisions.map(({ allowed }) => allowed)).toEqual([answer, answer, answer]);
      expect(questions).toHaveLength(1);
    }
  });

  test("a_remembered_yes_covers_no_other_action_target_version_or_bytes", async () => {
    const { policy, questions } = asking(() => true, true);
    const at = (url: string): Action => ({
      kind: "host_api",
      api: "https",
      target: { kind: "url", url, method: "GET" },
    });
    await decide(policy, at("https://a.example/1"));
    await decide(policy, at("https://a.example/1?again"));
    expect(questions).toHaveLength(1);
    await decide(policy, at("https://a.example/2"));
    await decide(policy);
    const digest = `sha256:${"00".repeat(32)}` as const;
    const rebuilt = { ...pkg, digest, identity: { ...pkg.identity, digest } };
    await createAuthority(rebuilt, policy).decide(echo, "execution");
    expect(questions).toHaveLength(4);
  });

  test("a_function_says_which_questions_share_an_answer", async () => {
    const { policy, questions } = asking(
      () => true,
      ({ action }) => (action.kind === "tool" ? "tools" : undefined),
    );
    await policy.decide(request(echo));
    await policy.decide(request(other));
    await policy.decide(request({ kind: "service", name: "x" }));
    await policy.decide(request({ kind: "service", name: "x" }));
    expect(questions).toHaveLength(3);
  });

  test("forgetting_takes_a_remembered_yes_back", async () => {
    const { policy, questions } = asking(() => questions.length === 1, true);
    expect(await decide(policy)).toEqual({ allowed: true });
    policy.forget("project:someone.else");
    expect(await decide(policy)).toEqual({ allowed: true });
    policy.forget(pkg.identity.ref);
    expect(await decide(policy)).toMatchObject({ allowed: false });
  });

  test("a_question_that_fails_is_refused_and_asked_again", async () => {
    const { policy, questions } = asking(() => {
      if (questions.length === 1) throw new Error("window closed");
      return true;
    }, true);
    expect(await decide(policy)).toMatchObject({ allowed: false });
    expect(await decide(policy)).toEqual({ allowed: true });
  });

  test("remembers_no_more_than_its_bound", async () => {
    const { policy, questions } = asking(() => true, true);
    const most = grantLimits.rememberedAnswers.default;
    const nth = (n: number): Action => ({ kind: "tool", name: `t${n}`, externalWrite: false });
    for (let n = 0; n < most; n += 1) await policy.decide(request(nth(n)));
    await policy.decide(request(nth(0)));
    expect(questions).toHaveLength(most);
    await policy.decide(request(nth(most))); // one past the bound: the oldest goes
    await policy.decide(request(nth(0)));
    expect(questions).toHaveLength(most + 2);
  });

  test("an_answer_may_be_a_whole_decision", async () => {
    const refusal = { allowed: false, code: "host/busy", message: "later" } as const;
    expect(await decide(asking(() => refusal).policy)).toEqual(refusal);
    expect(await decide(asking(() => "yes" as never).policy)).toMatchObject({ allowed: false });
  });
});

describe("revocable", () => {
  test("revoking_stops_the_next_decision_and_hides_the_targets", async () => {
    const fs = [{ root: "/srv", operations: ["read" as const] }];
    const grants = revocable(grantRequested(pkg, { fs }));
    const authority = createAuthority(pkg, grants);
    expect(await authority.decide(echo, "registration")).toEqual({ allowed: true });
    expect(authority.targets().fs).toEqual(fs);
    grants.revoke();
    expect(grants.isRevoked).toBe(true);
    expect(await authority.decide(echo, "execution")).toMatchObject({
      code: "grant/denied",
      message: "The grant was revoked.",
    });
    expect(authority.targets().fs).toEqual([]);
    grants.restore();
    expect(await authority.decide(echo, "execution")).toEqual({ allowed: true });
  });

  test("a_yes_that_arrives_after_the_revocation_is_too_late", async () => {
    const grants = revocable(
      ask(async () => {
        grants.revoke();
        return true;
      }),
    );
    expect(await decide(grants)).toMatchObject({ allowed: false });
  });
});
