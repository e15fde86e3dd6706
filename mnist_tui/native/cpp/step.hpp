// A training step: forward, loss, backward, running statistics, optimizer and averages.
#pragma once

#include <algorithm>
#include <vector>

#include "chain.hpp"
#include "loss.hpp"
#include "norm.hpp"
#include "optimizer.hpp"
#include "thread_pool.hpp"

namespace native {

// Gradients are summed over at most this many chunks of a step's images, so this many threads can help.
constexpr int kMostChunks = 16;

// What steps need besides the links' own buffers.
struct StepBuffers {
  StepBuffers(const Capacity& capacity, const Chain& chain)
      : channels(chain.most_channels()),
        norm_gradients(size_t(chain.size()) * 2 * channels),
        batch_mean(channels),
        batch_variance(channels),
        losses(capacity.images),
        correct(capacity.images) {}

  const int channels;
  Buffer norm_gradients;              // of gamma and beta, for each link
  Buffer batch_mean, batch_variance;  // of the norm that all images have just reached
  std::vector<float> losses;
  std::vector<int> correct;
};

// A norm needs sums over the whole batch: only there do the images wait for each other. Between two norms each image
// passes through all links on its own, so that a link finds its input in the cache. So the rounds of a step are
//   0 pack | forward to each norm | forward to the loss and back to the last norm | back to each norm before it and
//   to the images | add up the chunks' gradients | update
class Step final : public Job {
 public:
  Step(Chain& chain, StepBuffers& buffers, const Tensors& tensors, const Settings& settings, const Batch& batch,
       float* losses)
      : chain_(chain),
        buffers_(buffers),
        tensors_(tensors),
        settings_(settings),
        batch_(batch),
        key_{settings.seed, settings.step},
        losses_(losses),
        chunks_(std::min(std::max(batch.count / 2, 1), kMostChunks)),
        norms_(int(chain.norms().size())),
        turn_(norms_ + 1),
        adding_(turn_ + norms_ + 1) {}

  int begin(int number) override {
    if (number == 0) return chain_.size();
    if (number > 1 && number <= turn_) end_forward(chain_.norms()[number - 2]);
    if (number > turn_ && number < adding_) end_backward(norm_back(number));
    if (number < adding_) return chunks_;
    return number <= adding_ + 1 ? chain_.size() * kCuts : 0;
  }

  void work(int number, int piece, int thread) override {
    if (number == 0) {
      chain_.pack(piece, tensors_, false, true);
    } else if (number < adding_) {
      if (number == turn_) chain_.clear_gradients(piece);
      const Range images(batch_.count, piece, chunks_);
      for (int n = images.begin; n < images.end; n++) pass(number, Image{n, piece, thread});
    } else if (number == adding_) {
      add_up_gradients(piece / kCuts, piece % kCuts);
    } else {
      update_link(piece / kCuts, piece % kCuts);
    }
  }

  // After all rounds: step counts, which all pieces of the update read.
  StepResult finish() {
    finish_counts();
    StepResult result{0, 0};
    for (int n = 0; n < batch_.count; n++) result.loss_sum += buffers_.losses[n], result.correct += buffers_.correct[n];
    return result;
  }

 private:
  // Each link's gradients are added up, and its weights updated, in so many pieces.
  static constexpr int kCuts = 4;

  int norm_back(int number) const { return chain_.norms()[adding_ - 1 - number]; }
  float* norm_gradient(int i, int which) {
    return buffers_.norm_gradients.get() + (size_t(i) * 2 + which) * buffers_.channels;
  }

  void pass(int number, Image image) {
    if (number > turn_) {
      chain_.backward_link(norm_back(number), key_, image, false);
      chain_.backward(norm_back(number) - 1, key_, image, false);
      return;
    }
    const int next = number == 1 ? 0 : chain_.norms()[number - 2] + 1;
    chain_.forward(next, number == turn_ ? chain_.size() : chain_.norms()[number - 1], batch_, key_, image);
    if (number < turn_) return;
    losses_[image.n] = compute_loss(image);
    chain_.backward(chain_.size() - 1, key_, image, true);
  }

