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
  // Each link's gradients are added up, and its weights updated, in so many pieces.
  static constexpr int kCuts = 4;

  static Room room_for(int images, int threads) {
    const int helping = std::min(threads, kMostChunks);
    return {std::max(images, helping), helping, kMostChunks};
  }

  // The links of `chain` have been made for `room`.
  Network(const Room& room, Chain chain)
      : team_(room.threads),
        chain_(std::move(chain)),
        norms_(norms_of(chain_)),
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
  Result step(const Tensors& tensors, const Settings& settings, const Lesson& lesson, float* losses) {
    Step job(*this, tensors, settings, lesson, losses);
    team_.together(job);
    finish_counts(tensors, settings);
    Result result{0, 0};
    for (int n = 0; n < lesson.count; n++) result.loss_sum += losses_[n], result.correct += correct_[n];
    return result;
  }

  // As in evaluation mode, of the parameters or of their averages.
  void logits(const Tensors& tensors, bool averaged, const float* images, int count, float* out) {
    team_.each(stages_, [&](int i, int) {
      pack(i, tensors, averaged, false);
      if (link(i).shape.norm) normalize(link(i), tensors.weights(i, averaged));
    });
    team_.each(count, [&](int n, int thread) {
      take(images, n, thread);
      for (int i = 0; i < stages_; i++) {
        link(i).compute(input(i, thread, thread), thread, false);
        link(i).finish(input(i, thread, thread), thread, thread, nullptr);
      }
      std::memcpy(out + size_t(n) * kClasses, last().out_of(thread, thread), kClasses * sizeof(float));
    });
  }

 private:
  static int most_channels(const Chain& chain) {
    int most = 0;
    for (const auto& link : chain) most = std::max(most, link->shape.step);
    return most;
  }

  static std::vector<int> norms_of(const Chain& chain) {
    std::vector<int> norms;
    for (size_t i = 0; i < chain.size(); i++)
      if (chain[i]->shape.norm) norms.push_back(int(i));
    return norms;
  }

  Link& link(int i) { return *chain_[i]; }
  Link& last() { return *chain_.back(); }

  // What comes into link `i` of image `n`.
  const float* input(int i, int n, int thread) {
    return i == 0 ? input_.get() + n * link(0).shape.in : link(i - 1).out_of(n, thread);
  }
  float* norm_gradient(int i, int which) { return norm_gradients_.get() + (size_t(i) * 2 + which) * most_channels_; }

  // An image of a step, its chunk, and the thread that processes it.
  struct Image {
    int n, chunk, thread;
  };

  // A norm needs sums over the whole batch: only there do the images wait for each other. Between two norms each image
  // passes through all links on its own, so that a link finds its input in the cache. So the rounds of a step are
  //   0 pack | forward to each norm | forward to the loss and back to the last norm | back to each norm before it and
  //   to the images | add up the chunks' gradients | update
  class Step final : public Job {
   public:
    Step(Network& network, const Tensors& tensors, const Settings& settings, const Lesson& lesson, float* losses)
        : network_(network),
          tensors_(tensors),
          settings_(settings),
          lesson_(lesson),
          moment_{settings.seed, settings.step},
          losses_(losses),
          chunks_(std::min(std::max(lesson.count / 2, 1), kMostChunks)),
          norms_(int(network.norms_.size())),
          turn_(norms_ + 1),
          adding_(turn_ + norms_ + 1) {}

    int begin(int number) override {
      if (number == 0) return network_.stages_;
      if (number > 1 && number <= turn_)
        network_.end_forward(network_.norms_[number - 2], lesson_.count, tensors_, settings_);
      if (number > turn_ && number < adding_) network_.end_backward(norm_back(number), lesson_.count);
      if (number < adding_) return chunks_;
      return number <= adding_ + 1 ? network_.stages_ * kCuts : 0;
    }

    void work(int number, int piece, int thread) override {
      if (number == 0) {
        network_.pack(piece, tensors_, false, true);
      } else if (number < adding_) {
        if (number == turn_) network_.clear_parts(piece);
        const Share images(lesson_.count, piece, chunks_);
        for (int n = images.begin; n < images.end; n++) pass(number, Image{n, piece, thread});
      } else if (number == adding_) {
        network_.add_up(piece / kCuts, piece % kCuts, chunks_);
      } else {
        network_.update_stage(piece / kCuts, piece % kCuts, tensors_, settings_);
      }
    }

   private:
    int norm_back(int number) const { return network_.norms_[adding_ - 1 - number]; }

    void pass(int number, Image image) {
      if (number > turn_) {
        network_.spread(norm_back(number), moment_, image, false);
        network_.backward(norm_back(number) - 1, moment_, image, false);
        return;
      }
      const int next = number == 1 ? 0 : network_.norms_[number - 2] + 1;
      network_.forward(next, number == turn_ ? network_.stages_ : network_.norms_[number - 1], lesson_, moment_, image);
      if (number < turn_) return;
      losses_[image.n] = network_.lose(lesson_, settings_.smoothing, image);
      network_.backward(network_.stages_ - 1, moment_, image, true);
    }

    Network& network_;
    const Tensors& tensors_;
    const Settings& settings_;
    const Lesson& lesson_;
    const Moment moment_;
    float* const losses_;
    const int chunks_, norms_;
    const int turn_, adding_;  // the rounds in which images turn back, and in which gradients are added up
  };

  float* part(int i, int chunk) { return link(i).parts.get() + size_t(chunk) * link(i).shape.part; }
  void clear_parts(int chunk) {
    for (int i = 0; i < stages_; i++) std::memset(part(i, chunk), 0, link(i).shape.part * sizeof(float));
  }

  void pack(int i, const Tensors& tensors, bool averaged, bool backward) {
    const Weights weights = tensors.weights(i, averaged);
    link(i).pack(weights, backward);
    if (link(i).shape.norm) take_norm(link(i), weights);
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
    float* to = i == 0 ? nullptr : link(i - 1).out_gradient_of(n, thread);  // the gradient of the image is not needed
    link(i).spread(input(i, n, thread), to, n, thread, moment, part(i, image.chunk));
  }

  // Called when all images have reached the norm of link `i` in the forward pass, and in the backward pass.
  void end_forward(int i, int count, const Tensors& tensors, const Settings& settings) {
    normalize(link(i), count, batch_mean_.get(), batch_variance_.get());
    follow(i, tensors.statistics[i], settings);
  }
  void end_backward(int i, int count) { balance(link(i), count, norm_gradient(i, 0), norm_gradient(i, 1)); }

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

  // Adds the gradients of all chunks to those of the first one, in order; one piece of them.
  void add_up(int i, int cut, int chunks) {
    const Share share(link(i).shape.part, cut, kCuts);
    float* total = part(i, 0);
    for (int chunk = 1; chunk < chunks; chunk++) {
      const float* more = part(i, chunk);
      for (int at = share.begin; at < share.end; at++) total[at] += more[at];
    }
  }

  void update_stage(int i, int cut, const Tensors& tensors, const Settings& settings) {
    const Shape& shape = link(i).shape;
    const Share share(shape.channels, cut, kCuts);
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

  // Counts move when all pieces are done with them.
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
  const std::vector<int> norms_;  // the links that have one
  const int stages_, most_channels_;
  Buffer input_, norm_gradients_;
  Buffer batch_mean_, batch_variance_;  // of the norm that all images have just come to
  std::vector<float> losses_;
  std::vector<int> correct_;
};

}  // namespace native
