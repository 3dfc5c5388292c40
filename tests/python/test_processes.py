"""Graphs on child processes and other people's executors: values, errors, deaths, what stays behind."""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
import raskt
from raskt import delayed


def inc(x):
    return x + 1


def boom(x):
    raise ValueError(f"no {x}") from KeyError("cause")


def compute(value, **kwargs):
    return value.compute(scheduler="processes", num_workers=2, **kwargs)


def test_tasks_run_in_other_processes_that_stay_warm():
    pids = [
        set(compute(delayed(list)([delayed(os.getpid, pure=False)() for _ in range(20)]))) for _ in range(2)
    ]
    assert os.getpid() not in pids[0] | pids[1]
    assert pids[0] & pids[1]


def test_values_travel_between_tasks():
    leaves = [delayed(inc)(i) for i in range(50)]
    while len(leaves) > 1:
        leaves = [a + b for a, b in zip(leaves[::2], leaves[1::2], strict=False)] + leaves[
            len(leaves) // 2 * 2 :
        ]
    assert compute(leaves[0]) == sum(range(51))


def test_large_arrays_travel_whole_and_can_be_written():
    array = np.arange(1_000_000, dtype="float64").reshape(1000, 1000)
    result = compute(delayed(np.transpose)(delayed(np.add)(array, 1)))
    assert np.array_equal(result, array.T + 1)
    result[0, 0] = 5
    assert array[0, 0] == 0


def test_lambdas_closures_and_functions_of_main_travel():
    offset = 10
    assert compute(delayed(lambda x: x + offset)(1)) == 11
    code = """
        import raskt
        class Here:
            def __init__(self, x): self.x = x
        def double(h): return Here(h.x * 2)
        if True:  # no guard: the script must not be run again by a child
            print(raskt.delayed(double)(Here(4)).compute(scheduler="processes").x)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["8"]


def test_an_error_keeps_its_type_its_cause_and_names_its_task():
    with pytest.raises(ValueError, match="no 7") as caught:
        compute(delayed(boom)(7, dask_key_name="culprit"))
    assert any("culprit" in note and "boom" in note for note in caught.value.__notes__)


def test_the_remote_traceback_is_the_cause():
    with pytest.raises(ZeroDivisionError) as caught:
        compute(delayed(lambda: 1 / 0)())
    assert "ZeroDivisionError" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("how", "status"), [(lambda: os._exit(7), "exit code 7"), (lambda: os.kill(os.getpid(), 9), "SIGKILL")]
)
def test_a_dead_child_is_reported_after_one_more_try(how, status, tmp_path):
    def die():
        (tmp_path / f"{os.getpid()}").touch()
        how()

    with pytest.raises(raskt.exceptions.WorkerDiedError, match=status):
        compute(delayed(die)())
    assert len(list(tmp_path.iterdir())) == 2
    assert compute(delayed(inc)(1)) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
def test_a_child_that_dies_is_missed_though_what_it_forked_has_its_connection(tmp_path):
    def die():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a process with threads
        if os.fork() == 0:
            until = time.monotonic() + 60
            while not (tmp_path / "over").exists() and time.monotonic() < until:
                time.sleep(0.01)
            os._exit(0)
        os._exit(7)

    with pytest.raises(raskt.exceptions.WorkerDiedError, match="exit code 7"):
        compute(delayed(die)())
    assert compute(delayed(inc)(1)) == 2
    (tmp_path / "over").touch()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_child_that_ends_itself_without_its_parent_is_not_taken_for_one_without_memory():
    def hang_up():
        for name in os.listdir("/proc/self/fd"):
            if int(name) > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("socket"):
                with socket.socket(fileno=os.dup(int(name))) as link:
                    link.shutdown(socket.SHUT_RDWR)
        time.sleep(60)

    with pytest.raises(raskt.exceptions.WorkerDiedError, match="connection was lost") as caught:
        compute(delayed(hang_up)())
    assert "out of memory" not in str(caught.value)


def test_only_what_was_running_is_blamed(tmp_path):
    def die_once(flag):
        if not flag.exists():
            flag.touch()
            os._exit(3)
        return 100

    parts = [delayed(inc)(i) for i in range(40)]
    assert compute(delayed(sum)([*parts, delayed(die_once)(tmp_path / "flag")])) == sum(range(41)) + 100


def test_sys_exit_in_a_task_is_an_error_not_an_exit():
    with pytest.raises(raskt.exceptions.TaskExitError, match=r"sys.exit\(4\)"):
        compute(delayed(sys.exit)(4))


def test_what_cannot_be_pickled_is_named():
    with pytest.raises(TypeError, match="generator"):
        compute(delayed(lambda: (i for i in range(3)))())
    with pytest.raises(TypeError, match="lock"):
        compute(delayed(inc)(threading.Lock()))


def test_retries_are_kept():
    def flaky(folder):
        n = len(os.listdir(folder))
        open(os.path.join(folder, str(n)), "w").close()
        if n < 2:
            raise OSError("not yet")
        return n

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert compute(delayed(flaky)(folder), retries=2) == 2


def test_configuration_and_warning_filters_reach_the_children():
    with raskt.config.set({"mine.colour": "red"}):
        assert compute(delayed(lambda: raskt.config.get("mine.colour"))()) == "red"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning):
            compute(delayed(warnings.warn)("careful"))


def test_ctrl_c_ends_children_and_returns():
    begun = time.monotonic()
    threading.Timer(0.7, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        compute(delayed(time.sleep)(60))
    assert time.monotonic() - begun < 30
    assert compute(delayed(inc)(1)) == 2


def test_no_process_stays_behind():
    code = """
        import os, raskt
        tasks = [raskt.delayed(os.getpid, pure=False)() for _ in range(4)]
        print(*raskt.compute(*tasks, scheduler="processes"))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    for pid in set(map(int, done.stdout.split())):
        for _ in range(100):
            if not os.path.exists(f"/proc/{pid}"):
                break
            time.sleep(0.05)
        assert not os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize(
    "make", [concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor]
)
def test_any_executor_computes(make):
    with make(2) as executor:
        total = delayed(sum)([delayed(inc)(i) for i in range(30)])
        assert total.compute(scheduler=executor) == sum(range(31))
        with pytest.raises(ValueError, match="no 1"):
            delayed(boom)(1).compute(scheduler=executor)


