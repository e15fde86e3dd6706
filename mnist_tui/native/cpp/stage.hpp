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
  static constexpr bool next_bare = false;  // of any convolution
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

  // Going back takes the middle. The output is made of that again, unless it is the middle: this stage's or the next's.
  static constexpr bool kKept = (S::conv && !kTail) || S::next_bare;

  using Conv = Convolution<S::kernel, S::inputs, kInStep, kInWidth, kChannels, kHeight, kWidth>;
  // The gradients of one chunk of images: of the weights, then of the bias.
  static constexpr int kFilters = S::conv ? Conv::kFilter : 0;
  static constexpr int kPartSize = S::conv ? kFilters + kStep : 0;

 private:
  // The middle is where the input is, or where the output goes, if nothing happens in between.
  static constexpr bool kOwnMiddle = S::conv && kTail;
  static constexpr int kRowMiddle = !S::conv ? kInWidth * kStep : kTail ? kWidth * kStep : kRowOut;
  // The middle's gradient has zeros around it as the convolution that takes it to the input needs them. Without a
  // convolution it is the input's.
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
    shape.weights = kFilters, shape.part = kPartSize, shape.pixels = kPixels;
    shape.bias = S::bias, shape.norm = S::norm, shape.kept = kKept, shape.epsilon = S::epsilon, shape.momentum = S::momentum;
    return shape;
  }

 public:
  // `number` in the chain.
  Stage(int number, const Room& room)
      : Link(shape_of(), room),
        number_(number),
        middle_(kOwnMiddle ? room.images * size_t(kPixels) * kStep : 0),
        gradient_(S::conv ? room.threads * kGradientSize : 0),
        weights_(S::conv ? Conv::kWeights : 0),
        flipped_(S::conv && !kFirst ? Back::kWeights : 0),
        bias_(Conv::kWeightStep) {}

  void pack(const Weights& from, bool backward) override {
    if constexpr (S::conv)
      for (int o = 0; o < kChannels; o++) {
        if (S::bias) Conv::pack(bias_.get(), o, from.bias[o]);
        for (int i = 0; i < S::inputs; i++)
          for (int row = 0; row < S::kernel; row++)
            for (int column = 0; column < S::kernel; column++) {
              const float weight = from.weight[((o * S::inputs + i) * S::kernel + row) * S::kernel + column];
              Conv::pack(weights_.get(), row, column, i, o, weight);
              if constexpr (!kFirst)
                if (backward) Back::pack(flipped_.get(), S::kernel - 1 - row, S::kernel - 1 - column, o, i, weight);
            }
      }
  }

  void unpack(int begin, int end, float* gradient) const override {
    if constexpr (S::conv)
      for (int o = begin; o < end; o++)
        for (int i = 0; i < S::inputs; i++)
          for (int k = 0; k < kWindow; k++)
            gradient[(o * S::inputs + i) * kWindow + k] = parts[Conv::place(k / S::kernel, k % S::kernel, i, o)];
  }

  void compute(const float* in, int n, bool training) override {
    if constexpr (S::conv) {
      float* to = own_middle(n);
      const auto keep = [&](int y, int x, int v, Floats<Conv::L> value) NATIVE_INLINE {
        if (S::relu) value = rectified<Conv::L>(value);
        store<Conv::L>(to + y * kRowMiddle + x * kStep + v * Conv::L, value);
      };
      Conv::forward(in, weights_.get(), S::bias ? bias_.get() : nullptr, keep);
    }
    if constexpr (S::norm)
      if (training) sum_up(middle(in, n), n);
  }

  void finish(const float* in, int n, int thread, const Moment* moment) override {
    if constexpr (kTail || !S::conv) {
      const float* from = middle(in, n);
      float* to = out_of(n, thread) + kFirstOut;
      const Dropper<L> drop(S::drop, moment ? stream(moment->seed, moment->step, number_) : 0);
      for (int v = 0; v < kVectors; v++) {
        const Rows norm = rows(v);
        for (int y = 0; y < kOutHeight; y++)
          for (int x = 0; x < kOutWidth; x++) {
            Floats<L> value = pooled(from + window(y, x, v), norm);
            if (S::drop > 0 && moment) value *= drop(position(n, y, x, v));
            store<L>(to + y * kRowOut + x * kStep + v * L, value);
          }
      }
    }
  }

  void gather(const float* in, int n, int thread, Moment moment) override {
    if constexpr (S::norm) {
      const float *values = middle(in, n), *of = out_gradient_of(n, thread);
      const Dropper<L> drop(S::drop, stream(moment.seed, moment.step, number_));
      for (int v = 0; v < kVectors; v++) {
        const Rows norm = rows(v);
        Floats<L> sum{}, product{};
        for (int y = 0; y < kOutHeight; y++) {
          Floats<L> sums[kSumsInARow] = {}, products[kSumsInARow] = {};
          in_blocks<kOutWidth, kSumsInARow>([&](auto positions, int x) NATIVE_INLINE {
            NATIVE_UNROLL
            for (int p = 0; p < decltype(positions)::value; p++) {
              const Floats<L> g = dropped(of, drop, n, y, x + p, v);
              tally(values + window(y, x + p, v), g, norm, sums[p], products[p]);
            }
          });
          sum += total(sums);
          product += total(products);
        }
        store<L>(&products[size_t(n) * 2 * kStep + v * L], sum);
        store<L>(&products[(size_t(n) * 2 + 1) * kStep + v * L], product * norm.rstd);
      }
    }
  }

  void spread(const float* in, float* in_gradient, int n, int thread, Moment moment, float* part) override {
    // Nobody asks for the gradient by an image.
    if constexpr (kFirst && !S::conv) return;
    const float *values = middle(in, n), *of = out_gradient_of(n, thread);
    float* gradient = S::conv ? gradient_.get() + thread * kGradientSize + kFirstGradient : in_gradient;
    const Dropper<L> drop(S::drop, stream(moment.seed, moment.step, number_));
    if constexpr (!kTiled)
      for (int y = 0; y < kHeight; y++) std::memset(gradient + y * kRowGradient, 0, kWidth * kStep * sizeof(float));
    for (int v = 0; v < kVectors; v++) {
      const Rows norm = rows(v);
      for (int y = 0; y < kOutHeight; y++)
        for (int x = 0; x < kOutWidth; x++) {
          float* to = gradient + y * kStride * kRowGradient + x * kStride * kStep + v * L;
          unpool(values + window(y, x, v), to, dropped(of, drop, n, y, x, v), norm);
        }
      if constexpr (!kTiled)
        for (int y = 0; y < kHeight; y++)
          for (int x = 0; x < kWidth; x++) {
            float* at = gradient + y * kRowGradient + x * kStep + v * L;
            store<L>(at, before_norm(load<L>(values + y * kRowMiddle + x * kStep + v * L), load<L>(at), norm));
          }
    }
    if constexpr (S::conv) {
      Conv::weight_gradient(in, gradient, kRowGradient, part, part + kFilters);
      if constexpr (!kFirst) {
        const auto keep = [&](int y, int x, int v, Floats<Back::L> value) NATIVE_INLINE {
          store<Back::L>(in_gradient + (y * S::width + x) * kInStep + v * Back::L, value);
        };
        Back::forward(gradient - kFirstGradient, flipped_.get(), nullptr, keep);
      }
    }
  }

 private:
  static constexpr int kStride = S::pool ? S::stride : 1;
  // Every position is in one window of the pool.
  static constexpr bool kTiled =
      S::pool == 0 || (S::pool == S::stride && kHeight % S::pool == 0 && kWidth % S::pool == 0);
  // Neighbours are added up apart: one sum would wait for its last addition at every position.
  static constexpr int kSumsInARow = 4;

  // A norm's numbers for a register of channels.
  struct Rows {
    Floats<L> mean, rstd, scale, shift, by_mean, by_spread;
  };
  Rows rows(int v) const {
    const auto row = [&](NormRow which) { return load<L>(norm.get() + which * kStep + v * L); };
    return {row(kMean), row(kRstd), row(kScale), row(kShift), row(kByMean), row(kBySpread)};
  }

  const float* middle(const float* in, int n) const {
    return S::conv ? own_middle(n) : in;
  }
  float* own_middle(int n) const {
    return kTail ? middle_.get() + size_t(n) * kPixels * kStep : out_of(n, 0) + kFirstOut;
  }
  // Where in the middle an output comes from: a position, or the first one of a window.
  static constexpr int window(int y, int x, int v) { return y * kStride * kRowMiddle + x * kStride * kStep + v * L; }

  static uint32_t position(int n, int y, int x, int v) {
    const int place = S::drop_channels ? n : (n * kOutHeight + y) * kOutWidth + x;
    return uint32_t(place) * kStep + v * L;
  }
  static Floats<L> dropped(const float* gradient, const Dropper<L>& drop, int n, int y, int x, int v) {
    const Floats<L> g = load<L>(gradient + (y * kOutWidth + x) * kStep + v * L);
    return S::drop > 0 ? g * drop(position(n, y, x, v)) : g;
  }

  static Floats<L> total(const Floats<L> (&sums)[kSumsInARow]) { return (sums[0] + sums[1]) + (sums[2] + sums[3]); }

  // The value that pooling sees.
  static Floats<L> activated(Floats<L> value, const Rows& norm) {
    if (S::norm) value = value * norm.scale + norm.shift;
    if (S::relu_after) value = rectified<L>(value);
    return value;
  }

  // And the gradient by its output back through the norm and the ReLU before it.
  static Floats<L> before_norm(Floats<L> value, Floats<L> g, const Rows& norm) {
    if (S::norm) g = norm.scale * g - norm.by_mean - (value - norm.mean) * norm.by_spread;
    return S::relu ? where_positive<L>(value, g) : g;
  }

  static Floats<L> pooled(const float* at, const Rows& norm) {
    if constexpr (S::pool == 0)
      return activated(load<L>(at), norm);
    else if constexpr (S::average)
      return averaged(at, norm);
    else
      return greatest(at, norm).activated;
  }

  // The first of the greatest of a window.
  struct Greatest {
    Floats<L> value, activated;
    Ints<L> which;
  };
  static Greatest greatest(const float* at, const Rows& norm) {
    const Floats<L> first = load<L>(at);
    Greatest best{first, activated(first, norm), {}};
    NATIVE_UNROLL
    for (int k = 1; k < S::pool * S::pool; k++) {
      const Floats<L> value = load<L>(at + (k / S::pool) * kRowMiddle + (k % S::pool) * kStep);
      const Floats<L> next = activated(value, norm);
      const Ints<L> greater = (next > best.activated) | (next != next);
      best.value = greater ? value : best.value;
      best.activated = greater ? next : best.activated;
      best.which = greater ? Ints<L>{} + k : best.which;
    }
    return best;
  }

  // Row by row: in one sum of a large window, each number is rounded to what the whole sum can hold.
  static Floats<L> averaged(const float* at, const Rows& norm) {
    Floats<L> sum{};
    for (int row = 0; row < S::pool; row++) {
      Floats<L> row_sum{};
      for (int column = 0; column < S::pool; column++)
        row_sum += activated(load<L>(at + row * kRowMiddle + column * kStep), norm);
      sum += row_sum;
    }
    return sum * (1.0f / (S::pool * S::pool));
  }

  // What the norm needs to know of the gradient of one output.
  static void tally(const float* at, Floats<L> g, const Rows& norm, Floats<L>& sum, Floats<L>& product) {
    if constexpr (S::average) {
      tally_average(at, g, norm, sum, product);
      return;
    }
    Floats<L> value = load<L>(at), from = activated(value, norm);
    if constexpr (S::pool != 0) {
      const Greatest best = greatest(at, norm);
      value = best.value, from = best.activated;
    }
    if (S::relu_after) g = where_positive<L>(from, g);
    sum += g;
    product += g * (value - norm.mean);
  }

  // All of a window get one gradient, or none through a ReLU. So those that get it are counted: to add up one number
  // a hundred times rounds it a hundred times. What it is multiplied by is added up row by row, as in `averaged`.
  static void tally_average(const float* at, Floats<L> g, const Rows& norm, Floats<L>& sum, Floats<L>& product) {
    g *= 1.0f / (S::pool * S::pool);
    Floats<L> count{}, off{};
    for (int row = 0; row < S::pool; row++) {
      Floats<L> row_off{};
      for (int column = 0; column < S::pool; column++) {
        const Floats<L> value = load<L>(at + row * kRowMiddle + column * kStep);
        Floats<L> one = broadcast<L>(1.0f);
        if (S::relu_after) one = where_positive<L>(activated(value, norm), one);
        count += one;
        row_off += one * (value - norm.mean);
      }
      off += row_off;
    }
    sum += count * g;
    product += off * g;
  }

  // The gradient of one output, to the positions it came from.
  static void unpool(const float* at, float* to, Floats<L> g, const Rows& norm) {
    if constexpr (S::pool == 0) {
      const Floats<L> value = load<L>(at);
      if (S::relu_after) g = where_positive<L>(activated(value, norm), g);
      give(to, value, g, norm);
    } else {
      Greatest best{};
      if constexpr (S::average)
        g *= 1.0f / (S::pool * S::pool);
      else
        best = greatest(at, norm);
      NATIVE_UNROLL
      for (int k = 0; k < S::pool * S::pool; k++) {
        const int row = k / S::pool, column = k % S::pool;
        const Floats<L> value = load<L>(at + row * kRowMiddle + column * kStep);
        Floats<L> own = g;
        if (!S::average) own = best.which == k ? g : Floats<L>{};
        if (S::relu_after) own = where_positive<L>(activated(value, norm), own);
        give(to + row * kRowGradient + column * kStep, value, own, norm);
      }
    }
  }

  // Where windows do not tile the middle, a position may get a gradient from several, or none: the rest comes after.
  static void give(float* to, Floats<L> value, Floats<L> g, const Rows& norm) {
    store<L>(to, kTiled ? before_norm(value, g, norm) : load<L>(to) + g);
  }

  // Mean and sum of squares around it of one image, each channel's. Around its first value at first: far from zero,
  // squares would drown what they differ by.
  void sum_up(const float* values, int n) {
    for (int v = 0; v < kVectors; v++) {
      const Floats<L> around = load<L>(values + v * L);
      Floats<L> sum{}, square{};
      for (int y = 0; y < kHeight; y++) {
        Floats<L> sums[kSumsInARow] = {}, squares[kSumsInARow] = {};
        in_blocks<kWidth, kSumsInARow>([&](auto positions, int x) NATIVE_INLINE {
          NATIVE_UNROLL
          for (int p = 0; p < decltype(positions)::value; p++) {
            const Floats<L> off = load<L>(values + y * kRowMiddle + (x + p) * kStep + v * L) - around;
            sums[p] += off;
            squares[p] += off * off;
          }
        });
        sum += total(sums);
        square += total(squares);
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
