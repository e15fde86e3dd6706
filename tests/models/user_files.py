"""Users' files in common styles: for each a folder, the spec to give, and the expected result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 26 * 26, 10)

    def forward(self, x):
        x = F.relu(self.conv(x))
        return self.fc(x.view(-1, 4 * 26 * 26))
"""
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
PLAIN = IMPORTS + CLASS

EXAMPLE = (
    """import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchvision import datasets, transforms
from torch.optim.lr_scheduler import StepLR

"""
    + CLASS
    + """

def train(args, model, device, train_loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()


def main():
    parser = argparse.ArgumentParser(description="MNIST Example")
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()
    dataset1 = datasets.MNIST("../data", train=True, download=True, transform=transforms.ToTensor())
    model = Net()
    optimizer = optim.Adadelta(model.parameters())
    train(args, model, "cpu", torch.utils.data.DataLoader(dataset1), optimizer, 1)


if __name__ == "__main__":
    main()
"""
)

TUTORIAL = """import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as transforms
import matplotlib_that_is_not_here as plt

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
input_size = 784
hidden_size = 16
num_classes = 10
num_epochs = 5

train_dataset = torchvision.datasets.MNIST(root="/nowhere/at/all", train=True, download=False)
train_loader = torch.utils.data.DataLoader(dataset=train_dataset, batch_size=100, shuffle=True)


class NeuralNet(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super(NeuralNet, self).__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x.reshape(-1, 28 * 28))))


model = NeuralNet(input_size, hidden_size, num_classes).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

for epoch in range(num_epochs):
    for images, labels in train_loader:
        loss = criterion(model(images), labels)
        loss.backward()
"""

LIGHTNING = """import pytorch_lightning_that_is_not_here as pl
import torch
from torch import nn


class LitMNIST(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])
"""


