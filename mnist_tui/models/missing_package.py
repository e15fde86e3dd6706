"""A stand-in for a package that is not installed and that the network itself may not need. No torch."""

from __future__ import annotations

from typing import NoReturn


class MissingPackage:
    """Can be imported, named, and subscripted as in annotations; any use of it raises ModuleNotFoundError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> MissingPackage:
        if attribute.startswith("__"):  # what Python itself looks for, and treats as optional
            raise AttributeError(attribute)
        return self

    def __getitem__(self, key: object) -> MissingPackage:
        return self

    def __or__(self, other: object) -> MissingPackage:
        return self

    __ror__ = __or__


def _refuse(package: MissingPackage, *arguments: object, **named: object) -> NoReturn:
    raise ModuleNotFoundError(f"No module named {package._name!r}", name=package._name)


_NUMBERS = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow")
_USES = ("call", "mro_entries", "bool", "index", "int", "float", "len", "iter", "enter", "lt", "le", "gt", "ge")
for _use in (*_USES, *_NUMBERS, *(f"r{name}" for name in _NUMBERS)):
    setattr(MissingPackage, f"__{_use}__", _refuse)
