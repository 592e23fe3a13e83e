// Bundles the extension for Node and the results table for its webview into dist/.
import { copyFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

const common = { bundle: true, minify: true, logLevel: "warning" };

await mkdir("dist", { recursive: true });
await Promise.all([
  build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
  }),
  build({
    ...common,
    entryPoints: ["src/webview/results.ts", "src/webview/results.css"],
    outdir: "dist",
    platform: "browser",
    format: "iife",
    target: "chrome128",
  }),
  build({
    ...common,
    entryPoints: ["test/host.ts"],
    outfile: "dist-test/host.js",
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
  }),
  copyFile("../../docs/reference/prompt-file.schema.json", "dist/prompt-file.schema.json"),
]);
