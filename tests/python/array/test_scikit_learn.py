"""Estimators of scikit-learn on arrays, by its array API dispatch."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

# Not imported here: it brings libraries with threads of their own into the process of all tests.
if importlib.util.find_spec("sklearn") is None:
    pytest.skip("needs scikit-learn", allow_module_level=True)

PROGRAM = """
import numpy as np
import sklearn
from sklearn import metrics
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

import raskt.array as ra

rng = np.random.default_rng(0)
x, y = rng.random((60, 4)), rng.integers(0, 2, 60)
cases = {
    "MinMaxScaler": (lambda x: MinMaxScaler().fit_transform(x), x),
    "Normalizer": (lambda x: Normalizer().fit_transform(x), x),
    "PCA": (lambda x: PCA(2, svd_solver="full").fit_transform(x), x),
    "PCA by covariance": (lambda x: PCA(2, svd_solver="covariance_eigh").fit_transform(x), x),
    "Ridge": (lambda x, y: Ridge(solver="svd").fit(x, y).predict(x), x, x @ np.arange(4.0)),
    "StandardScaler": (lambda x: StandardScaler().fit_transform(x), x),
    "accuracy": (metrics.accuracy_score, y, 1 - y),
    "cosines": (metrics.pairwise.cosine_similarity, x),
    "distances": (metrics.pairwise.euclidean_distances, x),
    "r2": (metrics.r2_score, x[:, 0], x[:, 1]),
}
for name, (function, *arguments) in cases.items():
    expected = function(*arguments)
    with sklearn.config_context(array_api_dispatch=True):
        found = function(*(ra.from_array(each, chunks=20) for each in arguments))
    assert isinstance(found, (float, ra.Array)), (name, type(found))
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-7, err_msg=name)
"""


def test_estimators_and_metrics_take_arrays() -> None:
    # SciPy reads the variable when it is imported.
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, env=environment)
