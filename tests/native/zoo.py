"""Networks as people write them, each with habits of its own."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PoolThenRelu(nn.Module):
    """Functions around the layers, dropout of channels before the pooling, and a view that counts features."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=5)
        self.conv2 = nn.Conv2d(4, 6, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(96, 12)
        self.fc2 = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 96)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class CountsFeatures(nn.Module):
    """A loop over the sizes of the map, as old tutorials have it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d((2, 2), (2, 2)))
        self.classifier = nn.Linear(3 * 13 * 13, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        return self.classifier(x.view(-1, self.count(x)))

    def count(self, x: Tensor) -> int:
        numbers = 1
        for size in x.size()[1:]:
            numbers *= size
        return numbers


class SharesWhatHasNoWeights(nn.Module):
    """One ReLU, one pooling and one dropout for all blocks, and an average pooling of the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 5, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(5)
        self.conv3 = nn.Conv2d(5, 10, 1)
        self.relu, self.pool, self.drop = nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout(0.1)
        self.gap = nn.AvgPool2d(kernel_size=6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.pool(self.relu(self.bn1(self.conv1(x)))))
        x = self.drop(self.pool(self.relu(self.bn2(self.conv2(x)))))
        x = self.gap(self.conv3(x))
        return F.log_softmax(x.view(-1, 10), dim=-1)


class MeanOverTheMap(nn.Module):
    """Global average pooling as a mean, before the linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding="same")
        self.norm = nn.BatchNorm2d(6, affine=False)
        self.fc = nn.Linear(6, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.relu(self.norm(self.conv(x))).mean((2, 3)))


class MeanOverFlatMap(nn.Module):
    """The same by way of a map that has become one dimension, and names for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 10, (3, 3), padding=(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        assert x.dim() == 4
        assert x.shape[1:] == (1, 28, 28)
        x = self.conv(input=x).relu_().contiguous()
        x = F.avg_pool2d(x, kernel_size=2, stride=2)
        return torch.mean(x.flatten(start_dim=2), dim=-1)


class AsksForSizes(nn.Module):
    """Pooling of what is left, whatever that is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3)
        self.conv2 = nn.Conv2d(3, 10, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2(F.max_pool2d(torch.relu(self.conv1(x)), 3, stride=2))
        count, channels, _, _ = x.shape
        x = F.avg_pool2d(x, x.size()[2:])
        return x.reshape(count, channels)


class Block(nn.Module):
    """A convolution with its trimmings."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class LoopsOverBlocks(nn.Module):
    """Blocks in a list, and the last dimensions squeezed away one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(1, 4), Block(4, 6), Block(6, 10)])
        self.pool = nn.MaxPool2d(2)
        self.rest = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index < len(self.blocks) - 1:
                x = self.pool(x)
        x = self.rest(F.adaptive_avg_pool2d(x, (1, 1)))
        return x.squeeze(-1).squeeze(-1)


class KernelOfTheWholeMap(nn.Module):
    """A last convolution as large as the map in place of pooling, and a flattening module of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(Block(1, 4), nn.MaxPool2d(2), Block(4, 5), nn.MaxPool2d(2), nn.Dropout(0.2))
        self.last = nn.Conv2d(5, 10, 7)
        self.flat = Flat()

    def forward(self, x: Tensor) -> Tensor:
        return self.flat(self.last(self.features(x)))


class Flat(nn.Module):
    """(N, ...) -> (N, the rest)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.view(x.size(0), -1)


class Perceptron(nn.Sequential):
    """Linear layers alone, with norms and dropouts, one of them meant for channels."""

    def __init__(self) -> None:
        super().__init__(
            nn.Flatten(),
            *(nn.Linear(784, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(20, 15), nn.ReLU(), nn.BatchNorm1d(15), nn.ReLU(), nn.Dropout(0.2)),
            *(nn.Linear(15, 10), nn.LogSoftmax(dim=1)),
        )


class DropsOnlyInTraining(nn.Module):
    """An `if self.training` around the dropout, and average pooling that overlaps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5, padding=2)
        self.conv2 = nn.Conv2d(4, 10, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(self.conv1(x), 3, 2).relu()
        if self.training:
            x = F.dropout2d(x, 0.3)
        x = F.max_pool2d(F.relu(self.conv2(x)), 11)
        return torch.flatten(x, 1)


ZOO: tuple[type[nn.Module], ...] = (
    PoolThenRelu,
    CountsFeatures,
    SharesWhatHasNoWeights,
    MeanOverTheMap,
    MeanOverFlatMap,
    AsksForSizes,
    LoopsOverBlocks,
    KernelOfTheWholeMap,
    Perceptron,
    DropsOnlyInTraining,
)
