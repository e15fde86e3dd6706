// A convolution of stride 1 over one image, and its gradients by the weights and by the input.
//
// An image lies as [row][column][channel], the channels padded to whole registers, with the convolution's zero padding
// around it; weights as [kernel row][kernel column][input channel][output channel]. A register holds the output
// channels of one position, and each input value is broadcast to it: so 8 or 16 channels are one instruction.
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

// For what is called with what it works on by reference: in a function of its own, it would read all of that again
// after everything that it writes.
#define NATIVE_INLINE __attribute__((always_inline))

namespace native {

// Calls `work(size, start)` for blocks that cover `Width`, none larger than `Most`; their sizes are constants.
template <int Width, int Most, class Work>
NATIVE_INLINE inline void in_blocks(Work work) {
  constexpr int blocks = (Width + Most - 1) / Most, size = (Width + blocks - 1) / blocks, rest = Width % size;
  for (int start = 0; start < Width - rest; start += size) work(std::integral_constant<int, size>{}, start);
  if constexpr (rest != 0) work(std::integral_constant<int, rest>{}, Width - rest);
}

// The shapes of one convolution: `kInStep` floats from one position of the input to the next.
template <int kKernel, int kInputs, int kInStep, int kInWidth, int kOutputs, int kHeight, int kWidth>
struct Convolution {
  static constexpr int kOutStep = padded(kOutputs);
  // Channels that fill half of the widest register leave room for a neighbor's: two positions are then as one, with a
  // kernel that is a column wider, in which each of the two leaves another column out. So a kernel of 3 columns needs
  // 4 multiplications instead of 6.
  static constexpr bool kPaired = kOutStep * 2 == kWidest && kWidth % 2 == 0 && kKernel > 1;
  static constexpr int kNeighbors = kPaired ? 2 : 1, kColumns = kKernel + kNeighbors - 1;
  static constexpr int L = kNeighbors * lanes(kOutputs), kWeightStep = kNeighbors * kOutStep;
  static constexpr int kVectors = kWeightStep / L, kGroups = kWidth / kNeighbors;
  static constexpr int kInRow = kInWidth * kInStep, kFilter = kKernel * kKernel * kInputs * kOutStep;
  static constexpr int kWeights = kKernel * kColumns * kInputs * kWeightStep;
  // Two registers of channels share each number that is broadcast.
  static constexpr int kTogether = kVectors % 2 == 0 ? 2 : 1;
  // As many sums as registers, but for the weights and what is broadcast; 14 fill the pipelines of any processor.
  static constexpr int kSums = kRegisters >= 32 ? 14 : 10;
  static constexpr int kMostGroups = kSums / kTogether;
  // Rows at once where one is too short for as many sums.
  static constexpr int kMostRows = kGroups < kMostGroups ? kMostGroups / kGroups : 1;
  // The kernel's columns at once, if their weights fit beside the sums: then a number is broadcast once for all.
  static constexpr int kColumnsAtOnce = kTogether == 1 && kColumns + kSums < kRegisters ? kColumns : 1;
  // Inputs at once in the gradient of the weights: a sum for each column of the kernel, two groups, one number.
  static constexpr int kSpare = (kRegisters - 3) / kColumns;
  static constexpr int kMostInputs = kSpare < 1 ? 1 : kSpare < 8 ? kSpare : 8;

  // Where a weight is among the gradients.
  static constexpr int place(int row, int column, int input, int output) {
    return ((row * kKernel + column) * kInputs + input) * kOutStep + output;
  }

  // Puts a weight into `weights`, or a bias into `biases`, where `forward` looks for it.
  static void pack(float* biases, int output, float value) {
    for (int n = 0; n < kNeighbors; n++) biases[n * kOutStep + output] = value;
  }
  static void pack(float* weights, int row, int column, int input, int output, float value) {
    for (int n = 0; n < kNeighbors; n++)
      weights[((row * kColumns + column + n) * kInputs + input) * kWeightStep + n * kOutStep + output] = value;
  }

