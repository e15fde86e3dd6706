// The update of a parameter as in PyTorch's SGD, Adam and AdamW, and of its exponential moving average.
#pragma once

#include <cmath>

#include "tensors.hpp"

namespace native {

// The elements [begin, end) of `p`, whose gradient is complete. Compiled once, not into all its callers: it is long.
__attribute__((noinline)) inline void update(const Parameter& p, const Settings& s, int64_t begin, int64_t end) {
  const float decay = float(s.weight_decay), rate = float(s.learning_rate), momentum = float(s.momentum);
  if (s.algorithm == Algorithm::sgd) {
    for (int64_t i = begin; i < end; i++) {
      float g = p.gradient[i] + decay * p.value[i];
      if (p.first) {
        p.first[i] = momentum * p.first[i] + g;
        g += momentum * p.first[i];  // Nesterov momentum
      }
      p.value[i] -= rate * g;
    }
    return;
  }
  const double steps = double(*p.steps) + 1;
  const float size = float(s.learning_rate / (1 - std::pow(s.momentum, steps)));
  const float correction = float(1 / std::sqrt(1 - std::pow(s.second_momentum, steps)));
  const float rest = float(1 - s.momentum), second = float(s.second_momentum), second_rest = float(1 - s.second_momentum);
  const float epsilon = float(s.epsilon);
  const bool decoupled = s.algorithm == Algorithm::adamw;
  const float shrink = decoupled ? float(1 - s.learning_rate * s.weight_decay) : 1.0f, coupled = decoupled ? 0.0f : decay;
  for (int64_t i = begin; i < end; i++) {
    const float value = p.value[i] * shrink, g = p.gradient[i] + coupled * value;
    p.first[i] += rest * (g - p.first[i]);
    p.second[i] = second * p.second[i] + second_rest * g * g;
    p.value[i] = value - size * p.first[i] / (std::sqrt(p.second[i]) * correction + epsilon);
  }
}

inline void update_average(float* average, const float* value, const Settings& s, int64_t begin, int64_t end) {
  if (!average) return;
  const float rest = *s.ema_steps ? float(1 - s.ema_decay) : 1.0f;  // the first one is a copy
  for (int64_t i = begin; i < end; i++) average[i] += rest * (value[i] - average[i]);
}

}  // namespace native
