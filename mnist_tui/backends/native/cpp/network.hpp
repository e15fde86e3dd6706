// The chain of stages: a whole training step, and the logits of images.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "affine.hpp"
#include "link.hpp"
#include "loss.hpp"
#include "norm.hpp"
#include "optimizer.hpp"
#include "team.hpp"
#include "vector.hpp"

namespace native {

// What every network is given and what it gives: images of one channel, and a number a class.
constexpr int kSide = 28, kClasses = 10;

// The running statistics of a norm and their averages.
struct Statistics {
  float *mean, *variance;
  int64_t* batches;
  float *mean_average, *variance_average;
  int64_t* batches_average;
};

// The tensors of a network: for each stage weight, bias, gamma, beta, and the statistics of its norm.
struct Tensors {
  const Parameter* parameters;
  const Statistics* statistics;

  const Parameter& parameter(int stage, int which) const { return parameters[4 * stage + which]; }
  Weights weights(int stage, bool averaged) const {
    const auto value = [&](int which) {
      const Parameter& p = parameter(stage, which);
      return averaged ? p.average : p.value;
    };
    const Statistics& s = statistics[stage];
    return {value(0), value(1), value(2), value(3), averaged ? s.mean_average : s.mean,
            averaged ? s.variance_average : s.variance};
  }
};

// The images of a step and what is to be learnt of them: labels, or probabilities in their place. Each image's loss
// counts as its weight says; without weights, once.
struct Lesson {
  const float* images;
  const int64_t* labels;
  const float *targets, *weights;
  int count;
};

struct Result {
  double loss_sum;
  int64_t correct;
};

class Network {
 public:
  using Chain = std::vector<std::unique_ptr<Link>>;

  // Gradients of a step's images are summed in this many parts at most, so this many threads can help.
  static constexpr int kMostChunks = 16;

  static Room room_for(int images, int threads) {
    const int helping = std::min(threads, kMostChunks);
    return {std::max(images, helping), helping, kMostChunks};
  }

  // The links of `chain` have been made for `room`.
  Network(const Room& room, Chain chain)
      : team_(room.threads),
        chain_(std::move(chain)),
        stages_(static_cast<int>(chain_.size())),
        most_channels_(most_channels(chain_)),
        input_(room.images * chain_[0]->shape.in),
        norm_gradients_(size_t(stages_) * 2 * most_channels_),
        batch_mean_(most_channels_),
        batch_variance_(most_channels_),
        losses_(room.images),
        correct_(room.images) {}

  Team& team() { return team_; }
  const Chain& chain() const { return chain_; }

  // Loss, gradients, statistics, update, averages, of at most as many images as there is room for; and what each image
  // alone lost by its label, whatever it counts.
  //
  // A norm needs sums over the whole batch: only there do the images wait for each other. From norm to norm each goes
  // through all the links on its own, so that the next link finds in the cache what one has made.
  Result step(const Tensors& tensors, const Settings& settings, const Lesson& lesson, float* losses) {
    const int count = lesson.count;
    const Moment moment{settings.seed, settings.step};
    chunks_ = std::min(std::max(count / 2, 1), kMostChunks);
    team_.together([&](int thread) {
      pack(tensors, false, true, thread);
      clear_parts(thread);
      team_.barrier.wait();
      int next = 0;
      for (int norm = norm_from(next); norm < stages_; norm = norm_from(next)) {
        each_image(thread, count, [&](Image image) { forward(next, norm, lesson, moment, image); });
        team_.barrier.wait();
        normalise(link(norm), count, thread, thread == 0 ? Wanted{batch_mean_.get(), batch_variance_.get()} : Wanted{});
        if (thread == 0) follow(norm, tensors.statistics[norm], settings);
        next = norm + 1;
      }
      each_image(thread, count, [&](Image image) {
        forward(next, stages_, lesson, moment, image);
        losses[image.n] = lose(lesson, settings.smoothing, image);
        backward(stages_ - 1, moment, image, true);
      });
      for (int i = stages_ - 1; i >= 0; i--) {
        if (!link(i).shape.norm) continue;
        team_.barrier.wait();
        balance(link(i), count, thread, thread == 0 ? Wanted{norm_gradient(i, 0), norm_gradient(i, 1)} : Wanted{});
        each_image(thread, count, [&](Image image) {
          spread(i, moment, image, false);
          backward(i - 1, moment, image, false);
        });
      }
      team_.barrier.wait();
      for (const auto& link : chain_) add_up(*link, thread);
      team_.barrier.wait();
      for (int i = 0; i < stages_; i++) update_stage(i, tensors, settings, thread);
    });
    finish_counts(tensors, settings);
    Result result{0, 0};
    for (int n = 0; n < count; n++) result.loss_sum += losses_[n], result.correct += correct_[n];
    return result;
  }

