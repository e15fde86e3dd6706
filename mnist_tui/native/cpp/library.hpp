// The functions that Python calls, over plain pointers (`bindings.py`).
#pragma once

#include <new>

#include "affine.hpp"
#include "network.hpp"
#include "peak.hpp"

#define NATIVE_EXPORT extern "C" __attribute__((visibility("default")))

namespace native {
// The network's links in their order: defined in the generated file that includes this one.
NATIVE_HIDDEN Links make_links(const Capacity& capacity);
}  // namespace native

// A network for steps of up to `images` images; null without memory or threads.
NATIVE_EXPORT void* native_open(int images, int threads) noexcept {
  try {
    const native::Capacity capacity = native::Network::capacity_for(images, threads);
    return new native::Network(capacity, native::make_links(capacity));
  } catch (...) {
    return nullptr;
  }
}

NATIVE_EXPORT void native_close(void* network) noexcept { delete static_cast<native::Network*>(network); }

NATIVE_EXPORT int native_threads(void* network) noexcept { return static_cast<native::Network*>(network)->pool().threads(); }

NATIVE_EXPORT void native_step(void* network, const native::Parameter* parameters, const native::NormStatistics* statistics,
                               const native::Settings* settings, const float* images, const int64_t* labels,
                               const float* targets, const float* weights, int count, float* losses,
                               native::StepResult* result) noexcept {
  const native::Batch batch{images, labels, targets, weights, count};
  *result = static_cast<native::Network*>(network)->step({parameters, statistics}, *settings, batch, losses);
}

NATIVE_EXPORT void native_logits(void* network, const native::Parameter* parameters,
                                 const native::NormStatistics* statistics, int averaged, const float* images, int count,
                                 float* out) noexcept {
  static_cast<native::Network*>(network)->logits({parameters, statistics}, averaged != 0, images, count, out);
}

NATIVE_EXPORT void native_warp(void* network, const uint8_t* images, const float* maps, int count, int bilinear,
                               float mean, float deviation, float* out) noexcept {
  native::warp_all<native::kSide>(static_cast<native::Network*>(network)->pool(), images, maps, count, bilinear != 0,
                                    {mean, deviation}, out);
}

NATIVE_EXPORT double native_peak(void* network, double seconds) noexcept {
  return native::peak(static_cast<native::Network*>(network)->pool(), seconds);
}
