// One stage of the chain: convolution, ReLU, norm, ReLU, pooling, dropout, each of which may be missing.
//
// Forward and backward come in two halves each, as a norm needs sums over the whole batch in between:
//   forward:   `compute` up to the norm's input | all images | `finish` the rest
//   backward:  `gather` the gradient back to the norm's output | all images | `spread` it to weights and input
// A half is done image by image, by any thread; what is summed over images is kept for each image or each chunk of
// images on its own, and added in their order: so the sums do not depend on the threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "convolution.hpp"
#include "random.hpp"

namespace native {

// What a stage has unless its description says otherwise. A generated struct derives from it.
struct Nothing {
  static constexpr bool conv = false, bias = false, relu = false;
  static constexpr int outputs = 0, kernel = 1, padding = 0;
  static constexpr bool norm = false, relu_after = false;
  static constexpr double epsilon = 1e-5, momentum = 0.1;
  static constexpr int pool = 0, stride = 1;  // the pool's size; 0 is no pooling
  static constexpr bool average = false;
  static constexpr double drop = 0;
  static constexpr bool drop_channels = false;
};

using Buffer = std::unique_ptr<float[], void (*)(void*)>;

inline Buffer zeros(size_t count) {
  const size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
  void* memory = std::aligned_alloc(64, bytes + 64);  // a register's read may begin at the last float
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, bytes + 64);
  return Buffer(static_cast<float*>(memory), std::free);
}

// The tensors of a stage as PyTorch has them, null where there are none.
struct Weights {
  const float *weight, *bias, *gamma, *beta, *mean, *variance;
};

// What dropout depends on besides the position.
struct Moment {
  uint64_t seed, step;
};

// `kNumber` in the chain; the input's channels are `kInStep` floats apart; the output gets `kOutPadding` zeros
// around it for the next convolution. The first stage needs no gradient by its input.
template <class S, int kNumber, int kInStep, int kOutPadding, bool kFirst>
class Stage {
  static_assert(S::conv || !S::relu, "without a convolution, the ReLU is the one after the norm");

 public:
  static constexpr int kChannels = S::conv ? S::outputs : S::inputs;
  static constexpr int L = lanes(kChannels), kStep = padded(kChannels), kVectors = kStep / L;
  static constexpr int kInHeight = S::height + 2 * S::padding, kInWidth = S::width + 2 * S::padding;
  static constexpr int kHeight = kInHeight - S::kernel + 1, kWidth = kInWidth - S::kernel + 1;  // in the middle
  static constexpr int kOutHeight = S::pool ? (kHeight - S::pool) / S::stride + 1 : kHeight;
  static constexpr int kOutWidth = S::pool ? (kWidth - S::pool) / S::stride + 1 : kWidth;
  static constexpr int kRowOut = (kOutWidth + 2 * kOutPadding) * kStep;
  static constexpr int kFirstOut = kOutPadding * (kRowOut + kStep);
  static constexpr size_t kInSize = size_t(kInHeight) * kInWidth * kInStep;
  static constexpr size_t kOutSize = size_t(kOutHeight + 2 * kOutPadding) * kRowOut;
  static constexpr size_t kOutGradientSize = size_t(kOutHeight) * kOutWidth * kStep;
  static constexpr size_t kInGradientSize = size_t(S::height) * S::width * kInStep;
  static constexpr int kPixels = kHeight * kWidth;
  static constexpr bool kTail = S::norm || S::pool || S::drop > 0 || S::relu_after;  // anything after the convolution

  using Conv = Convolution<S::kernel, S::inputs, kInStep, kInWidth, kChannels, kHeight, kWidth>;
  static constexpr int kWeights = S::conv ? Conv::kWeights : 0;
  // Of one chunk of images: weights, then bias.
  static constexpr int kPartSize = S::conv ? kWeights + kStep : 0;

