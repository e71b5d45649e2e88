"""Agents that are watched: rate limits, budgets, places, and what people say to them meanwhile."""

import random
import threading
import time

import pytest

from arena import control, turns
from arena.agents.reading import Report
from arena.machine import process
from arena.pacing import LONGEST_WAIT, Budget, Places, backoff

EDIT = "pathlib.Path('calc.py').write_text('def add(a, b): return a + b')\n"
LIMITED = (
    "tries = pathlib.Path('/'.join([os.environ['HOME'], label]))\n"
    "tries.parent.mkdir(exist_ok=True)\n"
    "before = tries.read_text() if tries.exists() else ''\n"
    "tries.write_text(before + '.')\n"
    "if len(before) < {fails}: print('HTTP 429: slow down'); sys.exit(1)\n"
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    place = tmp_path / "home-of-agents"
    monkeypatch.setenv("HOME", str(place))
    return place


def kinds(opened, label="command-1"):
    return [event.kind for event in opened.journal.events() if event.label == label]


def until(done):
    """Waits until that is so."""
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def when(opened, kind, label="command-1"):
    """Waits until that is in the journal."""
    until(lambda: kind in kinds(opened, label))


def test_an_agent_that_met_a_rate_limit_is_tried_again_after_a_wait(place, home):
    body = LIMITED.format(fails=2) + EDIT
    opened, [tried] = place.run(body, retries=2, backoff=0.4)
    assert tried.outcome == "finished"
    assert (home / "command-1").read_text() == "..."
    waits = [e.data["seconds"] for e in opened.journal.events() if e.kind == "agent-waiting"]  # fmt: skip
    assert 0.2 <= waits[0] <= 0.4 <= waits[1] <= 0.8
    assert kinds(opened).count("agent-started") == 3
    logs = opened.folder / "logs"
    assert "429" in (logs / "command-1.stdout.log").read_text()
    assert (logs / "command-1.turn3.stdout.log").read_text() == ""


def test_one_that_stays_limited_keeps_its_work_as_a_candidate(place, home):
    body = EDIT + LIMITED.format(fails=9)
    _, [tried] = place.run(body, retries=1, backoff=0.1)
    assert (tried.outcome, tried.candidate is not None) == ("quota", True)
    assert (home / "command-1").read_text() == ".."


def test_no_retry_where_none_is_wanted(place, home):
    _, [tried] = place.run(LIMITED.format(fails=9), retries=0)
    assert tried.outcome == "quota"
    assert (home / "command-1").read_text() == "."


AT_ONCE = (
    "folder = pathlib.Path(os.environ['HOME']); folder.mkdir(exist_ok=True)\n"
    "mine = folder / label; mine.touch(); time.sleep(0.1)\n"
    "pathlib.Path(f'seen-{{seed}}').write_text(str(len(list(folder.glob('*')))))\n"
    "time.sleep({seconds}); mine.unlink()\n"
)


def test_no_more_than_wanted_work_at_once(place, home):
    _, tried = place.run(AT_ONCE.format(seconds=0.3), count=5, at_once=2)
    assert [one.outcome for one in tried] == ["finished"] * 5
    show = [place.git("show", f"{one.candidate.commit}:seen-{5 + n}") for n, one in enumerate(tried)]  # fmt: skip
    assert max(map(int, show)) == 2
    opened, tried = place.run(AT_ONCE.format(seconds=0.3), count=3, at_once=3)
    assert not any(e.kind == "agent-queued" for e in opened.journal.events())


SPENDER = (
    "print(json.dumps({'type': 'assistant', 'message': {'id': '1', 'usage':"
    " {'input_tokens': 900, 'output_tokens': 100}}}), flush=True)\n"
    "pathlib.Path('calc.py').write_text(label)\n"
    "time.sleep(0 if label.endswith('-1') else 60)\n"
    "print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': False, 'result': 'ok',"
    " 'total_cost_usd': 2.0, 'usage': {'input_tokens': 900, 'output_tokens': 100}}))\n"
)


@pytest.mark.parametrize(
    ("limit", "outcomes"),
    [
        ({"max_cost": 2.0}, ["finished", "budget", "budget"]),
        ({"max_tokens": 2500}, ["finished", "budget", "budget"]),
    ],
)
def test_what_all_may_spend_together_stops_those_that_still_work(
    place, limit, outcomes
):
    begun = time.monotonic()
    opened, tried = place.run(SPENDER, agent="claude", count=3, at_once=3, **limit)
    assert time.monotonic() - begun < 30
    assert [one.outcome for one in tried] == outcomes
    assert all(one.candidate for one in tried), "partial work is kept"
    assert "all entries together" in tried[1].why
    [told] = [e.data for e in opened.journal.events() if e.kind == "attempt" and e.label == "claude-2"]  # fmt: skip
    assert told["tokens"] == 1000, "what it told until it was stopped"


def test_what_was_not_begun_when_the_budget_was_spent_never_begins(place):
    quick = SPENDER.replace("0 if label.endswith('-1') else 60", "0")
    opened, tried = place.run(quick, agent="claude", count=2, at_once=1, max_cost=1)
    # Whichever came first: their threads begin at once.
    done, never = sorted(tried, key=lambda one: one.outcome, reverse=True)
    assert (done.outcome, never.outcome) == ("finished", "budget")
    assert "agent-started" not in kinds(opened, never.entry.label)
    assert never.candidate is None


def test_what_an_earlier_wave_of_the_run_has_spent_counts(place):
    opened, _ = place.run(SPENDER, agent="claude", max_cost=1)
    later = turns.Crew(opened, ["later"])
    assert "have cost" in later.budget.note("later", 1, Report())


def test_stop_ends_one_and_the_others_go_on(place):
    def stop(opened):
        when(opened, "agent-started", "command-2")
        log = opened.folder / "logs" / "command-2.stdout.log"
        until(lambda: log.exists() and "edited" in log.read_text())
        control.give(opened.folder, "command-2", "stop", "stopped by the user")

    body = EDIT + "print('edited', flush=True)\n"
    body += "time.sleep(60 if label == 'command-2' else 1)\n"
    _, tried = place.run(body, count=2, meanwhile=stop)
    assert [one.outcome for one in tried] == ["finished", "killed"]
    assert tried[1].why == "stopped by the user"
    assert tried[1].candidate is not None


TURNS = (
    "print(json.dumps({'type': 'system', 'session_id': 'abc'}), flush=True)\n"
    "with open('calc.py', 'a') as file: file.write('# ' + ' '.join(sys.argv[1:]) + '\\n')\n"
    "time.sleep(1.5)\n"
    "print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': False, 'result': 'ok',"
    " 'session_id': 'abc', 'total_cost_usd': 0.5, 'usage': {'input_tokens': 9, 'output_tokens': 1}}))\n"
)


def test_a_message_is_the_next_turn_of_the_same_session(place):
    def say(opened):
        when(opened, "agent-started", "claude-1")
        control.send(opened.folder, "claude-1", "Now add a test.")

    opened, [tried] = place.run(TURNS, agent="claude", meanwhile=say)
    [first, second] = [
        line for line in place.git("show", f"{tried.candidate.commit}:calc.py").splitlines() if line.startswith("#")
    ]  # fmt: skip
    assert "Fix add." in first
    assert "abc" not in first
    assert "Now add a test." in second
    assert "--resume abc" in second
    assert tried.outcome == "finished"
    assert (tried.attempt.told.cost_usd, tried.attempt.told.tokens) == (1.0, 20)
    assert (opened.folder / "logs" / "claude-1.turn2.prompt.txt").read_text() == "Now add a test."  # fmt: skip


def test_tokens_of_a_whole_session_are_not_counted_twice(place):
    def say(opened):
        when(opened, "agent-started", "qwen-1")
        control.send(opened.folder, "qwen-1", "Now add a test.")

    _, [tried] = place.run(TURNS, agent="qwen", meanwhile=say, max_tokens=25)
    assert "# Now add a test." in place.git("show", f"{tried.candidate.commit}:calc.py")
    assert tried.attempt.told.tokens == 10


def test_a_message_that_nobody_could_hear_is_told(place):
    def say(opened):
        when(opened, "agent-started", "claude-1")
        control.send(opened.folder, "claude-1", "Now add a test.")

    body = TURNS.replace("'abc'", "'--dangerous'")
    opened, [tried] = place.run(body, agent="claude", meanwhile=say)
    assert (tried.outcome, tried.candidate is not None) == ("finished", True)
    assert "unheard" in kinds(opened, "claude-1")


def test_messages_keep_their_order_and_come_once(tmp_path):
    for text in ("one", "two"):
        control.send(tmp_path, "a.b", text)
    assert control.receive(tmp_path, "a") is None
    assert control.receive(tmp_path, "a.b") == "one"
    control.send(tmp_path, "a.b", "three")
    assert [control.receive(tmp_path, "a.b") for _ in range(3)] == ["two", "three", None]  # fmt: skip


def test_no_message_is_written_over_by_another(tmp_path):
    texts = {f"text {n}" for n in range(40)}
    senders = [threading.Thread(target=control.send, args=(tmp_path, "a", text)) for text in texts]  # fmt: skip
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    heard = [control.receive(tmp_path, "a") for _ in texts]
    assert set(heard) == texts
    assert control.receive(tmp_path, "a") is None
    assert all(p.name.endswith(".heard") for p in (tmp_path / "logs").iterdir())


def test_secrets_stay_out_of_what_an_agent_writes_for_people(place, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "hush-hush-1234")
    body = EDIT + (
        "token = os.environ['MY_TOKEN']\n"
        "pathlib.Path('RESULTS.md').write_text(f'Used {token}.')\n"
        "pathlib.Path('HANDOFF_FROM_A.md').write_text(f'- File: {token}')\n"
        "pathlib.Path(os.environ['ARENA_SIGNALS']).write_text(json.dumps({'signal': 'note', 'text': token}) + '\\n')\n"
    )
    opened, [tried] = place.run(body, env=("MY_TOKEN",))
    assert tried.candidate.message == "Used [secret]."
    notes = opened.folder / "notes" / "command-1" / "HANDOFF_FROM_A.md"
    assert notes.read_text() == "- File: [secret]"
    [said] = [e.data["text"] for e in opened.journal.events() if e.kind == "signal"]
    assert said == "[secret]"


def test_the_wait_doubles_with_jitter_up_to_an_hour():
    rng = random.Random(1)
    waits = [[backoff(n, first=10, rng=rng) for _ in range(200)] for n in range(1, 5)]
    for number, found in enumerate(waits):
        assert 5 * 2**number <= min(found) < max(found) <= 10 * 2**number
        assert len(set(found)) > 100
    assert backoff(10**6, first=10, rng=rng) <= LONGEST_WAIT


def test_a_program_that_met_its_limit_gets_half_the_places_and_comes_back_one_by_one():
    places = Places(8)
    assert places.learn("claude", limited=False) == 8
    assert [places.learn("claude", limited=True) for _ in range(5)] == [4, 2, 1, 1, 1]
    assert places.learn("codex", limited=False) == 8, "others are not meant"
    assert [places.learn("claude", limited=False) for _ in range(8)] == [2, 3, 4, 5, 6, 7, 8, 8]  # fmt: skip


def test_waiting_for_a_place_ends_when_it_is_said():
    places, queued, off = Places(1), threading.Event(), threading.Event()
    found = []

    def wait() -> None:
        with places.place("b", off.is_set, queued.set) as there:
            found.append(there)

    with places.place("a", lambda: False, lambda: None):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert queued.wait(5)
        off.set()
        waiter.join(5)
    assert found == [False]
    assert places.working.total() == 0


def test_the_budget_counts_every_turn_of_every_entry_once():
    def told(tokens, cost):
        return Report(spent={1: (tokens, 0, cost)})

    budget = Budget(1.0, None)
    assert budget.note("a", 1, told(10, 0.4)) == ""
    assert budget.note("a", 1, told(20, 0.5)) == "", "the same turn, later"
    assert budget.note("b", 1, told(20, None)) == ""
    assert "1.00 USD of 1.00" in budget.note("a", 2, told(1, 0.5))
    assert not Budget(None, None).limited


def test_nothing_is_told_to_stop_while_arena_goes_on():
    assert not process.stopping()
