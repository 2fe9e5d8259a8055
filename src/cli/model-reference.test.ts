import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { filesOf, startHub } from "../../test/hub/stand-in.ts";
import { jsonl, nearfold as type } from "../../test/nearfold.ts";
import { temporaryFolder } from "../../test/temporary.ts";
import { texts, tinyStatic } from "../../test/tiny-models.ts";
import { saveModel } from "../models/index.ts";
import { floats } from "../tensor/index.ts";
import { hubSettings } from "./model-reference.ts";

const ID = "acme/tiny-static";
const TOKEN = "hf_secret";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: Awaited<ReturnType<typeof startHub>>;
const at = (name: string) => join(folder.path, name);

/** Runs a command, whatever becomes of it without a word about the token. */
async function nearfold(...argv: readonly string[]) {
  const ran = await type(argv);
  expect(ran.out + ran.err).not.toContain(TOKEN);
  return ran;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveModel(at("local"), tinyStatic());
  hub = await startHub({ [ID]: { main: await filesOf(at("local")) } }, { token: TOKEN });
  await folder.write("texts.txt", texts.filter((text) => text !== "").join("\n"));
  const pairs = texts.slice(3).map((text) => ({ anchor: text.slice(0, 9), positive: text }));
  await folder.write("pairs.jsonl", jsonl(pairs));
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

beforeEach(() => {
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_TOKEN", `${TOKEN}\n`);
  vi.stubEnv("HF_HUB_OFFLINE", "");
  vi.stubEnv("NEARFOLD_CACHE", at("cache"));
  hub.faults = {};
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a model of the Hub", () => {
  it("gives the vectors of its folder, says which commit, and is fetched once", async () => {
    const local = await nearfold("embed", at("local"), at("texts.txt"));
    const fetched = await nearfold("embed", ID, at("texts.txt"));
    expect(fetched).toMatchObject({ code: 0, out: local.out });
    expect(fetched.err).toContain(`fetching ${ID}: `);
    expect(fetched.err).toMatch(/fetching .* 0\.\d\/0\.\d MB, model\.safetensors\n/);
    expect(fetched.err).toContain(`${ID} at commit ${hub.commitOf(ID).slice(0, 12)}\n`);
    const again = await nearfold("embed", ID, at("texts.txt"));
    expect(again.out).toBe(local.out);
    expect(again.err).not.toContain("fetching");
  });

  it("is noted by an index as its commit, which a search takes from the cache", async () => {
    expect(
      await nearfold("index", at("texts.txt"), "--model", ID, "--store", at("index")),
    ).toMatchObject({
      code: 0,
    });
    const asked = hub.asked.length;
    const found = await nearfold("search", at("index"), texts[3]!, "-k", "1");
    expect(found).toMatchObject({ code: 0 });
    expect(found.out).toContain(texts[3]);
    expect(hub.asked.length).toBe(asked);
    const cwd = process.cwd();
    await mkdir(at(ID), { recursive: true });
    process.chdir(folder.path);
    const beside = await nearfold("search", "index", texts[3]!, "-k", "1").finally(() =>
      process.chdir(cwd),
    );
    expect(beside.out).toBe(found.out);
    const other = await nearfold("search", at("index"), "x", "--revision", "v2");
    expect(other).toMatchObject({ code: 2 });
    expect(other.err).toContain(
      "--revision: the index says which model (wanted --model beside it)",
    );
  });

  it("is the base that a card names by its id", async () => {
    const argv = ["train", at("pairs.jsonl"), "--base", ID, "--out", at("adapted")];
    expect(await nearfold(...argv, "--epochs", "1")).toMatchObject({ code: 0 });
    const card = JSON.parse(await readFile(at("adapted/nearfold.json"), "utf8"));
    expect(card.lineage.base).toBe(ID);
    expect(await readFile(at("adapted/README.md"), "utf8")).toContain(`base_model: "${ID}"`);
  });

  it("mines what its folder mines", async () => {
    const mine = async (model: string, out: string) => {
      const options = ["--negatives", "1", "--no-relative-margin", "--out", at(out)];
      expect(await nearfold("mine", model, at("pairs.jsonl"), ...options)).toMatchObject({
        code: 0,
      });
      return await readFile(at(out), "utf8");
    };
    expect(await mine(ID, "fetched.jsonl")).toBe(await mine(at("local"), "local.jsonl"));
  });

  it("is merged with a folder, and the card names the one by its id", async () => {
    // Twice as long, the rows have the same directions: the mean is as good as either.
    const [[name, { data, shape }]] = [...tinyStatic().weights];
    const weights = new Map([
      [
        name,
        floats(
          data.map((x) => 2 * x),
          shape,
        ),
      ],
    ]);
    await saveModel(at("other"), { ...tinyStatic(), weights });
    const options = ["--dev", at("pairs.jsonl"), "--method", "soup", "--out", at("merged")];
    const ran = await nearfold("merge", ID, at("other"), ...options, "--json");
    expect(ran).toMatchObject({ code: 0 });
    const { models, accepted } = JSON.parse(ran.out);
    expect(accepted).toBe(true);
    expect(models.map(({ model }: { model: string }) => model)).toEqual([ID, at("other")]);
    const { lineage } = JSON.parse(await readFile(at("merged/nearfold.json"), "utf8"));
    const names = lineage.merged.models.map(({ name }: { name: string }) => name);
    expect(names).toEqual([ID, "other"]);
  });

  it("offline is what is in the cache, by option or by environment", async () => {
    await nearfold("embed", ID, at("texts.txt"));
    const asked = hub.asked.length;
    expect(await nearfold("embed", ID, at("texts.txt"), "--offline")).toMatchObject({ code: 0 });
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await nearfold("embed", ID, at("texts.txt"))).toMatchObject({ code: 0 });
    expect(hub.asked.length).toBe(asked);
  });
});