 private:
  // The middle is where the input is, or where the output goes, if nothing happens in between.
  static constexpr bool kOwnMiddle = S::conv && kTail;
  static constexpr int kRowMiddle = !S::conv ? kInWidth * kStep : kTail ? kWidth * kStep : kRowOut;
  // The middle's gradient has zeros around it as the convolution that takes it to the input needs them.
  static constexpr bool kOwnGradient = S::conv || kFirst;
  static constexpr int kGradientPadding = S::conv && !kFirst ? S::kernel - 1 - S::padding : 0;
  static constexpr int kRowGradient = (kWidth + 2 * kGradientPadding) * kStep;
  static constexpr size_t kGradientSize = size_t(kHeight + 2 * kGradientPadding) * kRowGradient;
  static constexpr int kFirstGradient = kGradientPadding * (kRowGradient + kStep);
  using Back = Convolution<S::kernel, kChannels, kStep, kWidth + 2 * kGradientPadding, S::inputs, S::height, S::width>;

 public:
  // The norm as one multiplication and addition, and what its gradient needs. Each thread has its own.
  struct Norm {
    alignas(64) float mean[kStep], rstd[kStep], scale[kStep], shift[kStep], by_mean[kStep], by_spread[kStep];
  };

  explicit Stage(int images, int chunks)
      : out(zeros(images * kOutSize)),
        out_gradient(zeros(images * kOutGradientSize)),
        parts(zeros(size_t(chunks) * kPartSize)),
        middle_(zeros(kOwnMiddle ? images * size_t(kPixels) * kStep : 0)),
        gradient_(zeros(kOwnGradient ? images * kGradientSize : 0)),
        moments_(zeros(S::norm ? size_t(images) * 2 * kStep : 0)),
        products_(zeros(S::norm ? size_t(images) * 2 * kStep : 0)),
        weights_(zeros(kWeights)),
        flipped_(zeros(S::conv && !kFirst ? Back::kWeights : 0)),
        bias_(zeros(kStep)),
        gamma_(zeros(kStep)),
        beta_(zeros(kStep)) {}

  Buffer out, out_gradient;
  Buffer parts;  // the gradients of weights and bias, one part a chunk of images

  // Bring PyTorch's [output][input][row][column] into our order, once a step.
  void pack(const Weights& from, bool backward) {
    if constexpr (S::conv) {
      constexpr int window = S::kernel * S::kernel;
      for (int o = 0; o < kChannels; o++) {
        if (S::bias) bias_[o] = from.bias[o];
        for (int i = 0; i < S::inputs; i++)
          for (int k = 0; k < window; k++) {
            const float weight = from.weight[(o * S::inputs + i) * window + k];
            weights_[(k * S::inputs + i) * kStep + o] = weight;
            if constexpr (!kFirst)
              if (backward) flipped_[((window - 1 - k) * kChannels + o) * Back::kOutStep + i] = weight;
          }
      }
    }
    if constexpr (S::norm)
      for (int c = 0; c < kChannels; c++) {
        gamma_[c] = from.gamma ? from.gamma[c] : 1.0f;
        beta_[c] = from.beta ? from.beta[c] : 0.0f;
      }
  }

  // Forward, first half: convolution and ReLU of image `n`, and the sums the norm needs.
  template <bool kTraining>
  void compute(const float* in, int n) {
    if constexpr (S::conv) {
      float* to = kTail ? middle_.get() + size_t(n) * kPixels * kStep : out.get() + n * kOutSize + kFirstOut;
      Conv::forward(in, weights_.get(), S::bias ? bias_.get() : nullptr, [&](int y, int x, int v, Floats<L> value) {
        if (S::relu) value = rectified<L>(value);
        store<L>(to + y * kRowMiddle + x * kStep + v * L, value);
      });
    }
    if constexpr (S::norm && kTraining) sum_up(middle(in, n), n);
  }

