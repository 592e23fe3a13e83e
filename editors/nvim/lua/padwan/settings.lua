-- Written by docs/derive.py from the code: change it there, then run `make derive`.
return {
  backend = "gemini",
  model = "gemini-3.8-flash",
  apiVersion = "v1beta",
  submissionTags = true,
  confirm = "auto",
  files = {
    "*.prompts.json",
    "*.prompts.jsonl",
    "*.prompts.txt",
    "prompts.json",
    "prompts.jsonl",
    "prompts.txt",
  },
  inlayHints = false,
  rules = {},
}