describe("a mistake is one clear line", () => {
  it.each<[string, readonly string[], number, string]>([
    [
      "offline and not cached",
      ["acme/other", "--offline"],
      2,
      "acme/other: not in the cache, and offline nothing is fetched (got nothing of it, wanted main). Fetch it once without offline",
    ],
    [
      "a folder mistyped, in the form of an id",
      ["modles/tiny"],
      2,
      "A folder of this name is not there either",
    ],
    [
      "a folder mistyped",
      ["./modles/tiny"],
      2,
      "./modles/tiny: cannot read: no such file or folder. A model of the Hub is called by its id, as org/name",
    ],
    [
      "a revision that is not there",
      [ID, "--revision", "v9"],
      2,
      'the model has no such branch, tag or commit (got "v9")',
    ],
    [
      "a revision of a folder",
      [".", "--revision", "v9"],
      2,
      "--revision: a folder has no revisions (got ., wanted a model of the Hub)",
    ],
  ])("%s", async (_, argv, code, message) => {
    const ran = await nearfold("embed", argv[0]!, at("texts.txt"), ...argv.slice(1));
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toContain(message);
    expect(ran.err.split("\n").filter((line) => line.startsWith("error: "))).toHaveLength(1);
  });

  it("without a token for a private model", async () => {
    vi.stubEnv("HF_TOKEN", "");
    const { code, err } = await nearfold("eval", ID, "--pairs", at("pairs.jsonl"));
    expect(code).toBe(2);
    expect(err).toContain("no such model, or it is private");
    expect(err).toContain("give a token (HF_TOKEN)");
  });

  it.each<[string, object, string]>([
    [
      "an unknown kind of model",
      { "modules.json": undefined, "config.json": '{"model_type":"mamba"}' },
      'config.json: unknown model_type (got "mamba"',
    ],
    ["no tokenizer", { "tokenizer.json": undefined }, "the folder has no tokenizer"],
  ])("%s is said before the weights are fetched", async (_, change, message) => {
    const all = Object.entries({ ...(await filesOf(at("local"))), ...change });
    const files = Object.fromEntries(all.filter(([, content]) => content !== undefined));
    await using other = await startHub({ "acme/other": { main: files } }, { token: TOKEN });
    vi.stubEnv("HF_ENDPOINT", other.endpoint);
    const { code, err } = await nearfold("embed", "acme/other", at("texts.txt"));
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(other.sentOf("model.safetensors")).toBe(0);
  });

  it("a Hub that fails is not the caller's mistake", async () => {
    hub.faults = { refuse: { url: "/api/", status: 503 } };
    const { code, err } = await nearfold("embed", ID, at("texts.txt"));
    expect(code).toBe(1);
    expect(err).toContain("fails (got HTTP 503)");
    expect(err).toContain("--offline");
  });
});

it.each(["train", "mine", "merge", "eval", "embed", "index", "search"])(
  "%s --help names the Hub",
  async (name) => {
    const { out } = await nearfold(name, "--help");
    expect(out).toContain("Hub");
    expect(out).toContain("--revision");
    expect(out).toContain("--offline");
  },
);

describe("the environment", () => {
  const home = join(homedir(), ".cache", "nearfold");
  it.each([
    ["nothing", {}, { cache: home, offline: false }],
    [
      "empty",
      { HF_TOKEN: " ", HF_ENDPOINT: "", NEARFOLD_CACHE: "" },
      { cache: home, offline: false },
    ],
    ["XDG", { XDG_CACHE_HOME: "/c" }, { cache: join("/c", "nearfold"), offline: false }],
    [
      "XDG, relative, which its specification bids ignore",
      { XDG_CACHE_HOME: "c" },
      { cache: home, offline: false },
    ],
    [
      "our own cache",
      { NEARFOLD_CACHE: "/n", XDG_CACHE_HOME: "/c" },
      { cache: "/n", offline: false },
    ],
    ["offline", { HF_HUB_OFFLINE: "TRUE" }, { cache: home, offline: true }],
    ["not offline", { HF_HUB_OFFLINE: "0" }, { cache: home, offline: false }],
    [
      "a token and a mirror",
      { HF_TOKEN: "hf_x\n", HF_ENDPOINT: "https://m" },
      { cache: home, offline: false, token: "hf_x", endpoint: "https://m" },
    ],
  ])("%s", (_, env, settings) => {
    expect(hubSettings(env)).toEqual(settings);
  });
});
