"""A job from Neovim: sent, watched, cancelled, looked at, exported, retried, and still there after a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.editors.conftest import Clock
from tests.editors.nvim.test_prompt_files import job, write
from tests.support.neovim import Neovim

pytestmark = pytest.mark.slow

THREE = '[{"key": "a", "prompt": "one"},\n {"key": "b", "prompt": "two"},\n {"key": "c", "prompt": "three"}]'


def sent(neovim: Neovim, workspace: Path, text: str = THREE) -> str:
    """Open a prompt file and send it; the job."""
    neovim.edit(write(workspace / "ask.prompts.json", text))
    neovim("Padwan create")
    neovim.hears("sent as")
    return job(neovim)


def watch(neovim: Neovim, name: str) -> None:
    """Once the job was looked at, look at it each second, which is as often as one may."""
    neovim.until("vim.iter(seen):any(function(text) return text:find('^report') end)")
    neovim(f"Padwan poll {name} interval=1")


def test_a_job_is_seen_moving_until_its_end(neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]) -> None:
    clock = scenario()
    neovim.lua(
        "_G.heard = {}; vim.api.nvim_create_autocmd('User', { pattern = 'PadwanJob', callback = function(event)"
        " table.insert(heard, event.data.state) end })"
    )
    assert neovim.lua("return require('padwan').status()") == ""
    name = sent(neovim, workspace)
    watch(neovim, name)
    neovim("Padwan list")
    neovim.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.search('PENDING', 'n') == 3")
    assert "0/3" in neovim.lines[2]
    assert "ask.prompts.json" in neovim.lines[2]
    clock.advance(5)
    neovim.until("vim.fn.getline(3):find('RUNNING')")
    assert neovim.until("require('padwan').status():find('RUNNING') and require('padwan').status()").startswith(
        "padwan: RUNNING"
    )
    clock.advance(60)
    neovim.until("vim.fn.getline(3):find('SUCCEEDED')")
    assert "3/3" in neovim.lines[2]
    neovim.hears("ask SUCCEEDED 3/3")
    heard = neovim.lua("return heard")
    assert list(dict.fromkeys(heard)) == ["PENDING", "RUNNING", "SUCCEEDED"]
    progress = neovim.lua("return seen")
    assert "begin Poll Batch Job" in progress
    assert "report SUCCEEDED 3/3" in progress
    assert neovim.lua("return require('padwan').status()") == ""


def test_stopping_a_poll_leaves_the_job_alone_and_cancelling_ends_it(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario()
    name = sent(neovim, workspace)
    neovim.until("vim.list_contains(seen, 'begin Poll Batch Job')")
    neovim("Padwan stop")
    neovim.hears("it goes on at the service")
    neovim.until("vim.list_contains(seen, 'end cancelled')")
    neovim(f"Padwan status {name}")
    neovim.hears("ask PENDING 0/3")

    neovim("Padwan list")
    neovim.until("vim.fn.getline(3):find('PENDING')")
    assert neovim.nvim.current.window.cursor[0] == 3
    neovim.keys("gg")
    neovim.keys("c")
    neovim.hears("there is no job at the cursor")
    neovim.keys("G")
    neovim.answer("Leave it", "Cancel the job")
    neovim.keys("c")
    assert neovim.lua("return require('padwan.jobs').all()[1].state") == "PENDING"
    neovim.keys("c")
    neovim.until("vim.fn.getline(3):find('CANCELLED')")


def test_a_poll_that_is_cancelled_through_its_progress_is_no_longer_shown_as_watched(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario()
    neovim.lua(
        "vim.api.nvim_create_autocmd('LspProgress', { callback = function(event)"
        " if event.data.params.value.title == 'Poll Batch Job' then _G.token = event.data.params.token end end })"
    )
    name = sent(neovim, workspace)
    neovim("Padwan list")
    neovim.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.search('watched', 'n') == 3 and token")
    neovim.lua("vim.lsp.get_clients()[1]:notify('window/workDoneProgress/cancel', { token = token })")
    neovim.hears(f"stopped watching {name}; it goes on at the service.")
    assert neovim.lua("return require('padwan.follow').all()") == []
    neovim.until("vim.fn.search('watched', 'n') == 0")
    neovim(f"Padwan poll {name.removeprefix('batches/')}")
    neovim.until("vim.fn.search('watched', 'n') == 3")


def test_what_was_asked_of_a_poll_outlives_a_restart(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    clock = scenario()
    name = sent(neovim, workspace)
    neovim(f"Padwan poll {name} interval=1 output=answers.json")
    neovim("Padwan restart")
    neovim.hears("was restarted")
    clock.advance(60)
    neovim.hears("the results were written to answers.json")
    assert len(json.loads((workspace / "answers.json").read_text())) == 3


def test_views_come_back_with_their_keys_and_leave_other_windows_alone(neovim: Neovim, workspace: Path) -> None:
    watch(neovim, sent(neovim, workspace))
    neovim.hears("SUCCEEDED")
    neovim("set number")
    shown = "return { vim.wo.foldexpr, vim.wo.foldmethod, vim.wo.number, vim.wo.cursorline }"
    for command, filetype in (("results", "padwan-results"), ("list", "padwan-jobs")):
        neovim(f"Padwan {command}")
        neovim.until("vim.bo.filetype == arguments[1]", filetype)
        # A file that is opened in the view's own window, or beside it, looks as ever.
        neovim("split other.txt")
        assert neovim.lua(shown) == ["0", "manual", True, False]
        neovim("close")
        neovim("bdelete")
        neovim(f"Padwan {command} {job(neovim) if command == 'results' else ''}")
        neovim.until("vim.bo.filetype == arguments[1] and vim.fn.line('$') > 2", filetype)
        neovim.keys("g?")
        assert ":help padwan-views" in neovim.floating
        assert neovim.line.startswith(" <CR>")
        neovim.keys("q")
        assert neovim.lua("return vim.bo.filetype") == filetype
        # The last window is not closed.
        neovim("only")
        neovim.keys("q")
        assert neovim.lua("return vim.bo.filetype") != filetype
        neovim("edit ask.prompts.json")


def test_the_cursor_stays_at_its_job_and_jobs_of_another_neovim_appear(
    start: Callable[..., Neovim], workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario()
    neovim, other = start(), start()
    name = sent(neovim, workspace)
    neovim("Padwan list")
    neovim.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.line('$') == 3")
    neovim.nvim.current.window.cursor = (3, 0)
    other.edit(write(workspace / "theirs.prompts.json", '["d"]'))
    other("Padwan create")
    other.hears("sent as")
    neovim.until("vim.fn.line('$') == 4 and vim.fn.getline(3):find('theirs.prompts.json')")
    assert name in neovim.line

    other("Padwan list")
    other.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.line('$') == 4")
    other.nvim.current.window.cursor = (4, 0)
    other.answer("Cancel the job")
    other.keys("c")
    neovim.until("vim.fn.getline(4):find('CANCELLED')")
    # What is gone is gone from the buffer and from the command line.
    neovim.answer("Leave it", "Delete the job")
    neovim(f"Padwan delete {name}")
    assert neovim.asked[-1][0] == f"Delete {name}, at the service and here, with its answers?"
    neovim(f"Padwan delete {name}")
    neovim.hears(f"Deleted {name}")
    neovim.until("vim.fn.line('$') == 3")
    assert name not in neovim.lua("return vim.fn.getcompletion('Padwan status ', 'cmdline')")


def test_results_can_be_those_that_failed_or_those_of_some_keys(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario(answers={"b": {"blocked": "SAFETY"}}, clock={"pending": 0, "running": 0})
    name = sent(neovim, workspace)
    neovim.hears("1 blocked")
    for arguments, keys in (("failed_only=true", ["b"]), ("keys=a,c", ["a", "c"]), ("", ["a", "b", "c"])):
        neovim(f"Padwan results {name} {arguments}")
        shown = "vim.iter(vim.fn.getline(1, '$')):map(function(line) return line:match('^(%w)  %l+') end):totable()"
        neovim.until(f"vim.bo.filetype == 'padwan-results' and vim.deep_equal({shown}, arguments[1])", keys)


def test_results_have_a_fold_a_key_and_lead_to_their_prompts_and_back(neovim: Neovim, workspace: Path) -> None:
    watch(neovim, sent(neovim, workspace))
    neovim.hears("SUCCEEDED")
    neovim.nvim.current.window.cursor = (2, 10)
    neovim("Padwan results")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    assert neovim.line.startswith("b  ok  ")
    assert neovim.lines[4] == "[padwan emulator] You asked: one"
    neovim.keys("zM")
    closed = neovim.lua("return vim.tbl_map(vim.fn.foldclosed, vim.fn.range(1, vim.fn.line('$')))")
    assert closed == [-1, -1, -1, 4, 4, 4, 7, 7, 7, 10, 10, 10]
    neovim.keys("zR]]")
    assert neovim.line.startswith("c  ok")
    neovim.keys("j<CR>")
    neovim.until("vim.bo.filetype == 'json'")
    assert neovim.nvim.current.window.cursor == (3, 1)
    neovim("Padwan results")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    assert neovim.line.startswith("c  ok")
    neovim.keys("g?")
    assert "go to the prompt" in neovim.floating
    descriptions = neovim.lua(
        "return vim.tbl_map(function(map) return map.desc or '' end, vim.api.nvim_get_keymap('n'))"
    )
    assert [text for text in descriptions if "padwan" in text] == []


def test_more_than_a_page_of_results_is_read_on(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario(clock={"pending": 0, "running": 0})
    neovim.edit(write(workspace / "many.prompts.txt", "".join(f"question {number}\n" for number in range(1005))))
    neovim("Padwan create")
    neovim.hears("SUCCEEDED 1005/1005")
    # The answer to a prompt that is on a page further on
    neovim.nvim.current.window.cursor = (1003, 0)
    neovim("Padwan results")
    neovim.until("vim.bo.filetype == 'padwan-results' and vim.api.nvim_get_current_line():find('^prompt%-1002  ok')")
    assert "only those of one key" in neovim.lines[1]
    neovim.keys("<CR>")
    neovim.until("vim.bo.filetype == 'text'")
    assert neovim.nvim.current.window.cursor[0] == 1003
    neovim.nvim.current.window.cursor = (1, 0)
    neovim("Padwan results")
    neovim.until("vim.bo.filetype == 'padwan-results' and vim.fn.getline('$'):find('m shows more')")
    assert len([line for line in neovim.lines if "  ok  " in line]) == 1000
    neovim.keys("m")
    neovim.until("vim.fn.search('^prompt-1004  ok', 'n') > 0")
    assert len([line for line in neovim.lines if "  ok  " in line]) == 1005
    neovim.keys("m")
    neovim.hears("no more results")


def test_what_failed_is_in_the_quickfix_list_and_is_sent_again(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    blocked = {"blocked": "SAFETY", "times": 1}
    scenario(answers={"b": blocked, "c": {**blocked, "times": 2}}, clock={"pending": 0, "running": 0})
    name = sent(neovim, workspace)
    watch(neovim, name)
    neovim.hears("2 blocked")
    neovim.answer("Send 2 again as they were")
    neovim(f"Padwan retry {name}")
    neovim.hears("2 of 3 requests were sent again")
    found = neovim.lua("return vim.fn.getqflist()")
    assert [(item["lnum"], item["text"].split(":")[0]) for item in found] == [(2, "b (blocked)"), (3, "c (blocked)")]
    neovim("cnext")
    assert neovim.nvim.current.window.cursor[0] == 3

    # The text is mended in the editor, and not saved: that is what goes out.
    watch(neovim, job(neovim))
    neovim.hears("1 blocked")
    neovim("%s/three/3/")
    neovim.answer("Send 1 again, 1 of them with the new text of ask.prompts.json")
    neovim(f"Padwan retry {name}")
    neovim.hears("1 of 3 requests were sent again")
    watch(neovim, job(neovim))
    neovim.until("vim.iter(told):any(function(text) return text:find('SUCCEEDED 1/1. ', 1, true) end)")
    neovim(f"Padwan results {name}")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    assert "3 ok" in neovim.lines[0]
    assert "[padwan emulator] You asked: 3" in neovim.lines


def test_an_export_asks_where_to_and_before_it_replaces_a_file(neovim: Neovim, workspace: Path) -> None:
    watch(neovim, sent(neovim, workspace))
    neovim.hears("SUCCEEDED")
    neovim.answer("ask", "answers.csv")
    neovim("Padwan export")
    neovim.hears("3 rows were written to answers.csv")
    assert neovim.asked[-1] == ["Export Batch Results: ", ["ask.results.json"]]
    assert (workspace / "answers.csv").read_text().startswith("key,content,")
    (workspace / "taken.json").write_text("mine")
    neovim.answer("Leave it", "Replace it")
    neovim(f"Padwan export {job(neovim)} taken.json")
    neovim.until("#asked == 3")
    assert (workspace / "taken.json").read_text() == "mine"
    neovim(f"Padwan export {job(neovim)} output=taken.json format=json")
    neovim.hears("written to taken.json")
    assert len(json.loads((workspace / "taken.json").read_text())) == 3


def test_selected_lines_are_a_batch(neovim: Neovim, workspace: Path) -> None:
    neovim.edit(write(workspace / "ask.prompts.json", THREE))
    neovim("2,3Padwan create")
    neovim.hears("2 prompts were sent")
    watch(neovim, job(neovim))
    neovim.hears("SUCCEEDED 2/2")
    neovim("Padwan results")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    assert [line.split(" ")[0] for line in neovim.lines if "  ok  " in line] == ["b", "c"]

    notes = write(workspace / "notes.md", "A title\n\nWhy is the sky blue?\n\nAnd the sea?\n")
    neovim(f"edit {notes}")
    neovim.keys("jVG:")
    neovim.nvim.command("'<,'>Padwan create name=notes")
    neovim.until(
        "vim.iter(require('padwan.jobs').all()):any(function(j) return j.name == 'notes' and j.total == 2 end)"
    )


@pytest.mark.parametrize(
    ("file", "text", "lines", "sent_keys"),
    [
        ("x.prompts.json", '[\n "one",\n "two",\n "three"\n]', "3,4", ["prompt-1", "prompt-2"]),
        ("x.prompts.jsonl", '{"key": "a", "prompt": "1"}\n{"key": "b", "prompt": "2"}\n', "2", ["b"]),
        ("x.prompts.txt", "one 😀\u2028more\n\nthree\nfour\n", "1,3", ["prompt-0", "prompt-1"]),
    ],
)
def test_selected_lines_of_every_format_are_sent_as_the_buffer_has_them(
    neovim: Neovim, workspace: Path, file: str, text: str, lines: str, sent_keys: list[str]
) -> None:
    neovim.edit(write(workspace / file, ""))
    neovim.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, ...)", text.split("\n"))
    neovim(f"{lines}Padwan create")
    neovim.hears(f"{len(sent_keys)} prompt")
    watch(neovim, job(neovim))
    neovim.hears("SUCCEEDED")
    neovim(f"Padwan results {job(neovim)}")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    assert [line.split("  ")[0] for line in neovim.lines if "  ok  " in line] == sent_keys
    assert (workspace / file).read_text() == ""


def test_every_selected_prompt_is_sent_however_many(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario()
    neovim.edit(write(workspace / "many.prompts.txt", "".join(f"question {number}\n" for number in range(20_000))))
    neovim("11,2510Padwan create")
    neovim.hears("2500 prompts were sent as")
    # Lines without a prompt send nothing, and what takes no lines says so.
    neovim.edit(write(workspace / "few.prompts.json", '[\n"a"\n]'))
    neovim("1Padwan create")
    neovim.hears("there is no prompt in these lines")
    neovim("1,2Padwan status")
    neovim.hears("status takes no lines of this file")


def test_a_restart_in_mid_job_watches_on(neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]) -> None:
    clock = scenario()
    name = sent(neovim, workspace)
    watch(neovim, name)
    neovim.until("vim.list_contains(seen, 'report PENDING 0/3')")
    neovim("Padwan restart")
    neovim.hears("was restarted")
    assert neovim.lua("return require('padwan.follow').all()") == [name]
    assert neovim.lua("return vim.tbl_map(function(c) return c.id end, vim.lsp.get_clients({ bufnr = 0 }))") == [2]
    clock.advance(60)
    neovim.hears("ask SUCCEEDED 3/3")


def test_a_server_that_died_is_said_and_started_again(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    clock = scenario()
    name = sent(neovim, workspace)
    [server] = psutil.Process(neovim.lua("return vim.fn.getpid()")).children()
    server.kill()
    neovim.hears(":Padwan restart starts it again")
    neovim("Padwan restart")
    neovim.hears("was started")
    neovim.until("#vim.lsp.get_clients({ bufnr = 0 }) == 1")
    assert neovim.lua("return require('padwan.follow').all()") == [name]
    clock.advance(60)
    neovim.hears("ask SUCCEEDED 3/3")


def test_another_neovim_finds_the_job_the_next_day(
    start: Callable[..., Neovim], workspace: Path, scenario: Callable[..., Clock]
) -> None:
    clock = scenario()
    name = sent(start(), workspace)
    clock.advance(86_400)
    neovim = start()
    neovim("Padwan list")
    neovim.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.getline(3):find('ask.prompts.json')")
    neovim.nvim.current.window.cursor = (3, 0)
    neovim.keys("p")
    neovim.hears("SUCCEEDED 3/3")
    assert job(neovim) == name
    neovim.keys("<CR>")
    neovim.until("vim.bo.filetype == 'padwan-results'")
    assert neovim.lines[3].startswith("a  ok")


def test_old_jobs_are_forgotten_only_by_a_persons_word(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario(clock={"pending": 0, "running": 0})
    sent(neovim, workspace)
    neovim.hears("SUCCEEDED 3/3")
    results = workspace / ".padwan" / "results"
    neovim.answer("Leave them", "Forget them")
    neovim("Padwan prune days=0")
    neovim.until("#asked == 1")
    assert neovim.asked[0][1] == ["Forget them", "Leave them"]
    assert len(list(results.iterdir())) == 1
    neovim("Padwan prune days=0")
    neovim.until("vim.fn.glob(arguments[1] .. '/*') == ''", str(results))
    assert len(neovim.asked) == 2
    # What there is nothing of is not asked.
    neovim("Padwan prune days=0")
    neovim.hears("0 jobs would be forgotten")
    assert len(neovim.asked) == 2


def test_what_is_to_be_done_about_an_uncertain_submission_is_chosen(
    neovim: Neovim, workspace: Path, scenario: Callable[..., Clock]
) -> None:
    scenario(clock={"pending": 0, "running": 0}, faults=[{"on": "create", "drop": "before", "times": 1}])
    neovim.edit(write(workspace / "ask.prompts.json", THREE))
    neovim("Padwan create")
    neovim.hears("it may or may not run")
    neovim.answer("SUBMIT_UNCERTAIN", "resubmit")
    neovim("Padwan resolve")
    neovim.hears("The service has it")
    assert neovim.asked[-1][1] == ["adopt", "resubmit", "discard"]
    neovim("Padwan list")
    neovim.until("vim.bo.filetype == 'padwan-jobs' and vim.fn.search('SUCCEEDED', 'n') == 3")