def test_a_pool_of_multiprocessing_computes():
    with ThreadPool(2) as pool:
        assert delayed(inc)(1).compute(pool=pool) == 2


def test_an_executor_that_was_shut_down_is_an_error():
    executor = concurrent.futures.ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError):
        delayed(inc)(1).compute(scheduler=executor)


def test_functions_see_what_they_close_over_as_it_is_now():
    offset = 1
    add = delayed(lambda x: x + offset)
    assert compute(add(1)) == 2
    offset = 10
    assert compute(add(1)) == 11


class Counted:
    """A function that counts how often it is pickled."""

    n_pickled = 0

    def __call__(self, x):
        return x + 1

    def __reduce__(self):
        type(self).n_pickled += 1
        return Counted, ()


def test_a_function_is_pickled_once_a_computation():
    function = Counted()
    before = Counted.n_pickled
    assert compute(delayed(sum)([delayed(function, name="f")(i) for i in range(300)])) == sum(range(301))
    assert Counted.n_pickled - before <= 2


def in_one_child(x):
    return [*x, os.getpid()]


def test_chains_are_fused_unless_configured_otherwise_and_followed_tasks_are_not():
    def chain():
        value = delayed(in_one_child)([])
        for _ in range(30):
            value = delayed(in_one_child)(value)
        return value

    assert len(set(compute(chain()))) == 1
    with raskt.config.set({"optimization.fuse.active": False}):
        assert len(compute(chain())) == 31
    keys = []
    with raskt.callbacks.Callback(posttask=lambda key, *_: keys.append(key)):
        compute(chain())
    assert len(keys) == 31


def test_an_error_in_a_fused_chain_names_its_own_task():
    chain = delayed(inc)(delayed(boom)(delayed(inc)(1), dask_key_name="culprit"))
    with pytest.raises(ValueError, match="no 2") as caught:
        compute(chain)
    assert any("culprit" in note and "boom" in note for note in caught.value.__notes__)


def test_what_is_annotated_is_not_fused():
    with raskt.annotate(retries=1):
        first = delayed(os.getpid, pure=False)()
    assert isinstance(compute(delayed(inc)(first)), int)


def test_a_fork_leaves_the_pool_to_its_parent():
    code = """
        import os, raskt, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        def pid(): return raskt.delayed(os.getpid, pure=False)().compute(scheduler="processes", num_workers=1)
        first = pid()
        forked = os.fork()
        if forked == 0:
            os._exit(0 if pid() != first else 1)
        assert os.waitpid(forked, 0)[1] == 0
        assert pid() == first
        print("fine")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "fine\n", done.stderr


def test_children_end_when_their_parent_is_killed():
    code = """
        import os, raskt, time
        raskt.config.set(scheduler="processes", num_workers=1)
        print(raskt.delayed(os.getpid, pure=False)().compute(), flush=True)
        raskt.delayed(time.sleep)(600).compute()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        try:
            state = pathlib.Path(f"/proc/{child}/stat").read_text().split()[2]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its parent")


def in_a_program(code):
    head = "import os, resource, stat, sys, tempfile, raskt\nfrom raskt import delayed\n"
    program = [sys.executable, "-c", head + textwrap.dedent(code)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
@pytest.mark.parametrize("n_free", [0, 1, 2, 3, 4])
def test_a_child_that_cannot_be_started_for_want_of_descriptors_says_so(n_free):
    code = f"""
        limit = len(os.listdir("/proc/self/fd")) + {n_free}
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
        try:
            print(delayed(abs)(-1).compute(scheduler="processes", num_workers=2))
        except (OSError, RuntimeError) as error:
            assert type(error) in (OSError, RuntimeError), type(error)
            print("too many open files" in str(error) and f"it may have {{limit}}" in str(error))
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        print(delayed(abs)(-2).compute(scheduler="processes", num_workers=2))
    """
    assert in_a_program(code) in ("True\n2\n", "1\n2\n")


@pytest.mark.skipif(os.name != "posix", reason="a folder in use cannot be removed")
def test_children_work_where_the_working_folder_is_gone():
    code = """
        folder = tempfile.mkdtemp()
        os.chdir(folder)
        os.rmdir(folder)
        sys.path.insert(0, "")
        print(delayed(abs)(-1).compute(scheduler="processes", num_workers=2))
    """
    assert in_a_program(code) == "1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("words", [b"x", b"\x08\xff\xff\xff\x0f", b"print" * 1000])
def test_a_task_that_writes_to_every_descriptor_is_blamed_and_nobody_waits(words):
    def write_everywhere():
        for name in os.listdir("/proc/self/fd"):
            if int(name) > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("socket"):
                os.write(int(name), words)

    with pytest.raises(raskt.exceptions.WorkerDiedError, match="no message") as caught:
        compute(delayed(write_everywhere)())
    assert "out of memory" not in str(caught.value)
    assert compute(delayed(inc)(1)) == 2
