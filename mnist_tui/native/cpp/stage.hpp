// One stage of the chain: convolution, ReLU, norm, ReLU, pooling, dropout, each of which may be missing.
#pragma once

#include "random.hpp"
#include "stage_tail.hpp"

namespace native {

template <class S>
class Stage final : public Link {
  using Layout = StageLayout<S>;
  using Tail = StageTail<S>;
  using Conv = typename Layout::Conv;
  using Back = typename Layout::Back;
  using Norm = typename Tail::Norm;
  static constexpr int L = Layout::L, kStep = Layout::kStep, kVectors = Layout::kVectors;
  static constexpr int kHeight = Layout::kHeight, kWidth = Layout::kWidth, kPixels = Layout::kPixels;
  static constexpr int kOutHeight = Layout::kOutHeight, kOutWidth = Layout::kOutWidth, kStride = Layout::kStride;
  static constexpr int kRowOut = Layout::kRowOut, kRowMiddle = Layout::kRowMiddle, kRowGradient = Layout::kRowGradient;
  static constexpr int kFirstOut = Layout::kFirstOut, kFirstGradient = Layout::kFirstGradient;
  static constexpr bool kTail = Layout::kTail, kTiled = Layout::kTiled;

 public:
  // `number` in the chain.
  Stage(int number, const Capacity& capacity)
      : Link(Layout::shape(), capacity),
        number_(number),
        middle_(Layout::kOwnMiddle ? capacity.images * size_t(kPixels) * kStep : 0),
        gradient_(S::conv ? capacity.threads * Layout::kGradientSize : 0),
        weights_(S::conv ? Conv::kWeights : 0),
        flipped_(S::conv && !S::first ? Back::kWeights : 0),
        bias_(Conv::kWeightStep) {}

  void pack(const Weights& from, bool backward) override {
    if constexpr (S::conv)
      for (int o = 0; o < Layout::kChannels; o++) {
        if (S::bias) Conv::pack(bias_.get(), o, from.bias[o]);
        for (int i = 0; i < S::inputs; i++)
          for (int row = 0; row < S::kernel; row++)
            for (int column = 0; column < S::kernel; column++) {
              const float weight = from.weight[((o * S::inputs + i) * S::kernel + row) * S::kernel + column];
              Conv::pack(weights_.get(), row, column, i, o, weight);
              if constexpr (!S::first)
                if (backward) Back::pack(flipped_.get(), S::kernel - 1 - row, S::kernel - 1 - column, o, i, weight);
            }
      }
  }

  void unpack(int begin, int end, float* gradient) const override {
    constexpr int window = Layout::kWindow;
    if constexpr (S::conv)
      for (int o = begin; o < end; o++)
        for (int i = 0; i < S::inputs; i++)
          for (int k = 0; k < window; k++)
            gradient[(o * S::inputs + i) * window + k] =
                chunk_gradients[Conv::place(k / S::kernel, k % S::kernel, i, o)];
  }

  void forward(const float* in, int n, bool training) override {
    if constexpr (S::conv) {
      float* to = own_middle(n);
      const auto keep = [&](int y, int x, int v, Floats<Conv::L> value) NATIVE_INLINE {
        if (S::relu) value = relu<Conv::L>(value);
        store<Conv::L>(to + y * kRowMiddle + x * kStep + v * Conv::L, value);
      };
      Conv::forward(in, weights_.get(), S::bias ? bias_.get() : nullptr, keep);
    }
    if constexpr (S::norm)
      if (training) compute_moments(middle(in, n), n);
  }

  void forward_tail(const float* in, int n, int thread, const StepKey* key) override {
    if constexpr (kTail || !S::conv) {
      const float* from = middle(in, n);
      float* to = out_of(n, thread) + kFirstOut;
      const DropoutMask<L> drop(S::drop, key ? stream(key->seed, key->step, number_) : 0);
      for (int v = 0; v < kVectors; v++) {
        const Norm norm = norm_registers(v);
        for (int y = 0; y < kOutHeight; y++)
          for (int x = 0; x < kOutWidth; x++) {
            Floats<L> value = Tail::pooled(from + window(y, x, v), norm);
            if (S::drop > 0 && key) value *= drop(position(n, y, x, v));
            store<L>(to + y * kRowOut + x * kStep + v * L, value);
          }
      }
    }
  }

