// What a compiled network is to the outside: plain functions over plain pointers. Included last, after
// `using Compiled = native::Network<...>`.
#pragma once

#include <new>

#include "network.hpp"
#include "peak.hpp"

#define NATIVE_EXPORT extern "C" __attribute__((visibility("default")))

// A network with room for `images` a step; null without memory or threads.
NATIVE_EXPORT void* native_open(int images, int threads) noexcept {
  try {
    return new Compiled(images, threads);
  } catch (...) {
    return nullptr;
  }
}

NATIVE_EXPORT void native_close(void* network) noexcept { delete static_cast<Compiled*>(network); }

NATIVE_EXPORT int native_threads(void* network) noexcept { return static_cast<Compiled*>(network)->team().threads(); }

NATIVE_EXPORT void native_step(void* network, const native::Parameter* parameters, const native::Statistics* statistics,
                               const native::Settings* settings, const float* images, const int64_t* labels,
                               const float* targets, int count, native::Result* result) noexcept {
  *result = static_cast<Compiled*>(network)->step({parameters, statistics}, *settings, images, labels, targets, count);
}

NATIVE_EXPORT void native_logits(void* network, const native::Parameter* parameters,
                                 const native::Statistics* statistics, int averaged, const float* images, int count,
                                 float* out) noexcept {
  static_cast<Compiled*>(network)->logits({parameters, statistics}, averaged != 0, images, count, out);
}

NATIVE_EXPORT void native_warp(void* network, const uint8_t* images, const float* maps, int count, int bilinear,
                               float mean, float deviation, float* out) noexcept {
  native::warp_all<Compiled::kSide>(static_cast<Compiled*>(network)->team(), images, maps, count, bilinear != 0,
                                    {mean, deviation}, out);
}

NATIVE_EXPORT double native_peak(void* network, double seconds) noexcept {
  return native::peak(static_cast<Compiled*>(network)->team(), seconds);
}
