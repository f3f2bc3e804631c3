"""Components and data sets for the claims about training."""

import pytest

from sums_to_one.cifar.components import Components
from sums_to_one.cifar.data import Data, cifar10, find, stand_in
from sums_to_one.tests.cifar.trainings import few_images, first_of


@pytest.fixture(scope="session")
def components() -> Components:
    return Components("concepts", "torch")


@pytest.fixture(scope="session")
def synthetic() -> Data:
    return stand_in()


@pytest.fixture(scope="session")
def few() -> Data:
    """So few images that an epoch takes a moment."""
    return few_images()


@pytest.fixture(scope="session")
def photographs() -> Data:
    """The real CIFAR-10, if it is there. Tests never download it, and nothing replaces it."""
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
    return first_of(request.getfixturevalue(request.param), train=4000, others=1000)
