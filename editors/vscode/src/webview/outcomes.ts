/** What can become of a prompt, from good to bad. */

export const SYMBOLS: Record<string, string> = {
  ok: "✓",
  truncated: "…",
  empty: "∅",
  blocked: "⊘",
  error: "✕",
  missing: "?",
};

export const OUTCOMES = Object.keys(SYMBOLS);
