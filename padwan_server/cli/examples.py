"""What each command's help shows; tests/cli/test_terminal.py runs every line."""

from __future__ import annotations

EXAMPLES = {
    "validate": ("validate -f ask.prompts.json", "validate -f ask.prompts.json --json"),
    "create": (
        'create -p "Summarize quantum computing" -p "Explain CRISPR"',
        "create -f ask.prompts.json -n my-batch",
        "create -f ask.prompts.json --range 1-2 --system 'Answer in one sentence.'",
        "create -f - < more.txt",
    ),
    "status": ("status -j JOB", "status -j JOB -r"),
    "list": ("list", "list -l 20 --json"),
    "poll": ("poll -j JOB", "poll -j JOB -i 10 -t 300", "poll -j JOB -o results.csv"),
    "results": ("results -j JOB", "results -j JOB --failed-only"),
    "cancel": ("cancel -j JOB",),
    "retry": ("retry -j JOB", "retry -j JOB --submit"),
    "export": ("export -j JOB -o results.json", "export -j JOB -o table.txt -f csv"),
    "resolve": ("resolve -j ID --choice adopt", "resolve -j ID --choice discard"),
    "delete": ("delete -j JOB",),
    "prune": ("prune --days 30 --dry-run",),
}
"""By operation; JOB stands for the name of a job, ID for the workspace's own."""


def examples(operation: str) -> str:
    """The end of its help, in lines that are not to be joined."""
    lines = [f"  padwan-server batch {line}" for line in EXAMPLES[operation]]
    return "\n".join(["\b", "Examples:", *lines])
