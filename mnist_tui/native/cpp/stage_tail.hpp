// What follows the convolution in a stage, for one register of channels: norm, ReLU and pooling, forward and backward.
#pragma once

#include "stage_layout.hpp"

namespace native {

// A norm's numbers for a register of channels.
template <int L>
struct NormRegisters {
  Floats<L> mean, rstd, scale, shift, by_mean, by_spread;
};

template <class S>
struct StageTail {
  using Layout = StageLayout<S>;
  static constexpr int L = Layout::L, kStep = Layout::kStep;
  static constexpr int kRowMiddle = Layout::kRowMiddle, kRowGradient = Layout::kRowGradient;
  static constexpr bool kTiled = Layout::kTiled;
  using Norm = NormRegisters<L>;

  // From the middle to the pool's input.
  static Floats<L> activated(Floats<L> value, const Norm& norm) {
    if (S::norm) value = value * norm.scale + norm.shift;
    if (S::relu_after) value = relu<L>(value);
    return value;
  }

  // The gradient by the norm's output, taken back through the norm and the ReLU before it.
  static Floats<L> norm_backward(Floats<L> value, Floats<L> g, const Norm& norm) {
    if (S::norm) g = norm.scale * g - norm.by_mean - (value - norm.mean) * norm.by_spread;
    return S::relu ? where_positive<L>(value, g) : g;
  }

  // One output, from its window of the middle.
  static Floats<L> pooled(const float* at, const Norm& norm) {
    if constexpr (S::pool == 0)
      return activated(load<L>(at), norm);
    else if constexpr (S::average)
      return mean_of_window(at, norm);
    else
      return maximum(at, norm).activated;
  }

  // Adds what the norm's backward pass needs of the gradient `g` by one output: the gradient by the norm's output, and
  // its product with the deviation from the mean.
  static void add_norm_sums(const float* at, Floats<L> g, const Norm& norm, Floats<L>& sum, Floats<L>& product) {
    if constexpr (S::average) {
      add_average_sums(at, g, norm, sum, product);
      return;
    }
    Floats<L> value = load<L>(at), from = activated(value, norm);
    if constexpr (S::pool != 0) {
      const Maximum best = maximum(at, norm);
      value = best.value, from = best.activated;
    }
    if (S::relu_after) g = where_positive<L>(from, g);
    sum += g;
    product += g * (value - norm.mean);
  }

  // The gradient by one output, to the positions of its window.
  static void unpool(const float* at, float* to, Floats<L> g, const Norm& norm) {
    if constexpr (S::pool == 0) {
      const Floats<L> value = load<L>(at);
      if (S::relu_after) g = where_positive<L>(activated(value, norm), g);
      store_gradient(to, value, g, norm);
    } else {
      Maximum best{};
      if constexpr (S::average)
        g *= 1.0f / (S::pool * S::pool);
      else
        best = maximum(at, norm);
      NATIVE_UNROLL
      for (int k = 0; k < S::pool * S::pool; k++) {
        const int row = k / S::pool, column = k % S::pool;
        const Floats<L> value = load<L>(at + row * kRowMiddle + column * kStep);
        Floats<L> own = g;
        if (!S::average) own = best.which == k ? g : Floats<L>{};
        if (S::relu_after) own = where_positive<L>(activated(value, norm), own);
        store_gradient(to + row * kRowGradient + column * kStep, value, own, norm);
      }
    }
  }

 private:
  // The first of the largest elements of a window.
  struct Maximum {
    Floats<L> value, activated;
    Ints<L> which;
  };
  static Maximum maximum(const float* at, const Norm& norm) {
    const Floats<L> first = load<L>(at);
    Maximum best{first, activated(first, norm), {}};
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

  // Row by row: in one sum of a large window, each element is rounded to what the whole sum can hold.
  static Floats<L> mean_of_window(const float* at, const Norm& norm) {
    Floats<L> sum{};
    for (int row = 0; row < S::pool; row++) {
      Floats<L> row_sum{};
      for (int column = 0; column < S::pool; column++)
        row_sum += activated(load<L>(at + row * kRowMiddle + column * kStep), norm);
      sum += row_sum;
    }
    return sum * (1.0f / (S::pool * S::pool));
  }

  // All positions of a window get the same gradient, or none through a ReLU. So those that get it are counted: to add up
  // one number a hundred times rounds it a hundred times. The deviations are added up row by row, as in `mean_of_window`.
  static void add_average_sums(const float* at, Floats<L> g, const Norm& norm, Floats<L>& sum, Floats<L>& product) {
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

  // Where windows do not tile the middle, a position may get a gradient from several, or none: the norm comes afterwards.
  static void store_gradient(float* to, Floats<L> value, Floats<L> g, const Norm& norm) {
    store<L>(to, kTiled ? norm_backward(value, g, norm) : load<L>(to) + g);
  }
};

}  // namespace native
