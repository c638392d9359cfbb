import sys
from importlib.metadata import version

from danlu.core.extras import Need, read_extras, read_torch_build


def test_extras_are_those_of_the_package_itself():
    extras = {extra.name: extra for extra in read_extras()}
    assert {"train", "serve", "prove", "ocr", "fetch", "remote", "scale"} <= set(extras)
    train = {need.package: need for need in extras["train"].needs}
    assert train["torch"].least == "2.13" and train["torch"].installed == version("torch")
    assert extras["train"].unmet == ()


def test_what_is_missing_or_too_old_is_unmet():
    assert not Need("none", "1.0", "").is_met
    assert not Need("old", "2.10", "2.9.5").is_met
    assert (
        Need("new", "2.10", "2.10.0+cpu").is_met and Need("any", "", "0.1").is_met and Need("even", "5.0", "5").is_met
    )


def test_the_build_of_torch_is_read_without_importing_it():
    held = set(sys.modules)
    build = read_torch_build()
    assert build.version == version("torch") or build.version.startswith(version("torch"))
    assert build.accelerator == ("cpu" if "+cpu" in build.version else build.accelerator)
    assert "torch" in held or "torch" not in sys.modules
