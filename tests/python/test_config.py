"""raskt.config, raskt.units and the command line, as people and third parties use them."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import raskt
from hypothesis import given
from hypothesis import strategies as st
from raskt import config, units
from raskt.__main__ import main
from raskt.config import ConfigError, ConfigWarning

HERE = Path(__file__)


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No files, no variables, nothing declared; all of it again afterwards."""
    for name in [name for name in os.environ if name.startswith("RASKT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RASKT_ROOT_CONFIG", str(tmp_path / "machine"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    declared = config.defaults[:]
    config.defaults.clear()
    config.__dict__.pop("paths", None)
    config.refresh()
    yield
    monkeypatch.undo()
    config.__dict__.pop("paths", None)
    config.defaults[:] = declared
    config.refresh()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")
    return path


def child(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(Path(raskt.__file__ or "").parent.parent), **env},
        capture_output=True,
        text=True,
        check=False,
    )


# ---- sources ----


def test_importing_reads_no_file_and_the_first_get_does(tmp_path: Path) -> None:
    broken = write(tmp_path / "broken.yaml", "a: [\n")
    done = child(
        """
        from raskt import config
        config.update_defaults({"acme": {"anvils": 3}})
        print("imported")
        try:
            config.get("acme.anvils")
        except config.ConfigError as error:
            print(error)
        """,
        RASKT_CONFIG=str(broken),
    )
    assert done.stdout.startswith(f"imported\nconfiguration file {broken}:"), done.stderr


def test_later_sources_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for rank, place in enumerate(["machine", "prefix/etc/raskt", "home/raskt", "named"]):
        keys = "".join(f"    k{i}: {place}\n" for i in range(rank, 5))
        write(tmp_path / place / "a.yaml", "acme:\n" + keys.replace("    ", "  "))
    monkeypatch.setenv("RASKT_CONFIG", str(tmp_path / "named"))
    monkeypatch.setenv("RASKT_ACME__K4", "variable")
    config.refresh()
    expected = ["machine", "prefix/etc/raskt", "home/raskt", "named", "variable"]
    assert [config.get(f"acme.k{i}") for i in range(5)] == expected
    with config.set(acme__k4="set"):
        assert config.get("acme.k4") == "set"
    places = ["machine", "prefix/etc/raskt", "home/raskt", "named"]
    assert [Path(path) for path in config.paths] == [tmp_path / place for place in places]


def test_raskt_config_may_be_a_file_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASKT_CONFIG", str(write(tmp_path / "settings", "num-workers: 3")))
    config.refresh()
    assert config.get("num-workers") == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1GiB", "1GiB"),
        ("2", 2),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("True", True),
        ("none", None),
        ("None", None),
        ("null", None),
        ("[1,2]", [1, 2]),
        ("(1, 2)", [1, 2]),
        ("{'a': [None, 'x']}", {"a": [None, "x"]}),
        ("'2'", "2"),
        ("*.csv", "*.csv"),
        ("a: b #c", "a: b #c"),
        ("[1, 2", "[1, 2"),
        (str(2**100), 2**100),
    ],
)
def test_variables_are_literals_or_text(text: str, value: object) -> None:
    found = config.collect(paths=[], env={"RASKT_ACME__KEY": text})["acme"]["key"]
    assert found == value
    assert type(found) is type(value)


def test_variables_that_say_where_to_look_or_say_nothing_are_no_keys() -> None:
    env = {
        "RASKT_CONFIG": "/x",
        "RASKT_ROOT_CONFIG": "/y",
        "RASKT_ACME": "",
        "DASK_ACME": "1",
        "RASKT_A____B": "1",
    }
    assert config.collect(paths=[], env=env) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="variables are text on Windows")
def test_variables_that_are_no_unicode_are_passed_over() -> None:
    assert config.collect(paths=[], env={"RASKT_ACME": "\udcff", "RASKT_NUM_WORKERS": "2"}) == {
        "num-workers": 2
    }


