"""What one sees on each screen, for its help."""

from __future__ import annotations

from textual.screen import Screen

_TEXTS = {
    "train": (
        "The run in training here, or the last one. The bar at the top is the whole run, with its epochs as "
        "ticks. Loss is what training minimizes, on training batches and on the test set; accuracy is the "
        "share of images that are read right. Train accuracy is measured on augmented images, so it may be "
        "below test accuracy. The table has a row per epoch: losses, accuracies, learning rate, seconds and "
        "images per second; ★ marks the best epoch, whose weights are kept. RF is the receptive field: how "
        "many pixels of the image a value of that layer depends on."
    ),
    "model": (
        "The network, layer by layer: the shape of each output, its parameters, its multiply-adds (MACs) per "
        "image and its receptive field (RF). The other view has the norms of weights and gradients, and "
        "update/weight: how much a step changes the weights, usually about 0.001. Filters are the first "
        "layer's weights, feature maps the outputs of the layer under the cursor for the image. The "
        "attribution map shows which pixels speak for the prediction (orange) and against it (blue)."
    ),
    "evaluate": (
        "All test images through one network. Each row of the confusion matrix is a true digit, each column a "
        "prediction: what is off the diagonal is an error. Choose a cell to see only its images. Errors are "
        "listed with the most confident first. Calibration compares how sure the network was with how often "
        "it was right. The 95 % interval says how exactly so many images determine the accuracy."
    ),
    "draw": (
        "Draw a digit with the mouse, or with space and the arrows, and watch the answer. The network sees "
        "the small image beside the canvas: centered and scaled to 28×28 pixels as MNIST's own digits are. "
        "The bars are the probabilities of the ten digits. A drawing that is saved with its label goes into "
        "the dataset my-digits, which can be evaluated and trained with."
    ),
    "runs": (
        "Every run in the folder of runs, also those that other programs train right now. Best is the highest "
        "test accuracy of any epoch, with that epoch; final is that of the last one. Mark runs to compare "
        "their curves and settings. The preview has what differs from the recipe."
    ),
    "run": (
        "One run, read from its log and followed while another process writes it: curves, the table of "
        "epochs, batch losses and layers, as on the Train screen."
    ),
    "compare": (
        "The marked runs over each other, each in its own color and with its number. The table has the best "
        "epoch and the seconds per epoch; below are only the settings that differ. Hide a run to see those "
        "behind it."
    ),
}


def describe(screen: Screen[object]) -> str:
    """A paragraph on what this screen shows; "" where there is nothing to explain."""
    return _TEXTS.get(type(screen).__name__.removesuffix("Screen").lower(), "")
