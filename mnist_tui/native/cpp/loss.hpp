// Cross-entropy of one image's logits, with its gradient.
#pragma once

#include <cmath>
#include <cstdint>

namespace native {

struct ImageLoss {
  float weighted;  // what the batch's loss counts
  float by_label;  // the plain cross-entropy with the label
  bool correct;
};

// `gradient` gets that of the batch's mean loss by the logits. `targets` are class probabilities in place of the label.
// `smoothing` of the probability is spread evenly over all classes. The image's loss is multiplied by `weight`.
template <int kClasses>
ImageLoss cross_entropy(const float* logits, int64_t label, const float* targets, double smoothing, double weight,
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
    const double target = targets ? targets[c] : c == label;
    const double share = (1 - smoothing) * target + smoothing / kClasses;
    loss += share * (log_total - logits[c]);
    gradient[c] = float(weight * (powers[c] / total - share) / images);
  }
  return {float(weight * loss), float(log_total - logits[label]), best == label};
}

}  // namespace native
