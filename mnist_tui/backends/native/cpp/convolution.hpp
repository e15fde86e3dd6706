// A convolution of stride 1 over one image, its gradient by the weights and by the input.
//
// An image lies as [row][column][channel], the channels padded to whole registers, with the convolution's zero padding
// around it; weights as [kernel row][kernel column][input channel][output channel]. A register holds the output
// channels of one position, and each input number is broadcast to it: so 8 or 16 channels are one instruction.
#pragma once

#include <type_traits>

#include "vector.hpp"

#if defined(__clang__)
#define NATIVE_UNROLL _Pragma("unroll")
#define NATIVE_UNROLL_BY_4 _Pragma("unroll 4")
#else
#define NATIVE_UNROLL _Pragma("GCC unroll 32")
#define NATIVE_UNROLL_BY_4 _Pragma("GCC unroll 4")
#endif

namespace native {

// Calls `work(size, start)` for blocks that cover `Width`, none larger than `Most`; their sizes are constants.
template <int Width, int Most, class Work>
inline void in_blocks(Work work) {
  constexpr int blocks = (Width + Most - 1) / Most, size = (Width + blocks - 1) / blocks;
  constexpr int rest = Width - size * (blocks - 1);
  for (int block = 0; block < blocks - 1; block++) work(std::integral_constant<int, size>{}, block * size);
  work(std::integral_constant<int, rest>{}, (blocks - 1) * size);
}

// The shapes of one convolution: `kInStep` floats from one position of the input to the next.
template <int kKernel, int kInputs, int kInStep, int kInWidth, int kOutputs, int kHeight, int kWidth>
struct Convolution {
  static constexpr int L = lanes(kOutputs), kOutStep = padded(kOutputs), kVectors = kOutStep / L;
  static constexpr int kInRow = kInWidth * kInStep, kWeights = kKernel * kKernel * kInputs * kOutStep;
  // Two registers of channels share each number that is broadcast.
  static constexpr int kTogether = kVectors % 2 == 0 ? 2 : 1;
  // As many sums as registers, but for the weights and what is broadcast; 14 fill the pipelines of any processor.
  static constexpr int kSums = kRegisters >= 32 ? 14 : 10;
  static constexpr int kMostPositions = kSums / kTogether;
  // The kernel's columns at once, if their weights fit beside the sums: then a number is broadcast once for all.
  static constexpr int kColumns = kTogether == 1 && kKernel + kSums < kRegisters ? kKernel : 1;
  // Inputs at once in the gradient of the weights: a sum for each column of the kernel, two positions, one number.
  static constexpr int kSpare = (kRegisters - 3) / kKernel;
  static constexpr int kMostInputs = kSpare < 1 ? 1 : kSpare < 8 ? kSpare : 8;

  // out = bias + weights * in; `each(row, column, vector, sums)` takes every register of the result.
  template <class Each>
  static void forward(const float* in, const float* weights, const float* bias, Each each) {
    for (int y = 0; y < kHeight; y++)
      for (int vector = 0; vector < kVectors; vector += kTogether)
        in_blocks<kWidth, kMostPositions>([&](auto positions, int x) {
          constexpr int P = decltype(positions)::value;
          Floats<L> sums[P][kTogether];
          NATIVE_UNROLL
          for (int v = 0; v < kTogether; v++) {
            const Floats<L> start = bias ? load<L>(bias + (vector + v) * L) : Floats<L>{};
            NATIVE_UNROLL
            for (int p = 0; p < P; p++) sums[p][v] = start;
          }
          for (int ky = 0; ky < kKernel; ky++)
            for (int kx = 0; kx < kKernel; kx += kColumns) {
              const float* from = in + (y + ky) * kInRow + (x + kx) * kInStep;
              const float* by = weights + (ky * kKernel + kx) * kInputs * kOutStep + vector * L;
              NATIVE_UNROLL_BY_4
              for (int c = 0; c < kInputs; c++, by += kOutStep) {
                Floats<L> weight[kColumns][kTogether];
                NATIVE_UNROLL
                for (int k = 0; k < kColumns; k++) {
                  NATIVE_UNROLL
                  for (int v = 0; v < kTogether; v++) weight[k][v] = load<L>(by + k * kInputs * kOutStep + v * L);
                }
                NATIVE_UNROLL
                for (int p = 0; p < P + kColumns - 1; p++) {
                  const Floats<L> number = broadcast<L>(from[p * kInStep + c]);
                  NATIVE_UNROLL
                  for (int k = 0; k < kColumns; k++) {
                    if (p - k < 0 || p - k >= P) continue;
                    NATIVE_UNROLL
                    for (int v = 0; v < kTogether; v++) sums[p - k][v] += weight[k][v] * number;
                  }
                }
              }
            }
          NATIVE_UNROLL
          for (int p = 0; p < P; p++) {
            NATIVE_UNROLL
            for (int v = 0; v < kTogether; v++) each(y, x + p, vector + v, sums[p][v]);
          }
        });
  }

