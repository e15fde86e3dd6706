// The chain of stages: a whole training step, and the logits of images.
#pragma once

#include <tuple>
#include <utility>

#include "affine.hpp"
#include "loss.hpp"
#include "optimizer.hpp"
#include "stage.hpp"
#include "team.hpp"

namespace native {

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

struct Result {
  double loss_sum;
  int64_t correct;
};

template <class... Descriptions>
class Network {
  template <size_t I>
  using Description = std::tuple_element_t<I, std::tuple<Descriptions...>>;
  static constexpr int kStages = sizeof...(Descriptions);

  template <class S>
  static constexpr int channels() {
    return S::conv ? S::outputs : S::inputs;
  }
  template <size_t I>
  static constexpr int in_step() {
    if constexpr (I == 0) return Description<0>::conv ? Description<0>::inputs : padded(Description<0>::inputs);
    else return padded(channels<Description<I - 1>>());
  }
  template <size_t I>
  static constexpr int out_padding() {
    if constexpr (I + 1 == kStages) return 0;
    else return Description<I + 1>::padding;
  }
  template <size_t I>
  using StageAt = Stage<Description<I>, int(I), in_step<I>(), out_padding<I>(), I == 0>;

  template <class Sequence>
  struct Chain;
  template <size_t... I>
  struct Chain<std::index_sequence<I...>> {
    using Stages = std::tuple<StageAt<I>...>;
    using Norms = std::tuple<typename StageAt<I>::Norm...>;
    static constexpr int kMostChannels = std::max({StageAt<I>::kStep...});
    static Stages make(int images, int chunks) { return Stages(std::make_tuple(StageAt<I>(images, chunks)...)); }
  };
  using Order = std::make_index_sequence<kStages>;
  using First = StageAt<0>;
  using Last = StageAt<kStages - 1>;
  static_assert(Last::kOutHeight == 1 && Last::kOutWidth == 1, "a chain ends in one number a class");

  static constexpr int kMostChannels = Chain<Order>::kMostChannels;

  // Gradients of a step's images are summed in this many parts at most, so this many threads can help.
  static constexpr int kMostChunks = 16;

 public:
  static constexpr int kSide = Description<0>::height, kClasses = Last::kChannels;

  Network(int images, int threads)
      : team_(std::min(threads, kMostChunks)),
        room_(std::max(images, team_.threads())),
        stages_(Chain<Order>::make(room_, kMostChunks)),
        norms_(team_.threads()),
        input_(zeros(room_ * First::kInSize)),
        norm_gradients_(zeros(size_t(kStages) * 2 * kMostChannels)),
        losses_(room_),
        correct_(room_) {}

  Team& team() { return team_; }
  int room() const { return room_; }

  // Loss, gradients, statistics, update, averages; `count` images of at most `room`.
  Result step(const Tensors& tensors, const Settings& settings, const float* images, const int64_t* labels,
              const float* targets, int count) {
    const Moment moment{settings.seed, settings.step};
    chunks_ = std::min(std::max(count / 2, 1), kMostChunks);
    team_.together([&](int thread) {
      pack(tensors, false, true, thread);
      const Share share = images_of(thread, count);
      for (int n = share.begin; n < share.end; n++) take(images, n, n);
      team_.barrier.wait();
      forward<0>(tensors, settings, moment, thread, count);
      for (int n = share.begin; n < share.end; n++) {
        const float* logits = last().out.get() + n * Last::kOutSize;
        float* gradient = last().out_gradient.get() + n * Last::kOutGradientSize;
        const Guess guess = cross_entropy<kClasses>(logits, labels[n], targets ? targets + n * kClasses : nullptr,
                                                   settings.smoothing, count, gradient);
        losses_[n] = guess.loss;
        correct_[n] = guess.correct;
      }
      backward<kStages - 1>(moment, thread, count);
      team_.barrier.wait();
      reduce(thread, Order{});
      team_.barrier.wait();
      update_all(tensors, settings, thread, Order{});
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
      running_norms(tensors, averaged, thread, Order{});
      const Share share(count, thread, team_.threads());
      for (int n = share.begin; n < share.end; n++) {
        take(images, n, thread);
        one<0>(thread);
        std::memcpy(out + size_t(n) * kClasses, last().out.get() + thread * Last::kOutSize, kClasses * sizeof(float));
      }
    });
  }