def notebook(*cells: str) -> str:
    """As Jupyter writes one: a heading, then these cells of code."""
    head = {"cell_type": "markdown", "source": ["# MNIST\n"], "metadata": {}}
    code = [
        {
            "cell_type": "code",
            "source": cell.splitlines(keepends=True),
            "metadata": {},
            "outputs": [],
            "execution_count": 1,
        }
        for cell in cells
    ]
    return json.dumps({"cells": [head, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@dataclass(frozen=True)
class Brought:
    """`spec` is given in the folder with the files; `says` is in a notice, or in the error."""

    files: dict[str, str | bytes]
    spec: str = "net.py:Net"
    says: str = ""
    trains: bool = True

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            raw = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(raw)


def one(source: str | bytes, spec: str = "net.py:Net", says: str = "", *, trains: bool = True) -> Brought:
    return Brought({"net.py": source}, spec, says, trains)


TRAIN: dict[str, Brought] = {
    "plain": one(PLAIN),
    "a file alone": one(PLAIN, "net.py"),
    "torchvision and a main": one(EXAMPLE),
    "a main and no class named": one(EXAMPLE, "net.py"),
    "another network's block in the same file": one(
        IMPORTS + "class Block(nn.Module):\n    def __init__(self):\n        super().__init__()\n        "
        "self.fc = nn.Linear(784, 10)\n    def forward(self, x):\n        return self.fc(x)\n\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.block = Block()\n"
        "    def forward(self, x):\n        return self.block(x.flatten(1))\n",
        "net.py",
    ),
    "an instance": one(PLAIN + "\nmodel = Net()\n", "net.py:model"),
    "a sequential instance alone": one(IMPORTS + "model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n", "net.py"),
    "a function": one(PLAIN + "\ndef get_model():\n    return Net()\n", "net.py:get_model"),
    "a function with defaults": one(PLAIN + "\ndef build(width=3, *, deep=False):\n    return Net()\n", "net.py:build"),
    "a lambda": one(PLAIN + "\nmake = lambda: Net()\n", "net.py:make"),
    "a tutorial that trains": one(TUTORIAL, "net.py:NeuralNet", "trains when it is run"),
    "its instance": one(TUTORIAL, "net.py:model", "trains when it is run"),
    "constants as arguments": one(
        IMPORTS + "HIDDEN = 8\nclass Net(nn.Sequential):\n    def __init__(self, pixels, hidden):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(pixels, hidden), nn.Linear(hidden, 10))\n"
        "if __name__ == '__main__':\n    net = Net(28 * 28, hidden=HIDDEN)\n"
    ),
    "settings that its main creates": one(
        "from dataclasses import dataclass\n" + IMPORTS + "@dataclass\nclass Config:\n    width: int = 8\n\n"
        "class Net(nn.Sequential):\n    def __init__(self, config, classes):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(784, config.width), nn.Linear(config.width, classes))\n"
        "def main(classes=10):\n    width = 4\n    config: Config = Config(width=2 * width)\n"
        "    net = Net(config, classes)\n    net.fit()\n"
        "if __name__ == '__main__':\n    main()\n"
    ),
    "argparse at import": one(
        "import argparse\n"
        + IMPORTS
        + "parser = argparse.ArgumentParser()\nparser.add_argument('--hidden', default=4)\n"
        "args = parser.parse_args()\nHIDDEN = int(args.hidden)\n" + CLASS.replace("nn.Linear(4 *", "nn.Linear(HIDDEN *")
    ),
    "argparse that asks for more": one(
        "import argparse\n" + IMPORTS + "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--data', required=True)\nargs = parser.parse_args()\n" + CLASS,
        says="the following arguments are required: --data (line 7 of net.py)",
    ),
    "prints": one(IMPORTS + "print('Using device:', 'cpu')\nimport sys\nsys.stdout.write('written\\n')\n" + CLASS),
    "prints in forward": one(PLAIN.replace("        x = F.relu", "        print(x.shape)\n        x = F.relu")),
    "a plot": one(
        "import plots_that_are_not_here.pyplot as plt\n" + PLAIN + "\ndef show(image):\n    plt.imshow(image)\n",
        says="pip install plots_that_are_not_here",
    ),
    "a log on the web": one(
        "import wandb_that_is_not_here as wandb\n" + IMPORTS + "wandb.init(project='mnist')\n" + CLASS,
        says="pip install wandb_that_is_not_here",
    ),
    "weights that are not here": one(
        PLAIN + "\nmodel = Net()\nmodel.load_state_dict(torch.load('mnist_cnn.pt'))\nmodel.eval()\n",
        says="FileNotFoundError",
    ),
    "data that is not here": one(
        IMPORTS + "from torchvision import datasets\ntrain = datasets.MNIST('/nowhere/at/all')\n" + CLASS,
        says="RuntimeError",
    ),
    "a seed, a folder, settings": one(
        "import os, sys, warnings\n" + IMPORTS + "torch.manual_seed(0)\nos.chdir('/')\nsys.setrecursionlimit(5000)\n"
        "warnings.filterwarnings('ignore')\ntorch.set_grad_enabled(False)\ntorch.set_num_threads(1)\n" + CLASS
    ),
    "siblings": Brought({"net.py": "from blocks import *\n" + CLASS, "blocks.py": IMPORTS}),
    "siblings that import each other": Brought(
        {
            "net.py": IMPORTS + "import helper\n" + CLASS + "\ndef size():\n    return 784\n",
            "helper.py": "import net\ndef twice():\n    return 2 * net.size()\n",
        }
    ),
    "a package": Brought(
        {
            "nets/__init__.py": "from .model import Net\n",
            "nets/model.py": IMPORTS + "from .sizes import WIDTH\nfrom nets import sizes\n" + CLASS,
            "nets/sizes.py": "WIDTH = 4\n",
        },
        "nets/model.py:Net",
    ),
    "a package by its name": Brought(
        {
            "nets/__init__.py": "",
            "nets/model.py": PLAIN + "from .sizes import WIDTH\n",
            "nets/sizes.py": "WIDTH = 4\n",
        },
        "nets.model:Net",
    ),
    "a package's own export": Brought(
        {"nets/__init__.py": "from .model import Net\n", "nets/model.py": PLAIN}, "nets:Net"
    ),
    "src without __init__": Brought(
        {
            "src/model.py": IMPORTS + "from src.layers.act import act\n" + CLASS,
            "src/layers/act.py": "act = max\n",
        },
        "src.model:Net",
    ),
    "src by its path": Brought(
        {"src/model.py": IMPORTS + "from src.act import act\n" + CLASS, "src/act.py": "act = max\n"},
        "src/model.py:Net",
    ),
    "relative imports without __init__": Brought(
        {"code/model.py": IMPORTS + "from .act import act\n" + CLASS, "code/act.py": "act = max\n"},
        "code/model.py:Net",
    ),
    "a package that logs on the web": Brought(
        {
            "lab/__init__.py": "from .train import fit\n",
            "lab/train.py": "import wandb_that_is_not_here\n\ndef fit():\n    pass\n",
            "lab/nets/__init__.py": "from .model import Net\n",
            "lab/nets/model.py": IMPORTS + "from ..act import act\n" + CLASS,
            "lab/act.py": "act = max\n",
        },
        "lab/nets/model.py:Net",
        "the package lab raised ModuleNotFoundError: No module named 'wandb_that_is_not_here' (line 1 of train.py)",
    ),
    "two packages up": Brought(
        {"lib/nets/model.py": IMPORTS + "from ..act import act\n" + CLASS, "lib/act.py": "act = max\n"},
        "lib/nets/model.py:Net",
    ),
    "helpers in the folder above, by sys.path": Brought(
        {
            "models/net.py": "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), '..'))\n"
            + IMPORTS
            + "from common.act import act\n"
            + CLASS,
            "common/act.py": "act = max\n",
        },
        "models/net.py:Net",
    ),
    "helpers in the current folder": Brought(
        {"models/net.py": IMPORTS + "from tools.act import act\n" + CLASS, "tools/act.py": "act = max\n"},
        "models/net.py:Net",
    ),
    "helpers in the project's top folder": Brought(
        {
            "project/models/net.py": IMPORTS + "from tools.act import act\n" + CLASS,
            "project/tools/act.py": "act = max\n",
            "project/requirements.txt": "torch\n",
        },
        "project/models/net.py:Net",
    ),
    "a helper that plots": Brought(
        {
            "net.py": IMPORTS + "from helper import act\n" + CLASS.replace("F.relu", "act"),
            "helper.py": "import plots_that_are_not_here.pyplot as plt\nfrom frames_that_are_not_here import Frame\n"
            "def show(frame: Frame[int] | None):\n    plt.imshow(frame)\ndef act(x):\n    return x.relu()\n",
        },
        says="No module named 'frames_that_are_not_here' (line 2 of helper.py), so it was left out. Install it where",
    ),
    "a helper's optional package": Brought(
        {
            "net.py": IMPORTS + "from helper import act\n" + CLASS.replace("F.relu", "act"),
            "helper.py": "import plots_that_are_not_here\n"
            "try:\n    from fast_that_is_not_here import act\nexcept ImportError:\n    from torch import relu as act\n",
        },
        says="No module named 'plots_that_are_not_here' (line 1 of helper.py), so it was left out",
    ),
    "helpers in the folder above the file's own": Brought(
        {
            "project/models/net.py": "import sys\nsys.path.append('..')\n" + IMPORTS + "from act import act\n" + CLASS,
            "project/act.py": "act = max\n",
        },
        "project/models/net.py:Net",
    ),
    "an abstract base": one(
        "from abc import abstractmethod\n" + IMPORTS + "class Base(nn.Module):\n    @abstractmethod\n"
        "    def forward(self, x):\n        raise NotImplementedError\n" + CLASS.replace("nn.Module", "Base"),
        "net.py",
    ),
    "an import in forward": Brought(
        {
            "net.py": PLAIN.replace(
                "        x = F.relu", "        from late import act\n        x = act(x)\n        x = F.relu"
            ),
            "late.py": "def act(x):\n    return x\n",
        }
    ),
    "a name with spaces": Brought({"my net (1).py": PLAIN}, "my net (1).py:Net"),
    "a byte order mark": one(b"\xef\xbb\xbf" + PLAIN.encode()),
    "Windows-1252": one("# Größe der Schicht\r\n".encode("cp1252") + PLAIN.encode()),
    "UTF-16": one(PLAIN.encode("utf-16")),
    "a notebook": Brought(
        {
            "mnist.ipynb": notebook(
                "%matplotlib inline\n!pip install torchsummary\n" + IMPORTS + "import no_plots_here as plt\n",
                "width = 4\ndevice = torch.device('cpu')",
                CLASS.replace("4 * 26 * 26", "width * 26 * 26"),
                "model = Net().to(device)\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)",
                "for epoch in range(10):\n    loss = model(images).sum()\n    loss.backward()\n",
                "plt.plot(losses)\nmodel?",
            )
        },
        "mnist.ipynb:Net",
        "mnist.ipynb: ran",
    ),
    "an instance of a notebook": Brought(
        {"mnist.ipynb": notebook(IMPORTS, CLASS, "model = Net()", "print(model)")}, "mnist.ipynb:model"
    ),
    "a lock": one(
        PLAIN.replace(
            "        self.conv",
            "        import threading\n        self.lock = threading.Lock()\n        self.conv",
        )
    ),
    "a script module": one(
        PLAIN.replace("        self.fc =", "        self.conv = torch.jit.script(self.conv)\n        self.fc =")
    ),
    "a lambda in the model": one(
        PLAIN.replace("        self.fc =", "        self.act = lambda x: x\n        self.fc =")
    ),
    "cuda where there is one": one(
        IMPORTS
        + "device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')\n"
        + CLASS
        + "\nmodel = Net().to(device)\n",
        "net.py:model",
    ),
    "a line that is asked for": one(
        IMPORTS + "epochs = int(input('Epochs? '))\n" + CLASS,
        says="it asks for keyboard input (Epochs? )",
    ),
    "the end of a script": one(PLAIN + "\nimport sys\nsys.exit(0)\n", says="SystemExit"),
    "its own warnings": one(IMPORTS + "import warnings\nwarnings.simplefilter('ignore')\n" + CLASS),
    "a dataclass for settings": one(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        + IMPORTS
        + "@dataclass\nclass Config:\n    width: int = 4\nCONFIG = Config()\n"
        + CLASS.replace("4 * 26", "CONFIG.width * 26")
    ),
}
"""Networks that train, with `says` in the notices."""

REFUSED: dict[str, Brought] = {
    "a missing class": one(PLAIN, "net.py:Nett", "did you mean 'Net'?", trains=False),
    "two networks and no class": one(
        PLAIN + CLASS.replace("Net", "Other"), "net.py", "Networks in net.py: Net, Other.", trains=False
    ),
    "a network and one that is derived from it": one(
        PLAIN + "\n\nclass Better(Net):\n    pass\n",
        "net.py",
        "Networks in net.py: Net, Better.",
        trains=False,
    ),
    "arguments": one(
        IMPORTS + "class Net(nn.Module):\n    def __init__(self, args):\n        super().__init__()\n"
        "        self.fc = nn.Linear(784, args.classes)\n",
        "net.py:Net",
        "Net needs arguments: args",
        trains=False,
    ),
    "an argument that a function of the file returns": one(
        IMPORTS + "class Net(nn.Module):\n    def __init__(self, sizes):\n        super().__init__()\n"
        "        self.fc = nn.Linear(*sizes)\n"
        "def read():\n    return 784, 10\n"
        "def main(sizes=None):\n    sizes = read()\n    return Net(sizes)\n",
        "net.py:Net",
        "Net needs arguments: sizes",
        trains=False,
    ),
    "lightning that is missing": one(
        LIGHTNING, "net.py:LitMNIST", "-m pip install pytorch_lightning_that_is_not_here", trains=False
    ),
    "sklearn in a class": one(
        "import sklearn_is_not_here\n"
        + IMPORTS
        + CLASS.replace("super().__init__()", "super().__init__(); sklearn_is_not_here.f()"),
        says="-m pip install sklearn_is_not_here",
        trains=False,
    ),
    "a package that a helper needs": Brought(
        {
            "net.py": IMPORTS + "from helper import act\n" + CLASS.replace("F.relu", "act"),
            "helper.py": "import einops_is_not_here\ndef act(x):\n    return einops_is_not_here.f(x)\n",
        },
        says="(line 3 of helper.py), for an input of shape (2, 1, 28, 28) Install it where mnist-tui is installed: ",
        trains=False,
    ),
    "a part that an installed package lacks": Brought(
        {
            "net.py": IMPORTS + "from helper import act\n" + CLASS.replace("F.relu", "act"),
            "helper.py": "import torch.part_that_is_not_here\n",
        },
        says="No module named 'torch.part_that_is_not_here' (line 1 of helper.py)",
        trains=False,
    ),
    "a syntax error": one(PLAIN + "\nprint 'done'\n", says="is not valid Python", trains=False),
    "an input without which there is no network": one(
        IMPORTS + "WIDTH = int(input())\n" + CLASS.replace("4 * 26 * 26, 10", "WIDTH, 10"),
        says="it asks for keyboard input (line 4 of net.py)",
        trains=False,
    ),
    "a notebook without the class": Brought(
        {"mnist.ipynb": notebook(IMPORTS, CLASS)}, "mnist.ipynb:Nets", "did you mean 'Net'?", False
    ),
    "a notebook whose class raises": Brought(
        {"mnist.ipynb": notebook(IMPORTS, "x = 1\n" + CLASS.replace("nn.Conv2d(1, 4, 3)", "undefined"))},
        "mnist.ipynb:Net",
        "(line 6 of cell 3 of mnist.ipynb)",
        False,
    ),
    "no notebook": Brought({"mnist.ipynb": "[]"}, "mnist.ipynb:Net", "it has no cells", False),
    "a constructor that exits": one(
        PLAIN.replace("        self.conv", "        exit()\n        self.conv"),
        says="SystemExit",
        trains=False,
    ),
}
