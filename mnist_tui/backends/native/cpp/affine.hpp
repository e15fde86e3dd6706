// Augmentation: every image through its own affine map, as PyTorch's affine_grid and grid_sample do it with
// align_corners off and zeros outside, then normalised.
#pragma once

#include <cmath>
#include <cstdint>

#include "team.hpp"

namespace native {

struct Pixels {
  float mean, deviation;
  float operator()(float byte) const { return (byte / 255.0f - mean) / deviation; }
};

template <int kSide>
float pixel(const uint8_t* image, int x, int y) {
  const bool inside = unsigned(x) < unsigned(kSide) && unsigned(y) < unsigned(kSide);
  return inside ? image[y * kSide + x] : 0.0f;
}

// `map` is (2, 3): where in the input an output position looks, both in [-1, 1] over the image.
template <int kSide, bool kBilinear>
void warp(const uint8_t* image, const float* map, Pixels pixels, float* out) {
  const float half = kSide / 2.0f;
  // In pixels: x_in = ax * x + bx * y + cx, for the centre of pixel (0, 0) at the origin.
  const float ax = map[0], bx = map[1], ay = map[3], by = map[4];
  const float corner = (1 - kSide) / 2.0f;
  const float cx = map[2] * half + (ax + bx) * corner - corner, cy = map[5] * half + (ay + by) * corner - corner;
  for (int y = 0; y < kSide; y++)
    for (int x = 0; x < kSide; x++) {
      const float from_x = ax * x + bx * y + cx, from_y = ay * x + by * y + cy;
      float value;
      if (kBilinear) {
        const float left = std::floor(from_x), top = std::floor(from_y);
        const int column = int(left), row = int(top);
        const float right = from_x - left, below = from_y - top;
        const float upper = pixel<kSide>(image, column, row) * (1 - right) + pixel<kSide>(image, column + 1, row) * right;
        const float lower =
            pixel<kSide>(image, column, row + 1) * (1 - right) + pixel<kSide>(image, column + 1, row + 1) * right;
        value = upper * (1 - below) + lower * below;
      } else {
        value = pixel<kSide>(image, int(std::nearbyint(from_x)), int(std::nearbyint(from_y)));
      }
      out[y * kSide + x] = pixels(value);
    }
}

template <int kSide>
void warp_all(Team& team, const uint8_t* images, const float* maps, int count, bool bilinear, Pixels pixels, float* out) {
  team.together([&](int thread) {
    const Share share(count, thread, team.threads());
    for (int64_t n = share.begin; n < share.end; n++) {
      const uint8_t* image = images + n * kSide * kSide;
      float* to = out + n * kSide * kSide;
      if (!maps)
        for (int i = 0; i < kSide * kSide; i++) to[i] = pixels(image[i]);
      else if (bilinear)
        warp<kSide, true>(image, maps + n * 6, pixels, to);
      else
        warp<kSide, false>(image, maps + n * 6, pixels, to);
    }
  });
}

}  // namespace native
