// What a compiled network is to the outside: plain functions over plain pointers.
#pragma once

#include <new>

#include "network.hpp"
#include "peak.hpp"

#define NATIVE_EXPORT extern "C" __attribute__((visibility("default")))

namespace native {
// The network's links, in their order; the translation unit that includes this has them made.
NATIVE_HIDDEN Network::Chain chain_of(const Room& room);
}  // namespace native

// A network with room for `images` a step; null without memory or threads.
NATIVE_EXPORT void* native_open(int images, int threads) noexcept {
  try {
    const native::Room room = native::Network::room_for(images, threads);
    return new native::Network(room, native::chain_of(room));
  } catch (...) {
    return nullptr;
  }
}

NATIVE_EXPORT void native_close(void* network) noexcept { delete static_cast<native::Network*>(network); }

NATIVE_EXPORT int native_threads(void* network) noexcept { return static_cast<native::Network*>(network)->team().threads(); }

NATIVE_EXPORT void native_step(void* network, const native::Parameter* parameters, const native::Statistics* statistics,
                               const native::Settings* settings, const float* images, const int64_t* labels,
                               const float* targets, const float* weights, int count, float* losses,
                               native::Result* result) noexcept {
  const native::Lesson lesson{images, labels, targets, weights, count};
  *result = static_cast<native::Network*>(network)->step({parameters, statistics}, *settings, lesson, losses);
}

NATIVE_EXPORT void native_logits(void* network, const native::Parameter* parameters,
                                 const native::Statistics* statistics, int averaged, const float* images, int count,
                                 float* out) noexcept {
  static_cast<native::Network*>(network)->logits({parameters, statistics}, averaged != 0, images, count, out);
}

NATIVE_EXPORT void native_warp(void* network, const uint8_t* images, const float* maps, int count, int bilinear,
                               float mean, float deviation, float* out) noexcept {
  native::warp_all<native::kSide>(static_cast<native::Network*>(network)->team(), images, maps, count, bilinear != 0,
                                    {mean, deviation}, out);
}

NATIVE_EXPORT double native_peak(void* network, double seconds) noexcept {
  return native::peak(static_cast<native::Network*>(network)->team(), seconds);
}
