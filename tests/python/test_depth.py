"""What users nest deep is an error, or is walked without recursion: never a stack overflow."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

HEAD = """
    import functools, sys
    import raskt, raskt.bag as rb
    from operator import add
    from raskt import Task, config, delayed

    def nest(wrap, inner, n=100_000):
        for _ in range(n):
            inner = wrap(inner)
        return inner

    class Holder:
        def __init__(self, held):
            self.held = held

    def again(n, scheduler):
        return delayed(again)(n - 1, scheduler).compute(scheduler=scheduler) if n else 0
"""


def run(code: str) -> str:
    """Run a program; return its output, and after that the type of the exception that ended it."""
    body = textwrap.dedent(HEAD) + textwrap.dedent(code)
    caught = "except Exception as error:\n    print(type(error).__name__)\n"
    program = f"try:\n{textwrap.indent(body, '    ')}\n{caught}"
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, (found.returncode, found.stderr[-500:])
    return found.stdout.strip()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("config.set({'.'.join('a' * 20_000): 1})", "ConfigError"),
        ("config.collect(paths=[], env={'RASKT_' + '__'.join('a' * 20_000): '1'})", "ConfigError"),
        ("print(config.get('.'.join('a' * 20_000), 5))", "5"),
        ("config.pop('.'.join('a' * 20_000))", "KeyError"),
        ("config.update_defaults({'mine': nest(lambda d: {'a': d}, 1)})", "ValueError"),
        ("config.set(mine=nest(lambda d: {'a': d}, 1))", "ValueError"),
        ("config.update({}, nest(lambda d: {'a': d}, 1))", "ValueError"),
        ("d = {}; d['a'] = d['b'] = d; config.merge(d)", "ValueError"),
        ("config.serialize(nest(lambda d: {'a': [d]}, 1))", "ValueError"),
        ("config.expand_environment_variables(nest(lambda d: [d], 1))", "ValueError"),
        ("config.set(mine=nest(lambda d: [d], 1)); config.snapshot(); print('set')", "set"),
    ],
)
def test_deep_keys_and_values_of_the_configuration(code, said):
    assert run(code) == said


@pytest.mark.parametrize(
    "wrap", ["lambda d: [d]", "lambda d: (d,)", "lambda d: {'a': d}", "lambda d: slice(d)"]
)
@pytest.mark.parametrize("inner", ["1", "delayed(abs)(-1)"])
def test_deep_arguments_of_delayed_calls_are_errors(wrap, inner):
    assert run(f"delayed(lambda x: 1)(nest({wrap}, {inner})).compute()") == "RecursionError"


@pytest.mark.parametrize(
    "code",
    [
        "raskt.compute(nest(lambda d: [d], delayed(1)))",
        "raskt.persist(nest(lambda d: (d,), delayed(1)))",
        "raskt.get({'x': nest(lambda d: (add, d, 1), 1)}, 'x')",
        "raskt.get({'y': 1, 'x': nest(lambda d: [d], 'y')}, 'x')",
        "raskt.get({'x': nest(lambda d: Task(None, add, d, 1), 1)}, 'x')",
        "rb.from_sequence([nest(lambda d: (d,), 1)], npartitions=1).groupby(lambda x: x).compute()",
        "sys.setrecursionlimit(10**6); again(2_000, 'threads')",
        "sys.setrecursionlimit(10**6); again(2_000, 'sync')",
    ],
)
def test_deep_graphs_results_and_nested_computations_are_errors(code):
    assert run(code) == "RecursionError"


@pytest.mark.parametrize(
    "code",
    [
        "raskt.tokenize(nest(lambda d: [d], 1))",
        "raskt.tokenize(nest(lambda d: {'a': d}, 1))",
        "raskt.tokenize(nest(Holder, 1))",
        "raskt.tokenize(nest(lambda f: functools.partial(print, f), abs))",
        "raskt.sizeof(nest(lambda d: [d], 1))",
        "delayed(len)(delayed(lambda: nest(lambda d: [d], 1))()).compute(memory_limit='1MiB')",
        "nest(lambda d: d + 1, delayed(1)).compute()",
        "rb.from_sequence([nest(lambda d: (d,), 1)] * 2, npartitions=2).frequencies().compute()",
    ],
)
def test_what_is_walked_without_recursion_may_be_of_any_depth(code):
    assert run(f"{code}; print('done')") == "done"


def test_a_result_too_deep_to_be_pickled_is_an_error_of_its_task():
    code = "delayed(lambda: nest(lambda d: [d], 1))().compute(scheduler='processes', num_workers=1)"
    assert run(code) in ("PicklingError", "RecursionError")


def test_tasks_nested_within_the_limit_are_computed():
    code = "print(raskt.get({'x': nest(lambda d: Task(None, add, d, 1), 1, 800)}, 'x'), again(60, 'threads'))"
    assert run(code) == "801 0"
