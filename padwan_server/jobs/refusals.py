"""What is said when something cannot be done with a job as it is now."""

from __future__ import annotations

from padwan_server.errors import PadwanError
from padwan_server.gemini.errors import ServiceError
from padwan_server.jobs.job import Job


def already_submitted(same: Job) -> PadwanError:
    """An unfinished job, ``same``, has what was to be sent."""
    name = same.name or same.id
    return PadwanError(
        "already-submitted",
        f"Nothing was sent: the job {name} ({same.state}) has exactly these prompts, model and settings.",
        f"{_what_to_do(same)}, or send them once more with again.",
        {"job": same.name, "id": same.id, "state": same.state},
    )


def _what_to_do(same: Job) -> str:
    if same.uncertain:
        return "Resolve that one"
    return "Export its answers" if same.stored else "Poll that one"


def undecided(job: Job) -> PadwanError:
    """Nothing moves it until a person decides."""
    return PadwanError(
        "submit-uncertain",
        "A submission of this job never got an answer: nobody knows whether the service has it."
        if job.unanswered
        else "This job was never sent: its program ended first.",
        "Resolve it: adopt, resubmit or discard.",
        {"id": job.id, "job": job.name},
    )


def being_sent(job: Job) -> PadwanError:
    """Nobody can decide on it meanwhile."""
    return PadwanError(
        "being-sent",
        "This job is being sent just now, by this or another program.",
        "Try again in a while; one that is to stop can be cancelled.",
        {"id": job.id, "job": job.name},
    )


def still_sending(job: Job) -> PadwanError:
    """Its caller cannot wait until it is sent."""
    return PadwanError(
        "still-sending",
        "The job is being sent, which takes longer than this call can wait; it goes on.",
        f"Do not send it again: ask for the status of {job.id}.",
        {"id": job.id},
    )


def of_another_key() -> ServiceError:
    """What waits of it is not sent at the cost of whoever happens to look."""
    return ServiceError(
        "other-key",
        "The rest of this job was to be sent with another API key, and waits for it.",
        "Set that key, or cancel the job and retry what is missing.",
    )


def being_fetched() -> ServiceError:
    """Somebody else is at its results, for longer than one waits."""
    return ServiceError(
        "being-fetched",
        "Another program is fetching the results of this job.",
        "Ask again in a while; if that program was stopped, let it go on or end it.",
        transient=True,
    )


def forgotten(id: str) -> PadwanError:  # noqa: A002
    """A job, or a part of one, was here a moment ago."""
    return PadwanError(
        "job-forgotten",
        "The workspace's ledger no longer has this job: somebody removed it meanwhile.",
        "List the jobs: one that the service has can be taken in again by its name.",
        {"id": id},
    )


def removed() -> PadwanError:
    """Its results were here once."""
    return PadwanError(
        "results-removed",
        "Somebody removed the results of this job from the workspace.",
        "Ask for its status: they are fetched again if the service still has them.",
    )


def changed(part_id: str) -> PadwanError:
    """Its answers are no longer where they were put, so that one might be taken for another's."""
    return PadwanError(
        "results-changed",
        f"Somebody changed the results of this job in the workspace (.padwan/results/{part_id}.jsonl).",
        "Move that file away but keep it: the service has results for 48 hours only. Then ask for the job's status: "
        "what the service still has is fetched again.",
    )


def unreadable(part_id: str, error: OSError) -> PadwanError:
    """Its results are here and cannot be read."""
    return PadwanError(
        "file-not-readable",
        f"The results .padwan/results/{part_id}.jsonl cannot be read: {error.strerror or type(error).__name__}.",
        "Check who may read the folder .padwan, and the disk.",
    )


def not_done(job: Job) -> PadwanError:
    """There is nothing of it to show yet."""
    return PadwanError(
        "job-not-done",
        f"The job {job.name} is {job.state}: it has no results here yet.",
        job.trouble or "Poll it until it has ended, then ask again.",
        {"job": job.name, "state": job.state},
    )