  // Mean and variance of the batch, from every image's own.
  void normalise(int images, Norm& norm, float* unbiased_variance) const {
    double mean[kStep] = {}, spread[kStep] = {};
    for (int n = 0; n < images; n++)
      for (int c = 0; c < kStep; c++) mean[c] += moments_[size_t(n) * 2 * kStep + c];
    for (int c = 0; c < kStep; c++) mean[c] /= images;
    for (int n = 0; n < images; n++)
      for (int c = 0; c < kStep; c++) {
        const double off = moments_[size_t(n) * 2 * kStep + c] - mean[c];
        spread[c] += moments_[(size_t(n) * 2 + 1) * kStep + c] + kPixels * off * off;
      }
    const double count = double(images) * kPixels;
    for (int c = 0; c < kStep; c++) {
      const double variance = spread[c] / count;
      set(norm, c, float(mean[c]), float(1.0 / std::sqrt(variance + S::epsilon)));
      unbiased_variance[c] = float(spread[c] / std::max(count - 1, 1.0));
    }
  }

  // As in evaluation, from the running statistics.
  void normalise(const Weights& from, Norm& norm) const {
    if constexpr (S::norm)
      for (int c = 0; c < kChannels; c++)
        set(norm, c, from.mean[c], float(1.0 / std::sqrt(double(from.variance[c]) + S::epsilon)));
  }

  // Forward, second half.
  template <bool kTraining>
  void finish(const float* in, int n, const Norm& norm, Moment moment) {
    if constexpr (kTail || !S::conv) {
      const float* from = middle(in, n);
      float* to = out.get() + n * kOutSize + kFirstOut;
      const Dropper<L> drop(S::drop, stream(moment.seed, moment.step, kNumber));
      for (int y = 0; y < kOutHeight; y++)
        for (int x = 0; x < kOutWidth; x++)
          for (int v = 0; v < kVectors; v++) {
            const float* at = from + y * (S::pool ? S::stride : 1) * kRowMiddle + x * (S::pool ? S::stride : 1) * kStep + v * L;
            Floats<L> value = pooled(at, norm, v);
            if (kTraining && S::drop > 0) value *= drop(position(n, y, x, v));
            store<L>(to + y * kRowOut + x * kStep + v * L, value);
          }
    }
  }

  // Backward, first half: from the gradient of the output to that of the norm's output.
  void gather(const float* in, float* in_gradient, int n, const Norm& norm, Moment moment) {
    const float* values = middle(in, n);
    const float* of = out_gradient.get() + n * kOutGradientSize;
    float* to = gradient(in_gradient, n);
    const Dropper<L> drop(S::drop, stream(moment.seed, moment.step, kNumber));
    if constexpr (S::pool != 0 && (S::pool != S::stride || kHeight % S::pool != 0 || kWidth % S::pool != 0))
      for (int y = 0; y < kHeight; y++) std::memset(to + y * kRowGradient, 0, kWidth * kStep * sizeof(float));
    Floats<L> sum[kVectors] = {}, product[kVectors] = {};
    for (int y = 0; y < kOutHeight; y++) {
      Floats<L> row_sum[kVectors] = {}, row_product[kVectors] = {};
      for (int x = 0; x < kOutWidth; x++)
        for (int v = 0; v < kVectors; v++) {
          Floats<L> g = load<L>(of + (y * kOutWidth + x) * kStep + v * L);
          if (S::drop > 0) g *= drop(position(n, y, x, v));
          constexpr int stride = S::pool ? S::stride : 1;
          const float* at = values + y * stride * kRowMiddle + x * stride * kStep + v * L;
          float* back = to + y * stride * kRowGradient + x * stride * kStep + v * L;
          unpool(at, back, g, norm, v, row_sum[v], row_product[v]);
        }
      for (int v = 0; v < kVectors; v++) sum[v] += row_sum[v], product[v] += row_product[v];
    }
    if constexpr (S::norm)
      for (int v = 0; v < kVectors; v++) {
        store<L>(&products_[size_t(n) * 2 * kStep + v * L], sum[v]);
        store<L>(&products_[(size_t(n) * 2 + 1) * kStep + v * L], product[v] * load<L>(norm.rstd + v * L));
      }
  }