def test_underscores_and_hyphens_are_one_name_everywhere(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "local: {batch_max: 5}\nacme: {big_anvils: 1}")
    found = config.collect(paths=[path], env={"RASKT_ACME__BIG_ANVILS": "2"})
    assert found == {"local": {"batch-max": 5}, "acme": {"big_anvils": 2}}
    config.refresh(paths=[path], env={})
    assert config.get("local.batch-max") == config.get("local.batch_max") == 5
    assert config.get("acme.big-anvils") == 1
    with config.set({"acme.big-anvils": 7, "local.batch_max": 8}):
        assert config.config["acme"] == {"big_anvils": 7}
        assert config.get("local.batch-max") == 8


def test_dotted_keys_in_files_are_known_keys_and_other_dots_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "local.retries: 2\nlogging: {acme.core: debug}")
    found = config.collect(paths=[path], env={})
    assert found == {"local": {"retries": 2}, "logging": {"acme.core": "debug"}}


def test_an_empty_section_does_not_wipe_defaults_out(tmp_path: Path) -> None:
    config.refresh(paths=[write(tmp_path / "a.yaml", "local:\n  # retries: 1\n")], env={})
    assert config.get("local.batch-max") == 128


def test_a_refresh_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    config.set(acme=1)
    with pytest.raises(ConfigError, match="'many'"):
        config.refresh(paths=[], env={"RASKT_NUM_WORKERS": "many"})
    assert config.get("acme") == 1
    config.refresh(paths=[], env={"RASKT_NUM_WORKERS": "4"})
    assert config.get("acme", default=None) is None
    assert config.get("num-workers") == 4


def test_what_is_nested_too_deep_is_named_and_changes_nothing() -> None:
    deep: dict[str, Any] = {}
    for _ in range(64):
        deep = {"inner": deep}
    before = {"mine": {"kept": 1}}
    with pytest.raises(ValueError, match="configuration key 'mine' is nested deeper than 64"):
        config.update(before, {"mine": {"kept": 2, **deep}})
    assert before == {"mine": {"kept": 1}}
    # One less is what is still taken.
    assert config.merge(deep["inner"]) == deep["inner"]


def test_hostile_yaml_makes_no_object_and_no_mountain(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a: 1\nb: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(ConfigError, match=r"a\.yaml:2:\d+: the tag .* is not accepted") as caught:
        config.collect(paths=[path], env={})
    assert (caught.value.key, caught.value.origin) == (None, str(path))
    laughs = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9) if i else 'ha'}]\n" for i in range(12))
    with pytest.raises(ConfigError, match="more than 100000 values"):
        config.collect(paths=[write(path, laughs)], env={})
    with pytest.raises(ConfigError, match="nested deeper than 64"):
        config.collect(paths=[write(path, f"a: {'[' * 200}")], env={})
    with pytest.raises(ConfigError, match="are more than the 1048576 that are read"):
        config.collect(paths=[write(path, f"a: {'x' * (1 << 20)}")], env={})
    with pytest.raises(ConfigError, match="top level must be a mapping"):
        config.collect(paths=[write(path, "- 1")], env={})


def test_a_missing_explicit_path_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASKT_CONFIG", str(tmp_path / "nowhere"))
    with pytest.warns(ConfigWarning, match="RASKT_CONFIG names .*nowhere, which does not exist"):
        config.refresh()


# ---- get ----


def test_get_of_a_section_a_default_and_an_override() -> None:
    assert config.get("optimization.fuse") == {"active": True, "max-width": None}
    assert config.get("acme.anvils", default=None) is None
    assert config.get("local.retries.more", 5) == 5
    assert config.get("local.retries", override_with=3) == 3
    assert config.get("acme", override_with=False) is False
    assert config.get("x.y", config={"x": {"y": 1}}) == 1


