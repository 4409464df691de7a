import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  cacheFolder,
  defaultStores,
  enablementFile,
  projectStore,
  userStore,
} from "../../src/store/store.ts";
import { temporaryFolder } from "./stored-packages.ts";

describe("the default places", () => {
  test("the user's data home is the option, else XDG_DATA_HOME, else ~/.local/share", () => {
    const environment = { XDG_DATA_HOME: "/data", HOME: "/home/me" };
    expect(userStore({ environment, userDataHome: "/own" })?.folder).toBe("/own/yoi/plugins");
    expect(userStore({ environment })?.folder).toBe("/data/yoi/plugins");
    expect(userStore({ environment: { HOME: "/home/me" } })).toEqual({
      source: "user",
      folder: "/home/me/.local/share/yoi/plugins",
    });
  });

  test("a relative or missing home counts for nothing", () => {
    expect(userStore({ environment: {} })).toBeUndefined();
    expect(userStore({ environment: { HOME: "me" } })).toBeUndefined();
    const environment = { XDG_DATA_HOME: "data", XDG_CACHE_HOME: "cache", HOME: "/home/me" };
    expect(userStore({ environment })?.folder).toBe("/home/me/.local/share/yoi/plugins");
    expect(cacheFolder(environment)).toBe("/home/me/.cache/yoi/plugins");
    expect(cacheFolder({})).toBeUndefined();
  });

  test("the project's store lies in the workspace, the cache in the user's", () => {
    expect(projectStore("/work")).toEqual({ source: "project", folder: "/work/.yoi/plugins" });
    expect(cacheFolder({ XDG_CACHE_HOME: "/cache" })).toBe("/cache/yoi/plugins");
  });

  test("without a home there is only the project's store", () => {
    const sources = (environment: Record<string, string>) =>
      defaultStores({ workspace: "/work", environment }).map(({ source }) => source);
    expect(sources({})).toEqual(["project"]);
    expect(sources({ HOME: "/home/me" })).toEqual(["user", "project"]);
  });

  test("enablement records lie in the user's configuration, never in the workspace", async () => {
    const root = await temporaryFolder();
    const workspace = join(root, "my project");
    await mkdir(workspace);
    const environment = { HOME: "/home/me" };
    const file = await enablementFile(workspace, environment);
    expect(file).toMatch(
      /^\/home\/me\/\.config\/yoi\/workspaces\/my-project-[0-9a-f]{16}\/plugins\.toml$/,
    );
    expect(await enablementFile(workspace, { XDG_CONFIG_HOME: "/c" })).toMatch(/^\/c\/yoi\//);
    expect(await enablementFile(workspace, {})).toBeUndefined();
  });

  test("a workspace has one enablement file, through a link as well, and no other has it", async () => {
    const root = await temporaryFolder();
    const environment = { HOME: "/home/me" };
    await mkdir(join(root, "a", "work"), { recursive: true });
    await mkdir(join(root, "b", "work"), { recursive: true });
    await symlink(join(root, "a", "work"), join(root, "link"));
    const [a, b, link] = await Promise.all(
      ["a/work", "b/work", "link"].map((path) => enablementFile(join(root, path), environment)),
    );
    expect(link).toBe(a);
    expect(b).not.toBe(a);
  });
});
