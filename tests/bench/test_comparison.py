"""What is measured beside another commit's gateway: ratios within rounds, both books audited, and
workloads that do what their names say. In the other commit's place is this tree's program."""

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import comparison
import failover
import large_ledgers
import ledgers
import pytest
import two_workers
from books import Void
from comparison import BEFORE, NGINX, NOW, Comparisons
from processes import Gateway, MemoryPeak, Program, Provider
from stage import Stage, new_gateway

FEW = {"connections": 4, "requests": 40}


def compared(*rounds, doubtful=(), **targets):
    """The measure of rounds of (before, now)."""
    measures = Comparisons()
    for number, (before, now) in enumerate(rounds):
        values = {BEFORE: before, NOW: now, NGINX: 1, "direct": 1}
        measures.add("x", values, doubtful=number in doubtful, **targets)
    return next(iter(measures))


# ---- figures ----


def test_the_ratio_is_of_runs_in_the_same_round():
    """The machine was half as fast in the second and third round: the medians would say 0.9."""
    found = compared((10, 5), (20, 10), (20, 9)).as_json()
    assert found["ratio_to_before"] == 0.5
    assert found["medians"] == {BEFORE: 20, NOW: 9, NGINX: 1}
    assert found["ratio_to_nginx"] == 9
    assert "direct" not in found["rounds"][0]


@pytest.mark.parametrize(
    ("rounds", "targets", "verdict"),
    [
        ([(10, 4)], {"must": 0.6, "aim": 0.5}, "aim"),
        ([(10, 6)], {"must": 0.6, "aim": 0.5}, "must"),
        ([(10, 7)], {"must": 0.6, "aim": 0.5}, "FAIL"),
        ([(10, 7)], {}, ""),
        ([(10, 1.9)], {"must": 1.9, "aim": 1.95, "of_value": True, "more_is_better": True}, "must"),
        ([(1.9, 1.8)], {"must": 1.9, "of_value": True, "more_is_better": True}, "FAIL"),
        ([(-1, 5), (0, 5), (5, 1)], {"must": 0.5}, "doubtful"),
        ([(10, 1), (10, 1), (0, 1)], {"must": 0.5}, "must"),
    ],
)
def test_a_verdict_is_of_the_ratio_or_of_the_value(rounds, targets, verdict):
    assert compared(*rounds, **targets).verdict == verdict


def test_rounds_that_the_machine_has_spoilt_say_nothing():
    rounds = [(10, 1), (10, 1), (10, 1)]
    assert compared(*rounds, doubtful=[0], must=0.5).verdict == "must"
    assert compared(*rounds, doubtful=[0, 2], must=0.5).verdict == "doubtful"


def test_the_table_is_markdown_and_shows_what_is_void():
    measures = Comparisons()
    for values in ({BEFORE: 10, NOW: 5}, {BEFORE: 20, NOW: 12}):
        measures.add("CPU", values, "us", must=0.6, aim=0.5)
    lines = comparison.table("abc", [("W1", measures, None), ("W2", None, "a hold")]).splitlines()
    assert lines[0].startswith("| workload | measure | abc | now | now / abc |")
    assert {line.count("|") for line in lines} == {10}
    assert (
        "| W1 | CPU, us | 15.0 (10.0 .. 20.0) | 8.50 (5.00 .. 12.0) | 0.55 (0.50 .. 0.60)"
        in lines[2]
    )
    assert lines[2].endswith("| 0.60; 0.50 | must |")
    assert lines[3].startswith("| W2 | NO SPEED: a hold |")


# ---- both gateways ----


@contextlib.contextmanager
def both(bench, **provider):
    """A stage without nginx, of this tree's program twice."""
    bench.before = Program()
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(Provider(bench.cpus.measuring, answer_bytes=1024, **provider))
        gateways = {
            name: stack.enter_context(
                new_gateway(bench, bench.folder / name, source, program=program, name=name)
            )
            for name, program in bench.programs.items()
        }
        yield Stage(bench, source, None, gateways, bench.cpus.measuring)


@pytest.mark.parametrize("wrong", [NOW, BEFORE])
def test_wrong_books_of_either_gateway_void_the_run(bench, wrong):
    with both(bench) as here:
        runs = {
            name: here.run(gateway, memory=True, **FEW) for name, gateway in here.gateways.items()
        }
        assert all(run.cpu_us > 0 and run.peak["rss"] > 2**20 for run in runs.values())
        with contextlib.closing(here.gateways[wrong].books.connect()) as db, db:
            db.execute("INSERT INTO open_holds VALUES ('req_x', 'acct_x', '', 1, 1)")
        for name, gateway in here.gateways.items():
            if name == wrong:
                with pytest.raises(Void, match=f"{wrong}: 1 holds are open"):
                    here.run(gateway, **FEW)
            else:
                here.run(gateway, **FEW)


def test_each_gateway_is_first_in_its_turn(bench):
    bench.before, bench.rounds = Program(), 3
    assert list(bench.turns()) == [[NOW, BEFORE], [BEFORE, NOW], [NOW, BEFORE]]


def test_an_older_commit_gets_the_settings_that_it_knows(bench, tmp_path):
    tree = tmp_path / "old"
    tree.mkdir()
    (tree / "gateway.conf").write_text("#listen = 1\ndatabase = x\n# workers are told of here\n")
    books = SimpleNamespace(database="d", secret_path="s")
    found = Gateway(tmp_path, 0, 1, books, {"durability": "power"}, Program(tree=tree))
    assert set(found.settings) == {"listen", "database"}
    usual = Gateway(tmp_path, 0, 1, books, {"durability": "power"})
    assert {"durability", "workers", "log_format"} < set(usual.settings)


