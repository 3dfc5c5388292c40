"""What notebooks show: one style, and text that is never markup."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt._html import card, link, table


def test_collections_are_shown_in_one_style() -> None:
    import pandas as pd

    shown = {
        "Array": ra.from_array(np.ones((4, 6)), chunks=2)._repr_html_(),
        "Bag": rb.from_sequence([1, 2, 3], npartitions=2)._repr_html_(),
        "DataFrame": rd.from_pandas(pd.DataFrame({"a": [1, 2]}), npartitions=1)._repr_html_(),
        "Delayed": raskt.delayed(sum)([1, 2])._repr_html_(),
    }
    for kind, text in shown.items():
        assert text.startswith('<div style="border-left: 3px solid #0072b2;'), kind
        assert f"<b>{kind}</b> <code>" in text
        assert text.count("<div") == text.count("</div>")
        assert text.count("<table") == text.count("</table>")


def test_names_never_become_markup() -> None:
    evil = "<script>alert(1)</script>"
    for text in (card(evil, evil, [(evil, evil)]), table([evil], [[evil]]), link(evil)):
        assert "<script" not in text
        assert "&lt;script&gt;" in text

    def named() -> int:
        return 1

    named.__name__ = evil
    assert "<script" not in raskt.delayed(named)()._repr_html_()


def test_of_many_rows_the_first_are_shown() -> None:
    text = table(["a", "b"], ((at, at) for at in range(1025)))
    assert text.count("<tr>") == 22
    assert "… and 1,005 more" in text


@pytest.mark.skipif(os.name != "posix", reason="clusters need Unix")
def test_a_cluster_its_client_and_its_futures_are_shown_in_that_style() -> None:
    from raskt.distributed import Client

    with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as client:
        future = client.submit(pow, 2, 5)
        assert future.result() == 32
        info = client.scheduler_info()
        shown = {
            "Client": client._repr_html_(),
            "LocalCluster": client.cluster._repr_html_(),
            "Scheduler": info._repr_html_(),
            "Future": future._repr_html_(),
        }
        for kind, text in shown.items():
            assert f"<b>{kind}</b> <code>" in text
        for kind in ("Client", "LocalCluster", "Scheduler"):
            assert next(iter(info["workers"])) in shown[kind]
            assert "1 with 2 threads" in shown[kind]
        assert client.dashboard_link in shown["Client"]
        assert "finished" in shown["Future"]
        assert pickle.loads(pickle.dumps(info)) == dict(info)
    assert "no longer connected" in client._repr_html_()
