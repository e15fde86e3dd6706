"""Shapes, tensor names and text of a stage."""

from mnist_tui.native.plan import (
    BatchNorm,
    Conv,
    Dropout,
    NetworkPlan,
    Pool,
    Stage,
    TensorNames,
)

FULL = Stage(
    *(3, 10, 12),
    conv=Conv(kernel=3, padding=0, inputs=3, outputs=5, bias=True),
    relu=True,
    norm=BatchNorm(epsilon=1e-5, momentum=0.1, affine=True),
    relu_after=True,
    pool=Pool("max", size=3, stride=2),
    dropout=Dropout(0.25, whole_channels=True),
    conv_name="body.conv",
    norm_name="body.norm",
)
EMPTY = Stage(3, 10, 12)


def test_a_stage_knows_its_maps_before_and_after_the_pooling() -> None:
    assert FULL.conv_shape == (5, 8, 10)
    assert FULL.output_shape == (5, 3, 4)
    assert EMPTY.input_shape == EMPTY.conv_shape == EMPTY.output_shape == (3, 10, 12)


def test_a_stage_names_its_tensors() -> None:
    assert FULL.tensor_names() == TensorNames(
        weight="body.conv.weight",
        bias="body.conv.bias",
        norm_weight="body.norm.weight",
        norm_bias="body.norm.bias",
        running_mean="body.norm.running_mean",
        running_var="body.norm.running_var",
        num_batches_tracked="body.norm.num_batches_tracked",
    )
    assert FULL.tensor_names().parameters == FULL.tensor_names()[:4]


def test_a_stage_names_no_tensor_that_it_lacks() -> None:
    without = Stage(3, 10, 12, Conv(1, 0, 3, 5, bias=False), norm=BatchNorm(1e-5, 0.1, affine=False))
    assert [name is None for name in without.tensor_names()] == [False, True, True, True, False, False, False]
    assert set(EMPTY.tensor_names()) == {None}


def test_the_text_has_all_that_is_compiled_and_no_name() -> None:
    assert NetworkPlan((FULL, EMPTY)).to_text() == (
        "3x10x12: conv 3x3 padding 0 to 5 bias, relu, norm epsilon 1e-05 momentum 0.1 affine, relu, "
        "max pool 3 stride 2, drop 0.25 of channels\n"
        "3x10x12: "
    )