def test_get_of_what_is_not_there_names_the_nearest_key() -> None:
    with pytest.raises(
        KeyError, match=r"no configuration key 'local.memory-limt'; is 'local.memory-limit' meant\?"
    ):
        config.get("local.memory-limt")
    with pytest.raises(KeyError, match="no configuration key 'colour'"):
        config.get("colour")
    with pytest.raises(KeyError, match=r"'local\.retries\.more'"):
        config.get("local.retries.more")


def test_resolve_gives_values_their_type() -> None:
    assert config.resolve("local.memory-limit") == int(units.memory_granted_bytes() * 0.7)
    assert config.resolve("local.memory-limit", override_with="1GiB") == 1 << 30
    assert config.resolve("processes.shared-memory-min-bytes") == 65536
    assert config.resolve("diagnostics.progress-interval") == 0.1
    assert config.resolve("processes.idle-timeout", override_with=timedelta(minutes=2)) == 120.0
    with config.set(
        {
            "scheduler": "single-threaded",
            "local.memory-limit": None,
            "local.spill": 0,
            "local.spill-directory": Path("$SCRATCH") / "spill",
            "acme": "1GiB",
        }
    ):
        os.environ["SCRATCH"] = "/fast"
        assert config.resolve("scheduler") == "sync"
        assert config.resolve("local.memory-limit") is None
        assert config.resolve("local.spill") is False
        assert config.resolve("local.spill-directory") == os.path.join("/fast", "spill")
        assert config.resolve("acme") == "1GiB"
        del os.environ["SCRATCH"]
    config.config["local"]["retries"] = "behind our back"
    with pytest.raises(ConfigError, match=r"'behind our back' \(from raskt\.config\)"):
        config.resolve("local.retries")
    with pytest.raises(ConfigError, match=r"from the call"):
        config.resolve("local.errors", override_with="some")


# ---- set ----


def test_set_holds_for_good_or_for_a_block() -> None:
    config.set({"acme.anvils": 1}, acme__colour="red")
    assert config.get("acme") == {"anvils": 1, "colour": "red"}
    with config.set(acme__anvils=2) as live:
        assert live is config.config
        with config.set({"acme.anvils": 3, "acme.new": {"x": 1}, "other": 1}):
            assert config.get("acme") == {"anvils": 3, "colour": "red", "new": {"x": 1}}
        assert config.get("acme") == {"anvils": 2, "colour": "red"}
        assert "other" not in config.config
    assert config.get("acme.anvils") == 1


def test_an_error_in_the_block_takes_the_values_back_too() -> None:
    with pytest.raises(ZeroDivisionError), config.set(local__retries=4):
        _ = 1 // 0
    assert config.get("local.retries") == 0


def test_what_was_popped_in_the_block_comes_back() -> None:
    before = config.merge(config.config)
    with config.set({"local.retries": 1, "acme.x.y": 1}):
        assert config.pop("local.retries") == 1
        assert config.pop("acme")["x"] == {"y": 1}
        config.pop("local")
    assert config.config["local"] == {"retries": 0}
    config.refresh()
    assert config.config == before


def test_a_mapping_is_merged_into_our_sections_and_replaces_those_of_others() -> None:
    config.set({"acme": {"a": 1}})
    with config.set({"local": {"retries": 2, "errors": "all"}, "acme": {"b": 2}}):
        assert config.get("local.retries") == 2
        assert config.get("local.batch-max") == 128
        assert config.get("acme") == {"b": 2}
    assert config.get("acme") == {"a": 1}
    assert config.get("local.errors") == "first"


def test_a_plain_value_gives_way_to_a_mapping_and_comes_back() -> None:
    tree: dict[str, Any] = {"x": 1, "y": None}
    with config.set({"x.a.b": 1, "y.c": 2}, config=tree):
        assert tree == {"x": {"a": {"b": 1}}, "y": {"c": 2}}
    assert tree == {"x": 1, "y": None}


