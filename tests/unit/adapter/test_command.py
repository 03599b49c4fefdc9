"""The arguments of `pip variants`, and what all its actions share."""

from __future__ import annotations

import pytest
from pip._internal.exceptions import CommandError

from pip_variants.commands.command import _ACTIONS, VariantsCommand
from tests.unit.adapter.command import Command, printed
from tests.unit.provider_cases import BUILT_IN_NAMESPACES

ACTIONS = "is not an action of pip variants (explain, list, platform, check, index, make, mirror)."
BAD_ARGUMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "misspelt action": (("explian", "torch"), f"'explian' {ACTIONS} Did you mean explain?"),
    "unknown action": (("torch",), f"'torch' {ACTIONS}"),
    "check of explain": (
        ("explain", "torch", "--check"),
        "The option --check is not one of: pip variants explain",
    ),
    "upgrade of list": (
        ("list", "-U"),
        "The option --upgrade is not one of: pip variants list",
    ),
    "target of platform": (
        ("platform", "--target", "x"),
        "The option --target is not one of: pip variants platform",
    ),
    "refresh of explain": (
        ("explain", "torch", "--refresh"),
        "The option --refresh is not one of: pip variants explain",
    ),
    "check of list": (("list", "--check"), "The option --check is not one of: pip variants list"),
    "json of index": (
        ("index", "--json", "."),
        "The option --json is not one of: pip variants index",
    ),
    "explain nothing": (
        ("explain",),
        "Need one requirement: a name, a name with a version, a wheel.",
    ),
    "explain two": (
        ("explain", "a", "b"),
        "Need one requirement: a name, a name with a version, a wheel.",
    ),
    "explain what does not apply": (
        ("explain", "torch; python_version < '3'"),
        "The markers of torch do not match: pip install would ignore it.",
    ),
    "explain an sdist": (
        ("explain", "https://example.org/files/torch-2.8.0.tar.gz"),
        (
            "https://example.org/files/torch-2.8.0.tar.gz is not a wheel;"
            " there is nothing to choose."
        ),
    ),
    "explain another platform": (
        ("explain", "https://example.org/files/torch-2.8.0-cp27-cp27m-win32.whl"),
        "torch-2.8.0-cp27-cp27m-win32.whl is not a supported wheel on this platform.",
    ),
    "list something": (("list", "torch"), "pip variants list takes no arguments."),
    "platform of unknown namespace": (
        ("platform", "gpus"),
        "no provider for the namespace 'gpus'; there are "
        + ", ".join(sorted([*BUILT_IN_NAMESPACES, "gpu"])),
    ),
    "check nothing": (("check",), "Need a wheel, a JSON file, a folder or a URL to check."),
    "index nothing": (("index",), "Need exactly one folder of wheels."),
    "index two": (("index", "a", "b"), "Need exactly one folder of wheels."),
    "index a file that is missing": (
        ("index", "/no/such/folder"),
        "Cannot read '/no/such/folder': No such file or directory",
    ),
}


@pytest.mark.parametrize(("args", "problem"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_wrong_arguments_are_an_error_of_the_command(args: tuple[str, ...], problem: str) -> None:
    """The error is one sentence."""
    with pytest.raises(CommandError) as caught:
        Command().execute(*args)
    assert str(caught.value) == problem


def test_command_without_action_lists_the_actions(caplog: pytest.LogCaptureFixture) -> None:
    """Each with a sentence about it (trial 36)."""
    assert Command().execute() == 0
    first, _, *actions, last = "\n".join(printed(caplog)).splitlines()
    assert first == "Usage: pip variants ACTION [options]"
    assert actions[0] == "Actions:"
    assert [line.split()[0] for line in actions[1:] if line] == list(_ACTIONS)
    assert all(line.endswith(".") for line in actions[1:] if line)
    assert last == "pip variants --help lists the options."


def test_option_in_the_environment_is_no_mistake() -> None:
    """Another command or action takes it; on the command line it is one."""
    command = Command()
    command.parser.set_defaults(upgrade=True)
    options, args = command.parse_args(["list"])
    assert options.upgrade
    assert command.run(options, args) == 0
    options, args = command.parse_args(["list", "--force-reinstall"])
    with pytest.raises(CommandError):
        command.run(options, args)


def test_state_belongs_to_the_patched_pip() -> None:
    """The engine alone has no run."""
    with pytest.raises(NotImplementedError):
        VariantsCommand("variants", "x", isolated=True).state()


def test_session_is_made_once_and_closed_with_the_command() -> None:
    """Several steps of an action share connections and credentials."""
    command = VariantsCommand("variants", "x", isolated=True)
    options, _ = command.parser.parse_args(["--no-index"])
    with command.main_context():
        session = command.session(options)
        assert command.session(options) is session
        assert command.finder(options).index_urls == []
