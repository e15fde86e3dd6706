// Augmentation: an affine map for each image, as in PyTorch's affine_grid and grid_sample without align_corners and with
// zeros outside, then normalization.
#pragma once

#include <cmath>
#include <cstdint>

#include "thread_pool.hpp"

namespace native {

struct Normalization {
  float mean, deviation;
  float operator()(float byte) const { return (byte / 255.0f - mean) / deviation; }
};

// An image with a border of two zeros, so that every position can be read without checking whether it is inside.
template <int kSide>
class PaddedImage {
  static constexpr int kFrame = 2;

 public:
  static constexpr int kRow = kSide + 2 * kFrame;

  explicit PaddedImage(const uint8_t* image) {
    for (int y = 0; y < kSide; y++)
      for (int x = 0; x < kSide; x++) numbers_[place(float(x), float(y))] = image[y * kSide + x];
  }

  // The index of an integer position; for one far outside, that of a zero that is followed by zeros.
  static int place(float x, float y) { return (int(within(y)) + kFrame) * kRow + int(within(x)) + kFrame; }
  const float* at(int place) const { return numbers_ + place; }

 private:
  // NaN is outside.
  static float within(float position) {
    return position > -kFrame ? position < kSide ? position : kSide : -kFrame;
  }

  float numbers_[kRow * kRow] = {};
};

// `map` is (2, 3), from an output position to an input position, both in [-1, 1] over the image. Each row takes three
// loops, as only the middle one, which reads scattered positions, cannot be vectorized.
template <int kSide, bool kBilinear>
void warp(const uint8_t* image, const float* map, Normalization normalize, float* out) {
  using Frame = PaddedImage<kSide>;
  const Frame frame(image);
  const float half = kSide / 2.0f;
  // In pixels: x_in = ax * x + bx * y + cx, for the center of pixel (0, 0) at the origin.
  const float ax = map[0], bx = map[1], ay = map[3], by = map[4];
  const float corner = (1 - kSide) / 2.0f;
  const float cx = map[2] * half + (ax + bx) * corner - corner, cy = map[5] * half + (ay + by) * corner - corner;
  for (int y = 0; y < kSide; y++) {
    int place[kSide];
    float right[kSide], below[kSide], value[kSide];
    for (int x = 0; x < kSide; x++) {
      const float from_x = ax * x + bx * y + cx, from_y = ay * x + by * y + cy;
      const float column = kBilinear ? std::floor(from_x) : std::nearbyint(from_x);
      const float row = kBilinear ? std::floor(from_y) : std::nearbyint(from_y);
      place[x] = Frame::place(column, row);
      right[x] = from_x - column, below[x] = from_y - row;
    }
    for (int x = 0; x < kSide; x++) {
      const float *upper = frame.at(place[x]), *lower = upper + Frame::kRow;
      const auto between = [&](const float* left) { return left[0] * (1 - right[x]) + left[1] * right[x]; };
      value[x] = kBilinear ? between(upper) * (1 - below[x]) + between(lower) * below[x] : *upper;
    }
    for (int x = 0; x < kSide; x++) out[y * kSide + x] = normalize(value[x]);
  }
}

template <int kSide>
void warp_all(ThreadPool& pool, const uint8_t* images, const float* maps, int count, bool bilinear, Normalization normalize, float* out) {
  pool.for_each(count, [&](int64_t n, int) {
    const uint8_t* image = images + n * kSide * kSide;
    float* to = out + n * kSide * kSide;
    if (!maps)
      for (int i = 0; i < kSide * kSide; i++) to[i] = normalize(image[i]);
    else if (bilinear)
      warp<kSide, true>(image, maps + n * 6, normalize, to);
    else
      warp<kSide, false>(image, maps + n * 6, normalize, to);
  });
}

}  // namespace native