  // Adds this image's part to the gradients; `gradient` is that of `out`, its rows `row` floats apart.
  static void weight_gradient(const float* in, const float* gradient, int row, float* weights, float* bias) {
    for (int vector = 0; vector < kVectors; vector++) {
      const float* of = gradient + vector * L;
      // Kernel rows together where there are too few inputs to fill the pipelines.
      constexpr int kRows = kKernel * kKernel * kInputs <= 12 ? kKernel : 1;
      for (int ky = 0; ky < kKernel; ky += kRows)
        in_blocks<kInputs, kMostInputs>([&](auto inputs, int c) {
          constexpr int C = decltype(inputs)::value;
          Floats<L> sums[kRows][kKernel][C] = {};
          for (int y = 0; y < kHeight; y++) {
            const float* row_in = in + (y + ky) * kInRow + c;
            // Two positions at once share the numbers that both are multiplied by.
            in_blocks<kWidth, 2>([&](auto positions, int x) {
              constexpr int P = decltype(positions)::value;
              const float* from = row_in + x * kInStep;
              Floats<L> g[P];
              NATIVE_UNROLL
              for (int p = 0; p < P; p++) g[p] = load<L>(of + y * row + (x + p) * kOutStep);
              NATIVE_UNROLL
              for (int r = 0; r < kRows; r++) {
                NATIVE_UNROLL
                for (int at = 0; at < P + kKernel - 1; at++) {
                  NATIVE_UNROLL
                  for (int i = 0; i < C; i++) {
                    const Floats<L> number = broadcast<L>(from[r * kInRow + at * kInStep + i]);
                    NATIVE_UNROLL
                    for (int p = 0; p < P; p++)
                      if (at - p >= 0 && at - p < kKernel) sums[r][at - p][i] += g[p] * number;
                  }
                }
              }
            });
          }
          NATIVE_UNROLL
          for (int r = 0; r < kRows; r++) {
            NATIVE_UNROLL
            for (int kx = 0; kx < kKernel; kx++) {
              NATIVE_UNROLL
              for (int i = 0; i < C; i++) {
                float* to = weights + (((ky + r) * kKernel + kx) * kInputs + c + i) * kOutStep + vector * L;
                store<L>(to, load<L>(to) + sums[r][kx][i]);
              }
            }
          }
        });
      Floats<L> total{};
      for (int y = 0; y < kHeight; y++) {
        Floats<L> sums[4] = {};
        in_blocks<kWidth, 4>([&](auto positions, int x) {
          NATIVE_UNROLL
          for (int p = 0; p < decltype(positions)::value; p++) sums[p] += load<L>(of + y * row + (x + p) * kOutStep);
        });
        total += (sums[0] + sums[1]) + (sums[2] + sums[3]);
      }
      store<L>(bias + vector * L, load<L>(bias + vector * L) + total);
    }
  }
};

}  // namespace native
