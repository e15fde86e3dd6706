// The sizes of one stage and where its numbers lie in memory: constants that follow from its description.
#pragma once

#include "convolution.hpp"
#include "link.hpp"

namespace native {

// The description of a stage; a generated struct derives from it and replaces what the stage has.
struct StageDefaults {
  static constexpr bool first = false;  // of the chain
  static constexpr bool conv = false, bias = false, relu = false;
  static constexpr int outputs = 0, kernel = 1, padding = 0;
  static constexpr bool norm = false, relu_after = false;
  static constexpr double epsilon = 1e-5, momentum = 0.1;
  static constexpr int pool = 0, stride = 1;  // the pool's size; 0 is no pooling
  static constexpr bool average = false;
  static constexpr double drop = 0;
  static constexpr bool drop_channels = false;
  static constexpr int next_padding = 0;    // of the next stage's convolution
  static constexpr bool next_bare = false;  // the next stage has no convolution
};

// Three maps belong to a stage: its input; the middle, which is the convolution's output after ReLU; and its output. The
// output has the zeros around it that the next convolution needs as padding.
template <class S>
struct StageLayout {
  static_assert(S::conv || !S::relu, "without a convolution, the ReLU is the one after the norm");

  static constexpr int kChannels = S::conv ? S::outputs : S::inputs;
  static constexpr int L = lanes(kChannels), kStep = padded(kChannels), kVectors = kStep / L;
  // A convolution reads its input one channel at a time: images need no padded channels.
  static constexpr int kInStep = S::first && S::conv ? S::inputs : padded(S::inputs);
  static constexpr int kInHeight = S::height + 2 * S::padding, kInWidth = S::width + 2 * S::padding;
  static constexpr int kHeight = kInHeight - S::kernel + 1, kWidth = kInWidth - S::kernel + 1;  // of the middle
  static constexpr int kPixels = kHeight * kWidth;
  static constexpr int kStride = S::pool ? S::stride : 1;
  static constexpr int kOutHeight = S::pool ? (kHeight - S::pool) / S::stride + 1 : kHeight;
  static constexpr int kOutWidth = S::pool ? (kWidth - S::pool) / S::stride + 1 : kWidth;
  static constexpr int kRowOut = (kOutWidth + 2 * S::next_padding) * kStep;
  static constexpr int kFirstOut = S::next_padding * (kRowOut + kStep);
  static constexpr size_t kInSize = size_t(kInHeight) * kInWidth * kInStep;
  static constexpr size_t kOutSize = size_t(kOutHeight + 2 * S::next_padding) * kRowOut;
  static constexpr size_t kOutGradientSize = size_t(kOutHeight) * kOutWidth * kStep;

  static constexpr bool kTail = S::norm || S::pool || S::drop > 0 || S::relu_after;  // anything after the convolution
  // The backward pass needs the middle, from which the output is computed again unless the output itself is a middle:
  // this stage's or the next one's.
  static constexpr bool kKept = (S::conv && !kTail) || S::next_bare;
  // Whether the pool's windows tile the middle: every position is in exactly one.
  static constexpr bool kTiled =
      S::pool == 0 || (S::pool == S::stride && kHeight % S::pool == 0 && kWidth % S::pool == 0);

  // The middle is where the input is, or where the output goes, if nothing happens in between.
  static constexpr bool kOwnMiddle = S::conv && kTail;
  static constexpr int kRowMiddle = !S::conv ? kInWidth * kStep : kTail ? kWidth * kStep : kRowOut;
  // The middle's gradient has zeros around it as the convolution that takes it to the input needs them. Without a
  // convolution it is the input's. The first stage needs no gradient of its input.
  static constexpr int kGradientPadding = S::conv && !S::first ? S::kernel - 1 - S::padding : 0;
  static constexpr int kRowGradient = (kWidth + 2 * kGradientPadding) * kStep;
  static constexpr size_t kGradientSize = size_t(kHeight + 2 * kGradientPadding) * kRowGradient;
  static constexpr int kFirstGradient = kGradientPadding * (kRowGradient + kStep);

  using Conv = Convolution<S::kernel, S::inputs, kInStep, kInWidth, kChannels, kHeight, kWidth>;
  using Back = Convolution<S::kernel, kChannels, kStep, kWidth + 2 * kGradientPadding, S::inputs, S::height, S::width>;

  static constexpr int kWindow = S::kernel * S::kernel;
  // The gradients of one chunk of images: of the weights, then of the bias.
  static constexpr int kFilters = S::conv ? Conv::kFilter : 0;
  static constexpr int kPartSize = S::conv ? kFilters + kStep : 0;

  static constexpr Shape shape() {
    Shape shape{};
    shape.in = kInSize, shape.out = kOutSize, shape.out_gradient = kOutGradientSize;
    shape.in_first = S::padding * (kInWidth + 1) * kInStep, shape.in_row = kInWidth * kInStep, shape.in_step = kInStep;
    shape.channels = kChannels, shape.step = kStep, shape.filter = S::conv ? S::inputs * kWindow : 0;
    shape.weights = kFilters, shape.part = kPartSize, shape.pixels = kPixels;
    shape.bias = S::bias, shape.norm = S::norm, shape.kept = kKept, shape.epsilon = S::epsilon, shape.momentum = S::momentum;
    return shape;
  }
};

}  // namespace native
