"""Stacks of images in files."""

from __future__ import annotations

import os
from glob import glob
from typing import TYPE_CHECKING, Any

from raskt.array.concatenate import stack
from raskt.array.conversion import from_delayed
from raskt.delayed import delayed
from raskt.functions import import_required
from raskt.tokenize import tokenize

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["imread"]


def imread(filename: str | os.PathLike[str], imread: Any = None, preprocess: Any = None) -> Array:
    """Read images of one shape into an array, one block a file.

    Parameters
    ----------
    filename : str
        A pattern that the paths have, such as ``"frames/*.png"``.
    imread : callable, optional
        ``imread(path)`` returns an image as an array; scikit-image's by default.
    preprocess : callable, optional
        What each image goes through.

    Returns
    -------
    Array
        Of one axis more than an image: the files, in the order of their names.

    Raises
    ------
    ValueError
        If there is no such file.

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.image import imread
    >>> from raskt.utils import filetexts
    >>> with filetexts({"a.txt": "1 2", "b.txt": "3 4"}):
    ...     imread("*.txt", imread=np.loadtxt).compute()
    array([[1., 2.],
           [3., 4.]])
    """
    paths = sorted(glob(os.fspath(filename)))
    if not paths:
        raise ValueError(f"no files match {os.fspath(filename)!r}")
    if imread is None:
        skimage: Any = import_required(
            "skimage.io", "imread needs scikit-image, or imread= of another library"
        )
        imread = skimage.imread
    first = _read(paths[0], imread, preprocess)
    read = delayed(_read)
    images = [
        from_delayed(
            read(
                path,
                imread,
                preprocess,
                dask_key_name=f"imread-{tokenize(path, os.path.getmtime(path), imread)}",
            ),
            first.shape,
            first.dtype,
        )
        for path in paths
    ]
    found: Array = stack(images)
    return found


def _read(path: str, imread: Any, preprocess: Any) -> Any:
    image = imread(path)
    return image if preprocess is None else preprocess(image)