  // The gradients of the norm's own weights, and what `spread` needs of them.
  void balance(int images, Norm& norm, float* gamma, float* beta) const {
    double sum[kStep] = {}, product[kStep] = {};
    for (int n = 0; n < images; n++)
      for (int c = 0; c < kStep; c++) {
        sum[c] += products_[size_t(n) * 2 * kStep + c];
        product[c] += products_[(size_t(n) * 2 + 1) * kStep + c];
      }
    const double count = double(images) * kPixels;
    for (int c = 0; c < kStep; c++) {
      gamma[c] = float(product[c]);
      beta[c] = float(sum[c]);
      norm.by_mean[c] = float(norm.scale[c] * sum[c] / count);
      norm.by_spread[c] = float(norm.scale[c] * norm.rstd[c] * product[c] / count);
    }
  }

  // Backward, second half: through norm and ReLU to the weights (into `part`, those of a chunk) and the input.
  void spread(const float* in, float* in_gradient, int n, const Norm& norm, float* part) {
    float* of = gradient(in_gradient, n);
    if constexpr (S::norm || S::relu) {
      const float* values = middle(in, n);
      for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++)
          for (int v = 0; v < kVectors; v++) {
            float* at = of + y * kRowGradient + x * kStep + v * L;
            const Floats<L> value = load<L>(values + y * kRowMiddle + x * kStep + v * L);
            Floats<L> g = load<L>(at);
            if (S::norm)
              g = load<L>(norm.scale + v * L) * g - load<L>(norm.by_mean + v * L) -
                  (value - load<L>(norm.mean + v * L)) * load<L>(norm.by_spread + v * L);
            if (S::relu) g = where_positive<L>(value, g);
            store<L>(at, g);
          }
    }
    if constexpr (S::conv) {
      Conv::weight_gradient(in, of, kRowGradient, part, part + kWeights);
      if constexpr (!kFirst)
        Back::forward(gradient_.get() + n * kGradientSize, flipped_.get(), nullptr,
                      [&](int y, int x, int v, Floats<Back::L> value) {
                        store<Back::L>(in_gradient + (y * S::width + x) * kInStep + v * Back::L, value);
                      });
    }
  }

 private:
  const float* middle(const float* in, int n) const {
    if constexpr (!S::conv) return in;
    return kTail ? middle_.get() + size_t(n) * kPixels * kStep : out.get() + n * kOutSize + kFirstOut;
  }
  float* gradient(float* in_gradient, int n) {
    return kOwnGradient ? gradient_.get() + n * kGradientSize + kFirstGradient : in_gradient;
  }
  static uint32_t position(int n, int y, int x, int v) {
    const int place = S::drop_channels ? n : (n * kOutHeight + y) * kOutWidth + x;
    return uint32_t(place) * kStep + v * L;
  }

  void set(Norm& norm, int c, float mean, float rstd) const {
    norm.mean[c] = mean;
    norm.rstd[c] = rstd;
    norm.scale[c] = gamma_[c] * rstd;
    norm.shift[c] = beta_[c] - mean * norm.scale[c];
  }

  // The value that pooling sees.
  static Floats<L> activated(const float* at, const Norm& norm, int v) {
    Floats<L> value = load<L>(at);
    if (S::norm) value = value * load<L>(norm.scale + v * L) + load<L>(norm.shift + v * L);
    if (S::relu_after) value = rectified<L>(value);
    return value;
  }

  static Floats<L> pooled(const float* at, const Norm& norm, int v) {
    if constexpr (S::pool == 0) return activated(at, norm, v);
    if constexpr (S::average) return averaged(at, norm, v);
    Floats<L> result = activated(at, norm, v);
    NATIVE_UNROLL
    for (int k = 1; k < S::pool * S::pool; k++) {
      const Floats<L> value = activated(at + (k / S::pool) * kRowMiddle + (k % S::pool) * kStep, norm, v);
      result = (value > result) | (value != value) ? value : result;
    }
    return result;
  }

  // Row by row: in one sum of a large window, each number is rounded to what the whole sum can hold.
  static Floats<L> averaged(const float* at, const Norm& norm, int v) {
    Floats<L> sum{};
    for (int row = 0; row < S::pool; row++) {
      Floats<L> row_sum{};
      for (int column = 0; column < S::pool; column++)
        row_sum += activated(at + row * kRowMiddle + column * kStep, norm, v);
      sum += row_sum;
    }
    return sum * (1.0f / (S::pool * S::pool));
  }

  // The gradient of one output, to the positions it came from; and what the norm needs of it.
  static void unpool(const float* at, float* back, Floats<L> g, const Norm& norm, int v, Floats<L>& sum,
                     Floats<L>& product) {
    const Floats<L> mean = S::norm ? load<L>(norm.mean + v * L) : Floats<L>{};
    if constexpr (S::pool == 0) {
      if (S::relu_after) g = where_positive<L>(activated(at, norm, v), g);
      store<L>(back, g);
      if (S::norm) sum += g, product += g * (load<L>(at) - mean);
      return;
    }
    constexpr bool overlap = S::pool != 0 && S::pool != S::stride;
    constexpr int window = S::pool * S::pool;
    Floats<L> best = activated(at, norm, v);
    Ints<L> chosen{};
    if (!S::average) {
      NATIVE_UNROLL
      for (int k = 1; k < window; k++) {
        const Floats<L> value = activated(at + (k / S::pool) * kRowMiddle + (k % S::pool) * kStep, norm, v);
        const Ints<L> greater = (value > best) | (value != value);
        best = greater ? value : best;
        chosen = greater ? Ints<L>{} + k : chosen;
      }
      if (S::relu_after) g = where_positive<L>(best, g);
    } else {
      g *= 1.0f / window;
    }
    NATIVE_UNROLL
    for (int k = 0; k < window; k++) {
      const int row = k / (S::pool ? S::pool : 1), column = k % (S::pool ? S::pool : 1);
      const float* here = at + row * kRowMiddle + column * kStep;
      Floats<L> own = g;
      if (S::average) {
        if (S::relu_after) own = where_positive<L>(activated(here, norm, v), g);
      } else {
        own = chosen == k ? g : Floats<L>{};
      }
      if (S::norm) sum += own, product += own * (load<L>(here) - mean);
      float* to = back + row * kRowGradient + column * kStep;
      store<L>(to, overlap ? load<L>(to) + own : own);
    }
  }

  // Mean and sum of squares around it of one image, each channel's. Around its first value at first: far from zero,
  // squares would drown what they differ by.
  void sum_up(const float* values, int n) {
    for (int v = 0; v < kVectors; v++) {
      const Floats<L> around = load<L>(values + v * L);
      Floats<L> sum{}, square{};
      for (int y = 0; y < kHeight; y++) {
        Floats<L> row_sum{}, row_square{};
        for (int x = 0; x < kWidth; x++) {
          const Floats<L> off = load<L>(values + y * kRowMiddle + x * kStep + v * L) - around;
          row_sum += off;
          row_square += off * off;
        }
        sum += row_sum;
        square += row_square;
      }
      const Floats<L> mean = sum * (1.0f / kPixels);
      store<L>(&moments_[size_t(n) * 2 * kStep + v * L], around + mean);
      store<L>(&moments_[(size_t(n) * 2 + 1) * kStep + v * L], square - sum * mean);
    }
  }

  Buffer middle_, gradient_;
  // Two numbers a channel for each image. Backward has its own: a thread may be there while another still reads.
  Buffer moments_, products_;
  Buffer weights_, flipped_, bias_, gamma_, beta_;
};

}  // namespace native
