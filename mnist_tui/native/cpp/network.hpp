// A compiled network: its threads, its chain of links, and the buffers of its steps.
#pragma once

#include <algorithm>
#include <utility>

#include "chain.hpp"
#include "step.hpp"
#include "thread_pool.hpp"

namespace native {

class Network {
 public:
  static Capacity capacity_for(int images, int threads) {
    const int helping = std::min(threads, kMostChunks);
    return {std::max(images, helping), helping, kMostChunks};
  }

  // `links` have been made for `capacity`.
  Network(const Capacity& capacity, Links links)
      : pool_(capacity.threads), chain_(capacity, std::move(links)), buffers_(capacity, chain_) {}

  ThreadPool& pool() { return pool_; }
  const Chain& chain() const { return chain_; }

  // A whole training step. `losses` gets each image's plain cross-entropy with its label.
  StepResult step(const Tensors& tensors, const Settings& settings, const Batch& batch, float* losses) {
    Step job(chain_, buffers_, tensors, settings, batch, losses);
    pool_.run(job);
    return job.finish();
  }

  // In evaluation mode, of the parameters or of their averages.
  void logits(const Tensors& tensors, bool averaged, const float* images, int count, float* out) {
    pool_.for_each(chain_.size(), [&](int i, int) {
      chain_.pack(i, tensors, averaged, false);
      if (chain_[i].shape.norm) normalize(chain_[i], tensors.weights(i, averaged));
    });
    pool_.for_each(count, [&](int n, int thread) {
      chain_.load_image(images, n, thread);
      for (int i = 0; i < chain_.size(); i++) {
        chain_[i].forward(chain_.input(i, thread, thread), thread, false);
        chain_[i].forward_tail(chain_.input(i, thread, thread), thread, thread, nullptr);
      }
      std::memcpy(out + size_t(n) * kClasses, chain_.last().out_of(thread, thread), kClasses * sizeof(float));
    });
  }

 private:
  ThreadPool pool_;
  Chain chain_;
  StepBuffers buffers_;
};

}  // namespace native