def test_nothing_is_set_if_one_value_is_refused() -> None:
    with pytest.raises(ConfigError):
        config.set({"acme": 1, "local.retries": 1, "num-workers": 0})
    assert config.get("local.retries") == 0
    assert config.get("acme", None) is None


def test_keys_are_text() -> None:
    with pytest.raises(TypeError, match="a configuration key is a str, not 1"):
        config.set({1: 2})  # type: ignore[dict-item]


KEYS = ["a.x", "a.y", "b", "c.d.e", "c.d.f"]
steps = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(KEYS), st.integers()), max_size=40)


@given(st.sets(st.sampled_from(KEYS)), steps)
def test_blocks_that_overlap_in_any_order_leave_what_they_found(there: set[str], steps: list[Any]) -> None:
    """Each step takes one of four blocks further: it is made (which sets its value), entered, left."""
    tree: dict[str, Any] = {"other": {"z": 0}}
    for key in sorted(there):
        config.set({key: "before"}, config=tree)
    before = config.merge(tree)
    made: dict[int, tuple[Any, str, int]] = {}
    entered: dict[int, tuple[Any, str, int]] = {}
    for block, key, value in steps:
        if block in entered:
            entered.pop(block)[0].__exit__(None, None, None)
            # Its number is free again; who is made later comes last.
        elif block in made:
            entered[block] = made.pop(block)
            entered[block][0].__enter__()
        else:
            made[block] = (config.set({key: value}, config=tree), key, value)
        for key in KEYS:
            if key not in [name for _, name, _ in made.values()]:
                mine = [block for block in entered.values() if block[1] == key]
                last = max(mine, key=lambda block: block[0]._records[0].serial, default=None)
                default = "before" if key in there else None
                assert config.get(key, None, tree) == (default if last is None else last[2])
    for manager, _, _ in made.values():
        manager.__enter__()
    for manager, _, _ in [*entered.values(), *made.values()]:
        manager.__exit__(None, None, None)
    assert tree == before


def test_a_block_is_whole_even_if_another_ends_before_it_is_entered() -> None:
    first = config.set(acme__k=1)
    first.__enter__()
    second = config.set(acme__k=2)
    first.__exit__(None, None, None)
    with second:
        assert config.get("acme.k") == 2
    assert "acme" not in config.config


def test_what_is_set_for_good_within_a_block_ends_with_it_where_the_block_had_set_it() -> None:
    with config.set({"acme.k": 1}):
        config.set({"acme.k": 2, "acme.other": 3})
        assert config.get("acme.k") == 2
    assert config.get("acme") == {"other": 3}


nested_keys = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)
nested_values = st.one_of(
    st.integers(), st.none(), st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=2)
)


@given(
    st.lists(st.tuples(nested_keys, nested_values), max_size=8),
    st.lists(st.tuples(nested_keys, nested_values)),
)
def test_nested_blocks_restore_even_keys_within_keys(start: list[Any], inner: list[Any]) -> None:
    tree: dict[str, Any] = {}
    for key, value in start:
        config.set({key: value}, config=tree)
    before = json.dumps(tree, sort_keys=True)
    managers = [config.set({key: value}, config=tree) for key, value in inner]
    for manager in managers:
        manager.__enter__()
    for manager in reversed(managers):
        manager.__exit__(None, None, None)
    assert json.dumps(tree, sort_keys=True) == before


def test_blocks_of_many_threads_leave_what_they_found() -> None:
    before = config.merge(config.config)
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        barrier.wait()
        for step in range(150):
            with config.set({"local.retries": number, f"acme.k{number}.x": step, "shared.made.on.demand": 1}):
                assert config.get(f"acme.k{number}.x") == step
                assert config.get("shared.made.on.demand") == 1
                assert config.get("local.retries") in range(6)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for future in [pool.submit(work, number) for number in range(6)]:
            future.result()
    assert config.config == before


