// The chain of links: the forward and backward pass of one image.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "norm.hpp"
#include "tensors.hpp"

namespace native {

using Links = std::vector<std::unique_ptr<Link>>;

// An image of a step, its chunk, and the thread that processes it.
struct Image {
  int n, chunk, thread;
};

class Chain {
 public:
  Chain(const Capacity& capacity, Links links)
      : links_(std::move(links)),
        norms_(norms_of(links_)),
        size_(static_cast<int>(links_.size())),
        input_(capacity.images * links_[0]->shape.in) {}

  int size() const { return size_; }
  Link& operator[](int i) const { return *links_[i]; }
  Link& last() const { return *links_.back(); }
  // The numbers of the links that have a norm.
  const std::vector<int>& norms() const { return norms_; }

  // Channels of the widest link, with those that pad.
  int most_channels() const {
    int most = 0;
    for (const auto& link : links_) most = std::max(most, link->shape.step);
    return most;
  }

  // The input of link `i` for image `n`.
  const float* input(int i, int n, int thread) const {
    return i == 0 ? input_.get() + n * links_[0]->shape.in : links_[i - 1]->out_of(n, thread);
  }

  // Gradients of link `i`, summed over one chunk of images: of the weights, then of the bias.
  float* gradients(int i, int chunk) const {
    return links_[i]->chunk_gradients.get() + size_t(chunk) * links_[i]->shape.part;
  }
  void clear_gradients(int chunk) {
    for (int i = 0; i < size_; i++) std::memset(gradients(i, chunk), 0, links_[i]->shape.part * sizeof(float));
  }

  void pack(int i, const Tensors& tensors, bool averaged, bool backward) {
    const Weights weights = tensors.weights(i, averaged);
    links_[i]->pack(weights, backward);
    if (links_[i]->shape.norm) load_norm(*links_[i], weights);
  }

  // Copies image `n` into the place `slot`, with zero padding around it.
  void load_image(const float* images, int n, int slot) {
    const Shape& shape = links_[0]->shape;
    const float* from = images + size_t(n) * kSide * kSide;
    float* to = input_.get() + slot * shape.in + shape.in_first;
    for (int y = 0; y < kSide; y++)
      for (int x = 0; x < kSide; x++) to[y * shape.in_row + x * shape.in_step] = from[y * kSide + x];
  }

  // From link `next`, before which there is a norm or the image, to the norm of link `end`.
  void forward(int next, int end, const Batch& batch, const StepKey& key, Image image) {
    const int n = image.n;
    if (next == 0)
      load_image(batch.images, n, n);
    else
      forward_tail(next - 1, key, image);
    for (int i = next; i < end; i++) {
      links_[i]->forward(input(i, n, image.thread), n, true);
      forward_tail(i, key, image);
    }
    if (end < size_) links_[end]->forward(input(end, n, image.thread), n, true);
  }

  // From the output of link `i` back to that of the next norm, or to the image. `is_current` says whether the outputs
  // that are not kept are of this image, as on its way back from the loss.
  void backward(int i, const StepKey& key, Image image, bool is_current) {
    for (; i >= 0 && !links_[i]->shape.norm; i--) backward_link(i, key, image, is_current);
    if (i >= 0) links_[i]->backward_sums(input(i, image.n, image.thread), image.n, image.thread, key);
  }
  void backward_link(int i, const StepKey& key, Image image, bool is_current) {
    const int n = image.n, thread = image.thread;
    if (i > 0 && !is_current && !links_[i - 1]->shape.kept) forward_tail(i - 1, key, image);
    float* to = i == 0 ? nullptr : links_[i - 1]->out_gradient_of(n, thread);  // the image needs no gradient
    links_[i]->backward(input(i, n, thread), to, n, thread, key, gradients(i, image.chunk));
  }

 private:
  static std::vector<int> norms_of(const Links& links) {
    std::vector<int> norms;
    for (size_t i = 0; i < links.size(); i++)
      if (links[i]->shape.norm) norms.push_back(int(i));
    return norms;
  }

  void forward_tail(int i, const StepKey& key, Image image) {
    links_[i]->forward_tail(input(i, image.n, image.thread), image.n, image.thread, &key);
  }

  const Links links_;
  const std::vector<int> norms_;
  const int size_;
  Buffer input_;
};

}  // namespace native
