// A stage as the network sees it, whatever its shapes: a link of the chain.
//
// Only what lies behind this is made for a network's shapes, each stage in a translation unit of its own. A compiler
// then has many small things to do, and several at once. So this header, which all those units read, stays light:
// <memory>, <vector> or <cmath> take longer to read than many a stage to compile.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "vector.hpp"

// Of what one unit defines for another, nothing is to be seen outside of the library.
#define NATIVE_HIDDEN __attribute__((visibility("hidden")))

namespace native {

// Floats, zero at first, that begin where any register may.
class Buffer {
 public:
  explicit Buffer(size_t count) {
    const size_t bytes = (count * sizeof(float) + 63) / 64 * 64 + 64;  // a register's read may begin at the last float
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

// The tensors of a stage as PyTorch has them, null where there are none.
struct Weights {
  const float *weight, *bias, *gamma, *beta, *mean, *variance;
};

// What dropout depends on besides the position.
struct Moment {
  uint64_t seed, step;
};

// What a network is opened for: images a step, threads, and parts that gradients are summed in.
struct Room {
  int images, threads, chunks;
};

// What the network has to know of a stage.
struct Shape {
  size_t in, out, out_gradient;  // floats of one image: what comes in and what goes out, with the zeros around them
  int in_first, in_row, in_step;  // where its first number is, and from there to the next row and the next position
  int channels, step;             // that go out, and with those that pad
  int filter;                     // weights of each of these; 0 without a convolution
  int weights, part;              // floats of one chunk's gradients: of the weights, and with the bias after them
  int pixels;                     // positions that the norm has in an image
  bool bias, norm;
  bool kept;                 // the output of every image; else each thread has room for that of one
  double epsilon, momentum;  // of the norm
};

// A norm as one multiplication and addition, and what its gradient needs: a number for each channel in each row.
enum NormRow { kMean, kRstd, kScale, kShift, kByMean, kBySpread, kNormRows };

// Forward and backward come in two halves each, as a norm needs sums over the whole batch in between:
//   forward:   `compute` up to the norm's input | all images | `finish` the rest
//   backward:  `gather` the sums that the norm needs | all images | `spread` the gradient to weights and input
// Each half is computed image by image, on any thread, and the next half of an image on any other; values to be summed
// over images are kept per image or per chunk of images and added in a fixed order, so that the sums do not depend on the
// threads.
class Link {
 public:
  Link(const Shape& shape, const Room& room)
      : shape(shape),
        parts(size_t(room.chunks) * shape.part),
        moments(shape.norm ? size_t(room.images) * 2 * shape.step : 0),
        products(shape.norm ? size_t(room.images) * 2 * shape.step : 0),
        gamma(shape.step),
        beta(shape.step),
        outs_((shape.kept ? room.images : room.threads) * whole_lines(shape.out)),
        out_gradients_((shape.norm ? room.images : room.threads) * whole_lines(shape.out_gradient)),
        norm(kNormRows * shape.step) {}
  virtual ~Link() = default;

  const Shape shape;
  Buffer parts;  // the gradients of weights and bias, one part a chunk of images
  // Of the norm, two numbers a channel for each image: mean and squares around it; the gradient's sum and that of its
  // products.
  Buffer moments, products;
  Buffer gamma, beta;
  Buffer norm;  // `kNormRows` rows of `step` floats

  // The output of image `n`, and the gradient by it. What is not kept of every image is used up before the thread's next
  // image comes.
  float* out_of(int n, int thread) const {
    return outs_.get() + (shape.kept ? n : thread) * whole_lines(shape.out);
  }
  float* out_gradient_of(int n, int thread) const {
    return out_gradients_.get() + (shape.norm ? n : thread) * whole_lines(shape.out_gradient);
  }

  // Bring PyTorch's [output][input][row][column] into our order, once a step; and gradients, of the outputs
  // [begin, end), back into PyTorch's.
  virtual void pack(const Weights& from, bool backward) = 0;
  virtual void unpack(int begin, int end, float* gradient) const = 0;

  // Forward, first half: convolution and ReLU of image `n`, and in training the sums the norm needs.
  virtual void compute(const float* in, int n, bool training) = 0;

  // Forward, second half; may be done again. In evaluation there is no moment.
  virtual void finish(const float* in, int n, int thread, const Moment* moment) = 0;

  // Backward, first half: the sums that the norm needs of the gradient by its output.
  virtual void gather(const float* in, int n, int thread, Moment moment) = 0;

  // Backward, second half: the gradient of the output to the weights (into `part`, those of a chunk) and the input.
  virtual void spread(const float* in, float* in_gradient, int n, int thread, Moment moment, float* part) = 0;

 private:
  // Of the cache, which threads had better not share.
  static size_t whole_lines(size_t floats) { return (floats + 15) / 16 * 16; }

  Buffer outs_, out_gradients_;
};

}  // namespace native
