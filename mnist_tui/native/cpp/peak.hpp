// The processor's highest rate: multiply-adds in registers, nothing else.
#pragma once

#include <chrono>

#include "convolution.hpp"
#include "thread_pool.hpp"

namespace native {

// Floating-point operations per second of all threads of the pool together.
inline double peak(ThreadPool& pool, double seconds) {
  constexpr int L = kWidest, kChains = kRegisters >= 32 ? 24 : 12, kTimes = 20000;
  std::vector<double> speeds(pool.threads()), kept(pool.threads());
  pool.for_each(pool.threads(), [&](int thread, int) {
    Floats<L> sums[kChains];
    for (int i = 0; i < kChains; i++) sums[i] = broadcast<L>(float(i));
    Floats<L> factor = broadcast<L>(0.999f), summand = broadcast<L>(1e-3f);
    const auto begun = std::chrono::steady_clock::now();
    double passed = 0;
    long rounds = 0;
    do {
      for (int time = 0; time < kTimes; time++) {
        NATIVE_UNROLL
        for (int i = 0; i < kChains; i++) sums[i] = sums[i] * factor + summand;
      }
      rounds++;
      passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    } while (passed < seconds);
    for (int i = 0; i < kChains; i++) kept[thread] += sums[i][0];
    speeds[thread] = double(rounds) * kTimes * kChains * L * 2 / passed;
  });
  double total = 0;
  for (int thread = 0; thread < pool.threads(); thread++) total += speeds[thread] + (kept[thread] > 1e30 ? 1 : 0);
  return total;
}

}  // namespace native
