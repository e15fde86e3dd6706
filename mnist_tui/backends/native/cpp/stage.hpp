// One stage of the chain: convolution, ReLU, norm, ReLU, pooling, dropout, each of which may be missing.
#pragma once

#include "convolution.hpp"
#include "link.hpp"
#include "random.hpp"

namespace native {

// What a stage has unless its description says otherwise. A generated struct derives from it.
struct Nothing {
  static constexpr bool first = false;  // of the chain
  static constexpr bool conv = false, bias = false, relu = false;
  static constexpr int outputs = 0, kernel = 1, padding = 0;
  static constexpr bool norm = false, relu_after = false;
  static constexpr double epsilon = 1e-5, momentum = 0.1;
  static constexpr int pool = 0, stride = 1;  // the pool's size; 0 is no pooling
  static constexpr bool average = false;
  static constexpr double drop = 0;
  static constexpr bool drop_channels = false;
  static constexpr int next_padding = 0;  // of the next stage's convolution
};

// The output gets the zeros around it that the next convolution needs. The first stage needs no gradient by its input.
template <class S>
class Stage final : public Link {
  static_assert(S::conv || !S::relu, "without a convolution, the ReLU is the one after the norm");
  static constexpr bool kFirst = S::first;
  static constexpr int kOutPadding = S::next_padding;

 public:
  static constexpr int kChannels = S::conv ? S::outputs : S::inputs;
  static constexpr int L = lanes(kChannels), kStep = padded(kChannels), kVectors = kStep / L;
  // A convolution reads its numbers one by one: those of the images need nothing that pads them.
  static constexpr int kInStep = kFirst && S::conv ? S::inputs : padded(S::inputs);
  static constexpr int kInHeight = S::height + 2 * S::padding, kInWidth = S::width + 2 * S::padding;
  static constexpr int kHeight = kInHeight - S::kernel + 1, kWidth = kInWidth - S::kernel + 1;  // in the middle
  static constexpr int kOutHeight = S::pool ? (kHeight - S::pool) / S::stride + 1 : kHeight;
  static constexpr int kOutWidth = S::pool ? (kWidth - S::pool) / S::stride + 1 : kWidth;
  static constexpr int kRowOut = (kOutWidth + 2 * kOutPadding) * kStep;
  static constexpr int kFirstOut = kOutPadding * (kRowOut + kStep);
  static constexpr size_t kInSize = size_t(kInHeight) * kInWidth * kInStep;
  static constexpr size_t kOutSize = size_t(kOutHeight + 2 * kOutPadding) * kRowOut;
  static constexpr size_t kOutGradientSize = size_t(kOutHeight) * kOutWidth * kStep;
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
  // Without a convolution it is the input's, unless a norm is waited for, when there is room for one input's only.
  static constexpr bool kOwnGradient = S::conv || S::norm || kFirst;
  static constexpr int kGradientPadding = S::conv && !kFirst ? S::kernel - 1 - S::padding : 0;
  static constexpr int kRowGradient = (kWidth + 2 * kGradientPadding) * kStep;
  static constexpr size_t kGradientSize = size_t(kHeight + 2 * kGradientPadding) * kRowGradient;
  static constexpr int kFirstGradient = kGradientPadding * (kRowGradient + kStep);
  using Back = Convolution<S::kernel, kChannels, kStep, kWidth + 2 * kGradientPadding, S::inputs, S::height, S::width>;

  static constexpr int kWindow = S::kernel * S::kernel;
  static constexpr Shape shape_of() {
    Shape shape{};
    shape.in = kInSize, shape.out = kOutSize, shape.out_gradient = kOutGradientSize;
    shape.in_first = S::padding * (kInWidth + 1) * kInStep, shape.in_row = kInWidth * kInStep, shape.in_step = kInStep;
    shape.channels = kChannels, shape.step = kStep, shape.filter = S::conv ? S::inputs * kWindow : 0;
    shape.weights = kWeights, shape.part = kPartSize, shape.pixels = kPixels;
    shape.bias = S::bias, shape.norm = S::norm, shape.epsilon = S::epsilon, shape.momentum = S::momentum;
    return shape;
  }

 public:
  // `number` in the chain.
  Stage(int number, const Room& room)
      : Link(shape_of(), room),
        number_(number),
        middle_(kOwnMiddle ? room.images * size_t(kPixels) * kStep : 0),
        gradient_(kOwnGradient ? room.images * kGradientSize : 0),
        weights_(kWeights),
        flipped_(S::conv && !kFirst ? Back::kWeights : 0),
        bias_(kStep) {}

