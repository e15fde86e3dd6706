// Cross-entropy of one image's logits, with its gradient.
#pragma once

#include <cmath>
#include <cstdint>

namespace native {

struct Guess {
  float loss;
  float by_label;  // what the label alone would cost, whatever the image counts
  bool correct;
};

// `gradient` gets that of the batch's mean loss. `targets` is a probability for each class; without it the label has
// all. With `smoothing`, that share is spread over all classes. The image counts `weight` times.
template <int kClasses>
Guess cross_entropy(const float* logits, int64_t label, const float* targets, double smoothing, double weight,
                    int images, float* gradient) {
  int best = 0;
  for (int c = 1; c < kClasses; c++)
    if (logits[c] > logits[best]) best = c;
  double powers[kClasses], total = 0;
  for (int c = 0; c < kClasses; c++) {
    powers[c] = std::exp(double(logits[c]) - logits[best]);
    total += powers[c];
  }
  const double log_total = std::log(total) + logits[best];
  double loss = 0;
  for (int c = 0; c < kClasses; c++) {
    const double known = targets ? targets[c] : c == label;
    const double share = (1 - smoothing) * known + smoothing / kClasses;
    loss += share * (log_total - logits[c]);
    gradient[c] = float(weight * (powers[c] / total - share) / images);
  }
  return {float(weight * loss), float(log_total - logits[label]), best == label};
}

}  // namespace native