# ---- what values are accepted ----


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("scheduler", "thread", "'threads' (also 'threading')"),
        ("num-workers", 0, "a whole number of at least 1, or null"),
        ("num-workers", True, "a whole number"),
        ("local.memory-limit", "12 potatoes", "a size such as '1GiB', a number of bytes, a fraction"),
        ("local.memory-limit", "120%", "a fraction"),
        ("local.spill", "yes", "true or false"),
        ("local.errors", None, "'first', or 'all'"),
        ("local.retries", -1, "a whole number of at least 0"),
        ("local.retries", object, "a whole number of at least 0"),
        ("local.retries", [1], "a whole number of at least 0"),
        ("local.spill-directory", "", "a path"),
        ("processes.start-timeout", "soon", "a duration such as '30s'"),
        ("processes.shared-memory-min-bytes", -1, "a size such as '64 KiB'"),
        ("local", 5, "a mapping of keys such as 'local.memory-limit'"),
        ("local", object(), "a mapping of keys"),
        ("scheduler.x", 1, "'threads'"),
    ],
)
def test_a_bad_value_is_refused_with_key_value_place_and_accepted_forms(
    key: str, value: object, accepted: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.set({key: value})
    message = str(caught.value)
    assert f"configuration key '{key.partition('.x')[0]}' cannot be " in message
    assert "(from config.set)" in message
    assert accepted in message
    assert isinstance(caught.value, ValueError)
    assert (caught.value.value, caught.value.origin) == (value, "config.set")


def test_a_bad_value_of_a_file_or_variable_is_told_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "# one\nlocal:\n  retries: often\n")
    with pytest.raises(ConfigError, match=r"'often' \(from .*a\.yaml:3\)") as caught:
        config.refresh(paths=[tmp_path], env={})
    assert (caught.value.key, caught.value.value) == ("local.retries", "'often'")
    assert caught.value.origin == f"{path}:3"
    with pytest.raises(ConfigError, match="from the environment variable RASKT_LOCAL__SPILL"):
        config.refresh(paths=[], env={"RASKT_LOCAL__SPILL": "perhaps"})


def test_the_error_survives_pickling() -> None:
    with pytest.raises(ConfigError) as caught:
        config.set(num_workers="many")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert (copy.key, copy.value, copy.origin) == ("num-workers", "many", "config.set")


class Index:
    def __index__(self) -> int:
        return 3


class NoRepr:
    def __repr__(self) -> str:
        raise RuntimeError


def test_objects_are_accepted_where_they_make_sense() -> None:
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        config.set(scheduler=pool, pool=pool, acme=NoRepr()),
    ):
        assert config.get("scheduler") is config.get("pool") is config.resolve("pool") is pool
    with config.set({"scheduler": lambda graph, keys: None, "num-workers": Index()}):
        assert config.resolve("num-workers") == 3
    with config.set({"processes.idle-timeout": timedelta(seconds=90), "local.spill-directory": Path("/tmp")}):
        assert config.resolve("processes.idle-timeout") == 90.0
    with pytest.raises(ConfigError, match="NoRepr"):
        config.set(local__retries=NoRepr())
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ConfigError):
        config.set(local__retries=endless)
    with config.set(acme=endless):
        assert config.get("acme") is endless


def test_unknown_keys_among_our_own_are_warned_of_where_they_are_set() -> None:
    with pytest.warns(
        ConfigWarning, match=r"'local.retires' \(from config.set\); is 'local.retries' meant\?"
    ) as seen:
        config.set({"local.retires": 1})
    assert Path(seen[0].filename) == HERE
    with pytest.warns(ConfigWarning, match=r"'num_worker'.*is 'num-workers' meant"):
        config.set(num_worker=1)
    with pytest.warns(ConfigWarning, match="RASKT_PROCESSES__COLOUR"):
        config.refresh(paths=[], env={"RASKT_PROCESSES__COLOUR": "red"})