  void pack(const Weights& from, bool backward) override {
    if constexpr (S::conv)
      for (int o = 0; o < kChannels; o++) {
        if (S::bias) bias_[o] = from.bias[o];
        for (int i = 0; i < S::inputs; i++)
          for (int k = 0; k < kWindow; k++) {
            const float weight = from.weight[(o * S::inputs + i) * kWindow + k];
            weights_[(k * S::inputs + i) * kStep + o] = weight;
            if constexpr (!kFirst)
              if (backward) flipped_[((kWindow - 1 - k) * kChannels + o) * Back::kOutStep + i] = weight;
          }
      }
  }

  void unpack(int begin, int end, float* gradient) const override {
    if constexpr (S::conv)
      for (int o = begin; o < end; o++)
        for (int i = 0; i < S::inputs; i++)
          for (int k = 0; k < kWindow; k++)
            gradient[(o * S::inputs + i) * kWindow + k] = parts[(k * S::inputs + i) * kStep + o];
  }

  void compute(const float* in, int n, bool training) override {
    if constexpr (S::conv) {
      float* to = kTail ? middle_.get() + size_t(n) * kPixels * kStep : out.get() + n * kOutSize + kFirstOut;
      Conv::forward(in, weights_.get(), S::bias ? bias_.get() : nullptr, [&](int y, int x, int v, Floats<L> value) {
        if (S::relu) value = rectified<L>(value);
        store<L>(to + y * kRowMiddle + x * kStep + v * L, value);
      });
    }
    if constexpr (S::norm)
      if (training) sum_up(middle(in, n), n);
  }

  void finish(const float* in, int n, int thread, const Moment* moment) override {
    if constexpr (kTail || !S::conv) {
      const float* norm = norm_of(thread);
      const float* from = middle(in, n);
      float* to = out.get() + n * kOutSize + kFirstOut;
      const Dropper<L> drop(S::drop, moment ? stream(moment->seed, moment->step, number_) : 0);
      for (int y = 0; y < kOutHeight; y++)
        for (int x = 0; x < kOutWidth; x++)
          for (int v = 0; v < kVectors; v++) {
            const float* at = from + y * (S::pool ? S::stride : 1) * kRowMiddle + x * (S::pool ? S::stride : 1) * kStep + v * L;
            Floats<L> value = pooled(at, norm, v);
            if (S::drop > 0 && moment) value *= drop(position(n, y, x, v));
            store<L>(to + y * kRowOut + x * kStep + v * L, value);
          }
    }
  }

  void gather(const float* in, float* in_gradient, int n, int thread, Moment moment) override {
    const float* norm = norm_of(thread);
    const float* values = middle(in, n);
    const float* of = out_gradient_of(thread);
    float* to = gradient(in_gradient, n);
    const Dropper<L> drop(S::drop, stream(moment.seed, moment.step, number_));
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
        store<L>(&products[size_t(n) * 2 * kStep + v * L], sum[v]);
        store<L>(&products[(size_t(n) * 2 + 1) * kStep + v * L], product[v] * row(norm, kRstd, v));
      }
  }