  // As in evaluation mode, of the parameters or of their averages.
  void logits(const Tensors& tensors, bool averaged, const float* images, int count, float* out) {
    team_.together([&](int thread) {
      pack(tensors, averaged, false, thread);
      team_.barrier.wait();
      for (int i = 0; i < stages_; i++)
        if (link(i).shape.norm) normalise(link(i), tensors.weights(i, averaged), thread);
      const Share share(count, thread, team_.threads());
      for (int n = share.begin; n < share.end; n++) {
        take(images, n, thread);
        for (int i = 0; i < stages_; i++) {
          link(i).compute(input(i, thread, thread), thread, false);
          link(i).finish(input(i, thread, thread), thread, thread, nullptr);
        }
        std::memcpy(out + size_t(n) * kClasses, last().out_of(thread, thread), kClasses * sizeof(float));
      }
    });
  }

 private:
  static int most_channels(const Chain& chain) {
    int most = 0;
    for (const auto& link : chain) most = std::max(most, link->shape.step);
    return most;
  }

  Link& link(int i) { return *chain_[i]; }
  Link& last() { return *chain_.back(); }

  // What comes into link `i` of image `n`.
  const float* input(int i, int n, int thread) {
    return i == 0 ? input_.get() + n * link(0).shape.in : link(i - 1).out_of(n, thread);
  }
  float* norm_gradient(int i, int which) { return norm_gradients_.get() + (size_t(i) * 2 + which) * most_channels_; }

  // An image of a step, the chunk that it is in, and the thread that has it from the first link to the last and back.
  struct Image {
    int n, chunk, thread;
  };

  template <class Work>
  void each_image(int thread, int count, Work work) const {
    const Share chunks(chunks_, thread, team_.threads());
    for (int chunk = chunks.begin; chunk < chunks.end; chunk++) {
      const Share images(count, chunk, chunks_);
      for (int n = images.begin; n < images.end; n++) work(Image{n, chunk, thread});
    }
  }

  // The first link from `i` on that has a norm; behind the last one where there is none.
  int norm_from(int i) {
    while (i < stages_ && !link(i).shape.norm) i++;
    return i;
  }

  float* part(int i, int chunk) { return link(i).parts.get() + size_t(chunk) * link(i).shape.part; }
  void clear_parts(int thread) {
    const Share chunks(chunks_, thread, team_.threads());
    for (int i = 0; i < stages_; i++)
      std::memset(part(i, chunks.begin), 0, size_t(chunks.end - chunks.begin) * link(i).shape.part * sizeof(float));
  }

  void pack(const Tensors& tensors, bool averaged, bool backward, int thread) {
    for (int i = thread; i < stages_; i += team_.threads()) {
      const Weights weights = tensors.weights(i, averaged);
      link(i).pack(weights, backward);
      if (link(i).shape.norm) take_norm(link(i), weights);
    }
  }

  // Image `n` into the place `slot`, with zeros around it.
  void take(const float* images, int n, int slot) {
    const Shape& shape = link(0).shape;
    const float* from = images + size_t(n) * kSide * kSide;
    float* to = input_.get() + slot * shape.in + shape.in_first;
    for (int y = 0; y < kSide; y++)
      for (int x = 0; x < kSide; x++) to[y * shape.in_row + x * shape.in_step] = from[y * kSide + x];
  }

  // From link `next`, before which a norm or nothing is, to the norm of link `end`.
  void forward(int next, int end, const Lesson& lesson, const Moment& moment, Image image) {
    const int n = image.n;
    if (next == 0)
      take(lesson.images, n, n);
    else
      finish(next - 1, moment, image);
    for (int i = next; i < end; i++) {
      link(i).compute(input(i, n, image.thread), n, true);
      finish(i, moment, image);
    }
    if (end < stages_) link(end).compute(input(end, n, image.thread), n, true);
  }
  void finish(int i, const Moment& moment, Image image) {
    link(i).finish(input(i, image.n, image.thread), image.n, image.thread, &moment);
  }

