/** The HTML around the results table. Nothing of a job is in it: that comes as messages and is shown as text. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** The page, with a policy that lets nothing in but our own script and style. */
export function page(webview: vscode.Webview, extension: vscode.Uri, job: string): string {
  const nonce = randomBytes(16).toString("base64");
  const at = (name: string): vscode.Uri => webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", name));
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Batch results</title>
<link rel="stylesheet" href="${at("results.css")}">
</head>
<body data-job="${encodeURIComponent(job)}">
<script nonce="${nonce}" src="${at("results.js")}"></script>
</body>
</html>`;
}
