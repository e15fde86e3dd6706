// Batch normalization across the images of a batch, for a link of any shape; the stages compute each image's part.
#pragma once

#include <cmath>

#include "link.hpp"

namespace native {

// Channels at once. A link's channels with those that pad are a multiple of it.
constexpr int kBlock = kNarrowest;

// For what runs once per channel, not per image: one body is enough, which a compiler would else copy for each channel.
#define NATIVE_ONE_BODY __attribute__((noinline)) inline

NATIVE_ONE_BODY void set_norm(Link& link, int c, float mean, float rstd) {
  float *norm = link.norm.get(), scale = link.gamma[c] * rstd;
  const int step = link.shape.step;
  norm[kMean * step + c] = mean;
  norm[kRstd * step + c] = rstd;
  norm[kScale * step + c] = scale;
  norm[kShift * step + c] = link.beta[c] - mean * scale;
}

// The norm's own weights, once per step; 1 and 0 where it has none.
inline void load_norm(Link& link, const Weights& from) {
  for (int c = 0; c < link.shape.channels; c++) {
    link.gamma[c] = from.gamma ? from.gamma[c] : 1.0f;
    link.beta[c] = from.beta ? from.beta[c] : 0.0f;
  }
}

NATIVE_ONE_BODY void finish_normalize(Link& link, int images, int c, double mean, double spread, float* means,
                                   float* variances) {
  const double count = double(images) * link.shape.pixels;
  set_norm(link, c, float(mean), float(1.0 / std::sqrt(spread / count + link.shape.epsilon)));
  means[c] = float(mean);
  variances[c] = float(spread / std::fmax(count - 1, 1.0));
}

// In training: the norm from the batch's mean and variance, which are combined from each image's. Also returns what the
// running statistics are updated with, the mean and the unbiased variance of each channel.
inline void normalize(Link& link, int images, float* batch_means, float* batch_variances) {
  const int step = link.shape.step;
  for (int first = 0; first < step; first += kBlock) {
    double mean[kBlock] = {}, spread[kBlock] = {};
    for (int n = 0; n < images; n++) {
      const float* means = &link.moments[size_t(n) * 2 * step + first];
      for (int c = 0; c < kBlock; c++) mean[c] += means[c];
    }
    for (int c = 0; c < kBlock; c++) mean[c] /= images;
    for (int n = 0; n < images; n++) {
      const float *means = &link.moments[size_t(n) * 2 * step + first], *spreads = means + step;
      for (int c = 0; c < kBlock; c++) {
        const double off = means[c] - mean[c];
        spread[c] += spreads[c] + link.shape.pixels * off * off;
      }
    }
    for (int c = 0; c < kBlock; c++)
      finish_normalize(link, images, first + c, mean[c], spread[c], batch_means, batch_variances);
  }
}

// In evaluation: the norm from the running statistics.
inline void normalize(Link& link, const Weights& from) {
  for (int c = 0; c < link.shape.channels; c++)
    set_norm(link, c, from.mean[c], float(1.0 / std::sqrt(double(from.variance[c]) + link.shape.epsilon)));
}

NATIVE_ONE_BODY void finish_backward(Link& link, int images, int c, double sum, double product, float* gammas, float* betas) {
  const int step = link.shape.step;
  const double count = double(images) * link.shape.pixels;
  float* norm = link.norm.get();
  const double scale = norm[kScale * step + c];
  norm[kByMean * step + c] = float(scale * sum / count);
  norm[kBySpread * step + c] = float(scale * norm[kRstd * step + c] * product / count);
  gammas[c] = float(product);
  betas[c] = float(sum);
}

// What the links' `backward` needs of all images, and the gradients of gamma and beta.
inline void normalize_backward(Link& link, int images, float* gammas, float* betas) {
  const int step = link.shape.step;
  for (int first = 0; first < step; first += kBlock) {
    double sum[kBlock] = {}, product[kBlock] = {};
    for (int n = 0; n < images; n++) {
      const float *sums = &link.products[size_t(n) * 2 * step + first], *products = sums + step;
      for (int c = 0; c < kBlock; c++) {
        sum[c] += sums[c];
        product[c] += products[c];
      }
    }
    for (int c = 0; c < kBlock; c++) finish_backward(link, images, first + c, sum[c], product[c], gammas, betas);
  }
}

}  // namespace native