  // The gradient of the loss by the logits; returns what the label alone would cost.
  float lose(const Lesson& lesson, double smoothing, Image image) {
    const int n = image.n;
    const float* logits = last().out_of(n, image.thread);
    const float* wanted = lesson.targets ? lesson.targets + n * kClasses : nullptr;
    const double weight = lesson.weights ? lesson.weights[n] : 1;
    float* gradient = last().out_gradient_of(n, image.thread);
    const Guess guess =
        cross_entropy<kClasses>(logits, lesson.labels[n], wanted, smoothing, weight, lesson.count, gradient);
    losses_[n] = guess.loss;
    correct_[n] = guess.correct;
    return guess.by_label;
  }

  // From the output of link `i` back to that of the next norm, or to the images. `there` are the outputs that are not
  // kept if they are of this image, as on its way back from the loss.
  void backward(int i, const Moment& moment, Image image, bool there) {
    for (; i >= 0 && !link(i).shape.norm; i--) spread(i, moment, image, there);
    if (i >= 0) link(i).gather(input(i, image.n, image.thread), image.n, image.thread, moment);
  }
  void spread(int i, const Moment& moment, Image image, bool there) {
    const int n = image.n, thread = image.thread;
    if (i > 0 && !there && !link(i - 1).shape.kept) finish(i - 1, moment, image);
    float* to = i == 0 ? nullptr : link(i - 1).out_gradient_of(n, thread);  // nobody asks for that by the image
    link(i).spread(input(i, n, thread), to, n, thread, moment, part(i, image.chunk));
  }

  // The running statistics follow the batch's.
  void follow(int i, const Statistics& s, const Settings& settings) {
    const float momentum = float(link(i).shape.momentum);
    const int count = link(i).shape.channels;
    for (int c = 0; c < count; c++) {
      s.mean[c] = (1 - momentum) * s.mean[c] + momentum * batch_mean_[c];
      s.variance[c] = (1 - momentum) * s.variance[c] + momentum * batch_variance_[c];
    }
    average(s.mean_average, s.mean, settings, 0, count);
    average(s.variance_average, s.variance, settings, 0, count);
  }

  // The parts of all chunks into the first one's, in their order.
  void add_up(Link& link, int thread) {
    const int size = link.shape.part;
    const Share share(size, thread, team_.threads());
    float* total = link.parts.get();
    for (int chunk = 1; chunk < chunks_; chunk++) {
      const float* part = total + size_t(chunk) * size;
      for (int i = share.begin; i < share.end; i++) total[i] += part[i];
    }
  }

  void update_stage(int i, const Tensors& tensors, const Settings& settings, int thread) {
    const Shape& shape = link(i).shape;
    const Share share(shape.channels, thread, team_.threads());
    if (shape.filter) {
      const Parameter& weight = tensors.parameter(i, 0);
      link(i).unpack(share.begin, share.end, weight.gradient);
      learn(weight, settings, share.begin * shape.filter, share.end * shape.filter);
      if (shape.bias) learn(tensors.parameter(i, 1), settings, share, link(i).parts.get() + shape.weights);
    }
    if (shape.norm && tensors.parameter(i, 2).value) {
      learn(tensors.parameter(i, 2), settings, share, norm_gradient(i, 0));
      learn(tensors.parameter(i, 3), settings, share, norm_gradient(i, 1));
    }
  }
  static void learn(const Parameter& p, const Settings& settings, Share share, const float* gradient) {
    for (int i = share.begin; i < share.end; i++) p.gradient[i] = gradient[i];
    learn(p, settings, share.begin, share.end);
  }
  static void learn(const Parameter& p, const Settings& settings, int begin, int end) {
    update(p, settings, begin, end);
    average(p.average, p.value, settings, begin, end);
  }

  // Counts move when all threads are done with them.
  void finish_counts(const Tensors& tensors, const Settings& settings) {
    for (int i = 0; i < 4 * stages_; i++)
      if (tensors.parameters[i].steps) *tensors.parameters[i].steps += 1;
    for (int i = 0; i < stages_; i++) {
      const Statistics& s = tensors.statistics[i];
      if (!s.batches) continue;
      *s.batches += 1;
      if (s.batches_average)
        *s.batches_average = *settings.averaged ? int64_t(float(*s.batches_average) * float(settings.decay) +
                                                          float(*s.batches) * float(1 - settings.decay))
                                                : *s.batches;
    }
    if (settings.averaged) *settings.averaged += 1;
  }

  Team team_;
  const Chain chain_;
  const int stages_, most_channels_;
  int chunks_ = 1;
  Buffer input_, norm_gradients_;
  Buffer batch_mean_, batch_variance_;  // of the norm that the first thread is at
  std::vector<float> losses_;
  std::vector<int> correct_;
};

}  // namespace native
