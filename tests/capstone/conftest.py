"""One tiny training run for all tests of the capstone, and no environment from outside."""

import os

import pytest

TINY = [
    *("--data.source", "generated", "--data.num_train", "600", "--data.num_test", "100", "--data.num_val", "100"),
    *("--data.batch_size", "50", "--model.widths", "[16,16,32]", "--model.lr", "0.1", "--trainer.max_epochs", "2"),
    *("--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("SCALABLE_AI_DATA", "SCALABLE_AI_DATASETS", "SCALABLE_AI_RUN", "LOCAL_RANK", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    yield
    # A test that builds the command line's object alone leaves the run's name behind.
    os.environ.pop("SCALABLE_AI_RUN", None)


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Options for a run of a second or two."""
    return TINY


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return the result of a tiny run whose runs folder is `result.checkpoint.parent.parent`."""
    from scalable_ai.capstone import fit

    folder = tmp_path_factory.mktemp("runs")
    os.environ.pop("SCALABLE_AI_RUN", None)
    return fit([*TINY, "--trainer.default_root_dir", str(folder), "--name", "tiny"])


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    """Return the folder that the tiny run's network is exported into, and the artifacts; tests must not write there."""
    from scalable_ai.capstone import export

    folder = tmp_path_factory.mktemp("export")
    return folder, export(trained.checkpoint, output=folder)
