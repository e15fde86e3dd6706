// What a compiled network is called with: its tensors as PyTorch has them, the batch, and the settings of a step.
#pragma once

#include <cstdint>

#include "link.hpp"

namespace native {

// The input and output of every network: images of one channel, and one logit per class.
constexpr int kSide = 28, kClasses = 10;

// One parameter and what belongs to it; null for what the optimizer does not keep, or is not wanted.
struct Parameter {
  float *value, *gradient;
  float *first, *second;  // momentum (SGD), or Adam's two moments
  float* steps;           // Adam's own count
  float* average;
  int64_t size;
};

// The running statistics of a norm and their averages.
struct NormStatistics {
  float *mean, *variance;
  int64_t* batches;
  float *mean_average, *variance_average;
  int64_t* batches_average;
};

// For each stage weight, bias, gamma and beta, and the statistics of its norm.
struct Tensors {
  const Parameter* parameters;
  const NormStatistics* statistics;

  const Parameter& parameter(int stage, int which) const { return parameters[4 * stage + which]; }
  Weights weights(int stage, bool averaged) const {
    const auto value = [&](int which) {
      const Parameter& p = parameter(stage, which);
      return averaged ? p.average : p.value;
    };
    const NormStatistics& s = statistics[stage];
    return {value(0), value(1), value(2), value(3), averaged ? s.mean_average : s.mean,
            averaged ? s.variance_average : s.variance};
  }
};

// Images with labels, or with class probabilities (`targets`) in their place. Each image's loss is multiplied by its
// weight, if there are weights.
struct Batch {
  const float* images;
  const int64_t* labels;
  const float *targets, *weights;
  int count;
};

enum class Algorithm : int32_t { sgd = 0, adam = 1, adamw = 2 };

struct Settings {
  double learning_rate, momentum, second_momentum, epsilon, weight_decay;
  double label_smoothing;
  double ema_decay;
  uint64_t seed, step;
  int64_t* ema_steps;  // how many steps the averages have seen; null without averages
  Algorithm algorithm;
};

struct StepResult {
  double loss_sum;
  int64_t correct;
};

}  // namespace native