def test_keys_of_others_are_not_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config.set({"acme.anvils": 1, "colour": "red", "distributed.worker.memory.target": 0.6})
        config.update_defaults({"local": {"acme-cache": 1}})
        config.set({"local.acme_cache": 2})
        config.refresh(paths=[], env={"RASKT_LOCAL__ACME_CACHE": "3"})
    assert config.get("local.acme-cache") == 3


# ---- defaults of other libraries, former names ----


def test_defaults_of_others_give_way_to_everything_but_defaults(tmp_path: Path) -> None:
    config.refresh(paths=[write(tmp_path / "a.yaml", "acme: {file: 1}")], env={})
    config.set({"acme.set": 1})
    config.update_defaults({"acme": {"file": 0, "set": 0, "new": 0, "late": 0}, "local": {"retries": 9}})
    assert config.get("acme") == {"file": 1, "set": 1, "new": 0, "late": 0}
    assert config.get("local.retries") == 9
    config.update_defaults({"acme": {"late": 5, "set": 5}})
    assert config.get("acme") == {"file": 1, "set": 1, "new": 0, "late": 5}
    config.refresh(paths=[], env={"RASKT_ACME__NEW": "7"})
    assert config.get("acme") == {"file": 0, "set": 5, "new": 7, "late": 5}
    assert config.get("local.retries") == 9
    with pytest.raises(ConfigError, match=r"from config\.update_defaults"):
        config.update_defaults({"local": {"retries": "often"}})


def test_declared_defaults_are_not_shared_with_who_declared_them() -> None:
    mine = {"acme": {"anvils": 1}}
    config.update_defaults(mine)
    config.set(acme__anvils=2)
    mine["acme"]["anvils"] = 3
    assert config.get("acme.anvils") == 2
    config.refresh(paths=[], env={})
    assert config.get("acme.anvils") == 1


def test_former_names_of_ours_work_with_a_warning() -> None:
    with pytest.warns(
        FutureWarning, match="'temporary_directory' is now called 'local.spill-directory'"
    ) as seen:
        config.set(temporary_directory="/scratch")
    assert Path(seen[0].filename) == HERE
    assert config.get("local.spill-directory") == "/scratch"
    with pytest.warns(FutureWarning, match="now called"):
        assert config.get("temporary-directory") == "/scratch"
    with pytest.warns(ConfigWarning, match="RASKT_TEMPORARY_DIRECTORY"):
        config.refresh(paths=[], env={"RASKT_TEMPORARY_DIRECTORY": "/other"})
    assert config.get("local.spill-directory") == "/other"


def test_rename_moves_values_and_drops_what_has_no_use() -> None:
    tree: dict[str, Any] = {"old_a": 1, "b": {"c": 2}, "d": 3, "e": 4, "new-e": 5}
    names = {"old-a": "x.a", "b.c": "x.c", "d": None, "e": "new-e", "gone": "x.gone"}
    with pytest.warns(FutureWarning) as seen:
        found = config.rename(names, config=tree)
    assert found == {"old-a": "x.a", "b.c": "x.c", "d": None, "e": "new-e"}
    assert tree == {"x": {"a": 1, "c": 2}, "b": {}, "new-e": 5}
    assert len(seen) == 4
    assert any("'d' has no use any more" in str(each.message) for each in seen)
    assert config.rename() == {}


# ---- nested dictionaries ----


