import * as assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join, relative } from "node:path";
import { findProgram, onPath } from "../src/program";
import { at, type Tests } from "./support";

async function withPath<T>(path: string, run: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = path;
  try {
    return await run();
  } finally {
    process.env.PATH = before;
  }
}

async function executable(name: string): Promise<string> {
  const folder = at(".programs").fsPath;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), "#!/bin/sh\n");
  await chmod(join(folder, name), 0o755);
  return folder;
}

export const tests: Tests = {
  "a program is found on PATH": async () => {
    const folder = await executable("padwan-server");
    const found = await withPath(`/nowhere${delimiter}${folder}`, () => onPath("padwan-server"));
    assert.equal(found, join(folder, "padwan-server"));
  },
  "a relative entry of PATH, which would lie in the opened folder, is passed over": async () => {
    const folder = await executable("padwan-server");
    assert.equal(await withPath(relative(process.cwd(), folder), () => onPath("padwan-server")), undefined);
  },
  "the interpreter of the settings goes before PATH": async () => {
    const folder = await executable("padwan-server");
    const program = await withPath(folder, findProgram);
    assert.equal(program?.origin, "padwan.interpreter");
    assert.deepEqual(program?.args, ["-P", "-m", "padwan_server"]);
  },
};