  // The loss and its gradient by the logits; returns the image's plain cross-entropy with its label.
  float compute_loss(Image image) {
    const int n = image.n;
    const float* logits = chain_.last().out_of(n, image.thread);
    const float* targets = batch_.targets ? batch_.targets + n * kClasses : nullptr;
    const double weight = batch_.weights ? batch_.weights[n] : 1;
    float* gradient = chain_.last().out_gradient_of(n, image.thread);
    const ImageLoss loss = cross_entropy<kClasses>(logits, batch_.labels[n], targets, settings_.label_smoothing, weight,
                                                   batch_.count, gradient);
    buffers_.losses[n] = loss.weighted;
    buffers_.correct[n] = loss.correct;
    return loss.by_label;
  }

  // Called when all images have reached the norm of link `i` in the forward pass, and in the backward pass.
  void end_forward(int i) {
    normalize(chain_[i], batch_.count, buffers_.batch_mean.get(), buffers_.batch_variance.get());
    update_statistics(i, tensors_.statistics[i]);
  }
  void end_backward(int i) { normalize_backward(chain_[i], batch_.count, norm_gradient(i, 0), norm_gradient(i, 1)); }

  void update_statistics(int i, const NormStatistics& s) {
    const float momentum = float(chain_[i].shape.momentum);
    const int count = chain_[i].shape.channels;
    for (int c = 0; c < count; c++) {
      s.mean[c] = (1 - momentum) * s.mean[c] + momentum * buffers_.batch_mean[c];
      s.variance[c] = (1 - momentum) * s.variance[c] + momentum * buffers_.batch_variance[c];
    }
    update_average(s.mean_average, s.mean, settings_, 0, count);
    update_average(s.variance_average, s.variance, settings_, 0, count);
  }

  // Adds the gradients of all chunks to those of the first one, in order; one piece of them.
  void add_up_gradients(int i, int cut) {
    const Range range(chain_[i].shape.part, cut, kCuts);
    float* total = chain_.gradients(i, 0);
    for (int chunk = 1; chunk < chunks_; chunk++) {
      const float* more = chain_.gradients(i, chunk);
      for (int at = range.begin; at < range.end; at++) total[at] += more[at];
    }
  }

  void update_link(int i, int cut) {
    const Shape& shape = chain_[i].shape;
    const Range range(shape.channels, cut, kCuts);
    if (shape.filter) {
      const Parameter& weight = tensors_.parameter(i, 0);
      chain_[i].unpack(range.begin, range.end, weight.gradient);
      update_parameter(weight, range.begin * shape.filter, range.end * shape.filter);
      if (shape.bias) update_parameter(tensors_.parameter(i, 1), range, chain_.gradients(i, 0) + shape.weights);
    }
    if (shape.norm && tensors_.parameter(i, 2).value) {
      update_parameter(tensors_.parameter(i, 2), range, norm_gradient(i, 0));
      update_parameter(tensors_.parameter(i, 3), range, norm_gradient(i, 1));
    }
  }
  void update_parameter(const Parameter& p, Range range, const float* gradient) {
    for (int i = range.begin; i < range.end; i++) p.gradient[i] = gradient[i];
    update_parameter(p, range.begin, range.end);
  }
  void update_parameter(const Parameter& p, int begin, int end) {
    update(p, settings_, begin, end);
    update_average(p.average, p.value, settings_, begin, end);
  }

  void finish_counts() {
    const Settings& settings = settings_;
    for (int i = 0; i < 4 * chain_.size(); i++)
      if (tensors_.parameters[i].steps) *tensors_.parameters[i].steps += 1;
    for (int i = 0; i < chain_.size(); i++) {
      const NormStatistics& s = tensors_.statistics[i];
      if (!s.batches) continue;
      *s.batches += 1;
      if (s.batches_average)
        *s.batches_average = *settings.ema_steps ? int64_t(float(*s.batches_average) * float(settings.ema_decay) +
                                                           float(*s.batches) * float(1 - settings.ema_decay))
                                                 : *s.batches;
    }
    if (settings.ema_steps) *settings.ema_steps += 1;
  }

  Chain& chain_;
  StepBuffers& buffers_;
  const Tensors& tensors_;
  const Settings& settings_;
  const Batch& batch_;
  const StepKey key_;
  float* const losses_;
  const int chunks_, norms_;
  const int turn_, adding_;  // the rounds in which images turn back, and in which gradients are added up
};

}  // namespace native
