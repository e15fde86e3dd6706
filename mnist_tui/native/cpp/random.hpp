// Random numbers as a function of the position they are used at: the same on any thread, in any order.
#pragma once

#include "vector.hpp"

namespace native {

// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
inline uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

// The key of one stage's random numbers in one step of one seed.
inline uint64_t stream(uint64_t seed, uint64_t step, uint64_t stage) {
  constexpr uint64_t odd = 0x9e3779b97f4a7c15ull;
  return mix(mix(mix(seed + odd) + step + odd) + stage + odd);
}

// Dropout at L neighboring positions: 1 / keep with probability `keep`, else 0.
template <int L>
class DropoutMask {
 public:
  DropoutMask(double probability, uint64_t key)
      : low_(static_cast<uint32_t>(key)), high_(static_cast<uint32_t>(key >> 32)) {
    const double keep = 1 - probability;
    limit_ = static_cast<uint32_t>(keep * 4294967295.0);
    scale_ = keep > 0 ? static_cast<float>(1.0 / keep) : 0.0f;
    for (int lane = 0; lane < L; lane++) lane_[lane] = lane;
  }

  Floats<L> operator()(uint32_t position) const {
    // Two rounds with the multipliers of "lowbias32" (Wellons, 2018), the key's halves before each.
    Words<L> bits = (lane_ + position) ^ low_;
    bits = (bits ^ (bits >> 16)) * 0x7feb352du;
    bits = ((bits ^ (bits >> 15)) + high_) * 0x846ca68bu;
    bits ^= bits >> 16;
    return bits <= limit_ ? broadcast<L>(scale_) : Floats<L>{};
  }

 private:
  uint32_t low_, high_, limit_;
  float scale_;
  Words<L> lane_;
};

}  // namespace native
