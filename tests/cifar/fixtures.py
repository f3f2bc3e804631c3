"""Components and data sets for the claims about training.

Every run of pytest loads this plugin, so what it needs is imported by whoever asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sums_to_one.cifar.components import Components
    from sums_to_one.cifar.data import Data


@pytest.fixture(scope="session")
def components() -> Components:
    from sums_to_one.cifar.components import Components

    return Components("concepts", "torch")


@pytest.fixture(scope="session")
def synthetic() -> Data:
    from sums_to_one.cifar.data import stand_in

    return stand_in()


@pytest.fixture(scope="session")
def few() -> Data:
    """So few images that an epoch takes a moment."""
    from sums_to_one.tests.cifar.trainings import few_images

    return few_images()


@pytest.fixture(scope="session")
def photographs() -> Data:
    """The real CIFAR-10, if it is there. Tests never download it, and nothing replaces it."""
    from sums_to_one.cifar.data import cifar10, find

    root = find()
    if root is None:
        # reason: a clone may lack these 170 MB and run all else; .ci/run fails if this is skipped
        pytest.skip(reason="no CIFAR-10 in $CIFAR10_ROOT or ./data")  # reason: 170 MB, see above
    return cifar10(root)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("synthetic", marks=pytest.mark.stand_in),
        pytest.param("photographs", marks=pytest.mark.real_data),
    ],
)
def data(request: pytest.FixtureRequest) -> Data:
    """Either data set, in the size of the stand-in."""
    from sums_to_one.tests.cifar.trainings import first_of

    return first_of(request.getfixturevalue(request.param), train=4000, others=1000)