def test_update_by_priority() -> None:
    assert config.update({"x": 1, "y": {"a": 2}}, {"x": 2, "y": {"b": 3}}) == {"x": 2, "y": {"a": 2, "b": 3}}
    old = config.update({"x": 1, "y": {"a": 2}}, {"x": 2, "y": {"b": 3, "a": 9}}, priority="old")
    assert old == {"x": 1, "y": {"a": 2, "b": 3}}
    start = {"x": 1, "y": {"a": 2, "c": 5}}
    new = {"x": 2, "y": {"a": 3, "b": 4, "c": 6}}
    result = config.update(start, new, priority="new-defaults", defaults={"x": 1, "y": {"a": 1, "c": 5}})
    assert result == {"x": 2, "y": {"a": 2, "b": 4, "c": 6}}
    assert result is start
    assert config.update({"x-y": 1}, {"x_y": 2}) == {"x-y": 2}
    assert config.update({"x": 1}, {"x": {"a": 1}}) == {"x": {"a": 1}}
    assert config.update({"x": {"a": 1}}, {"x": 1}, priority="old") == {"x": {"a": 1}}
    with pytest.raises(ValueError, match="priority is"):
        config.update({}, {}, priority="newest")  # type: ignore[arg-type]


trees = st.recursive(
    st.dictionaries(st.sampled_from(["a", "b", "c-d"]), st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(["x", "y", "z-w"]), inner, max_size=3),
)


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    result = {}
    for name, value in tree.items():
        result.update(
            flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
        )
    return result


@given(trees, trees, trees)
def test_merge_is_the_union_of_leaves_and_associative(a: Any, b: Any, c: Any) -> None:
    copies = pickle.dumps((a, b, c))
    assert flat(config.merge(a, b, c)) == {**flat(a), **flat(b), **flat(c)}
    assert config.merge(a, config.merge(b, c)) == config.merge(config.merge(a, b), c)
    assert pickle.dumps((a, b, c)) == copies


def test_pop_of_what_is_not_there() -> None:
    tree: dict[str, Any] = {"x": {"a_b": 1}}
    assert config.pop("x.q", 5, tree) == 5
    assert config.pop("x.a-b", config=tree) == 1
    with pytest.raises(KeyError, match=r"x\.a-b"):
        config.pop("x.a-b", config=tree)
    with pytest.raises(KeyError):
        config.pop("x.y.z", config=tree)


def test_canonical_names_mix_both_signs() -> None:
    assert config.canonical_name("a_b-c", {"a-b_c": 1}) == "a-b_c"
    assert config.canonical_name("a_b", {"a_b": 1, "a-b": 2}) == "a_b"
    assert config.canonical_name("q_r", {"a-b": 1}) == "q_r"


def test_variables_in_nested_texts_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOO", "foo")
    value = {"a": "$FOO", "b": ["${FOO}", ("$FOO", 1)], "c": {"$FOO"}, "d": None, "e": "$UNSET_NAME"}
    expected = {"a": "foo", "b": ["foo", ("foo", 1)], "c": {"foo"}, "d": None, "e": "$UNSET_NAME"}
    assert config.expand_environment_variables(value) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_what_is_serialized_is_read_back(data: Any) -> None:
    text = config.serialize(data)
    assert text.isascii()
    assert config.deserialize(text) == data
    assert config.serialize({"a": 1}) == "eyJhIjogMX0="


# ---- files for users, other processes, the schema ----


def test_ensure_file_writes_once_and_commented_out(tmp_path: Path) -> None:
    source = write(tmp_path / "acme.yaml", "# Acme\nacme:\n  anvils: 3  # heavy\n\n")
    config.ensure_file(source)
    target = tmp_path / "home" / "raskt" / "acme.yaml"
    assert target.read_text() == "# Acme\n# acme:\n#   anvils: 3  # heavy\n\n"
    target.write_text("mine: 1\n")
    config.ensure_file(source)
    assert target.read_text() == "mine: 1\n"
    config.ensure_file(source, tmp_path / "there", comment=False)
    assert (tmp_path / "there" / "acme.yaml").read_text() == source.read_text()
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["acme.yaml"]


def test_ensure_file_goes_where_raskt_config_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "acme.yaml", "acme: 1\n")
    monkeypatch.setenv("RASKT_CONFIG", str(tmp_path / "folder"))
    config.ensure_file(source)
    assert (tmp_path / "folder" / "acme.yaml").exists()
    monkeypatch.setenv("RASKT_CONFIG", str(tmp_path / "other" / "mine.yaml"))
    config.ensure_file(source)
    assert (tmp_path / "other" / "acme.yaml").exists()