def test_the_most_memory_is_seen_though_it_is_given_back():
    code = "import time; x = bytearray(64 << 20); time.sleep(0.8); del x; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        waiting = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1.5)"])
        peak = MemoryPeak.of(process.pid, SimpleNamespace(process=waiting))
    finally:
        process.kill()
        process.wait()
    assert peak["rss"] > 64 << 20


# ---- workloads ----


def test_half_of_the_calls_fail_over_and_are_paid(bench):
    bench.before = Program()
    with failover.gateways(bench) as (found, provider):
        for gateway in found.values():
            for model in ("gpt-4o-mini", failover.MODEL):
                assert failover.run(bench, gateway, provider, model, **FEW).failed == 0


def test_calls_that_do_not_fail_over_void_the_run(bench, monkeypatch):
    monkeypatch.setattr(failover, "MODEL", "gpt-4o-mini")
    with (
        failover.gateways(bench) as (found, provider),
        pytest.raises(Void, match=r"gateway: 1\.000 attempts a call, not 1\.5"),
    ):
        failover.run(bench, found[NOW], provider, "gpt-4o-mini", **FEW)


@pytest.mark.skipif(len(two_workers.cores()) < 2, reason="one processor")
def test_each_worker_has_a_core_of_its_own(bench):
    with two_workers.standing(bench, NOW, Program(), 2) as (gateway, provider):
        on = [os.sched_getaffinity(thread) for thread in gateway.workers()]
        assert on == [{cpu} for cpu in two_workers.cores()]
        assert two_workers.run(gateway, provider, **FEW).cpu_us > 0


@pytest.fixture
def small_ledgers(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(ledgers, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(large_ledgers, "RECORDS_QUICK", 5000)
    bench.before = Program()


def values_of(figures, name):
    return figures.compared.all[name].rounds[0]


@pytest.mark.usefixtures("small_ledgers")
def test_first_questions_are_asked_of_both(bench):
    ((_, figures),) = large_ledgers.w7_cold(bench)
    slowest = values_of(figures, "slowest first question")
    assert set(slowest) == {NOW, BEFORE}
    asked = [name for names in large_ledgers.KINDS for name in names]
    assert list(figures.compared.all) == [*asked, "slowest first question"]
    assert slowest[NOW] == max(values_of(figures, name)[NOW] for name in asked)


@pytest.mark.usefixtures("small_ledgers")
def test_a_question_that_is_not_answered_has_no_time(bench):
    with (
        large_ledgers.gateways(bench, "w7-cold") as (found, _),
        pytest.raises(Void, match="before: /api/nonesuch was answered 404"),
    ):
        large_ledgers.ask_cold(found[BEFORE], "/api/nonesuch", "")


@pytest.mark.usefixtures("small_ledgers")
def test_both_start_again_after_a_kill_under_load(bench):
    ((_, figures),) = large_ledgers.w9(bench)
    assert set(values_of(figures, "start after kill -9")) == {NOW, BEFORE}


@pytest.mark.usefixtures("small_ledgers")
def test_wrong_books_after_a_kill_void_the_run(bench, monkeypatch):
    start = large_ledgers.seconds_to_answer

    def start_and_meddle(gateway, key, timeout_s):
        taken = start(gateway, key, timeout_s)
        with contextlib.closing(gateway.books.connect()) as db, db:
            db.execute("INSERT INTO open_holds VALUES ('req_x', 'acct_x', '', 1, 1)")
        return taken

    monkeypatch.setattr(large_ledgers, "seconds_to_answer", start_and_meddle)
    with pytest.raises(Void, match="holds are open"):
        list(large_ledgers.w9(bench))


@pytest.mark.usefixtures("small_ledgers")
def test_a_copy_of_a_ledger_has_what_was_answered_last(bench, tmp_path):
    with large_ledgers.gateways(bench, "w9") as (found, provider):
        gateway = found[BEFORE]
        large_ledgers.kill_under_load(bench, gateway)  # the last answers are in the journal only
        copied = large_ledgers.copy(gateway.books.database, tmp_path / "copy.db")
        other = ledgers.gateway_on(bench, tmp_path / "other", provider, copied, Program())
        counts = []
        for one in (gateway, other):
            with one:
                counts.append(one.books.mark())
        assert counts[0] == counts[1]
        assert counts[0][0] > 5000


def main_module():
    path = Path(__file__).with_name("__main__.py")
    spec = importlib.util.spec_from_file_location("bench_main", path)
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    return main


def test_a_comparison_names_what_has_no_speed(bench, capsys, monkeypatch):
    def void(_):
        """books"""
        raise Void("before: 1 holds are open")

    main = main_module()
    monkeypatch.setitem(main.WORKLOADS, "void", void)
    bench.before, bench.commit = Program(), "abc"
    results = main.measure(bench, ["void"])
    assert main.summarize(results, compared=True) == 1
    assert "NO SPEED: before: 1 holds are open" in capsys.readouterr().out
    assert main.as_json(results, bench)["against"] == "abc"


def test_what_is_not_compared_is_not_asked_for(monkeypatch, capsys):
    main = main_module()
    monkeypatch.setattr(sys, "argv", ["bench", "W1", "W8", "--against", "x"])
    with pytest.raises(SystemExit):
        main.parse()
    assert "W8 is not compared" in capsys.readouterr().err
    named = main.names_of(argparse.Namespace(workloads=[], against="x"))
    assert "W9-migration" in named
    assert "W7" not in named
    assert "W9-migration" not in main.names_of(argparse.Namespace(workloads=[], against=None))