  void spread(const float* in, float* in_gradient, int n, int thread, float* part) override {
    const float* norm = norm_of(thread);
    float* of = gradient(in_gradient, n);
    float* to = S::conv || kFirst ? of : in_gradient;
    if constexpr (S::norm || S::relu) {
      const float* values = middle(in, n);
      for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++)
          for (int v = 0; v < kVectors; v++) {
            const int at = y * kRowGradient + x * kStep + v * L;
            const Floats<L> value = load<L>(values + y * kRowMiddle + x * kStep + v * L);
            Floats<L> g = load<L>(of + at);
            if (S::norm)
              g = row(norm, kScale, v) * g - row(norm, kByMean, v) -
                  (value - row(norm, kMean, v)) * row(norm, kBySpread, v);
            if (S::relu) g = where_positive<L>(value, g);
            store<L>(to + at, g);
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

  static Floats<L> row(const float* norm, NormRow which, int v) { return load<L>(norm + which * kStep + v * L); }

  // The value that pooling sees.
  static Floats<L> activated(const float* at, const float* norm, int v) {
    Floats<L> value = load<L>(at);
    if (S::norm) value = value * row(norm, kScale, v) + row(norm, kShift, v);
    if (S::relu_after) value = rectified<L>(value);
    return value;
  }

  static Floats<L> pooled(const float* at, const float* norm, int v) {
    if constexpr (S::pool == 0) return activated(at, norm, v);
    if constexpr (S::average) return averaged(at, norm, v);
    Floats<L> result = activated(at, norm, v);
    NATIVE_UNROLL
    for (int k = 1; k < S::pool * S::pool; k++) {
      const Floats<L> value = activated(at + (k / S::pool) * kRowMiddle + (k % S::pool) * kStep, norm, v);
      result = ((value > result) | (value != value)) ? value : result;
    }
    return result;
  }

  // Row by row: in one sum of a large window, each number is rounded to what the whole sum can hold.
  static Floats<L> averaged(const float* at, const float* norm, int v) {
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
  static void unpool(const float* at, float* back, Floats<L> g, const float* norm, int v, Floats<L>& sum,
                     Floats<L>& product) {
    const Floats<L> mean = S::norm ? row(norm, kMean, v) : Floats<L>{};
    if constexpr (S::pool == 0) {
      if (S::relu_after) g = where_positive<L>(activated(at, norm, v), g);
      store<L>(back, g);
      if (S::norm) sum += g, product += g * (load<L>(at) - mean);
    } else if constexpr (S::average) {
      unaverage(at, back, g, norm, mean, v, sum, product);
    } else {
      unpick(at, back, g, norm, mean, v, sum, product);
    }
  }

  // To the first of the greatest.
  static void unpick(const float* at, float* back, Floats<L> g, const float* norm, Floats<L> mean, int v,
                     Floats<L>& sum, Floats<L>& product) {
    constexpr int window = S::pool * S::pool;
    Floats<L> best = activated(at, norm, v);
    Ints<L> chosen{};
    NATIVE_UNROLL
    for (int k = 1; k < window; k++) {
      const Floats<L> value = activated(at + (k / S::pool) * kRowMiddle + (k % S::pool) * kStep, norm, v);
      const Ints<L> greater = (value > best) | (value != value);
      best = greater ? value : best;
      chosen = greater ? Ints<L>{} + k : chosen;
    }
    if (S::relu_after) g = where_positive<L>(best, g);
    NATIVE_UNROLL
    for (int k = 0; k < window; k++) {
      const int row = k / S::pool, column = k % S::pool;
      const Floats<L> own = chosen == k ? g : Floats<L>{};
      if (S::norm) sum += own, product += own * (load<L>(at + row * kRowMiddle + column * kStep) - mean);
      give(back + row * kRowGradient + column * kStep, own);
    }
  }

  // All of a window get one gradient, or none through a ReLU. So those that get it are counted: to add up one number
  // a hundred times rounds it a hundred times. What it is multiplied by is added up row by row, as in `averaged`.
  static void unaverage(const float* at, float* back, Floats<L> g, const float* norm, Floats<L> mean, int v,
                        Floats<L>& sum, Floats<L>& product) {
    g *= 1.0f / (S::pool * S::pool);
    Floats<L> count{}, off{};
    for (int row = 0; row < S::pool; row++) {
      Floats<L> row_off{};
      for (int column = 0; column < S::pool; column++) {
        const float* here = at + row * kRowMiddle + column * kStep;
        Floats<L> own = g, one = broadcast<L>(1.0f);
        if (S::relu_after) {
          one = where_positive<L>(activated(here, norm, v), one);
          own = where_positive<L>(one, g);
        }
        if (S::norm) count += one, row_off += one * (load<L>(here) - mean);
        give(back + row * kRowGradient + column * kStep, own);
      }
      off += row_off;
    }
    if (S::norm) sum += count * g, product += off * g;
  }

  // Where windows overlap, a position gets a gradient from each that it is in.
  static void give(float* to, Floats<L> gradient) {
    constexpr bool overlap = S::pool != S::stride;
    store<L>(to, overlap ? load<L>(to) + gradient : gradient);
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
      store<L>(&moments[size_t(n) * 2 * kStep + v * L], around + mean);
      store<L>(&moments[(size_t(n) * 2 + 1) * kStep + v * L], square - sum * mean);
    }
  }

  const int number_;
  Buffer middle_, gradient_;
  Buffer weights_, flipped_, bias_;
};

}  // namespace native
