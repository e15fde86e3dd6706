// SIMD registers of channels: their width and number on this processor, and operations on them.
#pragma once

#include <cstdint>
#include <cstring>

namespace native {

#if defined(__AVX512F__)
constexpr int kWidest = 16, kRegisters = 32;
#elif defined(__AVX__)
constexpr int kWidest = 8, kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kWidest = 4, kRegisters = 32;
#else
constexpr int kWidest = 4, kRegisters = 16;
#endif

constexpr int round_up(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

constexpr int kNarrowest = kWidest < 8 ? kWidest : 8;

// Floats in a register that holds this many channels with the least padding; the widest of those that tie.
constexpr int lanes(int channels) {
  int best = kWidest;
  for (int wide = kWidest; wide >= kNarrowest; wide /= 2)
    if (round_up(channels, wide) < round_up(channels, best)) best = wide;
  return best;
}

// Channels with those that pad them in memory, which are zero in every buffer and stay zero.
constexpr int padded(int channels) { return round_up(channels, lanes(channels)); }

template <int L>
struct Vector {
  typedef float Floats __attribute__((vector_size(L * 4)));
  typedef int32_t Ints __attribute__((vector_size(L * 4)));
  typedef uint32_t Words __attribute__((vector_size(L * 4)));
};
template <int L>
using Floats = typename Vector<L>::Floats;
template <int L>
using Ints = typename Vector<L>::Ints;
template <int L>
using Words = typename Vector<L>::Words;

// Through memcpy, as a float's address need not be aligned for a vector: it is a single instruction.
template <int L>
inline Floats<L> load(const float* from) {
  Floats<L> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <int L>
inline void store(float* to, Floats<L> value) {
  std::memcpy(to, &value, sizeof value);
}

// Minus zero, not plus: x - 0 is x for every x, so the compiler leaves it out, and x + 0 is not for -0.
template <int L>
inline Floats<L> broadcast(float value) {
  return value - Floats<L>{};
}

// NaN stays NaN, so that divergence is noticed.
template <int L>
inline Floats<L> relu(Floats<L> value) {
  return value < 0.0f ? Floats<L>{} : value;
}

template <int L>
inline Floats<L> where_positive(Floats<L> condition, Floats<L> value) {
  return condition > 0.0f ? value : Floats<L>{};
}

}  // namespace native
