"""The parts of torch that are not public and that inspection needs, for torch 2.6 and later, in one place.

torch has no public way to see the operations of a forward pass: dispatch modes and the overloads they are given are
documented for library authors only, as is how tensors are found in nested arguments.
"""

from torch._C import DisableTorchFunction
from torch._ops import OpOverload
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["DisableTorchFunction", "OpOverload", "TorchDispatchMode", "pytree"]
