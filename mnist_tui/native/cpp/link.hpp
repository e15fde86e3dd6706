// The interface of a stage, whatever its shapes: a link of the chain.
//
// Only what implements it is compiled for a network's shapes, each stage in a translation unit of its own, so that
// compilers run in parallel. This header, which all those units include, stays light: <memory>, <vector> or <cmath> take
// longer to parse than many a stage to compile.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "vector.hpp"

// For what one unit defines for another: not visible outside the library.
#define NATIVE_HIDDEN __attribute__((visibility("hidden")))

namespace native {

// Floats, initially zero, aligned for every register.
class Buffer {
 public:
  explicit Buffer(size_t count) {
    const size_t bytes = (count * sizeof(float) + 63) / 64 * 64 + 64;  // the read of a register may begin at the last float
    floats_ = static_cast<float*>(std::aligned_alloc(64, bytes));
    if (!floats_) throw std::bad_alloc();
    std::memset(floats_, 0, bytes);
  }
  ~Buffer() { std::free(floats_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  float* get() const { return floats_; }
  float& operator[](size_t place) const { return floats_[place]; }

 private:
  float* floats_;
};

// The tensors of a stage in PyTorch's layout, null where there are none.
struct Weights {
  const float *weight, *bias, *gamma, *beta, *mean, *variance;
};

// What a step's dropout depends on besides the position.
struct StepKey {
  uint64_t seed, step;
};

// What a network allocates memory for: images per step, threads, and chunks of images that gradients are summed over.
struct Capacity {
  int images, threads, chunks;
};

// The sizes of a stage that the network needs, in floats unless noted.
struct Shape {
  size_t in, out, out_gradient;   // of one image, with the zeros around it
  int in_first, in_row, in_step;  // the input's first element, and from there to the next row and the next position
  int channels, step;             // of the output, without and with those that pad
  int filter;                     // weights per output channel; 0 without a convolution
  int weights, part;              // of one chunk's gradients: those of the weights, and with the bias after them
  int pixels;                     // positions per image that the norm averages over
  bool bias, norm;
  bool kept;                 // the output of every image is; else each thread has a buffer for one
  double epsilon, momentum;  // of the norm
};

// The rows of a norm's buffer, one number per channel: a norm as one multiplication and addition, and its gradient.
enum NormRow { kMean, kRstd, kScale, kShift, kByMean, kBySpread, kNormRows };

// Forward and backward have two halves each, as a norm needs sums over the whole batch in between:
//   `forward` up to the norm's input | all images | `forward_tail`
//   `backward_sums` for the norm     | all images | `backward` to weights and input
// Each half is computed image by image, on any thread, and the next half of an image perhaps on another. What is summed
// over images is kept per image or per chunk of images and added in a fixed order, so that the sums do not depend on the
// threads.
class Link {
 public:
  Link(const Shape& shape, const Capacity& capacity)
      : shape(shape),
        chunk_gradients(size_t(capacity.chunks) * shape.part),
        moments(shape.norm ? size_t(capacity.images) * 2 * shape.step : 0),
        products(shape.norm ? size_t(capacity.images) * 2 * shape.step : 0),
        gamma(shape.step),
        beta(shape.step),
        outs_((shape.kept ? capacity.images : capacity.threads) * whole_lines(shape.out)),
        out_gradients_((shape.norm ? capacity.images : capacity.threads) * whole_lines(shape.out_gradient)),
        norm(kNormRows * shape.step) {}
  virtual ~Link() = default;

  const Shape shape;
  Buffer chunk_gradients;  // of weights and bias, for each chunk of images
  // For the norm, two numbers per channel of each image: its mean and the squares around it; the sum of the gradient, and
  // of its products with the deviations.
  Buffer moments, products;
  Buffer gamma, beta;
  Buffer norm;  // `kNormRows` rows of `step` floats

  // The output of image `n`, and the gradient by it. What is not kept of every image is used before the thread's next
  // image.
  float* out_of(int n, int thread) const {
    return outs_.get() + (shape.kept ? n : thread) * whole_lines(shape.out);
  }
  float* out_gradient_of(int n, int thread) const {
    return out_gradients_.get() + (shape.norm ? n : thread) * whole_lines(shape.out_gradient);
  }

  // Convert weights from PyTorch's order [output][input][row][column], once per step; and the gradients of the outputs
  // [begin, end) back to it.
  virtual void pack(const Weights& from, bool backward) = 0;
  virtual void unpack(int begin, int end, float* gradient) const = 0;

  // Convolution and ReLU of image `n`, and in training the sums for the norm.
  virtual void forward(const float* in, int n, bool training) = 0;

  // Norm, ReLU, pooling and dropout; may be repeated. `key` is null in evaluation.
  virtual void forward_tail(const float* in, int n, int thread, const StepKey* key) = 0;

  // The sums of the gradient that the norm's backward pass needs.
  virtual void backward_sums(const float* in, int n, int thread, StepKey key) = 0;

  // From the gradient by the output to those of the weights (added to `part`, those of a chunk) and of the input.
  virtual void backward(const float* in, float* in_gradient, int n, int thread, StepKey key, float* part) = 0;

 private:
  // Whole cache lines, which threads should not share.
  static size_t whole_lines(size_t floats) { return (floats + 15) / 16 * 16; }

  Buffer outs_, out_gradients_;
};

}  // namespace native