 private:
  template <size_t I>
  auto& stage() { return std::get<I>(stages_); }
  auto& last() { return stage<kStages - 1>(); }

  template <size_t I>
  const float* input(int n) {
    if constexpr (I == 0) return input_.get() + n * First::kInSize;
    else return stage<I - 1>().out.get() + n * StageAt<I - 1>::kOutSize;
  }
  template <size_t I>
  float* input_gradient(int n) {
    if constexpr (I == 0) return nullptr;
    else return stage<I - 1>().out_gradient.get() + n * StageAt<I - 1>::kOutGradientSize;
  }
  template <size_t I>
  auto& norm(int thread) { return std::get<I>(norms_[thread]); }
  float* norm_gradient(int stage, int which) { return norm_gradients_.get() + (size_t(stage) * 2 + which) * kMostChannels; }

  Share images_of(int thread, int count) const {
    const Share chunks(chunks_, thread, team_.threads());
    return between(chunks.begin, chunks.end, count);
  }
  Share between(int first_chunk, int end_chunk, int count) const {
    Share share(0, 0, 1);
    share.begin = Share(count, first_chunk, chunks_).begin;
    share.end = Share(count, end_chunk, chunks_).begin;
    return share;
  }

  void pack(const Tensors& tensors, bool averaged, bool backward, int thread) {
    pack_stages(tensors, averaged, backward, thread, Order{});
  }
  template <size_t... I>
  void pack_stages(const Tensors& tensors, bool averaged, bool backward, int thread, std::index_sequence<I...>) {
    ((int(I) % team_.threads() == thread ? stage<I>().pack(tensors.weights(I, averaged), backward) : void()), ...);
  }

  // Image `n` into the place `slot`, with zeros around it.
  void take(const float* images, int n, int slot) {
    const float* from = images + size_t(n) * kSide * kSide;
    constexpr int padding = Description<0>::padding, step = in_step<0>(), row = First::kInWidth * step;
    float* to = input_.get() + slot * First::kInSize + padding * (row + step);
    for (int y = 0; y < kSide; y++)
      for (int x = 0; x < kSide; x++) to[y * row + x * step] = from[y * kSide + x];
  }

  template <size_t I>
  void forward(const Tensors& tensors, const Settings& settings, Moment moment, int thread, int count) {
    const Share share = images_of(thread, count);
    for (int n = share.begin; n < share.end; n++) {
      stage<I>().template compute<true>(input<I>(n), n);
      if (!Description<I>::norm) stage<I>().template finish<true>(input<I>(n), n, norm<I>(thread), moment);
    }
    if constexpr (Description<I>::norm) {
      team_.barrier.wait();
      float unbiased[StageAt<I>::kStep];
      stage<I>().normalise(count, norm<I>(thread), unbiased);
      if (thread == 0) follow<I>(tensors.statistics[I], settings, norm<I>(0).mean, unbiased);
      for (int n = share.begin; n < share.end; n++)
        stage<I>().template finish<true>(input<I>(n), n, norm<I>(thread), moment);
    }
    if constexpr (I + 1 < kStages) forward<I + 1>(tensors, settings, moment, thread, count);
  }

  // The running statistics follow the batch's.
  template <size_t I>
  void follow(const Statistics& s, const Settings& settings, const float* mean, const float* variance) {
    constexpr float momentum = float(Description<I>::momentum);
    constexpr int count = StageAt<I>::kChannels;
    for (int c = 0; c < count; c++) {
      s.mean[c] = (1 - momentum) * s.mean[c] + momentum * mean[c];
      s.variance[c] = (1 - momentum) * s.variance[c] + momentum * variance[c];
    }
    average(s.mean_average, s.mean, settings, 0, count);
    average(s.variance_average, s.variance, settings, 0, count);
  }

