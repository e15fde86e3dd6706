// Cross-entropy of one image's logits, with its gradient.
#pragma once

#include <cmath>
#include <cstdint>

namespace native {

struct Guess {
  float loss;
  bool correct;
};

// `gradient` gets that of the batch's mean loss. With `smoothing`, that share of the label is spread over all classes.
template <int kClasses>
Guess cross_entropy(const float* logits, int64_t label, double smoothing, int images, float* gradient) {
  int best = 0;
  for (int c = 1; c < kClasses; c++)
    if (logits[c] > logits[best]) best = c;
  double powers[kClasses], total = 0, sum = 0;
  for (int c = 0; c < kClasses; c++) {
    powers[c] = std::exp(double(logits[c]) - logits[best]);
    total += powers[c];
    sum += logits[c];
  }
  const double log_total = std::log(total) + logits[best];
  for (int c = 0; c < kClasses; c++) {
    const double wanted = smoothing / kClasses + (c == label ? 1 - smoothing : 0);
    gradient[c] = float((powers[c] / total - wanted) / images);
  }
  const double loss = (1 - smoothing) * (log_total - logits[label]) + smoothing * (log_total - sum / kClasses);
  return {float(loss), best == label};
}

}  // namespace native