  void backward_sums(const float* in, int n, int thread, StepKey key) override {
    if constexpr (S::norm) {
      const float *values = middle(in, n), *of = out_gradient_of(n, thread);
      const DropoutMask<L> drop(S::drop, stream(key.seed, key.step, number_));
      for (int v = 0; v < kVectors; v++) {
        const Norm norm = norm_registers(v);
        Floats<L> sum{}, product{};
        for (int y = 0; y < kOutHeight; y++) {
          Floats<L> sums[kSumsInARow] = {}, products[kSumsInARow] = {};
          in_blocks<kOutWidth, kSumsInARow>([&](auto positions, int x) NATIVE_INLINE {
            NATIVE_UNROLL
            for (int p = 0; p < decltype(positions)::value; p++) {
              const Floats<L> g = dropout_backward(of, drop, n, y, x + p, v);
              Tail::add_norm_sums(values + window(y, x + p, v), g, norm, sums[p], products[p]);
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

  void backward(const float* in, float* in_gradient, int n, int thread, StepKey key, float* part) override {
    if constexpr (S::first && !S::conv) return;  // an image needs no gradient
    const float *values = middle(in, n), *of = out_gradient_of(n, thread);
    float* gradient = S::conv ? gradient_.get() + thread * Layout::kGradientSize + kFirstGradient : in_gradient;
    const DropoutMask<L> drop(S::drop, stream(key.seed, key.step, number_));
    if constexpr (!kTiled)
      for (int y = 0; y < kHeight; y++) std::memset(gradient + y * kRowGradient, 0, kWidth * kStep * sizeof(float));
    for (int v = 0; v < kVectors; v++) {
      const Norm norm = norm_registers(v);
      for (int y = 0; y < kOutHeight; y++)
        for (int x = 0; x < kOutWidth; x++) {
          float* to = gradient + y * kStride * kRowGradient + x * kStride * kStep + v * L;
          Tail::unpool(values + window(y, x, v), to, dropout_backward(of, drop, n, y, x, v), norm);
        }
      if constexpr (!kTiled)
        for (int y = 0; y < kHeight; y++)
          for (int x = 0; x < kWidth; x++) {
            float* at = gradient + y * kRowGradient + x * kStep + v * L;
            const Floats<L> value = load<L>(values + y * kRowMiddle + x * kStep + v * L);
            store<L>(at, Tail::norm_backward(value, load<L>(at), norm));
          }
    }
    if constexpr (S::conv) {
      Conv::weight_gradient(in, gradient, kRowGradient, part, part + Layout::kFilters);
      if constexpr (!S::first) {
        const auto keep = [&](int y, int x, int v, Floats<Back::L> value) NATIVE_INLINE {
          store<Back::L>(in_gradient + (y * S::width + x) * Layout::kInStep + v * Back::L, value);
        };
        Back::forward(gradient - kFirstGradient, flipped_.get(), nullptr, keep);
      }
    }
  }

 private:
  // Neighbors are added up separately: a single sum would wait for its last addition at every position.
  static constexpr int kSumsInARow = 4;

  Norm norm_registers(int v) const {
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

  // Where an output is in the dropout's random numbers.
  static uint32_t position(int n, int y, int x, int v) {
    const int place = S::drop_channels ? n : (n * kOutHeight + y) * kOutWidth + x;
    return uint32_t(place) * kStep + v * L;
  }
  static Floats<L> dropout_backward(const float* gradient, const DropoutMask<L>& drop, int n, int y, int x, int v) {
    const Floats<L> g = load<L>(gradient + (y * kOutWidth + x) * kStep + v * L);
    return S::drop > 0 ? g * drop(position(n, y, x, v)) : g;
  }

  static Floats<L> total(const Floats<L> (&sums)[kSumsInARow]) { return (sums[0] + sums[1]) + (sums[2] + sums[3]); }

  // Each channel's mean over one image, and the sum of squares around it. At first around its first value: far from
  // zero, squares would lose the differences to rounding.
  void compute_moments(const float* values, int n) {
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
  Buffer weights_, flipped_, bias_;  // `flipped_` for the gradient by the input
};

}  // namespace native