  template <size_t I>
  void backward(Moment moment, int thread, int count) {
    const Share share = images_of(thread, count);
    for (int n = share.begin; n < share.end; n++)
      stage<I>().gather(input<I>(n), input_gradient<I>(n), n, norm<I>(thread), moment);
    if constexpr (Description<I>::norm) {
      team_.barrier.wait();
      float gamma[StageAt<I>::kStep], beta[StageAt<I>::kStep];
      stage<I>().balance(count, norm<I>(thread), gamma, beta);
      if (thread == 0) {
        std::memcpy(norm_gradient(I, 0), gamma, sizeof gamma);
        std::memcpy(norm_gradient(I, 1), beta, sizeof beta);
      }
    }
    const Share chunks(chunks_, thread, team_.threads());
    for (int chunk = chunks.begin; chunk < chunks.end; chunk++) {
      float* part = stage<I>().parts.get() + size_t(chunk) * StageAt<I>::kPartSize;
      std::memset(part, 0, StageAt<I>::kPartSize * sizeof(float));
      const Share own = between(chunk, chunk + 1, count);
      for (int n = own.begin; n < own.end; n++)
        stage<I>().spread(input<I>(n), input_gradient<I>(n), n, norm<I>(thread), part);
    }
    if constexpr (I > 0) backward<I - 1>(moment, thread, count);
  }

  // The parts of all chunks into the first one's, in their order.
  template <size_t... I>
  void reduce(int thread, std::index_sequence<I...>) {
    const auto one = [&](auto& stage, int size) {
      const Share share(size, thread, team_.threads());
      float* total = stage.parts.get();
      for (int chunk = 1; chunk < chunks_; chunk++) {
        const float* part = total + size_t(chunk) * size;
        for (int i = share.begin; i < share.end; i++) total[i] += part[i];
      }
    };
    (one(stage<I>(), StageAt<I>::kPartSize), ...);
  }

  template <size_t... I>
  void update_all(const Tensors& tensors, const Settings& settings, int thread, std::index_sequence<I...>) {
    (update_stage<I>(tensors, settings, thread), ...);
  }
  template <size_t I>
  void update_stage(const Tensors& tensors, const Settings& settings, int thread) {
    using At = StageAt<I>;
    using S = Description<I>;
    const Share share(At::kChannels, thread, team_.threads());
    const float* total = stage<I>().parts.get();
    if constexpr (S::conv) {
      constexpr int window = S::kernel * S::kernel, each = S::inputs * window;
      const Parameter& weight = tensors.parameter(I, 0);
      for (int o = share.begin; o < share.end; o++)
        for (int i = 0; i < S::inputs; i++)
          for (int k = 0; k < window; k++)
            weight.gradient[(o * S::inputs + i) * window + k] = total[(k * S::inputs + i) * At::kStep + o];
      learn(weight, settings, share.begin * each, share.end * each);
      if (S::bias) learn(tensors.parameter(I, 1), settings, share, total + At::kWeights);
    }
    if (S::norm && tensors.parameter(I, 2).value) {
      learn(tensors.parameter(I, 2), settings, share, norm_gradient(I, 0));
      learn(tensors.parameter(I, 3), settings, share, norm_gradient(I, 1));
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
    for (int i = 0; i < 4 * kStages; i++)
      if (tensors.parameters[i].steps) *tensors.parameters[i].steps += 1;
    for (int i = 0; i < kStages; i++) {
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

  template <size_t... I>
  void running_norms(const Tensors& tensors, bool averaged, int thread, std::index_sequence<I...>) {
    (stage<I>().normalise(tensors.weights(I, averaged), norm<I>(thread)), ...);
  }
  template <size_t I>
  void one(int slot) {
    stage<I>().template compute<false>(input<I>(slot), slot);
    stage<I>().template finish<false>(input<I>(slot), slot, norm<I>(slot), Moment{});
    if constexpr (I + 1 < kStages) one<I + 1>(slot);
  }

  Team team_;
  const int room_;
  int chunks_ = 1;
  typename Chain<Order>::Stages stages_;
  std::vector<typename Chain<Order>::Norms> norms_;
  Buffer input_, norm_gradients_;
  std::vector<float> losses_;
  std::vector<int> correct_;
};

}  // namespace native
