"""The addresses of resources."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

JOBS = "padwan://jobs"
JOB = "padwan://jobs/{id}"
RESULTS = "padwan://jobs/{id}/results{?offset,limit}"
FAILURES = "padwan://jobs/{id}/failures{?offset,limit}"
FORMATS = "padwan://help/formats"

_PAGE = {"offset", "limit"}
"""What RESULTS and FAILURES may say after the question mark: nothing there names another job."""

_PAGED = ("results", "failures")

_LONGEST = 500


def job_uri(job: str) -> str:
    """The address of a job, by its name or its own name in the workspace."""
    return f"{JOBS}/{quote(job.removeprefix('batches/'), safe='')}"


def results_uri(job: str, offset: int) -> str:
    """The address of a job's results from one on."""
    return f"{job_uri(job)}/results?offset={offset}"


def failures_uri(job: str) -> str:
    """The address of a job's prompts without a good answer."""
    return f"{job_uri(job)}/failures"


def without_page(uri: str) -> str:
    """The address of all of what ``uri`` names a page of."""
    return uri.partition("?")[0]


@dataclass(frozen=True)
class Address:
    """What an address names: ``what`` is jobs, job, results, failures or formats."""

    what: str
    job: str = ""
    page: tuple[tuple[str, str], ...] = ()


def parse(uri: str) -> Address | None:
    """What ``uri`` names, None if nothing."""
    if uri in (JOBS, FORMATS):
        return Address("jobs" if uri == JOBS else "formats")
    if len(uri) > _LONGEST or not uri.startswith(f"{JOBS}/"):
        return None
    split = urlsplit(uri)
    job, _, what = split.path.removeprefix("/").partition("/")
    if not job or what not in ("", "results", "failures") or split.fragment or (split.query and what not in _PAGED):
        return None
    page = tuple(parse_qsl(split.query, keep_blank_values=True))
    if not {name for name, _ in page} <= _PAGE:
        return None
    return Address(what or "job", unquote(job), page)
