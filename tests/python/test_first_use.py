"""A first use: on many threads at once, with settings of the environment, in a sub-interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

#: What imports modules of the package when it is first done.
FIRST_USES = [
    "raskt.delayed(sum)([1, 2]).compute()",
    "ra.random.normal(size=10, chunks=3).compute()",
    "ra.ones(10, chunks=3).rechunk(4).compute()",
    "ra.from_array(np.arange(10), chunks='auto')[::-1].sum().compute()",
    "rb.from_sequence(range(10), npartitions=3).map(str).frequencies().compute()",
    "rb.from_sequence(range(10), npartitions=3).groupby(abs).compute(scheduler='threads')",
    "raskt.tokenize(np.arange(10), {'a': sum})",
    "raskt.config.set(num_workers=2), raskt.config.get('num-workers'), raskt.config.paths",
    "raskt.annotate(retries=2).__enter__(), raskt.delayed(sum)([1]).compute()",
    "raskt.diagnostics.ProgressBar(out=io.StringIO()).__enter__(), raskt.delayed(sum)([1]).compute()",
    "raskt.delayed(sum)([1, 2]).visualize(filename=None)",
    "raskt.sizeof(np.arange(10))",
]


def run(code: str, **env: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **env},
    )
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout


@pytest.mark.parametrize(
    "uses", [FIRST_USES, FIRST_USES[1:3], FIRST_USES[4:6]], ids=["all", "arrays", "bags"]
)
def test_first_uses_on_many_threads_do_not_race(uses):
    code = """
        import io, threading, traceback
        import numpy as np, raskt, raskt.array as ra, raskt.bag as rb
        barrier, errors = threading.Barrier(16), []
        def work(use):
            barrier.wait()
            try:
                eval(use)
            except BaseException:
                errors.append(traceback.format_exc())
        threads = [threading.Thread(target=work, args=(USES[i % len(USES)],)) for i in range(16)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print(*errors, sep="")
    """
    for _ in range(3):
        assert run(code.replace("USES", repr(uses))) == "\n"


@pytest.mark.parametrize(
    ("variable", "value", "first_line", "found"),
    [
        ("RASKT_ARRAY__CHUNK_SIZE", "32B", "ra.ones(8, chunks='auto').chunks", "((4, 4),)"),
        ("RASKT_ARRAY__CHUNK_SIZE", "32B", "ra.from_array(np.ones(8)).chunks", "((4, 4),)"),
        ("RASKT_DELAYED__PURE", "true", "raskt.delayed(abs)(1).key == raskt.delayed(abs)(1).key", "True"),
        ("RASKT_SCHEDULER", "sync", "raskt.delayed(threading.get_ident)().compute() == me", "True"),
        ("RASKT_TOKENIZE__ENSURE_DETERMINISTIC", "true", "raises(raskt.tokenize, object())", "True"),
        ("RASKT_LOCAL__RETRIES", "2", "raskt.delayed(flaky)().compute()", "3"),
    ],
)
def test_settings_of_the_environment_count_from_the_first_line_on(variable, value, first_line, found):
    code = f"""
        import threading
        import numpy as np, raskt, raskt.array as ra
        me, calls = threading.get_ident(), []
        def flaky():
            calls.append(0)
            return len(calls) if len(calls) > 2 else 1 / 0
        def raises(function, *args):
            try:
                function(*args)
            except Exception:
                return True
        print({first_line})
    """
    assert run(code, **{variable: value}) == f"{found}\n"


SUB_INTERPRETER = """
    import sys
    try:
        import _interpreters as interpreters
        number, run = interpreters.create("legacy"), interpreters.exec
    except ImportError:
        import _xxsubinterpreters as interpreters
        number, run = interpreters.create(isolated=False), interpreters.run_string
    run(number, CODE)
"""


def test_a_process_ends_that_first_imports_raskt_in_a_sub_interpreter_and_never_destroys_it():
    code = """
    import raskt
    from raskt import delayed
    print(delayed(sum)([1, 2]).compute(), delayed(sum)([3, 4]).compute(scheduler="sync"), flush=True)
    """
    inside = textwrap.dedent(code)
    assert run(SUB_INTERPRETER.replace("CODE", repr(inside)) + "    print('end')\n") == "3 7\nend\n"


def test_processes_are_refused_in_a_sub_interpreter():
    code = """
    import raskt
    try:
        raskt.delayed(sum)([1, 2]).compute(scheduler="processes")
    except NotImplementedError as error:
        print(error, flush=True)
    """
    assert "use scheduler='sync'" in run(SUB_INTERPRETER.replace("CODE", repr(textwrap.dedent(code))))