def test_a_snapshot_is_installed_elsewhere_without_reading_files(tmp_path: Path) -> None:
    broken = write(tmp_path / "broken.yaml", "a: [\n")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        config.set({"pool": pool, "scheduler": pool, "local.retries": 3, "acme.x": [1]})
        sent = config.snapshot()
    assert "pool" not in sent
    config.config["acme"]["x"].append(2)
    done = child(
        f"""
        from raskt import config
        config.install(config.deserialize({config.serialize(sent)!r}))
        print([config.get(key) for key in ("local.retries", "acme", "pool", "local.batch-max")])
        """,
        RASKT_CONFIG=str(broken),
    )
    assert done.stdout == "[3, {'x': [1]}, None, 128]\n", done.stderr


def test_installing_replaces_what_was_there() -> None:
    sent = config.snapshot()
    config.set(acme=1, local__retries=2)
    config.install(sent)
    assert config.config == sent
    assert "acme" not in config.config


def test_the_schema_tells_everything_of_a_key() -> None:
    schema = config.get_schema()
    assert config.collect(paths=[], env={}) == {}
    for key, entry in schema.items():
        assert config.get(key) == entry["default"]
        assert entry["variable"] == "RASKT_" + key.replace(".", "__").replace("-", "_").upper()
        if entry["type"] != "object":
            with config.set({key: entry["example"]}):
                assert config.get(key) == entry["example"]
    assert schema["scheduler"]["choices"] == ["threads", "processes", "sync", "ray", "dask"]


def test_every_public_name_is_there() -> None:
    for name in config.__all__:
        getattr(config, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = config.nothing


# ---- the command line ----


def test_the_command_line_sees_what_python_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "prefix" / "etc" / "raskt" / "a.yaml", "num-workers: 3\n")
    monkeypatch.setenv("RASKT_ACME__NAMES", "[a, 'b c', null]")
    assert main(["config", "list", "--format", "json"]) == 0
    config.refresh()
    assert json.loads(capsys.readouterr().out) == config.config
    assert config.get("num-workers") == 3
    assert main(["config", "find", "num-workers"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("a.yaml:1")
    assert main(["config", "get", "num-worker"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (
        "",
        "error: no configuration key 'num-worker'; is 'num-workers' meant?\n",
    )


def test_a_value_that_the_command_line_sets_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    assert main(["config", "set", "local.memory_limit", "1GiB"]) == 0
    assert main(["config", "set", "num-workers", "3"]) == 0
    file = tmp_path / "own" / "raskt" / "raskt.yaml"
    assert capsys.readouterr().out.splitlines()[1] == f"num-workers: 3 in {file}"
    config.refresh()
    assert (config.get("local.memory-limit"), config.get("num-workers")) == ("1GiB", 3)
    before = file.read_bytes()
    assert main(["config", "set", "num-workers", "many"]) == 2
    assert "it takes a whole number" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_info_tells_python_and_packages(capsys: pytest.CaptureFixture[str]) -> None:
    import platform

    import numpy as np

    assert main(["info", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["raskt"] == raskt.__version__
    assert found["python"].startswith(platform.python_version())
    assert found["packages"]["numpy"] == np.__version__
    assert found["packages"]["zarr"] is None or isinstance(found["packages"]["zarr"], str)
    assert found["cores"] >= 1
    assert {"platform", "memory", "memory-limit", "scheduler", "schedulers", "configuration-files"} <= set(
        found
    )


def test_python_dash_m_raskt_exits_with_the_code() -> None:
    done = child(
        """
        import runpy, sys
        sys.argv = ["raskt", "config", "get", "x.y"]
        runpy.run_module("raskt", run_name="__main__")
        """
    )
    assert done.returncode == 2
    assert "no configuration key 'x.y'" in done.stderr
