from mnist_tui.backends.unfit import Unfit as NotNative

__all__ = ["NotNative"]