  // out = bias + weights * in; `each(row, column, vector, sums)` takes every register of the result.
  template <class Each>
  static void forward(const float* in, const float* weights, const float* bias, Each each) {
    in_blocks<kHeight, kMostRows>([&](auto rows, int y) NATIVE_INLINE {
      for (int vector = 0; vector < kVectors; vector += kTogether)
        in_blocks<kGroups, kMostGroups>([&](auto groups, int group) NATIVE_INLINE {
          constexpr int R = decltype(rows)::value, G = decltype(groups)::value;
          const int x = group * kNeighbors;
          Floats<L> sums[R][G][kTogether];
          NATIVE_UNROLL
          for (int v = 0; v < kTogether; v++) {
            const Floats<L> start = bias ? load<L>(bias + (vector + v) * L) : Floats<L>{};
            NATIVE_UNROLL
            for (int i = 0; i < R * G; i++) sums[i / G][i % G][v] = start;
          }
          for (int ky = 0; ky < kKernel; ky++)
            for (int kx = 0; kx < kColumns; kx += kColumnsAtOnce) {
              const float* from = in + (y + ky) * kInRow + (x + kx) * kInStep;
              const float* by = weights + (ky * kColumns + kx) * kInputs * kWeightStep + vector * L;
              NATIVE_UNROLL_BY_4
              for (int c = 0; c < kInputs; c++, by += kWeightStep) {
                Floats<L> weight[kColumnsAtOnce][kTogether];
                NATIVE_UNROLL
                for (int k = 0; k < kColumnsAtOnce; k++) {
                  NATIVE_UNROLL
                  for (int v = 0; v < kTogether; v++) weight[k][v] = load<L>(by + k * kInputs * kWeightStep + v * L);
                }
                NATIVE_UNROLL
                for (int r = 0; r < R; r++) {
                  NATIVE_UNROLL
                  for (int at = 0; at < (G - 1) * kNeighbors + kColumnsAtOnce; at++) {
                    const Floats<L> number = broadcast<L>(from[r * kInRow + at * kInStep + c]);
                    NATIVE_UNROLL
                    for (int k = 0; k < kColumnsAtOnce; k++) {
                      if (!meets<G>(at, k)) continue;
                      NATIVE_UNROLL
                      for (int v = 0; v < kTogether; v++) sums[r][(at - k) / kNeighbors][v] += weight[k][v] * number;
                    }
                  }
                }
              }
            }
          NATIVE_UNROLL
          for (int i = 0; i < R * G; i++) {
            NATIVE_UNROLL
            for (int v = 0; v < kTogether; v++)
              each(y + i / G, x + i % G * kNeighbors, vector + v, sums[i / G][i % G][v]);
          }
        });
    });
  }

  // Adds this image's part to the gradients; `gradient` is that of `out`, its rows `row` floats apart.
  static void weight_gradient(const float* in, const float* gradient, int row, float* weights, float* bias) {
    for (int vector = 0; vector < kVectors; vector++) {
      const float* of = gradient + vector * L;
      // Kernel rows together where there are too few inputs to fill the pipelines.
      constexpr int kRows = kKernel * kColumns * kInputs <= 12 ? kKernel : 1;
      for (int ky = 0; ky < kKernel; ky += kRows)
        in_blocks<kInputs, kMostInputs>([&](auto inputs, int c) NATIVE_INLINE {
          constexpr int C = decltype(inputs)::value;
          Floats<L> sums[kRows][kColumns][C] = {};
          for (int y = 0; y < kHeight; y++) {
            const float* row_in = in + (y + ky) * kInRow + c;
            // Two groups at once share the numbers that both are multiplied by.
            in_blocks<kGroups, 2>([&](auto groups, int group) NATIVE_INLINE {
              constexpr int G = decltype(groups)::value;
              const float* from = row_in + group * kNeighbors * kInStep;
              Floats<L> g[G];
              NATIVE_UNROLL
              for (int i = 0; i < G; i++) g[i] = load<L>(of + y * row + (group + i) * kWeightStep);
              NATIVE_UNROLL
              for (int r = 0; r < kRows; r++) {
                NATIVE_UNROLL
                for (int at = 0; at < (G - 1) * kNeighbors + kColumns; at++) {
                  NATIVE_UNROLL
                  for (int i = 0; i < C; i++) {
                    const Floats<L> number = broadcast<L>(from[r * kInRow + at * kInStep + i]);
                    NATIVE_UNROLL
                    for (int k = 0; k < kColumns; k++)
                      if (meets<G>(at, k)) sums[r][k][i] += g[(at - k) / kNeighbors] * number;
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
                NATIVE_UNROLL
                for (int n = 0; n < kNeighbors; n++)
                  add(weights + place(ky + r, kx, c + i, vector * L), sums[r][kx + n][i], n);
              }
            }
          }
        });
      Floats<L> total{};
      for (int y = 0; y < kHeight; y++) {
        Floats<L> sums[4] = {};
        in_blocks<kGroups, 4>([&](auto groups, int group) NATIVE_INLINE {
          NATIVE_UNROLL
          for (int g = 0; g < decltype(groups)::value; g++)
            sums[g] += load<L>(of + y * row + (group + g) * kWeightStep);
        });
        total += (sums[0] + sums[1]) + (sums[2] + sums[3]);
      }
      for (int n = 0; n < kNeighbors; n++) add(bias + vector * L, total, n);
    }
  }

 private:
  static constexpr int kOwn = L / kNeighbors;

  // Whether the input position `at`, counted from the first of `G` groups, is under column `k` of one of them.
  template <int G>
  static constexpr bool meets(int at, int k) {
    return at >= k && (at - k) % kNeighbors == 0 && (at - k) / kNeighbors < G;
  }

  // Adds what is one neighbor's.
  static void add(float* to, Floats<L> sums, int neighbor) {
    Floats<kOwn> own[kNeighbors];
    std::memcpy(&own, &sums, sizeof sums);
    store<kOwn>(to, load<kOwn>(to) + own[neighbor]);
  }
};

}  // namespace native
